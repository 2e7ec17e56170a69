"""What goes over the wire in the place of what PJSIP has, and the other way round, message by message.

Descriptions of calls whose RTP passes PJSIP by (`direct`), names of INVITEs that are several of one call (`overlap`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from . import direct, library, wire
from .overlap import Aliases
from .protocol import EngineConfiguration

if TYPE_CHECKING:
    from .calls import Call


class Exchange:
    """Changes messages before PJSIP acts on them, and after it has put them together."""

    def __init__(self, configuration: EngineConfiguration, calls: Mapping[int, Call]) -> None:
        self._calls = calls
        self._own = configuration.media_address.encode()
        self._public = configuration.public_address.encode()
        self._placeholder = direct.placeholder(configuration.media_address, configuration.codecs[0])
        self.aliases = Aliases()
        """INVITEs that are several of one call."""
        self.unreliable: set[bytes] = set()
        """Calls of ours, by Call-ID, whose provisional responses are not to be reliable: PJSIP says that it can."""
        self.hops: dict[bytes, int] = {}
        """Max-Forwards of calls of ours, by Call-ID, where it is another one than PJSIP's."""
        self.bare = False
        """The response that PJSIP is about to put together goes out without the description in it."""

    def comes(self, received: int) -> bool:
        """A message came: one of several INVITEs of a call is PJSIP's by other names."""
        if self.aliases and (names := self.aliases.inwards(library.octets_of(received))) is not None:
            wire.put_names(received, names)
        return False

    def begins(self, received: int) -> None:
        """An INVITE came whose RTP passes PJSIP by, and PJSIP is about to look what it offers."""
        if direct.has_description(library.octets_of(received)):
            wire.put_session(received, self._placeholder)

    def hide_description(self, received: int, message: bytes) -> bool:
        """Have PJSIP not see the peer's description of a call whose RTP passes it by; whether the message waits.

        Nor one in a provisional response to an INVITE without any: PJSIP has no media yet to answer a reliable one
        with, and its assertions end the process.
        """
        if not direct.has_description(message):
            return False
        call_id = library.call_id_received(received)
        found = [call for call in self._calls.values() if call.known_as == call_id]
        if message.startswith(b"SIP/2.0 1") and any(call.outgoing and not call.offers.made for call in found):
            library.without_body(received)
            return False
        found = [call for call in found if call.direct]
        if not found:
            return False
        wire.put_session(received, self._placeholder)
        if direct.is_answer(message):
            return any(call.outgoing and call.offers.is_offered(received, message) for call in found)
        return direct.is_offer(message) and found[-1].offers.is_told(received, message)

    def goes(self, sent: int) -> bool:
        """A message is put together and is being sent: our descriptions and names take the place of PJSIP's."""
        made = message = library.octets_of_sent(sent)
        number = direct.number_in(made)
        call = None if number is None else self._calls.get(number)
        if call is not None:
            message = direct.with_session(made, self._announced(call.offers.session))
        elif self.bare:
            message = direct.without_body(made)
        self.bare = False
        if made.startswith(b"INVITE ") and self.unreliable:
            message = direct.without_reliability(message, self.unreliable)
        if made.startswith(b"INVITE ") and self.hops:
            message = direct.with_hops(message, self.hops)
        if self.aliases:
            message = self.aliases.outwards(message)
        if message != made:
            wire.write(sent, message)
        return False

    def _announced(self, session: bytes) -> bytes:
        """Our description with the address that peers are told."""
        return session.replace(b" IN IP4 " + self._own, b" IN IP4 " + self._public) if self._public else session
