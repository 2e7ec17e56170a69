"""The PJSIP process is killed: peers of its calls are told, and its trunks take calls again."""

import os
import signal
from pathlib import Path

import pytest
from support.gateways import free_ports, wait_for
from support.pjsip_engine import DESCRIPTION, Peer
from support.sip_gateway import free_stream_ports, sip_gateway

pytestmark = pytest.mark.interop

CONTENT = "Content-Type: application/sdp"


def process_of_pjsip(gateway):
    """Its number."""
    parent = gateway.process.pid
    children = map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return next(one for one in children if b"tandem.gateway.pjsip" in Path(f"/proc/{one}/cmdline").read_bytes())


def place(caller, callee, call_id, answer=True):
    """A call that is answered, or rings."""
    caller.tag = ""
    caller.invite(call_id=call_id)
    invite = callee.hear("INVITE")
    if not answer:
        callee.answer(invite, "180 Ringing")
        caller.hear("SIP/2.0 180")
        return
    callee.answer(invite, "200 OK", CONTENT, body=DESCRIPTION.encode())
    callee.hear("ACK")
    caller.hear("SIP/2.0 200")
    caller.send("ACK", 1, call_id=call_id)


def test_peers_are_told_and_the_next_call_is_made(tmp_path):
    ports, rtp = free_stream_ports(4), free_ports(20)
    text = f'[sip]\nlisten = "127.0.0.1:{ports}"\n[sip.pjsua2]\nlisten = "127.0.0.1:{ports + 1}"\n'
    text += f"ports = [{rtp}, {rtp + 19}]\n"
    for number, name in enumerate(("caller", "callee"), 2):
        text += f'[[trunk]]\nname = "{name}"\ntype = "sip"\nengine = "pjsua2"\npeer = "127.0.0.1:{ports + number}"\n'
    text += '[[route]]\ntrunk = ["caller"]\nto = ["callee"]\n'
    with sip_gateway(tmp_path, text) as gateway:
        caller, callee = (Peer(ports + 1, ports + number) for number in (2, 3))
        with caller.socket, callee.socket:
            place(caller, callee, "up@peer")
            wait_for(lambda: gateway.said("ACK sip:4930@"), "the gateway knows of the ACK")
            os.kill(process_of_pjsip(gateway), signal.SIGKILL)
            for peer in (caller, callee):
                bye = peer.hear("BYE")
                assert b"Q.850;cause=41" in bye
                peer.answer(bye, "200 OK", to=ports)
            wait_for(lambda: len(gateway.said("is up: its build")) == 2, "PJSIP is up again")
            place(caller, callee, "rings@peer", answer=False)
            os.kill(process_of_pjsip(gateway), signal.SIGKILL)
            caller.hear("SIP/2.0 503")
            callee.answer(callee.hear("CANCEL"), "200 OK", to=ports)
            wait_for(lambda: len(gateway.said("is up: its build")) == 3, "PJSIP is up again")
            place(caller, callee, "next@peer")
            caller.send("BYE", 2, call_id="next@peer")
            caller.hear("SIP/2.0 200")
            callee.answer(callee.hear("BYE"), "200 OK")
        wait_for(lambda: len(gateway.records()) == 3, "all records")
        assert [record.cause for record in gateway.records()] == [41, 41, 16]
