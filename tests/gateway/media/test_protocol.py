from __future__ import annotations

import msgspec
import pytest

from tandem.gateway.media import protocol
from tandem.gateway.media.protocol import (
    Command,
    Event,
    RtpEndpoint,
    TimeslotEndpoint,
)

COMMANDS: list[Command] = [
    protocol.OpenRtp(1, 20000, "A", 8, ("192.0.2.1", 4000), 101),
    protocol.UpdateRtp(1, "u", 0, None, None, send=False),
    protocol.UpdateRtp(1, "A", 8, keys=protocol.SrtpKeys("AES_CM_128_HMAC_SHA1_80", bytes(30), bytes(30))),
    protocol.CloseRtp(1),
    protocol.Source(RtpEndpoint(1), TimeslotEndpoint("E0", 5)),
    protocol.Source(TimeslotEndpoint("E0", 5), None),
    protocol.Tone(TimeslotEndpoint("E0", 31), "busy"),
    protocol.PlayDigit(1, "#", 160),
    protocol.Play(RtpEndpoint(1), 7, "tone_stream://%(1000,0,440)"),
    protocol.StopPlay(7),
    protocol.Record(TimeslotEndpoint("E0", 5), 8, "call.wav", "stereo", 60.0),
    protocol.StopRecord(8),
    protocol.Detect(TimeslotEndpoint("E0", 5), False),
    protocol.SendDigits(TimeslotEndpoint("E0", 5), "12#", 100),
    protocol.SendUnits(3, [b"", bytes(272)], None),
    protocol.LineTest("E0", loopback=True, remote_alarm=False),
    protocol.Shutdown(),
]
EVENTS: list[Event] = [
    protocol.Ready([20000, 20002]),
    protocol.Failed("span 'x': no"),
    protocol.UnitsReceived(3, [b"\x7f\xff\x00"], 10, 1, 16),
    protocol.SpanChanged("E0", ["LOS"]),
    protocol.RtpClosed(1, protocol.MediaStatistics(packets_sent=50, jitter_ms=0.5)),
    protocol.RtpSilent(1),
    protocol.ContinuityHeard(TimeslotEndpoint("E0", 3)),
    protocol.DigitReceived(1, "#", 120),
    protocol.DigitHeard(protocol.TimeslotEndpoint("E0", 3), "#", 120),
    protocol.PlaybackEnded(7, "done", 2500),
    protocol.RecordingEnded(8, "stopped", 60000),
    protocol.MediaReport(50, 0.4, 1.5, {"E0": {"slips": 0}}),
]


def test_every_command_and_event_crosses_unchanged() -> None:
    encode, decode = msgspec.msgpack.encode, msgspec.msgpack.decode
    assert decode(encode(COMMANDS), type=list[Command]) == COMMANDS
    assert decode(encode(EVENTS), type=list[Event]) == EVENTS
    assert {type(command) for command in COMMANDS} == set(Command.__args__)
    assert {type(event) for event in EVENTS} == set(Event.__args__)


def test_the_configuration_crosses_unchanged() -> None:
    configuration = protocol.MediaConfiguration(
        spans=[protocol.SpanConfiguration("E0", "virtual:a", "u", "esf", 6)],
        channels=[protocol.Channel(1, "E0", (15, 16))],
        rtp_ports=(20000, 20100),
    )
    octets = msgspec.msgpack.encode(configuration)
    assert msgspec.msgpack.decode(octets, type=protocol.MediaConfiguration) == configuration


def test_an_event_is_no_command() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode(EVENTS[:1]), type=list[Command])
