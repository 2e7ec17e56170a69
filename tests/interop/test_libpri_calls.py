"""libpri as the other end of a PRI trunk of a whole node, network and user side, every switch type it knows.

What a switch type does not define is here too: then the test says what both ends do instead.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from support.lapd_tshark import dissect
from support.libpri import build
from support.libpri_node import PriLine

from tandem.gateway.sip.primitives import Answered, Ended, IncomingInvite, Provisional, ReInvite, Rejected
from tandem.isdn.q931.switch_types import SWITCH_TYPES

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

SWITCHES = ("euroisdn", "qsig", "ni2", "dms100", "5ess", "4ess")
#: Timers that find the loss of a data link out soon.
SHORT = "[trunk.timers]\nt200 = 0.4\nt203 = 1.0\n"
OVERLAP = "overlap = true\nmaximum_digits = 6\n"
SIDES = ("network", "user")
sides = pytest.mark.parametrize("side", SIDES)
switches = pytest.mark.parametrize("switch", SWITCHES)


@pytest.fixture(scope="module")
def executable(tmp_path_factory):
    return build(tmp_path_factory.mktemp("pripeer"))


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """Frames of all lines, by our side: what tshark finds wrong with any is an error at the end."""
    frames = {side: {} for side in SIDES}
    yield frames
    for side, found in frames.items():
        seen = dissect(found, tmp_path_factory.mktemp("sent") / "sent.pcap", side == "network")
        assert [item.trouble for item in seen] == [[]] * len(found)


@pytest.fixture
def start(executable, sent):
    """A function that joins a node with a libpri; they end with the test."""
    started = []

    def begin(side, switch="euroisdn", lines="", *options):
        started.append((side, PriLine(executable, side, switch, lines, *options)))
        return started[-1][1]

    yield begin
    for side, line in started:
        line.close()
        sent[side] |= dict.fromkeys(line.sent)


def from_libpri(line, number="2125550123", more=""):
    """libpri calls, the SIP user is offered the call: its number there and at libpri."""
    mark = len(line.told)
    answer = line.tell(f"call {number} 2125550111 1{more}")
    assert answer.startswith("OK"), answer
    theirs = int(answer.split("call=")[1].split()[0])
    return line.hears(IncomingInvite, mark).call, theirs


def to_libpri(line, number="2125550123"):
    """The SIP user calls, libpri is offered the call: its number at the user and at libpri."""
    mark = len(line.peer.said)
    call = line.do(line.machine.invite, number)
    ring = line.event(r"PRI_EVENT_RING call=(\d+) .*called=(\S*)", mark)
    assert ring[2] == number
    return call, int(ring[1])


def released(line, cause, result):
    """Every channel is idle again, and the one call's record says so."""
    line.run_until(lambda: line.machine.records, "the record")
    line.up()
    (record,) = line.machine.records
    assert (record.cause, record.result) == (cause, result)


@sides
@switches
def test_calls_both_ways(start, side, switch):
    line = start(side, switch)
    ours, theirs = from_libpri(line)
    mark = len(line.peer.said)
    line.do(line.machine.respond, ours, 180)
    line.event(rf"PRI_EVENT_RINGING call={theirs}", mark)
    line.do(line.machine.respond, ours, 200)
    line.event(rf"PRI_EVENT_ANSWER call={theirs}", mark)
    told = len(line.told)
    line.tell(f"hangup {theirs} 16")
    line.hears(Ended, told)
    released(line, 16, "answered")
    line.machine.records.clear()

    told = len(line.told)
    ours, theirs = to_libpri(line)
    for command in ("proceed", "alert"):
        line.tell(f"{command} {theirs}")
    assert line.run_until(
        lambda: [one for one in line.told[told:] if isinstance(one, Provisional) and one.status == 180], "180"
    )
    mark = len(line.peer.said)
    line.tell(f"answer {theirs}")
    line.hears(Answered, told)
    line.do(line.machine.user.bye, ours, ())
    line.event(rf"PRI_EVENT_HANGUP(_REQ)? call={theirs} cause=16", mark)
    released(line, 16, "answered")


@switches
@sides
@pytest.mark.parametrize(("cause", "status"), [(1, 404), (17, 486), (21, 403), (34, 503)])
def test_libpri_refuses(start, side, switch, cause, status):
    line = start(side, switch)
    told = len(line.told)
    _, theirs = to_libpri(line)
    line.tell(f"proceed {theirs}")  # libpri says nothing of a busy user before
    line.tell(f"hangup {theirs} {cause}")
    rejected = line.hears(Rejected, told)
    assert rejected.status == status
    released(line, cause, "failed")


@switches
@sides
@pytest.mark.parametrize("state", ["offered", "proceed", "alert"])
def test_a_caller_gives_up_in_every_state(start, side, switch, state):
    line = start(side, switch)
    ours, theirs = to_libpri(line)
    if state != "offered":
        line.tell(f"proceed {theirs}")
    if state == "alert":
        line.tell(f"alert {theirs}")
    line.do(line.machine.user.cancel, ours, ())
    released(line, 16, "failed")


@switches
@sides
@pytest.mark.parametrize("state", ["offered", "ringing"])
def test_libpri_gives_up_before_the_answer(start, side, switch, state):
    line = start(side, switch)
    ours, theirs = from_libpri(line)
    if state == "ringing":
        line.do(line.machine.respond, ours, 180)
        line.event(rf"PRI_EVENT_RINGING call={theirs}")
    line.tell(f"hangup {theirs} 16")
    released(line, 16, "failed")


@switches
@sides
@pytest.mark.parametrize(
    ("state", "cause", "status"),
    [("offered", 1, 404), ("proceed", 17, 486), ("alert", 17, 486), ("answer", 16, None)],
)
def test_libpri_gives_up_as_the_called_side(start, side, switch, state, cause, status):
    """When offered not with cause 16, 17 or 21: libpri 1.6 sends nothing then, and T303 ends the call."""
    line = start(side, switch)
    told = len(line.told)
    _, theirs = to_libpri(line)
    if state != "offered":
        line.tell(f"proceed {theirs}")
    if state in ("alert", "answer"):
        line.tell(f"{state} {theirs}")
    if status is None:
        line.hears(Answered, told)
    line.tell(f"hangup {theirs} {cause}")
    if status is None:
        line.hears(Ended, told)
    else:
        assert line.hears(Rejected, told).status == status
    released(line, cause, "answered" if status is None else "failed")


@switches
@sides
@pytest.mark.parametrize("state", ["offered", "ringing", "answered"])
def test_the_called_user_gives_up_in_every_state(start, side, switch, state):
    line = start(side, switch)
    ours, theirs = from_libpri(line)
    mark = len(line.peer.said)
    if state != "offered":
        line.do(line.machine.respond, ours, 180)
        line.event(rf"PRI_EVENT_RINGING call={theirs}", mark)
    if state == "answered":
        line.do(line.machine.respond, ours, 200)
        line.event(rf"PRI_EVENT_ANSWER call={theirs}", mark)
        line.do(line.machine.user.bye, ours, ())
    else:
        line.do(line.machine.respond, ours, 486)
    cause = 16 if state == "answered" else 17
    line.event(rf"PRI_EVENT_HANGUP(_REQ)? call={theirs} cause={cause}", mark)
    released(line, cause, "answered" if state == "answered" else "failed")


overlapping = pytest.mark.parametrize("switch", [name for name in SWITCHES if SWITCH_TYPES[name].overlap])
en_bloc = pytest.mark.parametrize("switch", [name for name in SWITCHES if not SWITCH_TYPES[name].overlap])


def dials(line):
    """libpri dials the first digits of a number and waits for SETUP ACKNOWLEDGE: its call."""
    theirs = int(line.tell("call 301 100 1 0").split("call=")[1].split()[0])
    line.event(rf"PRI_EVENT_SETUP_ACK call={theirs}")
    return theirs


@overlapping
@sides
def test_libpri_gives_up_while_it_dials(start, side, switch):
    """Overlap receiving: nobody has been called yet, the channel is free again."""
    line = start(side, switch, OVERLAP)
    line.tell(f"hangup {dials(line)} 16")
    line.up()
    assert line.machine.records == []


@overlapping
@sides
def test_digits_of_libpri_are_collected(start, side, switch):
    line = start(side, switch, OVERLAP)
    mark = len(line.told)
    theirs = dials(line)
    line.tell(f"info {theirs} 234")
    assert line.hears(IncomingInvite, mark).request.uri.user == "+49301234"
    line.tell(f"hangup {theirs} 16")
    released(line, 16, "failed")


@en_bloc
@sides
def test_where_there_is_no_overlap_the_number_is_whole(start, side, switch):
    """Whatever libpri thinks of the number, there is no SETUP ACKNOWLEDGE, and INFORMATION later adds nothing."""
    line = start(side, switch)
    mark, said = len(line.told), len(line.peer.said)
    theirs = int(line.tell("call 301 100 1 0").split("call=")[1].split()[0])
    assert line.hears(IncomingInvite, mark).request.uri.user == "+49301"
    line.event(rf"PRI_EVENT_PROCEEDING call={theirs}", said)
    line.tell(f"info {theirs} 234")
    line.run(0.2)
    assert not [text for text in line.peer.said[said:] if "SETUP_ACK" in text]
    assert len([item for item in line.told[mark:] if isinstance(item, IncomingInvite)]) == 1
    line.tell(f"hangup {theirs} 16")
    released(line, 16, "failed")


@switches
@sides
def test_libpri_asks_for_more_digits_than_there_are(start, side, switch):
    """SETUP ACKNOWLEDGE of libpri after a whole number: the call goes on."""
    line = start(side, switch)
    told = len(line.told)
    _, theirs = to_libpri(line)
    for command in ("setupack", "proceed", "alert", "answer"):
        line.tell(f"{command} {theirs}")
    line.hears(Answered, told)
    line.tell(f"hangup {theirs} 16")
    released(line, 16, "answered")


@switches
@sides
@pytest.mark.parametrize("state", ["proceed", "alert", "answer"])
def test_libpri_puts_a_call_on_another_channel(start, side, switch, state):
    line = start(side, switch, 'channel_choice = "preferred"\n')
    _, theirs = to_libpri(line)
    line.tell(f"channel {theirs} 7")
    line.tell(f"{state} {theirs}")
    port = line.machine.node.pri.trunks["line"]
    line.run_until(lambda: [half.reference for half in port.halves.values()] == ["line/7"], "channel 7")
    line.tell(f"hangup {theirs} 16")
    released(line, 16, "answered" if state == "answer" else "failed")


@switches
@sides
def test_libpri_holds_and_retrieves(start, side, switch):
    line = start(side, switch)
    ours, theirs = from_libpri(line)
    line.do(line.machine.respond, ours, 200)
    line.event(rf"PRI_EVENT_ANSWER call={theirs}")
    for command, direction in (("hold", b"a=sendonly"), ("retrieve", b"a=sendrecv")):
        mark, told = len(line.peer.said), len(line.told)
        line.tell(f"{command} {theirs}")
        line.event(rf"PRI_EVENT_{command.upper()}_ACK", mark)
        invite = line.hears(ReInvite, told)
        assert direction in invite.body
        line.do(line.machine.answer_reinvite, ours)
    line.tell(f"hangup {theirs} 16")
    released(line, 16, "answered")


@switches
@sides
def test_restart_of_a_channel_ends_its_call(start, side, switch):
    line = start(side, switch)
    ours, theirs = from_libpri(line)
    line.do(line.machine.respond, ours, 200)
    line.event(rf"PRI_EVENT_ANSWER call={theirs}")
    told = len(line.told)
    line.tell("restart 1")
    line.hears(Ended, told)
    line.event("PRI_EVENT_RESTART_ACK")
    released(line, 41, "answered")


def comes_back(line):
    """The link is lost in a call and comes back before T309 has run out: the call goes on."""
    ours, theirs = from_libpri(line)
    line.do(line.machine.respond, ours, 200)
    line.event(rf"PRI_EVENT_ANSWER call={theirs}")
    line.cut()
    line.run_until(lambda: not line.machine.interface.available, "the loss of the link", 60)
    line.cut(False)
    line.run_until(lambda: line.machine.interface.available, "the link again", 60)
    line.run(1)
    assert not line.machine.records
    told = len(line.told)
    line.tell(f"hangup {theirs} 16")
    line.hears(Ended, told)
    released(line, 16, "answered")


def stays_away(line):
    """The link is lost in a call for longer than T309: the call ends, and the channel is free when it is back."""
    ours, theirs = from_libpri(line)
    line.do(line.machine.respond, ours, 200)
    line.event(rf"PRI_EVENT_ANSWER call={theirs}")
    line.cut()
    line.run_until(lambda: line.machine.records, "the end of the call", 60)
    line.cut(False)
    released(line, 27, "answered")


LOSSES = {comes_back: "t309 = 60.0\n", stays_away: "t309 = 2.0\n"}


@pytest.fixture(scope="module")
def losses(executable):
    """All of them at a time, for they are seconds of waiting each: what went wrong, by loss, side and switch type."""

    def play(case):
        loss, side, switch = case
        line = PriLine(executable, side, switch, SHORT + LOSSES[loss])
        try:
            loss(line)
        except AssertionError as error:
            return error
        finally:
            line.close()
        return None

    cases = [(loss, side, switch) for loss in LOSSES for side in SIDES for switch in SWITCHES]
    with ThreadPoolExecutor(len(cases)) as pool:
        return dict(zip(cases, pool.map(play, cases), strict=True))


@switches
@sides
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_a_link_is_lost_in_mid_call(losses, loss, side, switch):
    if losses[loss, side, switch]:
        raise losses[loss, side, switch]
