"""The ISUP benchmark measures what it says."""

from tandem.gateway.bench import isup


def test_it_reports_rates():
    result = isup.run(0.05)
    assert result["walks_per_second"] > 0
    assert result["decodes_per_second"] > 0
    assert result["encodes_per_second"] > 0
    assert result["message_octets"] == 30
    assert (result["times_reference"] is None) == (result["reference_decodes_per_second"] is None)


def test_the_reference_reads_the_same_parameters():
    reference = isup._reference()
    octets = isup._encode()
    assert len(isup.Message.parse(octets).codes()) == 6
    if reference is not None:
        parsed = reference(octets)
        message = isup.Message.parse(octets)
        assert parsed.called == message.raw(4)
        assert [item.content for item in parsed.parameters if item.code] == [message.raw(10)]
