"""The operator's causes at the edges, alone and in calls through a node."""

import pytest
from support.transit import Transit
from support.transit_access import pri_side

from tandem.core.errors import ConfigurationError
from tandem.gateway.calls.cause_changes import CauseChanges, is_change
from tandem.gateway.calls.model import Opaque, Release
from tandem.gateway.configuration.load import parse

MINIMAL = """
[sip]
listen = "127.0.0.1:5060"
[[trunk]]
name = "p"
type = "sip"
peer = "127.0.0.1:9"
[[route]]
to = ["p"]
[cause_map]
"""


def test_rows():
    changes = CauseChanges.of(
        {"isup-call 31": 16, "call-pri 21": 17, "tup-call SSB": 19, "call-tup 17": "STB", "isup-sip 21": 603}
    )
    assert changes.entering == {("isup", 31): 16}
    assert changes.leaving == {("pri", 21): 17}
    assert changes.failures == {"SSB": 19}
    assert changes.messages == {17: "STB"}


def test_a_changed_cause_loses_the_message_that_said_the_old_one():
    changes = CauseChanges.of({"isup-call 31": 16, "call-isup 16": 31})
    release = Release(31, 4, "", (Opaque("isup-itu", b"x", 12),))
    assert changes.entered("isup", release) == Release(16, 4)
    assert changes.entered("pri", release) is release
    assert changes.left("isup", Release(16, 4)) == Release(31, 4)
    assert changes.left("isup", release) is release


def test_rows_of_sip_are_another_matter():
    assert not is_change("isup-sip 21")
    assert not is_change("sip-isup 480")
    assert all(is_change(row) for row in ("isup-call 1", "call-isup 1", "pri-call 1", "call-pri 1", "tup-call SSB"))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ('"isup-call 200" = 16', "200 is not a Q.850 cause value"),
        ('"isup-call 31" = "SSB"', "SSB is not a Q.850 cause value"),
        ('"call-pri 1" = 0', "0 is not a Q.850 cause value"),
        ('"tup-call ACM" = 17', "'ACM' is not a TUP message of failure"),
        ('"call-tup 17" = "EUM"', "'EUM' is not a TUP message of failure"),
        ('"call-tup 17" = 17', "17 is not a TUP message of failure"),
        ('"r2-call 17" = 17', "is not a row; write"),
    ],
)
def test_a_wrong_row_is_told(row, says):
    with pytest.raises(ConfigurationError) as refusal:
        parse(MINIMAL + row)
    assert says in str(refusal.value)


NETWORK = pri_side("network")
CALLS = {
    "from isup": ("tup", "isup", '"isup-call 1" = 17', 1, "SSB"),
    "to isup": ("isup", "isup", '"call-isup 17" = 34', 17, 34),
    "from pri": ("isup", NETWORK, '"pri-call 17" = 31', 17, 31),
    "to pri": (NETWORK, "isup", '"call-pri 17" = 21', 17, 21),
    "from tup": ("isup", "tup", '"tup-call SSB" = 34', 17, 34),
    "to tup": ("tup", "isup", '"call-tup 17" = "CGC"', 17, "CGC"),
    "to tup, a message of China": ("tup", "isup", '"call-tup 17" = "STB"', 17, "SSB"),
}


@pytest.mark.parametrize("case", CALLS.values(), ids=CALLS)
def test_a_call_that_the_called_side_refuses(case):
    left, right, row, cause, expected = case
    more = {kind: kind for kind in (left, right) if not isinstance(kind, str)}
    transit = Transit(left, right, more=more, tail=f"[cause_map]\n{row}\n")
    transit.setup()
    transit.run(0.5)
    transit.at("right", "release", transit.right.offered[-1].call, cause)
    transit.run(3)
    assert transit.all_idle()
    if isinstance(expected, str):
        assert f"left {expected} <" in transit.ladder
    else:
        assert list(transit.left.released.values()) == [expected]
    (record,) = transit.records
    entered = "-call" in case[2]
    assert record.cause == (int(case[2].rpartition("= ")[2]) if entered else cause)
