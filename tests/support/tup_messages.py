"""Hypothesis strategies for every TUP message with fields of any content, for tests of codec and gateway."""

from hypothesis import strategies as st

from tandem.ss7.tup.codes import CHINA_ONLY, MessageType
from tandem.ss7.tup.fields import (
    CallingLineIdentity,
    ClosedUserGroup,
    IncomingTrunk,
    MessageIndicators,
    OriginalCalledAddress,
)
from tandem.ss7.tup.messages import (
    AddressComplete,
    AutomaticCongestion,
    Charging,
    ExtendedUnsuccessful,
    GeneralForwardSetup,
    GeneralRequest,
    GroupSupervision,
    InitialAddress,
    InitialAddressWithInformation,
    MeteringPulses,
    Signal,
    SubsequentAddress,
    SubsequentAddressOne,
)
from tandem.ss7.tup.variants import POINT_CODE_BITS, Variant

rest = st.binary(max_size=4)
flag = st.booleans()


def number(width):
    return st.integers(0, (1 << width) - 1)


@st.composite
def address(draw, least=0, most=15):
    """Digits, ST and filler that a message can say apart: no F last in the digits, no filler behind an even number."""
    end = draw(flag)
    digits = draw(st.text("0123456789ABCDEF", min_size=max(0, least - end), max_size=most - end))
    if digits.endswith("F"):
        digits = digits[:-1] + "0"
    odd = (len(digits) + end) % 2
    return {"digits": digits, "st": end, "filler": draw(number(4)) if odd else 0}


@st.composite
def plain_address(draw):
    """The same for an identity, where the code of ST is a digit as any other."""
    digits = draw(st.text("0123456789ABCDEF", max_size=15))
    return {"digits": digits, "filler": draw(number(4)) if len(digits) % 2 else 0}


indicators = st.builds(MessageIndicators, number(2), number(2), number(2), flag, flag, flag, flag, flag, flag)
calling_lines = st.builds(
    lambda address, *rest: CallingLineIdentity(address["digits"], *rest, filler=address["filler"]),
    plain_address(),
    number(2),
    flag,
    flag,
)
original_called = st.builds(
    lambda address, *rest: OriginalCalledAddress(address["digits"], *rest, filler=address["filler"]),
    plain_address(),
    number(2),
    number(2),
)
user_groups = st.builds(ClosedUserGroup, number(2), number(6), number(16), number(16))


def initial_fields():
    return st.builds(
        lambda address, **others: {**address, **others},
        address(),
        category=number(6),
        indicators=indicators,
        category_spare=number(2),
        rest=rest,
    )


@st.composite
def with_information(draw):
    """IAI; where a field is unread, nothing that comes behind it is read."""
    values = draw(initial_fields())
    unread = draw(st.sampled_from([0, 0x80, 0x40, 0x08, 0x04, 0x01, 0x4C, 0x79]))
    lowest = (unread & 0x7F) & -(unread & 0x7F) or 0x80
    if lowest > 0x02:
        values["closed_user_group"] = draw(st.none() | user_groups)
    if lowest > 0x10:
        values["calling_line"] = draw(st.none() | calling_lines)
    if lowest > 0x20:
        values["original_called"] = draw(st.none() | original_called)
    return InitialAddressWithInformation(**values, unread=unread)


@st.composite
def incoming_trunks(draw, variant):
    if draw(flag):
        octets = (POINT_CODE_BITS[variant] + 7) // 8
        kind, length, exchange = 1, draw(number(4)), draw(st.binary(min_size=octets, max_size=octets))
    else:
        length = draw(number(4))
        size = (length + 1) // 2
        kind, exchange = 2, draw(st.binary(min_size=size, max_size=size))
    return IncomingTrunk(kind, exchange, length, draw(st.binary(max_size=15)), draw(number(2)), draw(number(4)))


@st.composite
def forward_setups(draw, variant):
    category = draw(st.none() | number(6))
    return GeneralForwardSetup(
        category,
        draw(st.none() | calling_lines),
        draw(st.none() | incoming_trunks(variant)),
        draw(st.none() | original_called),
        *[draw(flag) for _ in range(4)],
        draw(number(2)) if category is not None else 0,
        rest=draw(rest),
    )


@st.composite
def group_supervisions(draw):
    kind = draw(st.sampled_from([known for known in MessageType if known & 0xF == 8]))
    length = draw(number(8))
    if kind is MessageType.GRS or not length:
        return GroupSupervision(kind, length, rest=draw(rest))
    status = draw(st.lists(flag, min_size=length + 1, max_size=length + 1))
    return GroupSupervision(kind, length, tuple(status), draw(number(-(length + 1) % 8)), rest=draw(rest))


#: Messages with content, by type; `variant` decides about the others.
WITH_FIELDS = {
    MessageType.IAM: lambda variant: initial_fields().map(lambda values: InitialAddress(**values)),
    MessageType.IAI: lambda variant: with_information(),
    MessageType.SAM: lambda variant: st.builds(
        lambda address, spare, rest: SubsequentAddress(**address, spare=spare, rest=rest), address(), number(4), rest
    ),
    MessageType.SAO: lambda variant: st.builds(
        lambda address, rest: SubsequentAddressOne(**address, rest=rest), address(1, 1), rest
    ),
    MessageType.GSM: forward_setups,
    MessageType.GRQ: lambda variant: st.builds(
        GeneralRequest, flag, flag, flag, flag, flag, flag, number(2), rest=rest
    ),
    MessageType.ACM: lambda variant: st.builds(
        AddressComplete, number(2), flag, flag, flag, flag, number(2), rest=rest
    ),
    MessageType.CHG: lambda variant: st.builds(Charging, rest=rest),
    MessageType.EUM: lambda variant: st.builds(
        ExtendedUnsuccessful,
        number(4),
        number(POINT_CODE_BITS[variant]),
        number(4),
        number(-POINT_CODE_BITS[variant] % 8),
        rest=rest,
    ),
    MessageType.ACC: lambda variant: st.builds(AutomaticCongestion, number(2), number(6), rest=rest),
    MessageType.MPM: lambda variant: st.builds(MeteringPulses, number(16), rest=rest),
}


def types(variant):
    """The message types of a variant."""
    return [known for known in MessageType if variant is Variant.CHINA or known not in CHINA_ONLY]


def messages(variant):
    """Any message of the variant, unknown headings included."""
    signals = [kind for kind in types(variant) if kind not in WITH_FIELDS and kind & 0xF != 8]
    unknown = [heading for heading in range(256) if heading not in types(variant)]
    return st.one_of(
        *[build(variant) for kind, build in WITH_FIELDS.items() if kind in types(variant)],
        group_supervisions(),
        st.builds(Signal, st.sampled_from(signals), rest=rest),
        st.builds(Signal, st.sampled_from(unknown), rest=rest),
    )
