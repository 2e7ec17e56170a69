"""RFC 3312: the table of statuses, and what is read into it and written out of it."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.errors import DecodeError
from tandem.gateway.sip.preconditions import Preconditions, Stated, Strength


def spoken(*lines):
    return Stated.parse([tuple(line.split(":", 1)) for line in lines])


#: What the peer says: current local, desired local, desired remote; what is missing for us then.
ROWS = [
    ("none", "mandatory local sendrecv", "none remote sendrecv", {("remote", "send"), ("remote", "recv")}),
    ("send", "mandatory local sendrecv", "none remote sendrecv", {("remote", "send")}),
    ("recv", "mandatory local sendrecv", "none remote sendrecv", {("remote", "recv")}),
    ("sendrecv", "mandatory local sendrecv", "none remote sendrecv", set()),
    ("none", "mandatory local send", "none remote sendrecv", {("remote", "recv")}),
    ("none", "mandatory local recv", "none remote sendrecv", {("remote", "send")}),
    ("recv", "mandatory local send", "none remote sendrecv", {("remote", "recv")}),
    ("none", "optional local sendrecv", "mandatory remote sendrecv", set()),
    ("none", "none local sendrecv", "none remote sendrecv", set()),
    ("none", "mandatory local none", "none remote sendrecv", set()),
]


@pytest.mark.parametrize(("current", "local", "remote", "missing"), ROWS)
def test_what_is_missing(current, local, remote, missing):
    offer = spoken(f"curr:qos local {current}", "curr:qos remote none", f"des:qos {local}", f"des:qos {remote}")
    table = Preconditions().told(offer)
    assert {(row.segment.value, row.way) for row in table.missing} == missing
    assert not table.impossible
    assert ("a=conf:qos remote" in table.lines()) == bool(missing)


def test_the_answer_to_an_offer_that_waits():
    offer = spoken(
        "curr:qos local none",
        "curr:qos remote none",
        "des:qos mandatory local sendrecv",
        "des:qos none remote sendrecv",
    )
    assert Preconditions().told(offer).lines() == (
        "a=curr:qos local sendrecv\r\n"
        "a=curr:qos remote none\r\n"
        "a=des:qos none local sendrecv\r\n"
        "a=des:qos mandatory remote sendrecv\r\n"
        "a=conf:qos remote sendrecv\r\n"
    )


def test_directions_are_turned_round():
    table = Preconditions().told(spoken("curr:qos local send", "des:qos mandatory local send"))
    assert table.lines() == "a=curr:qos remote recv\r\na=des:qos mandatory remote recv\r\n"


@pytest.mark.parametrize("strength", Strength)
@pytest.mark.parametrize("ready", [True, False])
def test_an_offer_of_ours(strength, ready):
    table = Preconditions.offered(strength, ready)
    assert table.lines() == (
        f"a=curr:qos local {'sendrecv' if ready else 'none'}\r\n"
        "a=curr:qos remote none\r\n"
        f"a=des:qos {strength.name.lower()} local sendrecv\r\n"
        "a=des:qos none remote sendrecv\r\n"
    )
    assert bool(table.missing) == (strength is Strength.MANDATORY and not ready)
    assert not table.made_ready().missing


@pytest.mark.parametrize("ours", Strength)
@pytest.mark.parametrize("theirs", ["none", "optional", "mandatory"])
def test_a_strength_is_raised_and_never_lowered(ours, theirs):
    """RFC 3312 5.2."""
    table = Preconditions.offered(ours, True).told(spoken(f"des:qos {theirs} remote sendrecv"))
    assert {s for row, s in table.desired.items() if row.segment.value == "local"} == {
        max(ours, Strength[theirs.upper()])
    }


def test_an_answer_may_want_what_we_did_not():
    """RFC 3312 5.2: our `none` for the peer's own part becomes its `mandatory`."""
    table = Preconditions.offered(Strength.MANDATORY, True).told(
        spoken("curr:qos local none", "des:qos mandatory local sendrecv", "conf:qos remote sendrecv")
    )
    assert len(table.missing) == 2
    assert not table.settled().missing


@pytest.mark.parametrize(
    ("desired", "lines"),
    [
        ("qos mandatory e2e sendrecv", "a=des:qos failure e2e sendrecv\r\n"),
        ("qos mandatory e2e send", "a=des:qos failure e2e recv\r\n"),
        ("sec mandatory remote sendrecv", "a=des:sec unknown local sendrecv\r\n"),
        ("sec mandatory e2e sendrecv", "a=des:sec unknown e2e sendrecv\r\n"),
        ("sec mandatory local sendrecv", ""),
        ("sec optional e2e sendrecv", ""),
        ("qos optional e2e sendrecv", ""),
    ],
)
def test_what_cannot_be_met(desired, lines):
    """RFC 3312 8 and 9: what is unknown is refused, unless its writer alone can meet it."""
    table = Preconditions().told(spoken(f"des:{desired}"))
    assert table.failure_lines() == lines


@pytest.mark.parametrize(
    "line", ["curr:qos nowhere send", "curr:qos local", "des:qos local send", "des:qos must local send", "conf:qos"]
)
def test_what_is_malformed(line):
    with pytest.raises(DecodeError):
        spoken(line)


def test_a_peer_cannot_make_us_remember_more_and_more():
    table = Preconditions()
    for number in range(50):
        table = table.told(spoken(f"des:type{number} optional local send", "des:qos mandatory local send"))
    assert len(table.desired) == 2
    with pytest.raises(DecodeError):
        spoken(*["curr:qos local none"] * 65)


def test_nothing_said_is_nothing():
    assert Stated.parse([]) is None


WORDS = st.sampled_from(
    [
        "qos",
        "sec",
        "mandatory",
        "optional",
        "none",
        "failure",
        "unknown",
        "e2e",
        "local",
        "remote",
        "send",
        "recv",
        "sendrecv",
    ]
)
ATTRIBUTES = st.tuples(st.sampled_from(["curr", "des", "conf"]), st.lists(WORDS, max_size=5).map(" ".join) | st.text())


@given(st.lists(ATTRIBUTES, max_size=8))
def test_any_attributes_give_a_table_or_an_error(attributes):
    """Whatever the peer says, our answer can be read, and asks for no less."""
    with contextlib.suppress(DecodeError):
        stated = Stated.parse(attributes)
        if stated is not None:
            table = Preconditions.offered(Strength.OPTIONAL, False).told(stated)
            again = spoken(*(line.removeprefix("a=") for line in table.lines().splitlines()))
            assert {row.turned() for row, _ in stated.desired} <= {row for row, _ in again.desired}
            assert not Preconditions().told(stated).settled().missing
