"""Floods while real calls go on: none of the calls is lost, whatever strangers and a noisy peer send."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.gateways import free_ports, wait_for
from support.sip_gateway import by_engine, free_stream_ports, sip_gateway
from support.sipp import Sipp

pytestmark = [pytest.mark.interop, pytest.mark.realtime]

FLOOD = Path(__file__).parents[1] / "support" / "flood.py"
CALLS = 25
STRANGER = "127.0.0.9"
HEAD = """Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:mallory@[local_ip]>;tag=[pid]-[call_number]
Call-ID: [call_id]
Max-Forwards: 70
"""
#: What SIPp floods with: the numbers and names are such as would be reached, were they allowed.
FLOODS = {
    "INVITE": f"""INVITE sip:4930100@[remote_ip]:[remote_port] SIP/2.0
{HEAD}To: <sip:4930100@[remote_ip]>
CSeq: 1 INVITE
Contact: <sip:mallory@[local_ip]:[local_port]>
Content-Length: 0
""",
    "REGISTER": f"""REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
{HEAD}To: <sip:alice@[remote_ip]>
CSeq: 1 REGISTER
Contact: <sip:mallory@[local_ip]:[local_port]>
Expires: 3600
Content-Length: 0
""",
    "garbage": f"""INVITE sip:[remote_ip SIP/7.0 [call_number]
{HEAD}To: \x01\xff<<>>;;=
CSeq: -1 ,,,
Content-Length: 99999
""",
}


def calls(folder, gateway_port, caller, callee, count=CALLS, rate=10):
    """Real calls at a steady rate; each must go as its scenario says."""
    options = ["-r", str(rate), "-t", "u1"]
    with (
        Sipp("plain_callee", folder, callee, calls=count, options=options, called="4930100") as answering,
        Sipp("plain_caller", folder, caller, gateway_port, calls=count, options=options, called="4930100") as calling,
    ):
        calling.wait()
        answering.wait()
        assert calling.counts() == {"created": count, "successful": count, "failed": 0}


def test_strangers(tmp_path):
    """INVITE, REGISTER, OPTIONS, nonsense and garbage from 200 addresses, some banned soon, 1500 a second."""
    port = free_stream_ports(3)
    text = (
        f'[sip]\nlisten = "127.0.0.1:{port}"\nunknown = "refuse"\n'
        '[[sip.user]]\nname = "alice"\npassword = "secret"\nnumber = "100"\n'
        '[[trunk]]\nname = "phones"\ntype = "sip"\nregistrar = true\n'
        f'[[trunk]]\nname = "caller"\ntype = "sip"\npeer = "127.0.0.1:{port + 1}"\n'
        f'[[trunk]]\nname = "callee"\ntype = "sip"\npeer = "127.0.0.1:{port + 2}"\n'
        '[[route]]\ntrunk = ["caller"]\nto = ["callee"]\n'
    )
    with sip_gateway(tmp_path, text, options='log_level = "error"\n') as gateway:
        flood = subprocess.Popen([sys.executable, str(FLOOD), str(port), "1500", "4"], stdout=subprocess.PIPE)
        try:
            calls(tmp_path, port, port + 1, port + 2)
        finally:
            sent, _ = flood.communicate(timeout=30)
        assert int(sent) > 1000
        wait_for(lambda: len(gateway.records()) == CALLS, "a record for each call")
        assert {record.result for record in gateway.records()} == {"answered"}
        assert {record.incoming.trunk for record in gateway.records()} == {"caller"}, "nobody else placed a call"


def flood(floods, folder, port, count):
    """SIPps that send INVITE, REGISTER and garbage from an address of nobody, 300 a second of each."""
    options = ["-r", "300", "-t", "u1", "-aa"]
    return [
        floods.enter_context(Sipp("stranger", folder / name, None, port, count, options, address=STRANGER, sent=sent))
        for name, sent in FLOODS.items()
    ]


def test_strangers_with_sipp(tmp_path):
    """SIPp sends INVITE, REGISTER and garbage from an address of nobody, 300 a second of each."""
    port = free_stream_ports(3)
    text = (
        f'[sip]\nlisten = "127.0.0.1:{port}"\nunknown = "refuse"\n'
        '[[sip.user]]\nname = "alice"\npassword = "secret"\nnumber = "100"\n'
        '[[trunk]]\nname = "phones"\ntype = "sip"\nregistrar = true\naccept_from = ["127.0.0.1"]\n'
        f'[[trunk]]\nname = "caller"\ntype = "sip"\npeer = "127.0.0.1:{port + 1}"\n'
        f'[[trunk]]\nname = "callee"\ntype = "sip"\npeer = "127.0.0.1:{port + 2}"\n'
        '[[route]]\ntrunk = ["caller"]\nto = ["callee"]\n'
    )
    with sip_gateway(tmp_path, text, options='log_level = "error"\n') as gateway, ExitStack() as floods:
        flooding = flood(floods, tmp_path, port, 1200)
        calls(tmp_path, port, port + 1, port + 2)
        for one in flooding:
            one.process.wait(30)
            assert one.counts()["created"] == 1200
        wait_for(lambda: len(gateway.records()) == CALLS, "a record for each call")
        assert {record.result for record in gateway.records()} == {"answered"}
        assert {record.incoming.trunk for record in gateway.records()} == {"caller"}, "nobody else placed a call"


def test_strangers_at_pjsip(tmp_path):
    """The same with the trunk of the caller on PJSIP, which has three places for calls."""
    port = free_stream_ports(4)
    rtp = free_ports(20)
    text = (
        f'[sip]\nlisten = "127.0.0.1:{port}"\n'
        f'[sip.pjsua2]\nlisten = "127.0.0.1:{port + 3}"\nports = [{rtp}, {rtp + 19}]\n'
        f'[[trunk]]\nname = "caller"\ntype = "sip"\nengine = "pjsua2"\npeer = "127.0.0.1:{port + 1}"\n'
        f'[[trunk]]\nname = "callee"\ntype = "sip"\npeer = "127.0.0.1:{port + 2}"\n'
        '[[route]]\ntrunk = ["caller"]\nto = ["callee"]\n'
    )
    with sip_gateway(tmp_path, text, options='log_level = "error"\n') as gateway, ExitStack() as floods:
        flooding = flood(floods, tmp_path, port + 3, 900)
        calls(tmp_path, port + 3, port + 1, port + 2, 8, 3)
        for one in flooding:
            one.process.wait(30)
        wait_for(lambda: len(gateway.records()) == 8, "a record for each call")
        assert {record.result for record in gateway.records()} == {"answered"}


def test_strangers_where_phones_may_be(tmp_path):
    """They reach the registrar on PJSIP: none of them has one of its three places, and some are banned soon."""
    port = free_stream_ports(4)
    rtp = free_ports(20)
    text = (
        f'[sip]\nlisten = "127.0.0.1:{port}"\n'
        f'[sip.pjsua2]\nlisten = "127.0.0.1:{port + 3}"\nports = [{rtp}, {rtp + 19}]\n'
        '[[sip.user]]\nname = "alice"\npassword = "secret"\nnumber = "100"\n'
        '[[trunk]]\nname = "phones"\ntype = "sip"\nengine = "pjsua2"\nregistrar = true\naccept_from = ["127.0.0.0/8"]\n'
        f'[[trunk]]\nname = "caller"\ntype = "sip"\nengine = "pjsua2"\npeer = "127.0.0.1:{port + 1}"\n'
        f'[[trunk]]\nname = "callee"\ntype = "sip"\npeer = "127.0.0.1:{port + 2}"\n'
        '[[route]]\ntrunk = ["caller"]\nto = ["callee"]\n'
    )
    with sip_gateway(tmp_path, text, options='log_level = "error"\n') as gateway:
        flood = subprocess.Popen([sys.executable, str(FLOOD), str(port + 3), "1500", "4"], stdout=subprocess.PIPE)
        try:
            calls(tmp_path, port + 3, port + 1, port + 2, 8, 3)
        finally:
            sent, _ = flood.communicate(timeout=30)
        assert int(sent) > 1000
        wait_for(lambda: len(gateway.records()) == 8, "a record for each call")
        assert {record.result for record in gateway.records()} == {"answered"}
        assert {record.incoming.trunk for record in gateway.records()} == {"caller"}, "nobody else placed a call"
        assert gateway.said("banned for 600 s")


@pytest.mark.parametrize("engine", ["native", "pjsua2-built"], indirect=True)
def test_a_noisy_peer(tmp_path, engine):
    """One trunk sends INVITEs beyond its limit: it gets 503 with Retry-After, the other trunk all of its calls."""
    port = free_stream_ports(3)
    noisy = free_ports(1)
    text = (
        f'[sip]\nlisten = "127.0.0.1:{port}"\n'
        f'[[trunk]]\nname = "caller"\ntype = "sip"\npeer = "127.0.0.1:{port + 1}"\n'
        f'[[trunk]]\nname = "noisy"\ntype = "sip"\npeer = "127.0.0.1:{noisy}"\ncalls_per_second = 0.1\n'
        f'[[trunk]]\nname = "callee"\ntype = "sip"\npeer = "127.0.0.1:{port + 2}"\n'
        '[[route]]\ntrunk = ["caller"]\nto = ["callee"]\n'
        '[[route]]\ntrunk = ["noisy"]\nrefuse_cause = 21\n'
    )
    with (
        sip_gateway(tmp_path, by_engine(engine, text)) as gateway,
        Sipp(
            "caller_told_to_wait",
            tmp_path,
            noisy,
            port,
            calls=200,
            options=["-r", "50", "-t", "u1"],
            called="4930100",
        ) as flooding,
    ):
        calls(tmp_path, port, port + 1, port + 2, 20, 8)
        flooding.wait()
        wait_for(lambda: len(gateway.records()) >= 20, "records")
        answered = [record for record in gateway.records() if record.result == "answered"]
        assert len(answered) == 20
        assert gateway.said("trunk noisy: call refused: calls_per_second reached")
