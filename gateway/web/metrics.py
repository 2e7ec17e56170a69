"""Metrics for Prometheus: what is, read from the node when asked, and what was, counted as it happens.

Labels are bounded by the configuration (trunks, routes, spans, links) and by tables of the standards (causes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics import Counter, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tandem.gateway.calls.accounting import Record
from tandem.gateway.media.protocol import MediaReport
from tandem.gateway.operator import state
from tandem.hardware.span import is_level

if TYPE_CHECKING:
    from tandem.gateway.node import Node
    from tandem.gateway.web.alarms import AlarmList

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
EFFECTIVE: Final = frozenset({1, 17, 18, 19, 21, 27, 28})
"""Causes that are the called party's or the number's: busy, no answer, rejected, no such number. E.425 counts such
attempts as effective (NER); `tandem trace` counts them so too."""
DELAYS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Bounds of post-dial delay, seconds."""
CIRCUIT_STATES: Final = ("idle", "busy", "blocked", "other")


class Metrics:
    """The metrics of one gateway."""

    def __init__(self, node: Node, alarms: AlarmList, version: str, uptime: Callable[[], float]) -> None:
        self._node = node
        self._alarms = alarms
        self._version = version
        self._uptime = uptime
        self.lag = 0.0
        """Seconds that the event loop was late at worst, lately."""
        self.receivers: Callable[[], dict[str, tuple[int, int]]] = dict
        """Records delivered and octets waiting by receiver."""
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        registry = self._registry
        self._attempts = Counter("tandem_call_attempts", "Call attempts that ended", ["route"], registry=registry)
        self._answered = Counter("tandem_calls_answered", "Calls that were answered", ["route"], registry=registry)
        self._effective = Counter(
            "tandem_calls_effective",
            "Attempts that the network did not fail: answered, busy, no answer, rejected (E.425)",
            ["route"],
            registry=registry,
        )
        self._seconds = Counter("tandem_call_seconds", "Conversation time", ["route"], registry=registry)
        self._releases = Counter(
            "tandem_call_releases",
            "Calls by Q.850 cause, and by who released",
            ["cause", "released_by"],
            registry=registry,
        )
        self._delay = Histogram(
            "tandem_post_dial_delay_seconds",
            "Setup to the first progress, alerting or answer",
            buckets=DELAYS,
            registry=registry,
        )
        self._rtp = Counter("tandem_rtp_packets", "RTP packets of ended calls", ["kind"], registry=registry)
        registry.register(_State(self))

    def record(self, record: Record) -> None:
        """Count an attempt that ended."""
        route = record.route or "none"
        self._attempts.labels(route).inc()
        answered = record.result == "answered"
        if answered:
            self._answered.labels(route).inc()
            self._seconds.labels(route).inc(record.duration_ms / 1000)
        if answered or record.cause in EFFECTIVE:
            self._effective.labels(route).inc()
        self._releases.labels(str(record.cause), record.released_by).inc()
        if record.post_dial_delay_ms is not None:
            self._delay.observe(record.post_dial_delay_ms / 1000)
        for leg in (record.incoming, record.outgoing):
            if leg is not None and leg.media:
                for kind in ("sent", "received", "lost", "late"):
                    self._rtp.labels(kind).inc(max(0.0, leg.media.get(f"packets_{kind}", 0.0)))

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """What is now."""
        node = self._node
        yield _gauge(
            "tandem_info", "The gateway", {(self._version, node.configuration.node.name): 1}, "version", "node"
        )
        yield _gauge("tandem_uptime_seconds", "Since the start", {(): self._uptime()})
        yield _gauge("tandem_accepting_calls", "Whether new calls are taken", {(): node.control.accepting})
        yield _gauge("tandem_calls", "Calls that there are", {(): len(node.control.calls)})
        yield _gauge("tandem_event_loop_lag_seconds", "Worst lateness of the event loop, lately", {(): self.lag})
        overload = node.sip.overload
        yield _gauge("tandem_sip_overload_share", "Part of the new SIP calls that is refused", {(): overload.share})
        yield _counter(
            "tandem_sip_overload_refused", "INVITEs refused for overload, repeated ones too", {(): overload.refused}
        )
        offences = {(kind.replace(" ", "_"),): count for kind, count in node.sip.offences().items()}
        yield _counter(
            "tandem_sip_offences", "What SIP has done that it may not, and what came of it", offences, "kind"
        )
        severities: dict[tuple[str], int] = {("critical",): 0, ("major",): 0, ("minor",): 0, ("warning",): 0}
        for alarm in self._alarms.active.values():
            severities[alarm.severity,] += 1
        yield _gauge("tandem_alarms", "Alarms that are raised", severities, "severity")
        yield from self._lines()
        yield from self._signalling()
        yield from self._trunks()
        delivered = {(name,): count for name, (count, _) in self.receivers().items()}
        waiting = {(name,): octets for name, (_, octets) in self.receivers().items()}
        yield _counter("tandem_records_delivered", "Call records acknowledged", delivered, "receiver")
        yield _gauge("tandem_records_waiting_octets", "Of call records not acknowledged", waiting, "receiver")

    def _lines(self) -> Iterator[Metric]:
        rows = list(state.spans(self._node))
        up = {(row["name"],): row["state"] == "up" for row in rows}
        yield _gauge("tandem_span_up", "Whether a span has no alarm", up, "span")
        alarms = {(row["name"], alarm): 1 for row in rows for alarm in row["alarms"].split()}
        yield _gauge("tandem_span_alarm", "Alarms of spans", alarms, "span", "alarm")
        report: MediaReport | None = self._node.media_report
        if report is not None:
            yield _counter("tandem_media_ticks", "Ticks of 20 ms", {(): report.ticks})
            yield _counter("tandem_media_cpu_seconds", "CPU time of the media process", {(): report.cpu_seconds})
            late = {(): report.worst_late_ms / 1000}
            yield _gauge("tandem_media_tick_late_seconds", "Worst lateness of a tick in the last second", late)
            every = {(span, name): value for span, counts in report.spans.items() for name, value in counts.items()}
            events = {key: value for key, value in every.items() if not is_level(key[1])}
            yield _counter("tandem_span_events", "Counters of spans", events, "span", "event")
            levels = {key: value for key, value in every.items() if is_level(key[1])}
            yield _gauge("tandem_span_level", "What spans have just now, or in 15 minutes", levels, "span", "level")

    def _signalling(self) -> Iterator[Metric]:
        node = self._node
        links = {
            (row["name"], row["linkset"], row["carrier"]): row["state"] == "available" for row in state.links(node)
        }
        text = "Whether a signalling link or D-channel carries traffic"
        yield _gauge("tandem_link_in_service", text, links, "link", "linkset", "carrier")
        linksets = {(row["name"],): row["state"] == "running" for row in state.linksets(node)}
        yield _gauge("tandem_linkset_up", "Whether a linkset carries traffic", linksets, "linkset")
        reachable = {(row["point_code"], row["linkset"]): bool(row["reachable"]) for row in state.destinations(node)}
        yield _gauge("tandem_destination_reachable", "Signalling points", reachable, "point_code", "linkset")

    def _trunks(self) -> Iterator[Metric]:
        node = self._node
        rows = list(state.trunks(node))
        up = {(row["name"], row["type"]): row["state"] in ("up", "registrar") for row in rows}
        yield _gauge("tandem_trunk_up", "Whether a trunk can have calls", up, "trunk", "type")
        calls = {(row["name"],): row["calls"] for row in rows}
        yield _gauge("tandem_trunk_calls", "Calls on a trunk", calls, "trunk")
        counts: dict[tuple[str, ...], float] = {}
        for row in state.circuits(node):
            kind = "blocked" if row["blocking"] else row["state"] if row["state"] == "idle" else "other"
            if row["call"]:
                kind = "busy"
            counts.update({(row["trunk"], each): 0 for each in CIRCUIT_STATES if (row["trunk"], each) not in counts})
            counts[row["trunk"], kind] += 1
        yield _gauge("tandem_circuits", "Circuits by state", counts, "trunk", "state")


class _State(Collector):
    """What is now, for the registry."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """See Collector."""
        return self._metrics.collect()


def _gauge(name: str, text: str, values: Mapping[Any, float], *labels: str) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values_of_labels, value in values.items():
        family.add_metric(values_of_labels, value)
    return family


def _counter(name: str, text: str, values: Mapping[Any, float], *labels: str) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values_of_labels, value in values.items():
        family.add_metric(values_of_labels, value)
    return family
