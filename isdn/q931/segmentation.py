"""Segmentation of messages that are longer than the data link takes, and their reassembly; Q.931 annex H."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931.codes import Discriminator, MessageType
from tandem.isdn.q931.indications import SegmentedMessage
from tandem.isdn.q931.messages import Message, decode

#: Most segments of a message (H.2 a).
MAXIMUM_SEGMENTS: Final = 8
#: Seconds to wait for the next segment (Q.931 table 9-1 and 9-2).
T314: Final = 4.0

_ELEMENT: Final = 4  # octets of the segmented message element


def segment(message: Message, limit: int) -> list[Message]:
    """The messages that carry `message` in at most `limit` octets each (N201): itself, or SEGMENT messages.

    EncodeError when more than eight segments would be needed; nothing of such a message is sent (H.2 a).
    """
    octets = message.encode()
    if len(octets) <= limit:
        return [message]
    if isinstance(message.type, MessageType):
        header = len(message.call_reference.encode()) + 2
        room = limit - header - _ELEMENT
        content = octets[header:]
        count = -(-len(content) // room) if room > 0 else MAXIMUM_SEGMENTS + 1
        if count <= MAXIMUM_SEGMENTS:
            return [
                Message(
                    message.call_reference,
                    MessageType.SEGMENT,
                    (SegmentedMessage(index == 0, count - index - 1, message.type),),
                    message.discriminator,
                    body=content[index * room : (index + 1) * room],
                )
                for index in range(count)
            ]
    raise EncodeError(f"{message.name} of {len(octets)} octets does not fit {MAXIMUM_SEGMENTS} segments of {limit}")


@dataclass(frozen=True, slots=True)
class SegmentsLost:
    """Segments were discarded: the message they belong to is lost (H.3)."""

    reason: str


class Reassembler:
    """Puts the segments of one data link connection together; feed it every message that comes in."""

    def __init__(self, timer: float = T314) -> None:
        self._timer = timer
        self._first: Message | None = None
        self._parts: list[bytes] = []
        self._remaining = 0
        self._deadline: float | None = None
        self._outputs: list[Message | SegmentsLost] = []

    def receive(self, message: Message, now: float) -> None:
        """Take a message; one that is no segment comes out at once."""
        if message.type != MessageType.SEGMENT or message.discriminator != Discriminator.CALL_CONTROL:
            if self._first is not None:
                self._lose(f"{message.name} came before the last segment")
            self._outputs.append(message)
            return
        header = message.get(SegmentedMessage)
        if header is None or header.message_type == MessageType.SEGMENT:
            self._lose("a segment without a valid segmented message element came")
        elif header.first:
            if self._first is not None:
                self._lose("another message's first segment came before the last segment")
            self._begin(message, header, now)
        elif self._first is None:
            self._lose("a segment came without a first one")
        else:
            self._continue(self._first, message, header, now)

    def next_deadline(self) -> float | None:
        """When T314 expires; None when it does not run."""
        return self._deadline

    def handle_timers(self, now: float) -> None:
        """Discard what has come when T314 has expired (H.3 d)."""
        if self._deadline is not None and self._deadline <= now:
            self._lose("T314 expired")

    def reset(self) -> None:
        """Forget everything: the data link was lost or reset (H.3)."""
        self._first = None
        self._parts.clear()
        self._deadline = None

    def outputs(self) -> list[Message | SegmentsLost]:
        """Whole messages and losses since the last call, in order."""
        outputs, self._outputs = self._outputs, []
        return outputs

    def _begin(self, message: Message, header: SegmentedMessage, now: float) -> None:
        if header.remaining >= MAXIMUM_SEGMENTS:
            self._lose(f"a message of {header.remaining + 1} segments came")
            return
        self._first = message
        self._parts = [message.body]
        self._advance(message, header, now)

    def _continue(self, first: Message, message: Message, header: SegmentedMessage, now: float) -> None:
        began = first.get(SegmentedMessage)
        if (
            message.call_reference != first.call_reference
            or began is None
            or header.message_type != began.message_type
            or header.remaining != self._remaining - 1
        ):
            self._lose("a segment came out of order")
            return
        self._parts.append(message.body)
        self._advance(first, header, now)

    def _advance(self, first: Message, header: SegmentedMessage, now: float) -> None:
        self._remaining = header.remaining
        if header.remaining:
            self._deadline = now + self._timer
            return
        octets = bytes((first.discriminator,)) + first.call_reference.encode() + bytes((header.message_type,))
        whole = octets + b"".join(self._parts)
        self.reset()
        try:
            self._outputs.append(decode(whole))
        except DecodeError as error:
            self._outputs.append(SegmentsLost(str(error)))

    def _lose(self, reason: str) -> None:
        self.reset()
        self._outputs.append(SegmentsLost(reason))
