"""ISUP messages taken from captures, and one instance of every typed parameter for a random source."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tandem.core.bits import layout
from tandem.ss7.isup import ansi, cause, compatibility, groups, numbers, services, supplementary, transport
from tandem.ss7.isup.parameters import Indicators, Parameter, typed_parameters

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "isup"


def captured_messages() -> list[bytes]:
    """Octets of every captured message, from the CIC on."""
    lines = (VECTORS / "messages.txt").read_text().splitlines()
    return [bytes.fromhex(line.split()[1]) for line in lines]


def an_instance(cls: type[Parameter], source: random.Random) -> Parameter:
    """A parameter of type `cls` with every field drawn from `source` within its width."""
    if issubclass(cls, Indicators):
        return cls(**_bits(cls, source))
    if issubclass(cls, numbers.PartyNumber):
        values = _bits(cls, source)
        if issubclass(cls, numbers._Terminated):
            values["st"] = source.random() < 0.5
        return cls(digits="".join(source.choices("0123456789BC", k=source.randint(1, 16))), **values)
    return _OTHERS[cls](source)


def every_type() -> list[type[Parameter]]:
    """Every typed parameter, by code."""
    return [cls for _, cls in sorted(typed_parameters().items())]


def _bits(cls: type[Parameter], source: random.Random) -> dict[str, int | bool]:
    return {place.name: source.random() < 0.5 if place.flag else source.randint(0, place.mask) for place in layout(cls)}


def _octets(source: random.Random, least: int, most: int) -> bytes:
    return source.randbytes(source.randint(least, most))


def _flags(source: random.Random, count: int) -> list[bool]:
    return [source.random() < 0.5 for _ in range(count)]


def _cause(source: random.Random) -> Parameter:
    recommendation = source.choice([None, 0, 3, 4, 5])
    return cause.CauseIndicators(
        source.randint(0, 127), source.randint(0, 15), source.randint(0, 3), recommendation, _octets(source, 0, 4)
    )


def _range(source: random.Random) -> Parameter:
    length = source.randint(0, 255)
    return groups.RangeAndStatus(length, source.choice([None, tuple(_flags(source, length + 1))]))


def _redirection(source: random.Random) -> Parameter:
    if source.random() < 0.2:
        return services.RedirectionInformation(source.randint(0, 7), source.randint(0, 15), None, None)
    return services.RedirectionInformation(*[source.randint(0, most) for most in (7, 15, 7, 15)])


def _instruction(source: random.Random) -> compatibility.Instruction:
    return compatibility.Instruction(source.randint(1, 255), *_flags(source, 5), source.randint(0, 3))


def _digits(source: random.Random, count: int) -> str:
    return "".join(source.choices("0123456789", k=count))


def _generic_digits(cls: type[numbers.GenericDigits]) -> Callable[[random.Random], Parameter]:
    return lambda source: cls(_octets(source, 0, 8), source.randint(0, 31), source.randint(0, 7))


def _reference(source: random.Random) -> Parameter:
    long = source.random() < 0.3
    return supplementary.CallReference(source.randint(0, 0xFFFFFF), source.randint(0, 0x3FFF), long)


def _application(source: random.Random) -> Parameter:
    reference = source.choice([None, source.randint(0, 127)])
    segments = source.randint(0, 9)
    return supplementary.ApplicationTransport(
        source.randint(0, 127), *_flags(source, 2), segments, source.random() < 0.5, reference, _octets(source, 0, 9)
    )


_OTHERS = {
    ansi.JurisdictionInformation: lambda source: ansi.JurisdictionInformation(_digits(source, 6)),
    ansi.GenericName: lambda source: ansi.GenericName(
        "TANDEM"[: source.randint(0, 6)], source.randint(0, 7), source.random() < 0.5, source.randint(0, 3)
    ),
    ansi.CommonLanguageLocation: lambda source: ansi.CommonLanguageLocation(_digits(source, 11)),
    ansi.CircuitIdentificationName: lambda source: ansi.CircuitIdentificationName(_digits(source, 26)),
    supplementary.MlppPrecedence: lambda source: supplementary.MlppPrecedence(
        source.randint(0, 15), source.randint(0, 3), _digits(source, 4), source.randint(0, 0xFFFFFF)
    ),
    supplementary.CallReference: _reference,
    supplementary.CallHistoryInformation: lambda source: supplementary.CallHistoryInformation(source.randint(0, 65535)),
    supplementary.ApplicationTransport: _application,
    supplementary.ServiceActivation: lambda source: supplementary.ServiceActivation(tuple(_octets(source, 1, 5))),
    supplementary.CorrelationId: _generic_digits(supplementary.CorrelationId),
    supplementary.ScfId: _generic_digits(supplementary.ScfId),
    cause.CauseIndicators: _cause,
    groups.RangeAndStatus: _range,
    groups.CircuitStateIndicator: lambda source: groups.CircuitStateIndicator.parse(
        bytes(octet & 0x3F for octet in _octets(source, 1, 32))
    ),
    services.RedirectionInformation: _redirection,
    services.PropagationDelayCounter: lambda source: services.PropagationDelayCounter(source.randint(0, 65535)),
    services.ClosedUserGroupInterlockCode: lambda source: services.ClosedUserGroupInterlockCode(
        "".join(source.choices("0123456789", k=4)), source.randint(0, 65535)
    ),
    numbers.GenericDigits: lambda source: numbers.GenericDigits(
        _octets(source, 0, 8), source.randint(0, 31), source.randint(0, 7)
    ),
    compatibility.MessageCompatibilityInformation: lambda source: compatibility.MessageCompatibilityInformation(
        *_flags(source, 5), source.randint(0, 3)
    ),
    compatibility.ParameterCompatibilityInformation: lambda source: compatibility.ParameterCompatibilityInformation(
        tuple(_instruction(source) for _ in range(source.randint(1, 4)))
    ),
    transport.AccessTransport: lambda source: transport.AccessTransport(
        (transport.Element(0x7D, b"\x91\x81"), transport.Element(source.randint(0x80, 0xFF), None))
    ),
    transport.UserServiceInformation: lambda source: transport.UserServiceInformation.of(
        source.choice(list(transport.Capability)), source.choice([None, 2, 3])
    ),
    transport.UserServiceInformationPrime: lambda source: transport.UserServiceInformationPrime.of(
        source.choice(list(transport.Capability)), source.choice([None, 2, 3])
    ),
    transport.UserToUserInformation: lambda source: transport.UserToUserInformation(
        _octets(source, 0, 20), source.randint(0, 255)
    ),
}
