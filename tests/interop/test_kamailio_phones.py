"""Kamailio as registrar, a baresip and a pjsua2 phone registered there, and a gateway between them, by each SIP engine.

A number with 8 or 9 in front goes from Kamailio to a gateway, which takes the digit away and sends the call back: every
call passes Kamailio twice. Called both ways, with speech, hold and digits.
"""

import contextlib
import time

import numpy as np
import pytest
from support.baresip import Baresip
from support.gateways import wait_for
from support.kamailio import Kamailio
from support.peers import INTEROP
from support.pjsua import PjsuaPhone
from support.sip_gateway import SipGateway, free_stream_ports

from tandem.codecs.quality import measure, probe

pytestmark = [pytest.mark.interop, pytest.mark.realtime]

SECONDS = 2.0
BARESIP, PJSUA = "4930101", "4930102"
PREFIXES = {"native": "8", "pjsua2": "9"}
HELD = 3
"""pjsua media status of a call that the other party holds."""


def speech(seed):
    return np.tile(np.asarray(probe(int(8000 * SECONDS), seed)), 20)


def gateway_text(engine, listen, by_pjsip, rtp, kamailio):
    return f"""
[sip]
listen = "127.0.0.1:{listen}"
[sip.pjsua2]
listen = "127.0.0.1:{by_pjsip}"
ports = [{rtp}, {rtp + 19}]
[[trunk]]
name = "kamailio"
type = "sip"
engine = "{engine}"
peer = "127.0.0.1:{kamailio}"
codecs = ["PCMA"]
[[sip.registration]]
trunk = "kamailio"
user = "{engine}"
password = "secret"
number = "8{BARESIP}"
[[route]]
trunk = ["kamailio"]
called = '^[89]([0-9]+)$'
set_called = '\\1'
to = ["kamailio"]
"""


class Telephones:
    """Everything that runs."""

    def __init__(self, folder, stack):
        port = free_stream_ports(352)
        rtp, media = port + 12, port + 112
        self.kamailio = port
        own = {"native": port + 1, "pjsua2": port + 2}
        defines = {
            "PROVIDER_UDP": f"udp:127.0.0.1:{port}",
            "PROVIDER_TCP": f"tcp:127.0.0.1:{port}",
            "GATEWAY_8": f"sip:127.0.0.1:{own['native']}",
            "GATEWAY_9": f"sip:127.0.0.1:{own['pjsua2']}",
        }
        stack.enter_context(Kamailio(folder / "kamailio", INTEROP / "peers" / "registrar.cfg", defines, port))
        self.gateways = {}
        for place, engine in enumerate(own):
            other = port + 3 + place
            listen, by_pjsip = (own[engine], other) if engine == "native" else (other, own[engine])
            text = gateway_text(engine, listen, by_pjsip, rtp + 20 * place, port)
            gateway = SipGateway(folder / engine, text, engine, rtp=media + 120 * place)
            self.gateways[engine] = stack.enter_context(contextlib.closing(gateway))
        account = f"<sip:{BARESIP}@127.0.0.1:{port}>;auth_pass=secret;regint=60"
        self.baresip = stack.enter_context(
            Baresip(folder / "baresip", account, speech(1), port + 6, port + 8, rtp + 40)
        )
        self.pjsua = PjsuaPhone(folder / "pjsua", port + 10, rtp + 60, speech(2), registrar=(port, PJSUA, "secret"))
        self.heard = np.zeros(0, np.int16)
        stack.callback(self.hang_up)
        wait_for(lambda: "[1 binding]" in self.baresip.said(), f"baresip registered: {self.baresip.said()}")
        self.pjsua.wait_for("registered", code=200)

    def hang_up(self):
        """End the pjsua2 phone; what it has heard is in `heard` then."""
        if self.pjsua is not None:
            self.heard, self.pjsua = self.pjsua.close(), None


@pytest.fixture(scope="module")
def phones(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield Telephones(tmp_path_factory.mktemp("phones"), stack)


def judge(heard, seed):
    quality = measure(np.asarray(probe(int(8000 * SECONDS), seed)), heard)
    assert quality.heard, quality
    assert quality.matched_samples > 6000, quality
    assert quality.snr_db > 25, quality


@pytest.mark.parametrize("engine", ["native", "pjsua2"])
def test_calls_both_ways(phones, engine):
    gateway, baresip, pjsua = phones.gateways[engine], phones.baresip, phones.pjsua
    prefix = PREFIXES[engine]

    def count(kind):
        return baresip.events().count(kind)

    # baresip calls, holds, takes back, sends a digit, and hangs up.
    established, mark = count("CALL_ESTABLISHED"), len(pjsua.read())
    baresip.command("dial", f"sip:{prefix}{PJSUA}@127.0.0.1:{phones.kamailio}")
    assert BARESIP in pjsua.wait_for("incoming", since=mark)["uri"]
    pjsua.do("answer")
    baresip.wait_for("CALL_ESTABLISHED", established + 1)
    time.sleep(SECONDS + 1.0)
    mark = len(pjsua.read())
    baresip.command("hold")
    pjsua.wait_for("media", since=mark, status=HELD)
    mark = len(pjsua.read())
    baresip.command("resume")
    pjsua.wait_for("media", since=mark, status=1)
    baresip.command("sndcode", "7")
    pjsua.wait_for("dtmf", since=mark, digit="7")
    baresip.command("hangup")
    pjsua.wait_for("state", since=mark, state="DISCONNECTED")
    wait_for(lambda: len(gateway.records()) == 1, "the record of the first call")
    # The pjsua2 phone calls, sends a digit, and is left.
    established, incoming, mark = count("CALL_ESTABLISHED"), count("CALL_INCOMING"), len(pjsua.read())
    pjsua.do("call", f"sip:{prefix}{BARESIP}@127.0.0.1:{phones.kamailio}")
    baresip.wait_for("CALL_INCOMING", incoming + 1)
    pjsua.wait_for("state", since=mark, code=180)
    baresip.command("accept")
    baresip.wait_for("CALL_ESTABLISHED", established + 1)
    pjsua.wait_for("state", since=mark, state="CONFIRMED")
    time.sleep(SECONDS + 1.0)
    digits = count("CALL_DTMF_START")
    pjsua.do("dtmf", "5")
    baresip.wait_for("CALL_DTMF_START", digits + 1)
    baresip.command("hangup")
    pjsua.wait_for("state", since=mark, state="DISCONNECTED")
    wait_for(lambda: len(gateway.records()) == 2, "the record of the second call")
    ends = [(record.result, record.cause, record.released_by, record.incoming.calling) for record in gateway.records()]
    assert ends == [("answered", 16, "incoming", BARESIP), ("answered", 16, "outgoing", PJSUA)]
    judge(baresip.heard()[-1], 2)


@pytest.mark.parametrize("engine", ["native", "pjsua2"])
def test_a_gateway_is_registered_and_called(phones, engine):
    """Its account at Kamailio: calls to it go on to the baresip phone."""
    gateway, baresip, pjsua = phones.gateways[engine], phones.baresip, phones.pjsua
    wait_for(lambda: gateway.said(f"registration sip:{engine}@127.0.0.1: registered"), "the registration")
    before, incoming, mark = len(gateway.records()), baresip.events().count("CALL_INCOMING"), len(pjsua.read())
    pjsua.do("call", f"sip:{engine}@127.0.0.1:{phones.kamailio}")
    baresip.wait_for("CALL_INCOMING", incoming + 1)
    pjsua.do("hangup")
    pjsua.wait_for("state", since=mark, state="DISCONNECTED")
    wait_for(lambda: len(gateway.records()) == before + 1, "the record")
    record = gateway.records()[-1]
    assert (record.incoming.called, record.released_by, record.result) == (f"8{BARESIP}", "incoming", "failed")


def test_what_the_pjsua2_phone_heard(phones):
    """Over all the calls before: it writes its file when it ends."""
    phones.hang_up()
    judge(phones.heard, 1)
