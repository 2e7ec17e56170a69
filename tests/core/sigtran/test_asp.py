"""The two ends of an ASP on their own."""

import itertools

import pytest

from tandem.core.sigtran.asp import CLIENT_MESSAGES, SERVER_MESSAGES, SERVER_TRANSITIONS, AspClient, AspServer
from tandem.core.sigtran.codes import Type
from tandem.core.sigtran.common import Message
from tandem.core.sigtran.configuration import AssociationConfiguration, Timers
from tandem.core.sigtran.primitives import AspState
from tandem.core.timers import TimerTable


class Recorder:
    """A layer that writes down what it is asked; the association serves `s` and `t`."""

    def __init__(self):
        self.timers = TimerTable()
        self.durations = Timers()
        self.log = []

    def send(self, association, kind, parameters=()):
        self.log.append(kind.name)

    def refuse(self, association, code, parameters=()):
        self.log.append(code.name)

    def named_servers(self, association, message):
        return ["s", "t"]

    def activation(self, association, server):
        return ()

    def naming(self, association, server):
        return ()

    def leave(self, association, now):
        self.log.append("leave")
        return self.leaving

    leaving = False

    def accepts_mode(self, server, mode):
        return True

    def local_changed(self, association, before, now):
        self.log.append("local")

    def remote_changed(self, association, before, now):
        self.log.append("remote")


def server(state):
    layer = Recorder()
    machine = AspServer(AssociationConfiguration("x"), layer)
    machine.up = state is not AspState.DOWN
    machine.active = {"s"} if state is AspState.ACTIVE else set()
    return machine, layer


UP, DOWN, ACTIVE, INACTIVE = Type.ASPUP, Type.ASPDN, Type.ASPAC, Type.ASPIA
#: RFC 4666 4.3.4: state, message, next state, what is sent.
EXPECTED = {
    (AspState.DOWN, UP): (AspState.INACTIVE, ["ASPUP_ACK"]),
    (AspState.DOWN, DOWN): (AspState.DOWN, ["ASPDN_ACK"]),
    (AspState.DOWN, ACTIVE): (AspState.DOWN, ["UNEXPECTED_MESSAGE"]),
    (AspState.DOWN, INACTIVE): (AspState.DOWN, ["UNEXPECTED_MESSAGE"]),
    (AspState.INACTIVE, UP): (AspState.INACTIVE, ["ASPUP_ACK"]),
    (AspState.INACTIVE, DOWN): (AspState.DOWN, ["ASPDN_ACK"]),
    (AspState.INACTIVE, ACTIVE): (AspState.ACTIVE, ["ASPAC_ACK"]),
    (AspState.INACTIVE, INACTIVE): (AspState.INACTIVE, ["ASPIA_ACK"]),
    (AspState.ACTIVE, UP): (AspState.INACTIVE, ["ASPUP_ACK", "UNEXPECTED_MESSAGE"]),
    (AspState.ACTIVE, DOWN): (AspState.DOWN, ["ASPDN_ACK"]),
    (AspState.ACTIVE, ACTIVE): (AspState.ACTIVE, ["ASPAC_ACK"]),
    (AspState.ACTIVE, INACTIVE): (AspState.INACTIVE, ["ASPIA_ACK"]),
}


@pytest.mark.parametrize(("state", "kind"), list(itertools.product(AspState, sorted(SERVER_MESSAGES))))
def test_every_state_and_message_at_the_server(state, kind):
    machine, layer = server(state)
    machine.handle(Message(kind), 0.0)
    after, sent = EXPECTED[state, Type(kind)]
    assert machine.state is after
    assert [entry for entry in layer.log if entry != "remote"] == sent


def test_the_tables_are_complete():
    assert set(SERVER_TRANSITIONS) == set(itertools.product(AspState, SERVER_MESSAGES))
    assert set(EXPECTED) == set(SERVER_TRANSITIONS)
    assert {Type.ASPUP_ACK, Type.ASPDN_ACK, Type.ASPAC_ACK, Type.ASPIA_ACK} == CLIENT_MESSAGES


def client(state):
    layer = Recorder()
    machine = AspClient(AssociationConfiguration("x"), layer)
    machine.wanted_up = True
    machine.up = state is not AspState.DOWN
    machine.active = {"s", "t"} if state is AspState.ACTIVE else set()
    machine.wanted = set(machine.active)
    return machine, layer


#: What a client does with an acknowledgement that it did not ask for.
UNASKED = {
    (AspState.DOWN, Type.ASPUP_ACK): (AspState.DOWN, ["UNEXPECTED_MESSAGE", "ASPDN"]),
    (AspState.DOWN, Type.ASPDN_ACK): (AspState.DOWN, []),
    (AspState.DOWN, Type.ASPAC_ACK): (AspState.DOWN, ["UNEXPECTED_MESSAGE"]),
    (AspState.DOWN, Type.ASPIA_ACK): (AspState.DOWN, ["UNEXPECTED_MESSAGE"]),
    (AspState.INACTIVE, Type.ASPUP_ACK): (AspState.INACTIVE, []),
    (AspState.INACTIVE, Type.ASPDN_ACK): (AspState.DOWN, ["ASPUP"]),
    (AspState.INACTIVE, Type.ASPAC_ACK): (AspState.INACTIVE, []),
    (AspState.INACTIVE, Type.ASPIA_ACK): (AspState.INACTIVE, []),
    (AspState.ACTIVE, Type.ASPUP_ACK): (AspState.INACTIVE, ["UNEXPECTED_MESSAGE", "ASPAC", "ASPAC"]),
    (AspState.ACTIVE, Type.ASPDN_ACK): (AspState.DOWN, ["ASPUP"]),
    (AspState.ACTIVE, Type.ASPAC_ACK): (AspState.ACTIVE, []),
    (AspState.ACTIVE, Type.ASPIA_ACK): (AspState.INACTIVE, ["ASPAC", "ASPAC"]),
}


@pytest.mark.parametrize(("state", "kind"), list(itertools.product(AspState, sorted(CLIENT_MESSAGES))))
def test_every_state_and_acknowledgement_at_the_client(state, kind):
    machine, layer = client(state)
    machine.handle(Message(kind), 0.0)
    after, sent = UNASKED[state, Type(kind)]
    assert machine.state is after
    assert [entry for entry in layer.log if entry != "local"] == sent


def test_the_way_up_and_down():
    layer = Recorder()
    machine = AspClient(AssociationConfiguration("x"), layer)
    machine.start(0.0)
    machine.handle(Message(Type.ASPUP_ACK), 0.1)
    machine.want({"s"}, 0.2)
    assert machine.is_activating("s")
    machine.handle(Message(Type.ASPAC_ACK), 0.3)
    assert machine.active == {"s"}
    machine.want(set(), 0.4)
    machine.handle(Message(Type.ASPIA_ACK), 0.5)
    assert machine.state is AspState.INACTIVE
    machine.stop(0.6)
    machine.handle(Message(Type.ASPDN_ACK), 0.7)
    assert [entry for entry in layer.log if entry != "local"] == ["ASPUP", "ASPAC", "ASPIA", "leave", "ASPDN"]
    assert layer.timers.next_deadline() is None


def active_client():
    layer = Recorder()
    machine = AspClient(AssociationConfiguration("x"), layer)
    machine.start(0.0)
    machine.handle(Message(Type.ASPUP_ACK), 0.1)
    machine.want({"s", "t"}, 0.2)
    machine.handle(Message(Type.ASPAC_ACK), 0.3)
    layer.log.clear()
    return machine, layer


def test_an_active_one_goes_down_in_order():
    machine, layer = active_client()
    layer.leaving = True
    machine.stop(1.0)
    assert layer.log == ["ASPIA", "ASPIA"]
    machine.handle(Message(Type.ASPIA_ACK), 1.1)
    assert layer.log[2:] == ["local", "leave"], "not down before that is over"
    layer.leaving = False
    machine.go_on_stopping(1.2)
    assert layer.log[4:] == ["leave", "ASPDN"]
    assert not machine.at_rest
    machine.handle(Message(Type.ASPDN_ACK), 1.3)
    assert machine.at_rest


def test_a_peer_that_does_not_answer_is_not_waited_for():
    machine, layer = active_client()
    machine.stop(1.0)
    for _, _, key in layer.timers.expired(3.0):
        machine.retry(key, 3.0)
    assert [entry for entry in layer.log if entry != "local"] == ["ASPIA", "ASPIA", "leave", "ASPDN"]
    assert machine.state is AspState.INACTIVE


def test_one_that_never_came_up_goes_down_at_once():
    layer = Recorder()
    machine = AspClient(AssociationConfiguration("x"), layer)
    machine.start(0.0)
    machine.stop(0.5)
    assert layer.log == ["ASPUP", "ASPDN"]
