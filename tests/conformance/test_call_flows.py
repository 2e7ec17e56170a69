"""Call flows of RFC 3665 and RFC 3666, message by message, with the gateway in the place of a user agent.

Flows between proxies alone are left out. Of RFC 3666 the titles from 2.5 on are recalled.
"""

import pytest
from support.isup_pair import ACM, iam
from support.isup_single import cause
from support.sip_bench import SipBench
from support.sip_flow import SDP, Flow
from support.sip_isup_pair import SipIsupPair
from support.sip_phones import PHONES

from tandem.gateway.sip.auth import authorization, find_challenge
from tandem.gateway.sip.message import parse_message
from tandem.gateway.sip.primitives import Credentials, IncomingInvite, Provisional, Rejected
from tandem.ss7.isup.codes import MessageType as M
from tandem.ss7.isup.indicators import BackwardCallIndicators
from tandem.ss7.isup.parameters import RawParameter

PLAIN = 'reliable_responses = "off"\nsession_seconds = 0'
PROGRESS = [BackwardCallIndicators(called_party_status=0)]


def answered_from_sip():
    """RFC 3666 2.1 up to the ACK."""
    flow = Flow()
    call = flow.invite()
    flow.exchange(M.ACM, flow.cic, *PROGRESS)
    flow.exchange(M.ANM, flow.cic)
    return flow, call


# --- RFC 3666 2: SIP to PSTN


def test_3666_2_1_successful_sip_to_isup():
    flow, call = answered_from_sip()
    flow.do("bye", call, ())
    flow.exchange(M.RLC, flow.cic)
    assert flow.ladder == [
        "U>G INVITE", "G>U 100 INVITE", "G>E IAM", "E>G ACM", "G>U 183 INVITE", "E>G ANM", "G>U 200 INVITE", "U>G ACK",
        "U>G BYE", "G>U 200 BYE", "G>E REL", "E>G RLC",
    ]  # fmt: skip


def test_3666_2_3_overflow():
    """The circuits to the first exchange are busy: with one exchange only, REL with cause 34 ends the attempt."""
    flow = Flow()
    flow.invite()
    flow.exchange(M.REL, flow.cic, cause(34))
    assert flow.ladder == [
        "U>G INVITE", "G>U 100 INVITE", "G>E IAM", "E>G REL", "G>U 503 INVITE", "G>E RLC", "U>G ACK",
    ]  # fmt: skip


def test_3666_2_5_treatment_from_the_pstn():
    """ACM, an announcement in the early media, and the caller gives up: CANCEL, 487, REL."""
    flow = Flow()
    call = flow.invite()
    flow.exchange(M.ACM, flow.cic, *PROGRESS)
    assert flow.event(Provisional).body
    flow.do("cancel", call, ())
    flow.exchange(M.RLC, flow.cic)
    assert flow.ladder == [
        "U>G INVITE", "G>U 100 INVITE", "G>E IAM", "E>G ACM", "G>U 183 INVITE", "U>G CANCEL", "G>U 200 CANCEL",
        "G>U 487 INVITE", "G>E REL", "U>G ACK", "E>G RLC",
    ]  # fmt: skip


def test_3666_2_6_rel_with_cause():
    flow = Flow()
    flow.invite()
    flow.exchange(M.REL, flow.cic, cause(1))
    assert flow.event(Rejected).status == 404
    assert sorted(flow.ladder) == sorted(
        ["U>G INVITE", "G>U 100 INVITE", "G>E IAM", "E>G REL", "G>E RLC", "G>U 404 INVITE", "U>G ACK"]
    )


def test_3666_2_7_no_answer():
    """Nobody answers: T9, or the gateway's own limit, ends the call in both directions."""
    flow = Flow()
    flow.invite()
    flow.exchange(M.ACM, flow.cic, *ACM)
    flow.run(200)
    flow.exchange(M.RLC, flow.cic)
    assert flow.ladder[:5] == ["U>G INVITE", "G>U 100 INVITE", "G>E IAM", "E>G ACM", "G>U 180 INVITE"]
    assert "G>E REL" in flow.ladder
    assert flow.event(Rejected).status == 480


# --- RFC 3666 3: PSTN to SIP


def test_3666_3_1_successful_pstn_to_sip():
    flow = Flow()
    flow.exchange(M.IAM, 1, *iam())
    call = flow.event(IncomingInvite).call
    flow.do("respond", call, 180)
    flow.do("respond", call, 200, body=SDP)
    flow.exchange(M.REL, 1, cause(16))
    assert flow.ladder == [
        "E>G IAM", "G>U INVITE", "U>G 100 INVITE", "U>G 180 INVITE", "G>E ACM", "U>G 200 INVITE", "G>U ACK", "G>E ANM",
        "E>G REL", "G>U BYE", "G>E RLC", "U>G 200 BYE",
    ]  # fmt: skip


def test_3666_3_2_fast_answer():
    flow = Flow()
    flow.exchange(M.IAM, 1, *iam())
    flow.do("respond", flow.event(IncomingInvite).call, 200, body=SDP)
    assert flow.ladder == ["E>G IAM", "G>U INVITE", "U>G 100 INVITE", "U>G 200 INVITE", "G>U ACK", "G>E CON"]


@pytest.mark.parametrize(("status", "value"), [(404, 1), (600, 17)])
def test_3666_3_4_and_3_5_refused_by_sip(status, value):
    flow = Flow()
    flow.exchange(M.IAM, 1, *iam())
    flow.do("respond", flow.event(IncomingInvite).call, status)
    flow.exchange(M.RLC, 1)
    assert flow.ladder == [
        "E>G IAM", "G>U INVITE", "U>G 100 INVITE", f"U>G {status} INVITE", "G>U ACK", "G>E REL", "E>G RLC",
    ]  # fmt: skip
    assert flow.isup[-1].raw(18)[1] & 0x7F == value


def test_3666_3_7_no_response_from_sip():
    """Timer B: REL with cause 102, and an ACM by T11 meanwhile for the exchange's sake."""
    flow = Flow()
    flow.deaf = True
    flow.exchange(M.IAM, 1, *iam())
    flow.run(40)
    flow.exchange(M.RLC, 1)
    assert flow.ladder[0] == "E>G IAM"
    assert flow.ladder.count("G>U INVITE") == 7
    assert [line for line in flow.ladder if line.startswith("G>E")] == ["G>E ACM", "G>E REL"]


def test_3666_3_9_the_caller_gives_up():
    flow = Flow()
    flow.exchange(M.IAM, 1, *iam())
    flow.do("respond", flow.event(IncomingInvite).call, 180)
    flow.exchange(M.REL, 1, cause(16))
    assert flow.ladder[:5] == ["E>G IAM", "G>U INVITE", "U>G 100 INVITE", "U>G 180 INVITE", "G>E ACM"]
    assert [line for line in flow.ladder[5:] if "RLC" not in line] == [
        "E>G REL", "G>U CANCEL", "U>G 200 CANCEL", "U>G 487 INVITE", "G>U ACK",
    ]  # fmt: skip
    assert "G>E RLC" in flow.ladder


# --- RFC 3666 4: PSTN to PSTN via SIP, a gateway at either end


def test_3666_4_1_successful_pstn_to_pstn():
    pair = SipIsupPair(PLAIN)
    pair.receive("A", M.IAM, 3, *iam())
    (initial,) = pair.take("B")
    pair.receive("B", M.ACM, initial.cic, *PROGRESS)
    assert [message.type for message in pair.take("A")] == [M.ACM]
    pair.receive("B", M.ANM, initial.cic)
    assert [message.type for message in pair.take("A")] == [M.ANM]
    pair.receive("A", M.REL, 3, cause(16))
    assert [message.type for message in pair.take("A")] == [M.RLC]
    assert [message.type for message in pair.take("B")] == [M.REL]
    assert pair.names() == ["INVITE", "100 INVITE", "183 INVITE", "200 INVITE", "ACK", "BYE", "200 BYE"]


def test_3666_4_2_failed_pstn_to_pstn():
    """The called party is busy: the cause comes through as it was."""
    pair = SipIsupPair(PLAIN)
    pair.receive("A", M.IAM, 3, *iam())
    (initial,) = pair.take("B")
    pair.receive("B", M.REL, initial.cic, cause(17))
    assert [message.type for message in pair.take("B")] == [M.RLC]
    (release,) = pair.take("A")
    assert (release.type, release.raw(18)[1] & 0x7F) == (M.REL, 17)
    assert pair.names() == ["INVITE", "100 INVITE", "486 INVITE", "ACK"]


# --- RFC 3665 2: registration, with the gateway as registrar

REGISTERED = """REGISTER sip:127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK{cseq}
Max-Forwards: 70
From: <sip:bob@127.0.0.1>;tag=b
To: <sip:bob@127.0.0.1>
Call-ID: flow@10.0.0.2
CSeq: {cseq} REGISTER
{lines}Content-Length: 0

"""
BOB = ("10.0.0.2", 5060)


class Registering:
    """Bob's phone, and what it got."""

    def __init__(self):
        self.bench = SipBench(PHONES)
        self.cseq = 0
        self.ladder = []

    def register(self, password, *contacts):
        """REGISTER, the challenge, REGISTER with its answer: the last response."""
        answer = self._send(contacts, "")
        challenge = find_challenge(answer)
        line = authorization(challenge, Credentials("bob", password), "REGISTER", "sip:127.0.0.1", "cnonce".__str__)
        return self._send(contacts, f"{line[0]}: {line[1]}\n")

    def _send(self, contacts, more):
        self.cseq += 1
        lines = "".join(f"{line}\n" for line in contacts) + more
        text = REGISTERED.format(cseq=self.cseq, lines=lines).replace("\n", "\r\n")
        (data,) = self.bench.send(text, BOB)
        answer = parse_message(data)
        self.ladder += ["REGISTER", str(answer.status)]
        return answer


SUCCESS = ["REGISTER", "401", "REGISTER", "200"]


def test_3665_2_1_to_2_4_registration():
    """A new registration, another contact, the list asked for, and the end of it."""
    bob = Registering()
    answer = bob.register("b-secret", "Contact: <sip:bob@10.0.0.2>;expires=600")
    assert answer.values("contact") == ["<sip:bob@10.0.0.2>;expires=600"]
    answer = bob.register("b-secret", "Contact: <sip:bob@10.0.0.3>;expires=900")
    assert len(answer.values("contact")) == 2
    assert len(bob.register("b-secret").values("contact")) == 2
    assert bob.register("b-secret", "Contact: *", "Expires: 0").values("contact") == []
    assert bob.ladder == 4 * SUCCESS


def test_3665_2_5_unsuccessful_registration():
    """A wrong password: challenged anew each time."""
    bob = Registering()
    answer = bob.register("guess", "Contact: <sip:bob@10.0.0.2>")
    assert bob.ladder == ["REGISTER", "401", "REGISTER", "401"]
    assert find_challenge(answer) is not None
    assert bob.register("b-secret").values("contact") == []


# --- RFC 3665 3: between user agents; the gateway is one of them, and what the exchange hears stands beside


def test_3665_3_1_successful_session():
    flow = Flow()
    flow.exchange(M.IAM, 1, *iam())
    call = flow.event(IncomingInvite).call
    flow.do("respond", call, 180)
    flow.do("respond", call, 200, body=SDP)
    flow.do("bye", call, ())
    sip = [line for line in flow.ladder if "E" not in line.split()[0]]
    assert sip == [
        "G>U INVITE", "U>G 100 INVITE", "U>G 180 INVITE", "U>G 200 INVITE", "G>U ACK", "U>G BYE", "G>U 200 BYE",
    ]  # fmt: skip


def test_3665_3_6_redirected():
    """302, ACK, and INVITE to the Contact; the description in the ACK is delayed_offer."""
    flow = Flow('reliable_responses = "off"\nsession_seconds = 0\nredirects = "follow"\ndelayed_offer = true')
    flow.exchange(M.IAM, 1, *iam())
    contact = ("Contact", "<sip:chicago@127.0.0.1:5061>")
    flow.do("respond", flow.event(IncomingInvite).call, 302, headers=(contact,))
    again = flow.event(IncomingInvite)
    flow.do("respond", again.call, 200, body=SDP)
    assert again.request.uri.user == "chicago"
    assert [line for line in flow.ladder if "E" not in line.split()[0]] == [
        "G>U INVITE", "U>G 100 INVITE", "U>G 302 INVITE", "G>U ACK", "G>U INVITE", "U>G 100 INVITE", "U>G 200 INVITE",
        "G>U ACK",
    ]  # fmt: skip
    acknowledged = [message for message in flow.sip if message.method == "ACK"][-1]
    assert b"m=audio" in acknowledged.body


def test_3665_3_7_reinvite_with_another_address():
    flow, call = answered_from_sip()
    del flow.ladder[:]
    flow.do("reinvite", call, SDP.replace(b"127.0.0.1", b"127.0.0.9").replace(b"1 1 IN", b"1 2 IN"), ())
    assert flow.ladder == ["U>G INVITE", "G>U 100 INVITE", "G>U 200 INVITE", "U>G ACK"]
    assert not flow.isup[2:], "the exchange hears nothing of it"


def test_3665_3_8_no_answer():
    """CANCEL by the caller, 487 for the INVITE, and each of them answered."""
    flow = Flow()
    call = flow.invite()
    flow.exchange(M.ACM, flow.cic, *ACM)
    flow.do("cancel", call, ())
    sip = [line for line in flow.ladder if "E" not in line.split()[0]]
    assert sip == [
        "U>G INVITE", "G>U 100 INVITE", "G>U 180 INVITE", "U>G CANCEL", "G>U 200 CANCEL", "G>U 487 INVITE", "U>G ACK",
    ]  # fmt: skip


@pytest.mark.parametrize(("value", "status"), [(17, 486), (20, 480)], ids=["3.9 busy", "3.11 unavailable"])
def test_3665_3_9_and_3_11_refused(value, status):
    flow = Flow()
    flow.invite()
    flow.exchange(M.REL, flow.cic, cause(value))
    sip = [line for line in flow.ladder if "E" not in line.split()[0]]
    assert sip == ["U>G INVITE", "G>U 100 INVITE", f"G>U {status} INVITE", "U>G ACK"]


def test_3665_3_10_no_response():
    """T1 doubled six times, then timer B."""
    flow = Flow()
    flow.deaf = True
    flow.exchange(M.IAM, 1, *iam())
    flow.run(33)
    assert flow.ladder.count("G>U INVITE") == 7
    assert "G>E REL" in flow.ladder


def test_suspension_says_nothing_to_sip():
    """RFC 3398 9: SUS and RES are the exchange's affair."""
    flow, _ = answered_from_sip()
    del flow.ladder[:]
    flow.exchange(M.SUS, flow.cic, RawParameter(34, b"\x01"))
    flow.exchange(M.RES, flow.cic, RawParameter(34, b"\x01"))
    assert flow.ladder == ["E>G SUS", "E>G RES"]
