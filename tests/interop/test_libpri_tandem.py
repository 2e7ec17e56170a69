"""libpri, a node of ours, libpri: from one PRI to another, between switch types, digit by digit, with hold."""

import pytest
from support.libpri import build
from support.libpri_node import PriTandem

from tandem.isdn.q931.switch_types import SWITCH_TYPES

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

SWITCHES = tuple(SWITCH_TYPES)
#: Each switch type to the next one.
PAIRS = list(zip(SWITCHES, SWITCHES[1:] + SWITCHES[:1], strict=True))
OVERLAP = "overlap = true\npass_digits = true\nminimum_digits = 2\n"
SIDES = ("network", "user")


@pytest.fixture(scope="module")
def executable(tmp_path_factory):
    return build(tmp_path_factory.mktemp("pripeer"))


@pytest.fixture
def start(executable):
    """A function that puts a node between two libpri; they end with the test."""
    started = []

    def begin(left, right):
        started.append(PriTandem(executable, left, right))
        return started[-1]

    yield begin
    for tandem in started:
        tandem.close()


def call(tandem, number="2125550123", complete=1):
    """The left libpri calls, the right one is offered the call: its number at both."""
    mark = len(tandem.right.peer.said)
    ours = int(tandem.left.tell(f"call {number} 2125550111 1 {complete}").split("call=")[1].split()[0])
    ring = tandem.event(tandem.right, r"PRI_EVENT_RING call=(\d+) .*called=(\S*)", mark)
    return ours, int(ring[1]), ring[2]


def answer(tandem, ours, theirs):
    """The right libpri rings and answers."""
    for command in ("proceed", "alert", "answer"):
        tandem.right.tell(f"{command} {theirs}")
    tandem.event(tandem.left, rf"PRI_EVENT_RINGING call={ours}")
    tandem.event(tandem.left, rf"PRI_EVENT_ANSWER call={ours}")


def hang_up(tandem, ours, theirs):
    """The left libpri hangs up: the right one hears it, and nothing is left."""
    tandem.left.tell(f"hangup {ours} 16")
    tandem.event(tandem.right, rf"PRI_EVENT_HANGUP(_REQ)? call={theirs} cause=16")
    tandem.run_until(lambda: tandem.records, "the record")
    tandem.up()
    (record,) = tandem.records
    assert (record.cause, record.result) == (16, "answered")


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_calls_between_switch_types(start, left, right):
    tandem = start(("network", left, ""), ("user", right, ""))
    ours, theirs, called = call(tandem)
    assert called == "2125550123"
    answer(tandem, ours, theirs)
    hang_up(tandem, ours, theirs)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("switch", [name for name in SWITCHES if SWITCH_TYPES[name].overlap])
def test_digits_go_on_one_by_one(start, switch, side):
    """Overlap receiving at one line, overlap sending at the other: the right libpri says when it has enough."""
    tandem = start((side, switch, OVERLAP), (side, switch, OVERLAP))
    ours, theirs, called = call(tandem, "30", complete=0)
    assert called == "30"
    tandem.right.tell(f"setupack {theirs}")
    for digit in "1234":
        mark = len(tandem.right.peer.said)
        tandem.left.tell(f"info {ours} {digit}")
        tandem.event(tandem.right, rf"PRI_EVENT_INFO_RECEIVED call={theirs} digits={digit}", mark)
    answer(tandem, ours, theirs)
    hang_up(tandem, ours, theirs)


def test_the_other_end_is_told_of_a_hold(start):
    tandem = start(("network", "euroisdn", ""), ("user", "euroisdn", ""))
    ours, theirs, _ = call(tandem)
    answer(tandem, ours, theirs)
    # Q.931 4.5.22 and Q.932: remote hold and remote retrieval.
    for command, notification in (("hold", 0x79), ("retrieve", 0x7A)):
        mark = len(tandem.right.peer.said)
        tandem.left.tell(f"{command} {ours}")
        tandem.event(tandem.left, rf"PRI_EVENT_{command.upper()}_ACK")
        tandem.event(tandem.right, rf"PRI_EVENT_NOTIFY info={notification}\b", mark)
    hang_up(tandem, ours, theirs)


@pytest.mark.parametrize("state", ["offered", "proceed", "alert"])
def test_the_right_end_refuses(start, state):
    tandem = start(("user", "euroisdn", ""), ("network", "qsig", ""))
    ours, theirs, _ = call(tandem)
    if state != "offered":
        tandem.right.tell(f"proceed {theirs}")
    if state == "alert":
        tandem.right.tell(f"alert {theirs}")
    cause = 1 if state == "offered" else 17
    tandem.right.tell(f"hangup {theirs} {cause}")
    tandem.event(tandem.left, rf"PRI_EVENT_HANGUP(_REQ)? call={ours} cause={cause}")
    tandem.run_until(lambda: tandem.records, "the record")
    tandem.up()
    assert [(record.cause, record.result) for record in tandem.records] == [(cause, "failed")]
