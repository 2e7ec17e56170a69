"""Two SIP agents as sides of a duel."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from random import Random

from support.fuzzing import Duel, mutate
from support.sip_pair import OFFER, invitation, make_agent

from tandem.core.errors import EncodeError
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.outgoing import OutgoingCall
from tandem.gateway.sip.primitives import Endpoint, IncomingInvite, SendDatagram

HOSTS = ("10.0.0.1", "10.0.0.2")
VECTORS = Path(__file__).resolve().parent.parent / "vectors/sip"
CAPTURED = [item["text"].encode() for path in sorted(VECTORS.glob("*.json")) for item in json.loads(path.read_text())]
STATUSES = (100, 180, 183, 199, 200, 200, 200, 202, 302, 404, 422, 486, 487, 491, 503, 606)
METHODS = (b"INVITE", b"ACK", b"CANCEL", b"BYE", b"OPTIONS", b"INFO", b"UPDATE", b"PRACK", b"REFER", b"NONSENSE")
ALLOW = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK", "REFER")
EXTENSIONS = ("off", "supported", "supported", "required")


class SipSide:
    def __init__(self, agent: SipAgent, peer: Endpoint, source: Random) -> None:
        self.machine = agent
        self.peer = peer
        self.source = source
        self.calls: list[int] = []
        """Of late, over or not."""
        self._heard: list[bytes] = list(CAPTURED)

    def take(self, now: float) -> list[tuple[Endpoint, bytes]]:
        sent = []
        for output in self.machine.outputs():
            if isinstance(output, SendDatagram):
                if output.destination == self.peer:
                    sent.append((self.peer, output.data))
            elif isinstance(output, IncomingInvite):
                self._remember(output.call)
                if self.source.random() < 0.8:
                    self.machine.configure(output.call, self._options(), now)
        sent += [
            (self.peer, output.data)
            for output in self.machine.outputs()
            if isinstance(output, SendDatagram) and output.destination == self.peer
        ]
        return sent

    def _options(self) -> CallOptions:
        source = self.source
        return CallOptions(
            source.choice(EXTENSIONS),
            source.choice((0, 90, 1800)),
            source.choice((90, 120)),
            source.choice(("auto", "local", "remote")),
        )

    def _remember(self, call: int) -> None:
        self.calls = [*self.calls[-5:], call]

    def receive(self, channel: Endpoint, octets: bytes, now: float) -> None:
        self._heard = [*self._heard[-30:], octets]
        self.machine.receive(octets, self.source.choice((self.peer, self.peer, self.peer, ("10.0.0.9", 5060))), now)

    def request(self, now: float) -> None:
        agent, source = self.machine, self.source
        call = source.choice(self.calls or [0])
        body = source.choice((None, OFFER, OFFER, source.randbytes(20)))
        match source.randrange(22):
            case 0 if agent.calls < 20:
                with suppress(EncodeError):
                    self._remember(agent.invite(invitation(self.peer, body=body, options=self._options()), now))
            case 1:
                agent.cancel(call, (), now)
            case 2 | 3 | 4 | 5:
                agent.respond(call, source.choice(STATUSES), None, (), body, now=now)
            case 6:
                agent.bye(call, (("Reason", "Q.850;cause=16"),), now)
            case 7:
                agent.end(call, source.choice((480, 487, 503)), (), now)
            case 8:
                agent.reinvite(call, body, (), now)
            case 9 | 10:
                agent.answer_reinvite(call, source.choice((200, 200, 488, 491)), body, now=now)
            case 11:
                agent.send_info(call, "application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", (), now)
            case 12 if source.random() < 0.3:
                agent.send_options(self.peer, "sip:x", now)
            case 13 | 14:
                agent.answer_update(call, source.choice((200, 200, 488)), body, now=now)
            case 15:
                agent.update(call, body, (), now)
            case 16:
                agent.modify(call, body, (), now)
            case 17:
                agent.prack(call, source.choice(self._tags(call)), body or b"", now)
            case 18:
                agent.probe(call, now)
            case 19:
                agent.answer_refer(call, source.choice((202, 603)), now)
            case 20:
                agent.notify_refer(call, "SIP/2.0 100 Trying", source.random() < 0.5, now)

    def _tags(self, call: int) -> list[str]:
        """To tags of the early dialogs of a call."""
        found = self.machine._context.calls.get(call)
        return [*found._early] if isinstance(found, OutgoingCall) and found._early else [""]

    def noise(self) -> tuple[Endpoint, bytes]:
        """A message heard before: changed octets, lines of others, another method."""
        source = self.source
        message, other = source.choice(self._heard), source.choice(self._heard)
        match source.randrange(4):
            case 0:
                message = mutate(message, other, source)
            case 1:
                lines, others = message.split(b"\r\n"), other.split(b"\r\n")
                for _ in range(source.randint(1, 3)):
                    lines.insert(source.randrange(len(lines) + 1), source.choice(others))
                    del lines[source.randrange(len(lines))]
                message = b"\r\n".join(lines)
            case 2:
                message = message.replace(source.choice(METHODS), source.choice(METHODS))
        return self.peer, message


def sip(source: Random) -> Duel:
    sides = []
    for own, other in (HOSTS, HOSTS[::-1]):
        agent = make_agent(own, supported=("100rel", "timer"), allow=ALLOW)
        sides.append(SipSide(agent, (other, 5060), source))
    return Duel(sides, source)


def sip_recovers(duel: Duel) -> None:
    """Calls are ended, then time passes with the peer silent: nothing is left."""
    duel.cut()
    for side in duel.sides:
        for call in list(side.machine._context.calls):
            side.machine.end(call, 480, (), duel.now)
    duel.drain()
    for _ in range(2000):
        duel.cut()
        if all(side.machine.next_deadline() is None for side in duel.sides):
            break
        duel.pass_time(600.0)
    for side in duel.sides:
        assert set(side.machine.sizes().values()) == {0}, side.machine.sizes()
