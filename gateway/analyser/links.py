"""Signalling links captured as such: what is plain of them as rows, in bulk; all else is left to be read singly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

import numpy as np

from tandem.ss7.isup.codes import MessageType as IsupType
from tandem.ss7.mtp3.label import Service, Variant

from .lines import CHANNELS, ERF, MTP2_WITH_PSEUDO, MTP3, units
from .model import Message, Protocol, Where
from .network import Ints
from .packets import Batch, groups, starts
from .rows import Rows, rows_of
from .variants import Variants

MOST_RELATIONS: Final = 100_000
"""Pairs of ends kept."""
Each = Callable[[Iterable[int]], None]
"""Reads the packets at these places of the batch one by one."""


class LinkReader:
    """Takes batches of the link types of `lines`."""

    def __init__(
        self,
        variants: Variants,
        ends: list[Where],
        counts: dict[str, Counter[str]],
        emit: Callable[[Message], None],
        fcs: bool = False,
        plain: bool = True,
    ) -> None:
        """`ends`: the table that places are of, `emit` hears of links in service; both are shared with a dissector.

        `fcs`: units of MTP2 end with it. `plain`: no pair of point codes was told to be of another variant than ITU-T.
        """
        self._variants = variants
        self._ends = ends
        self._counts = counts
        self._emit = emit
        self._fcs = fcs
        self._plain = plain
        self._places: dict[Where, int] = {}

    def take(self, batch: Batch, kind: int, each: Each) -> Rows | None:
        """The plain messages of a batch of link type `kind`; `each` is given what has to be read one by one."""
        found = units(batch, kind, self._fcs)
        if found.status.any() or not self._plain:
            # Whether a status unit is a failure is told by the units before it, and whether a label is that of a pair
            # that was told to be of another variant by more of its octets than are looked at in bulk.
            each(range(len(batch)))
            return None
        at = np.flatnonzero(found.plain)
        order, of, ends = groups(found.relation[at].view(np.uint64))
        heads = order[starts(ends)]
        relations = found.relation[at[heads]].tolist()
        first = self._until_settled(relations, of, found.kind[at], at)
        each(range(first))
        places = np.full(len(relations), -1, np.int64)
        for index, (relation, head) in enumerate(zip(relations, at[heads].tolist(), strict=True)):
            begin, stop = int(found.message[head]), int(found.stop[head])
            places[index] = self._place(batch, kind, relation, head, batch.buffer[begin - 5 : stop])
        place = places[of]
        kept = (place >= 0) & (at >= first)
        if not kept.all():
            at, place = at[kept], place[kept]
        rest = ~found.fill_in
        rest[:first] = rest[at] = False
        each(np.flatnonzero(rest).tolist())
        if kind != MTP3:
            self._in_service(batch, kind, np.flatnonzero(found.fill_in[first:]) + first, found.link, "FISU")
            self._in_service(batch, kind, at, found.link, "MSU")
        if not len(at):
            return None
        packet = at + 1 if batch.number is None else batch.number[at]
        rows = rows_of(found.octets, found.some(at), batch.buffer, packet, batch.time[at], place)
        self._counts[Protocol.MTP3.value][Service.ISUP.name] += len(at)
        self._counts[Protocol.ISUP.value].update(rows.names())
        return rows

    def _until_settled(self, relations: list[int], of: Ints, kind: Ints, at: Ints) -> int:
        """How many packets go before the variant of each relation is settled, and are to be read one by one.

        An IAM settles it, in nearly all captures: the first of each. `of`: the place among `relations` of each message,
        of the types `kind`, at places `at` in the batch.
        """
        unknown = np.array([not self._is_known(relation) for relation in relations], np.bool_)
        if not unknown.any():
            return 0
        opening = np.full(len(relations), -1, np.int64)
        begins = np.flatnonzero(kind == IsupType.IAM)[::-1]
        opening[of[begins]] = at[begins]
        return int(opening[unknown].max()) + 1

    def _is_known(self, relation: int) -> bool:
        """Whether the variant between the point codes of `Units.relation` is settled."""
        return self._variants.settled(relation >> 28 & 3, relation >> 14 & 0x3FFF, relation & 0x3FFF, True)

    def _place(self, batch: Batch, kind: int, relation: int, index: int, octets: bytes) -> int:
        """The place of the two ends of a relation in the table; -1 for variants that rows are not of.

        `octets`: one message, from the service information octet on, in packet `index`.
        """
        network, opc, dpc = relation >> 28 & 3, relation >> 14 & 0x3FFF, relation & 0x3FFF
        if not self._is_known(relation) or self._variants.of_label(network, octets) is not Variant.ITU:
            return -1
        link, sent = _link(batch, kind, index)
        where = Where("", "", opc, dpc, network, Variant.ITU.value, link, sent)
        place = self._places.get(where)
        if place is None:
            if len(self._ends) >= MOST_RELATIONS:
                return -1
            place = self._places[where] = len(self._ends)
            self._ends.append(where)
        return place

    def _in_service(self, batch: Batch, kind: int, at: Ints, link: Ints, name: str) -> None:
        """Count units of MTP2; one of each link and direction, first of all, says that it is in service."""
        if not len(at):
            return
        self._counts[Protocol.MTP2.value][name] += len(at)
        order, _, ends = groups(link[at].view(np.uint64))
        heads = order[starts(ends)]
        for index in at[heads[np.argsort(link[at[heads]])]].tolist():
            name_of, sent = _link(batch, kind, index)
            where = Where(link=name_of, sent=sent)
            self._emit(Message(batch.packet(index), float(batch.time[index]), Protocol.MTP2, name, where, b""))


def _link(batch: Batch, kind: int, index: int) -> tuple[str, bool | None]:
    """The link that a unit is of, and whether it was sent."""
    if kind == MTP2_WITH_PSEUDO:
        head = batch.octets(index)[:4]
        return str(int.from_bytes(head[2:4], "big")), head[0] == 1
    if kind == ERF:
        octets = batch.octets(index)[:20]
        several = octets[8] in CHANNELS
        return str(int.from_bytes(octets[16:], "big") & 0x3FF) if several else "", batch.sent(index)
    return batch.interface, batch.sent(index)
