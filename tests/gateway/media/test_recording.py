import resource
import signal
import wave

import numpy as np
import pytest

from tandem.codecs.g711 import Law, decode, encode
from tandem.codecs.tones import sine
from tandem.gateway.media.recording import MOST, Recorder, Writer

ONE = encode(sine(1000, -10.0, 8000), Law.A).reshape(-1, 160)
TWO = encode(sine(400, -20.0, 8000), Law.MU).reshape(-1, 160)


class Later(Writer):
    """A writer that writes when it is told to."""

    def ask(self, recorder):
        pass


def record(path, mode, limit=0.0):
    recorder = Recorder(str(path), mode, limit, Later())
    for one, two in zip(ONE, TWO, strict=True):
        recorder.put(one.tobytes(), "A", two.tobytes(), "u")
        if recorder.recorded % 10 == 0:
            recorder.write()
    recorder.end("stopped")
    recorder.write()
    return recorder


def read(path):
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(1 << 20), "<i2").reshape(-1, file.getnchannels())


def test_each_mode(tmp_path):
    one, two = decode(ONE.reshape(-1), Law.A), decode(TWO.reshape(-1), Law.MU)
    for mode, expected in (
        ("received", one[:, None]),
        ("stereo", np.column_stack((one, two))),
        ("mixed", (one.astype(int) + two)[:, None]),
    ):
        recorder = record(tmp_path / f"{mode}.wav", mode)
        assert (read(tmp_path / f"{mode}.wav") == expected).all()
        assert (recorder.finished, recorder.status, recorder.error, recorder.recorded) == (True, "stopped", "", 50)


@pytest.mark.parametrize(("suffix", "octets"), [(".alaw", 8000), (".ulaw", 8000), (".raw", 16000)])
def test_raw_files(tmp_path, suffix, octets):
    record(tmp_path / f"a{suffix}", "received")
    data = (tmp_path / f"a{suffix}").read_bytes()
    assert len(data) == octets
    if suffix == ".alaw":
        assert data == ONE.tobytes()


def test_the_limit_ends_it(tmp_path):
    recorder = record(tmp_path / "a.wav", "received", limit=0.5)
    assert (recorder.status, recorder.recorded) == ("done", 25)
    assert len(read(tmp_path / "a.wav")) == 4000


def test_what_was_written_can_be_read_before_the_end(tmp_path):
    recorder = Recorder(str(tmp_path / "a.wav"), "received", 0.0, Later())
    for block in ONE[:20]:
        recorder.put(block.tobytes(), "A", block.tobytes(), "A")
    recorder.write()
    recorder._opened.flush()
    assert len(read(tmp_path / "a.wav")) == 3200
    recorder.end("done")
    recorder.write()


def test_a_folder_that_is_not_there_is_told():
    recorder = record("/nowhere/a.wav", "received")
    assert recorder.finished
    assert recorder.error == "cannot be written: No such file or directory"


def test_a_full_disk_ends_the_recording_with_its_reason(tmp_path):
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, former[1]))
        recorder = record(tmp_path / "a.wav", "received")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
        signal.signal(signal.SIGXFSZ, ignored)
    assert recorder.finished
    assert recorder.error == "cannot be written: File too large"


def test_a_disk_that_is_too_slow_loses_speech_not_memory(tmp_path):
    recorder = Recorder(str(tmp_path / "a.wav"), "received", 0.0, Later())
    for _ in range(MOST + 7):
        recorder.put(ONE[0].tobytes(), "A", ONE[0].tobytes(), "A")
    assert (recorder.recorded, recorder.lost) == (MOST, 7)
    recorder.end("done")
    recorder.write()
    assert len(read(tmp_path / "a.wav")) == MOST * 160


def test_the_thread_writes_all_before_it_ends(tmp_path):
    writer = Writer()
    recorder = Recorder(str(tmp_path / "a.wav"), "received", 0.0, writer)
    for block in ONE:
        recorder.put(block.tobytes(), "A", block.tobytes(), "A")
    recorder.end("done")
    writer.close()
    assert recorder.finished
    assert len(read(tmp_path / "a.wav")) == 8000
