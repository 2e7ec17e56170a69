"""Offers and answers of one half-call."""

import pytest
from support.sip_pair import OFFER, counting_token

from tandem.gateway.calls.control import CallControl
from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.routing import RoutingTable
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.media.protocol import CloseRtp, Detect, OpenRtp, RtpEndpoint, UpdateRtp
from tandem.gateway.sip import sdp
from tandem.gateway.trunks.sip_session import Sessions, Verdict

ANSWER = OFFER.replace(b"RTP/AVP 8", b"RTP/AVP 8 101") + b"a=rtpmap:101 telephone-event/8000\r\n"


class Fixture:
    def __init__(self, laws=("A", "u"), addresses=("192.0.2.9", ""), peer="", **options):
        self.control = CallControl(RoutingTable([]), lambda now: now)
        self.media = Sessions(self.control, addresses[0], counting_token("t"), addresses[1])
        self.media.ports.extend([4000, 4002])
        self.trunk = SipTrunk(name="t", peer="192.0.2.1", **options)
        self.session = self.media.open(self.trunk, HalfCall(None, True), laws, peer)  # type: ignore[arg-type]
        self.media.start(self.session)

    def told(self):
        commands, self.control.media_commands = self.control.media_commands, []
        return commands

    @property
    def local(self):
        return sdp.parse(self.session.local).media[0]


def test_open_and_close():
    made = Fixture(silence_seconds=7)
    assert made.told() == [OpenRtp(1, 4000, "A", 8, silence_seconds=7)]
    made.media.close(made.session)
    made.media.close(made.session)
    assert made.told() == [CloseRtp(1)]
    assert list(made.media.ports) == [4002, 4000]
    made.media.ports.clear()
    assert made.media.open(made.trunk, HalfCall(None, True), ("A",)) is None  # type: ignore[arg-type]


SIX = OFFER.replace(b"IP4 10.0.0.1", b"IP6 2001:db8::1")
BOTH = ("192.0.2.9", "2001:db8::9")


def connection(description):
    return next(line for line in description.decode().split("\r\n") if line.startswith("c="))


@pytest.mark.parametrize(
    ("addresses", "peer", "offered"),
    [
        (BOTH, "10.0.0.1", "c=IN IP4 192.0.2.9"),
        (BOTH, "2001:db8::1", "c=IN IP6 2001:db8::9"),
        (("192.0.2.9", ""), "2001:db8::1", "c=IN IP4 192.0.2.9"),
        (("2001:db8::9", ""), "10.0.0.1", "c=IN IP6 2001:db8::9"),
    ],
)
def test_we_offer_the_version_of_ip_that_the_peer_is_reached_over(addresses, peer, offered):
    made = Fixture(addresses=addresses, peer=peer)
    assert connection(made.media.offer(made.session)) == offered


@pytest.mark.parametrize("offer", [OFFER, SIX])
def test_we_answer_with_the_version_of_ip_that_was_offered(offer):
    made = Fixture(addresses=BOTH, peer="10.0.0.1")
    assert made.media.take_offer(made.session, offer) is Verdict.AGREED
    version = connection(offer)[5:8]
    assert connection(made.session.local).startswith(f"c=IN {version} ")
    held = offer.replace(connection(offer).encode(), b"c=IN IP4 0.0.0.0").replace(b"o=- 1 1", b"o=- 1 2")
    assert made.media.take_offer(made.session, held) is Verdict.AGREED
    assert connection(made.session.local).startswith(f"c=IN {version} "), "hold names no place"


def test_a_version_of_ip_that_we_have_not_is_nothing_in_common():
    made = Fixture()
    assert made.media.take_offer(made.session, SIX) is Verdict.NOTHING_IN_COMMON
    assert made.media.read_answer(made.session, SIX) is None
    made = Fixture(addresses=("2001:db8::9", ""))
    assert made.media.take_offer(made.session, OFFER) is Verdict.NOTHING_IN_COMMON


def test_an_offer_of_the_peer():
    made = Fixture()
    made.told()
    assert made.media.take_offer(made.session, ANSWER) is Verdict.AGREED
    assert made.told() == [UpdateRtp(1, "A", 8, ("10.0.0.1", 4000), 101, send=True)]
    assert (made.local.port, made.local.direction) == (4000, "sendrecv")
    assert made.media.take_offer(made.session, b"x") is Verdict.MALFORMED
    assert made.media.take_offer(made.session, OFFER.replace(b"AVP 8", b"AVP 18")) is Verdict.NOTHING_IN_COMMON


@pytest.mark.parametrize(
    ("ours", "theirs", "sent"),
    [(20, None, 20), (30, None, 30), (20, 40, 40), (20, 120, 60), (20, 15, 10), (30, 5, 10)],
)
def test_the_packet_time_is_what_the_peer_asks_for_as_far_as_can_be(ours, theirs, sent):
    made = Fixture(ptime=ours)
    made.told()
    offer = ANSWER if theirs is None else ANSWER + f"a=ptime:{theirs}\r\n".encode()
    assert made.media.take_offer(made.session, offer) is Verdict.AGREED
    assert made.told() == [UpdateRtp(1, "A", 8, ("10.0.0.1", 4000), 101, send=True, packet_time=sent)]
    assert made.local.ptime == sent
    assert f"a=ptime:{ours}\r\n".encode() in made.media.offer(made.session)


def test_comfort_noise_is_agreed_and_told():
    made = Fixture(silence_suppression=True)
    made.told()
    made.media.take_offer(made.session, ANSWER.replace(b"AVP 8", b"AVP 8 13"))
    assert made.told()[0].comfort_noise
    assert "13" in made.local.formats
    made.media.take_offer(made.session, ANSWER)
    assert not made.told()[0].comfort_noise
    assert "13" not in made.local.formats


def test_an_offer_that_changes_nothing_gets_the_same_answer():
    """RFC 4028 7.4, RFC 3264 8: the version of o= tells."""
    made = Fixture()
    made.media.take_offer(made.session, OFFER)
    first = made.session.local
    made.media.take_offer(made.session, OFFER)
    assert made.session.local == first
    made.media.take_offer(made.session, OFFER.replace(b"1 1 IN", b"1 2 IN"))
    assert made.session.local == first.replace(b" 1 1 IN", b" 1 2 IN")


@pytest.mark.parametrize(
    ("holding", "theirs", "ours"),
    [(False, b"sendonly", "recvonly"), (False, b"inactive", "inactive"), (True, b"sendrecv", "sendonly"),
     (True, b"sendonly", "inactive")],
)  # fmt: skip
def test_hold(holding, theirs, ours):
    made = Fixture()
    made.session.holding = holding
    made.media.take_offer(made.session, OFFER + b"a=" + theirs + b"\r\n")
    assert made.local.direction == ours


@pytest.mark.parametrize(
    ("holding", "held", "direction"),
    [(False, False, "sendrecv"), (True, False, "sendonly"), (False, True, "recvonly"), (True, True, "inactive")],
)
def test_our_offer(holding, held, direction):
    made = Fixture()
    made.session.holding, made.session.held = holding, held
    made.media.offer(made.session)
    assert made.local.direction == direction
    assert made.session.offering
    assert not made.media.take_answer(made.session, b"")
    assert not made.media.take_answer(made.session, b"x")
    assert made.media.take_answer(made.session, ANSWER)
    assert not made.session.offering


def test_clear_mode():
    """RFC 4040: offered first, no telephone-events with it, the octets are nobody's law."""
    made = Fixture(laws=(sdp.CLEAR, "A"))
    assert made.told()[0].payload_type == 97
    made.media.offer(made.session)
    assert b"m=audio 4000 RTP/AVP 97 8\r\na=rtpmap:97 CLEARMODE/8000\r\n" in made.session.local
    answer = OFFER.replace(b"RTP/AVP 8", b"RTP/AVP 97") + b"a=rtpmap:97 CLEARMODE/8000\r\n"
    assert made.media.take_answer(made.session, answer)
    assert made.session.half.clear_channel
    assert made.told() == [UpdateRtp(1, "A", 97, ("10.0.0.1", 4000), None, send=True)]
    assert made.media.take_answer(made.session, OFFER)
    assert not made.session.half.clear_channel
    assert made.told()[1:] == [Detect(RtpEndpoint(1))]


# --- SRTP (RFC 4568)

KEY = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
SECURE = OFFER.replace(b"RTP/AVP", b"RTP/SAVP") + f"a=crypto:2 AES_CM_128_HMAC_SHA1_32 {KEY}\r\n".encode()


@pytest.mark.parametrize(
    ("srtp", "body", "verdict"),
    [
        ("off", OFFER, Verdict.AGREED),
        ("off", SECURE, Verdict.NOTHING_IN_COMMON),
        ("offered", OFFER, Verdict.AGREED),
        ("offered", SECURE, Verdict.AGREED),
        ("required", OFFER, Verdict.NOTHING_IN_COMMON),
        ("required", SECURE, Verdict.AGREED),
        ("required", SECURE.replace(b"a=crypto", b"a=x"), Verdict.NOTHING_IN_COMMON),
    ],
)
def test_which_profile_is_taken(srtp, body, verdict):
    made = Fixture(srtp=srtp)
    assert made.told()[0].secure is (srtp != "off")
    assert made.media.take_offer(made.session, body) is verdict
    if verdict is Verdict.AGREED:
        update, detect = made.told()
        assert detect == Detect(RtpEndpoint(1))  # no telephone-events are offered
        assert (update.keys is not None) is (body is SECURE)
        assert made.local.profile == ("RTP/SAVP" if body is SECURE else "RTP/AVP")


def test_the_answer_has_a_key_of_ours_with_the_tag_and_suite_of_the_offer():
    made = Fixture(srtp="required")
    made.media.take_offer(made.session, SECURE)
    keys = made.told()[1].keys
    (ours,) = made.local.crypto
    assert (ours.tag, ours.suite, ours.key) == (2, keys.suite, keys.send)
    assert keys.receive != keys.send
    made.media.take_offer(made.session, SECURE.replace(b"1 1 IN", b"1 2 IN") + b"a=sendonly\r\n")
    assert made.told()[0].keys == keys, "hold changes no keys"


def test_our_offer_has_a_key_and_its_answer_the_other():
    made = Fixture(srtp="offered")
    made.media.offer(made.session)
    (ours,) = made.local.crypto
    assert (made.local.profile, ours.suite) == ("RTP/SAVP", "AES_CM_128_HMAC_SHA1_80")
    made.told()
    answer = SECURE.replace(b"crypto:2 AES_CM_128_HMAC_SHA1_32", b"crypto:1 AES_CM_128_HMAC_SHA1_80")
    assert made.media.take_answer(made.session, answer)
    update, _ = made.told()
    assert update.keys.send == ours.key


def test_keys_differ_from_call_to_call():
    made = Fixture()
    assert made.media._key() != made.media._key()
