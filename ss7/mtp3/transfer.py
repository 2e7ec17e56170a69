"""The transfer function of a signalling transfer point: which messages for others are let through (Q.704 2.3, Q.705).

Screening looks at where a message comes from and goes to: the first rule that fits decides.
"""

from __future__ import annotations

from tandem.ss7.mtp3.configuration import ScreeningRule, TransferConfiguration


class Screening:
    """Decides by rule; the answer for each combination is remembered."""

    def __init__(self, configuration: TransferConfiguration) -> None:
        self._rules = configuration.rules
        self._otherwise = configuration.otherwise
        self._known: dict[tuple[str, int, int, int], bool] = {}

    def permits(self, linkset: str, service: int, opc: int, dpc: int) -> bool:
        """Whether a message that came over `linkset` may be transferred."""
        key = (linkset, service, opc, dpc)
        answer = self._known.get(key)
        if answer is None:
            if len(self._known) >= 4096:  # forged codes must not fill the memory
                self._known.clear()
            answer = self._known[key] = self._decide(key)
        return answer

    def _decide(self, key: tuple[str, int, int, int]) -> bool:
        return next((rule.allow for rule in self._rules if _fits(rule, *key)), self._otherwise)


def _fits(rule: ScreeningRule, linkset: str, service: int, opc: int, dpc: int) -> bool:
    return (
        (rule.linkset is None or rule.linkset == linkset)
        and (rule.services is None or service in rule.services)
        and (rule.opc is None or rule.opc == opc)
        and (rule.dpc is None or rule.dpc == dpc)
    )
