"""Preconditions through the gateways: who waits for whom, in SIP and in ISUP (RFC 3312, Q.1912.5 profile A)."""

from random import Random

import pytest
from support.node_pair import ADDRESS, OFFER, Bench
from support.sip_bench import SipBench
from support.sip_calls import place

from tandem.gateway.media.protocol import UpdateRtp
from tandem.gateway.sip.message import parse_message
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.primitives import (
    Answered,
    IncomingInvite,
    Provisional,
    Rejected,
    SessionOffered,
    UpdateResult,
)

BOTH = 'preconditions = "required"'
RELAY = "relay_continuity = true"
ASKING = CallOptions(reliable="supported", preconditions="supported")


def described(*lines, version=1):
    body = OFFER.replace(b"o=- 1 1", f"o=- 1 {version}".encode())
    return body + "".join(f"a={line}\r\n" for line in lines).encode()


WAITING = described(
    "curr:qos local none", "curr:qos remote none", "des:qos mandatory local sendrecv", "des:qos none remote sendrecv"
)
MET = described(
    "curr:qos local sendrecv",
    "curr:qos remote sendrecv",
    "des:qos mandatory local sendrecv",
    "des:qos none remote sendrecv",
    version=2,
)


def offered(bench):
    return bench.events("b", IncomingInvite)


def lines(body, name):
    return [line for line in body.decode().split("\r\n") if line.startswith(f"a={name}:")]


def states(bench, gateway):
    return {state.state.name for state in bench.nodes[gateway].isup.exchange.circuit_states("pstn").values()}


def sends(bench, gateway):
    """Whether RTP goes to the SIP side of a gateway."""
    updates = [command for command in bench.media[gateway] if isinstance(command, UpdateRtp)]
    return bool(updates) and updates[-1].send


def meet(bench, call, body=MET):
    """The caller's own part is reserved."""
    assert bench.call("a", "update", call, body, (("Require", "precondition"),))
    bench.run(0.2)
    (result,) = bench.events("a", UpdateResult)
    return result


@pytest.mark.parametrize("sip_trunk", ['preconditions = "supported"', BOTH])
def test_nobody_is_called_before_the_preconditions_are_met(sip_trunk):
    bench = Bench(sip_trunk=sip_trunk).up()
    call = place(bench, WAITING, options=ASKING)
    bench.run(3)
    (progress,) = [event for event in bench.events("a", Provisional) if event.status > 100]
    assert (progress.status, progress.message.values("require")) == (183, ["100rel", "precondition"])
    assert lines(progress.body, "curr") == ["a=curr:qos local sendrecv", "a=curr:qos remote none"]
    assert lines(progress.body, "conf") == ["a=conf:qos remote sendrecv"]
    assert not offered(bench)
    assert states(bench, "A") == {"IDLE"}
    assert not sends(bench, "A")
    result = meet(bench, call)
    assert sends(bench, "A")
    assert result.status == 200
    assert lines(result.message.body, "curr") == ["a=curr:qos local sendrecv", "a=curr:qos remote sendrecv"]
    assert lines(result.message.body, "conf") == []
    (invite,) = offered(bench)
    bench.call("b", "respond", invite.call, 180)
    bench.call("b", "respond", invite.call, 200, body=described())
    bench.run(0.2)
    assert bench.events("a", Answered)
    bench.call("a", "bye", call, ())
    bench.run(2)
    assert [record.cause for record in bench.records["A"] + bench.records["B"]] == [16, 16]
    assert bench.all_idle()


def test_only_the_status_has_changed():
    """The o= line says that the description is the same; what it says of preconditions counts all the same."""
    bench = Bench(sip_trunk='preconditions = "supported"').up()
    call = place(bench, WAITING, options=ASKING)
    bench.run(1)
    result = meet(bench, call, MET.replace(b"o=- 1 2", b"o=- 1 1"))
    assert lines(result.message.body, "curr")[1] == "a=curr:qos remote sendrecv"
    assert offered(bench)


def test_an_iam_goes_at_once_and_cot_when_they_are_met():
    """Q.1912.5: a continuity check on a previous circuit; the other gateway waits for COT before it calls anybody."""
    bench = Bench(sip_trunk='preconditions = "supported"', trunk=RELAY).up()
    call = place(bench, WAITING, options=ASKING)
    bench.run(3)
    assert states(bench, "A") == {"IDLE", "OUT_WAIT_ACM"}
    assert states(bench, "B") == {"IDLE", "IN_WAIT_COT"}
    assert not offered(bench)
    meet(bench, call)
    assert states(bench, "B") == {"IDLE", "IN_ADDRESS"}
    (invite,) = offered(bench)
    # Our part was ready when the INVITE went.
    assert lines(invite.body, "curr") == ["a=curr:qos local sendrecv", "a=curr:qos remote none"]
    assert lines(invite.body, "des") == ["a=des:qos optional local sendrecv", "a=des:qos none remote sendrecv"]
    assert "precondition" in invite.request.values("supported")


def test_pending_all_the_way():
    """SIP, ISUP and SIP again: INVITE with our part missing at once, UPDATE when the caller's is met."""
    bench = Bench(sip_trunk=BOTH, trunk=RELAY).up()
    call = place(bench, WAITING, options=ASKING)
    bench.run(1)
    (invite,) = offered(bench)
    assert invite.request.values("require") == ["precondition"]
    assert lines(invite.body, "curr") == ["a=curr:qos local none", "a=curr:qos remote none"]
    assert lines(invite.body, "des") == ["a=des:qos mandatory local sendrecv", "a=des:qos none remote sendrecv"]
    answer = described(
        "curr:qos local sendrecv",
        "curr:qos remote none",
        "des:qos none local sendrecv",
        "des:qos mandatory remote sendrecv",
        "conf:qos remote sendrecv",
    )
    bench.call("b", "configure", invite.call, ASKING)
    bench.call("b", "respond", invite.call, 183, body=answer)
    bench.run(1)
    assert not bench.events("b", SessionOffered)
    assert not sends(bench, "B")
    meet(bench, call)
    (update,) = bench.events("b", SessionOffered)
    assert update.message.values("require") == ["precondition"]
    assert lines(update.body, "curr") == ["a=curr:qos local sendrecv", "a=curr:qos remote sendrecv"]
    bench.call("b", "answer_update", invite.call, 200, body=described(version=2))
    bench.run(0.2)
    assert states(bench, "B") == {"IDLE", "IN_ADDRESS"}  # no ACM for a 183 that but answers the offer
    bench.call("b", "respond", invite.call, 180)
    bench.run(1)
    assert states(bench, "B") == {"IDLE", "IN_WAIT_ANM"}
    bench.call("b", "respond", invite.call, 200)
    bench.run(1)
    assert sends(bench, "B")
    assert bench.events("a", Answered)
    bench.call("b", "bye", invite.call, ())
    bench.run(2)
    assert [record.cause for record in bench.records["A"] + bench.records["B"]] == [16, 16]


def test_the_caller_is_ready_before_the_callee_has_answered():
    """COT comes first: the UPDATE waits for the early dialog."""
    bench = Bench(sip_trunk=BOTH, trunk=RELAY).up()
    call = place(bench, WAITING, options=ASKING)
    meet(bench, call)
    (invite,) = offered(bench)
    assert lines(invite.body, "curr")[0] == "a=curr:qos local none"
    bench.call("b", "configure", invite.call, ASKING)
    answer = described("curr:qos remote none", "des:qos mandatory remote sendrecv", "conf:qos remote sendrecv")
    bench.call("b", "respond", invite.call, 183, body=answer)
    bench.run(1)
    (update,) = bench.events("b", SessionOffered)
    assert lines(update.body, "curr")[0] == "a=curr:qos local sendrecv"


def waiting_callee(bench):
    """A call that is pending all the way, and has its early dialog."""
    call = place(bench, WAITING, options=ASKING)
    bench.run(1)
    (invite,) = offered(bench)
    bench.call("b", "configure", invite.call, ASKING)
    bench.call("b", "respond", invite.call, 183, body=described("des:qos mandatory remote sendrecv"))
    bench.run(1)
    return call, invite


def test_where_the_answer_to_the_confirmation_receives():
    bench = Bench(sip_trunk=BOTH, trunk=RELAY).up()
    call, invite = waiting_callee(bench)
    meet(bench, call)
    bench.call("b", "answer_update", invite.call, 200, body=described(version=2).replace(b"4000", b"4444"))
    bench.call("b", "respond", invite.call, 200)
    bench.run(1)
    remotes = [command.remote[1] for command in bench.media["B"] if isinstance(command, UpdateRtp)]
    assert remotes[-1] == 4444


def test_both_confirm_at_once():
    """Glare: each gets 491, and ours goes out again."""
    bench = Bench(sip_trunk=BOTH, trunk=RELAY).up()
    call, invite = waiting_callee(bench)
    assert bench.call("a", "update", call, MET, (("Require", "precondition"),))
    while states(bench, "B") != {"IDLE", "IN_ADDRESS"}:
        bench.run(0.0002)  # less than a message takes
    assert bench.call("b", "update", invite.call, MET, ())
    bench.run(0.5)
    assert [result.status for result in bench.events("b", UpdateResult)] == [491]
    assert not bench.events("b", SessionOffered)
    bench.run(3)
    (update,) = bench.events("b", SessionOffered)
    assert lines(update.body, "curr")[0] == "a=curr:qos local sendrecv"
    bench.call("b", "answer_update", invite.call, 200, body=described(version=3))
    bench.call("b", "respond", invite.call, 200)
    bench.run(1)
    assert bench.events("a", Answered)


@pytest.mark.parametrize(("status", "cause"), [(580, 127), (488, 127)])
def test_a_confirmation_that_is_refused_ends_the_call(status, cause):
    bench = Bench(sip_trunk=BOTH, trunk=RELAY).up()
    call, invite = waiting_callee(bench)
    meet(bench, call)
    bench.call("b", "answer_update", invite.call, status)
    bench.run(2)
    assert bench.events("a", Rejected)
    assert [record.cause for record in bench.records["A"] + bench.records["B"]] == [cause, cause]
    bench.run(40)
    assert bench.all_idle()


def fork(bench, invite, tag, status=183, rseq=1):
    """A response from another place of a fork to the INVITE that B has sent; it goes out over the callee's proxy."""
    request = invite.request
    lines = [f"SIP/2.0 {status} x", *(f"Via: {value}" for value in request.fields["via"])]
    lines += [f"From: {request.get('from')}", f"To: {request.get('to')};tag={tag}"]
    lines += [f"Call-ID: {request.call_id}", f"CSeq: {request.get('cseq')}", f"Contact: <sip:{tag}@10.9.9.9>"]
    body = described("des:qos mandatory remote sendrecv")
    lines += ["Require: 100rel, precondition", f"RSeq: {rseq}", "Allow: INVITE, ACK, BYE, CANCEL, PRACK, UPDATE"]
    lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}", "", ""]
    to_gateway(bench, "\r\n".join(lines).encode() + body)


def to_gateway(bench, data):
    bench.datagram("B", data, ADDRESS["b"])
    bench.run(0.1)


def requests_to(bench, tag, method):
    """Requests of B to a place of the fork, which is nowhere but in this test; each once."""
    found = {data for data, destination in bench.astray if destination[0] == "10.9.9.9"}
    parsed = [parse_message(data) for data in found]
    return [one for one in parsed if one.method == method and f"sip:{tag}@" in one.uri_text]


def reply(bench, request, status):
    names = ("via", "from", "to", "call-id", "cseq")
    head = [f"{name}: {value}" for name in names for value in request.fields[name]]
    body = described(version=2) if status == 200 else b""
    lines = [f"SIP/2.0 {status} x", *head, "Content-Type: application/sdp", f"Content-Length: {len(body)}", "", ""]
    to_gateway(bench, "\r\n".join(lines).encode() + body)


def test_every_place_of_a_fork_is_told():
    """RFC 3312 and RFC 3311 5.1: UPDATE in each early dialog, in one that comes later too; who refuses harms nobody."""
    bench = Bench(sip_trunk=BOTH, trunk=RELAY).up()
    call, invite = waiting_callee(bench)
    fork(bench, invite, "two")
    assert len(requests_to(bench, "two", "PRACK")) == 1
    reply(bench, requests_to(bench, "two", "PRACK")[0], 481)
    meet(bench, call)
    (update,) = requests_to(bench, "two", "UPDATE")
    assert lines(update.session, "curr")[0] == "a=curr:qos local sendrecv"
    assert not bench.events("b", SessionOffered), "one after another"
    reply(bench, update, 580)
    (update,) = bench.events("b", SessionOffered)
    assert lines(update.body, "curr")[0] == "a=curr:qos local sendrecv"
    bench.call("b", "answer_update", invite.call, 200, body=described(version=2))
    bench.run(0.5)
    fork(bench, invite, "three")
    (update,) = requests_to(bench, "three", "UPDATE")
    reply(bench, update, 200)
    assert len(requests_to(bench, "two", "UPDATE")) == 1
    bench.call("b", "respond", invite.call, 200)
    bench.run(1)
    assert bench.events("a", Answered)


def test_a_fork_of_which_every_place_refuses():
    bench = Bench(sip_trunk=BOTH, trunk=RELAY).up()
    call, invite = waiting_callee(bench)
    fork(bench, invite, "two")
    meet(bench, call)
    reply(bench, requests_to(bench, "two", "UPDATE")[0], 580)
    assert not bench.events("a", Rejected)
    bench.call("b", "answer_update", invite.call, 580)
    bench.run(2)
    assert bench.events("a", Rejected)


def test_a_callee_whose_own_part_is_missing_is_waited_for():
    """It rings when it is ready; no UPDATE is due from us, and its own is answered."""
    bench = Bench(sip_trunk='preconditions = "supported"').up()
    place(bench)
    (invite,) = offered(bench)
    bench.call("b", "configure", invite.call, ASKING)
    waiting = described("curr:qos local none", "curr:qos remote sendrecv", "des:qos mandatory local sendrecv")
    bench.call("b", "respond", invite.call, 183, body=waiting)
    bench.run(1)
    assert bench.call("b", "update", invite.call, MET, ())
    bench.run(1)
    (result,) = bench.events("b", UpdateResult)
    assert result.status == 200
    assert lines(result.message.body, "curr") == ["a=curr:qos local sendrecv", "a=curr:qos remote sendrecv"]
    bench.call("b", "respond", invite.call, 200)
    bench.run(1)
    assert bench.events("a", Answered)


@pytest.mark.parametrize(
    ("trunk", "options", "status", "field", "tag"),
    [
        ("", CallOptions(reliable="supported", preconditions="required"), 420, "unsupported", "precondition"),
        (BOTH, CallOptions(reliable="supported"), 421, "require", "precondition"),
    ],
)
def test_who_must_and_cannot(trunk, options, status, field, tag):
    bench = Bench(sip_trunk=trunk).up()
    place(bench, options=options)
    (rejected,) = bench.events("a", Rejected)
    assert (rejected.status, rejected.message.values(field)) == (status, [tag])


@pytest.mark.parametrize(
    ("desired", "failure"),
    [
        ("des:qos mandatory e2e sendrecv", "a=des:qos failure e2e sendrecv"),
        ("des:sec mandatory remote send", "a=des:sec unknown local recv"),
    ],
)
def test_what_cannot_be_met_is_580(desired, failure):
    bench = Bench(sip_trunk='preconditions = "supported"').up()
    place(bench, described(desired), options=ASKING)
    (rejected,) = bench.events("a", Rejected)
    assert rejected.status == 580
    assert lines(rejected.message.session, "des") == [failure]
    bench.run(1)
    assert not bench.nodes["A"].control.calls


def test_a_callee_that_cannot_meet_them_has_cause_127():
    bench = Bench(sip_trunk='preconditions = "supported"').up()
    place(bench)
    bench.call("b", "respond", offered(bench)[0].call, 580)
    bench.run(2)
    assert bench.records["B"][0].cause == 127


@pytest.mark.parametrize("sip_trunk", ["", 'preconditions = "supported"'])
def test_attributes_without_the_option_tag_are_nothing(sip_trunk):
    bench = Bench(sip_trunk=sip_trunk).up()
    place(bench, WAITING, options=CallOptions(reliable="supported"))
    bench.run(1)
    assert offered(bench)
    assert not bench.events("a", SessionOffered)


def test_a_caller_who_gives_up_while_nobody_is_called_yet():
    bench = Bench(sip_trunk=BOTH, trunk=RELAY).up()
    call = place(bench, WAITING, options=ASKING)
    bench.run(1)
    bench.call("a", "cancel", call, ())
    bench.run(2)
    assert bench.all_idle()
    assert bench.records["A"][0].cause == 16


def test_preconditions_that_are_never_met():
    """The caller is told after as long as a call may ring."""
    bench = Bench(sip_trunk='preconditions = "supported"').up()
    place(bench, WAITING, options=ASKING)
    bench.run(200)
    assert bench.events("a", Rejected)
    assert bench.all_idle()
    assert not bench.nodes["A"].control.calls


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_in_whatever_order_leaves_nothing_behind(seed):
    """Users that do what they like while messages are lost: in the end no call, no circuit and no port is held."""
    chance = Random(seed)
    bench = Bench(
        seed, sip_loss=chance.choice((0.0, 0.1)), sip_trunk=chance.choice((BOTH, 'preconditions = "supported"')),
        trunk=chance.choice((RELAY, "")),
    ).up()  # fmt: skip
    calls = [place(bench, chance.choice((WAITING, MET)), options=ASKING) for _ in range(3)]
    for _ in range(30):
        bench.run(chance.choice((0.0002, 0.05, 0.7, 3.0)))
        call = chance.choice(calls)
        what = chance.randrange(8)
        if what < 3:
            bench.call("a", "update", call, chance.choice((WAITING, MET)), ())
        elif what == 3 and chance.random() < 0.3:
            bench.call("a", "end", call, 487, ())
        for invite in offered(bench):
            if chance.random() < 0.3:
                bench.call("b", "configure", invite.call, ASKING)
                body = described("curr:qos local none", "des:qos mandatory remote sendrecv")
                bench.call("b", "respond", invite.call, chance.choice((180, 183, 183, 200, 486, 580)), body=body)
            if chance.random() < 0.4:
                answer = described(version=3) if (status := chance.choice((200, 200, 491, 580))) == 200 else None
                bench.call("b", "answer_update", invite.call, status, body=answer)
            if chance.random() < 0.1:
                bench.call("b", "update", invite.call, MET, ())
    for call in calls:
        bench.call("a", "end", call, 487, ())
    bench.run(300)
    assert bench.all_idle()
    for name in "AB":
        node = bench.nodes[name]
        assert not node.control.calls
        sip = node.sip
        assert [len(held) for held in (sip._sessions, sip._by_leg, node.isup.pending)] == [0, 0, 0]
        assert sip._confirm_timers.next_deadline() is None
        assert len(set(sip.ports)) == 100


IMS = """{method} sip:0301234@127.0.0.1:5060 SIP/2.0
Via: SIP/2.0/UDP 10.0.0.8:5060;branch=z9hG4bK{cseq}
Max-Forwards: 70
From: <sip:+49301@ims.example>;tag=phone
To: <sip:0301234@127.0.0.1>{to}
Call-ID: ims@10.0.0.8
CSeq: {cseq} {method}
Contact: <sip:10.0.0.8>
Allow: INVITE, ACK, BYE, CANCEL, PRACK, UPDATE
{more}
Content-Type: application/sdp
Content-Length: {length}

"""


def test_a_second_offer_in_prack():
    """As phones of 3GPP TS 24.229 do it: one codec in PRACK, still not ready, and UPDATE when it is."""
    peers = "".join(
        f'[[trunk]]\nname = "{name}"\ntype = "sip"\npeer = "{host}"\npreconditions = "supported"\n'
        for name, host in (("ims", "10.0.0.8"), ("pbx", "10.0.0.9"))
    )
    bench = SipBench(f'{peers}[[route]]\ntrunk = ["ims"]\nto = ["pbx"]\n')
    called = bench.agent("10.0.0.9", answer=180)
    to, cseq = "", 0

    def send(method, body, more):
        nonlocal cseq
        cseq += 1
        head = IMS.format(method=method, cseq=cseq, to=to, more=more, length=len(body)).replace("\n", "\r\n")
        return [parse_message(data) for data in bench.send(head.encode() + body, ("10.0.0.8", 5060))]

    _, progress = send("INVITE", WAITING, "Supported: 100rel, precondition")
    assert (progress.status, progress.get("rseq")) == (183, "1")
    to = f";tag={progress.to.tag}"
    (answer,) = send("PRACK", WAITING.replace(b"AVP 0 8", b"AVP 8").replace(b"- 1 1", b"- 1 2"), "RAck: 1 1 INVITE")
    assert answer.status == 200
    assert lines(answer.session, "conf") == ["a=conf:qos remote sendrecv"]
    assert b"RTP/AVP 8\r\n" in answer.session
    assert not bench.heard(called, IncomingInvite)
    met = MET.replace(b"AVP 0 8", b"AVP 8").replace(b"- 1 2", b"- 1 3")
    updated, ringing = send("UPDATE", met, "Require: precondition")
    assert (updated.status, lines(updated.session, "curr")[1]) == (200, "a=curr:qos remote sendrecv")
    assert len(bench.heard(called, IncomingInvite)) == 1
    assert (ringing.status, ringing.body) == (180, b"")
