"""Lines of text out of a serial port, here a pseudo-terminal."""

import os
import tty

import pytest
from support.call_records import ENCODER, record

from tandem.gateway.configuration.records import SmdrReceiver
from tandem.gateway.records.receiver import DeliveryError
from tandem.gateway.records.smdr import Smdr, smdr_line


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_line_has_columns_of_fixed_width():
    line = smdr_line(SmdrReceiver(name="s", device="x").format, record(1))
    assert line == "2026-11-28 10:00:05 00:01:01 carrier      49891            pbx          4930123           16\r\n"


def test_a_call_never_answered_has_the_time_of_its_setup():
    one = record(1)
    one.answer_time, one.duration_ms, one.outgoing, one.result = None, 0, None, "failed"
    assert smdr_line("{time} {duration} [{outgoing}] {result}", one) == "10:00:00 00:00:00 [] failed\r\n"


def test_a_line_goes_out_of_the_port():
    ours, theirs = os.openpty()
    try:
        tty.setraw(ours)
        receiver = Smdr(SmdrReceiver(name="s", device=os.ttyname(theirs), format="{id} {cause:>4}"))
        records = [record(1), record(2)]
        receiver.deliver([ENCODER.encode(one) for one in records], records)
        assert os.read(ours, 100) == b"c-1   16\r\nc-2   16\r\n"
        receiver.close()
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_port_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DeliveryError, match="ttyX"):
        Smdr(SmdrReceiver(name="s", device=str(tmp_path / "ttyX"))).deliver([], [])
