"""The neutral call: values that cannot change, valued as in the Recommendations."""

import pytest

from tandem.core.cause import Cause, Location
from tandem.gateway.calls.model import (
    MOST_DIVERSIONS,
    Alerting,
    Diversion,
    Nature,
    Number,
    Presentation,
    Release,
    Screening,
    Setup,
)


def test_numbers_as_people_write_them():
    assert str(Number("4930123", Nature.INTERNATIONAL)) == "+4930123"
    assert str(Number("030123", Nature.NATIONAL)) == "030123"
    assert str(Number("123")) == "123"
    assert str(Number("")) == ""


def test_values_of_q763():
    """Q.763 3.9 b) nature of address, 3.10 e) presentation, f) screening."""
    assert [nature.value for nature in Nature] == [1, 2, 3, 4, 5]
    assert (Nature.SUBSCRIBER, Nature.NATIONAL, Nature.INTERNATIONAL) == (1, 3, 4)
    assert (Presentation.ALLOWED, Presentation.RESTRICTED, Presentation.UNAVAILABLE) == (0, 1, 2)
    assert (Screening.USER_VERIFIED_PASSED, Screening.NETWORK) == (1, 3)


@pytest.mark.parametrize("value", [Number("1"), Setup(Number("1")), Alerting(), Release()], ids=str)
def test_primitives_cannot_change(value):
    with pytest.raises(AttributeError):
        value.digits = "2"
    assert hash(value) == hash(type(value)(**{name: getattr(value, name) for name in value.__struct_fields__}))


def test_a_release_without_more_is_normal_clearing():
    assert (Release().cause, Release().location) == (Cause.NORMAL_CALL_CLEARING, Location.TRANSIT_NETWORK)


def test_a_setup_without_more_is_an_ordinary_telephone_call():
    setup = Setup(Number("1"))
    assert (setup.category, setup.complete, setup.calling, setup.opaque) == (10, True, None, ())


def test_a_number_of_the_own_country_is_national_there():
    number = Number("4930123", Nature.INTERNATIONAL, screening=Screening.USER_NOT_VERIFIED)
    assert number.within("49") == Number("30123", Nature.NATIONAL, screening=Screening.USER_NOT_VERIFIED)
    assert number.within("44") is number
    assert number.within("") is number
    assert Number("4930123", Nature.NATIONAL).within("49").digits == "4930123"


def test_a_call_is_diverted_so_often_and_no_oftener():
    setup = Setup(Number("1"))
    for count in range(1, MOST_DIVERSIONS + 1):
        setup = setup.diverted(Diversion(Number(str(count + 1)), "t", 3))
        assert (setup.called, setup.redirecting) == (Number(str(count + 1)), Number(str(count)))
        assert (setup.redirection_counter, setup.original_called) == (count, None if count == 1 else Number("1"))
    assert setup.original_redirection_reason == 3
    assert setup.diverted(Diversion(Number("9"), "t")) is None
