"""The links of a linkset, and answers to a neighbour's inhibition."""

import pytest

from tandem.ss7.mtp3.configuration import Configuration, LinkConfiguration, LinksetConfiguration
from tandem.ss7.mtp3.label import Variant
from tandem.ss7.mtp3.link_management import LinkState
from tandem.ss7.mtp3.linkset import ANSWERS, Linkset, SendManagement
from tandem.ss7.mtp3.messages import NETWORK_MANAGEMENT, decode_management
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.mtp3.timers import Timer


def linkset(size=2) -> Linkset:
    links = [LinkConfiguration(10 + slc, slc) for slc in range(size)]
    node = SignallingPoint(Configuration(1, [LinksetConfiguration("a", 2, links)]))
    for link in node._links.values():
        link.state = LinkState.AVAILABLE
    return node._linksets["a"]


def ask(links: Linkset, acronym: str, slc: int, body: bytes = b"") -> list[str] | None:
    heading = next(kind.heading for kind in NETWORK_MANAGEMENT if kind.acronym == acronym)
    message = decode_management(bytes([heading]) + body, 0, Variant.ITU)
    answers = links.answer(message, slc, 0.0)
    return None if answers is None else [answer.acronym for answer in answers]


def test_inhibit_and_uninhibit():
    links = linkset()
    assert ask(links, "LIN", 1) == ["LIA"]
    assert [link.slc for link in links.usable()] == [0]
    assert links._timers.is_running((Timer.T23, 11))
    assert ask(links, "LLT", 1) == []
    assert ask(links, "LUN", 1) == ["LUA"]
    assert len(links.usable()) == 2
    assert not links._timers.is_running((Timer.T23, 11))


def test_the_last_link_is_not_inhibited():
    links = linkset(1)
    assert ask(links, "LIN", 0) == ["LID"]
    assert links.link(0).usable


def test_inhibited_link_is_taken_back_when_no_other_is_left():
    links = linkset()
    ask(links, "LIN", 1)
    links.link(0).state = LinkState.ALIGNING
    assert links.usable() == []
    assert links.uninhibit_all() == [SendManagement("LFU", 1)]
    assert [link.slc for link in links.usable()] == [1]


def test_inhibit_tests():
    links = linkset()
    assert ask(links, "LLT", 1) == ["LFU"]
    assert ask(links, "LRT", 1) == ["LUN"]
    assert ask(links, "LFU", 1) == ["LUN"]
    assert links.inhibit_test_due(links.link(1), 0.0) == []
    ask(links, "LIN", 1)
    assert links.inhibit_test_due(links.link(1), 9.0) == [SendManagement("LRT", 1)]
    assert links._timers.deadline((Timer.T23, 11)) == 9.0 + 270.0


def test_data_link_connection_is_not_possible():
    assert ask(linkset(), "DLC", 0, b"\x01\x00") == ["CNP"]


def test_unknown_link_or_message():
    assert ask(linkset(), "LIN", 9) is None
    assert ask(linkset(), "TRW", 0) is None


@pytest.mark.parametrize("acronym", ANSWERS)
def test_every_row_is_about_a_link(acronym):
    assert next(kind for kind in NETWORK_MANAGEMENT if kind.acronym == acronym).about_link


def test_carrier_prefers_the_link_itself_then_a_usable_one():
    links = linkset(3)
    assert links.carrier(2).slc == 2
    links.link(2).state = LinkState.WAITING
    links.link(0).remotely_inhibited = True
    assert links.carrier(2).slc == 1
    for link in links.links:
        link.state = LinkState.WAITING
    assert links.carrier(0) is None
