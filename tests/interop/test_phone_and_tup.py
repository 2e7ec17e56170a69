"""Applications with a phone of others (PJSIP) that registers, and on circuits of TUP; what is heard is measured."""

import threading
import time
import wave

import numpy as np
import pytest
from support.gateways import free_ports, wait_for
from support.operator_process import CONFIGURATION, OperatedGateway
from support.pjsua import PjsuaPhone

from tandem.codecs.quality import measure, probe
from tandem.gateway.calls.accounting import read_records

pytestmark = [pytest.mark.interop, pytest.mark.realtime]

TALK = 2.5
ADDED = """
[[sip.user]]
name = "1000"
password = "secret"
[[trunk]]
name = "phones"
type = "sip"
registrar = true
codecs = ["PCMA"]
[[route]]
trunk = ["right"]
called = '8000$'
actions = ["answer", "echo"]
[[route]]
trunk = ["right"]
called = '8001$'
actions = ["answer", "playback tone_stream://%(1500,0,1004)", "hangup 17"]
[[route]]
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    text = CONFIGURATION.replace('type = "isup"', 'type = "tup"\nrelease_control = "either"').replace(
        "[[route]]\n", ADDED, 1
    )
    text = text.replace('peer = "127.0.0.1:', 'peer = "127.0.0.2:')  # whoever registers comes from 127.0.0.1
    with OperatedGateway(tmp_path_factory.mktemp("phone"), text) as started:
        started.up()
        yield started


@pytest.fixture
def phone(gateway, tmp_path):
    port = free_ports(12)
    signal = np.tile(np.asarray(probe(int(8000 * TALK), 7)), 8)
    phone = PjsuaPhone(tmp_path / "phone", port, port + 2, signal, registrar=(gateway.sip, "1000", "secret"))
    try:
        phone.wait_for("registered", code=200)
        yield phone
    finally:
        phone.close()


def originated(gateway, phone, then):
    """The channel of the phone, once it has answered and been given to `then`."""
    answers = []
    asking = threading.Thread(target=lambda: answers.append(gateway.ask(f"originate user/1000 {then}")))
    asking.start()
    phone.wait_for("incoming")
    phone.do("answer")
    phone.wait_for("state", state="CONFIRMED")
    asking.join(20)
    (answer,) = answers
    assert answer.startswith("+OK "), answer
    return answer.split()[1]


def judge(what, said, heard, most):
    """Player and recorder of the phone are in step, so that the offset of one in the other is the delay."""
    quality = measure(said, heard[: int(8000 * (TALK + 3))])
    delay = None if quality.delay_samples is None else quality.delay_samples / 8
    print(f"{what}: {quality}, after {delay} ms")
    assert quality.heard, (what, quality)
    assert quality.snr_db > 25, (what, quality)
    assert quality.matched_samples > 8000, (what, quality)
    assert 0 < delay <= most, (what, delay)


def test_a_phone_hears_itself_by_echo(gateway, phone):
    channel = originated(gateway, phone, "&echo")
    time.sleep(TALK)
    assert gateway.ask(f"uuid_kill {channel}").startswith("+OK")
    phone.wait_for("state", state="DISCONNECTED")
    judge("originate user/1000 &echo", np.asarray(probe(int(8000 * TALK), 7)), phone.close(), 500)


def test_a_phone_and_a_circuit_of_tup_are_joined(gateway, phone):
    one = originated(gateway, phone, "&park")
    two = gateway.ask("originate tup/left/8000 &park").split()[1]
    assert gateway.ask(f"uuid_bridge {one} {two}").startswith("+OK")
    time.sleep(TALK + 1.0)
    phone.do("hangup")
    phone.wait_for("state", state="DISCONNECTED")
    wait_for(lambda: gateway.ask(f"uuid_exists {two}").strip() == "false", "the circuit is released")
    heard = phone.close()
    said = np.tile(np.asarray(probe(int(8000 * TALK), 7)), 2)
    quality = measure(said, heard)
    print(f"uuid_bridge of a phone and a TUP circuit with echo: {quality}")
    assert quality.heard
    assert quality.snr_db > 25, quality
    record = wait_for(lambda: read_records(gateway.path.parent / "records.jsonl"), "records")[-1]
    assert {record.incoming.protocol, record.outgoing.protocol} <= {"sip", "tup", "application"}


def test_what_is_recorded_from_tup_is_the_tone_that_was_sent(gateway, tmp_path):
    file = tmp_path / "tone.wav"
    assert gateway.ask(f"originate tup/left/8001 &record({file})").startswith("+OK")
    wait_for(lambda: "0 total" in gateway.ask("show channels count"), "the call is over")
    with wave.open(str(file)) as sound:
        tone = np.frombuffer(sound.readframes(1 << 20), "<i2").astype(float)
    middle = tone[2000:10000]
    assert middle.size == 8000
    power = np.abs(np.fft.rfft(middle * np.hanning(middle.size))) ** 2
    strongest = int(np.argmax(power))
    assert strongest == pytest.approx(1004, abs=1)
    near = power[strongest - 3 : strongest + 4].sum()
    snr = 10 * np.log10(near / (power.sum() - near))
    print(f"record: {strongest} Hz, {snr:.1f} dB over everything else")
    assert snr > 30
