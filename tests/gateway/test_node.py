"""A whole gateway, twice, under a virtual clock: calls that end well, calls that do not, and no circuit stuck."""

import msgspec
import pytest
from support.node_pair import ADDRESS, LINKSET, M2PA, M3UA, OFFER, Bench

from tandem.gateway.calls.accounting import Farewell
from tandem.gateway.media.protocol import CloseRtp, OpenRtp, RtpEndpoint, Source, TimeslotEndpoint, Tone
from tandem.gateway.sip.primitives import (
    Answered,
    Cancelled,
    Confirmed,
    Ended,
    Failed,
    IncomingInvite,
    InviteRequest,
    Provisional,
    Rejected,
)
from tandem.gateway.trunks.sip_mapping import reason_cause


def invite(bench, number="301234", caller="a", headers=(), body=OFFER):
    gateway = ADDRESS[caller.upper()]
    request = InviteRequest(
        uri=f"sip:{number}@127.0.0.1:{gateway[1]}",
        from_uri="sip:100@127.0.0.1",
        to_uri=f"sip:{number}@127.0.0.1",
        destination=gateway,
        headers=headers,
        body=body,
    )
    return bench.call(caller, "invite", request)


def offered(bench, user="b"):
    bench.run_until(lambda: bench.events(user, IncomingInvite), 5)
    return bench.events(user, IncomingInvite)[-1]


def talk(bench):
    """A call up to the answer."""
    call = invite(bench)
    incoming = offered(bench).call
    bench.call("b", "respond", incoming, 180)
    bench.run(0.1)
    bench.call("b", "respond", incoming, 200, body=OFFER)
    bench.run(0.1)
    assert bench.events("a", Answered)
    assert bench.events("b", Confirmed)
    return call, incoming


def test_circuits_come_into_service():
    bench = Bench().up()
    assert ("A", "in service, 30 circuits") in [(name, line.text) for _, name, line in bench.lines]


def test_release_from_the_called_side():
    bench = Bench().up()
    _, incoming = talk(bench)
    bench.run(2)
    bench.call("b", "bye", incoming, ())
    bench.run(1)
    (ended,) = bench.events("a", Ended)
    assert reason_cause(ended.message) == 16
    for name in "AB":
        (record,) = bench.records[name]
        assert (record.result, record.cause, record.released_by) == ("answered", 16, "outgoing")
        assert 2000 <= record.duration_ms <= 2200
    assert bench.all_idle()


def test_release_from_the_calling_side():
    bench = Bench().up()
    call, _ = talk(bench)
    bench.call("a", "bye", call, (("Reason", "Q.850;cause=16"),))
    bench.run(1)
    assert bench.events("b", Ended)
    assert [record.released_by for name in "AB" for record in bench.records[name]] == ["incoming", "incoming"]
    assert bench.all_idle()


def test_the_other_direction():
    bench = Bench().up()
    invite(bench, caller="b")
    incoming = offered(bench, "a")
    assert incoming.request.uri.user == "301234"
    bench.call("a", "respond", incoming.call, 200, body=OFFER)
    bench.run(0.2)
    assert bench.events("b", Answered)


@pytest.mark.parametrize(
    ("status", "cause", "back"),
    [(486, 17, 486), (404, 1, 404), (480, 18, 408), (603, 21, 403), (503, 41, 503), (484, 28, 484), (600, 17, 486)],
)
def test_a_refusal_goes_back_as_cause_and_status(status, cause, back):
    bench = Bench().up()
    invite(bench)
    bench.call("b", "respond", offered(bench).call, status)
    bench.run(1)
    (rejected,) = bench.events("a", Rejected)
    assert (rejected.status, reason_cause(rejected.message)) == (back, cause)
    assert [bench.records[name][0].cause for name in "AB"] == [cause, cause]
    assert bench.records["A"][0].result == "failed"
    assert bench.all_idle()


def test_cancel_before_and_after_ringing():
    for rings in (False, True):
        bench = Bench().up()
        call = invite(bench)
        incoming = offered(bench).call
        if rings:
            bench.call("b", "respond", incoming, 180)
        bench.run(0.5)
        bench.call("a", "cancel", call, ())
        bench.run(1)
        assert [output.status for output in bench.events("a", Rejected)] == [487]
        assert bench.events("b", Cancelled)
        assert [bench.records[name][0].released_by for name in "AB"] == ["incoming", "incoming"]
        assert bench.all_idle()


def test_a_silent_sip_peer_is_given_up_and_the_isup_side_told():
    bench = Bench().up()
    bench.users["b"].receive = lambda *_: None
    invite(bench)
    bench.run(60)
    (rejected,) = bench.events("a", Rejected)
    assert reason_cause(rejected.message) == 102
    assert bench.all_idle()


def test_nobody_answers():
    bench = Bench(trunk="timers = { t9 = 90 }").up()
    invite(bench)
    bench.call("b", "respond", offered(bench).call, 180)
    bench.run(200)
    (rejected,) = bench.events("a", Rejected)
    assert rejected.status == 480
    assert bench.records["A"][0].cause == 19
    assert bench.events("b", Cancelled)
    assert bench.all_idle()


def test_no_route_and_refused_by_rule():
    refuse = '[[route]]\nname = "premium"\ntrunk = ["pbx"]\ncalled = "^0900"\nrefuse_cause = 53\n'
    bench = Bench(sip_trunk="[[route]]\n" + refuse.removeprefix("[[route]]\n")).up()
    invite(bench, "0900123")
    bench.run(1)
    record = bench.records["A"][0]
    assert (record.cause, record.outgoing, record.diagnostic) == (53, None, "refused by premium")
    assert bench.events("a", Rejected)[0].status == 500


def test_an_unknown_source_is_refused():
    bench = Bench().up()
    node = bench.nodes["A"]
    request = (
        b"INVITE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9:5060;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n"
        b"From: <sip:x@127.0.0.9>;tag=1\r\nTo: <sip:1@127.0.0.1>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"
        b"Contact: <sip:x@127.0.0.9>\r\nContent-Length: 0\r\n\r\n"
    )
    node.datagram(request, ("127.0.0.9", 5060), bench.now)
    answers = [data.split(b"\r\n")[0] for data, _ in node.effects().datagrams]
    assert answers[-1] == b"SIP/2.0 403 Forbidden"
    assert node.sip.admission.bans.counts == {"unknown source": 1}
    assert bench.records["A"] == []


def test_no_common_codec_is_488():
    bench = Bench().up()
    invite(bench, body=OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 18"))
    bench.run(1)
    assert bench.events("a", Rejected)[0].status == 488


def test_delayed_offer_is_answered_in_the_ack():
    bench = Bench().up()
    invite(bench, body=None)
    bench.call("b", "respond", offered(bench).call, 200, body=OFFER)
    bench.run(0.2)
    (answered,) = bench.events("a", Answered)
    assert b"m=audio" in answered.body


def test_what_is_connected_when():
    bench = Bench().up()
    call = invite(bench)
    incoming = offered(bench).call
    bench.call("b", "respond", incoming, 180)
    bench.run(0.1)
    circuit, rtp = TimeslotEndpoint("e1", 1), RtpEndpoint(1)
    # B rings towards its circuit, as its SIP side gave no early media; A lets the SIP caller hear the circuit.
    assert Tone(circuit, "ringback") in bench.media["B"]
    assert Source(rtp, circuit) in bench.media["A"]
    assert Source(circuit, rtp) not in bench.media["A"]
    (ringing,) = [output for output in bench.events("a", Provisional) if output.status == 180]
    assert b"m=audio" in ringing.body
    bench.call("b", "respond", incoming, 200, body=OFFER)
    bench.run(0.1)
    for name in "AB":
        assert Source(rtp, circuit) in bench.media[name]
        assert Source(circuit, rtp) in bench.media[name]
    bench.call("a", "bye", call, ())
    bench.run(0.5)
    for name in "AB":
        assert CloseRtp(1) in bench.media[name]
        assert [c for c in bench.media[name] if isinstance(c, Source)][-1] == Source(circuit, None)


def test_early_media_of_the_sip_side_is_passed_on():
    bench = Bench().up()
    invite(bench)
    bench.call("b", "respond", offered(bench).call, 183, body=OFFER)
    bench.run(0.1)
    assert Source(TimeslotEndpoint("e1", 1), RtpEndpoint(1)) in bench.media["B"]
    statuses = [output.status for output in bench.events("a", Provisional)]
    assert statuses == [100, 183]


def test_early_media_goes_on_after_a_180_without_sdp():
    bench = Bench().up()
    invite(bench)
    incoming = offered(bench).call
    bench.call("b", "respond", incoming, 183, body=OFFER)
    bench.run(0.1)
    bench.call("b", "respond", incoming, 180)
    bench.run(0.1)
    assert not any(isinstance(command, Tone) for command in bench.media["B"])


def test_a_refused_call_has_its_statistics_in_the_record():
    bench = Bench().up()
    bench.nodes["A"].isup.exchange.block("pstn", None, bench.now)
    invite(bench)
    bench.run(1)
    assert "packets_sent" in bench.records["A"][0].incoming.media


def test_all_circuits_busy_is_503():
    bench = Bench(cics="1-2").up()
    for _ in range(3):
        invite(bench)
    bench.run(1)
    (rejected,) = bench.events("a", Rejected)
    assert (rejected.status, reason_cause(rejected.message)) == (503, 34)


def test_no_rtp_port_is_503():
    bench = Bench().up()
    bench.nodes["A"].sip.ports.clear()
    invite(bench)
    bench.run(1)
    assert bench.events("a", Rejected)[0].status == 503


def test_rtp_ports_come_back():
    bench = Bench().up()
    ports = len(bench.nodes["A"].sip.ports)
    call, _ = talk(bench)
    assert len(bench.nodes["A"].sip.ports) == ports - 1
    bench.call("a", "bye", call, ())
    bench.run(1)
    assert len(bench.nodes["A"].sip.ports) == ports
    opened = [c.leg for c in bench.media["A"] if isinstance(c, OpenRtp)]
    closed = [c.leg for c in bench.media["A"] if isinstance(c, CloseRtp)]
    assert opened == closed


def test_link_failure_in_mid_call_keeps_the_call_and_leaves_no_circuit_stuck():
    bench = Bench().up()
    call, _ = talk(bench)
    bench.cut = True
    bench.run(20)
    assert not bench.events("a", Ended)
    bench.call("a", "bye", call, ())
    bench.run(30)
    assert bench.records["A"][0].result == "answered"
    bench.cut = False
    bench.run_until(bench.all_idle, 1200)
    assert len(bench.records["B"]) == 1
    assert bench.events("b", Ended)


def test_new_calls_while_the_link_is_down_fail_with_a_cause():
    bench = Bench().up()
    bench.cut = True
    bench.run(20)
    invite(bench)
    bench.run(1)
    assert bench.events("a", Rejected)[0].status in (500, 502, 503)


def test_shutting_down_clears_calls_and_blocks_circuits():
    bench = Bench().up()
    talk(bench)
    bench.nodes["A"].shut_down(bench.now)
    bench._drain("A")
    bench.run(2)
    assert bench.nodes["A"].idle
    assert bench.events("a", Ended)
    assert bench.events("b", Ended)
    assert bench.records["A"][0].diagnostic == "the gateway is shutting down"
    blocked = bench.nodes["B"].isup.exchange.circuit_states("pstn")
    assert all(view.blocking for view in blocked.values())
    invite(bench)
    bench.run(1)
    assert bench.events("a", Rejected)[0].status == 503


def test_without_media_process_calls_end_and_are_accounted_for():
    bench = Bench().up()
    talk(bench)
    bench.nodes["A"].abandon("the media process is gone", bench.now)
    bench._drain("A")
    bench.run(1)
    assert bench.events("a", Ended)
    (record,) = bench.records["A"]
    assert (record.result, record.cause, record.diagnostic) == ("answered", 41, "the media process is gone")


@pytest.mark.parametrize("seed", range(12))
def test_random_calls_over_a_bad_line_leave_nothing_behind(seed):
    """Loss on the signalling link and on SIP, a link failure in the middle, releases at random from either side."""
    bench = Bench(seed=seed, loss=0.02, sip_loss=0.05, cics="1-6").up()
    random = bench.random
    mine: dict[str, list[int]] = {"a": [], "b": []}
    seen = {"a": 0, "b": 0}
    for step in range(60):
        caller = random.choice("ab")
        if random.random() < 0.5:
            mine[caller].append(invite(bench, str(random.randrange(10**6, 10**7)), caller))
        for user in "ab":
            for incoming in bench.events(user, IncomingInvite)[seen[user] :]:
                seen[user] += 1
                status = random.choice([180, 183, 200, 200, 200, 486, 404])
                bench.call(user, "respond", incoming.call, status, body=OFFER if status in (183, 200) else None)
                mine[user].append(incoming.call)
        if random.random() < 0.4:
            user = random.choice("ab")
            if mine[user]:
                bench.call(user, "end", mine[user].pop(random.randrange(len(mine[user]))), 480, ())
        bench.cut = 25 <= step < 30
        bench.run(random.random() * 2)
    for user in "ab":
        for call in mine[user]:
            bench.call(user, "end", call, 480, ())
    bench.run_until(bench.all_idle, 1500)
    bench.run(200)
    for name, node in bench.nodes.items():
        assert node.control.calls == {}, name
        assert node.sip.quiet
        assert node.isup.quiet
        assert len(node.sip.ports) == 100
        assert not any(node.sip.agent.sizes().values()), node.sip.agent.sizes()
        assert len({record.id for record in bench.records[name]}) == len(bench.records[name])


def test_timed_out_calls_of_a_dead_sip_user_are_cleared():
    bench = Bench().up()
    talk(bench)
    bench.users["b"].receive = lambda *_: None
    bench.call("a", "bye", 1, ())
    bench.run(60)
    assert bench.nodes["B"].sip.quiet
    assert not bench.events("a", Failed)
    assert bench.all_idle()


OTHER = """
[[trunk]]
name = "other"
type = "sip"
peer = "127.0.0.1:5071"
codecs = ["PCMU"]
[[route]]
trunk = ["pbx"]
called = "^9"
to = ["other"]
[[route]]
trunk = ["pbx"]
called = "^8"
to = ["pstn", "other"]
"""


def test_sip_to_sip():
    bench = Bench(sip_trunk=OTHER).up()
    invite(bench, "9123")
    incoming = offered(bench)
    bench.call("b", "respond", incoming.call, 183, body=OFFER)
    bench.run(0.2)
    bench.call("b", "respond", incoming.call, 200, body=OFFER)
    bench.run(0.2)
    assert bench.events("a", Answered)
    one, two = RtpEndpoint(1), RtpEndpoint(2)
    assert Source(one, two) in bench.media["A"]
    assert Source(two, one) in bench.media["A"]
    laws = [command.law for command in bench.media["A"] if isinstance(command, OpenRtp)]
    assert laws == ["A", "u"]
    bench.call("b", "bye", incoming.call, ())
    bench.run(1)
    (record,) = bench.records["A"]
    assert (record.incoming.protocol, record.outgoing.protocol, record.cause) == ("sip", "sip", 16)


def test_fall_back_to_sip_when_every_circuit_is_busy():
    bench = Bench(sip_trunk=OTHER, cics="1-2").up()
    for _ in range(3):
        invite(bench, "8123")
    bench.run(1)
    assert len(bench.events("b", IncomingInvite)) == 3
    for incoming in bench.events("b", IncomingInvite):
        bench.call("b", "respond", incoming.call, 486)
    bench.run(1)
    assert sorted(record.attempts for record in bench.records["A"]) == [1, 1, 2]
    assert sorted(record.outgoing.trunk for record in bench.records["A"]) == ["other", "pstn", "pstn"]


def through(bench, number, user):
    """A call by `user`, of which the gateways send it back to the same user: answered, ended by the caller."""
    call = invite(bench, number, user)
    incoming = offered(bench, user)
    bench.call(user, "respond", incoming.call, 180)
    bench.run(0.1)
    bench.call(user, "respond", incoming.call, 200, body=OFFER)
    bench.run(0.1)
    assert [response.status for response in bench.events(user, Provisional)] == [100, 180]
    assert bench.events(user, Answered)
    bench.call(user, "bye", call, ())
    bench.run(0.5)
    assert [ended.call for ended in bench.events(user, Ended)] == [incoming.call]
    assert bench.all_idle()
    return incoming.request


def test_from_circuit_to_circuit():
    transit = '[[route]]\ntrunk = ["pstn"]\ncalled = "^8(.*)$"\nset_called = "7\\\\1"\nto = ["pstn"]'
    bench = Bench(sip_trunk=transit).up()
    assert through(bench, "8123", "b").uri.user == "7123"
    (record,) = bench.records["A"]
    assert (record.incoming.protocol, record.outgoing.protocol, record.cause) == ("isup", "isup", 16)
    joined = [command for command in bench.media["A"] if isinstance(command, Source) and command.source is not None]
    assert {(command.sink.span, command.source.span) for command in joined} == {("e1", "e1")}


def test_from_sip_to_sip():
    bench = Bench(sip_trunk='[[route]]\ntrunk = ["pbx"]\ncalled = "^9"\nto = ["pbx"]').up()
    through(bench, "9123", "a")
    (record,) = bench.records["A"]
    assert (record.incoming.protocol, record.outgoing.protocol, record.cause) == ("sip", "sip", 16)


def test_the_continuity_of_a_circuit_is_checked_before_the_call_goes_on():
    bench = Bench(trunk="continuity_check = 1").up()
    talk(bench)
    circuit = TimeslotEndpoint("e1", 1)
    assert Tone(circuit, "continuity") in bench.media["A"]
    assert Source(circuit, circuit) in bench.media["B"]
    assert bench.media["B"].index(Source(circuit, circuit)) < len(bench.media["B"]) - 1


def test_a_circuit_without_continuity_is_not_used_and_the_call_goes_over_another():
    bench = Bench(trunk="continuity_check = 1").up()
    bench.deaf = True
    invite(bench)
    bench.run(1)
    bench.deaf = False
    bench.run(3)
    incoming = offered(bench)
    bench.call("b", "respond", incoming.call, 200, body=OFFER)
    bench.run(0.5)
    assert bench.events("a", Answered)
    assert bench.nodes["A"].control.calls
    (call,) = bench.nodes["A"].control.calls.values()
    assert call.outgoing.reference != "pstn/1"


@pytest.mark.parametrize("variant", ["ansi", "china", "japan"])
def test_a_call_in_other_variants(variant):
    bench = Bench(linkset=f'variant = "{variant}"').up()
    call, _ = talk(bench)
    bench.call("a", "bye", call, ())
    bench.run(1)
    assert bench.events("b", Ended)
    assert [record.cause for name in "AB" for record in bench.records[name]] == [16, 16]
    invite(bench)
    bench.run(0.2)
    bench.call("b", "respond", bench.events("b", IncomingInvite)[-1].call, 486)
    bench.run(1)
    assert bench.events("a", Rejected)[0].status == 486
    assert bench.all_idle()


def calls_both_ways(bench):
    """One call from A to B and one back, answered and released."""
    for caller, called in ("ab", "ba"):
        call = invite(bench, caller=caller)
        incoming = offered(bench, called)
        bench.call(called, "respond", incoming.call, 200, body=OFFER)
        bench.run(0.5)
        assert bench.events(caller, Answered)
        bench.call(caller, "bye", call, ())
        bench.run(1)
        assert bench.events(called, Ended)
    assert [record.cause for name in "AB" for record in bench.records[name]] == [16, 16, 16, 16]
    assert bench.all_idle()


@pytest.mark.parametrize(
    ("ss7", "roles"),
    [(LINKSET, ("asp", "asp")), (M2PA, ("asp", "asp")), (M3UA, ("asp", "sgp"))],
    ids=["E1", "M2PA", "M3UA"],
)
def test_calls_between_japanese_points(ss7, roles):
    bench = Bench(
        ss7=ss7.replace('"{own}"', '"3-{own}-31"').replace('"{other}"', '"3-{other}-31"'),
        roles=roles,
        linkset='variant = "japan"',
    )
    if ss7 is not LINKSET:
        bench.connect()
    bench.up()
    calls_both_ways(bench)
    if ss7 is not M3UA:
        (point,) = bench.nodes["A"].signalling.points.values()
        assert point.configuration.point_code == 3 << 9 | 1 << 5 | 31
        assert not {"SLTM", "SLTA", "TRA"} & set(point.counters), "JT-Q707 has no link test, JT-Q704 no restart"


@pytest.mark.parametrize(
    ("variant", "priorities"),
    [("ansi", {1: 0, 6: 1, 9: 2, 12: 1, 16: 2}), ("itu", dict.fromkeys((1, 6, 9, 12, 16), 0))],
)
def test_messages_that_end_a_call_outlast_those_that_begin_one(variant, priorities):
    bench = Bench(linkset=f'variant = "{variant}"').up()
    label = 1 + (7 if variant == "ansi" else 4)
    found = {}
    for node in bench.nodes.values():
        (point,) = node.signalling.points.values()
        send = point._sender.emit

        def spied(link, msu, send=send):
            if msu[0] & 0xF == 5:
                found[msu[label + 2]] = msu[0] >> 4 & 3
            send(link, msu)

        point._sender.emit = spied
    call, _ = talk(bench)
    bench.call("a", "bye", call, ())
    bench.run(1)
    assert found == priorities


def test_japanese_routing_test_is_told_to_the_operator():
    bench = Bench(ss7=LINKSET + "[ss7]\nroute_test = true\n", linkset='variant = "japan"').up()
    bench.run(1)
    assert [line.text for _, name, line in bench.lines if name == "A" and "routing test" in line.text] == [
        "0-0-2 answers the routing test"
    ]


def test_calls_between_ansi_points_that_restart_as_a_whole():
    more = "[ss7]\nfull_restart = true\nsls_rotation = 8\n"
    bench = Bench(
        ss7=LINKSET + more, linkset='variant = "ansi"', cics="1-15,16370-16383", circuits='timeslots = "1-15,17-30"'
    ).up()
    for node in bench.nodes.values():
        (point,) = node.signalling.points.values()
        assert point.counters["TRW"] >= 1, "both restart and say so"
        assert point.counters["TRA"] >= 1
    calls_both_ways(bench)


@pytest.mark.parametrize(
    ("ss7", "roles"),
    [(M2PA, ("asp", "asp")), (M3UA, ("asp", "sgp")), (M3UA, ("ipsp", "ipsp")), (M3UA, ("ipsp-double", "ipsp-double"))],
    ids=["M2PA", "M3UA asp-sgp", "M3UA ipsp", "M3UA ipsp double"],
)
class TestSigtran:
    """The same calls with the signalling over IP."""

    def test_a_call_and_its_release(self, ss7, roles):
        bench = Bench(ss7=ss7, roles=roles)
        bench.connect()
        bench.up()
        call, _ = talk(bench)
        bench.call("a", "bye", call, ())
        bench.run(1)
        assert bench.events("b", Ended)
        assert [record.cause for name in "AB" for record in bench.records[name]] == [16, 16]
        assert bench.all_idle()

    def test_an_association_lost_in_mid_call_leaves_nothing_stuck(self, ss7, roles):
        bench = Bench(ss7=ss7, roles=roles)
        bench.connect()
        bench.up()
        call, _ = talk(bench)
        bench.disconnect()
        bench.run(10)
        bench.call("a", "bye", call, ())
        bench.run(10)
        invite(bench)
        bench.run(1)
        assert bench.events("a", Rejected)
        bench.connect()
        bench.run_until(bench.all_idle, 1200)
        assert bench.events("b", Ended)


@pytest.mark.parametrize(
    "ss7", [LINKSET, M2PA, M3UA, M3UA.replace("routing_context = 7", "routing_context = 7\nregister = true")]
)
def test_signalling_is_taken_down_in_order(ss7):
    """The other end hears of it, and does not have to find out."""
    bench = Bench(ss7=ss7)
    if ss7 is not LINKSET:
        bench.connect()
    bench.up()
    assert not bench.nodes["A"].stopped or ss7 in (LINKSET, M2PA)
    bench.stop("A")
    bench.run(0.3)
    assert bench.nodes["A"].stopped
    mine, theirs = (bench.nodes[name].signalling for name in "AB")
    if ss7 in (LINKSET, M2PA):
        (there,) = theirs.points.values()
        assert not there.available(1)
        assert [line.text for _, name, line in bench.lines if name == "B" and "out of service" in line.text]
    else:
        bench.run(2)  # T(r): the server is pending for a moment
        assert not theirs.m3ua.available(1)
        sent = mine.m3ua.counters
        assert (sent["ASPIA sent"], sent["ASPDN sent"]) == (1, 1)
        assert sent["DEREG_REQ sent"] == ("register" in ss7)
    bench.run(60)
    assert not bench.all_idle()


def test_draining_lets_calls_go_on_and_refuses_new_ones():
    bench = Bench().up()
    call = invite(bench)
    bench.run(0.5)
    node = bench.nodes["A"]
    node.drain(bench.now)
    bench.run(0.5)
    assert not node.drained
    refused = invite(bench)
    bench.run(0.5)
    assert [event.status for event in bench.events("a", Rejected) if event.call == refused] == [503]
    probe = (
        b"OPTIONS sip:gw SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKo\r\nFrom: <sip:x@y>;tag=1\r\n"
        b"To: <sip:gw>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
    node.datagram(probe, ADDRESS["a"], bench.now)
    assert node.effects().datagrams[-1][0].startswith(b"SIP/2.0 503 ")
    assert node.control.calls, "the first call goes on"
    bench.call("a", "end", call, 480, ())
    bench.run(5.0)
    assert node.drained


# --- a gateway that was killed


def test_the_peers_of_calls_that_a_killed_gateway_left_get_bye():
    bench = Bench().up()
    talk(bench)
    (left,) = bench.restart("A")
    bench.run(1)
    (ended,) = bench.events("a", Ended)
    assert reason_cause(ended.message) == 41
    assert bench.users["a"].calls == 0
    assert (left.record.cause, left.record.result) == (41, "answered")
    bench.up()
    (ended,) = bench.events("b", Ended)
    assert bench.nodes["B"].control.calls == {}


@pytest.mark.parametrize("who", ["a", "b"])
def test_it_is_where_the_peer_has_moved_to_and_after_all_requests_before(who):
    """RFC 3261 12.2.1.1: routes and Request-URI of the dialog; 12.2.2: the peer takes no CSeq that is not higher."""
    bench = Bench().up()
    call, incoming = talk(bench)
    number = {"a": call, "b": incoming}[who]
    at = {"a": "A", "b": "B"}[who]
    for _ in range(3):
        half = next(session.half for session in bench.nodes[at].sip._sessions.values())
        bench.nodes[at].sip.agent.send_info(half.handle, "application/dtmf-relay", b"Signal=1\r\n", (), bench.now)
        bench.run(0.1)
    agent = bench.users[who]
    agent._context.calls[number].contact_line = f"Contact: <sip:moved@127.0.0.1:{ADDRESS[who][1]}>\r\n"
    assert agent.reinvite(number, OFFER, (), bench.now)
    bench._drain(who)
    bench.run(0.5)
    bench.restart(at)
    bench.run(1)
    (ended,) = bench.events(who, Ended)
    assert ended.message.uri.user == "moved"
    assert ended.message.cseq > 5
    assert agent.calls == 0


def test_who_is_being_called_when_the_gateway_is_killed_gets_cancel():
    bench = Bench().up()
    invite(bench)
    incoming = offered(bench).call
    bench.call("b", "respond", incoming, 180)
    bench.run(0.1)
    (left,) = bench.restart("B")
    bench.run(1)
    assert len(bench.events("b", Cancelled)) == 1
    assert bench.users["b"].calls == 0
    assert (left.record.result, left.record.cause) == ("failed", 41)


@pytest.mark.parametrize("rings", [False, True])
def test_who_calls_when_the_gateway_is_killed_is_refused(rings):
    bench = Bench().up()
    invite(bench)
    incoming = offered(bench).call
    if rings:
        bench.call("b", "respond", incoming, 180)
        bench.run(0.1)
    (left,) = bench.restart("A")
    bench.run(1)
    (rejected,) = bench.events("a", Rejected)
    assert (rejected.status, reason_cause(rejected.message)) == (503, 41)
    assert bench.users["a"].calls == 0
    assert (left.record.result, left.record.incoming.protocol) == ("failed", "sip")
    bench.run(40)
    assert bench.nodes["A"].sip.agent.sizes()["server transactions"] == 0, "the refusal was acknowledged"


def test_a_call_that_has_ended_is_not_ended_again():
    bench = Bench().up()
    call, _ = talk(bench)
    bench.call("a", "bye", call, ())
    bench.run(5)
    assert bench.restart("A") == []
    bench.run(1)
    assert bench.events("a", Ended) == []


def test_a_trunk_that_is_gone_and_a_line_of_another_version_do_no_harm():
    bench = Bench().up()
    farewells = [Farewell(trunk=name, what=msgspec.Raw(b'[["dialog","of","old"]]')) for name in ("gone", "pstn", "pbx")]
    bench.nodes["A"].bid_farewell(farewells, bench.now)
    bench._drain("A")
    (line,) = (line for _, _, line in bench.lines if "left standing" in line.text)
    assert line.subject == "trunk pbx"
