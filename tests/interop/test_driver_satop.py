"""Calls over SAToP (RFC 4553) as it comes without options; one line is recorded, and the recording played."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
from support.driver_calls import DriverCalls, good
from support.spans import spec_pair

from tandem.codecs.g711 import SILENCE, Law
from tandem.codecs.quality import measure_octets
from tandem.hardware.framing.hdlc import MTP2_MAX_OCTETS, HdlcReceiver
from tandem.hardware.registry import open_span
from tandem.ss7.isup.codes import MessageType


class TestCallsOverSatop(DriverCalls):
    @contextmanager
    def devices(self, folder):
        one, other = spec_pair("satop")
        yield {
            "isup": (one, f"file:record={folder}/line.raw,span={other}"),
            "pri": spec_pair("satop"),
        }

    @pytest.fixture(scope="class")
    @classmethod
    def played(cls, story):
        """Frames of the recorded line, as a span gives them that plays it."""
        span, frames, now = open_span(f"file:play={story.folder}/line.raw"), [], 0.0
        while not span.counters()["rounds_played"]:
            frames.append(span.read(now))
            now += 0.1
        assert span.counters()["crc4_errors"] <= span.counters()["alignment_losses"] + 2
        span.close()
        return np.concatenate(frames)

    def test_the_messages_of_the_call_are_in_the_recording(self, played):
        receiver = HdlcReceiver(max_octets=MTP2_MAX_OCTETS)
        units = receiver.receive(played[:, 16].tobytes())
        # BSN, FSN, LI, SIO, four octets of label, two of CIC, and the type of message (Q.703 2.2, Q.763 1.2).
        types = {unit[10] for unit in units if len(unit) > 10 and unit[3] & 0x0F == 5}
        assert {MessageType.IAM, MessageType.REL} <= types

    def test_the_speech_of_the_call_is_in_the_recording(self, story, played):
        spoken = (played != SILENCE[Law.A]).sum(axis=0) - (played == 0xFF).all(axis=1).sum()
        circuits = [timeslot for timeslot in range(1, 32) if timeslot != 16 and spoken[timeslot] > 8000]
        assert circuits
        assert any(good(measure_octets(story.spoken["isup"], Law.A, played[:, circuit], Law.A)) for circuit in circuits)
