"""Indicators of the basic call."""

from tandem.ss7.isup.indicators import (
    BackwardCallIndicators,
    CalledPartyCategory,
    CalledPartyStatus,
    CallingPartysCategory,
    Category,
    Charge,
    ContinuityIndicators,
    Event,
    EventInformation,
    ForwardCallIndicators,
    Medium,
    OptionalBackwardCallIndicators,
    OptionalForwardCallIndicators,
    SuspendResumeIndicators,
    TransmissionMediumRequirement,
)


def test_backward_call_indicators_from_a_real_acm():
    indicators = BackwardCallIndicators.parse(b"\x16\x14")
    assert indicators == BackwardCallIndicators(
        charge=Charge.CHARGE,
        called_party_status=CalledPartyStatus.SUBSCRIBER_FREE,
        called_party_category=CalledPartyCategory.ORDINARY_SUBSCRIBER,
        isup_all_the_way=True,
        isdn_access=True,
    )
    assert indicators.encode() == b"\x16\x14"


def test_forward_call_indicators_from_a_real_iam():
    indicators = ForwardCallIndicators.parse(b"\x60\x01")
    assert indicators == ForwardCallIndicators(isup_all_the_way=True, isup_preference=1, isdn_access=True)


def test_values():
    assert CallingPartysCategory().encode() == b"\x0a"
    assert CallingPartysCategory(Category.PAYPHONE).encode() == b"\x0f"
    assert TransmissionMediumRequirement(Medium.UNRESTRICTED_64K).encode() == b"\x02"
    assert EventInformation(Event.ALERTING, presentation_restricted=True).encode() == b"\x81"
    assert ContinuityIndicators(True).encode() == b"\x01"
    assert SuspendResumeIndicators(True).encode() == b"\x01"
    assert OptionalBackwardCallIndicators(in_band_information=True).encode() == b"\x01"
    assert OptionalForwardCallIndicators(connected_line_identity_request=True).encode() == b"\x80"


def test_spare_bits_and_spare_values():
    assert ContinuityIndicators.parse(b"\xff").successful
    assert EventInformation.parse(b"\x7f").event == 127
    assert str(EventInformation.parse(b"\x7f")) == "event 127"


def test_octets_of_a_later_edition_are_ignored():
    assert SuspendResumeIndicators.parse(b"\x00\x55") == SuspendResumeIndicators()
