import pytest

from tandem.gateway.applications.causes import NAMES, cause_of, name_of


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("17", 17),
        ("user_busy", 17),
        ("NO_USER_RESPONDING", 18),
        ("NO_ANSWER", 19),
        ("", 16),
        ("nonsense", 16),
        ("999", 16),
    ],
)
def test_a_cause_by_number_or_by_either_name(text, cause):
    assert cause_of(text) == cause


def test_names_are_read_back():
    assert all(cause_of(name) == value for value, name in NAMES.items())
    assert (name_of(34), name_of(90)) == ("NORMAL_CIRCUIT_CONGESTION", "90")
