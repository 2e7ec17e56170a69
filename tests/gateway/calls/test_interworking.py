"""Cause tables."""

import pytest

from tandem.core.cause import Cause, Location
from tandem.gateway.calls.interworking import (
    CAUSE_TO_STATUS,
    STATUS_TO_CAUSE,
    CauseMap,
    describe,
    parse_override,
)

NETWORK = Location.PUBLIC_NETWORK_REMOTE


@pytest.mark.parametrize("row", CAUSE_TO_STATUS)
def test_every_row_towards_sip_is_obeyed(row):
    assert CauseMap().status(row.cause, NETWORK) == row.status
    assert row.clause.startswith("RFC 3398")


@pytest.mark.parametrize("row", STATUS_TO_CAUSE)
def test_every_row_from_sip_is_obeyed(row):
    assert CauseMap().cause(row.status) == row.cause


def test_no_row_twice():
    assert len({row.cause for row in CAUSE_TO_STATUS}) == len(CAUSE_TO_STATUS)
    assert len({row.status for row in STATUS_TO_CAUSE}) == len(STATUS_TO_CAUSE)


def test_a_user_who_rejects_declines():
    assert CauseMap().status(Cause.CALL_REJECTED, Location.USER) == 603
    assert CauseMap().status(Cause.CALL_REJECTED, NETWORK) == 403


def test_what_no_row_names():
    assert CauseMap().status(99, NETWORK) == 500
    assert CauseMap().cause(499) == Cause.NORMAL_UNSPECIFIED
    assert CauseMap().cause(599) == Cause.INTERWORKING_UNSPECIFIED


def test_the_operator_has_the_last_word():
    causes = CauseMap.with_overrides({"isup-sip 21": 480, "sip-isup 480": 20})
    assert causes.status(21, Location.USER) == 480
    assert causes.cause(480) == 20


@pytest.mark.parametrize(
    ("row", "value"), [("isup-sip", 1), ("sip-pri 1", 1), ("isup-sip 200", 480), ("sip-isup 100", 1), ("isup-sip 1", 9)]
)
def test_a_wrong_override_is_refused(row, value):
    with pytest.raises(ValueError, match=r"is not a (row|Q\.850|SIP)"):
        parse_override(row, value)


def test_describe():
    assert describe(17) == "17 User busy"
