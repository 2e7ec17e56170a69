"""Calls over TCP, TLS and IPv6, with SIPp as the peer; TLS from gateway to gateway and with OpenSSL.

What PJSIP can do too is tried with each SIP engine.
"""

import contextlib
import re
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from support.certificates import Authority
from support.dns_server import DnsServer
from support.gateways import wait_for
from support.peers import program
from support.sip_gateway import by_engine, free_stream_ports, sip_gateway
from support.sipp import Sipp

pytestmark = pytest.mark.interop
both_engines = pytest.mark.parametrize("engine", ["native", "pjsua2", "pjsua2-built"], indirect=True)
with_all = pytest.mark.parametrize("engine", ["native", "pjsua2-built"], indirect=True)


#: PJSIP of the wheels takes three calls at once, and each is two: one call after another, however slow the machine is.
ALONE = ("-r", "1", "-l", "1")


def trunks(caller, callee, transport="udp", callee_transport=None, host="127.0.0.1"):
    """Two SIP trunks and the way from one to the other."""
    return "".join(
        f'[[trunk]]\nname = "{name}"\ntype = "sip"\npeer = "{host}:{port}"\ntransport = "{over}"\n{more}'
        for name, port, over, more in (
            ("caller", caller, transport, ""),
            ("callee", callee, callee_transport or transport, '[[route]]\ntrunk = ["caller"]\nto = ["callee"]\n'),
        )
    )


def call(folder, gateway_port, caller, callee, calls=1, options=("-t", "u1"), callee_options=None):
    """Calls from SIPp to SIPp; both must be content."""
    with Sipp(
        "plain_callee", folder, callee, calls=calls, options=list(callee_options or options), called="4930100"
    ) as answering:
        with Sipp(
            "plain_caller", folder, caller, gateway_port, calls=calls, options=list(options), called="4930100"
        ) as calling:
            calling.wait()
        answering.wait()


@both_engines
def test_tcp_both_sides(tmp_path, engine):
    """Several calls over one connection each way: it is used again, and responses come back on it."""
    port = free_stream_ports(3)
    text = f'[sip]\nlisten = "127.0.0.1:{port}"\nalso_listen = ["tcp:127.0.0.1:{port}"]\n'
    calls = 4 if engine == "pjsua2" else 10
    pace = ALONE if engine == "pjsua2" else ("-r", "10")
    with sip_gateway(tmp_path, by_engine(engine, text + trunks(port + 1, port + 2, "tcp"))) as gateway:
        call(tmp_path, port, port + 1, port + 2, calls, ("-t", "t1", *pace))
        wait_for(lambda: len(gateway.records()) == calls, "the records")
        assert {record.result for record in gateway.records()} == {"answered"}
        assert not gateway.trouble()
        # One connection each way, whatever the number of calls.
        gateway.read()
        peers = {line["subject"] for line in gateway.lines if line["subject"].startswith("sip tcp:")}
        assert len(peers) == 2


@both_engines
def test_udp_to_tcp(tmp_path, engine):
    port = free_stream_ports(3)
    text = f'[sip]\nlisten = "127.0.0.1:{port}"\nalso_listen = ["tcp:127.0.0.1:{port}"]\n'
    with sip_gateway(tmp_path, by_engine(engine, text + trunks(port + 1, port + 2, "udp", "tcp"))) as gateway:
        call(tmp_path, port, port + 1, port + 2, 3, ("-t", "u1", *ALONE), ("-t", "t1"))
        wait_for(lambda: len(gateway.records()) == 3, "three records")
        assert not gateway.trouble()


@both_engines
def test_nobody_listens_on_tcp(tmp_path, engine):
    """The caller is told at once, not after 32 seconds."""
    port = free_stream_ports(3)
    text = f'[sip]\nlisten = "127.0.0.1:{port}"\nalso_listen = ["tcp:127.0.0.1:{port}"]\n'
    with sip_gateway(tmp_path, by_engine(engine, text + trunks(port + 1, port + 2, "udp", "tcp"))) as gateway:
        with Sipp("plain_caller_refused", tmp_path, port + 1, port, called="4930100", status=503) as calling:
            calling.wait(20)
        assert gateway.said("onnection refused")


def tls_gateway(authority, name, port, trunk_lines, mutual=True):
    certificate = authority.issue(name, f"{name}.example")
    return (
        f'[sip]\nlisten = "127.0.0.1:{port}"\nalso_listen = ["tls:127.0.0.1:{port + 1}"]\n'
        f'[sip.tls]\ncertificate = "{certificate}"\nauthorities = "{authority.file}"\n'
        f"client_certificates = {str(mutual).lower()}\n" + trunk_lines
    )


def tls_pair_texts(authority, port):
    """SIPp, gateway A, TLS with certificates of both, gateway B, SIPp."""
    onward = (
        f'[[trunk]]\nname = "caller"\ntype = "sip"\npeer = "127.0.0.1:{port + 4}"\n'
        f'[[trunk]]\nname = "b"\ntype = "sip"\npeer = "127.0.0.1:{port + 3}"\ntransport = "tls"\n'
        'tls_name = "b.example"\n'
        '[[route]]\ntrunk = ["caller"]\nto = ["b"]\n'
    )
    inward = (
        f'[[trunk]]\nname = "a"\ntype = "sip"\npeer = "127.0.0.1:{port + 1}"\ntransport = "tls"\n'
        'tls_name = "a.example"\n'
        f'[[trunk]]\nname = "callee"\ntype = "sip"\npeer = "127.0.0.1:{port + 5}"\n'
        '[[route]]\ntrunk = ["a"]\nto = ["callee"]\n'
    )
    return tls_gateway(authority, "a", port, onward), tls_gateway(authority, "b", port + 2, inward)


@both_engines
def test_mutual_tls_and_new_certificates_without_a_restart(tmp_path, engine):
    """Gateway B by each engine; A, by our own, calls it."""
    authority = Authority(tmp_path / "ca")
    port = free_stream_ports(6)
    one, two = tls_pair_texts(authority, port)
    with (
        sip_gateway(tmp_path / "a", one, "A") as a,
        sip_gateway(tmp_path / "b", by_engine(engine, two), "B") as b,
    ):
        call(tmp_path, port, port + 4, port + 5)
        wait_for(lambda: len(b.records()) == 1, "the record of B")
        assert b.records()[0].incoming.trunk == "a"
        before = peer_certificate(authority, "a", port + 3)
        time.sleep(0.01)
        authority.issue("b", "b.example")
        who = "sip.tls" if engine == "native" else "engine pjsua2"
        wait_for(lambda: b.said(f"{who}: certificates were read again"), "new certificates in use")
        assert peer_certificate(authority, "a", port + 3) != before
        # The open connection goes on; nothing was lost.
        call(tmp_path, port, port + 4, port + 5)
        wait_for(lambda: len(b.records()) == 2, "the second record of B")
        assert not a.trouble()
        assert not b.trouble()


def peer_certificate(authority, name, port):
    """What the gateway at `port` shows, taken with the certificate of `name`."""
    context = ssl.create_default_context(cafile=str(authority.file))
    context.load_cert_chain(str(authority.issue(f"{name}-again", f"{name}.example")))
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="b.example") as secured,
    ):
        return secured.getpeercert(binary_form=True)


def asked(authority, port, certificate, request):
    """Status of the final response to a request over TLS, with a certificate or none."""
    context = ssl.create_default_context(cafile=str(authority.file))
    if certificate is not None:
        context.load_cert_chain(str(certificate))
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="a.example") as secured,
    ):
        secured.sendall(request.encode())
        return final_status(secured)


def final_status(peer):
    """The first status that is not provisional."""
    while True:
        octets = peer.recv(8192)
        statuses = [int(one) for one in re.findall(rb"^SIP/2\.0 (\d+)", octets, re.MULTILINE)]
        assert octets, "closed without a response"
        if final := [one for one in statuses if one >= 200]:
            return final[0]


@both_engines
def test_a_peer_is_known_by_its_certificate(tmp_path, engine):
    """RFC 5922: who proves the name may call, from wherever; who does not may not, and an address is worth nothing.

    With PJSIP an INVITE asks, as it answers OPTIONS itself; where the call is to go nobody listens.
    """
    authority = Authority(tmp_path / "ca")
    port = free_stream_ports(4)
    lines = trunks(port + 2, port + 3, "tls", host="127.0.0.9").replace(
        'name = "caller"\n', 'name = "caller"\naccept_names = ["carrier.example"]\n'
    )
    text = by_engine(engine, tls_gateway(authority, "a", port, lines, mutual=False))
    request, welcome = (OPTIONS, 200) if engine == "native" else (INVITE, 503)
    with sip_gateway(tmp_path, text) as gateway:
        right, wrong = authority.issue("right", "carrier.example"), authority.issue("wrong", "other.example")
        found = [
            asked(authority, port + 1, one, request.replace("one", f"{number}"))
            for number, one in enumerate((right, wrong, None))
        ]
        assert found == [welcome, 403, 403]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
            plain.bind(("127.0.0.9", port + 2))
            plain.settimeout(10)
            plain.sendto(request.replace("/TLS", "/UDP").encode(), ("127.0.0.1", port))
            assert final_status(plain) == 403
        wait_for(lambda: len(gateway.said("no trunk has this source")) == 3, "the log says so of each")


OPTIONS = (
    "OPTIONS sip:gw SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKone;rport\r\nFrom: <sip:a@b>;tag=one\r\n"
    "To: <sip:gw>\r\nCall-ID: one@b\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)
INVITE = (
    OPTIONS.replace("OPTIONS", "INVITE")
    .replace("sip:gw", "sip:4930100@gw")
    .replace("Max-Forwards", "Contact: <sip:a@127.0.0.1:9;transport=tls>\r\nMax-Forwards")
)


@pytest.mark.parametrize(
    ("engine", "version"),
    [
        *(("native", "-tls1_2"), ("native", "-tls1_3"), ("pjsua2", "-tls1_2")),
        *(("pjsua2-built", "-tls1_2"), ("pjsua2-built", "-tls1_3")),
    ],
    indirect=["engine"],
)
def test_openssl_as_tls_peer(tmp_path, engine, version):
    authority = Authority(tmp_path / "ca")
    port = free_stream_ports(4)
    text = by_engine(engine, tls_gateway(authority, "a", port, trunks(port + 2, port + 3), mutual=False))
    command = [program("openssl", "openssl"), "s_client", "-connect", f"127.0.0.1:{port + 1}", version, "-quiet"]
    command += ["-CAfile", str(authority.file), "-verify_hostname", "a.example", "-verify_return_error"]
    with sip_gateway(tmp_path, text):
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            assert client.stdin is not None
            assert client.stdout is not None
            client.stdin.write(OPTIONS.encode())
            client.stdin.flush()
            assert client.stdout.readline() == b"SIP/2.0 200 OK\r\n"
        finally:
            client.kill()
            client.communicate()


@with_all
def test_nothing_older_than_tls_1_3(tmp_path, engine):
    """`minimum = "1.3"`: a client that has 1.2 alone is turned away."""
    authority = Authority(tmp_path / "ca")
    port = free_stream_ports(4)
    text = tls_gateway(authority, "a", port, trunks(port + 2, port + 3), mutual=False)
    text = by_engine(engine, text.replace("[sip.tls]\n", '[sip.tls]\nminimum = "1.3"\n'))
    context = ssl.create_default_context(cafile=str(authority.file))
    with sip_gateway(tmp_path, text):
        assert asked(authority, port + 1, None, OPTIONS) == 200
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection(("127.0.0.1", port + 1), 10) as plain, pytest.raises(ssl.SSLError):
            context.wrap_socket(plain, server_hostname="a.example")


def accepted(*ports):
    """How many connections to these ports some process has: those that wait for one have no inode."""
    lines = [line.split() for line in Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:]]
    places = tuple(f":{port:04X}" for port in ports)
    return sum(line[1].endswith(places) and line[3] == "01" and line[9] != "0" for line in lines)


@both_engines
def test_half_open_peers_do_not_hold_the_gateway(tmp_path, engine):
    """Connections without a word, with half a message, with half a handshake, and peers that never read.

    Fewer to PJSIP of the wheels, which has 64 sockets; with our own engine it is all that an address may open.
    """
    authority = Authority(tmp_path / "ca")
    port = free_stream_ports(4)
    text = tls_gateway(authority, "a", port, trunks(port + 2, port + 3), mutual=False)
    text = text.replace("also_listen = [", f'also_listen = ["tcp:127.0.0.1:{port}", ')
    text = text.replace("[sip.tls]\n", "connections_per_address = 40\n[sip.tls]\n")
    count = 16 if engine == "pjsua2" else 40
    with sip_gateway(tmp_path, by_engine(engine, text)) as gateway, contextlib.ExitStack() as held:

        def connect(where):
            opened = held.enter_context(socket.create_connection(("127.0.0.1", where), 10))
            opened.settimeout(10)
            return opened

        for _ in range(count // 4):
            connect(port)
            connect(port).sendall(OPTIONS.encode()[:100])
            connect(port + 1)
            connect(port + 1).sendall(b"\x16\x03\x01\x02\x00\x01")
        wait_for(lambda: accepted(port, port + 1) >= count, "all connections are accepted")
        if engine == "native":
            # The address has used up its share: the next one is turned away, calls from elsewhere go on.
            with contextlib.suppress(ConnectionError):
                assert connect(port).recv(100) == b""
            wait_for(lambda: gateway.said("turned away: connections_per_address; 40 are open"), "it says so")
        call(tmp_path, port, port + 2, port + 3, 3, ("-t", "u1", *ALONE))
        wait_for(lambda: len(gateway.records()) == 3, "three records")
        assert accepted(port, port + 1) <= count


@both_engines
def test_keep_alives_are_answered_and_calls_go_on(tmp_path, engine):
    """RFC 5626 4.4.1: a peer that pings an idle connection, between the calls on it and within a message."""
    port = free_stream_ports(3)
    text = f'[sip]\nlisten = "127.0.0.1:{port}"\nalso_listen = ["tcp:127.0.0.1:{port}"]\n{trunks(port + 1, port + 2)}'
    with sip_gateway(tmp_path, by_engine(engine, text)), socket.create_connection(("127.0.0.1", port), 10) as peer:
        peer.settimeout(10)
        for _ in range(3):
            peer.sendall(b"\r\n\r\n")
            assert peer.recv(100) == b"\r\n"
        peer.sendall(b"\r\n\r\n" + OPTIONS.encode())
        came = b""
        while b"\r\n\r\n" not in came[2:]:
            came += peer.recv(4096)
        assert came.startswith(b"\r\nSIP/2.0 ")


@with_all
def test_ipv6_and_ipv4(tmp_path, speech, engine):
    """SIP and RTP over IPv6 on one side, over IPv4 on the other, with speech both ways."""
    port = free_stream_ports(3)
    text = (
        f'address_v6 = "::1"\n[sip]\nlisten = "127.0.0.1:{port}"\nalso_listen = ["udp:[::1]:{port}"]\n'
        f'[[trunk]]\nname = "six"\ntype = "sip"\npeer = "[::1]:{port + 1}"\n'
        f'[[trunk]]\nname = "four"\ntype = "sip"\npeer = "127.0.0.1:{port + 2}"\ndelayed_offer = true\n'
        '[[route]]\ntrunk = ["six"]\nto = ["four"]\n'
    )
    values = {"speech": speech[8]}
    with sip_gateway(tmp_path, by_engine(engine, text)) as gateway:
        with (
            Sipp("callee_offers", tmp_path, port + 2, **values) as answering,
            Sipp("caller_without_offer", tmp_path, port + 1, port, host="::1", called="4930100", **values) as calling,
        ):
            calling.wait(30)
            answering.wait(30)
        (record,) = wait_for(gateway.records, "the record")
        for leg in (record.incoming, record.outgoing):
            assert leg.media["packets_received"] >= 10, leg
            assert leg.media["packets_sent"] >= 10, leg
        assert not gateway.trouble()


@both_engines
def test_a_peer_by_name_whose_first_server_is_down(tmp_path, engine):
    """RFC 3263: SRV of TCP; nobody listens at the first server, the call goes to the second at once."""
    port = free_stream_ports(4)
    zone = [
        'carrier.example 300 IN NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp.carrier.example.',
        f"_sip._tcp.carrier.example 300 IN SRV 1 10 {port + 3} one.carrier.example.",
        f"_sip._tcp.carrier.example 300 IN SRV 2 10 {port + 2} two.carrier.example.",
        "one.carrier.example 300 IN A 127.0.0.1",
        "two.carrier.example 300 IN A 127.0.0.1",
    ]
    with DnsServer(zone) as dns:
        text = (
            f'[sip]\nlisten = "127.0.0.1:{port}"\nalso_listen = ["tcp:127.0.0.1:{port}"]\n'
            f'nameservers = ["127.0.0.1:{dns.port}"]\n'
            f'[[trunk]]\nname = "caller"\ntype = "sip"\npeer = "127.0.0.1:{port + 1}"\n'
            '[[trunk]]\nname = "carrier"\ntype = "sip"\npeer = "carrier.example"\ntransport = "auto"\n'
            '[[route]]\ntrunk = ["caller"]\nto = ["carrier"]\n'
        )
        with sip_gateway(tmp_path, by_engine(engine, text)) as gateway:
            wait_for(lambda: gateway.said("carrier.example is at tcp:127.0.0.1"), "the name is resolved")
            call(tmp_path, port, port + 1, port + 2, 2, ("-t", "u1", *ALONE), ("-t", "t1"))
            wait_for(lambda: len(gateway.records()) == 2, "two records")
            assert {record.result for record in gateway.records()} == {"answered"}
            assert gateway.said(f"tried at tcp:127.0.0.1:{port + 2} instead")
