"""The command line of a fuzzer whose targets play episodes, each of which can be played again by its number."""

from __future__ import annotations

import argparse
import random
import traceback
from collections.abc import Callable, Sequence
from random import Random
from typing import Any


def command(
    description: str | None,
    targets: Sequence[Any],
    play: Callable[[Any, int], str],
    fuzz: Callable[[Any, float, Random, int | None], str],
) -> int:
    """Read the arguments, fuzz the targets chosen and print what became of each; the exit status.

    `play` plays one episode of a target, `fuzz` spends so many seconds on it, or until it had so many inputs. Both
    return what to print, and raise AssertionError when something is wrong.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="time to spend in all (default 60)")
    parser.add_argument("--inputs", type=int, default=None, help="inputs for each target, if the time is enough")
    parser.add_argument("--seed", type=int, default=None, help="seed of the random source (default: a new one)")
    parser.add_argument("--episode", type=int, default=None, help="play this one episode of the targets chosen")
    parser.add_argument("--only", metavar="NAME", help="targets whose name contains NAME")
    options = parser.parse_args()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    chosen = [target for target in targets if not options.only or options.only in target.name]
    if not chosen:
        parser.error(f"no target is called {options.only}; there are {', '.join(t.name for t in targets)}")
    print(f"seed {seed}", flush=True)
    bad = 0
    for target in chosen:
        try:
            if options.episode is not None:
                said = play(target, options.episode)
            else:
                said = fuzz(target, options.seconds / len(chosen), Random(seed), options.inputs)
        except AssertionError:
            traceback.print_exc()
            bad = 1
        else:
            print(f"{target.name:22} {said}", flush=True)
    return bad
