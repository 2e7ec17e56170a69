"""Records and messages for the rules that find what went wrong."""

from tandem.gateway.analyser.findings import of_calls
from tandem.gateway.analyser.model import CallMessage, CallRecord, MediaStream, Message, Protocol, Where


def record(protocol, messages, **values):
    kept = [CallMessage(number, float(number), kind, forward) for number, (kind, forward) in enumerate(messages, 1)]
    base = {"protocol": protocol, "id": "x", "outcome": "open", "start": 1.0, "messages": kept, "variant": "itu"}
    base |= {"opc": 1, "dpc": 2, "cic": 7} if protocol in ("isup", "tup") else {"source": "a:1", "destination": "b:2"}
    return CallRecord(**(base | values))


def kinds(*records, end=1000.0):
    return [
        (finding.kind, finding.fault)
        for finding in of_calls(list(records), end, {record.id: record for record in records}.get)
    ]


def message(kind, time=1.0, protocol=Protocol.ISUP, packet=1, octets=b"", **where):
    return Message(packet, time, protocol, kind, Where(**({"opc": 1, "dpc": 2, "variant": "itu"} | where)), octets)


def stream(source, destination, **values):
    base = {"ssrc": 1, "codec": "PCMA", "first": 2.0, "last": 20.0, "packets": 900, "lost": 0, "jitter_ms": 0.0}
    return MediaStream(source=source, destination=destination, **(base | {"payload_types": [8]} | values))


def answered(**values):
    messages = [("INVITE", True), ("200", False), ("ACK", True), ("BYE", True), ("200", False)]
    base = {"answered": 2.0, "released": 20.0, "completed": 20.1, "duration": 18.0, "id": "sip-1"}
    both = [stream("a:9", "b:9"), stream("b:9", "a:9")]
    return record("sip", messages, **(base | {"media": both, "outcome": "answered"} | values))
