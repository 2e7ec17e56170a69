"""A SIP user with a voice: places or answers one call at a time, sends a known signal and records what it hears.

Used by the demo and the benchmarks; a person would have a softphone here.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from tandem.gateway.demo.speech import Speech
from tandem.gateway.sip import sdp
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.configuration import AgentConfiguration
from tandem.gateway.sip.message import Message, parse_message
from tandem.gateway.sip.primitives import (
    AliasOffered,
    Answered,
    CallOutput,
    Ended,
    Failed,
    IncomingInvite,
    InviteRequest,
    OptionsResult,
    Provisional,
    RegistrationChanged,
    Rejected,
    SendDatagram,
)
from tandem.gateway.sip.transport import open_socket, receive_all, send

Address = tuple[str, int]


@dataclass
class Happened:
    """What the user noticed, each set at the moment it happened."""

    ringing: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    offered: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class UserAgent:
    """One SIP user at `address`, speaking `law` (`A` or `u`)."""

    def __init__(
        self,
        name: str,
        address: Address,
        law: str,
        speech: Speech,
        on_message: Callable[[str, Address, Message], None] | None = None,
    ) -> None:
        """`on_message` hears of every message sent: (name, destination, message)."""
        self.name = name
        self.law = law
        self.speech = speech
        self.happened = Happened()
        self.failure = ""
        self.last: Message | None = None
        """The message that ended the call, when the peer ended it."""
        self._on_message = on_message
        self._agent = SipAgent(AgentConfiguration(*address, user_agent=name), lambda: secrets.token_hex(8))
        self._socket: socket.socket = open_socket(address)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._call = 0
        self._offer: sdp.SessionDescription | None = None
        self._address = address
        self._loop.add_reader(self._socket, self._readable)

    def call(self, number: str, gateway: Address, caller: str) -> None:
        """Call `number` by way of `gateway`."""
        request = InviteRequest(
            uri=f"sip:{number}@{gateway[0]}:{gateway[1]}",
            from_uri=f"sip:{caller}@{self._address[0]}",
            to_uri=f"sip:{number}@{gateway[0]}",
            destination=gateway,
            body=sdp.build_offer(self._address[0], self.speech.port, 1, (self.law,)),
        )
        self._call = self._agent.invite(request, self._loop.time())
        self._act()

    def ring(self) -> None:
        """Send 180."""
        self._agent.respond(self._call, 180, now=self._loop.time())
        self._act()

    def answer(self) -> None:
        """Send 200 and speak."""
        assert self._offer is not None, "answer() before a call came in"
        chosen = sdp.choose(self._offer, (self.law,))
        if chosen is None:
            self._agent.respond(self._call, 488, now=self._loop.time())
        else:
            body = sdp.build_answer(self._offer, chosen, self._address[0], self.speech.port, 1)
            self._agent.respond(self._call, 200, body=body, now=self._loop.time())
            self.speech.start((chosen.address, chosen.port), chosen.payload_type)
        self._act()

    def hang_up(self) -> None:
        """Send BYE."""
        self._agent.bye(self._call, (), self._loop.time())
        self.happened.over.set()
        self._act()

    def close(self) -> None:
        """Close the sockets."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self.speech.close()

    def _readable(self) -> None:
        now = self._loop.time()
        for data, source in receive_all(self._socket):
            self._agent.receive(data, source, now)
        self._act()

    def _timers(self) -> None:
        self._agent.handle_timers(self._loop.time())
        self._act()

    def _act(self) -> None:
        for output in self._agent.outputs():
            if isinstance(output, SendDatagram):
                if self._on_message is not None:
                    self._on_message(self.name, output.destination[:2], parse_message(output.data))
                send(self._socket, [(output.data, output.destination[:2])])
            elif not isinstance(output, OptionsResult | AliasOffered | RegistrationChanged):
                self._noticed(output)
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._agent.next_deadline()
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._timers)

    def _noticed(self, output: CallOutput) -> None:
        happened = self.happened
        match output:
            case IncomingInvite(call=call, body=body):
                self._call, self._offer = call, sdp.parse(body)
                happened.offered.set()
            case Provisional(status=180):
                happened.ringing.set()
            case Answered(body=body):
                chosen = sdp.choose(sdp.parse(body), (self.law,))
                if chosen is None:
                    self.failure = "the answer has no codec of ours"
                else:
                    self.speech.start((chosen.address, chosen.port), chosen.payload_type)
                happened.answered.set()
            case Rejected(status=status):
                self.failure = f"refused with {status}"
                happened.over.set()
            case Failed(what=what):
                self.failure = what
                happened.over.set()
            case Ended(message=message):
                self.last = message
                happened.over.set()
