"""From a spec string to an open span; a backend is imported when it is first used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Final, cast

from tandem.core.errors import SpanError
from tandem.hardware.span import LineFormat, Span

BACKENDS: Final[Mapping[str, tuple[str, str]]] = {
    "satop": ("tandem.hardware.satop_udp", "satop:listen=127.0.0.1:40001,peer=127.0.0.1:40002"),
    "dahdi": ("tandem.hardware.dahdi", "dahdi:1"),
    "e1d": ("tandem.hardware.e1d", "e1d:0:0"),
    "cesopsn": (
        "tandem.hardware.cesopsn_udp",
        "cesopsn:listen=127.0.0.1:40001,peer=127.0.0.1:40002,timeslots=1-15+16",
    ),
    "serial": ("tandem.hardware.serial_line", "serial:/dev/ttyUSB0?baud=115200"),
    "virtual": ("tandem.hardware.virtual", "virtual:a"),
    "file": ("tandem.hardware.file_span", "file:play=line.raw,loop=yes"),
    "fault": ("tandem.hardware.fault_span", "fault:ber=1e-5,los=5-8,span=virtual:a"),
}
"""Scheme -> (module with `open_span` and `check_spec` of (spec, body, line), an example of a right spec)."""


_E1: Final = LineFormat()


@dataclass(frozen=True, slots=True)
class Found:
    """A line, or a device that should have lines, as a driver found it on this machine."""

    spec: str
    """What to write as `device` of a `[[span]]`; empty when it cannot be used as it is."""
    kind: str
    """`E1`, `T1`, `serial`, ...; empty when that cannot be told."""
    name: str
    """What the device or its driver calls it."""
    state: str
    """`ok`, alarms by their names (`LOS RAI`), `in use`, or `failed`."""
    detail: str = ""
    """What more an operator wants to know, or should do, in one line."""


def discover() -> list[Found]:
    """What is on this machine, of every backend that can tell: those whose module has `discover() -> list[Found]`.

    Opens no line, disturbs none. A backend whose devices are not there at all finds nothing; one that is there and
    does not work is found `failed`.
    """
    found: list[Found] = []
    for module, _ in BACKENDS.values():
        if look := getattr(import_module(module), "discover", None):
            found += look()
    return found


def open_span(spec: str, line: LineFormat = _E1) -> Span:
    """Open the span that `spec` describes; `line` says what is on it, an E1 with CRC-4 if nothing else.

    `satop:listen=HOST:PORT,peer=HOST:PORT[,frames=8][,jitter=2][,burst=1]` is a SAToP pseudowire over UDP: `frames` a
    packet, and a missing packet is waited for until one `jitter` places ahead has come; without `jitter` as far ahead,
    2 places to 20 ms, as packets have been late in the last seconds. On a span with signalling
    `burst` packets go together, when the last of them is due, or up to two bursts early with signal units in them,
    which costs less; the far end needs a play-out buffer that makes up for it. Without it packets go at the constant
    rate of RFC 4553.
    On a T1 `octets=192` a packet takes the place of `frames`: the bits of the line as they come (RFC 4553 5.1); or
    `aligned=yes` and `frames=8` carry each frame in 25 octets (5.2). Both ends must do the same. `burst` counts
    milliseconds there.
    `dahdi:SPAN[,chunk=40][,buffers=3][,echo=TAPS][,rxgain=DB][,txgain=DB]` is a span of a card with DAHDI's drivers:
    speech goes in `buffers` kernel buffers of `chunk` octets; echo canceller and gains are the kernel's or the card's.
    `e1d:INTERFACE:LINE[,socket=/tmp/osmo-e1d.ctl][,chunk=40][,depth=3][,takeover=yes]` is a line of osmo-e1d (icE1usb):
    `depth` chunks of `chunk` octets of each timeslot wait in the daemon to be sent; `takeover` takes timeslots that
    another program has open.
    `cesopsn:listen=HOST:PORT,peer=HOST:PORT[,timeslots=1-31][,frames=8][,jitter=2][,burst=1]` is a CESoPSN pseudowire
    of some timeslots, such as `1-15+17`, without framing (RFC 5086); all timeslots if none are given.
    Both take `rtp=absolute` or `rtp=differential` for packets with RTP header, with `pt=97`, `ssrc=0` and `clock=8000`
    (timestamps a second); and `shared=yes`, on every span of a port, for spans with different peers on it.
    `serial:/dev/ttyUSB0?baud=115200[&carrier=dcd][&flow=rtscts]` is a serial line with one D-channel or signalling link
    on it, and no speech (RFC 1662); `carrier`, `dcd`, `dsr` or `cts`, is the modem control line whose absence is LOS.
    `virtual:NAME`, opened twice in one process, gives the two ends of one line.
    `fault:[ber=1e-5][,los=5-8][,ais=..][,rai=..][,slip=3][,loss=0.01][,jitter=MS][,during=5-8][,seed=1],span=SPEC` is a
    software span that sends its line with faults: bits in error; at times (seconds since its first frame, `5-8+20-21`)
    nothing, ones, remote alarm or a frame too few; packets lost, and late by up to so many milliseconds. `during` is
    when bits are in error and packets lost or late, if not always.
    `file:play=PATH[,loop=yes][,port=40002][,rtp=yes]` receives the octets of a file at the rate of the line, or
    those in the SAToP packets of a capture (pcap, pcapng), to a UDP port.
    `file:record=PATH[,side=out][,megabytes=100],span=SPEC` writes what another span receives, or sends, into such a
    file.
    Raises SpanError naming the spec, what is wrong with it and what would be right.
    """
    backend, body = _backend(spec)
    return cast("Span", backend.open_span(spec, body, line))


def check_spec(spec: str, line: LineFormat = _E1) -> None:
    """Raise the SpanError that `open_span` would for a malformed spec, without opening anything."""
    backend, body = _backend(spec)
    backend.check_spec(spec, body, line)


def loop_card(spec: str, how: str) -> None:
    """Have the device itself loop a line, or end that, whoever has the line open.

    `how`: `remote`, what the far end sends goes back to it; `local`, what is sent here comes back; `off`. SpanError
    when the device cannot, or `spec` is of a kind that has no loop of its own.
    """
    scheme = spec.partition(":")[0]
    backend, body = _backend(spec)
    loop = getattr(backend, "loop_card", None)
    if loop is None:
        able = ", ".join(name for name, (module, _) in BACKENDS.items() if hasattr(import_module(module), "loop_card"))
        raise SpanError(f"span {spec!r}: {scheme} lines have no loop of their own, {able} has; loop it without --card")
    loop(spec, body, how)


def _backend(spec: str) -> tuple[ModuleType, str]:
    scheme, separator, body = spec.partition(":")
    backend = BACKENDS.get(scheme)
    if backend is None or not separator:
        examples = " or ".join(repr(example) for _, example in BACKENDS.values())
        raise SpanError(f"span {spec!r}: unknown device {scheme!r}; right would be {examples}")
    return import_module(backend[0]), body


def split_wrapper(spec: str, body: str) -> tuple[str, str]:
    """Split `OPTIONS,span=SPEC` into the options and the spec within, which may have commas of its own."""
    left, found, inner = f",{body}".partition(",span=")
    if not found or not inner:
        raise SpanError(f"span {spec!r}: span=SPEC is missing, as the last option, as in span=virtual:a")
    return left.removeprefix(","), inner


def innermost(spec: str) -> str:
    """The spec of the device itself, within whatever is around it."""
    scheme, _, body = spec.partition(":")
    _, found, inner = f",{body}".partition(",span=")
    return innermost(inner) if found and scheme in BACKENDS else spec


def parse_options(spec: str, body: str, required: set[str], optional: set[str]) -> dict[str, str]:
    """Split `key=value,key=value` and check the keys; SpanError names what is unknown, missing or given twice."""
    options: dict[str, str] = {}
    for item in filter(None, body.split(",")):
        key, equals, value = item.partition("=")
        if not equals or not value:
            raise SpanError(f"span {spec!r}: {item!r} should be key=value")
        if key not in required | optional:
            raise SpanError(
                f"span {spec!r}: unknown option {key!r}; known are {', '.join(sorted(required | optional))}"
            )
        if key in options:
            raise SpanError(f"span {spec!r}: option {key!r} is given twice")
        options[key] = value
    if missing := required - options.keys():
        raise SpanError(
            f"span {spec!r}: {', '.join(sorted(missing))} missing; every one of {sorted(required)} is needed"
        )
    return options


def parse_address(spec: str, key: str, text: str) -> tuple[str, int]:
    """Split `host:port` or `[v6]:port`."""
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise SpanError(f"span {spec!r}: {key}={text} should be HOST:PORT, as in {key}=127.0.0.1:40001")
    return host.removeprefix("[").removesuffix("]"), int(port)


def parse_count(spec: str, key: str, text: str, low: int, high: int) -> int:
    """A whole number between two bounds."""
    if not text.isdecimal() or not low <= int(text) <= high:
        raise SpanError(f"span {spec!r}: {key}={text} should be a whole number from {low} to {high}")
    return int(text)
