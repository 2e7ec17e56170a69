"""Settings for all tests."""

import pytest
from hypothesis import HealthCheck, settings
from support.peers import program

# Machines are shared: how long an example takes says nothing about the code.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.fixture(scope="session")
def tshark() -> str:
    """The program tshark; a test that needs it fails with the package's name where it is absent."""
    return program("tshark", "tshark")
