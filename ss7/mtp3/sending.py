"""Messages on their way down: label, service information, and which link carries management."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from tandem.ss7.mtp3.configuration import Configuration
from tandem.ss7.mtp3.label import LAYOUTS, Service, Variant
from tandem.ss7.mtp3.link_management import LinkControl
from tandem.ss7.mtp3.linkset import Linkset, SendManagement
from tandem.ss7.mtp3.messages import encode_management, message_type
from tandem.ss7.mtp3.primitives import Notice, Output, SendMessage

#: Longest SIF, Q.703 2.3.8: label and data together.
MAXIMUM_SIF: Final = 272
#: Headings of messages that are kept: they are few for each destination.
_MOST_HEADINGS: Final = 4096


class Sender:
    """Appends a SendMessage to `outputs` for each message of this signalling point."""

    def __init__(self, configuration: Configuration, outputs: list[Output], counters: Counter[str]) -> None:
        self._point_code = configuration.point_code
        self._network_indicator = configuration.network_indicator
        self._variant = configuration.variant
        self._layout = LAYOUTS[configuration.variant]
        self._pattern = configuration.test_pattern
        self._ansi = configuration.variant is Variant.ANSI
        # T1.111.4: management and test messages have the highest priority.
        self._priority = 3 if self._ansi else 0
        self._outputs = outputs
        self._counters = counters
        self._headings: dict[tuple[int, int, int | None, int, int], bytes] = {}
        """Service information octet and label by service, DPC, OPC, SLS and priority."""
        self.detour: Callable[[int, int], LinkControl | None] = lambda point_code, sls: None
        """The link for a message to an adjacent point that none of its own links can carry."""

    def encode(
        self, service: int, dpc: int, sls: int, data: bytes, opc: int | None = None, priority: int = 0
    ) -> bytes | None:
        """The message with `data` behind its label; None, with a notice, for one that level 2 cannot carry."""
        if self._layout.octets + len(data) > MAXIMUM_SIF:
            self._drop(f"message of {len(data)} octets to {dpc} is longer than level 2 carries")
            return None
        key = (service, dpc, opc, sls, priority)
        heading = self._headings.get(key)
        if heading is None:
            heading = self._heading(service, dpc, self._point_code if opc is None else opc, sls, priority)
            if heading is None:
                return None
            if len(self._headings) >= _MOST_HEADINGS:
                self._headings.clear()
            self._headings[key] = heading
        return heading + data

    def _heading(self, service: int, dpc: int, opc: int, sls: int, priority: int) -> bytes | None:
        """Service information octet and label; None, with a notice, when something does not fit."""
        layout = self._layout
        bits, limit = layout.point_code_bits, layout.point_code_limit
        if not (0 <= dpc < limit and 0 <= opc < limit and 0 <= service <= 15 and 0 <= priority <= 3):
            self._drop(f"message of service {service} from {opc} to {dpc} does not fit its label")
            return None
        label = dpc | opc << bits | (sls & (1 << layout.sls_wire_bits) - 1) << 2 * bits
        first = service | priority << 4 | self._network_indicator << 6
        return bytes((first,)) + label.to_bytes(layout.octets, "little")

    def emit(self, link: int, msu: bytes) -> None:
        """Send `msu` over `link`."""
        self._outputs.append(SendMessage(link, msu))
        self._counters["sent"] += 1

    def message(self, link: int, service: int, dpc: int, sls: int, data: bytes, priority: int = 0) -> None:
        """Send `data` behind its label over `link`."""
        msu = self.encode(service, dpc, sls, data, None, priority)
        if msu is not None:
            self.emit(link, msu)

    def management(self, linkset: Linkset, acronym: str, dpc: int | None = None, **fields: int) -> None:
        """Send a message that is not about one link, to the adjacent point unless `dpc` is given.

        Its SLS is the code of the link that carries it: some neighbours drop management messages where it is not.
        """
        usable = linkset.usable()
        carrier = usable[0] if usable else linkset.carrier(-1)
        self._management(linkset, carrier, acronym, None, fields, dpc)

    def distant(self, link: LinkControl, dpc: int, acronym: str, priority: int | None, fields: dict[str, int]) -> None:
        """Send a message to a point that need not be adjacent over `link`."""
        data = encode_management(acronym, self._variant, b"", **fields)
        sls = link.slc if dpc == link.linkset.adjacent_point_code else 0
        level = self._priority if priority is None else priority
        self.message(link.id, Service.MANAGEMENT, dpc, sls, data, priority=level)

    def about_link(self, linkset: Linkset, message: SendManagement, carrier: LinkControl | None = None) -> None:
        """Send a message about one link of `linkset` to the adjacent point, on link `carrier` when it is given.

        Without a link of the linkset it takes another way to that point, if there is one (Q.704 5.3.2).
        """
        link = carrier or linkset.carrier(message.slc) or self.detour(linkset.adjacent, message.slc)
        self._management(linkset, link, message.acronym, message.slc, message.fields, None)

    def link_test(self, link: LinkControl, acknowledged: bytes | None = None, service: int | None = None) -> None:
        """Send SLTM on `link`, or SLTA when a pattern is `acknowledged`."""
        if service is None:
            service = Service.TESTING_SPECIAL if self._ansi else Service.TESTING
        fields = {"signalling_link_code": link.slc} if self._ansi else {}
        acronym, pattern = ("SLTM", self._pattern) if acknowledged is None else ("SLTA", acknowledged)
        data = encode_management(acronym, self._variant, pattern, **fields)
        self.message(link.id, service, link.linkset.adjacent_point_code, link.slc, data, priority=self._priority)

    def route_test(self, link: int, dpc: int, sls: int, acronym: str, pattern: bytes) -> None:
        """Send SRT or SRTA to `dpc` over `link` (Japan)."""
        self.message(link, Service.TESTING, dpc, sls, encode_management(acronym, self._variant, pattern))

    def _management(
        self,
        linkset: Linkset,
        carrier: LinkControl | None,
        acronym: str,
        slc: int | None,
        fields: dict[str, int],
        dpc: int | None,
    ) -> None:
        if carrier is None:
            self._counters["management without a link"] += 1
            return
        if self._ansi and slc is not None and message_type(acronym).about_link:
            fields = {"signalling_link_code": slc, **fields}
        data = encode_management(acronym, self._variant, b"", **fields)
        sls = carrier.slc if slc is None else slc
        destination = linkset.adjacent if dpc is None else dpc
        self.message(carrier.id, Service.MANAGEMENT, destination, sls, data, priority=self._priority)

    def _drop(self, text: str) -> None:
        self._counters["cannot be sent"] += 1
        self._outputs.append(Notice(text))
