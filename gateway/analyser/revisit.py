"""A second reading of the captures for what the first did not keep: octets of messages, packets of calls, speech.

The first pass keeps numbers of packets only, so that it needs little memory and time; the numbers are the same the
second time, as the same files are merged in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

import numpy as np

from tandem.gateway.decode import decode, render

from .dissect import Dissector, Options
from .files import expand, read_file
from .merge import merge
from .model import Message, Protocol
from .packets import Batch

_DETAILED = frozenset({Protocol.ISUP, Protocol.TUP, Protocol.Q931, Protocol.H225, Protocol.SIP})


def batches(paths: list[str]) -> Iterator[Batch]:
    """The packets of the captures again, numbered as before; what cannot be read was told the first time."""
    yield from merge([read_file(path, lambda *_: None) for path in expand(paths)])


def pick(batch: Batch, numbers: Collection[int]) -> Batch:
    """The packets of a batch that have one of `numbers`, which is sorted or a set."""
    assert batch.number is not None
    wanted = np.isin(batch.number, np.fromiter(numbers, np.int64))
    return replace(
        batch,
        start=batch.start[wanted],
        length=batch.length[wanted],
        original=batch.original[wanted],
        time=batch.time[wanted],
        number=batch.number[wanted],
        inbound=None if batch.inbound is None else batch.inbound[wanted],
    )


def messages(paths: list[str], options: Options, numbers: Collection[int]) -> Iterator[Message]:
    """Messages of calls that were found in packets with one of `numbers`.

    All packets are dissected: a message may have begun in an earlier one.
    """
    dissector = Dissector(options)
    wanted = frozenset(numbers)
    for batch in batches(paths):
        for message in dissector.feed(batch).messages:
            if message.packet in wanted and message.protocol in _DETAILED:
                yield message


def details(message: Message) -> str:
    """A message in words, a line for each parameter or header field; never raises for what is in it."""
    octets, variant = message.octets, message.where.variant or "itu"
    if message.protocol is Protocol.SIP:
        return octets.decode("utf-8", "replace").replace("\r\n", "\n")
    if message.protocol is Protocol.H225:
        return _safely(lambda: _call_signalling(octets), octets)
    if message.protocol is Protocol.TUP:
        octets = octets[2:]
    return _safely(lambda: render(decode(message.protocol.value, octets, variant)), octets)


def _call_signalling(octets: bytes) -> str:
    """H.225.0 is Q.931 but for its user-user element: two octets of length, and ASN.1 that is not read here (7.2.1)."""
    from tandem.isdn.q931 import messages as q931
    from tandem.isdn.q931.codes import ElementCode

    parsed = q931.decode(octets, long_user_user=True)
    known = tuple(element for element in parsed.elements if element.code != ElementCode.USER_USER)
    text = render(decode("q931", q931.encode(replace(parsed, elements=known, long_user_user=False))))
    return f"{text}\n  126  User-user: H.225.0, not decoded" if len(known) < len(parsed.elements) else text


def _safely(work: Callable[[], str], octets: bytes) -> str:
    try:
        return work()
    except Exception as error:
        return f"cannot be decoded: {error}\n{octets.hex(' ')}"
