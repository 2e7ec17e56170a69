"""Which INVITEs go before others when not all can be served: emergency calls, and what the network itself marks so."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip.message import Request

#: Lowest value of each namespace (RFC 4412 10 and 12, IANA; recalled): it asks for nothing.
_ROUTINE: Final = frozenset(("dsn.routine", "drsn.routine", "q735.4"))
_NAMESPACES: Final = frozenset(("dsn", "drsn", "q735", "ets", "wps", "esnet"))
#: Category in a number, Q.763 3.11 and its national values by name (3GPP TS 29.163 annex C).
_CATEGORY: Final = re.compile(r";\s*cpc\s*=\s*(?:priority|emergency)\b", re.IGNORECASE)


def has_priority(request: Request, trunk: SipTrunk | None, emergency_numbers: Collection[str]) -> bool:
    """Whether a new call goes before others. Who is in no trust domain of ours can but call for help."""
    if emergency_numbers and (request.uri.user or "").partition(";")[0] in emergency_numbers:
        return True
    if trunk is None or not trunk.trusted:
        return False
    for value in request.values("Resource-Priority"):
        value = value.strip().lower()
        if value.partition(".")[0] in _NAMESPACES and value not in _ROUTINE:
            return True
    named = (value for name in ("p-asserted-identity", "from") for value in request.fields.get(name, ()))
    return any(_CATEGORY.search(value) for value in named)
