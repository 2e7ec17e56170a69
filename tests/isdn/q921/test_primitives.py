"""What a connection says."""

from tandem.isdn.q921.primitives import ErrorCode, Established, Released, State


def test_error_codes_are_the_letters():
    """Table II.1: A to O, each once."""
    assert [code.value for code in ErrorCode] == list("ABCDEFGHIJKLMNO")


def test_states_have_the_numbers_of_annex_b():
    assert [int(state) for state in State] == [4, 5, 6, 7, 8]


def test_confirm_and_indication_differ():
    assert Established(True) != Established(False)
    assert Released(True) != Released(False)
