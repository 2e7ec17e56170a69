"""Playing, recording and digits on a real plane: a phone on RTP and a timeslot of a span."""

import time
import wave

import numpy as np
import pytest
from support.media_plane import leg, timeslot, two_planes

from tandem.codecs.g711 import Law, decode, encode
from tandem.codecs.quality import measure_octets, probe
from tandem.codecs.telephone_event import parse_events
from tandem.codecs.tones import dtmf_octets, sine
from tandem.gateway.media.protocol import (
    CloseRtp,
    Play,
    PlaybackEnded,
    Record,
    RecordingEnded,
    SendDigits,
    Source,
    StopPlay,
    StopRecord,
    Tone,
)

SPEECH = encode(probe(8000), Law.A)


@pytest.fixture
def bench():
    with two_planes() as bench:
        yield bench


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "speech.alaw"
    path.write_bytes(SPEECH.tobytes())
    return str(path)


def until(planes, side, kind, seconds=3.0):
    """Let virtual time pass until the plane has told `kind`; its threads need some of the real one."""
    for _ in range(round(seconds / 0.02)):
        planes.run(0.02)
        if side.told(kind):
            return side.told(kind)[-1]
        time.sleep(0.002)
    raise AssertionError(f"no {kind.__name__}")


def begins(heard):
    """Where the tone begins."""
    return int(np.argmax(heard != 0xD5))


def test_a_file_is_heard_whole_and_what_was_heard_before_comes_back(bench, file):
    planes, side, _ = bench
    phone, other = side.phone(1), side.phone(2)
    other.line_open = True
    side.command(Source(leg(1), leg(2)), Play(leg(1), 7, file))
    ended = until(planes, side, PlaybackEnded)
    assert (ended.number, ended.status, ended.milliseconds) == (7, "done", 1000)
    planes.run(0.1)
    assert measure_octets(SPEECH, Law.A, phone.heard, Law.A).exact
    matrix = side.plane.matrix
    assert matrix.source_of(0)[0] == 1


def test_a_file_is_heard_on_a_timeslot(bench, file):
    planes, side, far = bench
    phone = far.phone(1)
    far.command(Source(leg(1), timeslot(5)))
    planes.run(0.2)
    side.command(Play(timeslot(5), 8, file))
    until(planes, side, PlaybackEnded)
    planes.run(0.2)
    assert measure_octets(SPEECH, Law.A, phone.heard, Law.A).exact


def test_stopping_and_other_sources_end_a_playback(bench):
    planes, side, _ = bench
    side.phone(1)
    endless = "tone_stream://%(500,500,440);loops=-1"
    side.command(Tone(leg(1), "ringback"), Play(leg(1), 1, endless))
    planes.run(0.1)
    side.command(StopPlay(1))
    planes.run(0.1)
    assert side.told(PlaybackEnded)[-1].status == "stopped"
    assert side.plane.matrix.source_of(0)[1] is not None  # ringback again
    side.command(Play(leg(1), 2, endless))
    planes.run(0.1)
    side.command(Source(leg(1), None))
    planes.run(0.1)
    assert [event.number for event in side.told(PlaybackEnded)] == [1, 2]
    side.command(Play(leg(1), 3, endless))
    planes.run(0.1)
    side.command(Play(leg(1), 4, endless), CloseRtp(1), Play(leg(1), 5, endless))
    planes.run(0.1)
    assert [(event.number, event.status) for event in side.told(PlaybackEnded)[2:]] == [
        (5, "the call has ended"),
        (3, "stopped"),
        (4, "stopped"),
    ]
    assert not side.plane._booth.active


def test_a_file_that_is_not_there_is_told(bench):
    planes, side, _ = bench
    side.phone(1)
    side.command(Play(leg(1), 1, "/nowhere/a.wav"))
    assert until(planes, side, PlaybackEnded).status == "cannot be read: No such file or directory"


def test_both_sides_are_recorded(bench, tmp_path):
    planes, side, far = bench
    phone, other = side.phone(1), far.phone(1)
    side.command(Source(leg(1), timeslot(5)), Source(timeslot(5), leg(1)))
    far.command(Source(leg(1), timeslot(5)), Source(timeslot(5), leg(1)))
    planes.run(0.3)
    path = tmp_path / "both.wav"
    side.command(Record(leg(1), 9, str(path), "stereo"))
    phone.speech = encode(sine(1000, -10.0, 16000), Law.A).tobytes()
    other.speech = encode(sine(400, -10.0, 16000), Law.A).tobytes()
    planes.run(1.5)
    side.command(StopRecord(9))
    ended = until(planes, side, RecordingEnded)
    assert (ended.number, ended.status) == (9, "stopped")
    with wave.open(str(path)) as sound:
        both = np.frombuffer(sound.readframes(1 << 20), "<i2").reshape(-1, 2)
    assert both.shape[0] * 1000 // 8000 == ended.milliseconds
    for column, frequency in enumerate((1000, 400)):
        pcm = both[4000:12000, column].astype(float)
        assert np.argmax(np.abs(np.fft.rfft(pcm))) * 8000 / pcm.size == pytest.approx(frequency, abs=2)


def test_a_recording_ends_with_its_leg(bench, tmp_path):
    planes, side, _ = bench
    side.phone(1)
    side.command(Record(leg(1), 3, str(tmp_path / "a.wav")), Record(leg(1), 4, "/nowhere/a.wav"))
    planes.run(0.3)
    side.command(CloseRtp(1), Record(leg(1), 5, str(tmp_path / "b.wav")))
    until(planes, side, RecordingEnded)
    for _ in range(100):
        planes.run(0.02)
        time.sleep(0.002)
        if len(side.told(RecordingEnded)) == 3:
            break
    status = {event.number: event.status for event in side.told(RecordingEnded)}
    assert status == {3: "done", 4: "cannot be written: No such file or directory", 5: "the call has ended"}


def test_digits_go_as_events_where_they_are_taken_and_as_tones_elsewhere(bench):
    planes, side, far = bench
    phone = side.phone(1, event_payload_type=101)
    deaf, distant = side.phone(2), far.phone(1)
    far.command(Source(leg(1), timeslot(6)))
    planes.run(0.2)
    side.command(SendDigits(leg(1), "5#", 100), SendDigits(leg(2), "5#", 100), SendDigits(timeslot(6), "5#", 100))
    planes.run(1.0)
    events = [parse_events(packet[12:])[0] for packet in phone.packets if packet[1] & 0x7F == 101]
    assert [event.digit for event in events if event.end] == ["5"] * 3 + ["#"] * 3
    for listener in (deaf, distant):
        heard = decode(listener.heard, Law.A).astype(float)
        for digit, (low, high) in (("5", (770, 1336)), ("#", (941, 1477))):
            tone = decode(dtmf_octets(digit, Law.A, 100), Law.A).astype(float)
            start = int(np.argmax(np.correlate(heard, tone, "valid")))
            spectrum = np.abs(np.fft.rfft(heard[start : start + 800]))
            assert set(np.argsort(spectrum)[-2:] * 10) == {round(low, -1), round(high, -1)}


def test_speech_is_echoed_bit_for_bit(bench):
    planes, side, _ = bench
    phone = side.phone(1)
    side.command(Source(leg(1), leg(1), transparent=True))
    phone.line_open = True
    planes.run(1.0)
    phone.speech = SPEECH.tobytes()
    planes.run(1.5)
    quality = measure_octets(SPEECH, Law.A, phone.heard, Law.A)
    assert quality.exact
