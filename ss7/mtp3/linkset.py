"""A linkset: the links to one adjacent signalling point, and the answers to its inhibit messages (Q.704 10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tandem.ss7.mtp3.configuration import LinksetConfiguration
from tandem.ss7.mtp3.link_management import LinkControl
from tandem.ss7.mtp3.messages import ManagementMessage
from tandem.ss7.mtp3.restart import RestartControl
from tandem.ss7.mtp3.timers import Timer, Timers


@dataclass(frozen=True, slots=True)
class SendManagement:
    """Send management message `acronym` about the link with code `slc` to the adjacent point of a linkset."""

    acronym: str
    slc: int
    fields: dict[str, int] = field(default_factory=dict)


class Linkset:
    """The links to one adjacent point, in the order of their codes."""

    def __init__(
        self,
        configuration: LinksetConfiguration,
        links: list[LinkControl],
        restart: RestartControl,
        t23: float,
        table: Timers,
    ) -> None:
        self.name = configuration.name
        self.adjacent = configuration.adjacent_point_code
        self.links = sorted(links, key=lambda link: link.slc)
        self.restart = restart
        self._by_slc = {link.slc: link for link in links}
        self._t23 = t23
        self._timers = table

    def usable(self) -> list[LinkControl]:
        """Links that user traffic may take, by code."""
        return [link for link in self.links if link.usable]

    def link(self, slc: int) -> LinkControl | None:
        """The link with code `slc`."""
        return self._by_slc.get(slc)

    @property
    def in_service(self) -> bool:
        """Whether level 2 of some link is in service."""
        return any(link.in_service for link in self.links)

    def carrier(self, slc: int) -> LinkControl | None:
        """The link to send a message about link `slc` on: that one itself unless it is out of service."""
        own = self._by_slc.get(slc)
        if own is not None and own.in_service:
            return own
        others = [link for link in self.links if link.in_service]
        return next((link for link in others if link.usable), next(iter(others), None))

    def clear_inhibition(self, link: LinkControl) -> None:
        """Forget that the neighbour inhibited `link`."""
        link.remotely_inhibited = False
        self._timers.stop((Timer.T23, link.id))

    def uninhibit_all(self) -> list[SendManagement]:
        """Take back every link that the neighbour inhibited, because no other is usable."""
        inhibited = [link for link in self.links if link.remotely_inhibited]
        for link in inhibited:
            self.clear_inhibition(link)
        return [SendManagement("LFU", link.slc) for link in inhibited if link.in_service]

    def inhibit_test_due(self, link: LinkControl, now: float) -> list[SendManagement]:
        """T23 expired: ask the neighbour whether it still wants `link` inhibited (Q.704 10.3)."""
        if not link.remotely_inhibited:
            return []
        self._timers.start((Timer.T23, link.id), now + self._t23)
        return [SendManagement("LRT", link.slc)]

    def answer(self, message: ManagementMessage, slc: int, now: float) -> list[SendManagement] | None:
        """The answer to a message about link `slc`; None when there is no such link or no such procedure."""
        link, action = self._by_slc.get(slc), ANSWERS.get(message.acronym)
        return None if link is None or action is None else action(self, link, message, now)

    def _inhibit(self, link: LinkControl, message: ManagementMessage, now: float) -> list[SendManagement]:
        """Granted unless the link is the last one that carries traffic (Q.704 10.2)."""
        if link.usable and len(self.usable()) == 1:
            return [SendManagement("LID", link.slc)]
        link.remotely_inhibited = True
        self._timers.start((Timer.T23, link.id), now + self._t23)
        return [SendManagement("LIA", link.slc)]

    def _uninhibit(self, link: LinkControl, message: ManagementMessage, now: float) -> list[SendManagement]:
        self.clear_inhibition(link)
        return [SendManagement("LUA", link.slc)]

    def _force_uninhibit(self, link: LinkControl, message: ManagementMessage, now: float) -> list[SendManagement]:
        """We never inhibit a link ourselves, so a neighbour who thinks so may have it back (Q.704 10.3)."""
        return [SendManagement("LUN", link.slc)]

    def _local_inhibit_test(self, link: LinkControl, message: ManagementMessage, now: float) -> list[SendManagement]:
        return [] if link.remotely_inhibited else [SendManagement("LFU", link.slc)]

    def _no_data_link(self, link: LinkControl, message: ManagementMessage, now: float) -> list[SendManagement]:
        """Data links are fixed here: connection not possible (Q.704 12.6)."""
        return [SendManagement("CNP", link.slc)]

    def _nothing(self, link: LinkControl, message: ManagementMessage, now: float) -> list[SendManagement]:
        """An acknowledgement of something that we never ask for."""
        return []


Answer = Callable[[Linkset, LinkControl, ManagementMessage, float], list[SendManagement]]

#: What a message about a link is answered with.
ANSWERS: Final[dict[str, Answer]] = {
    "LIN": Linkset._inhibit,
    "LUN": Linkset._uninhibit,
    "LFU": Linkset._force_uninhibit,
    "LLT": Linkset._local_inhibit_test,
    "LRT": Linkset._force_uninhibit,
    "LIA": Linkset._nothing,
    "LUA": Linkset._nothing,
    "LID": Linkset._nothing,
    "DLC": Linkset._no_data_link,
}
