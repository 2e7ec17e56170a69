"""Tests with libss7 that are the same in every variant; a module of tests with `exchanges` of its own inherits them."""

from __future__ import annotations

import re

import pytest
from support.libss7 import CICS, SDP

from tandem.gateway.sip.primitives import Answered, Cancelled, Ended, Provisional, Rejected
from tandem.ss7.isup.circuits import Blocking


def provisionals(talk):
    """Provisional responses that the SIP user got in this call."""
    return [item for item in talk.both.heard[talk.marks[2] :] if isinstance(item, Provisional)]


class Calls:
    """Calls both ways, and releases by either side in every state."""

    def test_call_from_libss7(self, talk):
        call, invite = talk.from_libss7(cic=3)
        assert invite.request.uri.user == "5551234"
        assert "4321" in invite.request.get("From")
        talk.respond(invite.call, 180)
        assert talk.event(r"ISUP_EVENT_ACM call=(\d+) cic=3 status=(\d)").groups() == (call, "1")  # subscriber free
        talk.respond(invite.call, 200, SDP)
        talk.event(rf"ISUP_EVENT_ANM call={call} cic=3")
        talk.both.tell(f"rel {call} 16")
        assert talk.hears(Ended).message.get("Reason").startswith("Q.850;cause=16")
        talk.event(r"ISUP_EVENT_RLC .*cic=3")
        record = talk.over()
        assert talk.isup == ["< IAM", "> ACM", "> ANM", "< REL", "> RLC"]
        assert talk.circuits == {3}
        assert (record.cause, record.released_by, record.result) == (16, "incoming", "answered")

    def test_call_to_libss7(self, talk):
        handle, event = talk.to_libss7("5551234", "4321")
        call, cic, called, _, calling = event.groups()
        assert (called.rstrip("F#"), calling) == ("5551234", "4321")
        talk.both.tell(f"acm {call}")
        talk.both.tell(f"cpg {call} 1")
        talk.both.run_until(lambda: any(p.status == 180 for p in provisionals(talk)), "ringing")
        talk.both.tell(f"anm {call}")
        talk.hears(Answered)
        talk.both.act(talk.both.user.bye, handle, ())
        assert talk.event(r"ISUP_EVENT_REL call=(\d+) cic=(\d+) cause=(\d+)").groups() == (call, cic, "16")
        record = talk.over()
        assert talk.isup == ["> IAM", "< ACM", "< CPG", "< ANM", "> REL", "< RLC"]
        assert talk.circuits == {int(cic)}
        assert (record.cause, record.released_by, record.result) == (16, "incoming", "answered")

    @pytest.mark.parametrize("cause", [1, 17, 19, 21, 28, 34, 41, 102])
    def test_libss7_refuses(self, talk, cause):
        _, event = talk.to_libss7()
        talk.both.tell(f"rel {event[1]} {cause}")
        assert talk.hears(Rejected).message.get("Reason").startswith(f"Q.850;cause={cause};")
        record = talk.over()
        assert (record.cause, record.released_by, record.result) == (cause, "outgoing", "failed")
        assert talk.isup == ["> IAM", "< REL", "> RLC"]

    @pytest.mark.parametrize(("status", "cause"), [(404, 1), (486, 17), (480, 18), (603, 21), (503, 41), (484, 28)])
    def test_the_sip_user_refuses(self, talk, status, cause):
        _, invite = talk.from_libss7()
        talk.respond(invite.call, status)
        assert talk.event(r"ISUP_EVENT_REL call=\d+ cic=3 cause=(\d+)")[1] == str(cause)
        assert talk.over().cause == cause
        assert talk.isup == ["< IAM", "> REL", "< RLC"]

    @pytest.mark.parametrize("state", ["called", "ringing", "answered"])
    def test_libss7_releases_its_call(self, talk, state):
        call, invite = talk.from_libss7()
        if state != "called":
            talk.respond(invite.call, 180)
            talk.event(r"ISUP_EVENT_ACM")
        if state == "answered":
            talk.respond(invite.call, 200, SDP)
            talk.event(r"ISUP_EVENT_ANM")
        talk.both.tell(f"rel {call} 16")
        talk.hears(Ended if state == "answered" else Cancelled)
        assert talk.over().released_by == "incoming"
        assert talk.isup[-2:] == ["< REL", "> RLC"]

    @pytest.mark.parametrize("state", ["called", "address complete", "answered"])
    def test_we_release_our_call(self, talk, state):
        handle, event = talk.to_libss7()
        if state != "called":
            talk.both.tell(f"acm {event[1]}")
            talk.both.run_until(lambda: "< ACM" in talk.isup, "ACM")
        if state == "answered":
            talk.both.tell(f"anm {event[1]}")
            talk.hears(Answered)
        talk.both.act(talk.both.user.end, handle, 487, ())
        assert talk.event(r"ISUP_EVENT_REL call=\d+ cic=\d+ cause=(\d+)")[1] == "16"
        assert talk.over().released_by == "incoming"
        assert talk.isup[-2:] == ["> REL", "< RLC"]

    def test_many_calls_in_a_row(self, talk):
        """All circuits at once from libss7, then released: nothing is left over."""
        both = talk.both
        answers = [both.tell(f"call 5551{cic:03} 4321 {cic}") for cic in CICS]
        both.run_until(lambda: len(both.exchange.calls()) == len(CICS), "calls on all circuits")
        refused = both.invite("5551234")
        refusal = talk.hears(Rejected)
        assert (refusal.call, refusal.status) == (refused, 503)
        assert refusal.message.get("Reason").startswith("Q.850;cause=34;")
        for answer in answers:
            both.tell(f"rel {re.search(r'call=([0-9]+)', answer)[1]} 16")
        both.run_until(lambda: both.all_idle() and not both.exchange.calls(), "all idle")
        both.run_until(lambda: len(both.records) == talk.marks[3] + len(CICS) + 1, "a record for every call")


class Circuits:
    """Blocking, reset and unknown circuits, asked for by either side; the lowest circuit is taken first."""

    def test_libss7_blocks_a_circuit(self, both):
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

    def test_we_block_a_circuit(self, both):
        mark = len(both.said)
        both.act(both.exchange.block, "pstn", [3])
        both.event(r"ISUP_EVENT_BLO cic=3", mark)
        both.run_until(lambda: both.isup()[-1] == "< BLA 3", "BLA")
        both.act(both.exchange.unblock, "pstn", [3])
        both.event(r"ISUP_EVENT_UBL cic=3", mark)
        both.run_until(lambda: both.isup()[-1] == "< UBA 3", "UBA")

    @pytest.mark.parametrize("hardware", [False, True])
    def test_libss7_blocks_a_group(self, both, hardware):
        mark, heard = len(both.said), len(both.heard)
        both.tell(f"cgb 1 15 {int(hardware)}")
        both.event(r"ISUP_EVENT_CGBA cic=1-15", mark)
        flag = Blocking.REMOTE_HARDWARE if hardware else Blocking.REMOTE_MAINTENANCE
        assert {both.blocking(cic) for cic in CICS} == {flag}
        both.invite()
        refusal = both.hears(Rejected, heard)
        assert (refusal.status, refusal.message.get("Reason").split(";")[1]) == (503, "cause=34")
        both.tell(f"cgu 1 15 {int(hardware)}")
        both.event(r"ISUP_EVENT_CGUA cic=1-15", mark)
        both.run_until(lambda: {both.blocking(cic) for cic in CICS} == {Blocking(0)}, "unblocked")

    @pytest.mark.parametrize("hardware", [False, True])
    def test_we_block_a_group(self, both, hardware):
        said, mark = len(both.said), len(both.isup())
        both.act(both.exchange.block, "pstn", None, hardware=hardware)
        both.event(rf"ISUP_EVENT_CGB cic=1-15 type={int(hardware)}", said)
        both.run_until(lambda: both.isup()[mark:] == ["> CGB 1", "< CGBA 1"], "CGBA")
        flag = Blocking.LOCAL_HARDWARE if hardware else Blocking.LOCAL_MAINTENANCE
        assert {both.blocking(cic) for cic in CICS} == {flag}
        both.act(both.exchange.unblock, "pstn", None, hardware=hardware)
        both.event(rf"ISUP_EVENT_CGU cic=1-15 type={int(hardware)}", said)
        both.run_until(lambda: both.isup()[mark:][2:] == ["> CGU 1", "< CGUA 1"], "CGUA")

    @pytest.mark.parametrize(("command", "answer"), [("rsc 5", "> RLC 5"), ("grs 1 15", "> GRA 1")])
    def test_libss7_resets_in_a_call(self, talk, command, answer):
        """A reset ends the call at our side and is acknowledged."""
        both = talk.both
        _, invite = talk.from_libss7(cic=5)
        talk.respond(invite.call, 180)
        talk.event(r"ISUP_EVENT_ACM")
        both.tell(command)
        both.run_until(lambda: both.isup()[-1] == answer, answer)
        talk.hears(Cancelled)
        both.run_until(lambda: not both.exchange.calls(), "no call left")

    @pytest.mark.parametrize("cics", [[1], None])
    def test_we_reset_in_a_call(self, talk, cics):
        """Maintenance resets a circuit in a call: RSC (or GRS for all) goes out and is acknowledged."""
        both = talk.both
        mark = len(both.isup())
        _, event = talk.to_libss7()
        both.tell(f"acm {event[1]}")
        both.tell(f"anm {event[1]}")
        talk.hears(Answered)
        both.act(both.exchange.reset, "pstn", cics)
        talk.event(r"ISUP_EVENT_(RSC cic=1|GRS cic=1-15)")
        talk.hears(Ended)
        answer = "< RLC 1" if cics else "< GRA 1"
        both.run_until(lambda: answer in both.isup()[mark:], answer)

    def test_unknown_circuit(self, both):
        """A circuit that we do not have: UCIC."""
        said, mark = len(both.said), len(both.isup())
        both.tell("call 5551234 4321 20")
        both.event(r"ISUP_EVENT_UCIC cic=20", said)
        assert both.isup()[mark:] == ["< IAM 20", "> UCIC 20"]


class Continuity:
    """Continuity checks (Q.764 2.1.8, 2.1.9) asked for by either side, in calls and on idle circuits.

    The group checks every second call of ours, and again soon: `continuity_check = 2`, `t24 = 0.5`, `t25 = 1`.
    """

    TRUNK = 'selection = "lowest"\ncontinuity_check = 2\ntimers = { t24 = 0.5, t25 = 1.0 }'

    def test_libss7_checks_its_call(self, talk):
        """Loop on at the IAM, off at the COT, and only then is the call offered."""
        both = talk.both
        call = talk.checked_call(3)
        both.run_until(lambda: both.source(3) == both.timeslot(3), "the loop")
        assert len(both.heard) == talk.marks[2]
        both.tell("cot 3 1")
        invite = both.offered(talk.marks[2])
        assert both.source(3) is None
        talk.respond(invite.call, 180)
        talk.event(rf"ISUP_EVENT_ACM call={call} cic=3")
        talk.respond(invite.call, 200, SDP)
        talk.event(rf"ISUP_EVENT_ANM call={call} cic=3")
        both.tell(f"rel {call} 16")
        assert talk.over().cause == 16
        assert talk.isup == ["< IAM", "< COT", "> ACM", "> ANM", "< REL", "> RLC"]

    def test_a_check_of_libss7_fails_and_is_made_again(self, talk):
        """COT failed, CCR, LPA, COT successful: no call is offered, the circuit is idle in the end."""
        both = talk.both
        call = talk.checked_call(4)
        both.run_until(lambda: both.source(4) == both.timeslot(4), "the loop")
        both.tell("cot 4 0")
        both.run_until(lambda: both.source(4) is None, "no loop")
        both.tell("ccr 4")
        talk.event(r"ISUP_EVENT_LPA cic=4")
        assert both.source(4) == both.timeslot(4)
        both.tell("cot 4 1")
        both.run_until(lambda: both.source(4) is None and both.all_idle(), "idle")
        both.tell(f"rel {call} 16")
        both.run_until(lambda: talk.isup[-1] == "> RLC", "RLC")
        assert talk.isup == ["< IAM", "< COT", "< CCR", "> LPA", "< COT", "< REL", "> RLC"]
        assert len(both.heard) == talk.marks[2]

    def test_libss7_checks_an_idle_circuit(self, both):
        mark, said = len(both.isup()), len(both.said)
        both.tell("ccr 7")
        both.event(r"ISUP_EVENT_LPA cic=7", said)
        assert both.source(7) == both.timeslot(7)
        both.tell("cot 7 1")
        both.run_until(lambda: both.source(7) is None, "no loop")
        assert both.isup()[mark:] == ["< CCR 7", "> LPA 7", "< COT 7"]

    def until_checked(self, both):
        """Call libss7 until our IAM asks for a check: the second call of two does; its events begin there."""
        for _ in range(2):
            said, mark = len(both.said), len(both.isup())
            handle = both.invite()
            both.run_until(lambda mark=mark: "> IAM 1" in both.isup()[mark:], "IAM")
            if both.tones():
                return handle, said, mark
            call = both.event(r"ISUP_EVENT_IAM call=(\d+)", said)[1]
            both.tell(f"rel {call} 16")
            both.run_until(lambda: both.all_idle() and not both.exchange.calls(), "idle")
        raise AssertionError("no call was checked")

    def test_we_check_our_call(self, both):
        """Tone on at our IAM; it comes back, COT goes out, and the call goes on."""
        handle, said, mark = self.until_checked(both)
        assert both.tones() == [both.timeslot(1)]
        both.tone_heard(1)
        assert both.event(r"ISUP_EVENT_COT cic=1 passed=(\d)", said)[1] == "1"
        event = both.event(r"ISUP_EVENT_IAM call=(\d+) cic=1 .*cot=(\d)", said)
        call = event[1]
        both.tell(f"acm {call}")
        both.tell(f"anm {call}")
        both.hears(Answered, 0)
        both.act(both.user.bye, handle, ())
        both.run_until(lambda: both.isup()[-1] == "< RLC 1", "RLC")
        assert both.isup()[mark:] == ["> IAM 1", "> COT 1", "< ACM 1", "< ANM 1", "> REL 1", "< RLC 1"]

    def test_our_check_fails_and_is_made_again(self, both):
        """No tone within T24: COT failed, the call is checked on another circuit; CCR after T25 and then a tone."""
        handle, said, mark = self.until_checked(both)
        assert both.event(r"ISUP_EVENT_COT cic=1 passed=(\d)", said)[1] == "0"
        both.run_until(lambda: both.tones() == [both.timeslot(2)], "the tone on the next circuit")
        both.tone_heard(2)
        assert both.event(r"ISUP_EVENT_COT cic=2 passed=(\d)", said)[1] == "1"
        both.event(r"ISUP_EVENT_IAM call=(\d+) cic=2 .*cot=1", said)
        both.event(r"ISUP_EVENT_CCR cic=1", said)
        both.run_until(lambda: "< LPA 1" in both.isup()[mark:], "LPA")
        both.tone_heard(1)
        both.run_until(lambda: "< RLC 1" in both.isup()[mark:], "RLC")
        both.act(both.user.end, handle, 487, ())
        both.run_until(lambda: both.all_idle() and not both.exchange.calls(), "idle")

    def test_we_check_an_idle_circuit(self, both):
        mark, said = len(both.isup()), len(both.said)
        both.act(both.exchange.check_continuity, "pstn", [9])
        both.event(r"ISUP_EVENT_CCR cic=9", said)
        both.run_until(lambda: both.isup()[-1] == "< LPA 9", "LPA")
        both.tone_heard(9)
        both.run_until(lambda: both.isup()[-1] == "< RLC 9", "RLC")
        assert both.isup()[mark:] == ["> CCR 9", "< LPA 9", "> REL 9", "< RLC 9"]
