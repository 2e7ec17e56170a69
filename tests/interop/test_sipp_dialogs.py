"""Redirections, delayed offers, several early dialogs and ISUP in SIP as a peer sees them: SIPp on both sides.

One gateway with SIP trunks only serves them all; the called number says which trunk a call leaves by.
"""

import pytest
from support.captures import tshark
from support.gateways import free_ports, wait_for
from support.sip_gateway import free_stream_ports, sip_gateway
from support.sipp import Sipp

from tandem.ss7.isup.codes import MessageType as M

pytestmark = pytest.mark.interop

#: Called number by the trunk that it leads to, and the trunk's own settings.
TRUNKS = {
    "moved": ("1000", 'redirects = "follow"'),
    "offers": ("2000", "delayed_offer = true"),
    "forks": ("3000", "p_early_media = true"),
    "isup": ("4111", 'isup_variant = "itu"'),
}


@pytest.fixture(scope="module")
def ports():
    return free_stream_ports(10)


@pytest.fixture(scope="module", params=["native", "pjsua2", "past PJMEDIA"])
def gateway(tmp_path_factory, ports, request):
    """The trunks of `TRUNKS`, and who calls with ISUP, are on the engine of the parameter."""
    past = request.param == "past PJMEDIA"
    engine = "pjsua2" if past else request.param
    options = f'engine = "{engine}"\n{"silence_suppression = true" if past else ""}\n'
    text = f'[sip]\nlisten = "127.0.0.1:{ports}"\ncapture = true\n'
    if engine == "pjsua2":
        rtp = free_ports(20)
        text += f'[sip.pjsua2]\nlisten = "127.0.0.1:{ports + 9}"\nports = [{rtp}, {rtp + 19}]\n'
    text += f'[[trunk]]\nname = "caller"\ntype = "sip"\npeer = "127.0.0.1:{ports + 1}"\np_early_media = true\n'
    text += f'[[trunk]]\nname = "exchange"\ntype = "sip"\npeer = "127.0.0.1:{ports + 8}"\nisup_variant = "itu"\n'
    text += options
    for number, (name, (called, settings)) in enumerate(TRUNKS.items()):
        peer = f'peer = "127.0.0.1:{ports + 2 + number}"'
        text += f'[[trunk]]\nname = "{name}"\ntype = "sip"\n{peer}\n{settings}\n{options}'
        text += f'[[route]]\ntrunk = ["caller", "exchange"]\ncalled = "^{called}"\nto = ["{name}"]\n'
    with sip_gateway(tmp_path_factory.mktemp("dialogs"), text) as gateway:
        gateway.engine = engine
        gateway.exchange_calls = ports + 9 if engine == "pjsua2" else ports
        yield gateway


@pytest.fixture
def place(gateway, ports, tmp_path):
    """Places a call to a trunk, waits until every SIPp is content, and returns the record of the call."""

    def run(trunk, caller, callees, source=1, to=ports, **values):
        """`callees`: scenario, port after that of the gateway, and values of each; `source`: port of the caller."""
        before, called = len(gateway.records()), TRUNKS[trunk][0]
        callees = [Sipp(name, tmp_path / str(port), ports + port, **more) for name, port, more in callees]
        try:
            with Sipp(caller, tmp_path, ports + source, to, called=called, **values) as calling:
                calling.wait(30)
            for callee in callees:
                callee.wait(30)
        finally:
            for callee in callees:
                callee.close()
        wait_for(lambda: len(gateway.records()) == before + 1, "the record")
        return gateway.records()[-1]

    return run


def test_a_redirection_is_followed(place, ports):
    """RFC 3261 8.1.3.4: the places of a 302 by q; the next one when one does not answer."""
    contacts = f"<sip:1001@127.0.0.1:{ports + 6}>;q=0.5, <sip:1002@127.0.0.1:{ports + 7}>;q=0.9"
    record = place(
        "moved",
        "plain_caller",
        [
            ("callee_has_moved", 2, {"contacts": contacts}),
            ("callee_refuses", 7, {"called": "1002", "status": 404, "reason": ""}),
            ("plain_callee", 6, {"called": "1001"}),
        ],
    )
    assert (record.cause, record.result) == (16, "answered")


def test_offers_in_the_answer(gateway, place, speech):
    """RFC 3261 13.2.1: INVITE without SDP on both sides; the answers in ACK are used, speech goes both ways."""
    record = place("offers", "caller_without_offer", [("callee_offers", 3, {"speech": speech[8]})], speech=speech[8])
    assert (record.cause, record.result) == (16, "answered")
    for leg in (record.incoming, record.outgoing):
        # The call lasts half a second, and PJSIP begins to count when its stream stands.
        least = 1 if gateway.engine == "pjsua2" and leg is record.outgoing else 10
        assert leg.media["packets_received"] >= least, leg
        assert leg.media["packets_sent"] >= least, leg


def test_several_early_dialogs(place):
    """Early media where the peer authorises it (RFC 5009); a second answer is acknowledged and ended (13.2.2.4)."""
    record = place("forks", "caller_authorizes_early_media", [("callee_in_three_places", 4, {})])
    assert (record.cause, record.result) == (16, "answered")
    assert record.alerting_time is not None
    assert record.progress_time is not None


def test_isup_in_sip(gateway, ports, place):
    """Q.1912.5 profile C: IAM, ACM, ANM, REL and RLC both ways, as another's dissector reads them in the capture."""
    own = gateway.exchange_calls
    values = {"source": 8, "to": own, "digits": r"\x14\x11"}
    record = place("isup", "caller_with_isup", [("callee_with_isup", 5, {})], **values)
    assert (record.cause, record.result) == (16, "answered")
    assert record.outgoing.called == "4111"
    decode = [part for port in range(ports, ports + 10) for part in ("-d", f"udp.port=={port},sip")]
    fields = [part for name in ("udp.dstport", "isup.message_type", "isup.called") for part in ("-e", name)]

    def dissected():
        return tshark(gateway.capture_file, *decode, "-Y", "isup", "-T", "fields", *fields)

    found = [line.split("\t") for line in wait_for(lambda: len(dissected()) == 10 and dissected(), "ten messages")]
    heard = {
        port: [M(int(kind)) for where, kind, _ in found if int(where) == port] for port in (own, ports + 5, ports + 8)
    }
    assert heard[own] == [M.IAM, M.ACM, M.ANM, M.REL, M.RLC]
    assert heard[ports + 5] == [M.IAM, M.REL]
    assert heard[ports + 8] == [M.ACM, M.ANM, M.RLC]
    assert {called for _, kind, called in found if M(int(kind)) is M.IAM} == {"4111"}
    assert tshark(gateway.capture_file, *decode, "-Y", "_ws.malformed") == []


def test_nothing_was_wrong(gateway):
    assert not gateway.trouble()
