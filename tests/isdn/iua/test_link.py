"""A data link at the ASP, state by state."""

import pytest

from tandem.core.errors import EncodeError
from tandem.core.sigtran.codes import Tag, Type
from tandem.core.sigtran.common import Parameter
from tandem.isdn.iua.link import IuaLink
from tandem.isdn.q921.primitives import DataIndication, Established, Released, State, UnitDataIndication

UP, DOWN = State.MULTIPLE_FRAME_ESTABLISHED, State.TEI_ASSIGNED
WAITING, LEAVING = State.AWAITING_ESTABLISHMENT, State.AWAITING_RELEASE


class Bench:
    def __init__(self, state=DOWN, active=True):
        self.active, self.sent, self.watched = active, [], False
        self.link = IuaLink(1, self._send, self._watch)
        if state is not DOWN:
            self.active = True
            self.link.establish(0.0)
            if state is not WAITING:
                self.link.established(True, 0.0)
            if state is LEAVING:
                self.link.release(0.0)
        assert self.link.state is state
        self.active = active
        self.sent.clear()
        self.link.outputs()

    def _send(self, interface, kind, parts):
        if self.active:
            self.sent.append((kind, *parts))
        return self.active

    def _watch(self, interface, on, now):
        self.watched = on


CASES = [
    # state, what happens, the new state, what layer 3 hears
    (WAITING, lambda link: link.established(True, 0), UP, [Established(True)]),
    (WAITING, lambda link: link.established(False, 0), UP, [Established(True)]),
    (DOWN, lambda link: link.established(True, 0), DOWN, []),
    (DOWN, lambda link: link.established(False, 0), UP, [Established(False)]),
    (UP, lambda link: link.established(False, 0), UP, [Established(False)]),
    (LEAVING, lambda link: link.established(False, 0), LEAVING, []),
    (DOWN, lambda link: link.released(0), DOWN, []),
    (WAITING, lambda link: link.released(0), DOWN, [Released(False)]),
    (UP, lambda link: link.released(0), DOWN, [Released(False)]),
    (LEAVING, lambda link: link.released(0), DOWN, [Released(True)]),
    (DOWN, lambda link: link.inactive(0), DOWN, []),
    (WAITING, lambda link: link.inactive(0), WAITING, []),
    (UP, lambda link: link.inactive(0), DOWN, [Released(False)]),
    (LEAVING, lambda link: link.inactive(0), DOWN, [Released(True)]),
    (DOWN, lambda link: link.unanswered(0), DOWN, []),
    (WAITING, lambda link: link.unanswered(0), WAITING, []),
    (UP, lambda link: link.unanswered(0), UP, []),
    (LEAVING, lambda link: link.unanswered(0), DOWN, [Released(True)]),
    (DOWN, lambda link: link.persistent_deactivation(0), DOWN, []),
    (WAITING, lambda link: link.persistent_deactivation(0), DOWN, [Released(False)]),
    (UP, lambda link: link.persistent_deactivation(0), DOWN, [Released(False)]),
    (LEAVING, lambda link: link.persistent_deactivation(0), DOWN, [Released(True)]),
    (DOWN, lambda link: link.received(b"x", True), DOWN, []),
    (UP, lambda link: link.received(b"x", True), UP, [DataIndication(b"x")]),
    (DOWN, lambda link: link.received(b"x", False), DOWN, [UnitDataIndication(b"x")]),
    (DOWN, lambda link: link.release(0), DOWN, [Released(True)]),
    (UP, lambda link: link.frame_received(b"\0\1\x7f", 0), UP, []),
]


@pytest.mark.parametrize(("state", "happens", "then", "said"), CASES)
def test_states(state, happens, then, said):
    bench = Bench(state)
    happens(bench.link)
    assert (bench.link.state, bench.link.outputs()) == (then, said)
    if then in (UP, DOWN):
        assert not bench.watched


def test_what_is_sent():
    bench = Bench()
    bench.link.establish(0.0)
    assert bench.watched
    assert not bench.link.data(b"x", 0.0)
    bench.link.unanswered(5.0)
    bench.link.established(True, 6.0)
    assert bench.link.data(b"x", 6.0)
    bench.link.unit_data(b"y", 6.0)
    bench.link.release(7.0)
    assert bench.sent == [
        (Type.QPTM_ESTABLISH_REQUEST,),
        (Type.QPTM_ESTABLISH_REQUEST,),
        (Type.QPTM_DATA_REQUEST, Parameter(Tag.QPTM_PROTOCOL_DATA, b"x")),
        (Type.QPTM_UNIT_DATA_REQUEST, Parameter(Tag.QPTM_PROTOCOL_DATA, b"y")),
        (Type.QPTM_RELEASE_REQUEST, Parameter.number(Tag.RELEASE_REASON, 2)),
    ]
    assert bench.link.next_deadline() is None


def test_without_a_gateway():
    bench = Bench(active=False)
    bench.link.establish(0.0)
    assert (bench.link.state, bench.sent, bench.watched) == (WAITING, [], False)
    bench.active = True
    bench.link.ask(1.0)
    assert bench.sent == [(Type.QPTM_ESTABLISH_REQUEST,)]
    bench.active = False
    bench.link.release(2.0)
    assert bench.link.outputs() == [Released(True)]


@pytest.mark.parametrize("length", [0, 261])
def test_lengths(length):
    with pytest.raises(EncodeError):
        Bench(UP).link.data(bytes(length), 0.0)
