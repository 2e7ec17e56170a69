"""What is asked of PJSIP's library about requests: `test_gate` has them answered; here, that all of it is there."""

import ctypes

import pytest


def test_the_list_of_fields_is_as_long_as_it_must_be():
    """`pjsip_hdr` on 64 bits: two pointers, a kind, two texts, and its functions."""
    requests = pytest.importorskip("tandem.gateway.pjsip.requests", reason="pip install 'tandem-gateway[pjsua2]'")
    assert ctypes.sizeof(requests._Fields) == 64
