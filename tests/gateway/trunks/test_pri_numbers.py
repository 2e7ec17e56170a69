"""Numbers of a PRI, both ways: prefixes, types, plans, screening and presentation."""

import pytest

from tandem.gateway.calls.model import Bearer, Nature, Number, Plan, Presentation, Screening, Setup
from tandem.gateway.trunks.pri_numbers import REASONS, NumberRules
from tandem.gateway.trunks.rules import STANDARD
from tandem.isdn.q931.numbers import (
    CalledPartyNumber,
    CallingPartyNumber,
    NumberingPlan,
    OriginalCalledNumber,
    RedirectingNumber,
    RedirectionReason,
    TypeOfNumber,
)
from tandem.isdn.q931.switch_types import SWITCH_TYPES

EURO = SWITCH_TYPES["euroisdn"]
T = TypeOfNumber


def rules(switch="euroisdn", network=True, **more):
    return NumberRules(SWITCH_TYPES[switch], network, **more)


# --- from the line


@pytest.mark.parametrize(("kind", "nature"), STANDARD.pri_nature.items())
def test_types_of_number_and_natures(kind, nature):
    assert rules().number(CalledPartyNumber("123", kind, NumberingPlan.E164)).nature is nature
    assert STANDARD.nature_pri.get(nature, T.UNKNOWN) is kind


def test_an_abbreviated_number_has_no_nature():
    assert rules().number(CalledPartyNumber("123", T.ABBREVIATED)).nature is Nature.UNKNOWN


def test_prefixes_tell_the_nature_of_an_unknown_number():
    own = rules(international_prefix="00", national_prefix="0")
    assert own.number(CalledPartyNumber("0043123")) == Number("43123", Nature.INTERNATIONAL, Plan.E164)
    assert own.number(CalledPartyNumber("0123")) == Number("123", Nature.NATIONAL, Plan.E164)
    assert own.number(CalledPartyNumber("123")) == Number("123", Nature.UNKNOWN, Plan.E164)
    assert own.number(CalledPartyNumber("0123", T.SUBSCRIBER)).digits == "0123"


def test_star_and_hash_are_signals_11_and_12():
    assert rules().number(CalledPartyNumber("*21#5x")).digits == "B21C5"


def test_digits_that_came_later_take_the_place_of_the_first():
    assert rules().number(CalledPartyNumber("1"), "123").digits == "123"


@pytest.mark.parametrize(
    ("digits", "kind", "screening"),
    [
        ("5551000", T.UNKNOWN, Screening.USER_VERIFIED_PASSED),
        ("5551001", T.UNKNOWN, Screening.USER_NOT_VERIFIED),
        ("3015550", T.NATIONAL, Screening.USER_VERIFIED_PASSED),
        ("3016660", T.NATIONAL, Screening.USER_NOT_VERIFIED),
        ("493015551", T.INTERNATIONAL, Screening.USER_VERIFIED_PASSED),
    ],
)
def test_numbers_of_a_user_are_screened_against_the_list(digits, kind, screening):
    own = rules(country_code="49", numbers=("5551000", "+49301555*"))
    assert own.calling(CallingPartyNumber(digits, kind)).screening is screening


def test_a_number_that_is_not_the_users_can_be_replaced_and_keeps_its_presentation():
    own = rules(numbers=("100",), default=Number("100", Nature.NATIONAL), replace_unscreened=True)
    came = CallingPartyNumber("999", presentation=1)
    assert own.calling(came) == Number("100", Nature.NATIONAL, presentation=Presentation.RESTRICTED)


def test_a_call_without_a_number_gets_the_default():
    assert rules().calling(None) is None
    assert rules(default=Number("100")).calling(CallingPartyNumber("")) == Number("100")


def test_the_network_is_believed():
    came = CallingPartyNumber("999", screening=3)
    assert rules(network=False).calling(came).screening is Screening.NETWORK
    assert rules(network=False, numbers=("1",)).calling(came).screening is Screening.USER_NOT_VERIFIED


# --- to the line


def test_a_known_nature_is_a_type():
    number = Number("43123", Nature.INTERNATIONAL)
    assert rules().called(number) == CalledPartyNumber("43123", T.INTERNATIONAL, NumberingPlan.E164)


def test_an_international_number_of_our_country_is_national():
    called = rules(country_code="43").called(Number("43123", Nature.INTERNATIONAL))
    assert (called.digits, called.type_of_number) == ("123", T.NATIONAL)


def test_a_number_of_no_nature_has_the_type_of_the_switch_or_the_one_told():
    assert rules().called(Number("123")).type_of_number == EURO.called_type
    assert rules(unknown_type=T.SUBSCRIBER).called(Number("123")).type_of_number == T.SUBSCRIBER
    assert rules(plan=NumberingPlan.PRIVATE).called(Number("123")).plan == NumberingPlan.PRIVATE


def test_signals_11_and_12_are_star_and_hash():
    assert rules().called(Number("B21C")).digits == "*21#"


def test_a_restricted_number_goes_to_the_network_and_without_digits_to_a_user():
    number = Number("123", Nature.NATIONAL, presentation=Presentation.RESTRICTED)
    to_network = rules(network=False).presented(CallingPartyNumber, number)
    assert (to_network.digits, to_network.presentation) == ("123", 1)
    to_user = rules(network=True).presented(CallingPartyNumber, number)
    assert (to_user.digits, to_user.presentation) == ("", 1)


@pytest.mark.parametrize("switch", [name for name, kind in SWITCH_TYPES.items() if kind.calling_always_allowed])
def test_a_switch_that_shows_every_number_gets_no_restricted_one(switch):
    number = Number("123", presentation=Presentation.RESTRICTED)
    assert rules(switch).presented(CallingPartyNumber, number) is None


def test_redirection():
    setup = Setup(
        Number("1"),
        None,
        bearer=Bearer.SPEECH,
        redirecting=Number("2", Nature.NATIONAL),
        original_called=Number("3", Nature.NATIONAL),
        redirection_reason=REASONS[RedirectionReason.NO_REPLY],
    )
    first, second = rules().redirection(setup)
    assert (type(first), first.digits, first.reason) == (RedirectingNumber, "2", RedirectionReason.NO_REPLY)
    assert (type(second), second.digits) == (OriginalCalledNumber, "3")
    assert rules().redirection(Setup(Number("1"), None)) == []
