"""What Q.931 5.8.4 to 5.8.7 say of a message: its type, and elements missing, invalid, unrecognized, out of order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from tandem.core.cause import Cause
from tandem.isdn.q931.cause import CauseElement
from tandem.isdn.q931.codes import Discriminator, ElementCode, element_name, is_single, maintenance_type
from tandem.isdn.q931.elements import AnyElement, RawElement, Shift
from tandem.isdn.q931.indications import RestartClass, RestartIndicator
from tandem.isdn.q931.messages import Message, MessageType
from tandem.isdn.q931.switch_types import SwitchType
from tandem.isdn.q931.tables import ACCESS_INFORMATION, LONGEST, OCCURRENCES, REPEATED, USAGE, Side

Code = tuple[int, int]
"""Codeset and identifier of an element."""

#: What octets of diagnostics a cause element has room for: 32 with four octets before (Q.931 4.5.12).
_DIAGNOSTICS: Final = 27
#: Where a mandatory element is missing, the restart class decides about the channel identification (Q.931 3.4.1).
_CHANNELS_RESTARTED: Final = frozenset({RestartClass.INDICATED_CHANNELS})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of `check`."""

    message: Message
    """The message with what must be ignored left out: invalid, unrecognized and surplus elements."""
    unknown_type: bool = False
    """The message type does not exist or is not sent by that side (5.8.4)."""
    missing: tuple[Code, ...] = ()
    """Mandatory elements that are not there, and unrecognized ones that require comprehension (5.8.6.1, 5.8.7.1)."""
    invalid_mandatory: tuple[Code, ...] = ()
    """Mandatory elements with invalid contents (5.8.6.2)."""
    unrecognized: tuple[Code, ...] = ()
    """Elements that are not known, optional for the sender to have understood (5.8.7.1)."""
    invalid: tuple[Code, ...] = ()
    """Optional elements with invalid contents (5.8.7.2)."""
    discarded: tuple[Code, ...] = ()
    """Access information that is too long (5.8.7.2)."""
    unexpected: tuple[Code, ...] = ()
    """Known elements that the tables do not have for this message and side; they stay and are no error."""
    out_of_order: tuple[Code, ...] = ()
    """Elements behind one with a higher identifier (5.8.5.1); left out only when `check` was told so."""
    surplus: tuple[Code, ...] = ()
    """Repetitions beyond what is permitted; the first ones count (5.8.5.2)."""

    @property
    def fatal(self) -> bool:
        """Whether the message cannot be acted on: unknown type, or a mandatory element missing or invalid."""
        return self.unknown_type or bool(self.missing or self.invalid_mandatory)

    @property
    def cause(self) -> Cause | None:
        """Cause to answer with, the gravest first; None when nothing is to be reported.

        For an unknown type 97, which call control may make 98 (5.8.4).
        """
        if self.unknown_type:
            return Cause.MESSAGE_TYPE_NON_EXISTENT_OR_NOT_IMPLEMENTED
        if self.missing:
            return Cause.MANDATORY_INFORMATION_ELEMENT_IS_MISSING
        if self.invalid_mandatory or self.invalid:
            return Cause.INVALID_INFORMATION_ELEMENT_CONTENTS
        if self.unrecognized:
            return Cause.INFORMATION_ELEMENT_PARAMETER_NON_EXISTENT_OR_NOT_IMPLEMENTED
        return Cause.ACCESS_INFORMATION_DISCARDED if self.discarded else None

    @property
    def diagnostics(self) -> bytes:
        """Diagnostics of the cause: the message type, or identifiers of the elements (Q.850 table 1)."""
        if self.unknown_type:
            return bytes((int(self.message.type) & 0xFF,))
        codes = self.missing or self.invalid_mandatory or self.invalid or self.unrecognized or self.discarded
        return _diagnostics(codes)

    def cause_element(self, location: int) -> CauseElement | None:
        """The cause element to answer with; None when nothing is to be reported."""
        cause = self.cause
        return None if cause is None else CauseElement(cause, location, diagnostics=self.diagnostics)

    def __str__(self) -> str:
        words = ["unknown message type"] if self.unknown_type else []
        for label in ("missing", "invalid_mandatory", "unrecognized", "invalid", "discarded", "surplus"):
            names = [element_name(identifier, codeset) for codeset, identifier in getattr(self, label)]
            if names:
                words.append(f"{label.replace('_', ' ')} {', '.join(names)}")
        return "; ".join(words) or "good"


def check(
    message: Message,
    sender: Side | None,
    *,
    switch_type: SwitchType | None = None,
    also: Collection[ElementCode] = (),
    strict_order: bool = False,
) -> Verdict:
    """Judge a message that `sender` has sent; None where both sides act alike (Q.SIG).

    `also` are elements mandatory at this point of the call: `tables.FIRST_ANSWER`, `tables.FIRST_CLEARING`. With
    `strict_order` an element out of order counts as absent, which 5.8.5.1 permits. Whether the message fits the
    call's state, and the channel or number what is there, is for call control to say.
    """
    walk = _Walk(message, sender, strict_order, switch_type)
    if message.discriminator != Discriminator.CALL_CONTROL:
        unknown = maintenance_type(message.discriminator, int(message.type)) is None
        required = frozenset({ElementCode.CHANGE_STATUS, ElementCode.CHANNEL_IDENTIFICATION})
        return walk.verdict(unknown, required)
    usage = USAGE.get(int(message.type))
    if usage is None or (usage.sender is not None and sender is not None and usage.sender != sender):
        return walk.verdict(True, frozenset())
    required = usage.required(sender) | frozenset(also)
    if switch_type is not None and isinstance(message.type, MessageType):
        required |= switch_type.mandatory.get(message.type, frozenset())
    if message.type in (MessageType.RESTART, MessageType.RESTART_ACKNOWLEDGE):
        indicator = message.get(RestartIndicator)
        if indicator is not None and indicator.restart_class in _CHANNELS_RESTARTED:
            required |= {ElementCode.CHANNEL_IDENTIFICATION}
    return walk.verdict(False, required, usage.allowed(sender) | required)


class _Walk:
    """One pass over the elements of a message that sorts them by what is wrong with them."""

    def __init__(
        self, message: Message, sender: Side | None, strict_order: bool, switch_type: SwitchType | None
    ) -> None:
        self._message = message
        self.kept: list[AnyElement] = []
        self.malformed: list[AnyElement] = []
        self.too_long: list[AnyElement] = []
        self.unknown: list[AnyElement] = []
        self.out_of_order: list[AnyElement] = []
        self.surplus: list[AnyElement] = []
        self._counts: Counter[int] = Counter()
        self._strict = strict_order
        self._repeat = ElementCode.REPEAT_INDICATOR in message
        self._ignores_single = switch_type is not None and switch_type.ignores_single_shifted
        self._walk()

    def _walk(self) -> None:
        highest: dict[int, int] = {}
        shift: Shift | None = None
        for element in self._message.elements:
            if isinstance(element, Shift):
                self._drop_shift(shift)
                self.kept.append(element)
                shift = element
                continue
            single = shift is not None and not shift.locking
            orderly = is_single(element.identifier) or element.identifier >= highest.get(element.codeset, 0)
            if not orderly:
                self.out_of_order.append(element)
            if not is_single(element.identifier) and orderly:
                highest[element.codeset] = element.identifier
            good = self._good(element) and (orderly or not self._strict) and not (single and self._ignores_single)
            if good:
                self.kept.append(element)
            else:
                self._drop_shift(shift)
            shift = None

    def _drop_shift(self, shift: Shift | None) -> None:
        """Take back the non-locking shift that was for an element left out."""
        if shift is not None and not shift.locking:
            self.kept.pop()

    def _good(self, element: AnyElement) -> bool:
        """Whether the element stays; those that do not are put where they belong."""
        if element.codeset != 0:
            return not (isinstance(element, RawElement) and element.error is not None and self._malformed(element))
        if isinstance(element, RawElement):
            if element.error is not None:
                return not self._malformed(element)
            if element.octets == b"":
                return False
            if not _is_known(element):
                self.unknown.append(element)
                return False
        longest = LONGEST.get(element.code)
        if longest is not None and not self._message.long_user_user and len(element.encode()) + 2 > longest:
            self.too_long.append(element)
            return element.code == ElementCode.CALL_IDENTITY
        return self._counted(element)

    def _malformed(self, element: RawElement) -> bool:
        self.malformed.append(element)
        return True

    def _counted(self, element: AnyElement) -> bool:
        self._counts[element.code] += 1
        most = OCCURRENCES.get(element.code, 1)
        if self._repeat:
            most = max(most, REPEATED.get(element.code, 1))
        if self._counts[element.code] > most:
            self.surplus.append(element)
            return False
        return True

    def verdict(
        self,
        unknown_type: bool,
        required: frozenset[ElementCode],
        allowed: frozenset[ElementCode] | None = None,
    ) -> Verdict:
        """The verdict when the elements `required` must be there and those `allowed` may."""
        present = {element.code for element in self.kept if element.codeset == 0 and not isinstance(element, Shift)}
        bad = [*self.malformed, *self.too_long]
        bad_codes = {element.code for element in bad if element.codeset == 0}
        absent = sorted(code for code in required if code not in present)
        comprehension = [element for element in self.unknown if element.code <= 0x0F]
        optional = [element for element in bad if element.codeset or element.code not in required]
        discarded = [element for element in optional if element in self.too_long and element.code in ACCESS_INFORMATION]
        return Verdict(
            replace(self._message, elements=tuple(self.kept)),
            unknown_type,
            tuple([(0, int(code)) for code in absent if code not in bad_codes]) + _codes(comprehension),
            tuple([(0, int(code)) for code in absent if code in bad_codes]),
            _codes([element for element in self.unknown if element not in comprehension]),
            _codes([element for element in optional if element not in discarded]),
            _codes(discarded),
            () if allowed is None else tuple(sorted((0, code) for code in present if code not in allowed)),
            _codes(self.out_of_order),
            _codes(self.surplus),
        )


_KNOWN: Final = frozenset(int(code) for code in ElementCode)


def _is_known(element: RawElement) -> bool:
    return element.code in _KNOWN


def _codes(elements: Collection[AnyElement]) -> tuple[Code, ...]:
    return tuple([(element.codeset, element.identifier) for element in elements])


def _diagnostics(codes: tuple[Code, ...]) -> bytes:
    """Identifiers; those of other codesets behind a locking shift, in ascending order (Q.931 5.8.5)."""
    out = bytearray()
    active = 0
    for codeset, identifier in sorted(set(codes)):
        if codeset != active:
            out += Shift(codeset, locking=True).to_octets()
            active = codeset
        out.append(identifier)
    return bytes(out[:_DIAGNOSTICS])
