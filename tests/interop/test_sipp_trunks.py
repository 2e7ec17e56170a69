"""Identity and numbers, and peers that come and go, as SIPp on both sides sees them."""

import pytest
from support.gateways import free_ports, wait_for
from support.sip_gateway import free_stream_ports, sip_gateway
from support.sipp import Sipp

pytestmark = pytest.mark.interop

PING_SECONDS = 2


@pytest.fixture(scope="module")
def ports():
    return free_stream_ports(8)


@pytest.fixture(scope="module", params=["native", "pjsua2"])
def gateway(tmp_path_factory, ports, request):
    """A caller, a peer that wants everything said, one that is pinged, one that is busy, and one for what is left.

    These are on the engine of the parameter, the caller and the one that gets long requests on our own.
    """
    native = request.param == "native"
    trunks = {
        "caller": 'clear_mode = true\npass_headers = ["X-Account", "X-Words"]\n',
        "wants": (
            'uri = "tel"\nnumber_parameters = ["rn", "npdi", "cic", "cpc", "oli"]\ndiversion = "both"\n'
            'identity = "both"\nclear_mode = true\npass_headers = ["X-Account"]\n'
        ),
        "pinged": f"options_seconds = {PING_SECONDS}\n",
        "busy": "",
        "left": "",
    }
    text = f'[sip]\nlisten = "127.0.0.1:{ports}"\nalso_listen = ["tcp:127.0.0.1:{ports}"]\nt1_ms = 50\n'
    if not native:
        rtp = free_ports(20)
        text += f'[sip.pjsua2]\nlisten = "127.0.0.1:{ports + 6}"\nports = [{rtp}, {rtp + 19}]\n'
    for number, (name, settings) in enumerate(trunks.items(), 1):
        if name != "caller":
            settings += f'ptime = 30\nengine = "{request.param}"\n'
        text += f'[[trunk]]\nname = "{name}"\ntype = "sip"\npeer = "127.0.0.1:{ports + number}"\n{settings}'
    text += f'[[trunk]]\nname = "wordy"\ntype = "sip"\npeer = "127.0.0.1:{ports + 7}"\npass_headers = ["X-Words"]\n'
    text += '[[route]]\ntrunk = ["caller"]\ncalled = "^7"\nto = ["wordy"]\n'
    for called, first in ((r"\\+493", "wants"), ("5", "pinged"), ("6", "busy")):
        text += f'[[route]]\ntrunk = ["caller"]\ncalled = "^{called}"\nto = ["{first}", "left"]\n'
    with sip_gateway(tmp_path_factory.mktemp("trunks"), text) as gateway:
        gateway.media = {"payload": 97, "codec": "CLEARMODE"}
        yield gateway


def call(gateway, ports, folder, scenario, callees, **values):
    """A call with every SIPp content; its record."""
    before = len(gateway.records())
    answering = [Sipp(name, folder / str(port), ports + port, **more) for port, name, more in callees]
    try:
        with Sipp(scenario, folder, ports + 1, ports, **values) as calling:
            calling.wait(30)
        for callee in answering:
            callee.wait(30)
    finally:
        for callee in answering:
            callee.close()
    wait_for(lambda: len(gateway.records()) == before + 1, "the record")
    return gateway.records()[-1]


def test_who_calls_and_for_whom(gateway, ports, tmp_path):
    """Number portability, carrier, category, privacy, redirections, priority, an X- field, 64 kbit/s and packet time
    (RFC 4694, RFC 7044, RFC 5806, RFC 4412, RFC 4040)."""
    record = call(
        gateway,
        ports,
        tmp_path,
        "caller_says_who_it_is",
        [(2, "callee_sees_who_calls", gateway.media)],
        **gateway.media,
    )
    assert (record.cause, record.result) == (16, "answered")
    assert (record.incoming.calling, record.outgoing.called) == ("+49302000", "+493012345")


def test_a_peer_that_says_when_it_will_have_room(gateway, ports, tmp_path):
    """RFC 3261 21.5.4: the call goes elsewhere, and the next one does not even ask."""
    overloaded, left = (4, "callee_is_overloaded", {}), (5, "plain_callee", {"called": "61"})
    record = call(gateway, ports, tmp_path / "1", "plain_caller", [overloaded, left], called="61")
    assert (record.result, record.attempts) == ("answered", 2)
    record = call(gateway, ports, tmp_path / "2", "plain_caller", [left], called="61")
    assert (record.result, record.outgoing.trunk) == ("answered", "left")
    assert record.post_dial_delay_ms < 1000


def test_a_peer_that_goes_and_comes_back(gateway, ports, tmp_path):
    """OPTIONS without an answer takes calls elsewhere at once, an answer brings them back."""
    wait_for(lambda: gateway.said("is down: "), "the peer is down")
    record = call(gateway, ports, tmp_path / "1", "plain_caller", [(5, "plain_callee", {"called": "51"})], called="51")
    assert (record.result, record.outgoing.trunk) == ("answered", "left")
    assert record.post_dial_delay_ms < 1000
    with Sipp("callee_answers_pings", tmp_path / "pings", ports + 3) as pinged:
        pinged.wait(20)
    wait_for(lambda: gateway.said("is up again"), "the peer is up")
    record = call(gateway, ports, tmp_path / "2", "plain_caller", [(3, "plain_callee", {"called": "51"})], called="51")
    assert (record.result, record.outgoing.trunk) == ("answered", "pinged")


@pytest.mark.parametrize(("words", "transport"), [(100, "u1"), (1000, "t1")])
def test_a_request_near_the_mtu_goes_over_tcp(gateway, ports, tmp_path, words, transport):
    """RFC 3261 18.1.1: to a peer that is called over UDP."""
    callee = (7, "plain_callee", {"called": "71", "options": ["-t", transport]})
    record = call(gateway, ports, tmp_path, "caller_is_wordy", [callee], called="71", words="x" * words)
    assert (record.cause, record.result) == (16, "answered")
