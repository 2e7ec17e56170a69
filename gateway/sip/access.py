"""Who has misbehaved and is not listened to for a while."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Final

from tandem.gateway.sip.endpoint import Endpoint

#: Addresses that are remembered at once; beyond that the ones heard of longest ago are forgotten.
_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class BanRules:
    """When an address is banned; times in seconds."""

    offences: int = 10
    """So many within `window` ban an address; 0 bans nobody."""
    window: float = 60.0
    seconds: float = 600.0
    """How long a ban lasts."""


class BanList:
    """Offences by address. Clockless, and bounded however many addresses a flood is sent from."""

    def __init__(self, rules: BanRules) -> None:
        self._rules = rules
        self._offences: OrderedDict[str, list[float]] = OrderedDict()
        self.until: OrderedDict[str, float] = OrderedDict()
        """Until when addresses are banned."""
        self.counts: Counter[str] = Counter()
        """Offences by kind, bans, and messages dropped because of one."""

    def is_banned(self, source: Endpoint, now: float) -> bool:
        """Whether a message from there is to be dropped unread; it is then counted."""
        if not self.until:
            return False
        until = self.until.get(source[0])
        if until is None:
            return False
        if until <= now:
            del self.until[source[0]]
            return False
        self.counts["dropped"] += 1
        return True

    def offence(self, source: Endpoint, kind: str, now: float) -> bool:
        """Note an offence; True when the address is banned by it."""
        self.counts[kind] += 1
        rules, host = self._rules, source[0]
        if not rules.offences:
            return False
        times = [when for when in self._offences.pop(host, ()) if when > now - rules.window]
        times.append(now)
        if len(times) < rules.offences:
            self._offences[host] = times
            if len(self._offences) > _REMEMBERED:
                self._offences.popitem(last=False)
            return False
        self.until[host] = now + rules.seconds
        if len(self.until) > _REMEMBERED:
            self.until.popitem(last=False)
        self.counts["bans"] += 1
        return True

    def __len__(self) -> int:
        return len(self.until)
