"""The gateways of `tandem bench calls`."""

import os

import pytest

from tandem.gateway.bench.network import Layout, children, process_cpu
from tandem.gateway.configuration.load import parse


@pytest.mark.parametrize("circuits", [1, 23, 24, 54, 200])
def test_layouts_are_right_and_large_enough(circuits):
    layout = Layout.for_circuits(circuits)
    assert layout.circuits >= circuits
    for side in "AB":
        configuration = parse(layout.configuration(side, 40))
        assert len(configuration.span) == layout.spans


def test_processes_are_measured():
    assert process_cpu(os.getpid()) > 0
    assert isinstance(children(os.getpid()), list)
