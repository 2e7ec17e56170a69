"""Party numbers: called, calling, connected, redirecting, redirection, original called; Q.931 4.5.8, 4.5.10, Q.951."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Self

from tandem.core.bits import meaning_of
from tandem.isdn.q931.codes import ElementCode
from tandem.isdn.q931.elements import Element, Fields, fit, group, ia5


class TypeOfNumber(IntEnum):
    """Type of number, Q.931 4.5.10."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER = 4
    ABBREVIATED = 6


class NumberingPlan(IntEnum):
    """Numbering plan identification, Q.931 4.5.10."""

    UNKNOWN = 0
    E164 = 1
    X121 = 3
    TELEX = 4
    NATIONAL = 8
    PRIVATE = 9


class Presentation(IntEnum):
    """Presentation indicator, Q.931 4.5.10."""

    ALLOWED = 0
    RESTRICTED = 1
    NOT_AVAILABLE = 2


class Screening(IntEnum):
    """Screening indicator, Q.931 4.5.10."""

    USER_PROVIDED_NOT_SCREENED = 0
    USER_PROVIDED_VERIFIED_AND_PASSED = 1
    USER_PROVIDED_VERIFIED_AND_FAILED = 2
    NETWORK_PROVIDED = 3


class RedirectionReason(IntEnum):
    """Reason for redirection, octet 3b of the redirecting number."""

    UNKNOWN = 0
    BUSY = 1
    NO_REPLY = 2
    DEFLECTION = 4
    OUT_OF_ORDER = 9
    FORWARDED_BY_CALLED = 10
    UNCONDITIONAL = 15


@dataclass(frozen=True, slots=True)
class PartyNumber(Element):
    """What all numbers share: digits, type and plan."""

    digits: str
    """Characters of IA5, as received: usually 0 to 9, * and #."""
    type_of_number: int = TypeOfNumber.UNKNOWN
    """See `TypeOfNumber`."""
    plan: int = NumberingPlan.E164
    """See `NumberingPlan`."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read type, plan and digits."""
        fields = Fields(cls.code, octets)
        first = fields.octet()
        return cls(fields.characters(), first >> 4 & 7, first & 0x0F)

    def _first(self) -> int:
        return fit(self.type_of_number, 3, "type of number") << 4 | fit(self.plan, 4, "numbering plan")

    def _encode(self) -> bytes:
        """Content octets."""
        return group(self._first()) + ia5(self.digits, "number")

    def _words(self) -> list[str]:
        kind = meaning_of(TypeOfNumber, self.type_of_number)
        return [self.digits or "no digits", f"{kind} number", f"plan {meaning_of(NumberingPlan, self.plan)}"]

    def __str__(self) -> str:
        return ", ".join(self._words())


@dataclass(frozen=True, slots=True)
class CalledPartyNumber(PartyNumber):
    """Called party number, Q.931 4.5.8."""

    code: ClassVar[ElementCode] = ElementCode.CALLED_PARTY_NUMBER


@dataclass(frozen=True, slots=True)
class PresentedNumber(PartyNumber):
    """A number with presentation and screening (octet 3a)."""

    presentation: int = Presentation.ALLOWED
    """See `Presentation`; allowed when octet 3a is absent."""
    screening: int = Screening.USER_PROVIDED_NOT_SCREENED
    """See `Screening`; not screened when octet 3a is absent."""
    indicated: bool = True
    """Whether octet 3a is there."""

    @classmethod
    def _parse(cls, octets: bytes) -> Self:
        """Read type, plan, presentation, screening and digits."""
        fields = Fields(cls.code, octets)
        first, *more = fields.group(cls._group_limit())
        values = cls._indications(more)
        return cls(fields.characters(), first >> 4 & 7, first & 0x0F, **values)

    @classmethod
    def _group_limit(cls) -> int:
        return 2

    @classmethod
    def _indications(cls, more: list[int]) -> dict[str, Any]:
        if not more:
            return {"indicated": False}
        return {"presentation": more[0] >> 5 & 3, "screening": more[0] & 3}

    def _encode(self) -> bytes:
        """Content octets."""
        return group(self._first(), *self._more()) + ia5(self.digits, "number")

    def _more(self) -> list[int]:
        if not self.indicated:
            return []
        return [fit(self.presentation, 2, "presentation") << 5 | fit(self.screening, 2, "screening")]

    def _words(self) -> list[str]:
        words = super(PresentedNumber, self)._words()
        if self.indicated:
            words.append(f"presentation {meaning_of(Presentation, self.presentation)}")
            words.append(meaning_of(Screening, self.screening))
        return words


@dataclass(frozen=True, slots=True)
class CallingPartyNumber(PresentedNumber):
    """Calling party number, Q.931 4.5.10."""

    code: ClassVar[ElementCode] = ElementCode.CALLING_PARTY_NUMBER


@dataclass(frozen=True, slots=True)
class ConnectedNumber(PresentedNumber):
    """Connected number, Q.951.5."""

    code: ClassVar[ElementCode] = ElementCode.CONNECTED_NUMBER


@dataclass(frozen=True, slots=True)
class RedirectionNumber(PresentedNumber):
    """Redirection number: where the call is sent to, Q.952."""

    code: ClassVar[ElementCode] = ElementCode.REDIRECTION_NUMBER


@dataclass(frozen=True, slots=True)
class RedirectingNumber(PresentedNumber):
    """Redirecting number: who sent the call on, and why; Q.952."""

    code: ClassVar[ElementCode] = ElementCode.REDIRECTING_NUMBER

    reason: int | None = None
    """See `RedirectionReason`; None when octet 3b is absent."""

    @classmethod
    def _group_limit(cls) -> int:
        return 3

    @classmethod
    def _indications(cls, more: list[int]) -> dict[str, Any]:
        reason = {"reason": more[1] & 0x0F} if len(more) > 1 else {}
        return {**super(RedirectingNumber, cls)._indications(more), **reason}

    def _more(self) -> list[int]:
        more = super(RedirectingNumber, self)._more()
        if self.reason is not None:
            # Octet 3b cannot stand without 3a.
            more = more or [0]
            more.append(fit(self.reason, 4, "reason for redirection"))
        return more

    def _words(self) -> list[str]:
        words = super(RedirectingNumber, self)._words()
        if self.reason is not None:
            words.append(f"reason {meaning_of(RedirectionReason, self.reason)}")
        return words


@dataclass(frozen=True, slots=True)
class OriginalCalledNumber(RedirectingNumber):
    """Original called number, coded as the redirecting number; North American and Q.SIG lines."""

    code: ClassVar[ElementCode] = ElementCode.ORIGINAL_CALLED_NUMBER
