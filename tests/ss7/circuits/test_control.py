import pytest

from tandem.ss7.circuits.control import controls


@pytest.mark.parametrize(
    ("control", "even", "odd"),
    [("all", True, True), ("none", False, False), ("even", True, False), ("odd", False, True)],
)
def test_configured_control(control, even, odd):
    assert controls(control, 2, 1, 1) is even
    assert controls(control, 3, 1, 1) is odd


@pytest.mark.parametrize("cic", [1, 2, 7, 30])
def test_exactly_one_end_controls_a_circuit(cic):
    higher, lower = controls("auto", cic, 20, 10), controls("auto", cic, 10, 20)
    assert higher is (cic % 2 == 0)
    assert lower is not higher
