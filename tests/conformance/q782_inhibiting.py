"""ITU-T Q.782, MTP level 3 test specification: rerouting and link inhibiting (5 to 7)."""

from __future__ import annotations

from conformance.point import A, Point
from conformance.q782_traffic import Q782

from tandem.ss7.mtp3.configuration import Route, TransferConfiguration
from tandem.ss7.mtp3.primitives import (
    Notice,
    PauseIndication,
)

case, not_applicable = Q782.case, Q782.not_applicable
#: Destination 9 by way of either neighbour, `a` before `b`.
PREFERRED = (Route(9, "a", 0), Route(9, "b", 1))
TRANSFER = TransferConfiguration()

# 5 and 6 Forced and controlled rerouting


@case("5.1", "Forced rerouting on reception of TFP")
def _() -> None:
    p = Point(routes=PREFERRED).up()
    assert p.links_for(9) <= {0, 1}
    p.clear()
    p.hear(0, "TFP", destination=9)
    assert p.links_for(9) <= {10, 11}
    assert p.told == []


@case("6.1", "Controlled rerouting on reception of TFA")
def _() -> None:
    p = Point(routes=PREFERRED).up()
    p.hear(0, "TFP", destination=9)
    p.send(9, 0, b"one")
    p.hear(0, "TFA", destination=9)
    p.clear()
    p.send(9, 0, b"two")
    p.wait(0.7)
    assert p.sent == []
    p.wait(0.2)
    assert p.sent == [(0, "ISUP two")]


@case("6.2", "Controlled rerouting on reception of TFR")
def _() -> None:
    p = Point(routes=PREFERRED).up()
    p.send(9, 0, b"one")
    p.hear(0, "TFR", destination=9)
    p.clear()
    p.send(9, 0, b"two")
    assert p.sent == []
    p.wait(0.9)
    assert [(link >= 10, text) for link, text in p.sent] == [(True, "ISUP two")]
    assert p.told == []


# 7 Management inhibiting


@case("7.1.1", "Inhibition of a link")
def _() -> None:
    p = Point().up(0, 1)
    p.act("inhibit", 1)
    assert p.management() == ["LIN"]
    p.hear(1, "LIA")
    assert p.links_for(A) == {0}


@case("7.1.2", "Inhibition denied by the neighbour")
def _() -> None:
    p = Point().up(0, 1)
    p.act("inhibit", 1)
    p.hear(1, "LID")
    assert p.links_for(A) == {0, 1}
    assert any(isinstance(output, Notice) for output in p.told)


@case("7.1.3", "Inhibition not possible: the last link")
def _() -> None:
    p = Point().up(1)
    p.act("inhibit", 1)
    assert p.management() == []


@case("7.1.4", "Expiry of T14")
def _() -> None:
    p = Point().up(0, 1)
    p.act("inhibit", 1)
    p.wait(2.6)
    assert p.management() == ["LIN", "LIN"]
    p.wait(2.6)
    assert p.node.inhibited_links() == set()


@case("7.1.5", "Inhibition by the neighbour")
def _() -> None:
    p = Point().up(0, 1)
    p.hear(1, "LIN")
    assert p.management() == ["LIA"]
    assert p.links_for(A) == {0}


@case("7.1.6", "Inhibition by the neighbour denied: the last link")
def _() -> None:
    p = Point().up(1)
    p.hear(1, "LIN")
    assert p.management() == ["LID"]
    assert p.links_for(A) == {1}


def _inhibited() -> Point:
    p = Point().up(0, 1)
    p.act("inhibit", 1)
    p.hear(1, "LIA")
    p.clear()
    return p


@case("7.2.1", "Uninhibition")
def _() -> None:
    p = _inhibited()
    p.act("uninhibit", 1)
    assert p.management() == ["LUN"]
    p.hear(1, "LUA")
    assert p.links_for(A) == {0, 1}


@case("7.2.2", "Expiry of T12")
def _() -> None:
    p = _inhibited()
    p.act("uninhibit", 1)
    p.wait(1.3)
    assert p.management() == ["LUN", "LUN"]
    p.wait(1.3)
    assert p.node.inhibited_links() == {1}


@case("7.2.3", "Uninhibition by the neighbour")
def _() -> None:
    p = Point().up(0, 1)
    p.hear(1, "LIN")
    p.clear()
    p.hear(1, "LUN")
    assert p.management() == ["LUA"]
    assert p.links_for(A) == {0, 1}


@case("7.3.1", "Forced uninhibition by our end")
def _() -> None:
    p = Point().up(0, 1)
    p.hear(1, "LIN")
    p.clear()
    p.fail(0)
    assert "LFU" in p.management()
    p.hear(1, "LUN")
    assert p.management()[-1] == "LUA"
    assert PauseIndication(A) not in p.told


@case("7.3.2", "Forced uninhibition by the neighbour")
def _() -> None:
    p = _inhibited()
    p.hear(1, "LFU")
    assert p.management() == ["LUN"]


@case("7.3.3", "Expiry of T13")
def _() -> None:
    p = Point().up(0, 1)
    p.hear(1, "LIN")
    p.clear()
    p.fail(0)
    p.wait(1.3)
    assert p.management().count("LFU") == 2
    p.wait(1.3)
    assert p.management().count("LFU") == 2


@case("7.4", "Inhibition tests")
def _() -> None:
    p = _inhibited()
    p.wait(271.0)
    assert "LLT" in p.management()
    p.clear()
    p.hear(1, "LRT")
    assert p.management() == []
    p.hear(0, "LRT")
    p.hear(0, "LLT")
    assert p.management() == ["LUN", "LFU"]
