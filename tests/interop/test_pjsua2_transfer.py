"""Attended transfer between three PJSIP phones: REFER with Replaces from one, and speech between the other two."""

import time

import numpy as np
import pytest
from support.gateways import free_ports, wait_for
from support.pjsua import PjsuaPhone
from support.sip_gateway import sip_gateway

from tandem.codecs.quality import measure, probe

pytestmark = [pytest.mark.interop, pytest.mark.realtime]

SECONDS = 2.0
NAMES = {"asks": "", "party": "1000", "target": "2000"}


def speech(seed):
    return np.tile(np.asarray(probe(int(8000 * SECONDS), seed)), 10)


@pytest.mark.parametrize("engine", ["native", "pjsua2"])
def test_the_two_others_talk(tmp_path, engine):
    """`engine`: of the trunk of who asks, which has two calls; PJSIP has room for three."""
    port = free_ports(160)
    text = f'[sip]\nlisten = "127.0.0.1:{port}"\n'
    if engine == "pjsua2":
        rtp = free_ports(20)
        text += f'[sip.pjsua2]\nlisten = "127.0.0.1:{port + 8}"\nports = [{rtp}, {rtp + 19}]\n'
    for place, (name, number) in enumerate(NAMES.items(), 1):
        peer = f'peer = "127.0.0.1:{port + 2 * place}"\nrefer = "perform"\ncodecs = ["PCMA"]'
        peer += f'\nengine = "{engine}"' if name == "asks" else ""
        text += f'[[trunk]]\nname = "{name}"\ntype = "sip"\n{peer}\n'
        text += f'[[route]]\ncalled = "^{number}$"\nto = ["{name}"]\n' if number else ""
    with sip_gateway(tmp_path, text, rtp=port + 40) as gateway:
        phones = {
            name: PjsuaPhone(tmp_path / name, port + 2 * place, port + 10 * place, speech(place))
            for place, name in enumerate(NAMES, 1)
        }
        try:
            asks = phones["asks"]
            for name in ("party", "target"):
                mark = len(asks.read())
                asks.do("call", f"sip:{NAMES[name]}@127.0.0.1:{port + 8 * (engine == 'pjsua2')}")
                phones[name].wait_for("incoming")
                phones[name].do("answer")
                asks.wait_for("state", since=mark, state="CONFIRMED")
                if name == "party":
                    asks.do("hold")
            asks.do("transfer")
            assert asks.wait_for("transfer", final=True)["code"] == 200
            wait_for(lambda: sum(event.get("state") == "DISCONNECTED" for event in asks.read()) == 2, "both calls over")
            time.sleep(SECONDS + 1.0)
            phones["target"].do("hangup")
            phones["party"].wait_for("state", state="DISCONNECTED")
            wait_for(lambda: len(gateway.records()) == 3, "three records")
        finally:
            heard = {name: phone.close() for name, phone in phones.items()}
    *before, after = gateway.records()
    assert [(one.incoming.trunk, one.outgoing.trunk) for one in before] == [("asks", "party"), ("asks", "target")]
    assert (after.incoming.trunk, after.outgoing.trunk, after.result) == ("party", "target", "answered")
    assert after.linked == [one.id for one in before]
    for name, seed in (("party", 3), ("target", 2)):
        quality = measure(np.asarray(probe(int(8000 * SECONDS), seed)), heard[name][-int(8000 * (SECONDS + 2)) :])
        assert quality.heard, (name, quality)
        assert quality.matched_samples > 6000, (name, quality)
        assert quality.snr_db > 25, (name, quality)
