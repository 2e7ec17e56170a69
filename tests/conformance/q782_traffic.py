"""ITU-T Q.782, MTP level 3 test specification: link sets, message handling, changeover, changeback (1 to 4).

The numbers of the sections are those of the Recommendation; those of single cases are recalled and may differ. What
is checked in each case is what Q.704 and Q.707 ask for under its title.
"""

from __future__ import annotations

from conformance.catalogue import Catalogue
from conformance.point import BSNT, A, Point, msu

from tandem.ss7.mtp2 import primitives as mtp2
from tandem.ss7.mtp3.configuration import Route, TransferConfiguration
from tandem.ss7.mtp3.link_management import LinkState
from tandem.ss7.mtp3.primitives import (
    PauseIndication,
    RetrieveMessages,
    StartLink,
    StopLink,
)

Q782 = Catalogue("Q.782", recalled=True)
case, not_applicable = Q782.case, Q782.not_applicable
#: Destination 9 by way of either neighbour: the same priority, or `a` before `b`.
SHARED = (Route(9, "a"), Route(9, "b"))
PREFERRED = (Route(9, "a", 0), Route(9, "b", 1))
TRANSFER = TransferConfiguration()

# 1 Signalling link management


@case("1.1", "First signalling link activation")
def _() -> None:
    p = Point()
    assert StartLink(0, True) in p.commands
    p.event(0, mtp2.LinkInService())
    assert [text.split()[0] for _, text in p.sent] == ["SLTM"]
    p.hear(0, "SLTA", service=1, pattern=b"TANDEM")
    assert p.node.link_states()[0] is LinkState.AVAILABLE


@case("1.2", "Signalling link set deactivation")
def _() -> None:
    p = Point().up(0, 1)
    p.act("deactivate", 0)
    p.act("deactivate", 1)
    assert StopLink(0) in p.commands
    assert StopLink(1) in p.commands
    assert PauseIndication(A) in p.told
    p.wait(10.0)
    assert not any(isinstance(command, StartLink) and command.link in (0, 1) for command in p.commands)


@case("1.3", "Signalling link set activation")
def _() -> None:
    p = Point().up(0, 1)
    for link in (0, 1):
        p.act("deactivate", link)
    p.clear()
    for link in (0, 1):
        p.act("activate", link)
    assert [command for command in p.commands if isinstance(command, StartLink)] == [
        StartLink(0, True),
        StartLink(1, True),
    ]
    p.up(0, 1)
    assert p.node.available(A)


# 2 Signalling message handling


@case("2.1", "Message received with an invalid SSF")
def _() -> None:
    p = Point().up(0)
    p.message(0, b"x", ni=0)
    assert (p.received, p.sent) == ([], [])


@case("2.2", "Message received with an invalid DPC, no transfer function")
def _() -> None:
    p = Point().up(0)
    p.message(0, b"x", dpc=9)
    assert (p.received, p.sent) == ([], [])


@case("2.3", "Message received with an invalid SI")
def _() -> None:
    p = Point().up(0)
    p.message(0, b"x", service=3)
    assert p.received == []
    assert p.management() == ["UPU destination=1 user_part=3 cause=1"]


@case("2.4.1", "Load sharing within a linkset: all links available")
def _() -> None:
    p = Point(links=4).up(0, 1, 2, 3)
    assert p.links_for(A) == {0, 1, 2, 3}


@case("2.4.2", "Load sharing within a linkset: one link unavailable")
def _() -> None:
    p = Point(links=4).up(0, 1, 2)
    assert p.links_for(A) == {0, 1, 2}


@case("2.5", "Load sharing between linksets")
def _() -> None:
    p = Point(routes=SHARED).up()
    assert p.links_for(9) == {0, 1, 10, 11}


@case("2.6.1", "Inaccessible destination due to a linkset failure")
def _() -> None:
    p = Point().up(0)
    p.fail(0)
    assert PauseIndication(A) in p.told
    assert p.links_for(A) == set()


@case("2.6.2", "Inaccessible destination due to a route failure")
def _() -> None:
    p = Point(routes=(Route(9, "a"),)).up(0)
    p.hear(0, "TFP", destination=9)
    assert p.told == [PauseIndication(9)]
    assert p.links_for(9) == set()


@case("2.7", "Message routing in a transfer point")
def _() -> None:
    p = Point(routes=(Route(9, "b"),), transfer=TRANSFER).up()
    p.message(0, b"through", dpc=9)
    assert [text for link, text in p.sent if link >= 10] == ["ISUP through"]


# 3 Changeover


def _failed(links: int = 2) -> Point:
    """Link 0 has failed with one message unacknowledged, the order is sent, and a further message waits."""
    p = Point(links=links).up(*range(links))
    p.send(A, 0, b"old")
    p.unaccepted[0] = (msu(),)
    p.clear()
    p.fail(0)
    p.send(A, 0, b"new")
    assert p.sent == [(1, f"COO forward_sequence_number={BSNT}")]
    return p


@case("3.1", "Changeover initiated at one side (COO, COA)")
def _() -> None:
    p = _failed()
    p.hear(1, "COA", slc=0, forward_sequence_number=7)
    assert RetrieveMessages(0, 7) in p.commands
    assert p.sent[1:] == [(1, "ISUP old"), (1, "ISUP new")]
    assert p.commands[-1] == StartLink(0, False)


@case("3.2", "Changeover initiated at the other side (COO, COA)")
def _() -> None:
    p = Point().up(0, 1)
    p.send(A, 0, b"old")
    p.unaccepted[0] = (msu(),)
    p.clear()
    p.hear(1, "COO", slc=0, forward_sequence_number=7)
    assert p.commands == [StopLink(0), RetrieveMessages(0, 7)]
    assert p.sent == [(1, f"COA forward_sequence_number={BSNT}"), (1, "ISUP old")]


@case("3.3", "Changeover initiated at both sides at the same time (COO, COO)")
def _() -> None:
    p = _failed()
    p.hear(1, "COO", slc=0, forward_sequence_number=7)
    assert p.sent[1:] == [(1, f"COA forward_sequence_number={BSNT}"), (1, "ISUP old"), (1, "ISUP new")]
    p.clear()
    p.hear(1, "COA", slc=0, forward_sequence_number=7)
    assert p.sent == []


@case("3.4", "Changeover on expiry of T2")
def _() -> None:
    p = _failed()
    p.wait(1.3)
    assert len(p.sent) == 1
    p.wait(0.2)
    assert RetrieveMessages(0, None) in p.commands
    assert p.sent[1:] == [(1, "ISUP new")]


@case("3.5", "Unreasonable FSN in COA")
def _() -> None:
    """What level 2 does not know of is not given back; traffic goes on."""
    p = _failed()
    p.unaccepted.clear()
    p.hear(1, "COA", slc=0, forward_sequence_number=99)
    assert p.sent[1:] == [(1, "ISUP new")]


@case("3.6", "COA without associated changeover")
def _() -> None:
    p = Point().up(0, 1)
    p.hear(1, "COA", slc=0, forward_sequence_number=7)
    assert (p.sent, p.commands) == ([], [])


@case("3.7", "Additional COO after the changeover")
def _() -> None:
    p = _failed()
    p.hear(1, "COA", slc=0, forward_sequence_number=7)
    p.clear()
    p.hear(1, "COO", slc=0, forward_sequence_number=7)
    assert p.sent == [(1, f"COA forward_sequence_number={BSNT}")]


@case("3.8", "Emergency changeover at the other side (COO, ECA)")
def _() -> None:
    p = _failed()
    p.hear(1, "ECA", slc=0)
    assert RetrieveMessages(0, None) in p.commands
    assert p.sent[1:] == [(1, "ISUP new")]


@case("3.9", "Emergency changeover ordered by the other side (ECO)")
def _() -> None:
    p = Point().up(0, 1)
    p.send(A, 0, b"old")
    p.clear()
    p.hear(1, "ECO", slc=0)
    assert p.commands == [StopLink(0), RetrieveMessages(0, None)]
    assert p.sent == [(1, f"COA forward_sequence_number={BSNT}")]


@case("3.10", "Emergency changeover at our side (ECO, ECA)")
def _() -> None:
    """Level 2 that gives no numbers: the property of the whole point (Configuration.retrieval)."""
    p = Point().up(0, 1)
    node = p.node
    for changeover in node._traffic._changeovers.values():
        changeover.retrieval = False
    p.send(A, 0, b"old")
    p.clear()
    p.fail(0)
    p.send(A, 0, b"new")
    assert p.sent == [(1, "ECO")]
    p.hear(1, "ECA", slc=0)
    assert p.sent[1:] == [(1, "ISUP new")]


@case("3.15", "Changeover to several alternative links of the linkset")
def _() -> None:
    p = Point(links=4).up(0, 1, 2, 3)
    p.links_for(A)
    p.fail(0)
    p.hear(1, "COA", slc=0, forward_sequence_number=7)
    assert p.links_for(A) == {1, 2, 3}


@case("3.16", "Changeover to another linkset, the adjacent point reached by it")
def _() -> None:
    p = Point(links=1, routes=(Route(A, "a", 0), Route(A, "b", 1))).up(0, 10, 11)
    p.send(A, 0, b"old")
    p.unaccepted[0] = (msu(),)
    p.clear()
    p.fail(0)
    assert [(link >= 10, text) for link, text in p.sent] == [(True, f"COO forward_sequence_number={BSNT}")]
    p.hear(10, "COA", slc=0, opc=A, forward_sequence_number=7)
    assert [(link >= 10, text) for link, text in p.sent[1:]] == [(True, "ISUP old")]


@case("3.17", "Time-controlled changeover, no path to the adjacent point")
def _() -> None:
    p = Point(links=1, routes=PREFERRED).up(0, 10, 11)
    p.send(9, 0, b"old")
    p.clear()
    p.fail(0)
    p.send(9, 0, b"new")
    assert p.sent == []
    p.wait(0.7)
    assert p.sent == []
    p.wait(0.2)
    assert [(link >= 10, text) for link, text in p.sent] == [(True, "ISUP new")]


@case("3.18", "Time-controlled changeover on processor outage of the adjacent point")
def _() -> None:
    p = Point().up(0, 1)
    p.send(A, 0, b"old")
    p.event(0, mtp2.RemoteProcessorOutage())
    p.clear()
    p.send(A, 0, b"new")
    p.wait(0.7)
    assert p.sent == []
    p.wait(0.2)
    assert p.sent == [(1, "ISUP new")]


# 4 Changeback


def _declared() -> tuple[Point, int]:
    p = _failed()
    p.hear(1, "COA", slc=0, forward_sequence_number=7)
    p.clear()
    p.event(0, mtp2.LinkInService())
    p.hear(0, "SLTA", service=1, pattern=b"TANDEM")
    link, text = p.sent[-1]
    assert link == 1
    assert text.startswith("CBD changeback_code=")
    p.send(A, 0, b"newer")
    return p, int(text.split("=")[1])


@case("4.1", "Changeback within a linkset (CBD, CBA)")
def _() -> None:
    p, code = _declared()
    p.sent.clear()
    p.hear(1, "CBA", slc=0, changeback_code=code)
    assert p.sent == [(0, "ISUP newer")]


@case("4.2", "Additional CBA")
def _() -> None:
    p, code = _declared()
    p.hear(1, "CBA", slc=0, changeback_code=code)
    p.clear()
    p.hear(1, "CBA", slc=0, changeback_code=code)
    assert p.sent == []


@case("4.3", "CBA with a wrong code")
def _() -> None:
    p, code = _declared()
    p.sent.clear()
    p.hear(1, "CBA", slc=0, changeback_code=code + 1)
    assert p.sent == []


@case("4.4", "Reception of CBD, and of an additional one")
def _() -> None:
    p = Point().up(0, 1)
    for _turn in range(2):
        p.hear(1, "CBD", slc=0, changeback_code=77)
    assert p.management() == ["CBA changeback_code=77"] * 2


@case("4.5", "No acknowledgement to the first CBD")
def _() -> None:
    p, code = _declared()
    p.sent.clear()
    p.wait(0.9)
    assert p.sent == [(1, f"CBD changeback_code={code}")]
    p.hear(1, "CBA", slc=0, changeback_code=code)
    assert p.sent[1:] == [(0, "ISUP newer")]


@case("4.6", "No acknowledgement to the first and the second CBD")
def _() -> None:
    p, code = _declared()
    p.sent.clear()
    p.wait(1.7)
    assert p.sent == [(1, f"CBD changeback_code={code}"), (0, "ISUP newer")]


@case("4.7", "Time-controlled diversion to a linkset that is back")
def _() -> None:
    p = Point(links=1, routes=PREFERRED).up(10, 11)
    p.send(9, 0, b"one")
    p.clear()
    p.event(0, mtp2.LinkInService())
    p.hear(0, "SLTA", service=1, pattern=b"TANDEM")
    p.hear(0, "SLTM", service=1, pattern=b"x")
    p.hear(0, "TRA")
    p.sent.clear()
    p.send(9, 0, b"two")
    assert p.sent == []
    p.wait(0.9)
    assert p.sent == [(0, "ISUP two")]
