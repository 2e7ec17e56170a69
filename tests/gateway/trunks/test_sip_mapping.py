"""Status codes, Reason and Max-Forwards, and back."""

import pytest
from support.sip_messages import answer, invite

from tandem.gateway.calls.interworking import CauseMap
from tandem.gateway.calls.model import Number, Release, Setup
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.trunks import sip_mapping as mapping

TRUNK = SipTrunk(name="t", peer="192.0.2.1")


@pytest.mark.parametrize(
    ("forwards", "factor", "hops"), [("70", 1, 31), ("70", 5, 14), ("4", 5, 0), ("0", 1, 0), ("x", 1, None)]
)
def test_max_forwards_is_a_hop_counter_of_five_bits(forwards, factor, hops):
    assert mapping.hop_counter(forwards, factor) == hops


@pytest.mark.parametrize(("came", "goes"), [("70", 69), ("255", 254), ("32", 31), ("31", 30), ("10", 9), ("300", 30)])
def test_from_sip_to_sip_one_hop_is_used_up(came, goes):
    setup = Setup(Number("1"), hop_counter=mapping.hop_counter(came, 1), opaque=mapping.forwards_opaque(came))
    assert mapping.max_forwards(setup.next_hop()) == goes


def test_fewer_hops_of_an_iam_count():
    assert mapping.max_forwards(Setup(Number("1"), hop_counter=12, opaque=mapping.forwards_opaque("70"))) == 12


@pytest.mark.parametrize(("hops", "factor", "forwards"), [(None, 1, 70), (31, 1, 31), (14, 5, 70), (31, 20, 255)])
def test_the_hop_counter_is_max_forwards(hops, factor, forwards):
    assert mapping.max_forwards(Setup(Number("1"), hop_counter=hops), factor) == forwards


@pytest.mark.parametrize(
    ("status", "headers", "cause"),
    [
        (486, (), 17),
        (404, (), 1),
        (302, ("Contact: <sip:x@y>",), 23),
        (503, ("Reason: Q.850;cause=34",), 34),
        (480, ('Reason: SIP;cause=200, Q.850 ; text="x";cause=19',), 19),
        (480, ("Reason: Q.850;cause=200",), 18),
        (499, (), 31),
    ],
)
def test_rejection(status, headers, cause):
    release = mapping.release_of_rejection(status, answer(status, *headers), CauseMap())
    assert (release.cause, release.location) == (cause, 10)


def test_the_status_counts_where_reason_is_not_obeyed():
    release = mapping.release_of_rejection(486, answer(486, "Reason: Q.850;cause=34"), CauseMap(), obey_reason=False)
    assert release.cause == 17
    request = invite("sip:1@x", "Reason: Q.850;cause=31")
    assert mapping.release_of_request(request, CauseMap(), obey_reason=False).cause == 16


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (None, 16),
        ("Q.850;cause=31", 31),
        ('SIP;cause=200;text="Call completed elsewhere"', 26),
        ("SIP;cause=486", 17),
        ("SIP;cause=486, Q.850;cause=34", 34),
        ("X;cause=3", 16),
    ],
)
def test_bye_and_cancel(reason, cause):
    """RFC 3326; 200 of SIP is a call that was answered elsewhere."""
    request = invite("sip:1@x", *([f"Reason: {reason}"] if reason else []))
    assert mapping.release_of_request(request, CauseMap()).cause == cause


@pytest.mark.parametrize("location", [0, 1, 2, 3, 4, 5, 7, 10])
def test_reason_round_trip(location):
    """RFC 8606: the location too."""
    ((name, value),) = mapping.reason_headers(Release(17, location), TRUNK)
    assert (name, value[:32]) == ("Reason", 'Q.850;cause=17;text="User busy";')
    found = mapping.reason_of(invite("sip:1@x", f"{name}: {value}"))
    assert (found.cause, found.location) == (17, location)
    assert mapping.reason_cause(invite("sip:1@x", f"{name}: {value}")) == 17


def test_no_reason_where_it_is_not_sent():
    assert mapping.reason_headers(Release(17), SipTrunk(name="t", peer="192.0.2.1", send_reason=False)) == ()
    assert mapping.reason_headers(Release(17, 6), TRUNK)[0][1] == 'Q.850;cause=17;text="User busy"'


@pytest.mark.parametrize("status", [480, 485, 600, 606])
def test_a_status_of_the_called_user_goes_from_sip_to_sip_as_it_is(status):
    release = mapping.release_of_rejection(status, answer(status), CauseMap())
    assert mapping.status_of(release, CauseMap()) == status


@pytest.mark.parametrize(("status", "onward"), [(503, 503), (401, 403), (420, 500), (400, 503)])
def test_other_statuses_go_by_their_cause(status, onward):
    release = mapping.release_of_rejection(status, answer(status), CauseMap())
    assert mapping.status_of(release, CauseMap()) == onward


def test_a_row_of_the_operator_goes_before_the_status():
    causes = CauseMap.with_overrides({"isup-sip 18": 404})
    release = mapping.release_of_rejection(480, answer(480), causes)
    assert mapping.status_of(release, causes) == 404
