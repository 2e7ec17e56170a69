"""Applications and commands on a SIP leg and on circuits: two gateways as processes, a SIP phone, speech measured."""

import asyncio
import contextlib
import wave

import numpy as np
import pytest

from tandem.codecs.g711 import Law, decode
from tandem.codecs.quality import measure
from tandem.gateway.calls.accounting import read_records
from tandem.gateway.demo.agent import UserAgent
from tandem.gateway.demo.gateway import Gateway, free_offset, shift_ports
from tandem.gateway.demo.plans import flow, user_ports
from tandem.gateway.demo.speech import Speech
from tandem.gateway.media.plane import LEAD_MICROSECONDS

pytestmark = [pytest.mark.interop, pytest.mark.realtime]
TALK = 2.0
LATE = LEAD_MICROSECONDS / 1e6
"""Seconds by which a machine that holds programs up takes speech from the line: it is made so long ahead."""
PASSWORD = "secret"
ESL_PORT = 8021
SOCKET = f'\n[event_socket]\nlisten = "127.0.0.1:{ESL_PORT}"\npassword = "{PASSWORD}"\n'
#: What B does with calls that come over the line.
ROUTES = """
[[route]]
trunk = ["to-a"]
called = '8000$'
actions = ["answer", "echo"]
[[route]]
trunk = ["to-a"]
called = '8001$'
actions = ["answer", "playback tone_stream://%(2500,0,1004)", "hangup 17"]
[[route]]
trunk = ["to-a"]
called = '8002$'
actions = ["answer", "read 4 4 silence_stream://100 number 8000 #", "transfer ${number}"]
[[route]]
"""


class Operator:
    """A client of the event socket."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, port):
        operator = cls(*await asyncio.open_connection("127.0.0.1", port))
        assert (await operator._take())[0]["Content-Type"] == "auth/request"
        operator._writer.write(f"auth {PASSWORD}\n\n".encode())
        assert (await operator._take())[0]["Reply-Text"] == "+OK accepted"
        return operator

    async def api(self, command):
        self._writer.write(f"api {command}\n\n".encode())
        async with asyncio.timeout(30):
            return (await self._take())[1].strip()

    async def says(self, command, answer):
        """Wait until `command` is answered so."""
        async with asyncio.timeout(20):
            while await self.api(command) != answer:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def _take(self):
        head = (await self._reader.readuntil(b"\n\n")).decode()
        fields = dict(line.split(": ", 1) for line in head.strip().splitlines())
        body = await self._reader.readexactly(int(fields.get("Content-Length", 0)))
        return fields, body.decode()

    def close(self):
        self._writer.close()


class Bench:
    """TM with a SIP phone on one side and a line to B on the other."""

    def __init__(self, folder, protocol):
        self.folder, self.protocol = folder, protocol
        self.plan = flow(f"sip-{protocol}")
        texts = dict(self.plan.texts)
        texts["B"] = texts["B"].replace("[[route]]\n", ROUTES, 1)
        texts["TM"] += SOCKET
        self.offset = free_offset([*texts.values()])
        self.gateways = {}
        for name, text in texts.items():
            path = folder / f"{name}.toml"
            path.write_text(shift_ports(text, self.offset))
            self.gateways[name] = Gateway(name, path, lambda *_: None)

    async def __aenter__(self):
        try:
            for gateway in self.gateways.values():
                await gateway.start()
            async with asyncio.timeout(90):
                for name, gateway in self.gateways.items():
                    await gateway.up()
                    for trunk in self.plan.trunks[name]:
                        await gateway.trunk_in_service(trunk)
                    await gateway.circuits_idle(self.plan.circuits[name])
            self.operator = await Operator.connect(ESL_PORT + self.offset)
        except BaseException:
            for gateway in self.gateways.values():
                await gateway.stop()
            raise
        return self

    async def __aexit__(self, *_):
        self.operator.close()
        assert [await gateway.stop() for gateway in self.gateways.values()] == [0, 0]

    @contextlib.contextmanager
    def phone(self):
        address = ("127.0.0.1", user_ports()[0] + self.offset)
        phone = UserAgent("phone", address, "A", Speech("127.0.0.1", Law.A, 1, 30))
        try:
            yield phone
        finally:
            phone.close()

    async def answered(self, phone, command):
        """What `command` says when the phone has answered the call that it makes."""
        asked = asyncio.create_task(self.operator.api(command))
        async with asyncio.timeout(20):
            await phone.happened.offered.wait()
        phone.answer()
        return await asked

    def echo(self, phone):
        """How the phone heard itself, and after how long, in milliseconds."""
        quality = phone.speech.quality(phone.speech)
        return quality, phone.speech.delay_ms(quality, phone.speech)


async def over(phone):
    async with asyncio.timeout(20):
        await phone.happened.over.wait()


def judge(bench, phone, what, most):
    quality, delay = bench.echo(phone)
    print(f"{bench.protocol}: {what}: {quality}, after {delay:.0f} ms")
    assert quality.heard, what
    assert quality.snr_db >= 30, what
    assert quality.matched_samples >= (TALK - 1) * 8000, what
    assert delay <= most, what


def strongest(pcm):
    """The strongest frequency, in hertz."""
    wave = pcm.astype(float)
    return np.argmax(np.abs(np.fft.rfft(wave * np.hanning(wave.size)))) * 8000 / wave.size


async def story(bench):
    operator, kind = bench.operator, bench.protocol
    with bench.phone() as phone:
        assert (await bench.answered(phone, "originate sip/to-a/100 &echo")).startswith("+OK")
        await asyncio.sleep(TALK)
        phone.hang_up()
        judge(bench, phone, "echo on the SIP leg", 200)

    with bench.phone() as phone:
        phone.call("08000", ("127.0.0.1", bench.plan.sip_ports["TM"] + bench.offset), "100")
        async with asyncio.timeout(20):
            await phone.happened.answered.wait()
        await asyncio.sleep(TALK)
        phone.hang_up()
        judge(bench, phone, f"echo on a circuit of {kind}", 400)

    with bench.phone() as phone:
        one = (await bench.answered(phone, "originate sip/to-a/100 &park")).removeprefix("+OK ")
        two = (await operator.api(f"originate {kind}/to-b/8000 &park")).removeprefix("+OK ")
        assert await operator.api(f"uuid_exists {two}") == "true"
        recording = bench.folder / f"{kind}.wav"
        assert (await operator.api(f"uuid_record {two} start {recording}")).startswith("+OK")
        assert (await operator.api(f"uuid_bridge {one} {two}")).startswith("+OK")
        await asyncio.sleep(TALK)
        assert (await operator.api(f"uuid_record {two} stop {recording}")).startswith("+OK")
        judge(bench, phone, f"two parked legs joined, echo by {kind}", 400)
        assert (await operator.api(f"uuid_kill {one}")).startswith("+OK")
        await over(phone)
        await operator.says(f"uuid_exists {two}", "false")
        said = decode(phone.speech.said(), Law.A)
    with wave.open(str(recording)) as sound:
        recorded = np.frombuffer(sound.readframes(1 << 20), "<i2")
    assert recorded.size > (TALK - 0.5) * 8000
    assert measure(said, recorded).heard

    command = f"originate {kind}/to-b/8001 &record({bench.folder}/tone-{kind}.wav)"
    assert (await operator.api(command)).startswith("+OK")
    await operator.says("show channels count", "0 total.")
    with wave.open(f"{bench.folder}/tone-{kind}.wav") as sound:
        tone = np.frombuffer(sound.readframes(1 << 20), "<i2")
    assert strongest(tone[4000:16000]) == pytest.approx(1004, abs=1)

    # Digits go as tones in the speech of the circuit, B hears them there, and the number that they make is played.
    command = f"originate {kind}/to-b/8002 &record({bench.folder}/digits-{kind}.wav)"
    caller = (await operator.api(command)).removeprefix("+OK ")
    await asyncio.sleep(0.3)
    assert (await operator.api(f"uuid_send_dtmf {caller} 8001@80")).startswith("+OK")
    await operator.says("show channels count", "0 total.")
    with wave.open(f"{bench.folder}/digits-{kind}.wav") as sound:
        tone = np.frombuffer(sound.readframes(1 << 20), "<i2")
    assert strongest(tone[-16000:-4000]) == pytest.approx(1004, abs=1)

    assert await operator.api(f"originate {kind}/nowhere/1 &park") != ""
    for gateway in bench.gateways.values():
        async with asyncio.timeout(20):
            await gateway.circuits_idle(bench.plan.circuits[gateway.name])


async def played(folder, protocol, late):
    """The story on a new bench; `late[0]` is the most, in seconds, that this program was held up."""

    async def watch():
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + 0.005
            await asyncio.sleep(0.005)
            late[0] = max(late[0], loop.time() - due)

    async with Bench(folder, protocol) as bench:
        watching = asyncio.create_task(watch())
        try:
            await story(bench)
        finally:
            watching.cancel()


@pytest.mark.parametrize("protocol", ["isup", "pri"])
def test_applications_on_each_kind_of_leg(tmp_path, protocol):
    folder = tmp_path
    try:
        asyncio.run(played(folder, protocol, late := [0.0]))
    except AssertionError:
        if late[0] < LATE:
            raise
        # The machine held programs up, and speech with them: once more.
        folder = tmp_path / "again"
        folder.mkdir()
        asyncio.run(played(folder, protocol, [0.0]))
    records = read_records(folder / "records-tm.jsonl")
    # echo; a call through; two legs that were joined; two that were recorded
    assert len(records) == 5
    assert {record.result for record in records} == {"answered"}
    assert sum(bool(record.linked) for record in records) == 1
