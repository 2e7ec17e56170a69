"""Which INVITEs go before others."""

import pytest
from support.sip_bench import OFFER, SipBench

from tandem.gateway.calls.model import Nature
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip.message import Request, parse_message
from tandem.gateway.sip.primitives import Answered, InviteRequest, Rejected
from tandem.gateway.trunks.access import parameter, parameter_of
from tandem.gateway.trunks.isup_mapping import iam_parameters, setup_from
from tandem.gateway.trunks.sip_identity import setup_of
from tandem.gateway.trunks.sip_priority import has_priority, headers, opaque_of, refusal
from tandem.ss7.isup.codes import MessageType, ParameterCode
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.supplementary import MlppPrecedence

TRUSTED = SipTrunk(name="t", peer="192.0.2.1")
STRANGE = SipTrunk(name="t", peer="192.0.2.1", trusted=False)


def invite(uri="sip:30@h", **fields):
    return Request("INVITE", uri, {name.replace("_", "-"): [value] for name, value in fields.items()}, b"")


@pytest.mark.parametrize(
    ("request_", "priority"),
    [
        (invite(), False),
        (invite(resource_priority="ets.0"), True),
        (invite(resource_priority="WPS.4"), True),
        (invite(resource_priority="esnet.1"), True),
        (invite(resource_priority="dsn.flash"), True),
        (invite(resource_priority="dsn.routine"), False),
        (invite(resource_priority="drsn.routine"), False),
        (invite(resource_priority="q735.3"), True),
        (invite(resource_priority="q735.4"), False),
        (invite(resource_priority="dsn.routine, ets.2"), True),
        (invite(resource_priority="made-up.0"), False),
        (invite(p_asserted_identity="<sip:+4930;cpc=priority@h;user=phone>"), True),
        (invite(p_asserted_identity="<tel:+4930;cpc=ordinary>"), False),
        (invite(**{"from": "<tel:+4930;CPC=emergency>;tag=1"}), True),
        (invite(**{"from": "<sip:cpc=priority@h>;tag=1"}), False),
    ],
)
def test_what_asks_for_it(request_, priority):
    assert has_priority(request_, TRUSTED, ()) is priority
    assert not has_priority(request_, STRANGE, ())
    assert not has_priority(request_, None, ())


@pytest.mark.parametrize(
    ("uri", "priority"),
    [("sip:112@h", True), ("tel:112", True), ("sip:112;phone-context=+49@h", True), ("sip:1123@h", False)],
)
def test_emergency_calls_of_whoever_may_call_at_all(uri, priority):
    assert has_priority(invite(uri), None, ["112"]) is priority
    assert not has_priority(invite(uri), None, [])


@pytest.mark.parametrize(
    ("value", "onward", "level"),
    [
        ("ets.0", "ets.0", None),
        ("q735.1", "q735.1", 1),
        ("Q735.3, wps.2,q735.2", "Q735.3, wps.2, q735.2", 2),
        ("dsn.flash-override", "dsn.flash-override", None),
        ("q735.7", "q735.7", None),
    ],
)
def test_it_goes_on_from_a_trusted_peer_to_a_trusted_peer(value, onward, level):
    opaque = opaque_of(invite(resource_priority=value), TRUSTED)
    assert headers(opaque, TRUSTED) == (("Resource-Priority", onward),)
    assert headers(opaque, STRANGE) == ()
    assert opaque_of(invite(resource_priority=value), STRANGE) == ()
    octets = parameter_of(opaque, ParameterCode.MLPP_PRECEDENCE)
    assert (octets and MlppPrecedence.parse(octets).precedence) == level


@pytest.mark.parametrize("value", ["", "ets", ".0", "ets.", "ets.0.1", "a b.0", "ets.0\r\nVia: x"])
def test_what_is_no_value_does_not_go_on(value):
    assert opaque_of(invite(resource_priority=value), TRUSTED) == ()


def test_nothing_without_it():
    assert opaque_of(invite(), TRUSTED) == ()
    assert headers((), TRUSTED) == ()


@pytest.mark.parametrize(
    ("octets", "onward"), [("000000000001", "q735.0"), ("440000000000", "q735.4"), ("09", ""), ("0f" * 6, "")]
)
def test_precedence_of_isup(octets, onward):
    opaque = (parameter(ParameterCode.MLPP_PRECEDENCE, bytes.fromhex(octets)),)
    assert headers(opaque, TRUSTED) == ((("Resource-Priority", onward),) if onward else ())


def test_an_iam_has_the_precedence_of_an_invite_and_the_other_way_round():
    """From SIP to ISUP and on to SIP."""
    text = (
        "INVITE sip:+4930100@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:2@h>;tag=1\r\n"
        "To: <sip:1@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nResource-Priority: q735.1\r\n\r\n"
    )
    setup = setup_of(parse_message(text.encode()), TRUSTED)
    assert setup is not None
    iam = Message.build(MessageType.IAM, 5, iam_parameters(setup, Nature.NATIONAL, 10, "49"))
    assert iam.find(MlppPrecedence) == MlppPrecedence(1, 2)
    onward = setup_from(Message.parse(iam.encode()), True, None)
    assert headers(onward.opaque, TRUSTED) == (("Resource-Priority", "q735.1"),)


@pytest.mark.parametrize(
    ("value", "trusted", "stranger"),
    [
        ("ets.0", None, 403),
        ("Q735.4", None, 403),
        ("made-up.1, esnet.2", None, 403),
        ("drsn.flash-override-override", None, 403),
        ("dsn.flash-override-override", 417, 417),
        ("made-up.1", 417, 417),
        ("ets.5", 417, 417),
        ("", 417, 417),
    ],
)
def test_a_priority_that_must_be_minded(value, trusted, stranger):
    """RFC 4412 4.6: what is required is understood, or refused with what would be."""
    asked = invite(resource_priority=value, require="100rel, Resource-Priority")
    for trunk, status in ((TRUSTED, trusted), (STRANGE, stranger)):
        found = refusal(asked, trunk)
        assert (None if found is None else found[0]) == status
        if found is not None and status == 417:
            ((name, values),) = found[1]
            assert name == "Accept-Resource-Priority"
            assert {"ets.0", "q735.4", "dsn.routine", "drsn.flash-override-override"} <= set(values.split(", "))
    assert refusal(invite(resource_priority=value), STRANGE) is None


@pytest.mark.parametrize(("value", "status"), [("ets.1", 200), ("made-up.1", 417)])
def test_a_call_that_requires_it(value, status):
    bench = SipBench(
        '[[trunk]]\nname = "a"\ntype = "sip"\npeer = "10.0.0.1"\n[[trunk]]\nname = "b"\ntype = "sip"\n'
        'peer = "10.0.0.2"\n[[route]]\nto = ["b"]\n'
    )
    caller = bench.agent("10.0.0.1")
    bench.agent("10.0.0.2", answer=200)
    uri = "sip:4930200@127.0.0.1:5060"
    fields = (("Require", "resource-priority"), ("Resource-Priority", value))
    caller.invite(InviteRequest(uri, "sip:1@10.0.0.1", uri, ("127.0.0.1", 5060), OFFER, headers=fields), 0.0)
    bench.run(0.5)
    found = bench.heard(caller, Answered if status == 200 else Rejected)
    assert [one.message.status for one in found] == [status]
