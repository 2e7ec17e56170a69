from tandem.gateway.bench import spans
from tandem.hardware.framing.e1_deframer import Alignment, E1Deframer


def test_result_has_every_figure():
    result = spans.run(0.01)
    assert set(result["framing"]) == {"1_ms", "5_ms", "20_ms"}
    assert set(result["framing"]) == set(result["t1_esf"]) == set(result["t1_sf"])
    assert set(result["satop"]) == set(result["t1_satop"]) == {"1_ms", "5_ms"}
    for group in ("framing", "satop", "cesopsn", "deframing_shifted", "deframing_ais", "t1_esf", "t1_sf", "t1_satop"):
        for figures in result[group].values():
            assert figures["microseconds_per_block"] > 0
            assert figures["spans_per_core"] > 0
    assert set(result["hdlc"]) == {"messages_8_octets", "fill_8_octets", "messages_240_octets", "fill_240_octets"}
    for figures in result["hdlc"].values():
        assert min(figures.values()) > 0
    assert set(result["cards"]) == {"e1d", "dahdi"}
    assert set(result["lines"]) == {"serial", "file_play", "file_record", "virtual"}


def test_the_shifted_line_is_a_good_one_and_can_be_repeated():
    deframer = E1Deframer()
    line = spans._shifted(spans._line(8))
    for _ in range(1000):
        deframer.receive(next(line))
    assert deframer.alignment is Alignment.MULTIFRAME
    assert deframer.counts.crc4_errors <= 2
    assert deframer.counts.alignment_losses == 0
