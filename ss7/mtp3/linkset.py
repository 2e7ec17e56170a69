"""A linkset: the links to one adjacent signalling point."""

from __future__ import annotations

from dataclasses import dataclass, field

from tandem.ss7.mtp3.configuration import LinksetConfiguration
from tandem.ss7.mtp3.link_management import LinkControl
from tandem.ss7.mtp3.restart import RestartControl


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
    ) -> None:
        self.configuration = configuration
        self.name = configuration.name
        self.adjacent = configuration.adjacent_point_code
        self.links = sorted(links, key=lambda link: link.slc)
        self.restart = restart
        self._by_slc = {link.slc: link for link in links}

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
