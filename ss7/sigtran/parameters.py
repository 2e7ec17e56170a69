"""Values of M3UA parameters that have a structure of their own (RFC 4666 3.3.1, 3.4.1, 3.4.5, 3.6)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, Self

from tandem.core.errors import EncodeError
from tandem.core.sigtran.codes import ErrorCode, Tag, TrafficMode
from tandem.core.sigtran.common import Message, MessageError, Parameter, parse_parameters

_PROTOCOL_DATA: Final = struct.Struct(">IIBBBB")
_POINT_CODE_LIMIT: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class ProtocolData:
    """An MTP3 message without its label, RFC 4666 3.3.1."""

    opc: int
    dpc: int
    service: int
    """Service indicator."""
    network_indicator: int
    priority: int
    sls: int
    data: bytes
    """What follows the routing label."""

    @classmethod
    def parse(cls, value: bytes) -> Self:
        """From the value of the parameter; MessageError when it is too short or the point codes are no point codes."""
        if len(value) < _PROTOCOL_DATA.size:
            raise MessageError(f"Protocol Data of {len(value)} octets", ErrorCode.PARAMETER_FIELD_ERROR)
        opc, dpc, service, network, priority, sls = _PROTOCOL_DATA.unpack_from(value)
        return cls(opc, dpc, service, network, priority, sls, value[_PROTOCOL_DATA.size :])

    def encode(self) -> bytes:
        """The value of the parameter; EncodeError when a field does not fit."""
        try:
            head = _PROTOCOL_DATA.pack(
                self.opc, self.dpc, self.service, self.network_indicator, self.priority, self.sls
            )
        except struct.error as error:
            raise EncodeError(f"Protocol Data from {self.opc} to {self.dpc}: {error}") from None
        return head + self.data


@dataclass(frozen=True, slots=True)
class AffectedPointCode:
    """A point code, or a range of 2^mask of them, RFC 4666 3.4.1."""

    point_code: int
    mask: int = 0
    """Low bits of the point code that are wild."""

    def matches(self, point_code: int) -> bool:
        """Whether `point_code` is meant."""
        return self.mask >= 24 or point_code >> self.mask == self.point_code >> self.mask


def parse_affected(message: Message) -> tuple[AffectedPointCode, ...]:
    """The point codes that a message of signalling network management is about."""
    numbers = message.require(Tag.AFFECTED_POINT_CODE).numbers
    return tuple(AffectedPointCode(number % _POINT_CODE_LIMIT, number >> 24) for number in numbers)


def affected(*codes: AffectedPointCode | int) -> Parameter:
    """Parameter Affected Point Code."""
    wide = [code if isinstance(code, AffectedPointCode) else AffectedPointCode(code) for code in codes]
    return Parameter.number(Tag.AFFECTED_POINT_CODE, *(code.mask << 24 | code.point_code for code in wide))


@dataclass(frozen=True, slots=True)
class RoutingKey:
    """What traffic an application server wants, RFC 4666 3.6.1."""

    dpcs: tuple[int, ...]
    services: tuple[int, ...] = ()
    """Service indicators; none: all."""
    opcs: tuple[int, ...] = ()
    """Origins; none: all."""
    network_appearance: int | None = None
    traffic_mode: TrafficMode | None = None

    def accepts(self, opc: int | None, dpc: int, service: int) -> bool:
        """Whether a message belongs to this key; an `opc` of None fits any."""
        return (
            dpc in self.dpcs
            and (not self.services or service in self.services)
            and (not self.opcs or opc is None or opc in self.opcs)
        )

    def same_traffic(self, other: RoutingKey) -> bool:
        """Whether both keys describe the same traffic, however listed and whatever the mode."""
        return (
            set(self.dpcs) == set(other.dpcs)
            and set(self.services) == set(other.services)
            and set(self.opcs) == set(other.opcs)
            and self.network_appearance == other.network_appearance
        )

    def encode(self, local_id: int, routing_context: int | None = None) -> Parameter:
        """Parameter Routing Key of REG REQ."""
        parts = [Parameter.number(Tag.LOCAL_ROUTING_KEY_ID, local_id)]
        if routing_context is not None:
            parts.append(Parameter.number(Tag.ROUTING_CONTEXT, routing_context))
        if self.traffic_mode is not None:
            parts.append(Parameter.number(Tag.TRAFFIC_MODE, self.traffic_mode))
        if self.network_appearance is not None:
            parts.append(Parameter.number(Tag.NETWORK_APPEARANCE, self.network_appearance))
        for dpc in self.dpcs:
            parts.append(Parameter.number(Tag.DESTINATION_POINT_CODE, dpc))
            if self.services:
                parts.append(Parameter(Tag.SERVICE_INDICATORS, bytes(self.services)))
            if self.opcs:
                parts.append(Parameter.number(Tag.ORIGINATING_POINT_CODES, *self.opcs))
        return Parameter(Tag.ROUTING_KEY, join(parts))


def parse_routing_key(parameter: Parameter) -> tuple[int, int | None, RoutingKey]:
    """Local identifier, routing context asked for, and key of a Routing Key parameter.

    Service indicators and origins given after each destination are taken together: our keys have one list of each.
    """
    fields = nested(parameter)
    dpcs: list[int] = []
    services: list[int] = []
    opcs: list[int] = []
    for part in fields:
        if part.tag == Tag.DESTINATION_POINT_CODE:
            dpcs.append(part.integer % _POINT_CODE_LIMIT)
        elif part.tag == Tag.SERVICE_INDICATORS:
            services.extend(part.value)
        elif part.tag == Tag.ORIGINATING_POINT_CODES:
            opcs.extend(number % _POINT_CODE_LIMIT for number in part.numbers)
    mode = _integer(fields, Tag.TRAFFIC_MODE)
    if mode is not None and mode not in _MODES:
        raise MessageError(f"traffic mode {mode}", ErrorCode.UNSUPPORTED_TRAFFIC_MODE)
    key = RoutingKey(
        tuple(dict.fromkeys(dpcs)),
        tuple(dict.fromkeys(services)),
        tuple(dict.fromkeys(opcs)),
        _integer(fields, Tag.NETWORK_APPEARANCE),
        None if mode is None else TrafficMode(mode),
    )
    return required(fields, Tag.LOCAL_ROUTING_KEY_ID), _integer(fields, Tag.ROUTING_CONTEXT), key


def registration_result(local_id: int, status: int, routing_context: int) -> Parameter:
    """Parameter Registration Result of REG RSP."""
    parts = [
        Parameter.number(Tag.LOCAL_ROUTING_KEY_ID, local_id),
        Parameter.number(Tag.REGISTRATION_STATUS, status),
        Parameter.number(Tag.ROUTING_CONTEXT, routing_context),
    ]
    return Parameter(Tag.REGISTRATION_RESULT, join(parts))


def deregistration_result(routing_context: int, status: int) -> Parameter:
    """Parameter Deregistration Result of DEREG RSP."""
    parts = [
        Parameter.number(Tag.ROUTING_CONTEXT, routing_context),
        Parameter.number(Tag.DEREGISTRATION_STATUS, status),
    ]
    return Parameter(Tag.DEREGISTRATION_RESULT, join(parts))


def nested(parameter: Parameter) -> tuple[Parameter, ...]:
    """The parameters that are the value of `parameter`."""
    return tuple(parse_parameters(parameter.value, 0, len(parameter.value)))


def required(parts: tuple[Parameter, ...], tag: Tag) -> int:
    """The number in the part with `tag`; MessageError when there is none."""
    found = _integer(parts, tag)
    if found is None:
        raise MessageError(f"no {tag.name} within a parameter", ErrorCode.MISSING_PARAMETER)
    return found


def join(parts: list[Parameter]) -> bytes:
    """Parameters as the value of another."""
    return b"".join([part.encode() for part in parts])


def _integer(parts: tuple[Parameter, ...], tag: Tag) -> int | None:
    return next((part.integer for part in parts if part.tag == tag), None)


_MODES: Final = frozenset(TrafficMode)
