"""Settings for all tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings
from support.own_network import enter_own_network
from support.peers import program
from support.sip_ways import reading

from tandem.gateway.analyser import speed
from tandem.gateway.media import speed as media_speed
from tandem.gateway.sip import speed as sip_speed
from tandem.hardware import speed as line_speed
from tandem.ss7 import speed as ss7_speed

# Machines are shared: how long an example takes says nothing about the code.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Workers that run tests with peers abreast each need the ports for themselves."""
    parser.addoption("--own-network", action="store_true", help="each worker in a network namespace of its own (root)")


def pytest_configure(config: pytest.Config) -> None:
    """Before a worker opens anything."""
    if config.getoption("own_network") and hasattr(config, "workerinput"):
        enter_own_network()


@pytest.fixture(scope="session")
def tshark() -> str:
    """The program tshark; a test that needs it fails with the package's name where it is absent."""
    return program("tshark", "tshark")


@contextmanager
def _one_way(way: str, *modules: ModuleType) -> Iterator[str]:
    """With what is compiled of these modules where `way` says so, else without; skip where it was not built."""
    with pytest.MonkeyPatch.context() as patch:
        for module in modules:
            if way != "compiled":
                patch.setattr(module, "speedups", None)
            elif module.speedups is None:
                pytest.skip("Tandem was installed here without a C compiler")
        yield way


@pytest.fixture(scope="module", params=["compiled", "numpy"])
def loops(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both ways in which the analyser goes through octets, one after the other."""
    with _one_way(request.param, speed) as way:
        yield way


@pytest.fixture(scope="module", params=["compiled", "python"])
def media_loops(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both ways in which the media process goes through packets and lines, one after the other."""
    with _one_way(request.param, media_speed, line_speed) as way:
        yield way


@pytest.fixture(scope="module", params=["compiled", "python"])
def sip_reading(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both ways in which SIP and SDP are read, one after the other."""
    with _one_way(request.param, sip_speed) as way, reading(sip_speed.speedups):
        yield way


@pytest.fixture(scope="module", params=["compiled", "python"])
def ss7_loops(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both ways in which signal units and ISUP messages are gone through, one after the other."""
    with _one_way(request.param, ss7_speed) as way:
        yield way
