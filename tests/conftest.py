"""Settings for all tests."""

from collections.abc import Iterator

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


@pytest.fixture(scope="module", params=["compiled", "numpy"])
def loops(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both ways in which the analyser goes through octets, one after the other."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "numpy":
            patch.setattr(speed, "speedups", None)
        elif speed.speedups is None:
            pytest.skip("Tandem was installed here without a C compiler")
        yield request.param


@pytest.fixture(scope="module", params=["compiled", "python"])
def media_loops(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both ways in which the media process goes through packets and lines, one after the other."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "python":
            patch.setattr(media_speed, "speedups", None)
            patch.setattr(line_speed, "speedups", None)
        elif media_speed.speedups is None or line_speed.speedups is None:
            pytest.skip("Tandem was installed here without a C compiler")
        yield request.param


@pytest.fixture(scope="module", params=["compiled", "python"])
def sip_reading(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both ways in which SIP and SDP are read, one after the other."""
    if request.param == "compiled" and sip_speed.speedups is None:
        pytest.skip("Tandem was installed here without a C compiler")
    with reading(sip_speed.speedups if request.param == "compiled" else None):
        yield request.param


@pytest.fixture(scope="module", params=["compiled", "python"])
def ss7_loops(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both ways in which signal units and ISUP messages are gone through, one after the other."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "python":
            patch.setattr(ss7_speed, "speedups", None)
        elif ss7_speed.speedups is None:
            pytest.skip("Tandem was installed here without a C compiler")
        yield request.param
