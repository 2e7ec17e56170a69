"""Signalling link activity control, LSAC of Q.704 12 and figure 37: activation, restoration and deactivation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import auto
from typing import Final

from tandem.core.enumeration import Symbol
from tandem.ss7.mtp3.configuration import LinkConfiguration, LinksetConfiguration, Proving, Timers
from tandem.ss7.mtp3.primitives import LinkFailed, LinkRestored, StartLink, StopLink
from tandem.ss7.mtp3.testing import LinkTest, SltInput, SltOutput
from tandem.ss7.mtp3.timers import Timer
from tandem.ss7.mtp3.timers import Timers as TimerTable


class LinkState(Symbol):
    """States of a link as level 3 sees it."""

    INACTIVE = auto()
    """Not wanted by the operator."""
    ALIGNING = auto()
    """Level 2 was told to start."""
    TESTING = auto()
    """Level 2 is in service; the link test has not passed yet."""
    AVAILABLE = auto()
    """In service and tested."""
    WAITING = auto()
    """Alignment or test failed; T17 runs before the next try."""


class LinkInput(Symbol):
    """What happens to a link."""

    ACTIVATE = auto()
    DEACTIVATE = auto()
    IN_SERVICE = auto()
    """Level 2 reports in service."""
    OUT_OF_SERVICE = auto()
    """Level 2 reports out of service."""
    TEST_PASSED = auto()
    TEST_FAILED = auto()
    CHANGEOVER_ORDERED = auto()
    """The neighbour diverts its traffic from the link, which it holds for failed."""
    T17_EXPIRY = auto()


@dataclass(frozen=True, slots=True)
class SendTest:
    """Transmit SLTM on `link`."""

    link: int


@dataclass(frozen=True, slots=True)
class DivertTraffic:
    """`link` carried traffic and failed; the neighbour may not know it."""

    link: int


@dataclass(frozen=True, slots=True)
class LeftService:
    """`link` was in service and never carried traffic of ours; the neighbour may have sent some all the same."""

    link: int


LinkOutput = StartLink | StopLink | SendTest | DivertTraffic | LeftService | LinkRestored | LinkFailed


class LinkControl:
    """One signalling link of `linkset`. Outputs collect until `outputs` is called."""

    def __init__(
        self,
        configuration: LinkConfiguration,
        linkset: LinksetConfiguration,
        timers: Timers,
        table: TimerTable,
        alone: Callable[[LinkControl], bool],
    ) -> None:
        """`alone` tells whether no other link of the linkset carries traffic (emergency alignment)."""
        self.id = configuration.id
        self.slc = configuration.slc
        self.extended_sequence = configuration.extended_sequence
        self.linkset = linkset
        self.state = LinkState.INACTIVE
        self.test = LinkTest(configuration.id, timers.test_t1, timers.test_t2, table)
        self.inhibited = False
        """User traffic is to keep off it (Q.704 10)."""
        self.remote_outage = False
        """The neighbour's processor outage (SIPO)."""
        self.peer_tested = False
        """A test of the neighbour was answered since level 2 is in service."""
        self.delivers = False
        """Level 2 may still have messages of the neighbour from when the link was in service."""
        self._timers = timers
        self._table = table
        self._alone = alone
        self._reason = ""
        self._failure_told = False
        self._outputs: list[LinkOutput] = []

    @property
    def usable(self) -> bool:
        """Whether user traffic may go over the link now."""
        return self.state is LinkState.AVAILABLE and not self.inhibited and not self.remote_outage

    @property
    def in_service(self) -> bool:
        """Whether level 2 is in service."""
        return self.state in (LinkState.TESTING, LinkState.AVAILABLE)

    def handle(self, event: LinkInput, now: float, reason: str = "") -> None:
        """Act on `event`; one without meaning in the state does nothing. `reason` is for the operator."""
        if action := TRANSITIONS.get((self.state, event)):
            self._reason = reason
            self.state = action(self, now)

    def handle_test(self, event: SltInput, now: float) -> None:
        """Hand `event` to the link test and act on its outcome."""
        for output in self.test.handle(event, now):
            match output:
                case SltOutput.SEND:
                    self._outputs.append(SendTest(self.id))
                case SltOutput.PASSED:
                    self.handle(LinkInput.TEST_PASSED, now)
                case SltOutput.FAILED:
                    self.handle(LinkInput.TEST_FAILED, now, "link test failed twice (Q.707 2.2)")

    def outputs(self) -> list[LinkOutput]:
        """What has been produced since the last call."""
        done, self._outputs = self._outputs, []
        return done

    def _align(self, now: float) -> LinkState:
        proving = self.linkset.proving
        emergency = proving is Proving.EMERGENCY or (proving is Proving.AUTOMATIC and self._alone(self))
        self._outputs.append(StartLink(self.id, emergency))
        return LinkState.ALIGNING

    def _begin_test(self, now: float) -> LinkState:
        # The state must be TESTING before the test speaks, because its outcome is handled at once.
        self.state = LinkState.TESTING
        self.peer_tested = not self.linkset.link_test
        self.remote_outage = False
        if not self.linkset.link_test:
            return self._restored(now)
        self.handle_test(SltInput.START, now)
        return self.state

    def _restored(self, now: float) -> LinkState:
        self._failure_told = False
        self._outputs.append(LinkRestored(self.id))
        return LinkState.AVAILABLE

    def _failed(self, now: float) -> None:
        """Tell the operator, once until the link is restored."""
        self.test.handle(SltInput.STOP, now)
        if not self._failure_told:
            self._failure_told = True
            self._outputs.append(LinkFailed(self.id, self._reason))

    def _fail_test(self, now: float) -> LinkState:
        self._outputs.append(DivertTraffic(self.id))
        return self._stop_and_wait(now)

    def _restore(self, now: float) -> LinkState:
        """Restoration of a failed link begins at once, Q.704 12.2.3."""
        self._failed(now)
        self._outputs.append(DivertTraffic(self.id))
        if self._timers.t32:
            # T1.111.4, oscillation procedure A (recalled): one immediate restoration within T32.
            steady = self._table.deadline((Timer.T32, self.id))
            if steady is not None:
                self._table.start((Timer.T17, self.id), steady)
                return LinkState.WAITING
            self._table.start((Timer.T32, self.id), now + self._timers.t32)
        return self._align(now)

    def _wait(self, now: float) -> LinkState:
        if self.state is LinkState.TESTING:
            self._outputs.append(LeftService(self.id))
        self._failed(now)
        self._table.start((Timer.T17, self.id), now + self._timers.t17)
        return LinkState.WAITING

    def _stop_and_wait(self, now: float) -> LinkState:
        self._outputs.append(StopLink(self.id))
        return self._wait(now)

    def _deactivate(self, now: float) -> LinkState:
        self.test.handle(SltInput.STOP, now)
        self._table.stop((Timer.T17, self.id))
        self._failure_told = False
        self._outputs.append(StopLink(self.id))
        if self.state is LinkState.AVAILABLE:
            self._outputs += [LinkFailed(self.id, "deactivated"), DivertTraffic(self.id)]
        return LinkState.INACTIVE


#: Q.704 (07/96) figure 37, reduced to the basic link management procedures of 12.2.
TRANSITIONS: Final[dict[tuple[LinkState, LinkInput], Callable[[LinkControl, float], LinkState]]] = {
    (LinkState.INACTIVE, LinkInput.ACTIVATE): LinkControl._align,
    (LinkState.ALIGNING, LinkInput.IN_SERVICE): LinkControl._begin_test,
    (LinkState.ALIGNING, LinkInput.OUT_OF_SERVICE): LinkControl._wait,
    (LinkState.ALIGNING, LinkInput.DEACTIVATE): LinkControl._deactivate,
    (LinkState.TESTING, LinkInput.TEST_PASSED): LinkControl._restored,
    (LinkState.TESTING, LinkInput.TEST_FAILED): LinkControl._stop_and_wait,
    (LinkState.TESTING, LinkInput.OUT_OF_SERVICE): LinkControl._wait,
    (LinkState.TESTING, LinkInput.CHANGEOVER_ORDERED): LinkControl._stop_and_wait,
    (LinkState.TESTING, LinkInput.DEACTIVATE): LinkControl._deactivate,
    (LinkState.AVAILABLE, LinkInput.TEST_FAILED): LinkControl._fail_test,
    (LinkState.AVAILABLE, LinkInput.OUT_OF_SERVICE): LinkControl._restore,
    (LinkState.AVAILABLE, LinkInput.CHANGEOVER_ORDERED): LinkControl._stop_and_wait,
    (LinkState.AVAILABLE, LinkInput.DEACTIVATE): LinkControl._deactivate,
    (LinkState.WAITING, LinkInput.T17_EXPIRY): LinkControl._align,
    (LinkState.WAITING, LinkInput.DEACTIVATE): LinkControl._deactivate,
}
