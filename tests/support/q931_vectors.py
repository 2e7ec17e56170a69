"""Q.931 messages from captures, and strategies for elements and messages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from tandem.isdn.q931 import bearer, cause, channel, indications, numbers, packet, texts
from tandem.isdn.q931.codes import MessageType
from tandem.isdn.q931.elements import AnyElement, Element, RawElement, Shift
from tandem.isdn.q931.messages import CallReference, Message

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "q931"


@dataclass(frozen=True)
class Captured:
    """One message from a capture."""

    source: str
    h225: bool
    octets: bytes


def captured_messages() -> list[Captured]:
    """Every message of messages.txt."""
    lines = [line.split() for line in (VECTORS / "messages.txt").read_text().splitlines()]
    return [Captured(source, coding == "h225", bytes.fromhex(octets)) for source, coding, octets in lines]


def examples() -> dict[str, bytes]:
    """Every message of examples.json by its name."""
    return {name: bytes.fromhex(octets) for name, octets in json.loads((VECTORS / "examples.json").read_text()).items()}


def _octets(least: int, most: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=least, max_size=most)


def _bits(width: int) -> st.SearchStrategy[int]:
    return st.integers(0, (1 << width) - 1)


def _septets(most: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(_bits(7), max_size=most).map(tuple)


_DIGITS = st.text("0123456789*#", max_size=20)
_IA5 = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30)
_NUMBER = {"digits": _DIGITS, "type_of_number": _bits(3), "plan": _bits(4)}
_PRESENTED = {**_NUMBER, "presentation": _bits(2), "screening": _bits(2)}
_UNPRESENTED = {**_NUMBER, "indicated": st.just(False)}


def _presented(cls: type[Element]) -> st.SearchStrategy[Element]:
    return st.builds(cls, **_PRESENTED) | st.builds(cls, **_UNPRESENTED)


def _redirecting(cls: type[Element]) -> st.SearchStrategy[Element]:
    return _presented(cls) | st.builds(cls, **_PRESENTED, reason=_bits(4))


def _profile(cls: type[Element]) -> st.SearchStrategy[Element]:
    def layered(layers: list[bool], **values: object) -> Element:
        for layer, present in enumerate(layers, 1):
            if not present:
                values[f"layer{layer}"] = None
                values[f"layer{layer}_details"] = ()
        if values["rate"] != bearer.TransferRate.MULTIRATE:
            values["multiplier"] = None
        return cls(**values)  # type: ignore[arg-type]

    details = {f"layer{n}_details": _septets(3) for n in (1, 2, 3)} | {f"layer{n}": _bits(5) for n in (1, 2, 3)}
    negotiation = {"negotiation": st.none() | st.booleans()} if cls is bearer.LowLayerCompatibility else {}
    return st.builds(
        layered,
        st.lists(st.booleans(), min_size=3, max_size=3),
        capability=_bits(5),
        coding_standard=_bits(2),
        mode=_bits(2),
        rate=_bits(5),
        rate_details=_septets(2),
        multiplier=_bits(7),
        **details,
        **negotiation,
    )


_CHANNELS = st.lists(st.integers(1, 31), min_size=1, max_size=31, unique=True).map(sorted).map(tuple)
_INTERFACE = st.none() | _bits(14)

#: A strategy for each typed element, of values that come back equal.
STRATEGIES: dict[type[Element], st.SearchStrategy[Element]] = {
    bearer.BearerCapability: _profile(bearer.BearerCapability),
    bearer.LowLayerCompatibility: _profile(bearer.LowLayerCompatibility),
    bearer.HighLayerCompatibility: st.builds(
        bearer.HighLayerCompatibility, _bits(7), st.none() | _bits(7), _bits(3), _bits(2), _bits(2)
    ),
    cause.CauseElement: st.builds(
        cause.CauseElement, _bits(7), _bits(4), _bits(2), st.none() | _bits(7), _octets(0, 20)
    ),
    cause.ProgressIndicator: st.builds(cause.ProgressIndicator, _bits(7), _bits(4), _bits(2)),
    channel.ChannelIdentification: st.one_of(
        st.builds(
            channel.ChannelIdentification,
            _bits(2),
            exclusive=st.booleans(),
            interface=_INTERFACE,
            primary=st.booleans(),
            d_channel=st.booleans(),
        ),
        st.builds(
            channel.ChannelIdentification,
            st.just(1),
            _CHANNELS,
            st.booleans(),
            _INTERFACE,
            slot_map=st.booleans(),
            channel_type=_bits(4),
        ),
    ),
    indications.CallState: st.builds(indications.CallState, _bits(6), _bits(2)),
    indications.RestartIndicator: st.builds(indications.RestartIndicator, _bits(3)),
    indications.NotificationIndicator: st.builds(indications.NotificationIndicator, _bits(7), _octets(0, 10)),
    indications.Signal: st.builds(indications.Signal, _bits(8)),
    indications.ChangeStatus: st.builds(indications.ChangeStatus, _bits(3), st.booleans()),
    indications.SegmentedMessage: st.builds(indications.SegmentedMessage, st.booleans(), _bits(7), _bits(7)),
    indications.SendingComplete: st.just(indications.SendingComplete()),
    indications.MoreData: st.just(indications.MoreData()),
    indications.CongestionLevel: st.builds(indications.CongestionLevel, _bits(4)),
    indications.RepeatIndicator: st.builds(indications.RepeatIndicator, _bits(4)),
    numbers.CalledPartyNumber: st.builds(numbers.CalledPartyNumber, **_NUMBER),
    numbers.CallingPartyNumber: _presented(numbers.CallingPartyNumber),
    numbers.ConnectedNumber: _presented(numbers.ConnectedNumber),
    numbers.RedirectionNumber: _presented(numbers.RedirectionNumber),
    numbers.RedirectingNumber: _redirecting(numbers.RedirectingNumber),
    numbers.OriginalCalledNumber: _redirecting(numbers.OriginalCalledNumber),
    texts.Display: st.builds(texts.Display, _IA5, st.none() | st.integers(128, 255)),
    texts.KeypadFacility: st.builds(texts.KeypadFacility, _IA5),
    texts.UserUser: st.builds(texts.UserUser, _octets(0, 128), _bits(8)),
    texts.Facility: st.builds(texts.Facility, _octets(1, 40)),
    texts.ExtendedFacility: st.builds(texts.ExtendedFacility, _octets(1, 40)),
    texts.CallIdentity: st.builds(texts.CallIdentity, _octets(1, 8)),
    **{
        cls: st.builds(cls, _octets(0, 20), _bits(3), st.booleans())
        for cls in (
            texts.CallingPartySubaddress,
            texts.CalledPartySubaddress,
            texts.ConnectedSubaddress,
            texts.RedirectingSubaddress,
            texts.RedirectionSubaddress,
        )
    },
    texts.TransitNetworkSelection: st.builds(texts.TransitNetworkSelection, _IA5, _bits(3), _bits(4)),
    texts.NetworkSpecificFacilities: st.one_of(
        st.builds(texts.NetworkSpecificFacilities, _octets(0, 5)),
        st.builds(texts.NetworkSpecificFacilities, _octets(0, 5), _IA5, _bits(3), _bits(4)),
    ),
    texts.DateTime: st.one_of(
        st.builds(texts.DateTime, *[_bits(8)] * 3),
        st.builds(texts.DateTime, *[_bits(8)] * 5),
        st.builds(texts.DateTime, *[_bits(8)] * 6),
    ),
    packet.InformationRate: st.builds(packet.InformationRate, *[_bits(5)] * 4),
    packet.EndToEndTransitDelay: st.one_of(
        [st.builds(packet.EndToEndTransitDelay, *[_bits(16)] * count) for count in (1, 2, 3)]
    ),
    packet.TransitDelaySelection: st.builds(packet.TransitDelaySelection, _bits(16)),
    packet.PacketLayerBinaryParameters: st.builds(packet.PacketLayerBinaryParameters, _bits(7)),
    packet.PacketLayerWindowSize: st.builds(packet.PacketLayerWindowSize, _bits(7), st.none() | _bits(7)),
    packet.PacketSize: st.builds(packet.PacketSize, _bits(7), st.none() | _bits(7)),
    packet.ReverseChargingIndication: st.builds(packet.ReverseChargingIndication, _bits(7)),
    packet.ClosedUserGroup: st.builds(packet.ClosedUserGroup, st.text("0123456789", max_size=4), _bits(3)),
}

TYPED = st.one_of(list(STRATEGIES.values()))

#: Elements that are not typed: of other codesets, and identifiers that codeset 0 does not have.
RAW = st.builds(RawElement, st.integers(0, 127), _octets(1, 20), st.integers(4, 7)) | st.builds(
    RawElement, st.integers(0x60, 0x6B), _octets(0, 20)
)
SHIFTS = st.builds(Shift, st.integers(1, 7), st.booleans())


def elements() -> st.SearchStrategy[list[AnyElement]]:
    """Elements in any order, those of other codesets without shifts."""
    return st.lists(TYPED | RAW, max_size=8)


REFERENCES = st.one_of(
    st.builds(CallReference, _bits(15), st.booleans(), st.just(2)),
    st.builds(CallReference, _bits(7), st.booleans(), st.just(1)),
    st.just(CallReference(length=0)),
)
TYPES = st.sampled_from([kind for kind in MessageType if kind != MessageType.SEGMENT])

#: Well-formed messages of call control.
MESSAGES = st.builds(Message, REFERENCES, TYPES, elements().map(tuple))
