"""Two gateways with a PRI between them, as the examples have them: calls with speech, and their captures in tshark."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from support.captures import complaints, protocols, tshark

from tandem.codecs.g711 import Law
from tandem.gateway.calls.accounting import read_records
from tandem.gateway.demo.agent import UserAgent
from tandem.gateway.demo.gateway import Gateway, free_offset, shift_ports
from tandem.gateway.demo.speech import Speech

pytestmark = [pytest.mark.interop, pytest.mark.realtime, pytest.mark.timeout(120)]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
#: Examples; the number that the PBX at A dials and what B's peer is called by; the other way round.
LINES = {
    "pri": (("0301234567", "301234567"), ("30123499", "99"), "uplink", "pbx-line"),
    "pri-nfas": (("92125550123", "2125550123"), ("2125554321", "4321"), "uplink", "pbx-lines"),
}
TALK_SECONDS = 1.6
#: The conversion between the laws alone leaves about 37 dB.
LEAST_SNR_DB = 30.0


class Story:
    """Two gateways, a call with speech each way, an orderly end."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.folder = kind, folder
        self.heard: dict[str, object] = {}
        self.statuses: list[int] = []
        self.sip_ports: list[int] = []
        asyncio.run(self._tell())

    async def _tell(self) -> None:
        texts = {name: (EXAMPLES / f"{self.kind}-{name.lower()}.toml").read_text() for name in "AB"}
        offset = free_offset([*texts.values()])
        out, back, *trunks = LINES[self.kind]
        self.sip_ports = [5060 + offset, 5061 + offset]
        gateways = []
        try:
            for (name, text), trunk in zip(texts.items(), trunks, strict=True):
                text = shift_ports(text, offset).replace("records-", f"{self.folder}/records-")
                path = self.folder / f"{name}.toml"
                path.write_text(text.replace("capture-", f"{self.folder}/capture-"))
                gateway = Gateway(name, path, lambda name, line: None)
                gateways.append((gateway, trunk))
                await gateway.start()
            async with asyncio.timeout(40):
                for gateway, trunk in gateways:
                    await gateway.trunk_in_service(trunk)
            await asyncio.sleep(1)  # RESTART of every channel
            a, b = (
                (("127.0.0.1", 5070 + offset), "u", Law.MU, 5060 + offset),
                (
                    ("127.0.0.1", 5071 + offset),
                    "A",
                    Law.A,
                    5061 + offset,
                ),
            )
            await self._call("out", a, b, *out)
            await self._call("in", b, a, *back)
        finally:
            self.statuses = [await gateway.stop() for gateway, _ in gateways]

    async def _call(self, name, calling, called, dialled, reached) -> None:
        """One call; what each heard of the other, again when the machine spoilt it."""
        for _ in range(4):
            users = []
            try:
                for seed, (address, law, octets, _) in enumerate((calling, called), 1):
                    user = UserAgent(f"u{seed}", address, law, Speech("127.0.0.1", octets, seed, TALK_SECONDS + 3))
                    users.append(user)
                caller, callee = users
                async with asyncio.timeout(20):
                    caller.call(dialled, ("127.0.0.1", calling[3]), "2125550111")
                    await callee.happened.offered.wait()
                    callee.ring()
                    await caller.happened.ringing.wait()
                    callee.answer()
                    await caller.happened.answered.wait()
                await asyncio.sleep(TALK_SECONDS)
                caller.hang_up()
                async with asyncio.timeout(20):
                    await callee.happened.over.wait()
                await asyncio.sleep(0.5)
                self.heard[name] = [
                    hearer.speech.quality(speaker.speech) for hearer, speaker in ((caller, callee), (callee, caller))
                ]
            finally:
                for user in users:
                    user.close()
            if all(self.good(quality) for quality in self.heard[name]):
                return

    @staticmethod
    def good(quality) -> bool:
        return quality is not None and quality.heard and quality.snr_db >= LEAST_SNR_DB


@pytest.fixture(scope="module", params=LINES)
def story(request, tmp_path_factory):
    return Story(request.param, tmp_path_factory.mktemp(request.param))


@pytest.mark.parametrize("way", ["out", "in"])
def test_each_hears_the_other(story, way):
    assert all(story.good(quality) for quality in story.heard[way]), story.heard[way]


def test_both_ended_in_order_and_wrote_their_records(story):
    assert story.statuses == [0, 0]
    (dialled, reached), (called, _) = LINES[story.kind][:2]
    for name in "ab":
        records = read_records(story.folder / f"records-{name}.jsonl")
        assert {(record.result, record.cause) for record in records} == {("answered", 16)}
        assert {record.incoming.protocol for record in records} == {"sip", "pri"}
        numbers = {record.incoming.called for record in records}
        assert numbers == ({dialled, called} if name == "a" else {reached, called})


@pytest.mark.parametrize("name", ["a", "b"])
def test_tshark_finds_nothing_wrong(story, name):
    path = story.folder / f"capture-{name}.pcapng"
    assert complaints(path, story.sip_ports) == []
    assert {"lapd", "q931", "sip", "sdp"} <= protocols(path, story.sip_ports)


@pytest.mark.parametrize("name", ["a", "b"])
def test_the_calls_are_whole(story, name):
    path = story.folder / f"capture-{name}.pcapng"
    lines = tshark(path, "-Y", "q931.disc == 8", "-T", "fields", "-e", "q931.message_type")
    counts = Counter(int(line, 0) for line in lines if line)
    calls = len(read_records(story.folder / f"records-{name}.jsonl"))
    for kind in (0x05, 0x02, 0x01, 0x07, 0x45, 0x4D, 0x5A):  # SETUP to RELEASE COMPLETE
        assert counts[kind] == calls, (kind, counts)
