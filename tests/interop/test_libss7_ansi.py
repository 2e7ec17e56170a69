"""libss7 as an exchange of an ANSI network: 24-bit point codes, link tests of their own, ISUP of T1.113."""

import re

import pytest
from support.libss7 import CICS, SDP, Exchanges, Talk, build

from tandem.gateway.sip.primitives import Answered, Cancelled, Ended, Provisional, Rejected
from tandem.ss7.isup.circuits import Blocking
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.variants import Variant

pytestmark = pytest.mark.interop

#: Service indicators: ANSI tests links with the special messages (T1.111.4, table in the SIO).
MANAGEMENT, TESTING, ISUP = 0, 2, 5
SLTM, SLTA, TRA = 0x11, 0x21, 0x17
#: BSN, FSN, LI, SIO, DPC, OPC, SLS.
LABEL_END = 4 + 7


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ss7peer")
    executable = build(folder)
    both = Exchanges(
        executable,
        folder,
        linkset='variant = "ansi"',
        trunk='selection = "lowest"',
        options=("-T", "t21=5000", "-s", "ansi"),
    )
    both.up()
    yield both
    both.close()


@pytest.fixture
def both(exchanges):
    """Both exchanges; all is idle again after the test."""
    yield exchanges
    exchanges.run_until(lambda: exchanges.all_idle() and not exchanges.exchange.calls(), "idle after the test")


@pytest.fixture
def talk(both):
    return Talk(both)


def messages(units, service):
    """What follows the routing label in the MSUs of one service indicator."""
    return [unit[LABEL_END:] for unit in units if unit[2] & 0x3F > 2 and unit[3] & 0x0F == service]


def parsed(units):
    """ISUP messages."""
    return [Message.parse(octets, Variant.ANSI) for octets in messages(units, ISUP)]


def test_start(exchanges):
    """Link test both ways, traffic restart both ways, circuits reset."""
    line = exchanges.lines[0]
    for units in (line.sent, line.received):
        exchanges.run_until(
            lambda units=units: {SLTM, SLTA} <= {message[0] for message in messages(units, TESTING)}, "SLTM and SLTA"
        )
        exchanges.run_until(lambda units=units: TRA in {message[0] for message in messages(units, MANAGEMENT)}, "TRA")
    assert exchanges.isup()[:2] == ["> GRS 1", "< GRA 1"]
    exchanges.event(r"ISUP_EVENT_GRS cic=1-15")
    assert exchanges.trouble() == []


def test_routing_label(exchanges):
    """DPC, OPC and SLS take seven octets, point codes least significant octet first."""
    line = exchanges.lines[0]
    label = {unit[4:10].hex() for unit in line.sent if unit[2] & 0x3F > 2}
    assert label == {"010000020000"}
    assert {unit[4:10].hex() for unit in line.received if unit[2] & 0x3F > 2} == {"020000010000"}


def test_call_from_libss7(talk):
    call, invite = talk.from_libss7(cic=3)
    assert invite.request.uri.user == "5551234"
    assert "4321" in invite.request.get("From")
    iam = parsed(talk.both.lines[0].received)[-1]
    assert ParameterCode.USER_SERVICE_INFORMATION in iam.codes()
    assert ParameterCode.TRANSMISSION_MEDIUM_REQUIREMENT not in iam.codes()
    talk.respond(invite.call, 180)
    assert talk.event(r"ISUP_EVENT_ACM call=(\d+) cic=3 status=(\d)").groups() == (call, "1")
    talk.respond(invite.call, 200, SDP)
    talk.event(rf"ISUP_EVENT_ANM call={call} cic=3")
    talk.both.tell(f"rel {call} 16")
    assert talk.hears(Ended).message.get("Reason").startswith("Q.850;cause=16")
    talk.event(r"ISUP_EVENT_RLC .*cic=3")
    record = talk.over()
    assert talk.isup == ["< IAM", "> ACM", "> ANM", "< REL", "> RLC"]
    assert talk.circuits == {3}
    assert (record.cause, record.released_by, record.result) == (16, "incoming", "answered")


def test_call_to_libss7(talk):
    handle, event = talk.to_libss7("5551234", "4321")
    call, cic, called, _, calling = event.groups()
    assert (called.rstrip("F#"), calling) == ("5551234", "4321")
    iam = parsed(talk.both.lines[0].sent)[-1]
    assert ParameterCode.USER_SERVICE_INFORMATION in iam.codes()
    talk.both.tell(f"acm {call}")
    talk.both.tell(f"cpg {call} 1")
    talk.both.run_until(
        lambda: any(isinstance(p, Provisional) and p.status == 180 for p in talk.both.heard[talk.marks[2] :]), "ringing"
    )
    talk.both.tell(f"anm {call}")
    talk.hears(Answered)
    talk.both.act(talk.both.user.bye, handle, ())
    assert talk.event(r"ISUP_EVENT_REL call=(\d+) cic=(\d+) cause=(\d+)").groups() == (call, cic, "16")
    record = talk.over()
    assert talk.isup == ["> IAM", "< ACM", "< CPG", "< ANM", "> REL", "< RLC"]
    assert (record.cause, record.released_by, record.result) == (16, "incoming", "answered")


def test_answer_without_ringing(talk):
    """T1.113 has no CON: an answer at once is ACM and ANM."""
    call, invite = talk.from_libss7()
    talk.respond(invite.call, 200, SDP)
    talk.event(rf"ISUP_EVENT_ANM call={call} cic=3")
    talk.both.tell(f"rel {call} 31")
    assert talk.hears(Ended).message.get("Reason").startswith("Q.850;cause=31")
    talk.over()
    assert talk.isup == ["< IAM", "> ACM", "> ANM", "< REL", "> RLC"]


@pytest.mark.parametrize("cause", [1, 17, 19, 21, 28, 34, 41, 102])
def test_libss7_refuses(talk, cause):
    _, event = talk.to_libss7()
    talk.both.tell(f"rel {event[1]} {cause}")
    assert talk.hears(Rejected).message.get("Reason").startswith(f"Q.850;cause={cause};")
    record = talk.over()
    assert (record.cause, record.released_by, record.result) == (cause, "outgoing", "failed")
    assert talk.isup == ["> IAM", "< REL", "> RLC"]


@pytest.mark.parametrize(("status", "cause"), [(404, 1), (486, 17), (480, 18), (603, 21), (503, 41), (484, 28)])
def test_the_sip_user_refuses(talk, status, cause):
    _, invite = talk.from_libss7()
    talk.respond(invite.call, status)
    assert talk.event(r"ISUP_EVENT_REL call=\d+ cic=3 cause=(\d+)")[1] == str(cause)
    assert talk.over().cause == cause
    assert talk.isup == ["< IAM", "> REL", "< RLC"]


@pytest.mark.parametrize("state", ["called", "ringing", "answered"])
def test_libss7_releases_its_call(talk, state):
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
def test_we_release_our_call(talk, state):
    handle, event = talk.to_libss7()
    if state != "called":
        talk.both.tell(f"acm {event[1]}")
        talk.both.run_until(lambda: "< ACM" in talk.isup, "ACM")
    if state == "answered":
        talk.both.tell(f"anm {event[1]}")
        talk.hears(Answered)
    talk.both.act(talk.both.user.end, handle, 487, ())
    assert talk.event(r"ISUP_EVENT_REL call=\d+ cic=\d+ cause=(\d+)")[1] == "16"
    talk.over()
    assert talk.isup[-2:] == ["> REL", "< RLC"]


def test_many_calls_in_a_row(talk):
    """All circuits at once from libss7, then released: nothing is left over."""
    both = talk.both
    answers = [both.tell(f"call 5551{cic:03} 4321 {cic}") for cic in CICS]
    both.run_until(lambda: len(both.exchange.calls()) == len(CICS), "calls on all circuits")
    both.invite("5551234")
    assert talk.hears(Rejected).message.get("Reason").startswith("Q.850;cause=34;")
    for answer in answers:
        both.tell(f"rel {re.search(r'call=([0-9]+)', answer)[1]} 16")
    both.run_until(lambda: both.all_idle() and not both.exchange.calls(), "all idle")


def test_libss7_blocks_a_circuit(both):
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


@pytest.mark.parametrize("hardware", [False, True])
def test_groups_are_blocked(both, hardware):
    """By either side, for maintenance and hardware failure."""
    said, mark = len(both.said), len(both.isup())
    both.tell(f"cgb 1 15 {int(hardware)}")
    both.event(r"ISUP_EVENT_CGBA cic=1-15", said)
    assert {both.blocking(cic) for cic in CICS} == {
        Blocking.REMOTE_HARDWARE if hardware else Blocking.REMOTE_MAINTENANCE
    }
    both.tell(f"cgu 1 15 {int(hardware)}")
    both.event(r"ISUP_EVENT_CGUA cic=1-15", said)
    both.run_until(lambda: {both.blocking(cic) for cic in CICS} == {Blocking(0)}, "unblocked")
    mark = len(both.isup())
    both.act(both.exchange.block, "pstn", None, hardware=hardware)
    both.event(rf"ISUP_EVENT_CGB cic=1-15 type={int(hardware)}", said)
    both.run_until(lambda: both.isup()[mark:] == ["> CGB 1", "< CGBA 1"], "CGBA")
    both.act(both.exchange.unblock, "pstn", None, hardware=hardware)
    both.event(rf"ISUP_EVENT_CGU cic=1-15 type={int(hardware)}", said)
    both.run_until(lambda: both.isup()[mark:][2:] == ["> CGU 1", "< CGUA 1"], "CGUA")


@pytest.mark.parametrize(("command", "answer"), [("rsc 5", "> RLC 5"), ("grs 1 15", "> GRA 1")])
def test_libss7_resets_in_a_call(talk, command, answer):
    both = talk.both
    _, invite = talk.from_libss7(cic=5)
    talk.respond(invite.call, 180)
    talk.event(r"ISUP_EVENT_ACM")
    both.tell(command)
    both.run_until(lambda: both.isup()[-1] == answer, answer)
    talk.hears(Cancelled)
    both.run_until(lambda: not both.exchange.calls(), "no call left")


@pytest.mark.parametrize("cics", [[1], None])
def test_we_reset_in_a_call(talk, cics):
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


def test_unknown_circuit(both):
    said, mark = len(both.said), len(both.isup())
    both.tell("call 5551234 4321 20")
    both.event(r"ISUP_EVENT_UCIC cic=20", said)
    assert both.isup()[mark:] == ["< IAM 20", "> UCIC 20"]


def test_nothing_was_amiss(exchanges):
    """After all of that: our log tells of no trouble but the circuit that there is not."""
    assert [text for text in exchanges.trouble() if "20" not in text] == []
