"""TUP messages and the neutral call, rule by rule."""

import pytest

from tandem.gateway.calls.model import (
    Alerting,
    Answer,
    Bearer,
    Charge,
    ForwardTransfer,
    Nature,
    Number,
    Presentation,
    Proceeding,
    Progress,
    Release,
    Resume,
    Setup,
    Suspend,
)
from tandem.gateway.trunks import tup_mapping as mapping
from tandem.gateway.trunks.rules import STANDARD
from tandem.ss7.tup.cause import CAUSE_OF
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.fields import (
    CallingLineIdentity,
    ClosedUserGroup,
    MessageIndicators,
    OriginalCalledAddress,
)
from tandem.ss7.tup.fields import Nature as TupNature
from tandem.ss7.tup.messages import (
    AddressComplete,
    ExtendedUnsuccessful,
    GeneralForwardSetup,
    InitialAddress,
    InitialAddressWithInformation,
    Signal,
    encode,
)
from tandem.ss7.tup.variants import Variant

ITU, CHINA = Variant.ITU, Variant.CHINA


def iam(setup, variant=ITU, country_code="", **more):
    message = mapping.initial_address(setup, TupNature.NATIONAL, 10, country_code, variant, **more)
    encode(message, variant)
    return message


def test_an_iai_becomes_a_setup():
    message = InitialAddressWithInformation(
        "3012",
        11,
        indicators=MessageIndicators(nature=3, redirected=True, digital_path=True),
        calling_line=CallingLineIdentity("555", 2, restricted=True),
        original_called=OriginalCalledAddress("777", 0),
    )
    setup = mapping.setup_from(message, True, ITU)
    assert setup.called == Number("3012", Nature.INTERNATIONAL)
    assert setup.calling == Number("555", Nature.NATIONAL, presentation=Presentation.RESTRICTED)
    assert (setup.category, setup.bearer, setup.redirection_reason) == (11, Bearer.UNRESTRICTED_64K, 0)
    assert setup.original_called == setup.redirecting == Number("777", Nature.SUBSCRIBER)


@pytest.mark.parametrize("line", [None, CallingLineIdentity("")])
def test_no_identity_is_no_calling_number(line):
    setup = mapping.setup_from(InitialAddressWithInformation("1", calling_line=line), True, ITU)
    assert setup.calling is None
    known = GeneralForwardSetup(12, CallingLineIdentity("99"), original_called=OriginalCalledAddress("8"))
    setup = mapping.setup_from(InitialAddress("1"), True, ITU, "123", known)
    assert (setup.called.digits, setup.calling.digits, setup.category) == ("123", "99", 12)
    assert setup.original_called.digits == "8"
    assert setup.redirecting is None


@pytest.mark.parametrize(("code", "category"), [*STANDARD.tup_category.items(), (0, 0), (9, 9), (13, 13)])
def test_categories(code, category):
    assert mapping.setup_from(InitialAddress("1", code), True, CHINA).category == category


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (AddressComplete(kind=1, free=True), Alerting(True, charge=Charge.CHARGE)),
        (AddressComplete(kind=2), Progress(True, charge=Charge.NO_CHARGE)),
        (AddressComplete(kind=0), Progress(True)),
        (AddressComplete(kind=3, free=True), Alerting(True, charge=Charge.CHARGE)),
        (Signal(M.ANC), Answer(charge=Charge.CHARGE)),
        (Signal(M.ANN), Answer(charge=Charge.NO_CHARGE)),
        (Signal(M.ANU), Answer()),
        (Signal(M.CBK), Suspend()),
        (Signal(M.RAN), Resume()),
        (Signal(M.FOT), ForwardTransfer()),
    ],
    ids=str,
)
def test_what_messages_mean(message, expected):
    found = mapping.primitive_from(message, ITU)
    assert type(found) is type(expected)
    for name in ("inband", "charge", "network"):
        assert getattr(found, name, None) == getattr(expected, name, None)


def test_iam_and_iai_of_another_protocol():
    plain = iam(Setup(Number("301"), category=15))
    assert type(plain) is InitialAddress
    assert (plain.category, plain.st, plain.indicators.nature) == (10, True, 2)
    full = iam(
        Setup(
            Number("4930123", Nature.INTERNATIONAL),
            Number("4930555", Nature.INTERNATIONAL, presentation=Presentation.RESTRICTED),
            category=0,
            bearer=Bearer.UNRESTRICTED_64K,
            redirecting=Number("777", Nature.SUBSCRIBER),
        ),
        country_code="49",
    )
    assert (full.digits, full.indicators.nature, full.category) == ("30123", 2, 10)
    assert (full.calling_line.digits, full.calling_line.nature, full.calling_line.restricted) == ("30555", 2, True)
    assert (full.original_called.digits, full.original_called.nature) == ("777", 0)
    assert full.indicators.redirected
    assert full.indicators.digital_path


@pytest.mark.parametrize("calling", [Number("1" * 16), Number("12a"), Number(""), None])
def test_a_calling_number_that_tup_cannot_hold_is_left_out(calling):
    assert type(iam(Setup(Number("301"), calling))) is InitialAddress


def test_tup_to_tup_keeps_what_is_not_ours():
    indicators = MessageIndicators(continuity_check=1, all_ss7=True, international=True)
    came = InitialAddressWithInformation(
        "1", 24, indicators=indicators, closed_user_group=ClosedUserGroup(1, 0, 0x1234, 7)
    )
    setup = mapping.setup_from(came, True, CHINA)
    sent = iam(setup, CHINA)
    assert (sent.category, sent.closed_user_group) == (24, came.closed_user_group)
    assert sent.indicators.all_ss7
    assert sent.indicators.international
    assert sent.indicators.continuity_check == 0
    assert mapping.initial_address(setup, TupNature.NATIONAL, 10, "", ITU).closed_user_group == came.closed_user_group


def told(primitive, sent=False, default=Charge.CHARGE, said=Charge.NO_INDICATION):
    return [
        f"{message.name}{message.kind if isinstance(message, AddressComplete) else ''}"
        f"{' free' if getattr(message, 'free', False) else ''}"
        for message in mapping.backward_messages(primitive, sent, ITU, default, said)
    ]


@pytest.mark.parametrize(
    ("primitive", "acm_sent", "messages"),
    [
        (Proceeding(), False, []),
        (Progress(), False, []),
        (Progress(True), False, ["ACM1"]),
        (Progress(True), True, []),
        (Alerting(charge=Charge.NO_CHARGE), False, ["ACM2 free"]),
        (Alerting(), True, []),
        (Answer(), True, ["ANC"]),
        (Answer(), False, ["ACM1", "ANC"]),
        (Answer(charge=Charge.NO_CHARGE), False, ["ACM2", "ANN"]),
        (Suspend(), True, ["CBK"]),
        (Resume(), True, ["RAN"]),
    ],
    ids=str,
)
def test_what_the_calling_side_is_told(primitive, acm_sent, messages):
    assert told(primitive, acm_sent) == messages


def test_charge_said_before_the_answer_holds():
    assert told(Answer(), True, said=Charge.NO_CHARGE) == ["ANN"]
    assert told(Answer(), True, default=Charge.NO_INDICATION) == ["ANU"]
    assert mapping.early_acm(Charge.NO_CHARGE) == AddressComplete(2, False)


@pytest.mark.parametrize("message", [AddressComplete(3, True, forwarded=True), AddressComplete(0)])
def test_messages_of_another_tup_trunk_go_through(message):
    found = mapping.primitive_from(message, CHINA)
    assert mapping.backward_messages(found, False, ITU, Charge.CHARGE) == [message]
    assert told(mapping.primitive_from(Signal(M.ANU), ITU), True) == ["ANU"]


def test_failures_go_through_where_the_other_network_has_them():
    for kind in (M.SSB, M.SLB):
        release = Release(17, opaque=(mapping.carry(Signal(kind), CHINA),))
        assert mapping.failure(release, CHINA) == Signal(kind)
        assert mapping.failure(release, ITU) == (Signal(kind) if kind is M.SSB else 17)
    extended = Release(17, opaque=(mapping.carry(ExtendedUnsuccessful(point_code=0x1234), CHINA),))
    assert mapping.failure(extended, ITU) == 17
    assert mapping.failure(Release(34, opaque=(mapping.carry(Signal(M.CLF), ITU),)), ITU) == 34


def test_every_rule_has_a_clause_and_stands_once():
    rules = [(row.direction, row.source) for row in mapping.MAPPINGS]
    assert len(set(rules)) == len(rules)
    assert all(row.target and row.clause for row in mapping.MAPPINGS)
    assert {row.source for row in mapping.MAPPINGS if row.target.startswith("Release, cause")} >= {
        message.name for message in CAUSE_OF
    }
