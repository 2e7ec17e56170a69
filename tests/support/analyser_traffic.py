"""Messages as the dissector gives them, for the trackers."""

from tandem.gateway.analyser.attempts import Numbering
from tandem.gateway.analyser.dissect import Dissector
from tandem.gateway.analyser.model import Message, Protocol, Where
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.indicators import BackwardCallIndicators, EventInformation
from tandem.ss7.isup.messages import Message as Isup
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber, SubsequentNumber

__all__ = ["Dissector", "Stream"]


class Stream:
    """Feeds a tracker, counting packets and seconds up."""

    def __init__(self, make):
        self.done = []
        self.tracker = make(self.done.append, Numbering())
        self.packet = 0
        self.time = 0.0

    def message(self, protocol, kind, octets, where, after=1.0):
        self.packet += 1
        self.time += after
        self.tracker.take(Message(self.packet, self.time, protocol, kind, where, octets))

    def isup(self, kind, parameters=(), opc=1, dpc=2, cic=7, body=b"", after=1.0):
        octets = (
            Isup.build(kind, cic, parameters, body=body).encode() if not body else bytes((cic, 0, int(kind))) + body
        )
        name = kind.name if hasattr(kind, "name") else str(kind)
        self.message(Protocol.ISUP, name, octets, Where(opc=opc, dpc=dpc, network=2, variant="itu"), after)

    def tup(self, kind, body=b"", opc=1, dpc=2, cic=0x27, after=1.0):
        octets = bytes((cic & 15, cic >> 4, int(kind))) + body
        self.message(Protocol.TUP, kind.name, octets, Where(opc=opc, dpc=dpc, network=2, variant="itu"), after)

    def q931(self, kind, elements=b"", sender="user", reference=1, flag=0, after=1.0):
        octets = bytes((8, 2, flag << 7, reference, int(kind))) + elements
        self.message(Protocol.Q931, kind.name, octets, Where(source=sender), after)

    def sip(self, text, source="10.0.0.1:5060", destination="10.0.0.2:5060", after=1.0):
        octets = text.replace("\n", "\r\n").encode()
        first = octets.split(b"\r\n")[0].decode()
        kind = first.split()[1] if first.startswith("SIP/2.0") else first.split()[0]
        self.message(Protocol.SIP, kind, octets, Where(source, destination), after)


def cause(value):
    return CauseIndicators(value=value)


def numbers(called, calling=None):
    found = [CalledPartyNumber(digits=called)]
    return [*found, CallingPartyNumber(digits=calling)] if calling else found


ALERTING = BackwardCallIndicators(called_party_status=1)
PLAIN = BackwardCallIndicators()
CPG_ALERTING = EventInformation(event=1)
MORE = SubsequentNumber
