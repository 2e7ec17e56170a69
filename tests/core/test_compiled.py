from types import ModuleType

from tandem.core.compiled import compiled
from tandem.hardware import speed


def test_a_package_without_compiled_loops_has_none() -> None:
    assert compiled("tandem.codecs") is None


def test_the_loops_of_a_package_are_found() -> None:
    assert compiled("tandem.hardware") is speed.speedups
    assert speed.speedups is None or isinstance(speed.speedups, ModuleType)
