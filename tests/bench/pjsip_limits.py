"""What the installed PJSIP cannot do, asked of it: `python tests/bench/pjsip_limits.py`, about half a minute.

The reasons in docs/reference/sip-conformance.md come from here.
"""

from __future__ import annotations

import itertools
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from support.pjsip_engine import DESCRIPTION, Engine, Peer

from tandem.codecs import rtp
from tandem.gateway.pjsip.protocol import (
    CallConfirmed,
    CallReceived,
    Ping,
    PingAnswered,
    Respond,
    ResponseReceived,
    SetSources,
    Started,
)

SECONDS = 20.0
BUILD = """
import ctypes, os
import pjsua2 as pj
from tandem.gateway.pjsip.abilities import openssl
endpoint, settings = pj.Endpoint(), pj.EpConfig()
endpoint.libCreate()
settings.logConfig.level = settings.logConfig.consoleLevel = 3
endpoint.libInit(settings)
library = ctypes.CDLL(pj._pjsua2.__file__)
library.pj_dump_config()
library.pjsip_dump_config()
print("calls at once", library.pjsua_call_get_max_count(), flush=True)
print("TLS by", openssl(), flush=True)
print("codecs", *[codec.codecId for codec in endpoint.codecEnum2()], flush=True)
transport = pj.TransportConfig()
transport.boundAddress, transport.port = "::1", 0
try:
    number = endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP6, transport)
    print("UDP over IPv6:", endpoint.transportGetInfo(number).localAddress, flush=True)
    endpoint.libStart()
    endpoint.audDevManager().setNullDev()
    account, settings = pj.Account(), pj.AccountConfig()
    settings.idUri, settings.sipConfig.transportId = "sip:a@[::1]", number
    settings.sipConfig.ipv6Use = settings.mediaConfig.ipv6Use = pj.PJSUA_IPV6_DISABLED
    settings.mediaConfig.transportConfig.boundAddress = "::1"
    account.create(settings)
    pj.Call(account).makeCall("sip:b@[::1]", pj.CallOpParam(True))
except pj.Error as error:
    print("UDP, a call with RTP over IPv6:", error.reason, flush=True)
settings.mediaConfig.ipv6Use = pj.PJSUA_IPV6_ENABLED_USE_IPV6_ONLY
account = pj.Account()
account.create(settings)  # ends the process, where PJ_HAS_IPV6 is 0
pj.Call(account).makeCall("sip:b@[::1]", pj.CallOpParam(True))
print("UDP, a call with RTP over IPv6, of an account that asks for it: is begun", flush=True)
os._exit(0)
"""
ASKED = re.compile(
    r"PJ_HAS_IPV6|PJ_HAS_SSL_SOCK|PJ_IOQUEUE_MAX_H|INV_ACCEPT_UNKNOWN|^calls|^TLS|^codecs|^UDP|Assertion"
)


def build() -> None:
    """How it was built."""
    done = subprocess.run([sys.executable, "-c", BUILD], capture_output=True, text=True, check=False)
    for line in (done.stdout + done.stderr).splitlines():
        if ASKED.search(line):
            print(" ".join(re.sub(r"^\S+ +\S+\.c +\.*", "", line).split()))


def clear_mode(engine: Engine, peer: Peer) -> None:
    """An offer of CLEARMODE alone (RFC 4040)."""
    offer = DESCRIPTION.replace("RTP/AVP 8", "RTP/AVP 97") + "a=rtpmap:97 CLEARMODE/8000\r\n"
    peer.send("INVITE", 1, "Content-Type: application/sdp", body=offer.encode(), call_id="clear@peer")
    print("an offer of CLEARMODE gets", _status(peer))


def register(peer: Peer) -> None:
    """A phone that would register."""
    peer.send("REGISTER", 1, "Expires: 60", call_id="register@peer")
    print("REGISTER gets", _status(peer))


def overlap(engine: Engine, peer: Peer) -> None:
    """Two INVITEs of one call, as RFC 3578 has them: Call-ID and tag of From must be the same."""
    tags = []
    for number in (-2, -4):
        engine.call(number, ("127.0.0.1", 9), to=peer.port, call_id="overlap@gateway")
        invite = peer.hear("INVITE")
        tags.append(re.search(rb"^From: .*;tag=(\S+)", invite, re.MULTILINE)[1].decode())  # type: ignore[index]
        peer.answer(invite, "484 Address Incomplete")
    print("tags of From in two INVITEs with one Call-ID:", *tags)


def octets(engine: Engine) -> None:
    """Whether octets pass PJSIP as they are, in the order in which they are, for as long as data would take."""
    ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "12"]
    for end in ends:
        end.bind(("127.0.0.1", 0))
        end.setblocking(False)
    engine.do(SetSources("t", [("127.0.0.1", engine.port)], ["127.0.0.1"]))
    engine.call(-10, ends[0].getsockname())
    received = engine.hear(CallReceived)
    engine.do(Respond(received.call, 200, "", [], ends[1].getsockname()))
    engine.hear(CallConfirmed)
    answered = engine.hear(ResponseReceived)
    ends[0].connect(("127.0.0.1", answered.speech.port))
    sent, came = [], []
    begin, random = time.monotonic(), np.random.default_rng(1)
    for number in range(int(SECONDS * 50)):
        block = random.integers(0, 256, 160).astype(np.uint8).tobytes()
        sent.append(block)
        ends[0].send(rtp.pack_header(8, number, number * 160, 1) + block)
        while (left := begin + (number + 1) / 50 - time.monotonic()) > 0:
            try:
                came.append(ends[1].recv(2048)[12:])
            except BlockingIOError:
                time.sleep(min(left, 0.002))
    heard = b"".join(came)
    places = [place for block in sent if (place := heard.find(block)) >= 0]
    gaps = sum(after != before + 160 for before, after in itertools.pairwise(places))
    print(f"octets through two legs for {SECONDS:.0f} s: {len(places)} of {len(sent)} blocks are whole, {gaps} gaps")


def _status(peer: Peer) -> str:
    while True:
        try:
            found = peer.socket.recv(8192).split(b"\r\n")[0].decode()
        except TimeoutError:
            return "no answer within 5 s"
        if not found.startswith("SIP/2.0 1"):
            return found


def main() -> None:
    """Ask."""
    build()
    engine = Engine()
    try:
        engine.hear(Started)
        peer = Peer(engine.port)
        engine.do(SetSources("t", [("127.0.0.1", peer.port)], ["127.0.0.1"]))
        uri = f"sip:127.0.0.1:{peer.port}"
        engine.do(Ping(-100, "t", f"{uri};transport=udp", uri))
        peer.answer(peer.hear("OPTIONS"), "200 OK")
        engine.hear(PingAnswered)
        clear_mode(engine, peer)
        register(peer)
        overlap(engine, peer)
        octets(engine)
    finally:
        engine.process.close()


if __name__ == "__main__":
    main()
