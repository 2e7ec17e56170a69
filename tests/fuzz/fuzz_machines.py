#!/usr/bin/env python3
"""Feed every state machine random messages, requests and timers in virtual time; nothing may break, grow or get stuck.

    python tests/fuzz/fuzz_machines.py --seconds 60 [--inputs N] [--seed N] [--only NAME]

A target plays episodes: a new machine (two that talk to each other, over a line that loses, changes, doubles and
invents messages), some hundred to some thousand inputs, then recovery over a line without trouble. It fails on any
exception but the documented errors of misuse, on timers or outputs without end, on a table or queue longer than
its limit, and when the machine does not recover: a link that does not align, a circuit or a call that is left.

Exit status 0 when all was well; 1 with the seed of the episode and the traceback otherwise.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support import (
    fuzz_adaptation,
    fuzz_dchannel,
    fuzz_esl,
    fuzz_isup,
    fuzz_iua,
    fuzz_lines,
    fuzz_links,
    fuzz_pri,
    fuzz_pri_trunk,
    fuzz_sip,
    fuzz_streams,
    fuzz_tup,
)
from support.fuzz_command import command
from support.fuzzing import held
from support.isup_fuzz import Fuzz as IsupFuzz

from tandem.isdn.q931.switch_types import SwitchType
from tandem.ss7.isup.variants import Variant

#: Inputs in an episode. The longest show what grows.
EPISODES = (100, 300, 300, 1000, 1000, 6000)
#: Inputs between two looks at what is held.
LOOK = 1000


@dataclass(frozen=True)
class Target:
    """A state machine under test."""

    name: str
    begin: Callable[[Random], Any]
    """A new episode: `step()` is one input."""
    recover: Callable[[Any], None] = lambda episode: None
    """The end of the episode; AssertionError when something is left."""
    limit: int = 1500
    """Longest table, queue or text that the machine may hold."""
    longest: int = max(EPISODES)
    """Longest episode."""


class Isup:
    """One exchange of a variant, all of whose messages are random."""

    def __init__(self, variant: Variant, source: Random) -> None:
        self.fuzz = IsupFuzz(source.randrange(1 << 32), 0, variant)
        self.machine = self.fuzz.single.exchange

    def step(self) -> None:
        self.fuzz.step()


def isup(variant: Variant) -> Target:
    def begin(source: Random) -> Isup:
        return Isup(variant, source)

    # With a recovery of an hour, after which no circuit may be busy, an episode need not be long.
    return Target(f"isup-{variant.value}", begin, lambda episode: episode.fuzz.recover(), longest=1000)


def isup_pair(variant: Variant) -> Target:
    name = f"isup-{variant.value}-pair"
    return Target(name, lambda source: fuzz_isup.isup(variant, source), fuzz_isup.isup_recovers)


def m3ua(name: str) -> Target:
    return Target(name, lambda source: fuzz_adaptation.m3ua(name, source), fuzz_adaptation.layers_recover)


def pri(switch_type: SwitchType) -> Target:
    # A recovery of twenty minutes, as with ISUP.
    begin = partial(fuzz_pri.pri, switch_type)
    return Target(f"pri-{switch_type}", begin, fuzz_pri.pri_recovers, limit=4096, longest=1000)  # shared elements


TARGETS = [
    Target("mtp2", fuzz_links.mtp2, fuzz_links.mtp2_recovers, limit=4096),  # sequence numbers of the extended format
    Target("mtp3", fuzz_links.mtp3, fuzz_links.mtp3_recovers),
    *[make(variant) for variant in Variant for make in (isup, isup_pair)],
    Target("tup", fuzz_tup.TupFuzz, fuzz_tup.TupFuzz.recover, longest=1000),
    Target("tup-pair", fuzz_tup.tup, fuzz_tup.tup_recovers),
    *[m3ua(name) for name in fuzz_adaptation.ROLES],
    Target("m2pa", fuzz_links.m2pa, fuzz_links.m2pa_recovers),
    Target("m2ua", fuzz_adaptation.m2ua, fuzz_adaptation.layers_recover),
    Target("q921", fuzz_dchannel.q921, fuzz_dchannel.q921_recovers),
    Target("dchannel", fuzz_dchannel.dchannel, fuzz_dchannel.dchannel_recovers),
    Target("iua", fuzz_iua.iua, fuzz_iua.iua_recovers),
    *[pri(switch_type) for switch_type in fuzz_pri.SWITCHES],
    # A node holds routing tables and shared elements too. It is slow: a recovery is many minutes of two PRIs.
    Target("pri-trunk", fuzz_pri_trunk.PriTrunkFuzz, fuzz_pri_trunk.PriTrunkFuzz.recover, limit=20_000, longest=300),
    Target("sip", fuzz_sip.sip, fuzz_sip.sip_recovers, limit=40_000),  # texts of SIP messages
    Target("sip-streams", fuzz_streams.StreamFuzz, fuzz_streams.StreamFuzz.recover, limit=70_000, longest=2000),
    Target("event-socket", fuzz_esl.EslFuzz, fuzz_esl.EslFuzz.recover, limit=70_000, longest=1000),
    Target("hdlc", fuzz_lines.Hdlc, limit=4000),  # bits
    Target("e1", fuzz_lines.E1, limit=16_000),  # bits
    Target("t1", fuzz_lines.T1, limit=8000),  # octets of a search, bits of the signal monitor
    Target("satop", fuzz_lines.Satop),
]


def play(target: Target, seed: int, most: int | None = None) -> int:
    """One episode of at most `most` inputs; the number of inputs. AssertionError, with the seed in it, at a failure."""
    source = Random(seed)
    steps = min(source.choice(EPISODES), target.longest, most or target.longest)
    done = 0
    try:
        episode = target.begin(source)
        while done < steps:
            done += 1
            episode.step()
            if done % LOOK == 0 or done == steps:
                check_size(target, episode)
        target.recover(episode)
    except Exception as error:
        text = f"{target.name}: episode {seed}, input {done} of {steps}: {type(error).__name__}: {error}"
        raise AssertionError(text) from error
    return done


def check_size(target: Target, episode: Any) -> None:
    """AssertionError when a machine of the episode holds more than it may."""
    for machine in [side.machine for side in getattr(episode, "sides", [episode])]:
        length, path = held(machine)
        assert length <= target.limit, f"{path} has {length} entries"


def fuzz(
    targets: Iterable[Target], seconds: float, source: Random, inputs: int | None = None
) -> dict[str, tuple[int, int]]:
    """Play each target for its share of `seconds`, or until it had `inputs`; inputs and episodes by name."""
    chosen = list(targets)
    counts = {}
    for target in chosen:
        end = time.monotonic() + seconds / len(chosen)
        done = episodes = 0
        while time.monotonic() < end and (inputs is None or done < inputs):
            done += play(target, source.randrange(1 << 32), None if inputs is None else inputs - done)
            episodes += 1
        counts[target.name] = (done, episodes)
    return counts


def main() -> int:
    def said(inputs: int, episodes: int) -> str:
        return f"{inputs:9} inputs in {episodes:6} episodes"

    return command(
        __doc__,
        TARGETS,
        lambda target, episode: said(play(target, episode), 1),
        lambda target, *limits: said(*fuzz([target], *limits)[target.name]),
    )


if __name__ == "__main__":
    sys.exit(main())
