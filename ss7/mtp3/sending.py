"""Messages on their way down: label, service information, and which link carries management."""

from __future__ import annotations

from collections import Counter
from typing import Final

from tandem.ss7.mtp3.configuration import Configuration
from tandem.ss7.mtp3.label import LAYOUTS, Service, Variant
from tandem.ss7.mtp3.link_management import LinkControl
from tandem.ss7.mtp3.messages import encode_management, message_type
from tandem.ss7.mtp3.primitives import Notice, Output, SendMessage
from tandem.ss7.mtp3.traffic import Linkset, SendManagement

#: Longest SIF, Q.703 2.3.8: label and data together.
MAXIMUM_SIF: Final = 272


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

    def message(
        self, link: int, service: int, dpc: int, sls: int, data: bytes, opc: int | None = None, priority: int = 0
    ) -> None:
        """Send `data` behind its label over `link`; one that level 2 cannot carry is dropped with a notice."""
        layout = self._layout
        bits, limit = layout.point_code_bits, layout.point_code_limit
        opc = self._point_code if opc is None else opc
        if layout.octets + len(data) > MAXIMUM_SIF:
            self._drop(link, f"message of {len(data)} octets to {dpc} is longer than level 2 carries")
        elif not (0 <= dpc < limit and 0 <= opc < limit and 0 <= service <= 15 and 0 <= priority <= 3):
            self._drop(link, f"message of service {service} from {opc} to {dpc} does not fit its label")
        else:
            label = dpc | opc << bits | (sls & (1 << layout.sls_wire_bits) - 1) << 2 * bits
            first = service | priority << 4 | self._network_indicator << 6
            self._outputs.append(SendMessage(link, bytes((first,)) + label.to_bytes(layout.octets, "little") + data))
            self._counters["sent"] += 1

    def management(self, linkset: Linkset, acronym: str, dpc: int | None = None, **fields: int) -> None:
        """Send a message that is not about one link, to the adjacent point unless `dpc` is given.

        Its SLS is the code of the link that carries it: some neighbours drop management messages where it is not.
        """
        usable = linkset.usable()
        carrier = usable[0] if usable else linkset.carrier(-1)
        self._management(linkset, carrier, acronym, None, fields, dpc)

    def about_link(self, linkset: Linkset, message: SendManagement) -> None:
        """Send a message about one link of `linkset` to the adjacent point."""
        carrier = linkset.carrier(message.slc)
        self._management(linkset, carrier, message.acronym, message.slc, message.fields, None)

    def link_test(self, link: LinkControl, acknowledged: bytes | None = None, service: int | None = None) -> None:
        """Send SLTM on `link`, or SLTA when a pattern is `acknowledged`."""
        if service is None:
            service = Service.TESTING_SPECIAL if self._ansi else Service.TESTING
        fields = {"signalling_link_code": link.slc} if self._ansi else {}
        acronym, pattern = ("SLTM", self._pattern) if acknowledged is None else ("SLTA", acknowledged)
        data = encode_management(acronym, self._variant, pattern, **fields)
        self.message(link.id, service, link.linkset.adjacent_point_code, link.slc, data, priority=self._priority)

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

    def _drop(self, link: int, text: str) -> None:
        self._counters["cannot be sent"] += 1
        self._outputs.append(Notice(text, link))
