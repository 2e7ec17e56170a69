"""Transfers on each engine, SIPp on all sides: who asks (REFER), who is transferred, and who is called for it."""

import pytest
from support.gateways import free_ports, wait_for
from support.sip_gateway import free_stream_ports, sip_gateway
from support.sipp import Sipp

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def ports():
    return free_stream_ports(5)


@pytest.fixture(scope="module", params=["native", "pjsua2"])
def gateway(tmp_path_factory, ports, request):
    peers = zip(("asks", "party", "target"), range(ports + 1, ports + 4), strict=True)
    text = f'[sip]\nlisten = "127.0.0.1:{ports}"\n' + "".join(
        f'[[trunk]]\nname = "{name}"\ntype = "sip"\npeer = "127.0.0.1:{port}"\n'
        + f'refer = "perform"\nengine = "{request.param}"\n'
        for name, port in peers
    )
    if request.param == "pjsua2":
        rtp = free_ports(20)
        table = f'[sip.pjsua2]\nlisten = "127.0.0.1:{ports + 4}"\nports = [{rtp}, {rtp + 19}]\n'
        text = text.replace("[[trunk]]", f"{table}[[trunk]]", 1)
    text += '[[route]]\ntrunk = ["asks"]\ncalled = "^1"\nto = ["party"]\n'
    text += '[[route]]\ntrunk = ["asks"]\ncalled = "^2"\nto = ["target"]\nfallback_causes = []\n'
    with sip_gateway(tmp_path_factory.mktemp("refer"), text) as gateway:
        gateway.calls_go_to = ports + 4 if request.param == "pjsua2" else ports
        yield gateway


@pytest.mark.parametrize("asks", ["caller_refers", "caller_refers_and_goes"])
def test_a_transfer(gateway, ports, tmp_path, asks):
    """The target answers, and ends the call; the party gets BYE from it, whether or not who asked had gone before."""
    before = len(gateway.records())
    goes = asks == "caller_refers_and_goes"
    ring = 1500 if goes else 100  # who goes has gone before the answer, even on a busy machine
    with (
        Sipp("plain_callee", tmp_path, ports + 2, called="1000") as party,
        Sipp("plain_callee_hangs_up", tmp_path, ports + 3, called="2000", ring=ring) as target,
    ):
        options = ["-aa"] if goes else []  # NOTIFY of what the target does may come at any moment
        with Sipp(
            asks, tmp_path, ports + 1, gateway.calls_go_to, options=options, called="1000", target="2000"
        ) as caller:
            caller.wait(30)
        target.wait(30)
        party.wait(30)
    expected = 3 if goes else 2
    wait_for(lambda: len(gateway.records()) >= before + 2, "records")
    records = gateway.records()[before:]
    assert 2 <= len(records) <= expected
    talked = [record for record in records if {record.incoming.trunk, _outgoing(record)} == {"party", "target"}]
    assert [(record.result, bool(record.linked)) for record in talked] == [("answered", True)]
    assert not gateway.trouble()


def test_a_transfer_to_who_is_busy(gateway, ports, tmp_path):
    """NOTIFY says so, and the call goes on until who asked ends it."""
    before = len(gateway.records())
    with (
        Sipp("plain_callee", tmp_path, ports + 2, called="1000") as party,
        Sipp("callee_refuses", tmp_path, ports + 3, called="2000", status=486, reason="") as target,
    ):
        with Sipp(
            "caller_refers_in_vain", tmp_path, ports + 1, gateway.calls_go_to, called="1000", target="2000"
        ) as caller:
            caller.wait(30)
        target.wait(30)
        party.wait(30)
    wait_for(lambda: len(gateway.records()) == before + 2, "records")
    assert sorted(record.cause for record in gateway.records()[before:]) == [16, 17]
    assert not gateway.trouble()


def _outgoing(record):
    return record.outgoing.trunk if record.outgoing else ""
