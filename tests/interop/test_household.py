"""Several real phones of one user, baresip and PJSIP: all ring, one answers and has the speech of the call.

By each SIP engine of the gateway; that on PJSIP has room for three calls, so there the house has two phones.
"""

import time

import numpy as np
import pytest
from support.baresip import Baresip
from support.gateways import free_ports, wait_for
from support.pjsua import PjsuaPhone
from support.sip_gateway import by_engine, free_stream_ports, sip_gateway

from tandem.codecs.quality import measure, probe

pytestmark = [pytest.mark.interop, pytest.mark.realtime, pytest.mark.alone]  # several phones speak at once

SECONDS = 2.0
SEEDS = {"carol": 1, "one": 2, "two": 3, "three": 4}
ELSEWHERE = b'Reason: SIP;cause=200;text="Call completed elsewhere"'
CONFIGURATION = """
[sip]
listen = "127.0.0.1:{port}"
capture = true
[[sip.user]]
name = "carol"
password = "c-secret"
number = "100"
[[sip.user]]
name = "house"
password = "h-secret"
number = "200"
[[trunk]]
name = "phones"
type = "sip"
registrar = true
accept_from = ["127.0.0.1"]
[[route]]
trunk = ["phones"]
to = ["phones"]
"""


def speech(name):
    return np.tile(np.asarray(probe(int(8000 * SECONDS), SEEDS[name])), 10)


@pytest.fixture(scope="module", params=["native", "pjsua2"])
def household(tmp_path_factory, request):
    """A gateway, the phone of carol, and those of the house: one baresip or two, and a PJSIP."""
    folder = tmp_path_factory.mktemp("household")
    port = free_stream_ports(20)
    rtp = free_ports(60)
    baresips = [("carol", "carol"), ("one", "house"), ("two", "house")][: 3 if request.param == "native" else 2]
    with sip_gateway(folder, by_engine(request.param, CONFIGURATION.format(port=port))) as gateway:
        phones = {}
        try:
            for index, (name, user) in enumerate(baresips):
                own = port + 2 + 3 * index
                account = f"<sip:{user}@127.0.0.1:{port}>;auth_pass={user[0]}-secret;regint=60"
                phones[name] = Baresip(folder / name, account, speech(name), own, own + 2, rtp + 10 * index)
                count = index or 1  # of the user's phones
                wait_for(lambda u=user, n=count: len(gateway.said(f"user {u}: sip:")) >= n, f"{name} registered")
            of_house = (port, "house", "h-secret")
            phones["three"] = PjsuaPhone(folder / "three", port + 14, rtp + 40, speech("three"), registrar=of_house)
            phones["three"].wait_for("registered", code=200)
            yield gateway, phones
        finally:
            for phone in phones.values():
                phone.close()


def rung(phone):
    """How often it has rung."""
    if isinstance(phone, PjsuaPhone):
        return sum(event["event"] == "incoming" for event in phone.read())
    return phone.events().count("CALL_INCOMING")


def ended(phone):
    """How many of its calls are over."""
    if isinstance(phone, PjsuaPhone):
        return sum(event.get("state") == "DISCONNECTED" for event in phone.read())
    return phone.events().count("CALL_CLOSED")


def judge(heard, name):
    quality = measure(np.asarray(probe(int(8000 * SECONDS), SEEDS[name])), heard)
    assert quality.heard, (name, quality)
    assert quality.matched_samples > 6000, (name, quality)
    assert quality.snr_db > 25, (name, quality)


@pytest.mark.parametrize("winner", ["one", "three"])
def test_all_ring_and_one_answers(household, winner):
    gateway, phones = household
    carol, house = phones["carol"], {name: phones[name] for name in phones if name != "carol"}
    before = {name: (rung(phone), ended(phone)) for name, phone in house.items()}
    cancelled = gateway.capture_file.read_bytes().count(ELSEWHERE)
    established = carol.events().count("CALL_ESTABLISHED")
    records = len(gateway.records())
    carol.command("dial", "200")
    for name, phone in house.items():
        wait_for(lambda phone=phone, name=name: rung(phone) > before[name][0], f"{name} rings")
    if winner == "three":
        house[winner].do("answer")
    else:
        house[winner].command("accept")
    carol.wait_for("CALL_ESTABLISHED", established + 1)
    for name, phone in house.items():
        if name != winner:
            wait_for(lambda phone=phone, name=name: ended(phone) > before[name][1], f"{name} stops ringing")
    assert ended(house[winner]) == before[winner][1]
    time.sleep(SECONDS + 1.5)
    carol.command("hangup")
    wait_for(lambda: ended(house[winner]) > before[winner][1], "the winner is hung up")
    wait_for(lambda: len(gateway.records()) > records, "the record")
    record = gateway.records()[-1]
    assert (record.result, record.cause, record.incoming.calling, record.incoming.called) == (
        "answered",
        16,
        "100",
        "200",
    )
    # one CANCEL for each that did not answer
    wait_for(
        lambda: gateway.capture_file.read_bytes().count(ELSEWHERE) - cancelled == len(house) - 1,
        "the reason is in CANCEL",
    )
    judge(carol.heard()[-1], winner)
    judge(house[winner].close() if winner == "three" else house[winner].heard()[-1], "carol")
