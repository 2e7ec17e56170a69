"""Reduction of traffic to a congested peer by steps: Q.764 2.10 and 2.11, Q.724 (automatic congestion control)."""

from __future__ import annotations

from typing import Final, Protocol

#: Steps of traffic reduction; at step n, n of STEPS + 1 new calls are refused. The Recommendations leave it open.
STEPS: Final = 4


class Congestible(Protocol):
    """A peer to which traffic may be reduced."""

    congestion: int
    """Steps by which outgoing traffic is reduced."""
    offered: int
    """Outgoing calls offered while congested."""


def refused_by_congestion(peer: Congestible) -> bool:
    """Whether a new outgoing call must give way to the reduction of traffic; counts the call."""
    if not peer.congestion:
        return False
    peer.offered += 1
    return peer.offered * peer.congestion % (STEPS + 1) < peer.congestion
