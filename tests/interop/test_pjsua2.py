"""PJSIP phones on both sides of a gateway, one by SRTP, one in the clear: called both ways, hold, DTMF, speech.

The same with each SIP engine of the gateway.
"""

import time

import numpy as np
import pytest
from support.gateways import free_ports, wait_for
from support.pjsua import PjsuaPhone
from support.sip_gateway import sip_gateway

from tandem.codecs.quality import measure, probe

pytestmark = [pytest.mark.interop, pytest.mark.realtime]

SECONDS = 2.0
HOLDS = 3
"""pjsua media status of a call that the other party holds; 2 is held by ourselves."""


def speech(seed):
    return np.tile(np.asarray(probe(int(8000 * SECONDS), seed)), 10)


def configuration(gateway, one, other, engine, by_pjsip, rtp):
    return f"""
[sip]
listen = "127.0.0.1:{gateway}"
[sip.pjsua2]
listen = "127.0.0.1:{by_pjsip}"
ports = [{rtp}, {rtp + 19}]
[[trunk]]
name = "secure"
type = "sip"
engine = "{engine}"
peer = "127.0.0.1:{one}"
accept_from = []
codecs = ["PCMA"]
srtp = "required"
session_seconds = 1800
[[trunk]]
name = "clear"
type = "sip"
engine = "{engine}"
peer = "127.0.0.1:{other}"
codecs = ["PCMA"]
reliable_responses = "required"
[[route]]
trunk = ["secure"]
to = ["clear"]
[[route]]
trunk = ["clear"]
to = ["secure"]
"""


# On PJSIP both trunks are, so one direction has it call and be called.
@pytest.mark.parametrize(
    ("direction", "engine"), [("secure calls", "native"), ("clear calls", "native"), ("secure calls", "pjsua2")]
)
def test_a_call(tmp_path, direction, engine):
    port = free_ports(190)
    rtp = port + 10
    text = configuration(port, port + 2, port + 4, engine, port + 6, rtp + 40)
    with sip_gateway(tmp_path, text, rtp=port + 70) as gateway:
        secure = PjsuaPhone(tmp_path / "secure", port + 2, rtp, speech(1), "mandatory")
        clear = PjsuaPhone(tmp_path / "clear", port + 4, rtp + 20, speech(2))
        phones = (secure, clear) if direction == "secure calls" else (clear, secure)
        try:
            caller, callee = phones
            caller.do("call", f"sip:4930123@127.0.0.1:{port if engine == 'native' else port + 6}")
            assert "4930" in callee.wait_for("incoming")["uri"]
            caller.wait_for("state", code=180)
            callee.do("answer")
            for phone in phones:
                phone.wait_for("state", state="CONFIRMED")
            time.sleep(SECONDS + 1.0)
            caller.do("dtmf", "5")
            callee.wait_for("dtmf", digit="5")
            time.sleep(0.5)
            mark = len(callee.read())
            caller.do("hold")
            callee.wait_for("media", since=mark, status=HOLDS)
            mark = len(callee.read())
            caller.do("unhold")
            callee.wait_for("media", since=mark, status=1)
            callee.do("hangup")
            for phone in phones:
                phone.wait_for("state", state="DISCONNECTED")
            wait_for(gateway.records, "the record")
        finally:
            heard = {"secure": secure.close(), "clear": clear.close()}
        record = gateway.records()[-1]
        assert (record.result, record.cause, record.released_by) == ("answered", 16, "outgoing")
        for name, seed in (("secure", 2), ("clear", 1)):
            quality = measure(np.asarray(probe(int(8000 * SECONDS), seed)), heard[name][: int(8000 * (SECONDS + 4))])
            assert quality.heard, (name, quality)
            assert quality.matched_samples > 6000, (name, quality)
            assert quality.snr_db > 25, (name, quality)
