"""Numbers of a PRI: prefixes, types and plans, and which calling numbers a peer may show (Q.931 4.5, Q.951)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from msgspec import structs

from tandem.gateway.calls.model import Nature, Number, Plan, Presentation, Screening, Setup
from tandem.gateway.configuration.schema import PriTrunk
from tandem.gateway.trunks.rules import STANDARD, Rules
from tandem.isdn.q931.numbers import (
    CalledPartyNumber,
    NumberingPlan,
    OriginalCalledNumber,
    PartyNumber,
    PresentedNumber,
    RedirectingNumber,
    RedirectionReason,
    TypeOfNumber,
)
from tandem.isdn.q931.switch_types import SwitchType

PLANS: Final = {
    NumberingPlan.UNKNOWN: Plan.UNKNOWN,
    NumberingPlan.E164: Plan.E164,
    NumberingPlan.X121: Plan.X121,
    NumberingPlan.TELEX: Plan.F69,
    NumberingPlan.PRIVATE: Plan.PRIVATE,
}
_NUMBERING_PLANS: Final = {plan: code for code, plan in PLANS.items()}
#: Reason for redirection to redirecting reason of Q.763 3.45 (Q.699, recalled); 4 is deflection.
REASONS: Final = {
    RedirectionReason.UNKNOWN: 0,
    RedirectionReason.BUSY: 1,
    RedirectionReason.NO_REPLY: 2,
    RedirectionReason.UNCONDITIONAL: 3,
    RedirectionReason.DEFLECTION: 4,
    RedirectionReason.OUT_OF_ORDER: 6,
}
_Q931_REASONS: Final = {reason: code for code, reason in REASONS.items()} | {5: RedirectionReason.DEFLECTION}
_TYPE_NAMES: Final = {kind.name.replace("_", " ").lower(): kind for kind in TypeOfNumber}
_PLAN_NAMES: Final = {plan.name.lower(): plan for plan in NumberingPlan}

N = TypeVar("N", bound=PresentedNumber)


@dataclass(frozen=True, slots=True)
class NumberRules:
    """How a trunk reads and writes numbers."""

    switch: SwitchType
    network: bool
    """We are the network side: the peer is a user that is not believed without proof."""
    country_code: str = ""
    unknown_type: TypeOfNumber | None = None
    plan: NumberingPlan | None = None
    international_prefix: str = ""
    national_prefix: str = ""
    numbers: tuple[str, ...] = ()
    default: Number | None = None
    replace_unscreened: bool = False
    rules: Rules = STANDARD

    @classmethod
    def of(cls, trunk: PriTrunk, switch: SwitchType, country_code: str, rules: Rules = STANDARD) -> NumberRules:
        """Those of a `[[trunk]]`."""
        return cls(
            switch,
            trunk.side == "network",
            country_code,
            _TYPE_NAMES.get(trunk.unknown_type),
            _PLAN_NAMES.get(trunk.plan),
            trunk.international_prefix,
            trunk.national_prefix,
            tuple(trunk.numbers),
            _written(trunk.default_number) if trunk.default_number else None,
            trunk.replace_unscreened,
            rules,
        )

    # --- from the line

    def number(self, element: PartyNumber, digits: str | None = None) -> Number:
        """A number that came; `digits` in the place of its own."""
        text = element.digits if digits is None else digits
        nature = self.rules.pri_nature.get(element.type_of_number, Nature.UNKNOWN)  # type: ignore[call-overload]
        if nature is Nature.UNKNOWN:
            for prefix, meaning in (
                (self.international_prefix, Nature.INTERNATIONAL),
                (self.national_prefix, Nature.NATIONAL),
            ):
                if prefix and text.startswith(prefix):
                    text, nature = text[len(prefix) :], meaning
                    break
        return Number(
            _signals(text),
            nature,
            PLANS.get(element.plan, Plan.UNKNOWN),  # type: ignore[call-overload]
            Presentation(min(getattr(element, "presentation", 0), 2)),
            Screening(getattr(element, "screening", Screening.NETWORK)),
        )

    def calling(self, element: PresentedNumber | None) -> Number | None:
        """Who calls, screened: a number that the peer may show is verified, another marked or replaced (Q.951.3)."""
        number = None if element is None or not element.digits else self.number(element)
        if number is None:
            return self.default
        if not self.network and not self.numbers:
            return number
        if self._listed(number):
            return structs.replace(number, screening=Screening.USER_VERIFIED_PASSED)
        if self.replace_unscreened and self.default is not None:
            return structs.replace(self.default, presentation=number.presentation)
        return structs.replace(number, screening=Screening.USER_NOT_VERIFIED)

    def _listed(self, number: Number) -> bool:
        full = str(number)
        forms = {number.digits, full}
        if number.nature is Nature.NATIONAL and self.country_code:
            forms.add(f"+{self.country_code}{number.digits}")
        for rule in self.numbers:
            if rule.endswith("*"):
                if any(form.startswith(rule[:-1]) for form in forms):
                    return True
            elif rule in forms:
                return True
        return False

    # --- to the line

    def called(self, number: Number) -> CalledPartyNumber:
        """The called party number."""
        own = number.within(self.country_code)
        if own.nature in self.rules.nature_pri:
            kind, plan = self.rules.nature_pri[own.nature], _NUMBERING_PLANS.get(own.plan, NumberingPlan.E164)
        elif self.unknown_type is not None:
            kind, plan = self.unknown_type, _NUMBERING_PLANS.get(own.plan, NumberingPlan.E164)
        else:
            kind, plan = TypeOfNumber(self.switch.called_type), NumberingPlan(self.switch.called_plan)
        return CalledPartyNumber(_characters(own.digits), kind, plan if self.plan is None else self.plan)

    def withholds(self, number: Number | None) -> bool:
        """Whether a user must not learn this number, nor who it is (Q.951.4)."""
        hidden = number is not None and number.presentation is not Presentation.ALLOWED
        return hidden and self.network and not self.switch.symmetrical

    def presented(self, cls: type[N], number: Number) -> N | None:
        """A number with presentation and screening; None when it must not be sent.

        To a user a number whose presentation is restricted goes without its digits (Q.951.4); a switch that shows
        every number gets none.
        """
        own = number.within(self.country_code)
        allowed = own.presentation is Presentation.ALLOWED
        if not allowed and self.switch.calling_always_allowed:
            return None
        withheld = self.withholds(own)
        screening: int = own.screening
        if allowed and self.switch.calling_screening is not None:
            screening = self.switch.calling_screening
        if withheld:
            return cls("", presentation=own.presentation, screening=screening)
        kind = self.rules.nature_pri.get(own.nature, TypeOfNumber.UNKNOWN)
        if own.nature not in self.rules.nature_pri and self.unknown_type is not None:
            kind = self.unknown_type
        plan = _NUMBERING_PLANS.get(own.plan, NumberingPlan.UNKNOWN) if self.plan is None else self.plan
        return cls(_characters(own.digits), kind, plan, own.presentation, screening)

    def redirection(self, setup: Setup) -> list[RedirectingNumber]:
        """Redirecting number and original called number, as far as they are known."""
        found: list[RedirectingNumber] = []
        for cls, number in ((RedirectingNumber, setup.redirecting), (OriginalCalledNumber, setup.original_called)):
            element = None if number is None else self.presented(cls, number)
            if element is not None:
                reason = _Q931_REASONS.get(setup.redirection_reason or 0, RedirectionReason.UNKNOWN)
                found.append(replace(element, reason=reason))
        return found


def _written(text: str) -> Number:
    """A number as configured: `+` in front means international; the gateway vouches for it."""
    nature = Nature.INTERNATIONAL if text.startswith("+") else Nature.UNKNOWN
    return Number(text.lstrip("+"), nature)


def _signals(characters: str) -> str:
    """IA5 characters as address signals."""
    return "".join(character for character in characters.replace("*", "B").replace("#", "C") if character in _SIGNALS)


def _characters(signals: str) -> str:
    """Address signals as IA5 characters."""
    return signals.replace("B", "*").replace("C", "#")


_SIGNALS: Final = frozenset("0123456789BC")
