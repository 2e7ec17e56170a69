"""SIP trunks: what is particular to the adapter; whole calls are in test_node.py."""

import pytest
from support.node_pair import ADDRESS, OFFER, Bench
from support.sip_calls import answered, place

from tandem.core.cause import Cause
from tandem.gateway.calls.model import Release
from tandem.gateway.calls.routing import RoutingTable
from tandem.gateway.media.protocol import (
    Detect,
    DigitHeard,
    DigitReceived,
    OpenRtp,
    RtpEndpoint,
    RtpSilent,
    Source,
    TimeslotEndpoint,
    UpdateRtp,
)
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.primitives import (
    InfoReceived,
    Rejected,
)


def test_the_law_follows_the_trunk_among_what_is_offered():
    bench = Bench(sip_trunk='codecs = ["PCMU", "PCMA"]').up()
    place(bench)
    opened = next(c for c in bench.media["A"] if isinstance(c, OpenRtp))
    assert (opened.law, opened.payload_type) == ("u", 0)


def test_a_name_is_not_a_number():
    bench = Bench().up()
    place(bench, number="alice")
    (rejected,) = bench.events("a", Rejected)
    assert (rejected.status, rejected.message.phrase) == (404, "Not a telephone number")


def test_malformed_sdp_is_400():
    bench = Bench().up()
    place(bench, body=b"v=0\r\nrubbish\r\n")
    assert bench.events("a", Rejected)[0].status == 400


def test_max_calls():
    bench = Bench(sip_trunk="max_calls = 1").up()
    place(bench)
    place(bench)
    assert [output.status for output in bench.events("a", Rejected)] == [503]


def test_telephone_event_is_agreed_when_offered():
    bench = Bench().up()
    events = OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 0 8 96") + b"a=rtpmap:96 telephone-event/8000\r\n"
    place(bench, body=events)
    updated = next(c for c in bench.media["A"] if isinstance(c, UpdateRtp))
    assert updated.event_payload_type == 96


def test_the_peer_that_calls_is_known_by_its_address_and_port():
    bench = Bench().up()
    node = bench.nodes["A"]
    assert node.sip._trunk_of(ADDRESS["a"]).name == "pbx"
    assert node.sip._trunk_of(("127.0.0.1", 1)).name == "pbx"
    assert node.sip._trunk_of(("127.0.0.2", 5070)) is None


def test_a_call_that_requires_what_the_trunk_does_not_do():
    bench = Bench(sip_trunk='reliable_responses = "off"').up()
    place(bench, options=CallOptions(reliable="required"))
    assert [output.status for output in bench.events("a", Rejected)] == [420]


def test_a_trunk_that_requires_reliable_responses():
    bench = Bench(sip_trunk='reliable_responses = "required"').up()
    place(bench)
    assert [output.status for output in bench.events("a", Rejected)] == [421]


def test_silent_rtp_and_no_answer_to_options():
    bench = Bench().up()
    answered(bench)
    leg = next(c.leg for c in bench.media["B"] if isinstance(c, OpenRtp))
    bench.nodes["B"].media_events([RtpSilent(leg)], bench.now)
    bench._drain("B")
    bench.run(40)
    assert bench.nodes["B"].control.calls, "the peer answered"
    bench.users["b"]._context.dialogs.clear()
    bench.nodes["B"].media_events([RtpSilent(leg)], bench.now)
    bench._drain("B")
    bench.run(5)
    assert (bench.records["B"][0].cause, bench.records["B"][0].diagnostic[:18]) == (27, "SIP peer is gone: ")
    assert bench.all_idle()


SIP_SIP = """
[[trunk]]
name = "other"
type = "sip"
peer = "127.0.0.1:5071"
digits = "info-relay"
telephone_event = false
{other}
[[route]]
trunk = ["pbx"]
called = "^7"
to = ["other"]
"""


def between(other=""):
    """A bench whose gateway A also joins the users a and b directly, for numbers that begin with 7."""
    bench = Bench(more=SIP_SIP.format(other=other)).up()
    control = bench.nodes["A"].control
    control.routing = RoutingTable(sorted(bench.nodes["A"].configuration.route, key=lambda route: not route.called))
    return bench


def test_a_digit_heard_in_speech_goes_on_as_info_where_the_trunk_wants_it():
    bench = between()
    answered(bench, number="7")
    leg = next(c.leg for c in bench.media["A"] if isinstance(c, OpenRtp))
    bench.nodes["A"].media_events([DigitHeard(RtpEndpoint(leg), "5", 90)], bench.now)
    bench._drain("A")
    bench.run(0.2)
    (info,) = bench.events("b", InfoReceived)
    assert info.message.body == b"Signal=5\r\nDuration=90\r\n"


def test_a_digit_heard_on_a_circuit_goes_on_as_info():
    bench = Bench(sip_trunk='digits = "info-relay"\ntelephone_event = false').up()
    answered(bench)
    (detect,) = [c for c in bench.media["A"] if isinstance(c, Detect)]
    assert isinstance(detect.endpoint, TimeslotEndpoint)
    node = bench.nodes["A"]
    node.media_events([DigitHeard(detect.endpoint, "5", 90)], bench.now)
    bench._drain("A")
    bench.run(0.2)
    (info,) = bench.events("a", InfoReceived)
    assert info.message.body == b"Signal=5\r\nDuration=90\r\n"
    (call,) = node.control.calls.values()
    node.control.release_call(call.incoming, Release(Cause.NORMAL_CALL_CLEARING), bench.now)
    bench._drain("A")
    bench.run(2)
    assert Detect(detect.endpoint, on=False) in bench.media["A"]


def test_speech_is_louder_by_the_gain_of_its_trunk():
    bench = Bench(sip_trunk="gain_in = 3\ngain_out = -4.5").up()
    answered(bench)
    gains = {(type(c.sink), type(c.source)): c.gain for c in bench.media["A"] if isinstance(c, Source)}
    assert gains[TimeslotEndpoint, RtpEndpoint] == 3.0
    assert gains[RtpEndpoint, TimeslotEndpoint] == -4.5


@pytest.mark.parametrize(
    ("trunk", "listened"),
    [
        ("", False),
        ("telephone_event = false", True),
        ('telephone_event = false\ndtmf = "off"', False),
        ('telephone_event = false\ndigits = "info"', False),
        ('dtmf = "inband"', True),
    ],
)
def test_rtp_is_listened_to_where_no_events_were_agreed(trunk, listened):
    bench = Bench(sip_trunk=trunk).up()
    events = OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 0 8 96") + b"a=rtpmap:96 telephone-event/8000\r\n"
    place(bench, body=events)
    detects = [c for c in bench.media["A"] if isinstance(c, Detect) and isinstance(c.endpoint, RtpEndpoint)]
    assert [detect.on for detect in detects] == ([True] if listened else [])


def test_a_telephone_event_goes_on_as_info_where_the_trunk_wants_it():
    bench = between()
    _, offered = answered(bench, number="7")
    leg = next(c.leg for c in bench.media["A"] if isinstance(c, OpenRtp))
    bench.nodes["A"].media_events([DigitReceived(leg, "#", 120)], bench.now)
    bench._drain("A")
    bench.run(0.2)
    (info,) = bench.events("b", InfoReceived)
    assert info.message.body == b"Signal=#\r\nDuration=120\r\n"
    assert offered.request.uri.user == "7"
