"""Messages of Q.931: header, call reference, and the walk over information elements and codesets; Q.931 4.1 to 4.5."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypeVar

from tandem.core.errors import DecodeError, EncodeError
from tandem.isdn.q931 import bearer, cause, channel, indications, numbers, packet, texts
from tandem.isdn.q931.codes import (
    NATIONAL,
    Discriminator,
    ElementCode,
    MessageType,
    message_name,
    message_type,
)
from tandem.isdn.q931.elements import AnyElement, Element, RawElement, Shift, parse_element

__all__ = [
    "CallReference",
    "ElementCode",
    "Message",
    "MessageType",
    "RawElement",
    "Shift",
    "build",
    "decode",
    "encode",
]

#: Modules whose elements are known to `Message.get`.
ELEMENT_MODULES = (bearer, cause, channel, indications, numbers, packet, texts)

_LONGEST_REFERENCE: Final = 15
_CUT: Final = 256

E = TypeVar("E", bound=Element)
#: A class; spelt out because `Message.type` hides the builtin inside the class.
_ClassOf: TypeAlias = type[E]


@dataclass(frozen=True, slots=True)
class CallReference:
    """Call reference, Q.931 4.3: the number of a call at this interface, unique on the side that allocated it."""

    value: int = 0
    """0 with a length other than 0 is the global call reference."""
    flag: bool = False
    """True in messages to the side that allocated the value, False in those from it."""
    length: int = 2
    """Octets: 2 at a primary rate interface, 1 at a basic one, 0 for the dummy call reference."""

    @property
    def is_global(self) -> bool:
        """Whether all calls of the interface are meant."""
        return self.value == 0 and self.length > 0

    @property
    def is_dummy(self) -> bool:
        """Whether there is no call reference at all."""
        return self.length == 0

    def reply(self) -> CallReference:
        """The reference for a message in the other direction."""
        return CallReference(self.value, not self.flag, self.length)

    def encode(self) -> bytes:
        """Length octet, flag and value."""
        if not 0 <= self.length <= _LONGEST_REFERENCE:
            raise EncodeError(f"call reference of {self.length} octets, at most {_LONGEST_REFERENCE} are possible")
        if self.length == 0:
            if self.value or self.flag:
                raise EncodeError("the dummy call reference has neither value nor flag")
            return b"\0"
        bits = 8 * self.length - 1
        if not 0 <= self.value < 1 << bits:
            raise EncodeError(f"call reference {self.value} does not fit {self.length} octets")
        number = self.value | (1 << bits if self.flag else 0)
        return bytes((self.length,)) + number.to_bytes(self.length, "big")

    def __str__(self) -> str:
        if self.is_dummy:
            return "dummy"
        return f"{'global' if self.is_global else self.value}{' (flag 1)' if self.flag else ''}"


@dataclass(frozen=True, slots=True)
class Message:
    """One message, from the protocol discriminator on. Immutable: changes make a new message.

    A message that was decoded encodes to the octets it came from: elements that are not known, malformed or of
    another codeset stand in their places as `RawElement`, and shifts as `Shift`.
    """

    call_reference: CallReference
    type: MessageType | int
    """A plain int when Q.931 does not know it, and in maintenance messages; `NATIONAL` added after the escape."""
    elements: tuple[AnyElement, ...] = ()
    """In the order of the message. Where no `Shift` leads to an element's codeset, `encode` puts in one."""
    discriminator: int = Discriminator.CALL_CONTROL
    """See `Discriminator`."""
    long_user_user: bool = False
    """Whether the user-user element has two length octets, as H.225.0 7.2.2.31 codes it."""
    body: bytes = b""
    """Octets of the message that was segmented, in a SEGMENT (annex H); empty in all others."""

    @property
    def name(self) -> str:
        """Name of the message type in the Recommendation's words."""
        return message_name(self.type, self.discriminator)

    def __contains__(self, element: object) -> bool:
        """Whether an element of codeset 0 is there and well-formed, given its code or its class."""
        wanted = getattr(element, "code", element)
        return any(item.code == wanted and _counts(item) for item in self.elements)

    def get(self, cls: _ClassOf[E]) -> E | None:
        """The first well-formed element of a type, None when there is none; repeated ones count once (5.8.5.2)."""
        for element in self.elements:
            if element.code == cls.code and isinstance(element, cls):
                return element
        return None

    def get_all(self, cls: _ClassOf[E]) -> list[E]:
        """Every well-formed element of a type, in order."""
        return [item for item in self.elements if item.code == cls.code and isinstance(item, cls)]

    def raw(self, code: int, codeset: int = 0) -> bytes | None:
        """Content octets of the first element with `code`, malformed or not; None when it is absent."""
        for element in self.elements:
            if element.code == code and element.codeset == codeset and not isinstance(element, Shift):
                return element.encode()
        return None

    def replace(self, *elements: Element | RawElement) -> Message:
        """A message in which each element takes the place of the first of its code, or its place in the order."""
        items = list(self.elements)
        for new in elements:
            index = next((i for i, old in enumerate(items) if _same(old, new)), None)
            if index is None:
                items.insert(_place(items, new), new)
            else:
                items[index] = new
        return replace(self, elements=tuple(items))

    def without(self, *codes: int, codeset: int = 0) -> Message:
        """A message without the elements of the given codes, and without shifts that were for them alone."""
        items: list[AnyElement] = []
        for element in self.elements:
            if not isinstance(element, Shift) and element.code in codes and element.codeset == codeset:
                if items and isinstance(items[-1], Shift) and not items[-1].locking:
                    items.pop()
            else:
                items.append(element)
        return replace(self, elements=tuple(items))

    def encode(self) -> bytes:
        """Octets from the protocol discriminator on; EncodeError when something does not fit."""
        return encode(self)

    def __str__(self) -> str:
        """One line for the log: name, call reference, and each element in words."""
        words = [f"{element.name}: {element}" for element in self.elements]
        words += [f"body {self.body.hex()}"] if self.body else []
        return " | ".join([f"{self.name} call reference {self.call_reference}", *words])


def build(
    call_reference: CallReference,
    kind: MessageType | int,
    *elements: Element | RawElement | None,
    discriminator: int = Discriminator.CALL_CONTROL,
) -> Message:
    """A new message with its elements in the order of Q.931 4.5.1; None among them is left out.

    Elements of one octet come first, then those of codeset 0 by identifier, then other codesets. Elements of the
    same identifier keep their order.
    """
    present = sorted((element for element in elements if element is not None), key=_rank)
    return Message(call_reference, kind, tuple(present), discriminator)


def decode(octets: bytes, *, long_user_user: bool = False) -> Message:
    """Read a message; `octets` begin with the protocol discriminator.

    DecodeError when there is no header that could be answered to: too short, or a malformed call reference
    (Q.931 5.8.2, 5.8.3.1: such a message is ignored). Whatever is wrong behind it is left to `validation.check`:
    a malformed element is kept as `RawElement` with `error`. Discriminators are not judged.
    """
    size = len(octets)
    if size < 2:
        raise DecodeError(f"message has {size} octets, protocol discriminator and call reference need 2", size)
    if octets[1] & 0xF0:
        raise DecodeError(f"length of the call reference is {octets[1]:#04x}, bits 8 to 5 are not zero", 1)
    offset = 2 + octets[1]
    if size <= offset:
        raise DecodeError(f"message has {size} octets, call reference and message type need {offset + 1}", size)
    kind: MessageType | int = octets[offset]
    offset += 1
    if octets[0] == Discriminator.CALL_CONTROL:
        if kind == 0:
            if size == offset:
                raise DecodeError("message type is missing after the escape", size)
            kind = NATIONAL | octets[offset]
            offset += 1
        else:
            kind = message_type(kind)
    end = size
    if kind is MessageType.SEGMENT and offset + 1 < size and octets[offset] == ElementCode.SEGMENTED_MESSAGE:
        # What follows is a piece of another message, cut anywhere.
        end = min(size, offset + 2 + octets[offset + 1])
    elements = _walk(octets[:end], offset, long_user_user)
    return Message(_reference(octets), kind, tuple(elements), octets[0], long_user_user, octets[end:])


def encode(message: Message) -> bytes:
    """Octets of a message from the protocol discriminator on; EncodeError when something does not fit."""
    kind = int(message.type)
    if not 0 <= kind <= (NATIONAL | 0xFF):
        raise EncodeError(f"message type {kind} does not fit its octet")
    out = bytearray((message.discriminator,))
    out += message.call_reference.encode()
    out += bytes((0, kind & 0xFF)) if kind >= NATIONAL else bytes((kind,))
    active = locked = 0
    for element in message.elements:
        if isinstance(element, Shift):
            active = element.codeset
            locked = active if element.locking else locked
            out += element.to_octets()
            continue
        if element.codeset != active:
            out += Shift(element.codeset).to_octets()
        out += _long(element) if message.long_user_user and _is_user_user(element) else element.to_octets()
        active = locked
    return bytes(out + message.body)


def _reference(octets: bytes) -> CallReference:
    length = octets[1]
    if length == 0:
        return _DUMMY
    number = int.from_bytes(octets[2 : 2 + length], "big")
    top = 1 << 8 * length - 1
    return CallReference(number & top - 1, number >= top, length)


_DUMMY: Final = CallReference(length=0)


def _walk(octets: bytes, offset: int, long_user_user: bool) -> list[AnyElement]:
    """The elements from `offset` on; the last one may be cut short."""
    size = len(octets)
    found: list[AnyElement] = []
    active = locked = 0
    while offset < size:
        identifier = octets[offset]
        if identifier >= 0x80:
            element = parse_element(identifier, None, active)
            offset += 1
        else:
            wide = long_user_user and identifier == ElementCode.USER_USER and active == 0
            start = offset + (3 if wide else 2)
            length = int.from_bytes(octets[offset + 1 : start], "big") if start <= size else _CUT
            end = start + length
            if end > size or start > size:
                found.append(_cut_short(octets[offset:], active, wide))
                break
            element = parse_element(identifier, octets[start:end], active)
            offset = end
        found.append(element)
        if isinstance(element, Shift):
            active = element.codeset
            locked = active if element.locking else locked
        else:
            active = locked
    return found


def _cut_short(octets: bytes, codeset: int, wide: bool) -> RawElement:
    """The last element of a message that ends before its length says."""
    header = 3 if wide else 2
    if len(octets) < header:
        return RawElement(octets[0], octets[1:], codeset, "ends before its length", _CUT)
    declared = int.from_bytes(octets[1:header], "big")
    content = octets[header:]
    error = f"needs {declared} octets, {len(content)} left"
    return RawElement(octets[0], content, codeset, error, declared)


def _is_user_user(element: AnyElement) -> bool:
    return element.code == ElementCode.USER_USER and element.codeset == 0


def _long(element: Element | RawElement) -> bytes:
    """A user-user element with two length octets."""
    content = element.encode()
    declared = element.declared if isinstance(element, RawElement) else None
    if declared == _CUT and isinstance(element, RawElement) and element.error == "ends before its length":
        return bytes((ElementCode.USER_USER,)) + content
    length = len(content) if declared is None else declared
    return bytes((ElementCode.USER_USER,)) + length.to_bytes(2, "big") + content


def _counts(element: AnyElement) -> bool:
    """Whether an element is one of codeset 0 that is not malformed and not empty."""
    if isinstance(element, RawElement):
        return element.error is None and element.octets != b"" and element.codeset == 0
    return not isinstance(element, Shift)


def _same(old: AnyElement, new: Element | RawElement) -> bool:
    return old.code == new.code and old.codeset == new.codeset and not isinstance(old, Shift)


def _rank(element: AnyElement) -> tuple[int, int, int]:
    """Sort key for the order of elements in a message: repeat indicators stand before what they repeat."""
    if element.codeset == 0 and element.code >= 0x80:
        return (0, 0, 0 if element.code == ElementCode.SENDING_COMPLETE else 1)
    return (element.codeset, 1, element.code)


def _place(items: list[AnyElement], new: Element | RawElement) -> int:
    """Where a new element goes: before the first one that ranks after it, never between a shift and its element."""
    for index, item in enumerate(items):
        if isinstance(item, Shift) or _rank(item) > _rank(new):
            return index
    return len(items)
