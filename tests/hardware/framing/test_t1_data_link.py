from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.hardware.framing.t1_data_link import WINDOW, Code, DataLinkReceiver, DataLinkTransmitter, code_bits

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/e1t1/t1.json").read_text())["data_link"]


@pytest.mark.parametrize("code", Code)
def test_codes_go_with_the_rightmost_bit_first(code):
    assert code_bits(code) == VECTORS[code.name.lower()].replace(" ", "")[::-1]


def test_flags_fill_the_link():
    assert "01111110" * 3 in DataLinkTransmitter().bits(64)


def test_remote_alarm_is_seen_and_goes_again():
    transmitter, receiver = DataLinkTransmitter(), DataLinkReceiver()
    receiver.receive(transmitter.bits(333))
    assert not receiver.remote_alarm
    transmitter.remote_alarm = True
    receiver.receive(transmitter.bits(2 * WINDOW))
    assert receiver.remote_alarm
    transmitter.remote_alarm = False
    receiver.receive(transmitter.bits(2 * WINDOW))
    assert not receiver.remote_alarm


@pytest.mark.parametrize(("spoilt", "alarm"), [(2, True), (3, False)])
def test_eight_codes_of_ten_are_the_alarm(spoilt, alarm):
    bits = list(code_bits(Code.REMOTE_ALARM) * 10)
    for place in range(spoilt):
        bits[48 * place + 10] = "1"
    receiver = DataLinkReceiver()
    receiver.receive("".join(bits))
    assert receiver.remote_alarm is alarm


@given(st.integers(0, 400), st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_a_command_is_received_once_wherever_it_begins(before, portions):
    transmitter, receiver = DataLinkTransmitter(), DataLinkReceiver()
    line = transmitter.bits(before)
    transmitter.send_code(Code.LINE_LOOPBACK)
    line += transmitter.bits(400)
    transmitter.send_code(Code.LINE_LOOPBACK_OFF)
    line += transmitter.bits(500)
    while line:
        receiver.receive(line[: portions[0]])
        line = line[portions[0] :]
        portions.append(portions.pop(0))
    assert receiver.commands == {Code.LINE_LOOPBACK: 1, Code.LINE_LOOPBACK_OFF: 1}
    assert not receiver.remote_alarm


def test_messages_pass_and_wait_for_the_alarm():
    transmitter, receiver = DataLinkTransmitter(), DataLinkReceiver()
    message = bytes.fromhex("380103") + bytes(8)
    transmitter.remote_alarm = True
    transmitter.send(message)
    receiver.receive(transmitter.bits(800))
    assert receiver.messages == []
    transmitter.remote_alarm = False
    receiver.receive(transmitter.bits(800))
    assert receiver.messages == [message]


def test_what_was_heard_before_a_loss_is_forgotten():
    transmitter, receiver = DataLinkTransmitter(), DataLinkReceiver()
    transmitter.remote_alarm = True
    receiver.receive(transmitter.bits(320))
    receiver.lose()
    assert not receiver.remote_alarm


@given(st.lists(st.text("01", max_size=400), max_size=5))
def test_any_bits_do(portions):
    receiver = DataLinkReceiver()
    for bits in portions:
        receiver.receive(bits)
    assert len(receiver._window) < WINDOW
