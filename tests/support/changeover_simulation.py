"""Two signalling points under load while their links fail and return: what must never happen to a message.

As a program it runs many seeds: `python tests/support/changeover_simulation.py 5000`.
"""

from __future__ import annotations

import itertools
import random
import sys
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.signalling_points import Network

from tandem.ss7.mtp3.configuration import Configuration, LinkConfiguration, LinksetConfiguration
from tandem.ss7.mtp3.link_management import LinkState
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.mtp3.primitives import TransferIndication, TransferRequest

#: Seconds within which both ends notice a failure, and how often messages are offered in a burst.
NOTICE = 0.15
SECONDS = 8.0


class Simulation:
    """One run with `seed`: 2 to 4 links, both ends sending on a few SLS, one link at least always good."""

    def __init__(self, seed: int, total_outages: bool = False, seconds: float = SECONDS) -> None:
        """Load and failures last `seconds`.

        With `total_outages` the last link may fail too: messages may then be lost, nothing else.
        """
        self.rng = random.Random(seed)
        self.total_outages = total_outages
        self.seconds = seconds
        self.size = self.rng.randint(2, 4)
        links = [LinkConfiguration(slc, slc) for slc in range(self.size)]
        points = {
            name: SignallingPoint(Configuration(own, [LinksetConfiguration(peer, other, links)], retrieval=True))
            for name, own, other, peer in (("A", 1, 2, "B"), ("B", 2, 1, "A"))
        }
        self.net = Network(points)
        for slc in range(self.size):
            self.net.join("A", "B", slc)
            self.net.delays[slc] = self.rng.choice((0.002, 0.02, 0.15))
        self.sls = self.rng.sample(range(16), self.rng.randint(2, 6))
        self.sent: Counter[tuple[str, int]] = Counter()
        self.failures = 0

    def run(self) -> list[str]:
        """What went wrong; nothing, it is to be hoped."""
        net, rng = self.net, self.rng
        net.start()
        net.run(5.0)
        repairs: list[tuple[float, int]] = []
        change = net.now + rng.uniform(0.0, 1.0)
        while net.now < 5.0 + self.seconds:
            self._burst()
            net.run(net.now + rng.choice((0.001, 0.01, 0.03, 0.1)))
            for due, link in [each for each in repairs if each[0] <= net.now]:
                repairs.remove((due, link))
                net.repair(link)
            if net.now >= change:
                change = net.now + rng.choice((0.02, 0.3, 1.5, 3.0))
                link = rng.randrange(self.size)
                if link not in net.cut and (self.total_outages or self._another_is_good(link)):
                    self.failures += 1
                    net.fade(link, rng.uniform(0, NOTICE), rng.uniform(0, NOTICE))
                    repairs.append((net.now + rng.choice((0.4, 1.0, 3.0)), link))
        for _, link in repairs:
            net.repair(link)
        net.run(net.now + 60.0)
        self._burst()
        net.run(net.now + 10.0)
        return self._judge()

    def _burst(self) -> None:
        for name, dpc in (("A", 2), ("B", 1)):
            for _ in range(self.rng.choice((0, 1, 3))):
                sls = self.rng.choice(self.sls)
                self.sent[name, sls] += 1
                data = self.sent[name, sls].to_bytes(4, "big")
                self.net.points[name].transfer(TransferRequest(5, dpc, sls, data), self.net.now)
        self.net.drain()

    def _another_is_good(self, link: int) -> bool:
        states = [point.link_states() for point in self.net.points.values()]
        return any(
            other != link and other not in self.net.cut and all(state[other] is LinkState.AVAILABLE for state in states)
            for other in range(self.size)
        )

    def _judge(self) -> list[str]:
        wrong: list[str] = []
        for name, peer in (("A", "B"), ("B", "A")):
            received: defaultdict[int, list[int]] = defaultdict(list)
            for output in self.net.outputs[peer]:
                if isinstance(output, TransferIndication):
                    received[output.sls].append(int.from_bytes(output.data, "big"))
            for sls in range(16):
                got, expected = received[sls], self.sent[name, sls]
                if self.total_outages:
                    good = all(one < other for one, other in itertools.pairwise(got))
                else:
                    good = got == list(range(1, expected + 1))
                if not good:
                    wrong.append(f"{name}->{peer} sls {sls}: sent {expected}, received {got}")
            if set(self.net.points[name].link_states().values()) != {LinkState.AVAILABLE}:
                wrong.append(f"{name}: links {self.net.points[name].link_states()}")
        return wrong


def main() -> None:
    """Run as many seeds as the first argument says, and tell what each bad one did."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    bad = failures = messages = retrieved = 0
    for seed in range(seeds):
        simulation = Simulation(seed, total_outages=seed % 5 == 4)
        wrong = simulation.run()
        failures += simulation.failures
        messages += sum(simulation.sent.values())
        retrieved += sum(point.counters["retrieved"] for point in simulation.net.points.values())
        if wrong:
            bad += 1
            print(f"seed {seed}:", *wrong, sep="\n  ")
    print(
        f"{seeds} seeds, {failures} link failures, {messages} messages, {retrieved} retrieved: {bad} seeds went wrong"
    )


if __name__ == "__main__":
    main()
