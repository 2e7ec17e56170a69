"""Fixtures of the tests with peers."""

import shutil

import numpy as np
import pytest
from support.built_pjsip import NAME, PATIENCE, used
from support.gateways import GatewayPair
from support.libss7 import Talk

from tandem.codecs import g711
from tandem.codecs.quality import probe


def pytest_generate_tests(metafunc):
    """A module with ENGINES has its tests of a pair with each of these SIP engines."""
    engines = getattr(metafunc.module, "ENGINES", None)
    if engines is not None and "pair" in metafunc.fixturenames:
        metafunc.parametrize("pair", engines, indirect=True, scope="module")


def pytest_collection_modifyitems(items):
    """Tests with PJSIP as it is built wait for that, where it is not built yet."""
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        if NAME in (parameters.get("engine"), parameters.get("pair")):
            item.add_marker(pytest.mark.timeout(PATIENCE))


@pytest.fixture(scope="module")
def pair(tmp_path_factory, request):
    """Two gateways that are up; whatever happens, they are gone afterwards. Another engine of SIP by its parameter."""
    with used(getattr(request, "param", "native")) as engine:
        pair = GatewayPair(tmp_path_factory.mktemp("pair"), capture=True, engine=engine)
    yield pair
    pair.close()


@pytest.fixture
def engine(request):
    """An engine of SIP by its name; of `pjsua2-built` PJSIP as `tandem build-pjsip` builds it."""
    with used(request.param):
        yield request.param


@pytest.fixture(scope="module")
def browser():
    """Chromium without a screen, 1440 by 1600, that keeps what its console says."""
    from selenium import webdriver

    for name in ("chromium", "chromedriver"):
        assert shutil.which(name), f"{name} is needed: apt install chromium chromium-driver"
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "window-size=1440,1600"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def speech(tmp_path_factory):
    """Files of two seconds of speech-like signal by RTP payload type, as SIPp streams them."""
    folder = tmp_path_factory.mktemp("speech")
    signal = probe(16000, 1)
    files = {0: folder / "signal.ulaw", 8: folder / "signal.alaw"}
    for (_, file), law in zip(files.items(), (g711.Law.MU, g711.Law.A), strict=True):
        file.write_bytes(np.asarray(g711.encode(signal, law)).tobytes())
    return files


@pytest.fixture
def both(exchanges):
    """Our node and libss7, as the module has set them up; all is idle again after the test."""
    yield exchanges
    exchanges.run_until(lambda: exchanges.all_idle() and not exchanges.exchange.calls(), "idle after the test")


@pytest.fixture
def talk(both):
    """One call at a time between them."""
    return Talk(both)
