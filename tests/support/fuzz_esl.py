"""A session of the event socket under a hostile client, commands of every kind at a node behind it."""

from __future__ import annotations

from random import Random

from support.fuzzing import mutate
from support.operator_desk import DeskBench

from tandem.gateway.esl.event import Event
from tandem.gateway.esl.session import ChannelMessage, Close, Follow, RunCommand, Session
from tandem.gateway.log import Line

VERBS = (
    "auth ClueCon",
    "auth look",
    "auth wrong",
    "api {}",
    "api {}\nconsole_execute: true",
    "bgapi {}\nJob-UUID: j",
    "event plain ALL",
    "event json CUSTOM tandem::{} CHANNEL_CREATE",
    "event xml HEARTBEAT DTMF",
    "nixevent CUSTOM {}",
    "noevents",
    "filter {} /{}/",
    "filter delete all",
    "filter delete {}",
    "myevents {}",
    "divert_events on",
    "sendevent CUSTOM\nEvent-Subclass: {}\nContent-Length: 5\n\nabcde",
    "sendmsg {}\ncall-command: execute\nexecute-app-name: {}",
    "log {}",
    "nolog",
    "linger 5",
    "connect",
    "getvar {}",
    "exit",
)
EVENTS = (
    Event("CUSTOM", {"Event-Subclass": "tandem::span", "Text": "ü\n%"}),
    Event("CHANNEL_CREATE", {"Unique-ID": "u1"}, "body"),
    Event("HEARTBEAT"),
)


class EslFuzz:
    """One episode; a step is one input. A session that is closed is followed by a new one."""

    def __init__(self, source: Random) -> None:
        self.source = source
        self.bench = DeskBench()
        self.names = [command.name for command in self.bench.desk.table]
        self.waiting: list[RunCommand | ChannelMessage | Follow] = []
        self._begin()

    def _begin(self) -> None:
        self.machine = Session("ClueCon", "look", new_uuid=lambda: "u")
        self.waiting.clear()
        if self.source.random() < 0.2:
            self.machine.start_outbound("u1", {"Unique-ID": "u1"})
        else:
            self.machine.start()
            if self.source.random() < 0.7:
                self.machine.receive(b"auth ClueCon\n\n")

    def step(self) -> None:
        """Do one thing that a client, the gateway or its channels may do."""
        source, session = self.source, self.machine
        match source.randrange(8):
            case 0:
                session.event(source.choice(EVENTS))
            case 1:
                session.log(Line(source.choice(("debug", "info", "warning", "error")), "=", "x", "y"))
            case 2 if self.waiting:
                request = self.waiting.pop(0)
                text = "+OK"
                if isinstance(request, RunCommand):
                    text = self.bench.ask(request.line, session.read_only) or ""
                if not getattr(request, "job", ""):
                    session.answer(request.number, text)
            case 3 if source.random() < 0.1:
                session.channel_ended({"Channel-Name": "x"})
            case _:
                octets = self._request()
                cut = source.randrange(len(octets) + 1)
                session.receive(octets[:cut])
                session.receive(octets[cut:])
        closed = False
        for output in session.outputs():
            assert not closed, "nothing comes after the end"
            closed = isinstance(output, Close)
            if isinstance(output, RunCommand | ChannelMessage | Follow):
                self.waiting.append(output)
        if closed:
            self._begin()

    def recover(self) -> None:
        """A client that behaves is understood again."""
        session = self.machine = Session("ClueCon")
        session.receive(b"auth ClueCon\n\nnoevents\n\n")
        assert len(session.outputs()) == 3

    def _request(self) -> bytes:
        source = self.source
        word = source.choice((source.choice(self.names), "pstn", "u1", "é", "(", "x" * 300, "status as json"))
        text = source.choice(VERBS).replace("{}", word)
        octets = text.encode() + source.choice((b"\n\n", b"\r\n\r\n", b"\n"))
        return mutate(octets, b"api status\n\n", source) if source.random() < 0.2 else octets
