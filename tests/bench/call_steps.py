"""What a call costs the signalling node of a gateway, without sockets, sleep and the machine's other guests.

`python tests/bench/call_steps.py [CALLS] [--cold] [--gap MS] [--events]`: two nodes under the virtual clock, SIP to
ISUP to SIP, 50 calls a second. The function calls are the same in every run on the same Python; the time is not. With
`--cold` the processor's caches are emptied before each input, as other work does between the calls of a real gateway.
With `--gap` so many milliseconds pass before each in a small loop that touches nothing: what the processor forgets by
itself, and to others that share it. With `--events` by turns: nobody listens, a client of the event socket that wants
digits only, and one that gets every event of channels.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import sys
import time
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1])]

from support.node_pair import OFFER, Bench  # noqa: E402

from tandem.gateway.applications.events import Interest  # noqa: E402
from tandem.gateway.esl.channel import event_headers, happenings  # noqa: E402
from tandem.gateway.esl.event import Stamp  # noqa: E402
from tandem.gateway.esl.session import Session  # noqa: E402
from tandem.gateway.sip.primitives import Answered, IncomingInvite, InviteRequest  # noqa: E402

RATE, HOLD = 50, 0.3
COUNTED = ("inputs", "events", "octets")
COLD_OCTETS = 64 << 20
"""Read before each input with `--cold`: more than the caches hold."""


class Watched:
    """A node whose every input is timed, and profiled when asked for; everything else passes."""

    def __init__(self, node, profile, wanted="", cold=False, gap=0.0):
        self.gap = gap
        self.node, self.profile, self.seconds, self.inputs = node, profile, 0.0, 0
        self._other = np.zeros(COLD_OCTETS, np.uint8) if cold else None
        self.events = self.octets = 0
        self._stamp = Stamp("core", "host", "node", time.time)
        self._client = Session("bench")
        if wanted:
            self._client.receive(f"auth bench\n\nevent plain {wanted}\n\n".encode())
            self._client.outputs()
        node.switchboard.interest = Interest(happenings(self._client.subscription.names))

    def __getattr__(self, name):
        return getattr(self.node, name)

    def _run(self, action, *arguments):
        self.inputs += 1
        if self._other is not None:
            self._other.sum()
        end = time.perf_counter() + self.gap
        while time.perf_counter() < end:
            pass
        return self._timed(action, *arguments)

    def _timed(self, action, *arguments):
        if self.profile is not None:
            self.profile.enable()
        start = time.process_time()
        result = action(*arguments)
        self.seconds += time.process_time() - start
        if self.profile is not None:
            self.profile.disable()
        return result

    def datagram(self, *arguments):
        return self._run(self.node.datagram, *arguments)

    def media_events(self, *arguments):
        return self._run(self.node.media_events, *arguments)

    def handle_timers(self, *arguments):
        return self._run(self.node.handle_timers, *arguments)

    def effects(self):
        """As the service does after each input: effects, and the deadline to arm a timer for."""

        def act():
            effects = self.node.effects()
            for event in effects.channels:
                self._client.event(self._stamp(event.what.name, event_headers(event, 0.0)))
                self.events += 1
            self.octets += sum(len(output.octets) for output in self._client.outputs())
            self.node.next_deadline()
            return effects

        return self._timed(act)


def measure(calls, profile=None, wanted="", cold=False, gap=0.0):
    """Make `calls` calls; milliseconds, inputs, events and octets of events for a call and gateway."""
    bench = Bench(delay=0.002).up()
    watched = [Watched(node, profile, wanted, cold, gap) for node in bench.nodes.values()]
    bench.nodes.update(zip(bench.nodes, watched, strict=True))
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # as the service has it
    start, placed, done, hang = bench.now, 0, 0, []
    while done < calls:
        if placed < calls and bench.now >= start + placed / RATE:
            number = f"sip:{3000000 + placed}@127.0.0.1:5060"
            request = InviteRequest(number, "sip:100@127.0.0.1", number, ("127.0.0.1", 5060), body=OFFER)
            bench.call("a", "invite", request)
            placed += 1
        bench.run(0.005)
        for event in bench.events("b", IncomingInvite):
            bench.call("b", "respond", event.call, 180)
            bench.call("b", "respond", event.call, 200, body=OFFER)
        hang += [(bench.now + HOLD, event.call) for event in bench.events("a", Answered)]
        bench.heard["a"].clear()
        bench.heard["b"].clear()
        while hang and hang[0][0] <= bench.now:
            bench.call("a", "bye", hang.pop(0)[1], ())
            done += 1
    bench.run(3)
    assert len(bench.records["A"]) == len(bench.records["B"]) == calls
    share = 2 * calls
    totals = (1000 * sum(w.seconds for w in watched), *(sum(getattr(w, n) for w in watched) for n in COUNTED))
    return tuple(total / share for total in totals)


def main():
    """Print both figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("calls", type=int, nargs="?", default=300)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--gap", type=float, default=0.0, metavar="MS")
    parser.add_argument("--events", action="store_true")
    given = parser.parse_args()
    calls = given.calls
    if given.events:
        for wanted in ("", "DTMF", "ALL") * 5:
            milliseconds, _, events, octets = measure(calls, wanted=wanted)
            what = f"{events:.0f} events of {octets:.0f} octets for a call and gateway"
            print(f"{wanted or 'nothing'} wanted: {milliseconds:.2f} ms, {what}", flush=True)
        for wanted in ("", "DTMF", "ALL"):
            profile = cProfile.Profile()
            measure(calls, profile, wanted)
            steps = pstats.Stats(profile).total_calls / calls / 2
            print(f"{wanted or 'nothing'} wanted: {steps:.0f} function calls for a call and gateway", flush=True)
        return
    milliseconds, *_ = measure(calls, cold=given.cold, gap=given.gap / 1000)
    profile = cProfile.Profile()
    measure(calls, profile)
    steps = pstats.Stats(profile).total_calls / calls / 2
    print(f"{milliseconds:.2f} ms and {steps:.0f} function calls for a call and gateway")


if __name__ == "__main__":
    main()
