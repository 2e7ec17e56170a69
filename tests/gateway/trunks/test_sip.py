"""SIP trunks: what is particular to the adapter; whole calls are in test_node.py."""

from support.node_pair import ADDRESS, OFFER, Bench

from tandem.gateway.media.protocol import OpenRtp, UpdateRtp
from tandem.gateway.sip.primitives import (
    Answered,
    Ended,
    IncomingInvite,
    InviteRequest,
    ReInviteResult,
    Rejected,
)


def place(bench, body=OFFER, number="301234"):
    request = InviteRequest(
        uri=f"sip:{number}@127.0.0.1",
        from_uri="sip:100@127.0.0.1",
        to_uri=f"sip:{number}@127.0.0.1",
        destination=ADDRESS["A"],
        body=body,
    )
    call = bench.call("a", "invite", request)
    bench.run(0.1)
    return call


def answered(bench, body=OFFER):
    call = place(bench)
    offered = bench.events("b", IncomingInvite)[0]
    bench.call("b", "respond", offered.call, 200, body=body)
    bench.run(0.1)
    assert bench.events("a", Answered)
    return call, offered


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


def test_hold_and_resume_reach_the_media_process():
    bench = Bench().up()
    call, _ = answered(bench)
    for direction, sends in ((b"sendonly", False), (b"sendrecv", True)):
        body = OFFER.replace(b"sendrecv", direction)
        bench.call("a", "reinvite", call, body, ())
        bench.run(0.5)
        assert [c for c in bench.media["A"] if isinstance(c, UpdateRtp)][-1].send is sends
    results = bench.events("a", ReInviteResult)
    assert [result.status for result in results] == [200, 200]
    versions = [result.message.body.split(b"o=- ")[1].split()[1] for result in results]
    assert versions == sorted(set(versions))


def test_a_reinvite_without_a_codec_of_ours_is_refused_and_the_call_goes_on():
    bench = Bench().up()
    call, _ = answered(bench)
    bench.call("a", "reinvite", call, OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 18"), ())
    bench.run(0.5)
    assert bench.events("a", ReInviteResult)[0].status == 488
    assert not bench.events("a", Ended)


def test_an_answer_without_a_codec_of_ours_ends_the_call():
    bench = Bench().up()
    place(bench)
    offered = bench.events("b", IncomingInvite)[0]
    bench.call("b", "respond", offered.call, 200, body=OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 18"))
    bench.run(1)
    assert bench.events("b", Ended)
    assert bench.records["A"][0].cause == 65
    assert bench.all_idle()


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
