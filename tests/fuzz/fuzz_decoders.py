#!/usr/bin/env python3
"""Feed every decoder random octets and mutated messages: each must give a value or a DecodeError, nothing else.

    python tests/fuzz/fuzz_decoders.py --seconds 60 [--inputs N] [--seed N] [--only NAME]

Exit status 0 when all was well; 1 with the octets in hexadecimal and the traceback when something else came out.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.fuzzing import mutate
from support.sigtran_vectors import captured
from support.sip_ways import OF_TEXTS, assert_both_ways, both_ways

from tandem.codecs.rtcp import parse as parse_reports
from tandem.codecs.rtp import parse_header
from tandem.codecs.telephone_event import parse_events
from tandem.core.errors import DecodeError
from tandem.core.sigtran.codes import Ppid, Tag
from tandem.core.sigtran.common import Message as SigtranMessage
from tandem.core.sigtran.common import Parameter
from tandem.core.sigtran.messages import Forms, check_message
from tandem.gateway import decode
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip import sdp
from tandem.gateway.sip.message import Request, parse_message
from tandem.gateway.sip.reliable import acknowledged, response_sequence
from tandem.gateway.sip.session_timer import SessionExpires
from tandem.gateway.trunks import sip_diversion
from tandem.gateway.trunks.sip_identity import setup_of
from tandem.gateway.trunks.sip_info import digit_of
from tandem.gateway.trunks.sip_mapping import reason_of
from tandem.hardware.satop import Packet
from tandem.isdn.iua.messages import IUA_FORMS
from tandem.isdn.q921.frames import FrameReject, parse_frame
from tandem.isdn.q931.elements import parse_element
from tandem.isdn.q931.messages import decode as decode_q931
from tandem.isdn.q931.messages import encode as encode_q931
from tandem.isdn.q931.segmentation import Reassembler
from tandem.isdn.q931.validation import check as check_q931
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import parse_parameter, typed_parameters
from tandem.ss7.isup.variants import Variant
from tandem.ss7.mtp2.units import decode_unit, encode_unit
from tandem.ss7.mtp3.label import Variant as LabelVariant
from tandem.ss7.mtp3.msu import decode_msu
from tandem.ss7.sigtran.m2pa_messages import parse_m2pa
from tandem.ss7.sigtran.messages import M2UA_FORMS, M3UA_FORMS
from tandem.ss7.sigtran.parameters import ProtocolData, nested, parse_affected, parse_routing_key
from tandem.ss7.tup import messages as tup_messages
from tandem.ss7.tup.codes import MessageType as TupType
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.variants import Variant as TupVariant

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
LABEL = b"\x85\x01\x80\x00\x00"
MAX_OCTETS = 300

_ISUP = [bytes.fromhex(line.split()[1]) for line in (VECTORS / "isup/messages.txt").read_text().splitlines()]
_UNITS = [bytes.fromhex(line.split()[1]) for line in (VECTORS / "mtp2/units.txt").read_text().splitlines()]
_MSUS = [bytes.fromhex(item["msu"]) for item in json.loads((VECTORS / "mtp3/labels.json").read_text())]
#: Behind the routing label: an IAM, an IAI, a GSM, an MGB, and every heading with a few octets.
_TUP = [
    bytes.fromhex(text)
    for text in (
        "12110a02c03108108300f0",
        "12210a02602143653022133000a2138000381012a208",
        "12120f0a4221432221100532330522",
        "1218071f",
    )
] + [bytes((0x12, heading)) + bytes.fromhex("1f" * 8) for heading in TupType]
_Q931 = [bytes.fromhex(line.split()[2]) for line in (VECTORS / "q931/messages.txt").read_text().splitlines()]
_Q931 += [bytes.fromhex(octets) for octets in json.loads((VECTORS / "q931/examples.json").read_text()).values()]
_Q921 = [bytes.fromhex(line.split()[1]) for line in (VECTORS / "q921/frames.txt").read_text().splitlines()]
_SIP_TRUNK = SipTrunk(name="fuzz", peer="192.0.2.1", pass_headers=["X-Id"])
_CARRIER = (
    b"INVITE sip:+12025550123;npdi;rn=+12025550000;cic=0288@10.0.0.1;user=phone SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1\r\nFrom: <tel:100;phone-context=+4930;cpc=payphone>;tag=1\r\n"
    b"To: <sip:1@x>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nRequire: 100rel\r\nSession-Expires: 1800;refresher=uac\r\n"
    b"Remote-Party-ID: <sip:1@x>;party=calling;privacy=full;screen=yes\r\n"
    b"Reason: SIP;cause=200, Q.850;cause=16;location=U\r\n"
    b"Diversion: <sip:+49301@x>;reason=user-busy;counter=2;privacy=full\r\nX-Id: 1\r\nRAck: 1 1 INVITE\r\n"
    b"History-Info: <sip:+49301@x?Privacy=history>;index=1, <sip:3@x;cause=408>;index=1.1\r\n"
    b"Content-Type: multipart/mixed;boundary=x\r\n\r\n--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x\r\n"
    b"Content-Type: application/isup;version=itu-t92+;base=itu-t92+\r\nContent-Disposition: signal"
    b";handling=optional\r\n\r\n\x01\x00\x60\x00\x0a\x00\r\n"
    b"--x\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=5\r\n--x--\r\n"
)
_SIP = [_CARRIER] + [
    item["text"].encode()
    for name in ("dtmf-info", "hold-resume", "session-refresh-422")
    for item in json.loads((VECTORS / f"sip/{name}.json").read_text())
]

_SDP = [
    *[message.partition(b"\r\n\r\n")[2] for message in _SIP[1:] if b"\r\nv=0" in message],
    b"v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\nc=IN IP4 1.2.3.4\r\nm=audio 4000 RTP/SAVP 97 8\r\n"
    b"a=rtpmap:97 CLEARMODE/8000\r\n"
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20\r\n",
]


@dataclass(frozen=True)
class Target:
    """A decoder under test."""

    name: str
    decode: Callable[[bytes], object]
    """Decodes and looks at everything that is decoded on demand; may raise DecodeError only."""
    seeds: list[bytes]
    """Well-formed input to mutate."""


def isup(variant: Variant) -> Callable[[bytes], object]:
    def run(octets: bytes) -> object:
        message = Message.parse(octets, variant)
        assert message.encode() == octets
        str(message)
        moved = message.with_cic(1)
        assert moved.codes() == message.codes()
        for parameter in message.raw_parameters():
            cls = typed_parameters().get(parameter.code)
            if cls is not None:
                each(parameter.octets, cls.parse)
        return message.parameters()

    return run


def each(octets: bytes, parse: Callable[[bytes], object]) -> None:
    """Parse a part of the input; whether it is malformed does not end the test of the rest."""
    try:
        str(parse(octets))
    except DecodeError:
        return


def isup_parameter(octets: bytes) -> object:
    """The first octet is the parameter code."""
    if not octets:
        return None
    value = parse_parameter(octets[0], octets[1:])
    again = value.encode()
    assert parse_parameter(octets[0], again) == value
    return str(value)


def mtp2(extended: bool) -> Callable[[bytes], object]:
    def run(octets: bytes) -> object:
        unit = decode_unit(octets, extended)
        str(unit)
        return decode_unit(encode_unit(unit, extended), extended)

    return run


def q921(octets: bytes) -> object:
    frame = parse_frame(octets)
    assert parse_frame(frame.encode()) == frame
    each(octets[3:], FrameReject.parse)
    return str(frame)


def mtp3(variant: LabelVariant) -> Callable[[bytes], object]:
    def run(octets: bytes) -> object:
        msu = decode_msu(octets, variant)
        assert msu.encode(variant) == octets
        return str(msu), json.dumps(msu.to_dict(variant))

    return run


def explain(protocol: str, variant: str) -> Callable[[bytes], object]:
    def run(octets: bytes) -> object:
        report = decode.decode(protocol, octets, variant)
        return json.dumps(report), decode.render(report)

    return run


def tup(variant: TupVariant) -> Callable[[bytes], object]:
    """The octets behind the routing label; the SLS is the first of them."""

    def run(octets: bytes) -> object:
        carried = CircuitMessage.parse(octets[0] if octets else 0, octets, variant)
        sls, data = carried.encode(variant) if len(octets) < 260 else (0, octets)
        assert data == octets
        assert len(octets) >= 260 or CircuitMessage.parse(sls, data, variant) == carried
        assert tup_messages.encode(tup_messages.decode(octets[1:], variant), variant) == octets[1:]
        return str(carried)

    return run


def adaptation(forms: Forms) -> Callable[[bytes], object]:
    """M3UA or M2UA."""

    def run(octets: bytes) -> object:
        message = SigtranMessage.parse(octets)
        str(message)
        assert SigtranMessage.parse(message.encode()).parameters == message.parameters
        for parameter in message.parameters:
            each(parameter.value, ProtocolData.parse)
            for read in (parse_routing_key, nested):
                try:
                    read(parameter)
                except DecodeError:
                    continue
        if message.get(Tag.AFFECTED_POINT_CODE) is not None:
            each(octets, lambda _: parse_affected(message))
        check_message(message, forms, 1)
        return message

    return run


def m2pa(octets: bytes) -> object:
    message = parse_m2pa(octets)
    return str(message), parse_m2pa(message.encode())


def q931(long_user_user: bool) -> Callable[[bytes], object]:
    def run(octets: bytes) -> object:
        message = decode_q931(octets, long_user_user=long_user_user)
        assert encode_q931(message) == octets
        for sender in ("network", "user", None):
            left = check_q931(message, sender).message
            assert decode_q931(encode_q931(left), long_user_user=long_user_user).type == message.type
        reassembler = Reassembler()
        reassembler.receive(message, 0.0)
        return str(message), reassembler.outputs()

    return run


def q931_element(octets: bytes) -> object:
    """The first octet is the identifier."""
    if not octets:
        return None
    content = None if octets[0] >= 0x80 else octets[1:]
    element = parse_element(octets[0], content)
    assert element.encode() == octets[1:] or content is None
    return str(element)


def sip(octets: bytes) -> object:
    message = parse_message(octets)
    for name in list(message.fields):
        message.values(name)
    with suppress(DecodeError):
        message.parts()
    SessionExpires.of(message)
    if isinstance(message, Request):
        acknowledged(message)
        sip_diversion.read(message)
        setup_of(message, _SIP_TRUNK)
    else:
        response_sequence(message)
    reason_of(message)
    digit_of(message)
    return message.session, message.contact, message.content_type


def sip_texts(octets: bytes) -> object:
    """Values of fields, as compiled and as in Python."""
    text = octets.decode("utf-8", "replace")
    for read in OF_TEXTS:
        assert_both_ways(read, text)
    return text


#: One message of each type, since no capture of IUA is at hand.
_IUA = [
    SigtranMessage(kind, tuple(Parameter(choice[0], bytes((0, 1, 0, 0))) for choice in form.required)).encode()
    for kind, form in IUA_FORMS.items()
]

TARGETS = [
    *[Target(f"isup-{variant.value}", isup(variant), _ISUP) for variant in Variant],
    Target(
        "isup-parameter", isup_parameter, [bytes([code]) + octets[:20] for code in range(256) for octets in _ISUP[:3]]
    ),
    *[Target(f"tup-{variant.value}", tup(variant), _TUP) for variant in TupVariant],
    *[Target(f"explain-tup-{v.value}", explain("tup", v.value), [m[1:] for m in _TUP]) for v in TupVariant],
    Target("q921", q921, _Q921),
    Target("mtp2", mtp2(False), _UNITS),
    Target("mtp2-extended", mtp2(True), _UNITS),
    *[Target(f"mtp3-{variant.value}", mtp3(variant), _MSUS) for variant in LabelVariant],
    *[Target(f"explain-isup-{name}", explain("isup", name), _ISUP) for name in decode.VARIANTS],
    *[
        Target(
            f"explain-mtp3-{name}",
            explain("mtp3", name),
            [LABEL + m for m in _ISUP] + [b"\x84" + LABEL[1:] + m for m in _TUP] + _MSUS,
        )
        for name in decode.VARIANTS
    ],
    Target("explain-mtp2", explain("mtp2", "itu"), _UNITS),
    Target("m3ua", adaptation(M3UA_FORMS), [message.octets for message in captured(Ppid.M3UA)]),
    Target("iua", adaptation(IUA_FORMS), _IUA),
    Target("m2ua", adaptation(M2UA_FORMS), [message.octets for message in captured(Ppid.M2UA)]),
    Target("m2pa", m2pa, [message.octets for message in captured(Ppid.M2PA)]),
    Target("q931", q931(False), _Q931),
    Target("q931-h225", q931(True), _Q931),
    Target("q931-element", q931_element, [bytes([code]) + m[7:30] for code in range(256) for m in _Q931[:3]]),
    Target("explain-q931", explain("q931", "itu"), _Q931),
    Target("explain-lapd", explain("lapd", "itu"), [b"\x00\x01\x02\x04" + octets for octets in _Q931]),
    Target(
        "rtp",
        parse_header,
        [
            bytes.fromhex("800000010000000000000001ff"),
            bytes.fromhex("91080001" + "00" * 12 + "bede0001510a0000" + "d5" * 8),
        ],
    ),
    Target(
        "rtcp",
        parse_reports,
        [
            bytes.fromhex("81c8000c1111111183aa7e80800000001122334400000064000003e82222222240fffffd0001fffe")
            + bytes(12),
            bytes.fromhex("80c9000111111111" + "81ca000311111111010461624063000081cb000111111111"),
        ],
    ),
    Target("telephone-event", parse_events, [bytes.fromhex("058a0320")]),
    Target("satop", Packet.parse, [bytes(4) + bytes(256), b"\x00\x10\x00\x01" + bytes(60)]),
    Target("sip", sip, _SIP),
    Target("sip-both-ways", both_ways(parse_message), _SIP),
    Target("sdp", sdp.parse, _SDP),
    Target("sdp-both-ways", both_ways(sdp.parse), _SDP),
    Target("sip-texts-both-ways", sip_texts, [line.partition(b": ")[2] for m in _SIP for line in m.split(b"\r\n")]),
]


def an_input(target: Target, source: random.Random) -> bytes:
    """Mostly a mutated message, sometimes random octets."""
    if not target.seeds or source.random() < 0.1:
        return source.randbytes(source.randrange(MAX_OCTETS))
    return mutate(source.choice(target.seeds), source.choice(target.seeds), source)


def check(target: Target, octets: bytes) -> bool:
    """Whether the decoder accepts the octets; anything it raises but DecodeError passes through."""
    try:
        target.decode(octets)
    except DecodeError:
        return False
    return True


def fuzz(
    targets: Iterable[Target], seconds: float, source: random.Random, most: int | None = None
) -> dict[str, tuple[int, int]]:
    """Spend about `seconds`, equally on each target, or until each had `most` inputs; inputs and accepted ones by name.

    AssertionError at a failure.
    """
    chosen = list(targets)
    counts = {}
    for target in chosen:
        end = time.monotonic() + seconds / len(chosen)
        inputs = accepted = 0
        for seed in target.seeds:
            accepted += check_loudly(target, seed)
            inputs += 1
        while time.monotonic() < end and (most is None or inputs < most):
            for _ in range(50):
                accepted += check_loudly(target, an_input(target, source))
            inputs += 50
        counts[target.name] = (inputs, accepted)
    return counts


def check_loudly(target: Target, octets: bytes) -> bool:
    """`check`, with the octets named in the failure."""
    try:
        return check(target, octets)
    except Exception as error:
        raise AssertionError(f"{target.name}: {type(error).__name__}: {error}\n  octets {octets.hex()}") from error


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="time to spend in all (default 60)")
    parser.add_argument("--inputs", type=int, default=None, help="inputs for each target, if the time is enough")
    parser.add_argument("--seed", type=int, default=None, help="seed of the random source (default: a new one)")
    parser.add_argument("--only", metavar="NAME", help="targets whose name contains NAME")
    options = parser.parse_args()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    print(f"seed {seed}")
    targets = [target for target in TARGETS if not options.only or options.only in target.name]
    if not targets:
        parser.error(f"no target is called {options.only}; there are {', '.join(t.name for t in TARGETS)}")
    bad = 0
    for target in targets:
        try:
            counts = fuzz([target], options.seconds / len(targets), random.Random(seed), options.inputs)
        except AssertionError:
            traceback.print_exc()
            bad = 1
            continue
        for name, (inputs, accepted) in counts.items():
            print(f"{name:22} {inputs:9} inputs, {accepted:9} accepted", flush=True)
    return bad


if __name__ == "__main__":
    sys.exit(main())
