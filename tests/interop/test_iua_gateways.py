"""A PBX, a signalling gateway with its line, an exchange behind it by IUA: three processes, SCTP or TCP between two.

The PBX is a gateway of ours, for the examples, or libpri, for calls with speech.
"""

import asyncio
import os
import re
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from support.captures import complaints, protocols
from support.libpri import Peer, build
from support.libpri_equipment import Equipment

from tandem.codecs.g711 import SILENCE, Law, encode
from tandem.codecs.quality import Quality, measure_octets, probe
from tandem.gateway.calls.accounting import read_records
from tandem.gateway.demo.agent import UserAgent
from tandem.gateway.demo.gateway import Gateway, free_offset, shift_ports
from tandem.gateway.demo.speech import Speech
from tandem.hardware.span import Framing, LineFormat

pytestmark = [pytest.mark.interop, pytest.mark.realtime, pytest.mark.timeout(300)]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TALK_SECONDS = 2.0
LEAST_SNR_DB = 30.0
LEAST_SAMPLES = 12000
CHANNEL = re.compile(r"PRI_EVENT_(?:RING|ANSWER) call=\d+ .*?chan=(\d+)")
FILES = {"PBX": "pri-a.toml", "SG": "iua-gateway.toml", "EX": "iua-exchange.toml"}


def configured(text: str, transport: str) -> str:
    """An example with another transport."""
    text = text.replace("wait = true", f'wait = true\ntransport = "{transport}"')
    return text.replace('name = "gateway"\n', f'name = "gateway"\ntransport = "{transport}"\n')


async def run(folder: Path, transport: str) -> tuple[list[str], list[int]]:
    """Start all three, wait until both trunks are in service, end them: what they logged, and their statuses."""
    texts = {name: (EXAMPLES / file).read_text() for name, file in FILES.items()}
    offset = free_offset([*texts.values()])
    lines: list[str] = []
    gateways = {}
    statuses = []
    try:
        for name, text in texts.items():
            text = shift_ports(configured(text, transport), offset)
            text = text.replace("records-", f"{folder}/records-").replace("capture-", f"{folder}/capture-")
            # The speech of the exchange goes nowhere: a line looped to itself has no alarms.
            looped = text.split("listen=")[1].split(",")[0] if name == "EX" else ""
            text = re.sub(r"listen=\S+,peer=[0-9.:]+", f"listen={looped},peer={looped}", text) if looped else text
            path = folder / f"{name}.toml"
            path.write_text(text)
            gateways[name] = Gateway(name, path, lambda name, line: lines.append(f"{name} {line}"))
            await gateways[name].start()
        async with asyncio.timeout(90):
            await gateways["EX"].trunk_in_service("pbx")
            await gateways["PBX"].trunk_in_service("uplink")
    except TimeoutError:
        raise AssertionError("\n".join(lines)) from None
    finally:
        for name in ("EX", "SG", "PBX"):
            if name in gateways:
                statuses.append(await gateways[name].stop())
    return lines, statuses


@pytest.mark.parametrize("transport", ["sctp", "tcp"])
def test_a_trunk_by_iua_comes_into_service(tmp_path, transport):
    lines, statuses = asyncio.run(run(tmp_path, transport))
    assert statuses == [0, 0, 0], "\n".join(lines)
    capture = tmp_path / "capture-sg.pcapng"
    assert complaints(capture, []) == []
    assert {"lapd", "q931"} <= protocols(capture, [])


class Trunk:
    """libpri whose line is split: its D-channel goes to a signalling gateway, its B-channels to the exchange behind it.

    A call with speech each way; in the second the line of the D-channel is cut for a while, then the signalling gateway
    is killed and started again.
    """

    def __init__(self, transport: str, executable: Path, folder: Path) -> None:
        self.transport, self.executable, self.folder = transport, executable, folder
        self.heard: dict[str, dict[str, Quality | None]] = {}
        self.lines: list[str] = []
        self.statuses: list[int] = []
        asyncio.run(self._play())

    async def _play(self) -> None:
        texts = {name: configured((EXAMPLES / FILES[name]).read_text(), self.transport) for name in ("SG", "EX")}
        self.offset = free_offset([*texts.values(), 'peer = "127.0.0.1:5072"'])
        for name, text in texts.items():
            text = shift_ports(text, self.offset).replace("records-", f"{self.folder}/records-")
            (self.folder / f"{name}.toml").write_text(text.replace("capture-", f"{self.folder}/capture-"))
        self.peer = Peer(self.executable, network=False, options=("-a", "300", "-T", "T309=90000"))
        signalling, speech = (
            f"satop:listen=127.0.0.1:{own + self.offset},peer=127.0.0.1:{far + self.offset}"
            for own, far in ((40001, 40002), (40004, 40003))
        )
        line = LineFormat(Framing.CRC4)
        self.equipment = Equipment(self.peer, speech, line, SILENCE[Law.A], signalling)
        self.equipment.start()
        self.exchange, self.gateway = self._process("EX"), self._process("SG")
        try:
            await self.exchange.start()
            await self.gateway.start()
            async with asyncio.timeout(90):
                await self.exchange.trunk_in_service("pbx")
                await self.peer.hears("PRI_EVENT_RESTART channel=31")
            await asyncio.sleep(1)
            for name, call in (("to libpri", self._to_libpri), ("from libpri", self._from_libpri)):
                await self._call(name, call)
        except TimeoutError:
            raise AssertionError("\n".join([*self.lines[-40:], *self.peer.said[-10:]])) from None
        finally:
            self.statuses = [await self.exchange.stop(), await self.gateway.stop()]
            self.equipment.stop()
            self.peer.close()

    def _process(self, name: str) -> Gateway:
        return Gateway(name, self.folder / f"{name}.toml", lambda name, line: self.lines.append(f"{name} {line}"))

    async def _call(self, name: str, call: Callable[[UserAgent, int], Awaitable[None]]) -> None:
        """A call with speech; the one from libpri lives through two losses of the data link."""
        user = UserAgent("user", ("127.0.0.1", 5072 + self.offset), "u", Speech("127.0.0.1", Law.MU, 1, 90.0))
        try:
            async with asyncio.timeout(30):
                await call(user, mark := len(self.peer.said))
            channel = next(int(found[1]) for text in self.peer.said[mark:] if (found := CHANNEL.search(text)))
            await self._talk(user, name, channel)
            if name == "from libpri":
                await self._lose_the_line(user, channel)
                await self._lose_the_gateway(user, channel)
            user.hang_up()
            async with asyncio.timeout(20):
                await self.peer.hears("PRI_EVENT_HANGUP.* cause=16", mark)
        finally:
            user.close()
        await asyncio.sleep(0.5)

    async def _to_libpri(self, user: UserAgent, mark: int) -> None:
        user.call("2125550123", ("127.0.0.1", 5062 + self.offset), "2125550111")
        await self.peer.hears("PRI_EVENT_RING .*called=2125550123", mark)
        await user.happened.answered.wait()

    async def _from_libpri(self, user: UserAgent, mark: int) -> None:
        self.peer.command("call 2125550111 2125550123 1")
        await user.happened.offered.wait()
        user.ring()
        await self.peer.hears("PRI_EVENT_RINGING", mark)
        user.answer()
        await self.peer.hears("PRI_EVENT_ANSWER", mark)

    async def _talk(self, user: UserAgent, name: str, channel: int) -> None:
        """Both speak at once; again when the machine spoilt it."""
        for seed in range(2, 6):
            voice = encode(probe(int(8000 * TALK_SECONDS), seed), Law.A)
            before = user.speech.heard()
            mark = 0 if before is None else len(before[0])
            self.equipment.speak(channel, voice)
            await asyncio.sleep(TALK_SECONDS + 0.3)
            at_user, at_libpri = user.speech.heard(), self.equipment.heard()
            lately = user.speech.said()[-len(at_libpri) - 8000 :]
            self.heard[name] = {
                "libpri": measure_octets(lately, Law.MU, at_libpri, Law.A),
                "user": None if at_user is None else measure_octets(voice, Law.A, at_user[0][mark:], Law.MU),
            }
            if self.good(name):
                return

    async def _lose_the_line(self, user: UserAgent, channel: int) -> None:
        """LOS at the signalling gateway: the exchange keeps the call, and its speech, which goes another way."""
        self.equipment.cut(True)
        async with asyncio.timeout(30):
            await self._until(lambda: "trunk pbx" not in self.exchange.in_service)
        await self._talk(user, "while the line is lost", channel)
        self.equipment.cut(False)
        async with asyncio.timeout(30):
            await self.exchange.trunk_in_service("pbx")
        assert not user.happened.over.is_set(), user.failure

    async def _lose_the_gateway(self, user: UserAgent, channel: int) -> None:
        """The association breaks without a word, and comes back."""
        os.kill(self.gateway.pid, signal.SIGKILL)
        await self.gateway.stop()
        async with asyncio.timeout(90):
            self.gateway = self._process("SG")
            shutil.copy(self.folder / "capture-sg.pcapng", self.folder / "capture-first-sg.pcapng")
            await asyncio.sleep(0.5)  # its media process ends, too
            await self.gateway.start()
            await self._until(lambda: "trunk pbx" not in self.exchange.in_service)
            await self.exchange.trunk_in_service("pbx")
        await self._talk(user, "after the gateway was lost", channel)
        assert not user.happened.over.is_set(), user.failure

    async def _until(self, condition: Callable[[], bool]) -> None:
        for _ in range(2000):
            if condition():
                return
            await asyncio.sleep(0.02)
        raise TimeoutError

    def good(self, name: str) -> bool:
        """Whether each end heard the other."""
        return all(
            quality is not None and quality.matched_samples >= LEAST_SAMPLES and quality.snr_db >= LEAST_SNR_DB
            for quality in self.heard[name].values()
        )


@pytest.fixture(scope="module", params=["sctp", "tcp"])
def trunk(request, tmp_path_factory):
    executable = build(tmp_path_factory.mktemp("pripeer"))
    return Trunk(request.param, executable, tmp_path_factory.mktemp(request.param))


@pytest.mark.parametrize("when", ["to libpri", "from libpri", "while the line is lost", "after the gateway was lost"])
def test_speech_of_calls_signalled_by_iua(trunk, when):
    assert trunk.good(when), trunk.heard[when]


def test_calls_signalled_by_iua_end_in_order_with_their_records(trunk):
    assert trunk.statuses == [0, 0]
    records = read_records(trunk.folder / "records-ex.jsonl")
    assert [(record.incoming.protocol, record.result, record.cause) for record in records] == [
        ("sip", "answered", 16),
        ("pri", "answered", 16),
    ]
    for name in ("capture-first-sg.pcapng", "capture-sg.pcapng"):
        assert complaints(trunk.folder / name, []) == []
