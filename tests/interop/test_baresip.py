"""baresip phones register with a gateway, one over UDP and one over TLS, and call each other: speech is measured.

By each of its SIP engines.

A PJSIP phone is reached over a trunk on PJSIP; it calls a registered phone, and is called by it.
"""

import time

import numpy as np
import pytest
from support.baresip import Baresip
from support.certificates import Authority
from support.gateways import free_ports, wait_for
from support.pjsua import PjsuaPhone
from support.sip_gateway import free_stream_ports, sip_gateway

from tandem.codecs.quality import measure, probe

pytestmark = [pytest.mark.interop, pytest.mark.realtime]

SECONDS = 2.5


def speech(seed):
    """Twenty seconds: baresip plays its file from the start of each call, and stops at its end."""
    return np.tile(np.asarray(probe(int(8000 * SECONDS), seed)), 8)


on_both = pytest.mark.parametrize("phones", ["native", "pjsua2"], indirect=True, scope="module")
on_ours = pytest.mark.parametrize("phones", ["native"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def phones(tmp_path_factory, request):
    """A gateway with two users, and their phones registered; its registrar is on one engine."""
    engine = request.param
    folder = tmp_path_factory.mktemp("phones")
    authority = Authority(folder / "ca")
    certificate = authority.issue("gw", "127.0.0.1")
    port = free_stream_ports(10)
    rtp = free_ports(60)
    other = {"native": "pjsua2", "pjsua2": "native"}[engine]
    listen = (
        f'listen = "127.0.0.1:{port}"\nalso_listen = ["tcp:127.0.0.1:{port}", "tls:127.0.0.1:{port + 1}"]',
        f'listen = "127.0.0.1:{port + 8}"',
    )
    text = f"""
[sip]
{listen[engine == "pjsua2"]}
[[sip.user]]
name = "alice"
password = "a-secret"
number = "100"
[[sip.user]]
name = "bob"
password = "b-secret"
number = "200"
[sip.tls]
certificate = "{certificate}"
authorities = "{authority.file}"
[sip.pjsua2]
{listen[engine == "native"]}
ports = [{rtp + 40}, {rtp + 59}]
[[trunk]]
name = "phones"
type = "sip"
engine = "{engine}"
registrar = true
accept_from = ["127.0.0.1"]
codecs = ["PCMA"]
[[trunk]]
name = "outside"
type = "sip"
engine = "{other}"
peer = "127.0.0.1:{port + 9}"
codecs = ["PCMA"]
[[route]]
trunk = ["phones"]
called = "^300$"
to = ["outside"]
[[route]]
to = ["phones"]
"""
    accounts = (
        f"<sip:alice@127.0.0.1:{port}>;auth_pass=a-secret;regint=60",
        f"<sip:bob@127.0.0.1:{port + 1};transport=tls>;auth_pass=b-secret;regint=60",
    )
    trust = f"sip_cafile {authority.file}\nsip_certificate {certificate}\nsip_verify_server yes\n"
    with (
        sip_gateway(folder, text) as gateway,
        Baresip(folder / "alice", accounts[0], speech(1), port + 2, port + 4, rtp) as alice,
        Baresip(folder / "bob", accounts[1], speech(2), port + 5, port + 7, rtp + 10, trust) as bob,
    ):
        for name, phone in (("alice", alice), ("bob", bob)):
            wait_for(lambda name=name: gateway.said(f"user {name}: sip:{name}"), f"{name} registered: {phone.said()}")
        gateway.phones = port
        yield gateway, {"alice": alice, "bob": bob}


@on_both
@pytest.mark.parametrize(("caller", "callee", "number"), [("alice", "bob", "200"), ("bob", "alice", "100")])
def test_call_with_speech(phones, caller, callee, number):
    gateway, by_name = phones
    one, other = by_name[caller], by_name[callee]
    before = len(gateway.records())
    established = {phone: phone.events().count("CALL_ESTABLISHED") for phone in (one, other)}
    incoming = other.events().count("CALL_INCOMING")
    one.command("dial", number)
    other.wait_for("CALL_INCOMING", incoming + 1)
    other.command("accept")
    for phone in (one, other):
        phone.wait_for("CALL_ESTABLISHED", established[phone] + 1)
    time.sleep(SECONDS + 1.5)
    one.command("hangup")
    other.wait_for("CALL_CLOSED")
    wait_for(lambda: len(gateway.records()) == before + 1, "the record")
    record = gateway.records()[-1]
    calling = {"100": "200", "200": "100"}[number]
    assert (record.result, record.incoming.calling, record.incoming.called) == ("answered", calling, number)
    for phone, seed in ((one, 2 if caller == "alice" else 1), (other, 1 if caller == "alice" else 2)):
        judge(phone.heard()[-1], seed)


def judge(heard, seed):
    quality = measure(np.asarray(probe(int(8000 * SECONDS), seed)), heard)
    assert quality.heard, quality
    assert quality.matched_samples > 8000, quality
    assert quality.snr_db > 25, quality


@on_ours
@pytest.mark.parametrize("direction", ["out", "in"])
def test_a_registered_phone_and_a_trunk_on_pjsip(phones, tmp_path, direction):
    gateway, by_name = phones
    alice = by_name["alice"]
    before = len(gateway.records())
    established = alice.events().count("CALL_ESTABLISHED")
    incoming, closed = alice.events().count("CALL_INCOMING"), alice.events().count("CALL_CLOSED")
    text = (gateway.records_file.parent / "G.toml").read_text()
    listen = text.split("[sip.pjsua2]")[1].split('listen = "')[1].split('"')[0]
    outside = PjsuaPhone(tmp_path / "outside", int(listen.rpartition(":")[2]) + 1, free_ports(20), speech(3))
    try:
        if direction == "out":
            alice.command("dial", "300")
            outside.wait_for("incoming")
            outside.do("answer")
        else:
            outside.do("call", f"sip:100@{listen}")
            alice.wait_for("CALL_INCOMING", incoming + 1)
            alice.command("accept")
        alice.wait_for("CALL_ESTABLISHED", established + 1)
        outside.wait_for("state", state="CONFIRMED")
        time.sleep(SECONDS + 1.5)
        alice.command("hangup")
        outside.wait_for("state", state="DISCONNECTED")
        alice.wait_for("CALL_CLOSED", closed + 1)
        wait_for(lambda: len(gateway.records()) == before + 1, "the record")
    finally:
        heard = outside.close()
    record = gateway.records()[-1]
    trunks = ("phones", "outside") if direction == "out" else ("outside", "phones")
    assert (record.result, record.incoming.trunk, record.outgoing.trunk) == ("answered", *trunks)
    judge(alice.heard()[-1], 3)
    judge(heard, 1)


@on_both
def test_a_wrong_password_is_refused(phones, tmp_path):
    gateway, _ = phones
    port = free_stream_ports(3)
    account = f"<sip:alice@127.0.0.1:{gateway.phones}>;auth_pass=guess;regint=60"
    with Baresip(tmp_path / "eve", account, speech(1), port, port + 2, free_ports(10)):
        wait_for(lambda: gateway.said("REGISTER: wrong credentials for 'alice'"), "the wrong password is noticed")
