"""UDP ports that the gateway binds: each by one user only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

from tandem.core.errors import TandemError
from tandem.gateway.configuration.problem import Problem
from tandem.gateway.configuration.ranges import parse_endpoint, parse_listener
from tandem.gateway.configuration.schema import Configuration, SipTrunk
from tandem.gateway.configuration.spans import line_format
from tandem.gateway.configuration.summary import rtp_legs
from tandem.hardware.cesopsn_udp import CesopsnSpec
from tandem.hardware.registry import innermost
from tandem.hardware.satop_udp import SatopSpec


class Ports(NamedTuple):
    """Ports of one address that one part of the configuration binds."""

    path: str
    what: str
    address: str
    first: int
    last: int
    peer: str = ""
    """Only packets of this peer are for it, and others may have the port for other peers."""

    def meets(self, other: Ports) -> bool:
        """Whether both want a port."""
        if self.peer and other.peer and self.peer != other.peer:
            return False
        same = self.address == other.address or "0.0.0.0" in (self.address, other.address)
        return same and self.first <= other.last and other.first <= self.last


def check_ports(configuration: Configuration) -> Iterator[Problem]:
    """Ports bound twice, calls to ourselves, and more calls than there are RTP ports."""
    bound = list(_bound(configuration))
    for index, ports in enumerate(bound):
        for other in bound[:index]:
            if ports.meets(other):
                number = max(ports.first, other.first)
                yield Problem(ports.path, f"port {number} is already {other.what} ({other.path}); choose another")
                break
    legs = rtp_legs(configuration)
    for index, trunk in enumerate(configuration.trunk):
        if isinstance(trunk, SipTrunk) and trunk.max_calls > legs > 0:
            text = f"{trunk.max_calls} calls need as many even RTP ports, media.ports has {legs}; widen it"
            yield Problem(f"trunk[{index}].max_calls", text)


def _bound(configuration: Configuration) -> Iterator[Ports]:
    """What is bound, as far as it can be read (what cannot is reported elsewhere)."""
    media = configuration.media
    if media.ports[0] < media.ports[1]:
        yield Ports("media.ports", "an RTP port", media.address, *media.ports)
    if configuration.sip is not None:
        for path, text in (
            ("sip.listen", f"udp:{configuration.sip.listen}"),
            *((f"sip.also_listen[{index}]", text) for index, text in enumerate(configuration.sip.also_listen)),
        ):
            try:
                listener = parse_listener(text)
            except ValueError:
                continue
            if listener.transport == "udp":
                yield Ports(path, "the SIP port", listener.host, listener.port, listener.port)
        if (pjsua2 := configuration.sip.pjsua2) is not None:
            try:
                address, port = parse_endpoint(pjsua2.listen, 5060)
            except ValueError:
                pass
            else:
                yield Ports("sip.pjsua2.listen", "the SIP port of PJSIP", address, port, port)
            for index, text in enumerate(pjsua2.also_listen):
                with contextlib.suppress(ValueError):
                    listener = parse_listener(text)
                    if listener.transport == "udp":
                        path = f"sip.pjsua2.also_listen[{index}]"
                        yield Ports(path, "the SIP port of PJSIP", listener.host, listener.port, listener.port)
            if pjsua2.ports[0] < pjsua2.ports[1]:
                yield Ports("sip.pjsua2.ports", "an RTP port of PJSIP", media.address, *pjsua2.ports)
    for index, span in enumerate(configuration.span):
        device = innermost(span.device)
        scheme, _, body = device.partition(":")
        try:
            if scheme == "satop":
                wire = SatopSpec.parse(device, body, line_format(span))
            elif scheme == "cesopsn":
                wire = CesopsnSpec.parse(device, body, line_format(span)).wire
            else:
                continue
        except TandemError:
            continue
        peer = f"{wire.peer[0]}:{wire.peer[1]}" if wire.shared else ""
        path, what = f"span[{index}].device", f"the listening port of span {span.name!r}"
        yield Ports(path, what, wire.listen[0], wire.listen[1], wire.listen[1], peer)
    kinds = {association.transport for association in configuration.association}
    if kinds & {"sctp", "sctp-udp"}:
        port = configuration.sigtran.udp_port
        yield Ports("sigtran.udp_port", "the UDP port of SCTP", configuration.sigtran.udp_address, port, port)
