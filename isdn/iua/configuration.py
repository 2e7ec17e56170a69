"""What IUA needs to know of an application server: its D-channels by interface identifier."""

from __future__ import annotations

from dataclasses import dataclass

from tandem.core.sigtran.interfaces import InterfaceServer


@dataclass(frozen=True, kw_only=True)
class IuaServer(InterfaceServer):
    """One application server: the D-channels whose layer 3 it is."""

    establish: float = 5.0
    """As ASP: seconds without an answer before a data link is asked for again; above T200 (N200 + 1) of the gateway."""
