"""What all TUP messages share, and those that are a heading code alone; ITU-T Q.723 (1988) clause 3."""

from dataclasses import dataclass
from typing import ClassVar, Self

from tandem.core.bits import describe_bits, read_bits, write_bits
from tandem.ss7.tup.codes import MessageType, message_name
from tandem.ss7.tup.fields import take
from tandem.ss7.tup.variants import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What all messages have."""

    type: MessageType | int
    """Heading octet; a plain int when the variant has no such message."""
    rest: bytes = b""
    """Octets behind the fields that are known; they are sent as they came."""

    @property
    def name(self) -> str:
        """Acronym, or `heading 0xNN`."""
        return message_name(self.type)

    def body(self, variant: Variant) -> bytes:
        """Octets between the heading and `rest`."""
        raise NotImplementedError

    def _words(self) -> list[str]:
        return []

    def __str__(self) -> str:
        words = [word for word in self._words() if word]
        if self.rest:
            words.append(f"rest {self.rest.hex()}")
        return " | ".join([self.name, *words])


@dataclass(frozen=True, slots=True)
class Signal(Message):
    """A message that is its heading alone (CLF, RLG, ANC, BLO ...), or one that the variant does not know."""

    type: MessageType | int

    def body(self, variant: Variant) -> bytes:
        """Nothing."""
        return b""


class BitMessage(Message):
    """A message whose content is `SIZE` octets of bit fields."""

    __slots__ = ()

    SIZE: ClassVar[int] = 1

    @classmethod
    def parse(cls, octets: bytes, variant: Variant) -> Self:
        """Read the octets behind the heading."""
        number = int.from_bytes(take(octets, 0, cls.SIZE, "content"), "little")
        return cls(**read_bits(cls, number), rest=octets[cls.SIZE :])

    def body(self, variant: Variant) -> bytes:
        """The bit fields."""
        return write_bits(self, self.name).to_bytes(self.SIZE, "little")

    def _words(self) -> list[str]:
        return [", ".join(describe_bits(self))]
