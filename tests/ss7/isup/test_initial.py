"""What outgoing circuits add to an IAM."""

from support.isup_pair import iam
from support.isup_single import Single

from tandem.ss7.isup.codes import ParameterCode as P
from tandem.ss7.isup.parameters import RawParameter


def sent(parameters, **options):
    single = Single(**options)
    single.setup(parameters)
    return single.take()[0]


def delay(octets):
    return RawParameter(P.PROPAGATION_DELAY_COUNTER, octets)


def test_propagation_delay_grows_where_it_is_counted():
    assert sent([*iam(), delay(b"\x00\xff")], propagation_delay=20).raw(49) == b"\x01\x13"
    assert sent([*iam(), delay(b"\xff\xff")], propagation_delay=20).raw(49) == b"\xff\xff"
    assert sent(iam(), propagation_delay=20).raw(49) is None
    assert sent([*iam(), delay(b"\x01")], propagation_delay=20).raw(49) == b"\x01"


def test_satellites_are_counted_up_to_two():
    nature = [item for item in iam() if item.code != P.NATURE_OF_CONNECTION_INDICATORS]
    for before, after in ((0x10, 0x11), (0x01, 0x02), (0x02, 0x02)):
        message = sent([RawParameter(P.NATURE_OF_CONNECTION_INDICATORS, bytes([before])), *nature], satellite=True)
        assert message.raw(6) == bytes([after])


def test_a_circuit_is_not_checked_where_previous_ones_are_still_being_checked():
    """COT then tells of those."""
    assert sent(iam(continuity=2), continuity_check=1).raw(6) == b"\x08"
    assert sent(iam(), continuity_check=1).raw(6) == b"\x04"


def test_nothing_is_added_by_default():
    message = sent([*iam(), delay(b"\x00\x10")])
    assert (message.raw(6), message.raw(49)) == (b"\x00", b"\x00\x10")
