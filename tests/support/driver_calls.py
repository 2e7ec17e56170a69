"""Calls with speech over a driver: an ISUP and a PRI line between two gateways, as processes, for any kind of span.

A test module of a driver inherits `DriverCalls` and says what the devices of the two lines are:

    class TestCalls(DriverCalls):
        @contextmanager
        def devices(self, folder):
            yield {"isup": (one, other), "pri": (one, other)}
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from tandem.codecs.g711 import Law, Octets
from tandem.codecs.quality import Quality
from tandem.gateway.calls.accounting import read_records
from tandem.gateway.demo.agent import UserAgent
from tandem.gateway.demo.gateway import Gateway, free_offset, shift_ports
from tandem.gateway.demo.speech import Speech

TALK_SECONDS = 1.6
#: All is A-law and nothing converts: what comes is what was sent, but for gaps that a busy machine may leave.
LEAST_SNR_DB = 30.0
ATTEMPTS = 4

#: A is the exchange of lower name and the PBX, B the other exchange and the network.
CONFIGURATION = """
[node]
name = "{name}"
country_code = "49"
records = "{folder}/records-{name}.jsonl"
capture_file = "{folder}/capture-{name}.pcapng"
[sip]
listen = "127.0.0.1:{sip}"
[media]
address = "127.0.0.1"
ports = [{rtp}, {rtp_last}]
[[span]]
name = "ss7"
device = "{isup}"
framing = "{framing}"
[[span]]
name = "isdn"
device = "{pri}"
framing = "{framing}"
{signalling}
[[ss7.linkset]]
name = "neighbour"
point_code = "{own}"
adjacent_point_code = "{adjacent}"
proving = "emergency"
  [[ss7.linkset.link]]
  span = "{link}"
  timeslot = 16
[[trunk]]
name = "exchange"
type = "isup"
linkset = "neighbour"
  [[trunk.circuits]]
  span = "ss7"
  cic = "{timeslots}"
[[trunk]]
name = "pri"
type = "pri"
side = "{side}"
switch = "euroisdn"
restart_at_start = "interface"
hunting = "{hunting}"
  [[trunk.spans]]
  span = "isdn"
  channels = "{timeslots}"
  {d_channel}
[[trunk]]
name = "sip-ss7"
type = "sip"
peer = "127.0.0.1:{ss7_user}"
codecs = ["PCMA"]
[[trunk]]
name = "sip-isdn"
type = "sip"
peer = "127.0.0.1:{isdn_user}"
codecs = ["PCMA"]
[[route]]
trunk = ["sip-ss7"]
to = ["exchange"]
[[route]]
trunk = ["sip-isdn"]
to = ["pri"]
[[route]]
trunk = ["exchange"]
to = ["sip-ss7"]
[[route]]
trunk = ["pri"]
to = ["sip-isdn"]
"""
#: Ports before they are moved to where all are free.
SIP = {"a": 5160, "b": 5161}
USERS = {("isup", "a"): 5170, ("isup", "b"): 5171, ("pri", "a"): 5172, ("pri", "b"): 5173}


@dataclass
class CallStory:
    """What came of it."""

    folder: Path
    heard: dict[str, list[Quality | None]] = field(default_factory=dict)
    """What called and calling heard of each other, by protocol."""
    spoken: dict[str, Octets] = field(default_factory=dict)
    """What the calling users said, by protocol."""
    statuses: list[int] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    cut_off: dict[str, list[bool]] = field(default_factory=dict)
    """Whether called and calling of the call in the outage were released while it lasted, by protocol."""


class DriverCalls:
    """Inherit and define `devices`. CI runs it for every driver."""

    pytestmark = [pytest.mark.interop, pytest.mark.realtime, pytest.mark.timeout(240)]  # noqa: RUF012
    framing = "crc4"
    #: Of the circuits and B-channels.
    timeslots = "1-15,17-31"

    #: Takes what the lines are made of away (False), and gives it back (True): an outage in mid-call, if there is one.
    outage: Callable[[Self, bool], None] | None = None

    def devices(self, folder: Path) -> AbstractContextManager[dict[str, tuple[str, str]]]:
        """Specs of the two ends, A and B, of the lines `isup` and `pri`; what they need runs meanwhile.

        `link` and `d-channel`, where they are given, are spans that have the signalling of these in their place. Ports
        of 127.0.0.1 are moved together with the others.
        """
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallStory]:
        folder = tmp_path_factory.mktemp("calls")
        test = cls()
        with test.devices(folder) as devices:
            yield asyncio.run(tell(folder, devices, cls.framing, cls.timeslots, test.outage))

    @pytest.mark.parametrize("protocol", ["isup", "pri"])
    def test_each_hears_the_other(self, story: CallStory, protocol: str) -> None:
        assert all(good(quality) for quality in story.heard[protocol]), story.heard[protocol]

    def test_both_gateways_ended_in_order_and_wrote_their_records(self, story: CallStory) -> None:
        assert story.statuses == [0, 0]
        for name in "ab":
            records = read_records(story.folder / f"records-{name}.jsonl")
            # Circuits of SS7 that fail are released; a PRI keeps what is answered for T309.
            causes = {16} | ({31} if self.outage else set())
            told = {(record.result, record.cause) for record in records}
            assert told == {("answered", cause) for cause in causes}, records
            protocols = {record.incoming.protocol for record in records}
            protocols |= {record.outgoing.protocol for record in records if record.outgoing}
            assert protocols == {"sip", "isup", "pri"}

    @pytest.mark.parametrize("name", ["a", "b"])
    def test_no_alarm_was_left(self, story: CallStory, name: str) -> None:
        log = story.logs[name]
        for span in ("ss7", "isdn"):
            told = re.findall(rf'"subject": ?"span {span}", ?"text": ?"([^"]*)"', log)
            told = [text for text in told if "frames of speech" not in text]
            assert not told or told[-1].startswith("no alarms"), told
            assert any(text.startswith("LOS") and len(text) > len("LOS ") for text in told) or not self.outage, told

    def test_an_outage_clears_circuits_and_nothing_else(self, story: CallStory) -> None:
        if self.outage:
            assert story.cut_off == {"isup": [True, True], "pri": [False, False]}, story.cut_off


def good(quality: Quality | None) -> bool:
    return quality is not None and quality.heard and quality.snr_db >= LEAST_SNR_DB


async def tell(
    folder: Path,
    devices: dict[str, tuple[str, str]],
    framing: str,
    timeslots: str,
    outage: Callable[[bool], None] | None = None,
) -> CallStory:
    """Two gateways with the two lines between them, a call on each at the same time, an orderly end.

    With an `outage` another call on each, in which it happens, and a third when it is over.
    """
    story = CallStory(folder)
    texts = [_text(folder, name, end, devices, framing, timeslots) for end, name in enumerate("ab")]
    users = " ".join(f"127.0.0.1:{port}" for port in USERS.values())
    offset = free_offset([*texts, users])
    gateways = []
    try:
        for name, text in zip("ab", texts, strict=True):
            path = folder / f"{name}.toml"
            path.write_text(shift_ports(text, offset))
            gateways.append(Gateway(name, path, lambda name, line: None))
            await gateways[-1].start()
        await _in_service(folder, gateways)
        await asyncio.sleep(1)  # RESTART of every channel
        await asyncio.gather(
            _call(story, "isup", "a", "b", "301234567", offset),
            _call(story, "pri", "b", "a", "99", offset),
        )
        if outage is not None:
            await _go_through(story, outage, gateways, offset)
    finally:
        # Before they stop: of two ends of a line, the one that stays longer sees the other go.
        story.logs = {name: (folder / f"{name}.log").read_text() for name in "ab" if (folder / f"{name}.log").exists()}
        story.statuses = [await gateway.stop() for gateway in gateways]
    return story


async def _in_service(folder: Path, gateways: list[Gateway]) -> None:
    try:
        async with asyncio.timeout(100):
            for gateway in gateways:
                await gateway.trunk_in_service("exchange")
                await gateway.trunk_in_service("pri")
    except TimeoutError:
        logs = "\n".join((folder / f"{name}.log").read_text()[-3000:] for name in "ab")
        raise AssertionError(f"trunks did not come into service:\n{logs}") from None


async def _go_through(story: CallStory, outage: Callable[[bool], None], gateways: list[Gateway], offset: int) -> None:
    """The outage, with a call on each line."""
    calls = {
        "isup": await _begin("isup", "a", "b", "301234567", offset, 90),
        "pri": await _begin("pri", "b", "a", "99", offset, 91),
    }
    try:
        await asyncio.sleep(1)  # only calls whose answer is acknowledged outlive a D-channel (Q.931 5.8.9)
        outage(False)
        async with asyncio.timeout(40):
            for user in calls["isup"]:
                await user.happened.over.wait()
        await asyncio.sleep(0.5)
        story.cut_off = {protocol: [user.happened.over.is_set() for user in call] for protocol, call in calls.items()}
        outage(True)
        await _in_service(story.folder, gateways)
        caller, callee = calls["pri"]
        caller.hang_up()
        async with asyncio.timeout(40):
            await callee.happened.over.wait()
    finally:
        for user in (*calls["isup"], *calls["pri"]):
            user.close()
    for protocol, calling, called, number in (("isup", "a", "b", "301234567"), ("pri", "b", "a", "99")):
        caller, callee = await _begin(protocol, calling, called, number, offset, 92)
        try:
            caller.hang_up()
            async with asyncio.timeout(40):
                await callee.happened.over.wait()
            await asyncio.sleep(0.2)
        finally:
            caller.close()
            callee.close()


def _text(folder: Path, name: str, end: int, devices: dict[str, tuple[str, str]], framing: str, timeslots: str) -> str:
    codes = ("2-1-1", "2-1-2")
    own = {what: pair[end] for what, pair in devices.items() if what in ("link", "d-channel")}
    return CONFIGURATION.format(
        name=name,
        folder=folder,
        sip=SIP[name],
        rtp=26384 + 100 * end,
        rtp_last=26384 + 100 * end + 63,
        isup=devices["isup"][end],
        pri=devices["pri"][end],
        framing=framing,
        timeslots=timeslots,
        signalling="".join(f'[[span]]\nname = "{what}"\ndevice = "{device}"\n' for what, device in own.items()),
        link="link" if "link" in own else "ss7",
        d_channel='d_channel_span = "d-channel"' if "d-channel" in own else "",
        own=codes[end],
        adjacent=codes[1 - end],
        side=("user", "network")[end],
        hunting=("descending", "ascending")[end],
        ss7_user=USERS["isup", name],
        isdn_user=USERS["pri", name],
    )


async def _begin(
    protocol: str, calling: str, called: str, number: str, offset: int, seed: int
) -> tuple[UserAgent, UserAgent]:
    """A call up to the answer: the caller and the called user."""
    users: list[UserAgent] = []
    try:
        for place, name in enumerate((calling, called), 1):
            speech = Speech("127.0.0.1", Law.A, seed + place, TALK_SECONDS + 3)
            address = ("127.0.0.1", USERS[protocol, name] + offset)
            users.append(UserAgent(f"{protocol}-{name}", address, "A", speech))
        caller, callee = users
        async with asyncio.timeout(40):
            caller.call(number, ("127.0.0.1", SIP[calling] + offset), "301234100")
            await callee.happened.offered.wait()
            callee.ring()
            await caller.happened.ringing.wait()
            callee.answer()
            await caller.happened.answered.wait()
    except BaseException:
        for user in users:
            user.close()
        raise
    return caller, callee


async def _call(story: CallStory, protocol: str, calling: str, called: str, number: str, offset: int) -> None:
    """One call; what each heard of the other, again when the machine spoilt it."""
    for attempt in range(ATTEMPTS):
        caller, callee = await _begin(protocol, calling, called, number, offset, 10 * attempt)
        try:
            await asyncio.sleep(TALK_SECONDS)
            caller.hang_up()
            async with asyncio.timeout(40):
                await callee.happened.over.wait()
            await asyncio.sleep(0.5)
            story.spoken[protocol] = caller.speech.said()
            story.heard[protocol] = [
                hearer.speech.quality(speaker.speech) for hearer, speaker in ((caller, callee), (callee, caller))
            ]
        finally:
            caller.close()
            callee.close()
        if all(good(quality) for quality in story.heard[protocol]):
            return
