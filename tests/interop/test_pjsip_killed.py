"""The PJSIP process is killed: peers of its calls are told, and its trunks take calls again."""

import os
import signal
from pathlib import Path

import pytest
from support.gateways import free_ports, wait_for
from support.pjsip_engine import Peer
from support.sip_gateway import free_stream_ports, sip_gateway

pytestmark = pytest.mark.interop

CONTENT = "Content-Type: application/sdp"


def process_of_pjsip(gateway):
    """Its number."""
    parent = gateway.process.pid
    children = map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return next(one for one in children if b"tandem.gateway.pjsip" in Path(f"/proc/{one}/cmdline").read_bytes())


def configuration(ports, host, sip):
    """Two trunks on PJSIP, with the peer of the second one at `host`; `sip`: further addresses of our own engine."""
    rtp = free_ports(20)
    six = ":" in host
    text = 'address_v6 = "::1"\n' if six else ""
    text += f'[sip]\nlisten = "127.0.0.1:{ports}"\n{sip}[sip.pjsua2]\nlisten = "127.0.0.1:{ports + 1}"\n'
    text += f'also_listen = ["udp:[::1]:{ports + 1}"]\n' if six else ""
    text += f"ports = [{rtp}, {rtp + 19}]\n"
    for name, peer in (("caller", f"127.0.0.1:{ports + 2}"), ("callee", f"{f'[{host}]' if six else host}:{ports + 3}")):
        text += f'[[trunk]]\nname = "{name}"\ntype = "sip"\nengine = "pjsua2"\npeer = "{peer}"\n'
    return text + '[[route]]\ntrunk = ["caller"]\nto = ["callee"]\n'


def place(caller, callee, call_id, answer=True):
    """A call that is answered, or rings."""
    caller.tag = ""
    caller.invite(call_id=call_id)
    invite = callee.hear("INVITE")
    if not answer:
        callee.answer(invite, "180 Ringing")
        caller.hear("SIP/2.0 180")
        return
    callee.answer(invite, "200 OK", CONTENT, body=callee.description.encode())
    callee.hear("ACK")
    caller.hear("SIP/2.0 200")
    caller.send("ACK", 1, call_id=call_id)


@pytest.mark.parametrize(("engine", "host"), [("pjsua2", "127.0.0.1"), ("pjsua2-built", "::1")], indirect=["engine"])
def test_peers_are_told_and_the_next_call_is_made(tmp_path, engine, host):
    ports = free_stream_ports(4)
    text = configuration(ports, host, f'also_listen = ["udp:[::1]:{ports}"]\n' if ":" in host else "")
    with sip_gateway(tmp_path, text) as gateway:
        caller, callee = Peer(ports + 1, ports + 2), Peer(ports + 1, ports + 3, host)
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


@pytest.mark.parametrize("engine", ["pjsua2-built"], indirect=True)
def test_a_peer_over_ipv6_is_not_told_where_our_own_engine_has_none(tmp_path, engine):
    """And nothing comes of it."""
    ports = free_stream_ports(4)
    with sip_gateway(tmp_path, configuration(ports, "::1", "")) as gateway:
        caller, callee = Peer(ports + 1, ports + 2), Peer(ports + 1, ports + 3, "::1")
        with caller.socket, callee.socket:
            place(caller, callee, "up@peer")
            wait_for(lambda: gateway.said("ACK sip:4930@"), "the gateway knows of the ACK")
            os.kill(process_of_pjsip(gateway), signal.SIGKILL)
            caller.answer(caller.hear("BYE"), "200 OK", to=ports)
            wait_for(lambda: len(gateway.said("is up: its build")) == 2, "PJSIP is up again")
            place(caller, callee, "next@peer")
            caller.send("BYE", 2, call_id="next@peer")
            caller.hear("SIP/2.0 200")
            callee.answer(callee.hear("BYE"), "200 OK")
        wait_for(lambda: len(gateway.records()) == 2, "all records")
        assert [record.cause for record in gateway.records()] == [41, 16]
    assert "Traceback" not in (tmp_path / "G.log").read_text()
