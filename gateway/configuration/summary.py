"""A configuration in one sentence, for `tandem check`."""

from __future__ import annotations

from tandem.gateway.configuration.pri import pri_lines
from tandem.gateway.configuration.ranges import parse_ranges
from tandem.gateway.configuration.schema import CircuitTrunk, Configuration, PriTrunk


def summary(configuration: Configuration) -> str:
    """How many spans, links, circuits, trunks and routes there are."""
    links = sum(len(linkset.link) for linkset in configuration.ss7.linkset)
    circuits = sum(
        len(parse_ranges(part.cic, 0, 0x3FFF))
        for trunk in configuration.trunk
        if isinstance(trunk, CircuitTrunk)
        for part in trunk.circuits
    )
    pris = [trunk for trunk in configuration.trunk if isinstance(trunk, PriTrunk)]
    channels = sum(len(lines.b_channels) for trunk in pris for lines in pri_lines(trunk, configuration.span))
    parts = (
        (len(configuration.span), "span"),
        (links, "signalling link"),
        (circuits, "circuit"),
        *([(channels, "B-channel")] if pris else []),
        (len(configuration.trunk), "trunk"),
        (len(configuration.route), "route"),
    )
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in parts) + "."


def rtp_legs(configuration: Configuration) -> int:
    """How many RTP legs the ports of `[media]` carry: one an even port."""
    first, last = configuration.media.ports
    return len(range(first + first % 2, last + 1, 2))
