"""A PRI trunk of a whole node under anything: peers that call, messages of no sense, lines that fail."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from support.fuzz_pri import noise
from support.fuzzing import mutate
from support.transit import Transit
from support.transit_access import SipSide, pri_side

from tandem.core.errors import EncodeError
from tandem.gateway.media.protocol import UnitsReceived
from tandem.isdn.q931.bearer import BearerCapability, HighLayerCompatibility, LowLayerCompatibility
from tandem.isdn.q931.cause import CauseElement, ProgressIndicator
from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.codes import MessageType as M
from tandem.isdn.q931.indications import NotificationIndicator, SendingComplete
from tandem.isdn.q931.messages import CallReference, build
from tandem.isdn.q931.numbers import (
    CalledPartyNumber,
    CallingPartyNumber,
    ConnectedNumber,
    OriginalCalledNumber,
    RedirectingNumber,
)
from tandem.isdn.q931.primitives import CallStateError
from tandem.isdn.q931.texts import (
    CalledPartySubaddress,
    CallingPartySubaddress,
    Display,
    Facility,
    KeypadFacility,
    UserUser,
)
from tandem.ss7.isup.primitives import CallStateError as IsupStateError
from tandem.ss7.tup.primitives import CallStateError as TupStateError

KEYS = (
    "",
    "overlap = true\n",
    "overlap = true\npass_digits = true\nminimum_digits = 2\n",
    'numbers = ["5551"]\ndefault_number = "5550"\nreplace_unscreened = true\n',
    'channel_choice = "preferred"\nhunting = "round-robin"\n',
    "disconnect_tone_seconds = 3.0\n",
    'slot_map = true\ninternational_prefix = "00"\nnational_prefix = "0"\n',
)
#: Seconds in which everything has ended: RESTART repeats for six minutes, and is tried again after five.
SETTLED = 1500.0
_MESSAGES = (M.SETUP, M.SETUP, M.SETUP, M.INFORMATION, M.ALERTING, M.CONNECT, M.PROGRESS, M.NOTIFY, M.FACILITY)
_WRONG_STATE = (CallStateError, IsupStateError, TupStateError, EncodeError, KeyError)


class PriTrunkFuzz:
    """A node with a PRI at its left, and at its right a PRI, ISUP, TUP or SIP."""

    def __init__(self, source: Random) -> None:
        self.source = source
        switch = source.choice(("euroisdn", "euroisdn", "qsig", "ni2", "dms100"))
        keys = source.choice(KEYS) if switch == "euroisdn" else source.choice(("", *KEYS[3:]))
        left = pri_side(source.choice(("network", "user")), switch, lines=keys)
        right: Any = source.choice((pri_side("user"), "isup", "tup", SipSide))
        more = {kind: kind for kind in (left, right) if not isinstance(kind, str)}
        self.transit = Transit(left, right, more=more)
        self.machine = self.transit.node
        self.calls: dict[str, list[int]] = {"left": [], "right": []}

    def step(self) -> None:
        """One input, or time."""
        source, transit = self.source, self.transit
        roll = source.random()
        if roll < 0.35:
            self._hear(self._message() if source.random() < 0.6 else noise(source))
        elif roll < 0.4:
            number = transit.node.pri.dchannels.ports["left"].numbers[0]
            transit.node.media_events(
                [UnitsReceived(number, [source.randbytes(source.randint(0, 300))], 1, 0)], transit.now
            )
        elif roll < 0.42:
            transit.left.reach(transit.node, "left", source.random() < 0.5, transit.now)
        elif roll < 0.8:
            with suppress(*_WRONG_STATE):
                self._user()
        transit.run(source.choice((0.0, 0.0, 0.02, 0.5, 5.0)))

    def _hear(self, octets: bytes) -> None:
        """The node's call control hears a message, wherever it came from."""
        transit = self.transit
        transit.node.pri.trunks["left"].interface.receive(0, octets, transit.now)
        transit.node.media_events([], transit.now)

    def _message(self) -> bytes:
        """A message full of elements, about some call."""
        source = self.source
        digits = "".join(source.choice("0123456789*#") for _ in range(source.randint(0, 18)))
        small = source.randbytes(source.randint(1, 20))
        elements: list[Any] = [
            BearerCapability(source.choice((0, 0, 8, 9, 16, 17, 24)), source.choice((None, 2, 3))),
            ChannelIdentification.of(source.randint(1, 9), exclusive=source.random() < 0.5),
            CalledPartyNumber(digits, source.randrange(5), source.choice((0, 1, 9))),
        ]
        more = (
            CallingPartyNumber(digits[:9], source.randrange(5), 1, source.randrange(4), source.randrange(4)),
            RedirectingNumber(digits[:9], 2, 1, source.randrange(3), 3, reason=source.choice((0, 1, 2, 4, 15))),
            OriginalCalledNumber(digits[:9], 2, 1, 0, 3),
            ConnectedNumber(digits[:9], 2),
            CalledPartySubaddress(small, source.choice((0, 2))),
            CallingPartySubaddress(small, source.choice((0, 2))),
            UserUser(source.randbytes(source.choice((0, 3, 128)))),
            HighLayerCompatibility(1),
            LowLayerCompatibility(0, layer1=3),
            ProgressIndicator(source.choice((1, 2, 3, 4, 8, 10)), source.randrange(16)),
            NotificationIndicator(source.randrange(128)),
            Display("Anna"),
            Facility(small),
            KeypadFacility(digits[:4]),
            CauseElement(source.randrange(1, 128)),
            SendingComplete(),
        )
        elements += source.sample(more, source.randint(0, 7))
        with suppress(EncodeError):
            reference = CallReference(source.randint(1, 6), source.random() < 0.3)
            octets = build(reference, source.choice(_MESSAGES), *elements).encode()
            return mutate(octets, octets[::-1], source) if source.random() < 0.2 else octets
        return noise(source)

    def _user(self) -> None:
        """A user at either end does something."""
        source, transit = self.source, self.transit
        side = source.choice(("left", "right"))
        exchange = transit.sides[side]
        known = (self.calls[side] + [item.call for item in exchange.offered])[-8:]
        if not known or source.random() < 0.3:
            complete = side == "right" or source.random() < 0.6
            call = transit.setup(side, digits=source.choice(("3012", "30", "3")), complete=complete)
            if call is not None:
                self.calls[side].append(call)
            return
        call = source.choice(known)
        match source.randrange(8):
            case 0 | 1:
                transit.release(side, call, source.choice((1, 16, 17, 34)))
            case 2 if side == "left":
                transit.at(side, "digits", call, source.choice("0123"), source.random() < 0.3)
            case 3 if side == "left":
                source.choice((exchange.exchange.hold, exchange.exchange.retrieve))(call, (), transit.now)
            case 4 if side == "left":
                exchange.exchange.user_information(call, (UserUser(b"x"),), transit.now)
            case _:
                transit.at(side, "do", call, source.choice(("alert", "progress", "answer")))

    def recover(self) -> None:
        """The line is sound, all calls are released: after a while nothing may be left."""
        transit = self.transit
        transit.left.reach(transit.node, "left", True, transit.now)
        end = transit.now + SETTLED
        while transit.now < end and not (transit.all_idle() and not transit.node.control.calls):
            for side, exchange in transit.sides.items():
                for call in self.calls[side] + [item.call for item in exchange.offered]:
                    with suppress(*_WRONG_STATE):
                        transit.release(side, call, 16)
            for call in transit.left.exchange.calls():
                transit.left.exchange.release(call, 16, transit.now)
            transit.run(20)
        port = transit.node.pri.trunks["left"]
        assert not transit.node.control.calls
        assert not port.halves
        assert not port.digits
        assert not port.following
        assert not port.interface.calls()
        assert port.interface.quiet
        assert not transit.left.exchange.calls()
