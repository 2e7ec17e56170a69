"""What is asked of PJSIP's library about requests: `test_gate` has them answered; here, that all of it is there."""

import ctypes

import pytest

pytest.importorskip("pjsua2")


def test_the_list_of_fields_is_as_long_as_it_must_be():
    """`pjsip_hdr` on 64 bits: two pointers, a kind, two texts, and its functions."""
    from tandem.gateway.pjsip import requests

    assert ctypes.sizeof(requests._Fields) == 64
