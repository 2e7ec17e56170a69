"""Metrics: what is, and what was, with labels that are bounded."""

from support.call_records import record
from support.operator_desk import talk
from support.web_bench import WebBench

from tandem.gateway.media.protocol import MediaReport, SpanChanged
from tandem.gateway.web.metrics import EFFECTIVE


def test_circuits_links_and_trunks_in_service():
    values = WebBench().up().values()
    assert values['tandem_circuits{state="idle",trunk="pstn"}'] == 30
    assert values['tandem_circuits{state="busy",trunk="pstn"}'] == 0
    assert values['tandem_trunk_up{trunk="pstn",type="isup"}'] == 1
    assert sum(value for name, value in values.items() if name.startswith("tandem_link_in_service")) == 1
    assert values['tandem_info{node="A",version="1.2.3"}'] == values["tandem_accepting_calls"] == 1


def test_a_call_is_seen_while_it_lasts():
    bench = WebBench().up()
    talk(bench)
    values = bench.values()
    assert values["tandem_calls"] == values['tandem_trunk_calls{trunk="pstn"}'] == 1
    assert values['tandem_circuits{state="busy",trunk="pstn"}'] == 1


def test_a_blocked_circuit_is_counted_as_such():
    bench = WebBench().up()
    bench.ask("circuit block pstn 3")
    bench.run(1)
    assert bench.values()['tandem_circuits{state="blocked",trunk="pstn"}'] == 1


def test_strangers_are_counted():
    bench = WebBench()
    node = bench.nodes["A"]
    for number in range(25):
        request = (
            f"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK{number}\r\nFrom: <sip:x>;tag=1\r\n"
        )
        request += f"To: <sip:y>\r\nCall-ID: {number}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n"
        node.datagram(request.encode(), ("192.0.2.7", 5060), 1000.0)
    values = bench.values()
    assert values['tandem_sip_offences_total{kind="unknown_source"}'] == 20
    assert values['tandem_sip_offences_total{kind="bans"}'] == 1
    assert values['tandem_sip_offences_total{kind="dropped"}'] == 5


def test_attempts_are_counted_by_route_and_cause():
    bench = WebBench()
    bench.metrics.record(record(1))
    busy = record(2)
    busy.result, busy.cause, busy.answer_time, busy.duration_ms = "failed", 17, None, 0
    bench.metrics.record(busy)
    congested = record(3)
    congested.result, congested.cause, congested.post_dial_delay_ms, congested.route = "failed", 34, None, ""
    bench.metrics.record(congested)
    values = bench.values()
    assert values['tandem_call_attempts_total{route="in"}'] == values['tandem_calls_effective_total{route="in"}'] == 2
    assert values['tandem_calls_answered_total{route="in"}'] == 1
    assert values['tandem_call_seconds_total{route="in"}'] == 61
    assert values['tandem_call_attempts_total{route="none"}'] == 1
    assert 'tandem_calls_effective_total{route="none"}' not in values
    assert values['tandem_call_releases_total{cause="34",released_by="incoming"}'] == 1
    assert values["tandem_post_dial_delay_seconds_count"] == 2
    assert values['tandem_post_dial_delay_seconds_bucket{le="0.05"}'] == 2
    assert values['tandem_post_dial_delay_seconds_bucket{le="0.025"}'] == 0


def test_statistics_of_speech_are_summed():
    bench = WebBench()
    one = record(1)
    one.outgoing.media = {"packets_sent": 50.0, "packets_received": 48.0, "packets_lost": 2.0, "packets_late": 0.0}
    bench.metrics.record(one)
    bench.metrics.record(one)
    assert bench.values()['tandem_rtp_packets_total{kind="lost"}'] == 4


def test_the_media_process_and_alarms_of_spans():
    bench = WebBench().up()
    report = MediaReport(50, 2.5, 1.25, {"e1": {"slips": 3, "reorder_depth": 5}})
    bench.nodes["A"].media_events([report, SpanChanged("e1", ["RAI"])], bench.now)
    bench.look()
    values = bench.values()
    assert values["tandem_media_tick_late_seconds"] == 0.0025
    assert values['tandem_span_events_total{event="slips",span="e1"}'] == 3
    assert values['tandem_span_level{level="reorder_depth",span="e1"}'] == 5
    assert 'tandem_span_events_total{event="reorder_depth",span="e1"}' not in values
    assert values['tandem_span_up{span="e1"}'] == 0
    assert values['tandem_span_alarm{alarm="RAI",span="e1"}'] == values['tandem_alarms{severity="major"}'] == 1


def test_receivers_of_records():
    bench = WebBench()
    bench.metrics.receivers = lambda: {"db": (7, 120)}
    values = bench.values()
    assert values['tandem_records_delivered_total{receiver="db"}'] == 7
    assert values['tandem_records_waiting_octets{receiver="db"}'] == 120


def test_congestion_is_the_networks_and_busy_is_not():
    assert {17, 18, 19, 21} <= EFFECTIVE
    assert EFFECTIVE.isdisjoint({34, 38, 41, 42, 3, 102})
