"""Every application on a SIP leg, an ISUP circuit and a PRI channel, of a gateway that runs and calls itself."""

import json
import socket
import threading
import wave

import numpy as np
import pytest
from support.event_listener import Listener
from support.operator_process import CONFIGURATION, OperatedGateway

from tandem.gateway.applications.programs import PROGRAMS
from tandem.gateway.calls.accounting import read_records

pytestmark = [pytest.mark.interop, pytest.mark.realtime]

DIAL = {"sip": "sip/self/3000", "isup": "isup/left/3000", "pri": "pri/net/3000"}
#: What the called side executes, one after the other.
ACTIONS = """
ring_ready
sleep 100
pre_answer
gentones %(200,0,440)
answer
set colour=blue
export flavour=sweet
playback tone_stream://%(300,0,1004)
hold
hold off
record_session {folder}/session-${{trunk}}.wav
read 4 4 silence_stream://100 digits 8000 #
stop_record_session {folder}/session-${{trunk}}.wav
play_and_get_digits 1 2 1 8000 # silence_stream://100 silence_stream://100 more \\d+
send_dtmf 42
record {folder}/spoken.wav 1
socket 127.0.0.1:{program} async full
bridge isup/left/3001
transfer 3002
"""
ADDED = """
[[trunk]]
name = "self"
type = "sip"
peer = "127.0.0.1:{mirror}"
[[trunk]]
name = "spoken"
type = "sip"
peer = "127.0.0.1:{spoken}"
telephone_event = false
[[trunk]]
name = "informed"
type = "sip"
peer = "127.0.0.1:{informed}"
telephone_event = false
digits = "info-relay"
[[route]]
trunk = ["right", "usr", "self"]
called = '3000$'
actions = {actions}
[[route]]
trunk = ["right"]
called = '3001$'
actions = ["answer", "sleep 300", "hangup 16"]
[[route]]
called = '3002$'
actions = ["echo"]
[[route]]
called = '3003$'
actions = ["hangup 17"]
[[route]]
called = '3004$'
actions = ["answer", "read 3 3 silence_stream://100 digits 8000 #", "sleep 200", "send_dtmf 26", "park"]
"""
#: How a digit may go: where to call for that, by form.
FORMS = {
    "events": "sip/self",
    "tones": "sip/spoken",
    "INFO": "sip/informed",
    "tones on a circuit": "isup/left",
    "tones on a channel": "pri/net",
}
#: Whoever calls 4000, 4001 … is joined to a side of one of those forms, which answers and reads digits.
DIGIT_ROUTE = """[[route]]
called = '400{number}$'
actions = ["bridge {dial}/3004"]
"""
#: Applications that are not named in a dial plan but by the gateway itself, for REFER and INVITE with Replaces.
OF_TRANSFERS = {"await_transfer", "intercept"}


class Mirror:
    """A SIP peer that sends back what it gets: the gateway hears its own INVITE, and then its own answers."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            octets, source = self._socket.recvfrom(65536)
            if not octets:
                return
            self._socket.sendto(octets, source)

    def close(self):
        self._socket.sendto(b"", self._socket.getsockname())
        self._socket.close()


class Program:
    """A program that channels are handed to: it looks at each, and gives it back."""

    def __init__(self):
        self.seen = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client:
                client.sendall(b"connect\n\n")
                heard = b""
                while b"\n\n" not in heard:
                    heard += client.recv(65536)
                self.seen.append(heard.decode())
                client.sendall(b"exit\n\n")
                while client.recv(65536):
                    pass

    def close(self):
        self._server.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("applications")


@pytest.fixture(scope="module")
def program():
    program = Program()
    yield program
    program.close()


@pytest.fixture(scope="module")
def mirrors():
    mirrors = {name: Mirror() for name in ("mirror", "spoken", "informed")}
    yield mirrors
    for mirror in mirrors.values():
        mirror.close()


@pytest.fixture(scope="module")
def gateway(folder, program, mirrors):
    places = {"folder": str(folder), "program": str(program.port)}
    places |= {name: str(mirror.port) for name, mirror in mirrors.items()}
    digits = "".join(
        DIGIT_ROUTE.replace("{number}", str(i)).replace("{dial}", dial) for i, dial in enumerate(FORMS.values())
    )
    actions = json.dumps(ACTIONS.strip().splitlines())
    added = ADDED.replace("{actions}", actions) + digits + "[[route]]\n"
    for name, value in places.items():
        added = added.replace(f"{{{name}}}", value)
    text = CONFIGURATION.replace("[[route]]\n", added, 1)
    # As for peers that want events and cannot hear tones.
    for line in ('linkset = "to-b"\n', 'linkset = "to-a"\n', 'side = "network"\n', 'side = "user"\n'):
        text = text.replace(line, f'{line}dtmf = "inband"\n')
    with OperatedGateway(folder, text) as started:
        started.up()
        yield started


def spoken(path):
    """Seconds and the strongest frequency of a recording."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(1 << 20), "<i2").astype(float)
    return samples.size / 8000, np.argmax(np.abs(np.fft.rfft(samples * np.hanning(samples.size)))) * 8000 / samples.size


@pytest.mark.parametrize("kind", DIAL)
def test_each_application(kind, gateway, folder, program):
    ask, trunk = gateway.ask, {"sip": "self", "isup": "right", "pri": "usr"}[kind]
    program.seen.clear()
    listener = Listener(gateway.port)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ask(f"originate {DIAL[kind]} &park")))
    try:
        asking.start()
        called = listener.until(["CHANNEL_CREATE"], Call_Direction="inbound", Tandem_Trunk=trunk)["Unique-ID"]
        done = []

        def until(application):
            """The end of this application, and of all before it."""
            while not done or done[-1][0] != application:
                event = listener.until(["CHANNEL_EXECUTE_COMPLETE"], Unique_ID=called)
                done.append((event["Application"], event["Application-Response"]))

        until("pre_answer")
        listener.until(["CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA"], Call_Direction="outbound")
        until("playback")
        asking.join(20)
        (answer,) = answers
        assert answer.startswith("+OK "), answer
        caller = answer.split()[1]
        assert ask(f"uuid_getvar {called} colour") == "blue\n"
        until("record_session")
        assert ask(f"uuid_broadcast {caller} tone_stream://%(400,0,1004)").startswith("+OK")
        listener.until(["PLAYBACK_STOP"], Unique_ID=caller)
        assert ask(f"uuid_send_dtmf {caller} 1590@100") == "+OK\n"
        until("read")
        assert ask(f"uuid_getvar {called} digits") == "1590\n"
        until("stop_record_session")
        listener.until(["CHANNEL_EXECUTE"], Unique_ID=called, Application="play_and_get_digits")
        assert ask(f"uuid_send_dtmf {caller} 7#@100") == "+OK\n"
        until("play_and_get_digits")
        assert ask(f"uuid_getvar {called} more") == "7\n"
        heard = [listener.until(["DTMF"], Unique_ID=caller)["DTMF-Digit"] for _ in "42"]
        assert heard == ["4", "2"], "as the called side sent them"
        until("send_dtmf")
        assert ask(f"uuid_broadcast {caller} tone_stream://%(1500,0,620)").startswith("+OK")
        until("record")
        until("socket")
        (seen,) = program.seen
        assert f"Unique-ID: {called}" in seen
        listener.until(["CHANNEL_BRIDGE"], called)
        until("transfer")
        listener.until(["CHANNEL_EXECUTE"], Unique_ID=called, Application="echo")
        assert ask(f"uuid_hold {called}").startswith("+OK")
        assert ask(f"uuid_hold off {called}").startswith("+OK")
        assert ask(f"uuid_transfer {called} 3003") == "+OK\n"
        ended = listener.until(["CHANNEL_HANGUP_COMPLETE"], Unique_ID=caller)
        assert ended["Hangup-Cause"] == "USER_BUSY"
    finally:
        listener.close()
        print(kind, done)
    executed = [application for application, _ in done]
    assert executed == [line.split()[0] for line in ACTIONS.strip().splitlines()]
    assert set(executed) | {"echo", "park", "hangup"} | OF_TRANSFERS == set(PROGRAMS)
    seconds, _ = spoken(folder / f"session-{trunk}.wav")
    assert seconds > 0.7
    seconds, hertz = spoken(folder / "spoken.wav")
    assert seconds == pytest.approx(1.0, abs=0.15)
    assert hertz == pytest.approx(620, abs=3)
    gateway.wait_for(lambda: ask("show channels count") == "\n0 total.\n")
    protocols = {record.incoming.protocol for record in read_records(folder / "records.jsonl")}
    assert kind in protocols


@pytest.mark.parametrize(
    ("source", "sink"),
    [
        ("events", "tones"),
        ("tones", "INFO"),
        ("INFO", "tones on a circuit"),
        ("tones on a circuit", "events"),
        ("events", "tones on a channel"),
        ("tones on a channel", "INFO"),
    ],
)
def test_digits_cross_in_every_form_both_ways_and_once(source, sink, gateway):
    ask, listener = gateway.ask, Listener(gateway.port)
    number = list(FORMS).index(sink)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ask(f"originate {FORMS[source]}/400{number} &park")))
    try:
        asking.start()
        called = listener.until(["CHANNEL_EXECUTE"], Application="read")["Unique-ID"]
        asking.join(20)
        caller = answers[0].removeprefix("+OK ").strip()
        assert ask(f"uuid_send_dtmf {caller} 159@100") == "+OK\n"
        listener.until(["CHANNEL_EXECUTE_COMPLETE"], Unique_ID=called, Application="read")
        assert ask(f"uuid_getvar {called} digits") == "159\n"
        assert [listener.until(["DTMF"], Unique_ID=caller)["DTMF-Digit"] for _ in "26"] == ["2", "6"]
        listener.until(["CHANNEL_PARK"], Unique_ID=called)
        again = [event for event in listener.events if event["Event-Name"] == "DTMF" and event["Unique-ID"] == caller]
        assert again == []
        assert ask("hupall").startswith("+OK")
    finally:
        listener.close()
    gateway.wait_for(lambda: ask("show channels count") == "\n0 total.\n")
