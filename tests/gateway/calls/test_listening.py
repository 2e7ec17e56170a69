from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.listening import Listening
from tandem.gateway.calls.model import Bearer
from tandem.gateway.media.protocol import Command, Detect, Endpoint, RtpEndpoint, TimeslotEndpoint

CIRCUIT = TimeslotEndpoint("E0", 5)


@dataclass
class Trunk:
    dtmf: str = "auto"
    takes_digits: bool = False


def half(endpoint: Endpoint | None, **trunk: Any) -> HalfCall:
    return HalfCall(Trunk(**trunk), True, endpoint=endpoint)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("dtmf", "takes", "bearer", "endpoint", "listened"),
    [
        ("auto", True, Bearer.SPEECH, CIRCUIT, True),
        ("auto", False, Bearer.SPEECH, CIRCUIT, False),
        ("inband", False, Bearer.SPEECH, CIRCUIT, True),
        ("off", True, Bearer.SPEECH, CIRCUIT, False),
        ("inband", True, Bearer.UNRESTRICTED_64K, CIRCUIT, False),
        ("inband", True, Bearer.SPEECH, RtpEndpoint(1), False),
        ("inband", True, Bearer.SPEECH, None, False),
    ],
)
def test_where_is_listened(dtmf: str, takes: bool, bearer: Bearer, endpoint: Endpoint | None, listened: bool) -> None:
    commands: list[Command] = []
    listening = Listening(commands.append)
    source = half(endpoint, dtmf=dtmf)
    listening.listen(source, half(None, takes_digits=takes), bearer)
    assert commands == ([Detect(CIRCUIT)] if listened else [])
    assert (listening.half_of(CIRCUIT) is source) == listened


def test_it_is_said_once_and_ended_once() -> None:
    commands: list[Command] = []
    listening = Listening(commands.append)
    source, application, phone = half(CIRCUIT), half(None, takes_digits=True), half(RtpEndpoint(1))
    for _ in range(2):
        listening.listen(source, application, Bearer.SPEECH)
    assert commands == [Detect(CIRCUIT)]
    listening.listen(source, phone, Bearer.SPEECH)
    assert commands == [Detect(CIRCUIT), Detect(CIRCUIT, on=False)]
    listening.listen(source, application, Bearer.SPEECH)
    for _ in range(2):
        listening.end(source)
    assert commands[2:] == [Detect(CIRCUIT), Detect(CIRCUIT, on=False)]
    assert listening.half_of(CIRCUIT) is None


def test_a_call_that_moves_to_another_circuit() -> None:
    commands: list[Command] = []
    listening = Listening(commands.append)
    source, application = half(CIRCUIT), half(None, takes_digits=True)
    listening.listen(source, application, Bearer.SPEECH)
    source.endpoint = TimeslotEndpoint("E0", 6)
    listening.listen(source, application, Bearer.SPEECH)
    assert commands == [Detect(CIRCUIT), Detect(CIRCUIT, on=False), Detect(TimeslotEndpoint("E0", 6))]
