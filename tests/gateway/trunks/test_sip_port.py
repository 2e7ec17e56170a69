"""A peer as a trunk: what its configuration makes of it."""

from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip import sdp
from tandem.gateway.trunks.sip_port import SipTrunkPort


class Owner:
    """Notes what it is asked."""

    def __init__(self):
        self.asked = []

    def __getattr__(self, name):
        return lambda *arguments: self.asked.append((name, arguments))


def port(**options):
    return SipTrunkPort(SipTrunk(name="t", peer="192.0.2.1:5070", **options), Owner())


def test_addresses():
    made = port(accept_from=["192.0.2.9"])
    assert made.peer[:2] == ("192.0.2.1", 5070)
    assert made.destination_of("sip:1@192.0.2.7")[:2] == ("192.0.2.7", 5060)
    assert made.destination_of("sip:1@host.example")[:2] == ("192.0.2.1", 5070)
    assert made.host == ""
    assert port(domain="sip.example").host == "sip.example"


def test_what_its_calls_may_use():
    made = port(codecs=("PCMU", "PCMA"), reliable_responses="required", session_seconds=600, digits="info")
    assert made.laws == ("u", "A")
    assert made.clear_laws == (sdp.CLEAR, "u", "A")
    assert (made.options.reliable, made.options.session_expires) == ("required", 600)
    assert made.takes_digits
    assert not made.carries_isup
    assert port(isup_variant="ansi").carries_isup


def test_the_limit_on_calls():
    made = port(max_calls=1)
    assert not made.full
    made.calls = 1
    assert made.full
    assert not port().full


def test_its_owner_does_the_work():
    made = port()
    made.offer(None, None, 0.0)
    made.send(None, None, 0.0)
    made.release(None, None, 0.0)
    assert [name for name, _ in made._owner.asked] == ["offer", "send", "release"]
