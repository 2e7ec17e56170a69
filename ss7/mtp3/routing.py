"""Message routing, HMRT of Q.704 2.3: the link that carries a message, from its destination and SLS.

An SLS keeps its link as long as that link is usable, whatever happens to others: only the traffic of a failed link
moves (Q.704 4.4), so messages of other SLS stay in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from tandem.ss7.mtp3.label import LAYOUTS, Variant
from tandem.ss7.mtp3.linkset import Linkset
from tandem.ss7.mtp3.routes import RouteTable

Choice = TypeVar("Choice")


class Router:
    """Answers come from a table per destination, built on first use and dropped by `invalidate`."""

    def __init__(self, routes: RouteTable, linksets: dict[str, Linkset], variant: Variant) -> None:
        self._routes = routes
        self._linksets = linksets
        self._mask = LAYOUTS[variant].sls_mask
        self._tables: dict[int, list[int | None]] = {}

    def invalidate(self) -> None:
        """A link, linkset or route changed."""
        self._tables.clear()

    def link(self, dpc: int, sls: int) -> int | None:
        """Number of the link for `dpc` and `sls`, None when `dpc` cannot be reached."""
        table = self._tables.get(dpc)
        if table is None:
            table = self._tables[dpc] = [self._choose(dpc, slot) for slot in range(self._mask + 1)]
        return table[sls & self._mask]

    def _choose(self, dpc: int, sls: int) -> int | None:
        for group in self._routes.candidates(dpc):
            linksets = self._routes.siblings(dpc, group[0])
            name = share(linksets, lambda name, group=group: name in group, sls)  # type: ignore[misc]
            if name is not None:
                links = self._linksets[name].links
                # The bits that chose the linkset are the same for all of its traffic: leave them out.
                link = share(links, lambda link: link.usable, sls // len(linksets))
                if link is not None:
                    return link.id
        return None


def share(choices: Sequence[Choice], usable: Callable[[Choice], bool], selector: int) -> Choice | None:
    """The one of `choices` for `selector`: always the same while it is usable, otherwise spread over the rest."""
    if not choices:
        return None
    first = choices[selector % len(choices)]
    if usable(first):
        return first
    rest = [choice for choice in choices if usable(choice)]
    return rest[(selector // len(choices) + selector) % len(rest)] if rest else None
