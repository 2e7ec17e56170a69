"""Circuit supervision with libss7: blocking, reset and unknown circuits, asked for by either side."""

import re

import pytest
from support.libss7 import SDP, Exchanges, build
from support.libss7_cases import Circuits

from tandem.gateway.sip.primitives import Ended, IncomingInvite

pytestmark = pytest.mark.interop

MAINTENANCE, HARDWARE = 0, 1


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ss7peer")
    both = Exchanges(build(folder), folder, trunk='selection = "lowest"').up()
    yield both
    both.close()


def isup(both, mark):
    return both.isup()[mark:]


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


class TestCircuits(Circuits):
    """As in every variant."""


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
