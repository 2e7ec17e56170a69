"""TUP messages about a group of circuits, MGB to SUA; ITU-T Q.723 (1988) clause 3."""

from dataclasses import dataclass
from typing import Self

from tandem.core.errors import EncodeError
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.fields import take
from tandem.ss7.tup.message_base import Message
from tandem.ss7.tup.variants import Variant

M = MessageType


@dataclass(frozen=True, slots=True)
class GroupSupervision(Message):
    """Group blocking, unblocking, reset (MGB to SUA): the circuits from the CIC of the message on.

    A status bit 1 means: block, unblock, or acknowledged; in GRA, blocked for maintenance.
    """

    type: MessageType
    range: int
    """Range as coded, 0 to 255: one less than the number of circuits; with 0 there is no status."""
    status: tuple[bool, ...] | None = None
    """A flag for each circuit; None with range 0 and in GRS."""
    padding: int = 0
    """The unused bits above the last flag."""

    @property
    def count(self) -> int:
        """Number of circuits in the range."""
        return self.range + 1

    @classmethod
    def parse_as(cls, type_: MessageType, octets: bytes) -> Self:
        """Read the octets behind the heading `type_`."""
        length = take(octets, 0, 1, "range")[0]
        if type_ is M.GRS or not length:
            return cls(type_, length, rest=octets[1:])
        count = length + 1
        size = (count + 7) // 8
        number = int.from_bytes(take(octets, 1, size, f"status of range {length}"), "little")
        flags = tuple([bool(number >> index & 1) for index in range(count)])
        return cls(type_, length, flags, number >> count, rest=octets[1 + size :])

    def body(self, variant: Variant) -> bytes:
        """Range and status; EncodeError when they do not agree."""
        if not 0 <= self.range <= 255:
            raise EncodeError(f"range {self.range} does not fit an octet")
        if self.type is M.GRS or not self.range:
            if self.status is not None:
                raise EncodeError(f"{self.name} with range {self.range} has no status")
            return bytes((self.range,))
        if self.status is None or len(self.status) != self.count:
            raise EncodeError(f"{self.name} with range {self.range} needs {self.count} status bits")
        size = (self.count + 7) // 8
        number = sum(1 << index for index, flag in enumerate(self.status) if flag)
        number |= self.padding << self.count
        if not 0 <= number < 1 << 8 * size:
            raise EncodeError(f"padding {self.padding} does not fit behind {self.count} status bits")
        return bytes((self.range,)) + number.to_bytes(size, "little")

    def _words(self) -> list[str]:
        if self.status is None:
            return [f"{self.count} circuits"]
        return [f"{self.count} circuits, status {''.join('1' if flag else '0' for flag in self.status)}"]
