"""Registrations of ours with providers, as configured, and what the operator hears of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tandem.gateway.configuration.schema import Sip, SipRegistration
from tandem.gateway.log import Level, Line, Shape
from tandem.gateway.sip.agent import SipAgent
from tandem.gateway.sip.primitives import Credentials, RegistrationChanged
from tandem.gateway.sip.registration import RegistrationOptions

if TYPE_CHECKING:
    from tandem.gateway.trunks.sip_port import SipTrunkPort


class SipRegistrations:
    """Every `[[sip.registration]]`."""

    def __init__(
        self, sip: Sip | None, trunks: Mapping[str, SipTrunkPort], agent: SipAgent, log: Callable[[Line], None]
    ) -> None:
        """Registrations begin with `start`."""
        self._tables = sip.registration if sip is not None else []
        self._trunks = trunks
        self._agent = agent
        self._log = log
        self._names: dict[int, str] = {}
        """Address of record by the number that the agent gave."""
        self._trunk_of: dict[int, str] = {}
        self.states: dict[str, str] = {}
        """State by address of record."""
        self._numbers: dict[tuple[str, str], str] = {}
        """Called number by trunk and user part of our contact."""

    def start(self, now: float) -> None:
        """Register everywhere."""
        self._names.clear()
        self._trunk_of.clear()
        for table in self._tables:
            port = self._trunks[table.trunk]
            options = self._options(table, port)
            if table.number:
                self._numbers[table.trunk, options.contact_user] = table.number
            number = self._agent.register(options, port.destinations, now)
            self._names[number], self._trunk_of[number] = options.address_of_record, table.trunk

    def number_of(self, trunk: str, user: str) -> str | None:
        """The called number that a call to our contact `user` means, None where the user part is the number."""
        return self._numbers.get((trunk, user))

    def moved(self, trunk: str, now: float) -> None:
        """The provider of a trunk is reached at other addresses now."""
        for number, name in self._trunk_of.items():
            if name == trunk:
                self._agent.move_registration(number, self._trunks[trunk].destinations, now)

    def by_trunk(self) -> dict[str, str]:
        """State of our registration over each trunk that has one; of several, one that is not `registered` first."""
        states: dict[str, str] = {}
        for number, trunk in self._trunk_of.items():
            state = self.states.get(self._names[number], "trying")
            if states.get(trunk, "registered") == "registered":
                states[trunk] = state
        return states

    def changed(self, output: RegistrationChanged) -> None:
        """Tell the operator."""
        name = self._names.get(output.identifier)
        if name is None:
            # The agent answers before `start` has noted the number only when nothing could be sent.
            return
        self.states[name] = output.state
        shape: Shape = "!" if output.state == "failed" else "="
        level: Level = "warning" if output.state == "failed" else "info"
        self._log(Line(level, shape, f"registration {name}", f"{output.state} {output.detail}".strip()))

    def _options(self, table: SipRegistration, port: SipTrunkPort) -> RegistrationOptions:
        trunk = port.configuration
        user, password = (table.user, table.password) if table.user else (trunk.user, trunk.password)
        host = f"[{port.peer[0]}]" if ":" in port.peer[0] else port.peer[0]
        domain = trunk.domain or host
        record = table.address_of_record or f"{user}@{domain}"
        return RegistrationOptions(
            address_of_record=f"sip:{record}",
            registrar=f"sip:{record.rpartition('@')[2]}",
            contact_user=table.contact_user or record.rpartition("@")[0],
            credentials=Credentials(user, password) if user and password else None,
            expires=table.expires,
            account=port.account,
        )
