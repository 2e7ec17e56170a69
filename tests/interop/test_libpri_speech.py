"""baresip, a gateway, a line in software, libpri: calls both ways, speech measured at each end, on E1 and on T1."""

import asyncio
import re
from pathlib import Path

import numpy as np
import pytest
from support.baresip import Baresip
from support.gateways import free_ports
from support.libpri import Peer, build
from support.libpri_equipment import Equipment
from support.sip_gateway import free_stream_ports
from support.sipp import Sipp

from tandem.codecs.g711 import SILENCE, Law, decode, encode
from tandem.codecs.quality import Quality, measure, probe
from tandem.gateway.calls.accounting import read_records
from tandem.gateway.demo.gateway import Gateway, free_offset, shift_ports
from tandem.hardware.span import Framing, LineFormat

pytestmark = [pytest.mark.interop, pytest.mark.realtime, pytest.mark.timeout(120)]

CONFIGURATION = """
[node]
name = "G"
records = "{folder}/records.jsonl"
[sip]
listen = "127.0.0.1:5060"
[media]
address = "127.0.0.1"
ports = [16384, 16447]
[[span]]
name = "line"
device = "satop:listen=127.0.0.1:40001,peer=127.0.0.1:40002"
framing = "{framing}"
[[trunk]]
name = "line"
type = "pri"
side = "{side}"
switch = "{switch}"
  [[trunk.spans]]
  span = "line"
[[trunk]]
name = "pbx"
type = "sip"
peer = "127.0.0.1:5070"
codecs = ["PCMU", "PCMA"]
[[route]]
trunk = ["pbx"]
to = ["line"]
[[route]]
trunk = ["line"]
to = ["pbx"]
"""
#: Framing, switch type, our side, silence of the line, and the law of the SIP user: the other one.
LINES = {"e1": ("crc4", "euroisdn", "network", 0xD5, "u"), "t1": ("esf", "ni2", "user", 0xFF, "A")}
TALK_SECONDS = 2.5
#: What baresip says: it plays its file from the start of each call.
SPEECH = np.asarray(probe(8000 * 20, 1))
#: Through both laws once, and baresip's own coding before or after.
LEAST_SNR_DB = 28.0
LEAST_SAMPLES = 12000
CHANNEL = re.compile(r"PRI_EVENT_(?:RING|ANSWER) call=\d+ .*?chan=(\d+)")


class Scene:
    """The gateway, the equipment, and baresip, then SIPp, as the SIP user."""

    def __init__(self, kind: str, executable: Path, folder: Path) -> None:
        self.framing, self.switch, self.side, self.silence, self.law = LINES[kind]
        self.executable, self.folder = executable, folder
        law = Law.A if self.silence == SILENCE[Law.A] else Law.MU
        self.line_law, self.voice = law, encode(probe(int(8000 * TALK_SECONDS), 2), law)
        self.heard: dict[str, dict[str, Quality]] = {}
        self.calls = 0
        """Calls of baresip."""
        self.counts: dict[str, dict[str, int]] = {}
        self.status = -1
        asyncio.run(self._play())

    async def _play(self) -> None:
        text = CONFIGURATION.format(folder=self.folder, framing=self.framing, switch=self.switch, side=self.side)
        self.offset = free_offset([text, 'peer = "127.0.0.1:40002"'])
        path = self.folder / "gateway.toml"
        path.write_text(shift_ports(text, self.offset))
        self.peer = Peer(self.executable, network=self.side == "user", switch=self.switch, options=("-a", "300"))
        spec = f"satop:listen=127.0.0.1:{40002 + self.offset},peer=127.0.0.1:{40001 + self.offset}"
        self.equipment = Equipment(self.peer, spec, LineFormat(Framing(self.framing)), self.silence)
        self.equipment.start()
        gateway = Gateway("G", path, lambda name, line: None)
        try:
            await gateway.start()
            async with asyncio.timeout(40):
                await gateway.trunk_in_service("line")
                await self.peer.hears("PRI_EVENT_RESTART channel=(2[39]|31|1)")
            await asyncio.sleep(1)
            codec = "PCMU" if self.law == "u" else "PCMA"
            account = f"<sip:2125550111@127.0.0.1:{5060 + self.offset}>;regint=0;audio_codecs={codec}"
            control, rtp = free_stream_ports(1), free_ports(10)
            with Baresip(self.folder / "phone", account, SPEECH, 5070 + self.offset, control, rtp) as self.phone:
                await self._until_heard("to libpri", self._to_libpri)
                await self._until_heard("from libpri", self._from_libpri)
            await self._sipp()
            self.status = await gateway.stop()
        finally:
            await gateway.stop()
            self.equipment.stop()
            self.peer.close()

    async def _until_heard(self, name, call) -> None:
        """A call with speech, again when the machine spoilt it."""
        for _ in range(4):
            mark = len(self.peer.said)
            async with asyncio.timeout(30):
                await call(mark)
            channel = next(int(found[1]) for text in self.peer.said[mark:] if (found := CHANNEL.search(text)))
            self.equipment.speak(channel, self.voice)
            await asyncio.sleep(TALK_SECONDS)
            at_libpri = self.equipment.heard()
            self.phone.command("hangup")
            await self.peer.hears("PRI_EVENT_HANGUP.* cause=16", mark)
            self.calls += 1
            await asyncio.sleep(0.5)
            at_phone = self.phone.heard()[-1]
            self.heard[name] = {
                "libpri": measure(SPEECH, np.asarray(decode(at_libpri, self.line_law))),
                "baresip": measure(np.asarray(decode(self.voice, self.line_law)), at_phone),
            }
            if self.good(name):
                return

    async def _to_libpri(self, mark) -> None:
        established = self.phone.events().count("CALL_ESTABLISHED")
        self.phone.command("dial", "2125550123")
        await self.peer.hears("PRI_EVENT_RING .*called=2125550123", mark)
        await self._phone_says("CALL_ESTABLISHED", established)

    async def _from_libpri(self, mark) -> None:
        events = self.phone.events()
        self.peer.command("call 2125550111 2125550123 1")
        await self._phone_says("CALL_INCOMING", events.count("CALL_INCOMING"))
        await self.peer.hears("PRI_EVENT_RINGING", mark)
        self.phone.command("accept")
        await self.peer.hears("PRI_EVENT_ANSWER", mark)

    async def _phone_says(self, kind: str, before: int) -> None:
        for _ in range(1500):
            if self.phone.events().count(kind) > before:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"no {kind} of baresip: {self.phone.said()}")

    async def _sipp(self) -> None:
        """The same ways with SIPp as the SIP end: calls to libpri side by side, one from it."""
        ports = {"port": 5070 + self.offset, "remote": 5060 + self.offset}
        with Sipp("plain_caller", self.folder, **ports, calls=6, options=["-r", "3"], called="2125550123") as caller:
            await asyncio.to_thread(caller.wait, 60)
            self.counts["to libpri"] = caller.counts()
        await asyncio.sleep(1)
        mark = len(self.peer.said)
        with Sipp("plain_callee", self.folder, port=5070 + self.offset, called="2125550111") as callee:
            await asyncio.sleep(0.5)
            self.peer.command("call 2125550111 2125550123 1")
            await self.peer.hears("PRI_EVENT_ANSWER", mark)
            answered = next(text for text in self.peer.said[mark:] if "PRI_EVENT_ANSWER" in text)
            call = answered.partition("call=")[2].split()[0]
            self.peer.command(f"hangup {call} 16")
            await asyncio.to_thread(callee.wait, 60)
            self.counts["from libpri"] = callee.counts()

    def good(self, name: str) -> bool:
        """Whether each end heard the other."""
        return all(
            quality.heard and quality.matched_samples >= LEAST_SAMPLES and quality.snr_db >= LEAST_SNR_DB
            for quality in self.heard[name].values()
        )


@pytest.fixture(scope="module", params=LINES)
def scene(request, tmp_path_factory):
    executable = build(tmp_path_factory.mktemp("pripeer"))
    return Scene(request.param, executable, tmp_path_factory.mktemp(request.param))


@pytest.mark.parametrize("way", ["to libpri", "from libpri"])
def test_speech_goes_there_and_back(scene, way):
    assert scene.good(way), scene.heard[way]


@pytest.mark.parametrize(("way", "calls"), [("to libpri", 6), ("from libpri", 1)])
def test_sipp_and_libpri_count_the_same(scene, way, calls):
    assert scene.counts[way] == {"created": calls, "successful": calls, "failed": 0}


def test_the_gateway_ends_in_order_with_its_records(scene):
    assert scene.status == 0
    records = read_records(scene.folder / "records.jsonl")
    assert {(record.result, record.cause) for record in records} == {("answered", 16)}
    assert {record.incoming.protocol for record in records} == {"sip", "pri"}
