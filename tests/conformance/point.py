"""The tester of Q.782: one signalling point, with its neighbours and the level 2 of its links played by hand."""

from __future__ import annotations

from tandem.ss7.mtp2 import primitives as mtp2
from tandem.ss7.mtp3.configuration import Configuration, LinkConfiguration, LinksetConfiguration, Route
from tandem.ss7.mtp3.label import RoutingLabel, ServiceInformation, Variant
from tandem.ss7.mtp3.messages import encode_management
from tandem.ss7.mtp3.msu import MSU, decode_msu
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.mtp3.primitives import (
    Output,
    RetrieveBsnt,
    RetrieveMessages,
    SendMessage,
    StartLink,
    StopLink,
    TransferIndication,
    TransferRequest,
)

#: Linkset `a` to point 2 has links 0 and 1 (and more), linkset `b` to point 3 has links 10 and 11.
A, B = 2, 3
BSNT = 5
"""What level 2 of every link says it accepted last."""


class Point:
    """Point 1 under test."""

    def __init__(self, links: int = 2, routes: tuple[Route, ...] = (), **more: object) -> None:
        linksets = [
            LinksetConfiguration("a", A, tuple(LinkConfiguration(slc, slc) for slc in range(links))),
            LinksetConfiguration("b", B, (LinkConfiguration(10, 0), LinkConfiguration(11, 1))),
        ]
        self.node = SignallingPoint(
            Configuration(1, tuple(linksets), routes=routes, retrieval=True, **more)  # type: ignore[arg-type]
        )
        self.now = 0.0
        self.told: list[Output] = []
        """What users and operator were told."""
        self.sent: list[tuple[int, str]] = []
        """Link and text of each message sent; user messages as `ISUP` and what they carry."""
        self.received: list[bytes] = []
        self.commands: list[Output] = []
        self._answering: set[int] = set()
        self.unaccepted: dict[int, tuple[bytes, ...]] = {}
        """By link, messages that level 2 gives back."""
        self.node.start(0.0)
        self._drain()

    def up(self, *links: int, restart: bool = True) -> Point:
        """Bring links into service, tested from both ends, and let the neighbours be ready."""
        for link in links or (*self._links("a"), 10, 11):
            self._answering.add(link)
            self.event(link, mtp2.LinkInService())
            self.hear(link, "SLTA", service=1, pattern=b"TANDEM")
            self.hear(link, "SLTM", service=1, pattern=b"x")
            if restart:
                self.hear(link, "TRA")
        self.clear()
        return self

    def clear(self) -> None:
        for items in (self.told, self.sent, self.received, self.commands):
            items.clear()

    def event(self, link: int, primitive: mtp2.Indication) -> None:
        self.node.link_event(link, primitive, self.now)
        self._drain()

    def fail(self, link: int) -> None:
        self.event(link, mtp2.LinkOutOfService("test"))

    def hear(
        self,
        link: int,
        acronym: str,
        slc: int | None = None,
        opc: int | None = None,
        dpc: int = 1,
        service: int = 0,
        ni: int = 2,
        pattern: bytes = b"",
        **fields: int,
    ) -> None:
        """A management or test message comes over `link`."""
        data = encode_management(acronym, Variant.ITU, pattern, **fields)
        self.message(link, data, service, opc, dpc, link % 10 if slc is None else slc, ni)

    def message(
        self, link: int, data: bytes, service: int = 5, opc: int | None = None, dpc: int = 1, sls: int = 0, ni: int = 2
    ) -> None:
        """Any message comes over `link`."""
        opc = (B if link >= 10 else A) if opc is None else opc
        msu = MSU(ServiceInformation(service, ni), RoutingLabel(dpc, opc, sls), data)
        self.event(link, mtp2.MessageReceived(msu.encode(Variant.ITU)))

    def send(self, dpc: int = A, sls: int = 0, data: bytes = b"x") -> None:
        """A user sends a message."""
        self.node.transfer(TransferRequest(5, dpc, sls, data), self.now)
        self._drain()

    def links_for(self, dpc: int) -> set[int]:
        """Links that messages with each SLS go over."""
        self.sent.clear()
        for sls in range(16):
            self.send(dpc, sls)
        return {link for link, text in self.sent if text.startswith("ISUP")}

    def management(self) -> list[str]:
        """Management messages sent."""
        return [text for _, text in self.sent if not text.startswith(("ISUP", "SLTM"))]

    def act(self, name: str, *arguments: object) -> None:
        """Call an input of the point."""
        getattr(self.node, name)(*arguments, self.now)
        self._drain()

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.node.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.node.handle_timers(self.now)
            self._drain()
        self.now = end

    def _links(self, name: str) -> list[int]:
        linkset = next(each for each in self.node.configuration.linksets if each.name == name)
        return [link.id for link in linkset.links]

    def _drain(self) -> None:
        while outputs := self.node.outputs():
            for output in outputs:
                match output:
                    case SendMessage(link, msu):
                        message = decode_msu(msu)
                        text = str(message.management) if message.management else f"ISUP {message.data.decode()}"
                        self.sent.append((link, text))
                        if text.startswith("SLTM") and link in self._answering:
                            self.hear(link, "SLTA", service=1, pattern=b"TANDEM")
                    case RetrieveBsnt(link):
                        self.node.link_event(link, mtp2.RetrievedBsnt(BSNT), self.now)
                    case RetrieveMessages(link, fsnc):
                        self.commands.append(output)
                        messages = () if fsnc is None else self.unaccepted.pop(link, ())
                        self.node.link_event(link, mtp2.RetrievedMessages(messages), self.now)
                    case StartLink() | StopLink():
                        self.commands.append(output)
                    case TransferIndication():
                        self.received.append(output.data)
                    case _:
                        self.told.append(output)


def msu(dpc: int = A, sls: int = 0, data: bytes = b"old") -> bytes:
    """A user message of point 1, as level 2 keeps it."""
    return MSU(ServiceInformation(5, 2), RoutingLabel(dpc, 1, sls), data).encode(Variant.ITU)
