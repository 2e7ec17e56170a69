"""A capture analysed in bulk or message by message, in steps of any size."""

from dataclasses import replace

from support.packet_files import file_of

from tandem.gateway.analyser.analysis import Analyser
from tandem.gateway.analyser.merge import merge
from tandem.gateway.analyser.pcap import read_pcap
from tandem.gateway.analyser.report import as_json


def analysed(octets, bulk, at_once, options=None, read=read_pcap):
    """The JSON of a pcap file, calls followed every `at_once` packets."""
    analyser = Analyser(options, bulk)
    analyser._at_once = at_once
    for batch in merge([read(file_of(octets), print)]):
        for first in range(0, len(batch), at_once):
            analyser.feed(part(batch, first, first + at_once))
    return "".join(as_json(analyser.result()))


def part(batch, first, last):
    """Some packets of a batch."""
    names = ["start", "length", "original", "time", "number"] + ["inbound"] * (batch.inbound is not None)
    return replace(batch, **{name: getattr(batch, name)[first:last] for name in names})
