"""Continuity checks between our exchange and libss7, asked for by either side; ITU-T and ANSI.

The media process is played by the tests: they look at the loops and tones that it is told of, and say that a tone
came back. libss7 sends LPA and understands CCR and COT; what it cannot send its program makes of other messages.
"""

import pytest
from support.libss7 import Exchanges, build
from support.libss7_cases import Continuity

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module", params=["itu", "ansi"])
def exchanges(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ss7peer")
    options = ("-T", "t21=5000", "-s", request.param)
    variant = f'variant = "{request.param}"'
    both = Exchanges(build(folder), folder, linkset=variant, trunk=Continuity.TRUNK, options=options).up()
    yield both
    both.close()


class TestContinuity(Continuity):
    """As in every variant."""
