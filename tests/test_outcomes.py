"""All 16 pairs of SIP, ISUP, TUP and PRI, every outcome, message by message on both sides, in virtual time.

One node between two outer ends, `left` calling `right`. What each protocol says of an outcome is a row of a table; a
pair is the row of the one beside the row of the other, so that a message too many or too few is seen in any pair.
"""

import contextlib
import random

import pytest
from support.outcomes import PROTOCOLS, Scene

from tandem.core.errors import TandemError

pairs = pytest.mark.parametrize("pair", [(left, right) for left in PROTOCOLS for right in PROTOCOLS], ids="-".join)

#: What the calling side sees, by its protocol; forward messages with `>`.
SETUP = {
    "sip": ["INVITE >", "100 <"],
    "isup": ["IAM >"],
    "tup": ["IAI >"],
    "pri": ["SETUP >", "CALL PROCEEDING <"],
}
RINGING = {"sip": ["180 <"], "isup": ["ACM <"], "tup": ["ACM <"], "pri": ["ALERTING <"]}
ANSWER = {"sip": ["200 <", "ACK >"], "isup": ["ANM <"], "tup": ["ANC <"], "pri": ["CONNECT <", "CONNECT ACKNOWLEDGE >"]}
PROGRESS = {"sip": ["183 <"], "isup": ["ACM <"], "tup": ["ACM <"], "pri": ["PROGRESS <"]}
#: Answer without alerting: circuits need an address complete before it, or with it.
AT_ONCE = {**ANSWER, "isup": ["CON <"], "tup": ["ACM <", "ANC <"]}
#: The calling side hangs up, answered or not.
HANGS_UP = {
    "sip": ["BYE >", "200 <"],
    "isup": ["REL >", "RLC <"],
    "tup": ["CLF >", "RLG <"],
    "pri": ["DISCONNECT >", "RELEASE <", "RELEASE COMPLETE >"],
}
GIVES_UP = {**HANGS_UP, "sip": ["CANCEL >", "200 <", "487 <", "ACK >"]}
#: The called side hangs up.
HUNG_UP_ON = {
    "sip": ["BYE <", "200 >"],
    "isup": ["REL <", "RLC >"],
    "tup": ["CBK <", "CLF >", "RLG <"],
    "pri": ["DISCONNECT <", "RELEASE >", "RELEASE COMPLETE <"],
}
#: A failure before anything was said: cause to what the calling side hears.
REFUSED = {
    "sip": {1: ["404 <", "ACK >"], 17: ["486 <", "ACK >"], 34: ["503 <", "ACK >"], 41: ["503 <", "ACK >"]},
    "isup": {cause: ["REL <", "RLC >"] for cause in (1, 17, 34, 41)},
    "tup": {1: ["UNN <"], 17: ["SSB <"], 34: ["CGC <"], 41: ["CFL <"]},
    "pri": {cause: ["DISCONNECT <", "RELEASE >", "RELEASE COMPLETE <"] for cause in (1, 17, 34, 41)},
}
NOTHING = {protocol: [] for protocol in PROTOCOLS}
#: A failure of TUP is cleared by the calling side (Q.724 1).
REFUSED["tup"] = {cause: [*said, "CLF >", "RLG <"] for cause, said in REFUSED["tup"].items()}
#: The called user does not answer and its exchange gives up, after ringing.
UNANSWERED = {**HUNG_UP_ON, "sip": ["480 <", "ACK >"], "tup": ["CFL <", "CLF >", "RLG <"]}


def expect(scene, *parts):
    """The messages on each side, from the tables of its protocol; on the right they go the same way."""
    for side, protocol in zip(("left", "right"), scene.pair, strict=True):
        wanted = [message for part in parts for message in part[protocol]]
        assert scene.messages(side) == wanted, f"{side}: {protocol}"


def ended(scene, result, cause, by):
    scene.run(8)
    assert scene.all_idle()
    assert not scene.node.control.calls
    (record,) = scene.records
    assert (record.incoming.protocol, record.outgoing.protocol) == scene.pair
    assert (record.result, record.cause, record.released_by) == (result, cause, by)


@pairs
def test_success_and_the_calling_side_hangs_up(pair):
    scene = Scene(pair)
    call, far = scene.offered()
    scene.ring(far)
    scene.answer(far)
    scene.end("left", call)
    ended(scene, "answered", 16, "incoming")
    expect(scene, SETUP, RINGING, ANSWER, HANGS_UP)


@pairs
def test_success_and_the_called_side_hangs_up(pair):
    scene = Scene(pair)
    _, far = scene.offered()
    scene.ring(far)
    scene.answer(far)
    scene.end("right", far)
    ended(scene, "answered", 16, "outgoing")
    expect(scene, SETUP, RINGING, ANSWER, HUNG_UP_ON)


@pairs
def test_answer_without_alerting(pair):
    scene = Scene(pair)
    call, far = scene.offered()
    scene.answer_at_once(far)
    scene.end("left", call)
    ended(scene, "answered", 16, "incoming")
    # TUP says ACM all the same, and by that to the calling side that there may be something to hear.
    first = PROGRESS if pair[1] == "tup" else NOTHING
    left, right = pair
    answer = ANSWER if pair[1] == "tup" else AT_ONCE
    assert scene.messages("left") == [*SETUP[left], *first[left], *answer[left], *HANGS_UP[left]]
    assert scene.messages("right") == [*SETUP[right], *AT_ONCE[right], *HANGS_UP[right]]


@pairs
@pytest.mark.parametrize(("outcome", "cause"), [("unallocated", 1), ("busy", 17), ("congestion", 34)])
def test_failures(pair, outcome, cause):
    scene = Scene(pair)
    _, far = scene.offered()
    scene.end("right", far, cause)
    said = 41 if (pair[1], cause) == ("sip", 34) else cause  # 503 is cause 41 (RFC 3398 8.2.6.1)
    ended(scene, "failed", said, "outgoing")
    left, right = pair
    assert scene.messages("left") == [*SETUP[left], *REFUSED[left][said]]
    assert scene.messages("right") == [*SETUP[right], *REFUSED[right][cause]]


@pairs
def test_no_answer(pair):
    scene = Scene(pair)
    _, far = scene.offered()
    scene.ring(far)
    scene.end("right", far, 19)
    scene.run(8)
    assert scene.all_idle()
    (record,) = scene.records
    assert (record.result, record.released_by) == ("failed", "outgoing")
    expect(scene, SETUP, RINGING, UNANSWERED)


@pairs
@pytest.mark.parametrize("ringing", [True, False])
def test_abandoned_before_answer(pair, ringing):
    scene = Scene(pair)
    call, far = scene.offered()
    if ringing:
        scene.ring(far)
    scene.end("left", call)
    ended(scene, "failed", 16, "incoming")
    expect(scene, SETUP, RINGING if ringing else NOTHING, GIVES_UP)


#: What tells further digits.
DIGITS = {"isup": "SAM", "tup": "SAM", "pri": "INFORMATION", "sip": "INVITE"}
CIRCUITS = [protocol for protocol in DIGITS if protocol != "sip"]


@pairs
def test_overlap_whole(pair):
    """Digits come one by one where the calling side has overlap, and go on as a whole number."""
    scene = Scene(pair, overlap=True)
    call, far = scene.offered(digits=("30", "1", "2"))
    assert scene.number_of(far) == "3012"
    names = [message.split()[0] for message in scene.messages("right")]
    assert not set(names) & {"SAM", "SAO", "INFORMATION"}
    scene.ring(far)
    scene.answer(far)
    scene.end("left", call)
    ended(scene, "answered", 16, "incoming")


@pytest.mark.parametrize("left", DIGITS)
@pytest.mark.parametrize("right", DIGITS)
def test_overlap_digit_by_digit(left, right):
    """With pass_digits the call goes on with the first digits, each further one follows as it comes (SIP: RFC 3578)."""
    scene = Scene((left, right), overlap=True, pass_digits=True, invites=True)
    call = scene.setup(digits="30", complete=False)
    scene.run(0.5)
    far = scene.right.offered[0].call
    assert scene.right.number(scene.right.offered[0])[0] == "30"
    for digit in "12":
        scene.at("left", "digits", call, digit, False)
        scene.run(0.5)
    for side, protocol in zip(("left", "right"), (left, right), strict=True):
        names = [" ".join(message.split()[:-1]) for message in scene.messages(side)]
        assert names.count(DIGITS[protocol]) + names.count("SAO") >= 2
    assert scene.number_of(far) == "3012"
    scene.ring(far)
    scene.answer(far)
    scene.end("left", call)
    ended(scene, "answered", 16, "incoming")
    assert scene.records[0].incoming.called.endswith("3012")


@pytest.mark.parametrize("pair", [("tup", "tup"), ("tup", "isup"), ("isup", "tup"), ("isup", "isup")], ids="-".join)
def test_forward_transfer(pair):
    """FOT of the calling side's operator, during the call; it means nothing to SIP and PRI."""
    scene = Scene(pair)
    call, far = scene.offered()
    scene.ring(far)
    scene.answer(far)
    scene.at("left", "forward_transfer", call)
    scene.run(0.5)
    assert "FOT >" in scene.messages("left")
    assert "FOT >" in scene.messages("right")
    scene.end("left", call)
    ended(scene, "answered", 16, "incoming")


circuits = pytest.mark.parametrize("pair", [(left, right) for left in CIRCUITS for right in CIRCUITS], ids="-".join)


def following(pair):
    """A call that went on before its number was whole: the scene, and the call at either side."""
    scene = Scene(pair, overlap=True, pass_digits=True, invites=True)
    call = scene.setup(digits="30", complete=False)
    scene.run(0.5)
    return scene, call, scene.right.offered[-1].call


@pairs
def test_abandoned_in_the_middle_of_the_number(pair):
    scene, call, _ = following(pair)
    scene.end("left", call)
    ended(scene, "failed", 16, "incoming")


@pairs
def test_refused_in_the_middle_of_the_number(pair):
    """The called side knows that there is no such number before it is whole."""
    scene, call, far = following(pair)
    scene.at("left", "digits", call, "1", False)
    scene.run(0.3)
    scene.end("right", far, 1)
    ended(scene, "failed", 1, "outgoing")


@pairs
def test_rings_before_the_calling_side_has_said_that_the_number_is_whole(pair):
    scene, call, far = following(pair)
    scene.at("left", "digits", call, "12", False)
    scene.run(0.3)
    scene.ring(far)
    scene.answer(far)
    scene.run(60)
    assert len(scene.node.control.calls) == 1
    scene.end("left", call)
    ended(scene, "answered", 16, "incoming")


@circuits
def test_the_last_digit_was_the_last(pair):
    """No more digits come: the timer of the calling side ends the number, and the called side is told."""
    scene, call, far = following(pair)
    scene.at("left", "digits", call, "12", False)
    scene.run(0.3)
    before = len(scene.messages("right"))
    scene.run(16)
    told = {message.split(" ")[0] for message in scene.messages("right")[before:]}
    assert told & {"SAM", "SAO", "INFORMATION"}
    assert scene.number_of(far) == "3012"
    scene.ring(far)
    scene.answer(far)
    scene.end("left", call)
    ended(scene, "answered", 16, "incoming")


@pytest.mark.parametrize("left", CIRCUITS)
def test_digits_for_sip_are_collected_all_the_same(left):
    """RFC 3578 3.1: one INVITE with the whole number, although the calling trunk passes digits on."""
    scene = Scene((left, "sip"), overlap=True, pass_digits=True)
    call = scene.setup(digits="30", complete=False)
    scene.run(0.5)
    scene.at("left", "digits", call, "12", False)
    scene.run(0.5)
    assert scene.messages("right") == []
    scene.run(16)
    assert scene.messages("right")[0] == "INVITE >"
    assert scene.messages("right").count("INVITE >") == 1
    far = scene.right.offered[-1].call
    assert scene.number_of(far) == "3012"
    scene.ring(far)
    scene.answer(far)
    scene.end("left", call)
    ended(scene, "answered", 16, "incoming")


@pytest.mark.parametrize("seed", range(60))
def test_digits_and_ends_at_any_moment(seed):
    """However digits, ringing, answer and release fall together, nothing stays behind."""
    chance = random.Random(seed)
    pair = chance.choice(list(DIGITS)), chance.choice(PROTOCOLS)
    scene = Scene(pair, overlap=True, pass_digits=True, invites=chance.random() < 0.7 or pair[0] == "sip")
    call = scene.setup(digits=chance.choice(["3", "30", "301"]), complete=False)
    steps = ["digit"] * chance.randint(0, 4) + ["ring", "answer", "left", "right"]
    chance.shuffle(steps)
    answered = False
    for step in steps:
        scene.run(chance.choice([0.005, 0.015, 0.05, 0.5, 6, 21]))
        far = scene.right.offered[0].call if scene.right.offered else None
        if not scene.node.control.calls:
            break
        if step in ("left", "right"):
            if step == "left" or far is not None:
                scene.release(step, call if step == "left" else far, chance.choice([1, 16, 17, 34]))
                break
            continue
        # An outer exchange refuses what is too early or too late for it; the node must bear what crosses on the way.
        with contextlib.suppress(TandemError):
            if step == "digit":
                scene.at("left", "digits", call, chance.choice("0123"), chance.random() < 0.2)
            elif far is not None and not answered:
                scene.at("right", "do", far, "alert" if step == "ring" else "answer")
                answered = step == "answer"
    scene.run(200)
    assert scene.all_idle()
    assert not scene.node.control.calls
    assert len(scene.records) == 1 or not scene.right.offered
