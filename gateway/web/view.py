"""What the page shows, as one value that goes to the browser as JSON."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from tandem.core.cause import cause_name
from tandem.gateway.calls.accounting import Record
from tandem.gateway.operator import state

if TYPE_CHECKING:
    from tandem.gateway.calls.call import Call
    from tandem.gateway.node import Node
    from tandem.gateway.web.alarms import AlarmList

FAILURES: Final = 50
"""Failed attempts remembered."""
#: What a step of a call is called in its protocols: the setup, ringing, answer and release.
_WORDS: Final = {
    "sip": ("INVITE", "180", "200", "BYE"),
    "isup": ("IAM", "ACM", "ANM", "REL"),
    "tup": ("IAI", "ACM", "ANC", "CLF"),
    "pri": ("SETUP", "ALERTING", "CONNECT", "DISCONNECT"),
}
#: The same where an application is a side of the call, or its protocol is not known yet.
_PLAIN_WORDS: Final = ("call", "ringing", "answer", "release")


class View:
    """The page's view of a node."""

    def __init__(self, node: Node, alarms: AlarmList) -> None:
        self._node = node
        self._alarms = alarms
        self.failures: deque[Record] = deque(maxlen=FAILURES)
        self.causes: dict[int, int] = {}
        """Failed attempts by cause, since the start."""

    def record(self, record: Record) -> None:
        """An attempt ended."""
        if record.result == "failed":
            self.failures.appendleft(record)
            self.causes[record.cause] = self.causes.get(record.cause, 0) + 1

    def snapshot(self, now: float, wall: float, changes: bool) -> dict[str, Any]:
        """All that is shown; `changes` is whether circuits may be blocked."""
        node = self._node
        return {
            "node": node.configuration.node.name,
            "time": wall,
            "accepting": node.control.accepting,
            "changes": changes,
            "alarms": [
                {"source": alarm.source, "severity": alarm.severity, "text": alarm.text, "raised": alarm.raised}
                for alarm in self._alarms.active.values()
            ],
            "spans": list(state.spans(node)),
            "links": list(state.links(node)),
            "linksets": list(state.linksets(node)),
            "destinations": list(state.destinations(node)),
            "routes": list(state.routes(node)),
            "trunks": list(state.trunks(node)),
            "circuits": [_circuit(row) for row in state.circuits(node)],
            "calls": [self._call(call, now, wall) for call in node.control.calls.values()],
            "failures": [_failure(record) for record in self.failures],
            "causes": [
                {"cause": cause, "name": cause_name(cause), "count": count}
                for cause, count in sorted(self.causes.items(), key=lambda item: -item[1])
            ],
        }

    @staticmethod
    def _call(call: Call, now: float, wall: float) -> dict[str, Any]:
        incoming, outgoing = call.incoming.leg, call.outgoing.leg if call.outgoing else None
        return {
            "id": call.identity,
            "state": _state(call),
            "since": wall - (now - call.setup_time),
            "answered": None if call.answer_time is None else wall - (now - call.answer_time),
            "calling": incoming.calling,
            "called": incoming.called,
            "from": incoming.trunk,
            "to": outgoing.trunk if outgoing else "",
            "incoming": incoming.id,
            "outgoing": outgoing.id if outgoing else "",
            "ladder": _ladder(call, now, wall),
        }


def _state(call: Call) -> str:
    """The state of a call in one word."""
    if call.release is not None:
        return "hangup"
    if call.answer_time is not None:
        return "active"
    return "ringing" if call.alerting_time is not None else "early" if call.passed_backward else "down"


def _ladder(call: Call, now: float, wall: float) -> list[dict[str, Any]]:
    """The steps of a call in order: when, in the words of both sides, and which way."""
    words_in = _WORDS.get(call.incoming.leg.protocol, _PLAIN_WORDS)
    outgoing = call.outgoing
    words_out = _WORDS.get(outgoing.leg.protocol, _PLAIN_WORDS) if outgoing else ("", "", "", "")
    by_called = call.released_by == "outgoing"
    steps = (
        (call.setup_time, 0, True),
        (call.alerting_time, 1, False),
        (call.answer_time, 2, False),
        (call.release_time, 3, not by_called),
    )
    return [
        {"time": wall - (now - moment), "in": words_in[place], "out": words_out[place], "forward": forward}
        for moment, place, forward in steps
        if moment is not None
    ]


def _circuit(row: state.Row) -> dict[str, Any]:
    """A circuit as a cell of the grid; `closing` is one that is blocked as soon as its call is over."""
    kind = "blocked" if row["blocking"] else "idle" if row["usable"] else "other"
    if row["call"]:
        kind = "closing" if row["blocking"] else "busy"
    return {**row, "kind": kind}


def _failure(record: Record) -> dict[str, Any]:
    return {
        "time": record.release_time,
        "calling": record.incoming.calling,
        "called": record.incoming.called,
        "from": record.incoming.trunk,
        "to": record.outgoing.trunk if record.outgoing else "",
        "cause": record.cause,
        "name": cause_name(record.cause),
        "released_by": record.released_by,
        "diagnostic": record.diagnostic,
    }
