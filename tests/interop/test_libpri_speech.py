"""A SIP user, a gateway, a line in software, libpri: calls both ways with speech there and back, on E1 and on T1."""

import asyncio
import re
import select
from pathlib import Path

import pytest
from support.libpri import Peer, build
from support.libpri_equipment import Equipment
from support.sipp import Sipp

from tandem.codecs.g711 import Law
from tandem.gateway.calls.accounting import read_records
from tandem.gateway.demo.agent import UserAgent
from tandem.gateway.demo.gateway import Gateway, free_offset, shift_ports
from tandem.gateway.demo.speech import Speech
from tandem.hardware.span import Framing, LineFormat

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

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
TALK_SECONDS = 1.6
#: Twice through both laws.
LEAST_SNR_DB = 28.0


class Scene:
    """The gateway, the equipment and one SIP user at a time."""

    def __init__(self, kind: str, executable: Path, folder: Path) -> None:
        self.framing, self.switch, self.side, self.silence, self.law = LINES[kind]
        self.executable, self.folder = executable, folder
        self.heard: dict[str, object] = {}
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
        equipment = Equipment(self.peer, spec, LineFormat(Framing(self.framing)), self.silence)
        equipment.start()
        gateway = Gateway("G", path, lambda name, line: None)
        try:
            await gateway.start()
            async with asyncio.timeout(40):
                await gateway.trunk_in_service("line")
                await self._said("PRI_EVENT_RESTART channel=(2[39]|31|1)")
            await asyncio.sleep(1)
            await self._until_heard("to libpri", self._to_libpri)
            await self._until_heard("from libpri", self._from_libpri)
            await self._sipp()
            self.status = await gateway.stop()
        finally:
            await gateway.stop()
            equipment.stop()
            self.peer.close()

    async def _said(self, pattern: str, since: int = 0) -> None:
        """Wait until libpri's program has said something."""
        while not any(re.search(pattern, text) for text in self.peer.said[since:]):
            if select.select([self.peer], [], [], 0)[0]:
                self.peer.listen()
            await asyncio.sleep(0.02)

    async def _until_heard(self, name, call) -> None:
        """A call with speech, again when the machine spoilt it."""
        for _ in range(4):
            octets = Law.MU if self.law == "u" else Law.A
            speech = Speech("127.0.0.1", octets, 1, TALK_SECONDS + 3)
            user = UserAgent("user", ("127.0.0.1", 5070 + self.offset), self.law, speech)
            try:
                async with asyncio.timeout(30):
                    await call(user)
                self.heard[name] = user.speech.quality(user.speech)
            finally:
                user.close()
            await asyncio.sleep(0.5)
            if self.good(name):
                return

    async def _to_libpri(self, user) -> None:
        mark = len(self.peer.said)
        user.call("2125550123", ("127.0.0.1", 5060 + self.offset), "2125550111")
        await self._said("PRI_EVENT_RING .*called=2125550123", mark)
        await user.happened.answered.wait()
        await asyncio.sleep(TALK_SECONDS)
        user.hang_up()
        await self._said("PRI_EVENT_HANGUP.* cause=16", mark)

    async def _from_libpri(self, user) -> None:
        mark = len(self.peer.said)
        self.peer.command("call 2125550111 2125550123 1")
        await user.happened.offered.wait()
        user.ring()
        await self._said("PRI_EVENT_RINGING", mark)
        user.answer()
        await self._said("PRI_EVENT_ANSWER", mark)
        await asyncio.sleep(TALK_SECONDS)
        user.hang_up()
        await self._said("PRI_EVENT_HANGUP.* cause=16", mark)

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
            await self._said("PRI_EVENT_ANSWER", mark)
            answered = next(text for text in self.peer.said[mark:] if "PRI_EVENT_ANSWER" in text)
            call = answered.partition("call=")[2].split()[0]
            self.peer.command(f"hangup {call} 16")
            await asyncio.to_thread(callee.wait, 60)
            self.counts["from libpri"] = callee.counts()

    def good(self, name: str) -> bool:
        quality = self.heard[name]
        return quality is not None and quality.heard and quality.snr_db >= LEAST_SNR_DB


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
