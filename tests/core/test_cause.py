"""Q.850 causes."""

from tandem.core.cause import Cause, Location, cause_name, location_name


def test_names():
    assert cause_name(Cause.USER_BUSY) == "User busy"
    assert cause_name(77) == "cause 77"
    assert location_name(Location.BEYOND_INTERWORKING) == "beyond interworking"
    assert location_name(13) == "location 13"


def test_every_cause_has_its_name():
    assert all(not cause_name(cause).startswith("cause ") for cause in Cause)
