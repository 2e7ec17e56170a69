"""What M2UA needs to know of an application server: its signalling links by interface identifier."""

from __future__ import annotations

from dataclasses import dataclass

from tandem.core.sigtran.interfaces import InterfaceServer


@dataclass(frozen=True, kw_only=True)
class M2uaServer(InterfaceServer):
    """One application server: the links whose level 3 it is."""

    establish: float = 60.0
    """As ASP: seconds for the gateway to establish a link, alignment included."""
    length_indicator: bool = False
    """Whether messages go with their length indicator, as in Japan (Protocol Data 2, TTC); either is understood."""
    waiting_messages: int = 4096
    """As ASP: messages kept for a link that is not in service; more are discarded. Not a key of the configuration file:
    it only bounds memory."""
