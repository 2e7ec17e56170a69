"""One link as level 3 controls it."""

import pytest

from tandem.core.timers import TimerTable
from tandem.ss7.mtp3.configuration import LinkConfiguration, LinksetConfiguration, Proving, Timers
from tandem.ss7.mtp3.link_management import (
    TRANSITIONS,
    DivertTraffic,
    LeftService,
    LinkControl,
    LinkInput,
    LinkState,
    SendTest,
)
from tandem.ss7.mtp3.primitives import LinkFailed, LinkRestored, StartLink, StopLink
from tandem.ss7.mtp3.testing import SltInput
from tandem.ss7.mtp3.timers import Timer, TimerKey


def control(proving=Proving.AUTOMATIC, alone=True) -> LinkControl:
    link = LinkConfiguration(1, 0)
    table: TimerTable[TimerKey] = TimerTable()
    return LinkControl(link, LinksetConfiguration("a", 2, [link], proving), Timers(), table, lambda link: alone)


def available() -> LinkControl:
    link = control()
    link.handle(LinkInput.ACTIVATE, 0.0)
    link.handle(LinkInput.IN_SERVICE, 1.0)
    link.handle_test(SltInput.ACKNOWLEDGED, 2.0)
    assert link.usable
    link.outputs()
    return link


def test_activation():
    link = control()
    link.handle(LinkInput.ACTIVATE, 0.0)
    assert link.outputs() == [StartLink(1, emergency=True)]
    link.handle(LinkInput.IN_SERVICE, 1.0)
    assert link.outputs() == [SendTest(1)]
    assert not link.usable
    link.handle_test(SltInput.ACKNOWLEDGED, 2.0)
    assert link.outputs() == [LinkRestored(1)]
    assert link.usable


@pytest.mark.parametrize(
    ("proving", "alone", "emergency"),
    [
        (Proving.AUTOMATIC, True, True),
        (Proving.AUTOMATIC, False, False),
        (Proving.NORMAL, True, False),
        (Proving.EMERGENCY, False, True),
    ],
)
def test_proving_period(proving, alone, emergency):
    link = control(proving, alone)
    link.handle(LinkInput.ACTIVATE, 0.0)
    assert link.outputs() == [StartLink(1, emergency)]


def test_failed_alignment_is_repeated_after_t17_and_told_once():
    link = control()
    link.handle(LinkInput.ACTIVATE, 0.0)
    link.outputs()
    link.handle(LinkInput.OUT_OF_SERVICE, 10.0, "T2 expired")
    assert link.outputs() == [LinkFailed(1, "T2 expired")]
    assert link._table.deadline((Timer.T17, 1)) == 10.0 + Timers().t17
    for _ in range(3):
        link.handle(LinkInput.T17_EXPIRY, 11.2)
        assert link.outputs() == [StartLink(1, emergency=True)]
        link.handle(LinkInput.OUT_OF_SERVICE, 20.0, "T2 expired")
        assert link.outputs() == []


def test_failure_in_service_starts_restoration_at_once():
    link = available()
    link.handle(LinkInput.OUT_OF_SERVICE, 5.0, "SUERM")
    assert link.outputs() == [LinkFailed(1, "SUERM"), DivertTraffic(1), StartLink(1, emergency=True)]


def test_link_that_fails_its_first_test():
    link = control()
    link.handle(LinkInput.ACTIVATE, 0.0)
    link.handle(LinkInput.IN_SERVICE, 1.0)
    link.outputs()
    link.handle_test(SltInput.T1_EXPIRY, 7.0)
    link.handle_test(SltInput.T1_EXPIRY, 13.0)
    assert link.outputs() == [
        SendTest(1),
        StopLink(1),
        LeftService(1),
        LinkFailed(1, "link test failed twice (Q.707 2.2)"),
    ]
    assert link.state is LinkState.WAITING


def test_link_that_fails_a_later_test_diverts_its_traffic():
    link = available()
    link.handle_test(SltInput.T2_EXPIRY, 62.0)
    link.handle_test(SltInput.T1_EXPIRY, 68.0)
    link.handle_test(SltInput.T1_EXPIRY, 74.0)
    assert DivertTraffic(1) in link.outputs()
    assert link.state is LinkState.WAITING


def test_changeover_order_takes_the_link_out_without_telling_the_neighbour():
    link = available()
    link.handle(LinkInput.CHANGEOVER_ORDERED, 5.0, "COO")
    assert link.outputs() == [StopLink(1), LinkFailed(1, "COO")]
    assert link.state is LinkState.WAITING


def test_deactivation():
    link = available()
    link.handle(LinkInput.DEACTIVATE, 5.0)
    assert link.outputs() == [StopLink(1), LinkFailed(1, "deactivated"), DivertTraffic(1)]
    link.handle(LinkInput.OUT_OF_SERVICE, 6.0)
    link.handle(LinkInput.T17_EXPIRY, 7.0)
    assert (link.state, link.outputs()) == (LinkState.INACTIVE, [])


@pytest.mark.parametrize("flag", ["inhibited", "remote_outage"])
def test_not_usable_though_available(flag):
    link = available()
    setattr(link, flag, True)
    assert link.in_service
    assert not link.usable


@pytest.mark.parametrize("state", LinkState)
@pytest.mark.parametrize("event", LinkInput)
def test_every_state_takes_every_input(state, event):
    link = control()
    link.state = state
    link.handle(event, 0.0)
    if (state, event) not in TRANSITIONS:
        assert (link.state, link.outputs()) == (state, [])


def test_a_link_that_oscillates_is_restored_at_the_end_of_t32():
    configuration = LinkConfiguration(1, 0)
    linkset = LinksetConfiguration("a", 2, [configuration], link_test=False)
    link = LinkControl(configuration, linkset, Timers(t32=60.0), TimerTable(), lambda link: True)
    link.handle(LinkInput.ACTIVATE, 0.0)
    link.handle(LinkInput.IN_SERVICE, 1.0)
    link.handle(LinkInput.OUT_OF_SERVICE, 10.0, "SUERM")
    assert link.state is LinkState.ALIGNING, "the first time at once"
    link.handle(LinkInput.IN_SERVICE, 12.0)
    link.handle(LinkInput.OUT_OF_SERVICE, 13.0, "SUERM")
    assert link.state is LinkState.WAITING
    assert link._table.deadline((Timer.T17, 1)) == 70.0
    assert (Timer.T32, 1) in list(link._table.expired(70.0))
    link.handle(LinkInput.T17_EXPIRY, 70.0)
    link.handle(LinkInput.IN_SERVICE, 71.0)
    link.handle(LinkInput.OUT_OF_SERVICE, 80.0, "SUERM")
    assert link.state is LinkState.ALIGNING
