"""libss7 as the exchange at the other end: levels 2 and 3, and how circuits come into service."""

import pytest
from support.libss7 import CICS, Exchanges, build, lssu

from tandem.ss7.isup.codes import MessageType

pytestmark = pytest.mark.interop

SIN, SIE = 1, 2
#: H1 and H0 of messages of signalling network management and testing (Q.704 15, Q.707 5).
TRA, SLTM, SLTA, CBD, CBA = 0x17, 0x11, 0x21, 0x51, 0x61
COO, COA, ECO, ECA = 0x11, 0x21, 0x12, 0x22
MANAGEMENT, TESTING = 0, 1


@pytest.fixture(scope="module")
def executable(tmp_path_factory):
    return build(tmp_path_factory.mktemp("ss7peer"))


@pytest.fixture
def start(executable, tmp_path):
    """A function that starts both exchanges; they end with the test."""
    started = []

    def begin(**options):
        started.append(Exchanges(executable, tmp_path, **options))
        return started[-1]

    yield begin
    for exchanges in started:
        exchanges.close()


def headings(units, service):
    """Heading codes of the MSUs of one service indicator."""
    return [unit[8] for unit in units if unit[2] > 2 and unit[3] & 0x0F == service]


@pytest.mark.parametrize(("proving", "status"), [("emergency", SIE), ("normal", SIN), ("automatic", SIE)])
def test_start(start, proving, status):
    """Alignment, link test both ways, traffic restart both ways, circuits reset; libss7 always wants emergency."""
    both = start(proving=proving).up()
    line = both.lines[0]
    assert status in lssu(line.sent)
    assert SIE in lssu(line.received)
    assert {SLTM, SLTA} <= set(headings(line.sent, TESTING))
    both.run_until(lambda: {SLTM, SLTA} <= set(headings(line.received, TESTING)), "SLTM and SLTA of libss7")
    assert TRA in headings(line.sent, MANAGEMENT)
    both.run_until(lambda: TRA in headings(line.received, MANAGEMENT), "TRA of libss7")
    both.event(r"ISUP_EVENT_GRS cic=1-15")
    assert both.isup() == ["> GRS 1", "< GRA 1"]
    assert both.trouble() == []


def test_libss7_resets_circuits_too(start):
    """GRS from the other side is answered with GRA."""
    both = start().up()
    both.tell("grs 1 15")
    both.event(r"ISUP_EVENT_GRA cic=1-15")
    both.run_until(both.all_idle, "all idle")


def test_link_fails_and_comes_back(start):
    """The only link is lost: no calls; it comes back: calls again, circuits not reset anew."""
    both = start().up()
    mark = len(both.log)
    both.lines[0].cut = True
    both.run_until(lambda: both.exchange.idle_circuits("pstn") == 0, "the peer is out of reach")
    both.run(1.0)
    both.lines[0].cut = False
    both.run_until(lambda: both.exchange.idle_circuits("pstn") == len(CICS), "circuits again", 90)
    assert any("failed" in text for text in both.log[mark:])
    assert not any(" GRS " in text for text in both.log[mark:])
    before = len(both.said)
    both.tell("call 5551234 4321 7")
    both.offered()
    both.tell("rel 0 16")
    both.event(r"ISUP_EVENT_RLC call=\d+ cic=7", before)
    both.run_until(both.all_idle, "all idle")


def test_two_links_share_and_change_over(start):
    """With one of two links lost, calls go on over the other; the lost one comes back with normal proving."""
    both = start(links=2).up()
    both.run_until(lambda: sum("in service" in text and text.startswith("= link") for text in both.log) == 2, "links")
    for cic in (6, 7):
        both.tell(f"call 5551234 4321 {cic}")
    both.run_until(lambda: len(both.exchange.calls()) == 2, "two calls")
    both.run(0.5)
    used = [any(unit[2] > 2 and unit[3] & 0x0F == 5 for unit in line.received) for line in both.lines]
    assert used == [True, True]
    marks = [(len(line.sent), len(line.received)) for line in both.lines]
    both.lines[1].cut = True
    both.run_until(lambda: {COO, ECO} & set(headings(both.lines[0].sent[marks[0][0] :], MANAGEMENT)), "changeover")
    both.run(2.0)
    for call in (0, 1):
        both.tell(f"rel {call} 16")
    both.run_until(both.all_idle, "both calls cleared over one link")
    both.lines[1].cut = False
    both.run_until(lambda: both.log.count("= link libss7/1: in service") == 2, "link 1 is back", 90)
    # libss7 notices the failure only now: its order comes, and is answered.
    assert COO in headings(both.lines[0].received[marks[0][1] :], MANAGEMENT)
    assert {COA, ECA} & set(headings(both.lines[0].sent[marks[0][0] :], MANAGEMENT))
    both.run_until(
        lambda: {CBD, CBA} & set(headings(both.lines[1].sent[marks[1][0] :], MANAGEMENT)), "changeback over link 1"
    )
    assert SIN in lssu(both.lines[1].sent[marks[1][0] :])
    mark = len(both.said)
    for cic in (6, 7):
        both.tell(f"call 5551234 4321 {cic}")
    both.run_until(lambda: len(both.exchange.calls()) == 2, "two calls again")
    for match in [text for text in both.said[mark:] if text.startswith("OK call=")]:
        both.tell(f"rel {match.split()[1].split('=')[1]} 16")
    both.run_until(both.all_idle, "all idle")


def test_messages_of_a_circuit_are_those_of_isup(start):
    """Every type that went over the line is one that our table of formats knows."""
    both = start().up()
    both.tell("call 5551234 4321 7")
    both.offered()
    kinds = {unit[10] for unit in both.lines[0].received if unit[2] > 2 and unit[3] & 0x0F == 5}
    assert kinds == {MessageType.IAM, MessageType.GRA}
