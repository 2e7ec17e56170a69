"""Paths below an SCTP that knows only one, under a virtual clock."""

from tandem.gateway.sctp import chunks
from tandem.gateway.sctp.configuration import SctpParameters
from tandem.gateway.sctp.paths import MAX_PATHS, PathChange, Paths, Route

A, B = Route(0, "192.0.2.1", 9899), Route(1, "198.51.100.1", 9899)
PARAMETERS = SctpParameters(heartbeat=5.0, rto_initial=0.5, path_retransmissions=2)
SECRET = b"8 octets"
DATA = chunks.build(2905, 2906, 77, bytes.fromhex("00030014 00000001 00010000 00000003 01020304"))
FROM_PEER = chunks.build(2906, 2905, 88, bytes.fromhex("03000010 00000001 00010000 00000000"))


class Bench:
    """Paths to a peer whose routes work or do not, a tick each 10 ms."""

    def __init__(self, routes=(A, B)):
        self.now = 0.0
        self.paths = Paths(routes, PARAMETERS, SECRET, 0.0)
        self.cut = set()
        self.changes = []
        self.probes = []

    def run(self, seconds, every=None):
        """Let time pass; the library sends data `every` so many seconds, the peer acknowledges what reaches it."""
        end = self.now + seconds
        next_data = self.now
        while self.now < end:
            if every is not None and self.now >= next_data:
                next_data += every
                route = self.paths.route(DATA, self.now)
                if route not in self.cut:
                    assert self.paths.received(route, FROM_PEER, self.now)
                    self.paths.done()
            self.paths.handle_timers(self.now)
            for output in self.paths.outputs():
                if isinstance(output, PathChange):
                    self.changes.append((round(self.now, 2), output))
                else:
                    self._probe(*output)
            self.now += 0.01

    def _probe(self, route, packet):
        self.probes.append((self.now, route))
        assert chunks.head(packet)[:3] == (2905, 2906, 77)
        if route not in self.cut:
            answer = chunks.build(2906, 2905, 88, b"\x05" + packet[13:])
            assert not self.paths.received(route, answer, self.now)


def test_both_paths_are_probed_at_the_heartbeat_interval():
    bench = Bench()
    bench.run(20.0, every=0.2)
    assert not bench.changes
    assert bench.paths.active == A
    assert [route for _, route in bench.probes].count(B) == 4


def test_nothing_is_probed_without_an_association():
    bench = Bench()
    bench.run(10.0)
    assert not bench.probes


def test_a_single_path_is_left_alone():
    bench = Bench([A])
    bench.cut = {A}
    bench.run(10.0, every=0.2)
    assert not bench.probes
    assert bench.paths.active == A


def test_traffic_moves_when_its_path_fails_and_comes_back():
    bench = Bench()
    bench.run(2.0, every=0.1)
    bench.cut = {A}
    bench.run(3.0, every=0.1)
    assert [change for _, change in bench.changes] == [PathChange(A, False)]
    # Suspicious after one RTO without an answer, three probes of one RTO each.
    assert bench.changes[0][0] - 2.0 <= 4 * PARAMETERS.rto_initial + 0.2
    assert bench.paths.active == B
    bench.cut = set()
    bench.run(12.0, every=0.1)
    assert bench.changes[1][1] == PathChange(A, True)
    assert bench.paths.active == A


def test_an_idle_path_that_fails_is_noticed_and_nothing_moves():
    bench = Bench()
    bench.run(2.0, every=0.1)
    bench.cut = {B}
    bench.run(10.0, every=0.1)
    assert [change for _, change in bench.changes] == [PathChange(B, False)]
    assert bench.paths.active == A


def test_with_no_path_left_the_last_one_is_tried_on():
    bench = Bench()
    bench.run(2.0, every=0.1)
    bench.cut = {A, B}
    bench.run(10.0, every=0.1)
    assert {change.works for _, change in bench.changes} == {False}
    bench.cut = {A}
    bench.run(12.0, every=0.1)
    assert bench.paths.active == B


def test_an_untried_path_is_taken_only_once_it_answers():
    bench = Bench()
    bench.cut = {A, B}
    bench.run(4.0, every=0.1)
    assert bench.paths.active == A
    bench.cut = {A}
    bench.run(12.0, every=0.1)
    assert bench.paths.active == B


def test_answers_go_back_the_way_their_cause_came():
    paths = Paths([A, B], PARAMETERS, SECRET, 0.0)
    theirs = chunks.heartbeat(2906, 2905, 88, bytes(40))
    assert paths.received(B, theirs, 0.0)
    assert paths.route(chunks.build(2905, 2906, 77, b"\x05" + theirs[13:]), 0.0) == B
    assert paths.route(DATA, 0.0) == A
    paths.done()
    assert paths.route(chunks.build(2905, 2906, 77, b"\x05" + theirs[13:]), 0.0) == A


def test_the_answer_of_another_probe_proves_nothing():
    bench = Bench()
    bench.paths.route(DATA, 0.0)
    bench.paths.handle_timers(0.0)
    (route, probe), _ = bench.paths.outputs()
    assert route == A
    stale = chunks.build(2906, 2905, 88, b"\x05" + probe[13:-1] + b"\x7f")
    assert not bench.paths.received(A, stale, 0.1)
    foreign = chunks.build(2906, 2905, 88, chunks.heartbeat(1, 2, 3, bytes(12))[12:].replace(b"\x04", b"\x05", 1))
    assert bench.paths.received(A, foreign, 0.1)


def test_after_an_association_ends_its_tag_is_not_used():
    bench = Bench()
    bench.run(1.0, every=0.1)
    count = len(bench.probes)
    bench.paths.ended()
    bench.run(20.0)
    assert len(bench.probes) == count
    assert not bench.changes


def test_begin_anew_along_another_path():
    paths = Paths([A, B], PARAMETERS, SECRET, 0.0)
    paths.prefer(3)
    assert paths.active == B


def test_paths_are_bounded():
    paths = Paths([A], PARAMETERS, SECRET, 0.0)
    assert not paths.add(A, 0.0)
    for port in range(MAX_PATHS - 1):
        assert paths.add(Route(0, "192.0.2.1", port), 0.0)
    assert not paths.add(B, 0.0)
    assert paths.received(B, FROM_PEER, 0.0)
