"""`tandem demo`: a call from a SIP user through gateways and the lines between them to another SIP user, judged."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np

from tandem.codecs.g711 import Law
from tandem.codecs.quality import Quality
from tandem.core.errors import TandemError
from tandem.gateway.calls.accounting import Record, read_records
from tandem.gateway.demo.agent import UserAgent
from tandem.gateway.demo.gateway import Gateway, free_offset, shift_ports
from tandem.gateway.demo.ladder import LINE_LANE, SIP_LANE, Rung, draw, heading, line_text, message_name, sip_text
from tandem.gateway.demo.plans import MESSAGES, Plan, flow, two_gateways, user_ports
from tandem.gateway.demo.speech import Speech
from tandem.gateway.sip.message import Message
from tandem.gateway.trunks.sip_mapping import reason_cause

DIALLED, REACHED, CALLER = "0301234567", "301234567", "100"
TALK_SECONDS = 5.0
#: What the conversion between the laws alone leaves of a signal is about 37 dB; less means something else broke it.
LEAST_SNR_DB = 33.0
MOST_DELAY_MS = 150.0
STEP_SECONDS = 15.0
#: Three gateways start as slowly as the machine lets them.
START_SECONDS = 60.0
#: A machine that wakes this program or a media process later may spoil speech that the gateways carry well: the call
#: is repeated.
LATE_SECONDS = 0.01
_LATE_TICK = re.compile(r"a tick was (\d+) ms late$")
MOST_CALLS = 4
REPORT_SECONDS = 1.2


@dataclass
class Findings:
    """What was checked: each with whether it was right."""

    checks: list[tuple[bool, str]] = field(default_factory=list)

    def check(self, right: bool, text: str) -> bool:
        """Note and print one finding."""
        self.checks.append((right, text))
        click.echo(f"  {click.style('right', fg='green') if right else click.style('WRONG', fg='red')}  {text}")
        return right

    @property
    def all_right(self) -> bool:
        """Whether everything was right."""
        return bool(self.checks) and all(right for right, _ in self.checks)


class Demo:
    """The gateways, the two users, and what was seen."""

    def __init__(self, folder: Path, plan: Plan, talk: float = TALK_SECONDS) -> None:
        """Everything is written to `folder`; the users talk for `talk` seconds."""
        self._talk = talk
        self._talked = talk  #: for how long they really did: a stalled machine hangs up late
        self.folder = folder
        self.findings = Findings()
        self.rungs: list[Rung] = []
        self._plan = plan
        nodes = plan.nodes
        self._lanes = [SIP_LANE, *(LINE_LANE for _ in plan.lines), SIP_LANE]
        self._lane_of = {subject: lane for lane, line in enumerate(plan.lines, 1) for subject in line.subjects}
        self._first, self._last = nodes[0], nodes[-1]
        self._seen: dict[int, list[tuple[float, str]]] = {}
        self._drawn = 0
        self._calls = 0
        self._late = 0.0
        self._calling = False
        self._origin: float | None = None
        self._gateways: dict[str, Gateway] = {}
        self._addresses: dict[str, tuple[str, int]] = {}

    async def run(self) -> None:
        """The whole story; findings tell how it went."""
        plan = self._plan
        offset = free_offset([*plan.texts.values()])
        for name, text in plan.texts.items():
            path = self.folder / f"gateway-{name.lower()}.toml"
            path.write_text(shift_ports(text, offset), encoding="utf-8")
            self._gateways[name] = Gateway(name, path, self._log_line)
        caller, callee = user_ports()
        ports = {**plan.sip_ports, "caller": caller, "callee": callee}
        self._addresses = {name: ("127.0.0.1", port + offset) for name, port in ports.items()}
        try:
            click.secho(plan.title, bold=True)
            await self._bring_up()
            while not await self._conversation():
                pass
        finally:
            statuses = [await gateway.stop() for gateway in self._gateways.values()]
        self._judge_records()
        ended = "both gateways" if len(statuses) == 2 else "every gateway" if len(statuses) > 2 else "the gateway"
        self.findings.check(not any(statuses), f"{ended} ended in order: circuits blocked, records flushed")

    async def _conversation(self) -> bool:
        """One call with its speech; False when the machine spoilt it, so that it is worth another try."""
        self._calls += 1
        self.rungs, self._seen, self._drawn, self._origin, self._late = [], {}, 0, None, 0.0
        caller = callee = None
        watch = asyncio.create_task(self._watch())
        try:
            caller = UserAgent(
                "caller",
                self._addresses["caller"],
                "u",
                Speech("127.0.0.1", Law.MU, 1, self._talk + 5),
                self._user_message,
            )
            callee = UserAgent(
                "callee",
                self._addresses["callee"],
                "A",
                Speech("127.0.0.1", Law.A, 2, self._talk + 5),
                self._user_message,
            )
            await self._call(caller, callee)
            speech = [self._heard(one, other) for one, other in ((caller, callee), (callee, caller))]
        finally:
            watch.cancel()
            for user in (caller, callee):
                if user is not None:
                    user.close()
        click.secho("\nSpeech", bold=True)
        if not all(good for good, _ in speech) and self._late >= LATE_SECONDS and self._calls < MOST_CALLS:
            for _, text in speech:
                click.echo(f"  {text}")
            click.echo(f"This machine held programs up for {1000 * self._late:.0f} ms meanwhile. Once more.")
            return False
        for good, text in speech:
            self.findings.check(good, text)
        return True

    async def _watch(self) -> None:
        """Note how late this process wakes up: speech cannot be better than the machine that carries it."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + 0.005
            await asyncio.sleep(0.005)
            self._late = max(self._late, loop.time() - due)

    # --- the story

    async def _bring_up(self) -> None:
        for gateway in self._gateways.values():
            await gateway.start()
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._idle()
        except TimeoutError:
            raise TandemError(
                f"signalling did not come into service within {START_SECONDS:.0f} s; {self._waiting()}"
            ) from None
        self.findings.check(True, f"signalling in service, {self._circuits_in_words()}")

    async def _idle(self) -> None:
        """Wait until every trunk is in service and every circuit idle."""
        for name, gateway in self._gateways.items():
            await gateway.up()
            for trunk in self._plan.trunks[name]:
                await gateway.trunk_in_service(trunk)
            await gateway.circuits_idle(self._plan.circuits[name])

    def _waiting(self) -> str:
        """What is not in service yet, node by node, and the last trouble each has told of."""
        found = []
        for name, gateway in self._gateways.items():
            missing = [trunk for trunk in self._plan.trunks[name] if f"trunk {trunk}" not in gateway.in_service]
            idle, circuits = len(gateway.idle), self._plan.circuits[name]
            if not gateway.is_up:
                text = "is not up yet"
            elif missing:
                text = f"waits for trunk {', '.join(missing)}"
            elif idle < circuits:
                text = f"has {idle} of {circuits} circuits idle"
            else:
                continue
            found.append(f"gateway {name} {text}" + (f" ({gateway.last_trouble})" if gateway.last_trouble else ""))
        return "; ".join(found) or "the last of it came too late: the machine is too busy"

    def _circuits_in_words(self) -> str:
        counts = set(self._plan.circuits.values())
        if not any(counts):
            return "nothing but SIP and ISDN here"
        if len(counts) == 1:
            return f"{counts.pop()} circuits idle at both ends"
        return ", ".join(f"{count} circuits idle at {name}" for name, count in self._plan.circuits.items() if count)

    async def _call(self, caller: UserAgent, callee: UserAgent) -> None:
        click.secho(
            f"\nThe caller (PCMU) dials {DIALLED}; the callee (PCMA) rings, answers, talks, hangs up", bold=True
        )
        click.echo(heading(self._plan.stations, self._lanes))
        self._calling = True
        drawing = asyncio.create_task(self._draw_live())
        try:
            async with asyncio.timeout(STEP_SECONDS):
                caller.call(DIALLED, self._addresses[self._first], CALLER)
                await callee.happened.offered.wait()
                callee.ring()
                await caller.happened.ringing.wait()
                await asyncio.sleep(1.0)
                callee.answer()
                await caller.happened.answered.wait()
            answered = time.monotonic()
            await asyncio.sleep(self._talk)
            self._talked = time.monotonic() - answered
            callee.hang_up()
            async with asyncio.timeout(STEP_SECONDS):
                await caller.happened.over.wait()
                await self._idle()
            await asyncio.sleep(REPORT_SECONDS)  # what the media processes say of the last second
        except TimeoutError:
            trouble = [f"{name}: {g.last_trouble}" for name, g in self._gateways.items() if g.last_trouble]
            raise TandemError(
                f"the call did not go on within {STEP_SECONDS:.0f} s; {caller.failure or '; '.join(trouble)}"
            ) from None
        finally:
            drawing.cancel()
            self._calling = False
            self._draw(time.time() + 1)
        click.echo("")
        for lane, line in enumerate(self._plan.lines, 1):
            on_line = [name for _, name in sorted(self._seen.get(lane, []))]
            where = "on the E1" if len(self._plan.lines) == 1 else f"on the line {line.left}-{line.right}"
            self.findings.check(on_line == list(MESSAGES[line.protocol]), f"{where}: {', '.join(on_line)}")
        cause = reason_cause(caller.last) if caller.last is not None else None
        self.findings.check(cause == 16, f"the caller got BYE with Q.850 cause {cause} (normal call clearing)")
        if any(self._plan.circuits.values()):
            where = "both ends" if len(self._plan.nodes) == 2 else "every node"
            self.findings.check(True, f"all circuits idle again at {where}")

    def _heard(self, speaker: UserAgent, hearer: UserAgent) -> tuple[bool, str]:
        """Whether `hearer` heard `speaker` well, and in words how."""
        quality = hearer.speech.quality(speaker.speech)
        delay = hearer.speech.delay_ms(quality, speaker.speech) if quality is not None else None
        name = f"{speaker.name} to {hearer.name}"
        if quality is None or delay is None or not quality.heard:
            return False, f"{name}: nothing was heard"
        return self._good(quality, delay), f"{name}: {_words(quality, delay)}"

    def _good(self, quality: Quality, delay: float) -> bool:
        whole = quality.matched_samples >= (self._talk - 0.5) * 8000
        clean = not (quality.lost_samples or quality.repeated_samples)
        return whole and clean and quality.snr_db >= LEAST_SNR_DB and delay <= MOST_DELAY_MS

    def _judge_records(self) -> None:
        click.secho("\nCall detail records", bold=True)
        for name in self._plan.nodes:
            records = read_records(self.folder / f"records-{name.lower()}.jsonl")
            right = len(records) == self._calls and _record_is_right(records[-1], self._talked)
            text = _record_words(records[-1]) if records else "none was written"
            self.findings.check(right, f"gateway {name}: {text}")

    # --- what is seen on the way

    def _user_message(self, name: str, destination: tuple[str, int], message: Message) -> None:
        lane, forward = (0, True) if name == "caller" else (len(self._lanes) - 1, False)
        self.rungs.append(Rung(time.time(), lane, forward, sip_text(str(message))))

    def _log_line(self, gateway: str, line: Mapping[str, Any]) -> None:
        if line["subject"] == "media" and (late := _LATE_TICK.match(line["text"])):
            self._late = max(self._late, int(late[1]) / 1000)
        if line["shape"] == ">":
            if self._calling:
                self._sent(gateway, line["subject"], line["text"], line["seconds"])
        elif line["level"] != "debug" and self._origin is None:
            click.echo(f"  {gateway} {line['shape']} {line['subject']}: {line['text']}")

    def _sent(self, gateway: str, subject: str, text: str, seconds: float) -> None:
        if subject.startswith("sip "):
            to_caller = subject == "sip {}:{}".format(*self._addresses["caller"])
            lane, forward = (0, False) if to_caller else (len(self._lanes) - 1, True)
            self.rungs.append(Rung(seconds, lane, forward, sip_text(text.rpartition(" [")[0])))
            return
        lane = self._lane_of.get((gateway, subject), 0)
        if lane:
            line = self._plan.lines[lane - 1]
            self._seen.setdefault(lane, []).append((seconds, message_name(line.protocol, text)))
            self.rungs.append(Rung(seconds, lane, gateway == line.left, line_text(line.protocol, text)))

    async def _draw_live(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            self._draw(time.time() - 0.15)

    def _draw(self, until: float) -> None:
        """Print the rungs up to a moment; the logs of two processes need a little time to arrive in order."""
        rungs = sorted(self.rungs)
        self._origin = self._origin or (rungs[0].seconds if rungs else None)
        while self._drawn < len(rungs) and rungs[self._drawn].seconds <= until:
            click.echo(draw(rungs[self._drawn], self._origin or 0.0, self._lanes))
            self._drawn += 1


def _words(quality: Quality, delay: float) -> str:
    snr = "bit exact" if np.isinf(quality.snr_db) else f"SNR {quality.snr_db:.1f} dB"
    return (
        f"{snr}, one-way delay {delay:.0f} ms, {quality.lost_samples} octets lost, "
        f"{quality.repeated_samples} repeated, {quality.matched_samples / 8000:.2f} s compared"
    )


def _record_is_right(record: Record, talk: float = TALK_SECONDS) -> bool:
    return (
        record.result == "answered"
        and record.cause == 16
        and record.released_by == "outgoing"
        and record.incoming.called.endswith(REACHED)
        and abs(record.duration_ms - talk * 1000) < 1000
    )


def _record_words(record: Record) -> str:
    outgoing = record.outgoing.id if record.outgoing else "-"
    return (
        f"{record.incoming.called} from {record.incoming.calling}, {record.incoming.id} to {outgoing}, "
        f"{record.result}, {record.duration_ms / 1000:.2f} s, cause {record.cause}, "
        f"released by the {record.released_by} side"
    )


def run_demo(
    keep: Path | None, signalling: str = "mtp", flow_name: str | None = None, talk: float = TALK_SECONDS
) -> int:
    """Run the demonstration; 0 when everything was right. Files go to `keep`, or to a folder that is removed.

    `flow_name` is one of `plans.FLOWS`; without one it is the two gateways, signalling as `plans.ARRANGEMENTS` has it.
    `talk` is for how many seconds they talk.
    """
    folder = Path(keep) if keep is not None else Path(tempfile.mkdtemp(prefix="tandem-demo-"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("records-*.jsonl"):
            old.unlink()
    except OSError as error:
        raise TandemError(f"{folder}: files of the demonstration cannot be kept there: {error.strerror}") from None
    demo = Demo(folder, two_gateways(signalling) if flow_name is None else flow(flow_name), talk)
    try:
        asyncio.run(demo.run())
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if demo.findings.all_right:
        click.secho("\nAll right.", fg="green", bold=True)
        if keep is not None:
            click.echo(f"Captures for Wireshark, logs and records are in {folder}.")
        return 0
    click.secho("\nSomething was wrong; see above.", fg="red", bold=True)
    return 1
