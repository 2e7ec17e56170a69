"""Circuit supervision with libss7: blocking, reset and unknown circuits, asked for by either side."""

import re

import pytest
from support.libss7 import CICS, SDP, Exchanges, build

from tandem.gateway.sip.primitives import Answered, Cancelled, Ended, IncomingInvite, Rejected
from tandem.ss7.isup.circuits import Blocking

pytestmark = pytest.mark.interop

MAINTENANCE, HARDWARE = 0, 1


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ss7peer")
    both = Exchanges(build(folder), folder, trunk='selection = "lowest"').up()
    yield both
    both.close()


@pytest.fixture
def both(exchanges):
    """Both exchanges; all is idle again after the test."""
    yield exchanges
    exchanges.run_until(lambda: exchanges.all_idle() and not exchanges.exchange.calls(), "idle after the test")


def isup(both, mark):
    return both.isup()[mark:]


def test_libss7_blocks_a_circuit(both):
    """A circuit blocked by the other side carries its calls but none of ours."""
    mark = len(both.said)
    both.tell("blo 1")
    both.event(r"ISUP_EVENT_BLA cic=1", mark)
    assert both.blocking(1) == Blocking.REMOTE_MAINTENANCE
    both.invite()
    call, cic = both.event(r"ISUP_EVENT_IAM call=(\d+) cic=(\d+)", mark).groups()
    assert cic == "2"  # the lowest that is not blocked
    both.tell(f"rel {call} 16")
    both.tell("ubl 1")
    both.event(r"ISUP_EVENT_UBA cic=1", mark)
    assert both.blocking(1) == Blocking(0)


def test_we_block_a_circuit(both):
    mark = len(both.said)
    both.act(both.exchange.block, "pstn", [3])
    both.event(r"ISUP_EVENT_BLO cic=3", mark)
    both.run_until(lambda: both.isup()[-1] == "< BLA 3", "BLA")
    both.act(both.exchange.unblock, "pstn", [3])
    both.event(r"ISUP_EVENT_UBL cic=3", mark)
    both.run_until(lambda: both.isup()[-1] == "< UBA 3", "UBA")


@pytest.mark.parametrize(
    ("kind", "flag"), [(MAINTENANCE, Blocking.REMOTE_MAINTENANCE), (HARDWARE, Blocking.REMOTE_HARDWARE)]
)
def test_libss7_blocks_a_group(both, kind, flag):
    mark, heard = len(both.said), len(both.heard)
    both.tell(f"cgb 1 15 {kind}")
    both.event(r"ISUP_EVENT_CGBA cic=1-15", mark)
    assert {both.blocking(cic) for cic in CICS} == {flag}
    both.invite()
    refusal = both.hears(Rejected, heard)
    assert (refusal.status, refusal.message.get("Reason").split(";")[1]) == (503, "cause=34")
    both.tell(f"cgu 1 15 {kind}")
    both.event(r"ISUP_EVENT_CGUA cic=1-15", mark)


@pytest.mark.parametrize("hardware", [False, True])
def test_we_block_a_group(both, hardware):
    said, mark = len(both.said), len(both.isup())
    both.act(both.exchange.block, "pstn", None, hardware=hardware)
    kind = HARDWARE if hardware else MAINTENANCE
    both.event(rf"ISUP_EVENT_CGB cic=1-15 type={kind}", said)
    both.run_until(lambda: isup(both, mark) == ["> CGB 1", "< CGBA 1"], "CGBA")
    flag = Blocking.LOCAL_HARDWARE if hardware else Blocking.LOCAL_MAINTENANCE
    assert {both.blocking(cic) for cic in CICS} == {flag}
    both.act(both.exchange.unblock, "pstn", None, hardware=hardware)
    both.event(rf"ISUP_EVENT_CGU cic=1-15 type={kind}", said)
    both.run_until(lambda: isup(both, mark)[2:] == ["> CGU 1", "< CGUA 1"], "CGUA")


def test_hardware_blocking_by_libss7_ends_calls(both):
    """CGB for hardware failure releases the calls on the circuits (Q.764 2.8.2.2)."""
    said, heard = len(both.said), len(both.heard)
    both.tell("call 5551234 4321 4")
    invite = both.hears(IncomingInvite, heard)
    both.act(both.user.respond, invite.call, 200, body=SDP)
    both.event(r"ISUP_EVENT_CON", said)
    both.tell("cgb 1 15 1")
    both.event(r"ISUP_EVENT_CGBA cic=1-15", said)
    both.hears(Ended, heard)
    both.tell("cgu 1 15 1")
    both.event(r"ISUP_EVENT_CGUA cic=1-15", said)
    both.tell("rsc 4")  # in case libss7 still has its half of the call
    both.run_until(lambda: both.isup()[-1] == "> RLC 4", "RLC")


@pytest.mark.parametrize(("command", "answer"), [("rsc 5", "> RLC 5"), ("grs 1 15", "> GRA 1")])
def test_libss7_resets_in_a_call(both, command, answer):
    """A reset ends the call at our side and is acknowledged."""
    said, heard = len(both.said), len(both.heard)
    both.tell("call 5551234 4321 5")
    invite = both.hears(IncomingInvite, heard)
    both.act(both.user.respond, invite.call, 180)
    both.event(r"ISUP_EVENT_ACM", said)
    both.tell(command)
    both.run_until(lambda: both.isup()[-1] == answer, answer)
    both.hears(Cancelled, heard)
    both.run_until(lambda: not both.exchange.calls(), "no call left")


@pytest.mark.parametrize("cics", [[1], None])
def test_we_reset_in_a_call(both, cics):
    """Maintenance resets a circuit in a call: RSC (or GRS for all) goes out and is acknowledged."""
    said, heard, mark = len(both.said), len(both.heard), len(both.isup())
    both.invite()
    call = both.event(r"ISUP_EVENT_IAM call=(\d+) cic=1 ", said)[1]
    both.tell(f"con {call}")
    both.hears(Answered, heard)
    both.act(both.exchange.reset, "pstn", cics)
    both.event(r"ISUP_EVENT_(RSC cic=1|GRS cic=1-15)", said)
    both.hears(Ended, heard)
    answer = "< RLC 1" if cics else "< GRA 1"
    both.run_until(lambda: answer in isup(both, mark), answer)


def test_unknown_circuit(both):
    """A circuit that we do not have: UCIC."""
    said, mark = len(both.said), len(both.isup())
    both.tell("call 5551234 4321 20")
    both.event(r"ISUP_EVENT_UCIC cic=20", said)
    assert isup(both, mark) == ["< IAM 20", "> UCIC 20"]


def test_our_call_on_a_blocked_circuit_moves_on(both):
    """BLO crosses our IAM: the call is repeated on another circuit (Q.764 2.8.2.3)."""
    said, mark = len(both.said), len(both.isup())
    both.hold()
    both.invite("888")
    both.tell("blo 1")
    both.run_until(lambda: "< BLO 1" in isup(both, mark), "BLO")
    both.let_go()
    both.event(r"ISUP_EVENT_IAM call=(\d+) cic=2 opc=2 called=888#", said)
    both.tell("ubl 1")
    both.run_until(lambda: "> UBA 1" in isup(both, mark), "UBA")
    for text in both.said[said:]:
        if found := re.search(r"ISUP_EVENT_IAM call=(\d+) ", text):
            both.tell(f"rel {found[1]} 16")
            break
    both.run_until(lambda: not both.exchange.calls(), "no call left")
