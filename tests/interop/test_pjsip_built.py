"""What PJSIP can do as `tandem build-pjsip` builds it, and not as it is in the wheels: IPv6, TLS 1.3, long messages.

What both can do is tried with the wheels; what Tandem's engine can do too stands in `test_sip_transports`.
"""

import contextlib
import os
import re
import select
import socket

import pytest
from support.built_pjsip import NAME, PATIENCE, used
from support.certificates import Authority
from support.dns_server import DnsServer
from support.gateways import free_ports, wait_for
from support.pjsip_engine import Engine, Peer
from support.sip_gateway import free_stream_ports, sip_gateway
from support.sipp import Sipp

from tandem.gateway.configuration.installed_pjsip import Abilities, installed
from tandem.gateway.pjsip.protocol import (
    Account,
    CallConfirmed,
    CallEnded,
    CallReceived,
    EndCall,
    PeerProved,
    Respond,
    ResponseReceived,
    SetSources,
    Started,
    Trouble,
)
from tandem.gateway.sip.tls import TlsFiles

pytestmark = [pytest.mark.interop, pytest.mark.timeout(PATIENCE)]


@pytest.fixture(autouse=True, scope="module")
def _built():
    with used(NAME):
        yield


@pytest.fixture
def ends():
    """The media process, over IPv6: where it receives."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) for _ in "12"]
        for one in sockets:
            one.bind(("::1", 0))
        yield [one.getsockname()[:2] for one in sockets]


@contextlib.contextmanager
def running(over="", **options):
    """An engine on ::1 that is up."""
    engine = Engine(over, host="::1", **options)
    try:
        engine.hear(Started)
        yield engine
    finally:
        engine.process.close()


def with_tls(tmp_path, expected):
    """What an engine needs that shows a certificate of gw.example, and expects one of `expected`."""
    authority = Authority(tmp_path / "ca")
    files = TlsFiles(str(authority.issue("gw", "gw.example")), "", str(authority.file), client_certificates=True)
    return {"accounts": [Account("t", tls_name=expected)], "tls": files}


def test_what_it_says_of_itself(monkeypatch):
    monkeypatch.syspath_prepend(os.environ["PYTHONPATH"].partition(os.pathsep)[0])
    found = installed()
    assert found == Abilities(found.version, 256, True, found.openssl, True)
    assert found.openssl.startswith("OpenSSL 3")


@pytest.mark.parametrize("over", ["udp", "tcp", "tls"])
def test_a_call_over_ipv6(ends, over, tmp_path):
    options = with_tls(tmp_path, "gw.example") if over == "tls" else {}
    with running("" if over == "udp" else over, **options) as engine:
        engine.do(SetSources("t", [("::1", engine.port)], ["::1"], ["gw.example"] if over == "tls" else []))
        engine.call(-2, ends[0], transport=over)
        if over == "tls":
            assert engine.hear(PeerProved).names == ("gw.example",)
        received = engine.hear(CallReceived)
        invite = received.message.decode()
        assert f"Via: SIP/2.0/{over.upper()} [::1]:{engine.port};" in invite
        assert re.search(rf"^Contact: <sip:.*\[::1\]:{engine.port}", invite, re.MULTILINE)
        assert "\nc=IN IP6 ::1\r\n" in invite
        assert (received.source[0], received.transport) == ("::1", over)
        engine.do(Respond(received.call, 200, "", [], ends[1]))
        engine.hear(CallConfirmed)
        assert engine.hear(ResponseReceived).speech.law == "A"
        engine.do(EndCall(-2, 0, []))
        assert engine.hear(CallEnded, call=-2)
        assert engine.hear(CallEnded, call=received.call)


def test_a_server_that_is_another_gets_no_call(ends, tmp_path):
    with running("tls", **with_tls(tmp_path, "carrier.example")) as engine:
        engine.call(-2, ends[0], transport="tls")
        assert "tls:[::1]:" in (said := engine.hear(Trouble).text)
        assert "is not of carrier.example but of gw.example" in said
        assert engine.hear(CallEnded, call=-2).status == 503


def test_strangers_reach_nothing_over_ipv6(ends):
    """Each socket has its own filter, whatever the version of IP."""
    with running("tcp", known=False) as engine, socket.socket(socket.AF_INET6) as stranger:
        engine.do(SetSources("t", [("::2", 5060)], ["127.0.0.1", "2001:db8::/32"]))
        engine.call(-2, ends[0])
        peer = Peer(engine.port, host="::1")
        with peer.socket:
            engine.call(-4, ends[0], to=peer.port)
            peer.hear("INVITE")
        stranger.setblocking(False)
        stranger.connect_ex(("::1", engine.port))
        assert select.select([], [stranger], [], 0.5)[1] == []
        engine.events += engine.process.receive()
        assert not [event for event in engine.events if isinstance(event, CallReceived)]
        engine.do(SetSources("t", [("::1", engine.port)], ["::1"]))
        # What was thrown away before is sent again.
        engine.hear(CallReceived)
        with socket.create_connection(("::1", engine.port), 10):
            pass


def test_messages_of_sixty_thousand_octets():
    """The wheels throw away what has more than 4,000."""
    engine = Engine()
    try:
        engine.hear(Started)
        peer = Peer(engine.port)
        with peer.socket:
            engine.do(SetSources("t", [("127.0.0.1", peer.port)], ["127.0.0.1"]))
            peer.send("OPTIONS", 1, *[f"X-Long: {'long ' * 180}"] * 65)
            assert b"CSeq: 1 OPTIONS" in peer.hear("SIP/2.0 200")
    finally:
        engine.process.close()


def tables(port, sip="", media="", calls=10):
    """The tables of a gateway whose PJSIP listens on `port` of both versions of IP, and our own engine on the next."""
    rtp = free_ports(2 * calls)
    return (
        f'{media}[sip]\nlisten = "127.0.0.1:{port + 1}"\n{sip}[sip.pjsua2]\nlisten = "127.0.0.1:{port}"\n'
        f'also_listen = ["udp:[::1]:{port}"]\nports = [{rtp}, {rtp + 2 * calls - 1}]\n'
    )


def trunk(name, peer, *lines, engine="pjsua2"):
    """One trunk."""
    more = "".join(f"{line}\n" for line in lines)
    return f'[[trunk]]\nname = "{name}"\ntype = "sip"\nengine = "{engine}"\npeer = "{peer}"\n{more}'


ROUTE = '[[route]]\ntrunk = ["caller"]\nto = ["callee"]\n'


def test_a_peer_by_name_that_has_ipv6_only(tmp_path):
    port = free_stream_ports(4)
    zone = [
        "_sip._udp.six.example 300 IN SRV 1 10 " + f"{port + 3} one.six.example.",
        "one.six.example 300 IN AAAA ::1",
    ]
    with DnsServer(zone) as dns:
        text = tables(port, sip=f'nameservers = ["127.0.0.1:{dns.port}"]\n', media='address_v6 = "::1"\n')
        text += trunk("caller", f"127.0.0.1:{port + 2}") + trunk("callee", "six.example") + ROUTE
        with sip_gateway(tmp_path, text) as gateway:
            wait_for(lambda: gateway.said(f"six.example is at [::1]:{port + 3}"), "the name is resolved")
            with (
                Sipp("plain_callee", tmp_path, port + 3, called="4930100", host="::1") as answering,
                Sipp("plain_caller", tmp_path, port + 2, port, called="4930100") as calling,
            ):
                calling.wait()
                answering.wait()
            (record,) = wait_for(gateway.records, "the record")
            assert record.result == "answered"


def test_rtp_past_pjmedia_over_ipv6(tmp_path, speech):
    """Comfort noise: the media process speaks to the peer itself, over the version of the peer."""
    port = free_stream_ports(4)
    text = tables(port, media='address_v6 = "::1"\n')
    text += trunk("caller", f"[::1]:{port + 2}", "silence_suppression = true")
    text += trunk("callee", f"127.0.0.1:{port + 3}", "delayed_offer = true") + ROUTE
    values = {"speech": speech[8]}
    with sip_gateway(tmp_path, text) as gateway:
        with (
            Sipp("callee_offers", tmp_path, port + 3, **values) as answering,
            Sipp("caller_without_offer", tmp_path, port + 2, port, host="::1", called="4930100", **values) as calling,
        ):
            calling.wait(30)
            answering.wait(30)
        (record,) = wait_for(gateway.records, "the record")
        for leg in (record.incoming, record.outgoing):
            assert leg.media["packets_received"] >= 10, leg
        assert not gateway.trouble()


@pytest.mark.realtime
def test_thirty_calls_with_speech_at_once(tmp_path, speech):
    """The wheels have room for three. Half of them come from peers of PJSIP, half go to them."""
    port = free_stream_ports(6)
    text, each = tables(port, calls=30), 15
    for number, (caller, callee) in enumerate((("pjsua2", "native"), ("native", "pjsua2"))):
        names, peers = [f"{caller}-caller", f"{callee}-callee"], [port + 2 + 2 * number, port + 3 + 2 * number]
        for name, peer, engine in zip(names, peers, (caller, callee), strict=True):
            text += trunk(name, f"127.0.0.1:{peer}", engine=engine)
        text += f'[[route]]\ntrunk = ["{names[0]}"]\nto = ["{names[1]}"]\n'
    values = {"payload": 8, "speech": speech[8], "called": "4930", "calls": each}
    with sip_gateway(tmp_path, text) as gateway, contextlib.ExitStack() as stack:
        sipps = []
        for number in range(2):
            folder, caller, callee = tmp_path / str(number), port + 2 + 2 * number, port + 3 + 2 * number
            sipps += [
                Sipp("callee_answers", folder, callee, ring=10, **values),
                Sipp("caller_hangs_up", folder, caller, port + number, calling="4940", hold=5000, **values),
            ]
            for one in sipps[-2:]:
                stack.enter_context(one)
        wait_for(lambda: len(gateway.said(": ACK sip:")) >= 4 * each, "all are up")
        assert not gateway.records()
        for one in sipps:
            one.wait()
        records = wait_for(lambda: len(found := gateway.records()) == 2 * each and found, "the records")
        assert {record.result for record in records} == {"answered"}
        for record in records:
            for leg in (record.incoming, record.outgoing):
                assert leg.media["packets_received"] >= 200, record
                assert leg.media["packets_sent"] >= 200, record
        assert not gateway.trouble()
