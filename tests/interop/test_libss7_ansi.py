"""libss7 as an exchange of an ANSI network: 24-bit point codes, link tests of their own, ISUP of T1.113."""

import pytest
from support.libss7 import SDP, Exchanges, Talk, build
from support.libss7_cases import Calls, Circuits

from tandem.gateway.sip.primitives import Ended
from tandem.ss7.isup.codes import MessageType, ParameterCode
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


class TestCalls(Calls):
    """As in every variant."""


class TestCircuits(Circuits):
    """As in every variant."""


def test_bearer(talk):
    """T1.113 has user service information where Q.763 has the transmission medium requirement, both ways."""
    call, _ = talk.from_libss7(cic=3)
    talk.both.tell(f"rel {call} 16")
    talk.over()
    again = Talk(talk.both)
    _, event = again.to_libss7()
    again.both.tell(f"rel {event[1]} 16")
    again.over()
    line = talk.both.lines[0]
    for units in (line.received, line.sent):
        iam = [message for message in parsed(units) if message.type is MessageType.IAM][-1]
        assert ParameterCode.USER_SERVICE_INFORMATION in iam.codes()
        assert ParameterCode.TRANSMISSION_MEDIUM_REQUIREMENT not in iam.codes()


def test_answer_without_ringing(talk):
    """T1.113 has no CON: an answer at once is ACM and ANM."""
    call, invite = talk.from_libss7()
    talk.respond(invite.call, 200, SDP)
    talk.event(rf"ISUP_EVENT_ANM call={call} cic=3")
    talk.both.tell(f"rel {call} 31")
    assert talk.hears(Ended).message.get("Reason").startswith("Q.850;cause=31")
    talk.over()
    assert talk.isup == ["< IAM", "> ACM", "> ANM", "< REL", "> RLC"]


def test_nothing_was_amiss(exchanges):
    """After all of that: our log tells of no trouble but the circuit that there is not."""
    assert [text for text in exchanges.trouble() if "20" not in text] == []
