"""What is asked of PJSIP's library about requests: `test_gate` has them answered; here, what must be as it is there."""

import subprocess
import sys

CODE = "import ctypes; from tandem.gateway.pjsip import requests; print(ctypes.sizeof(requests._Fields))"


def test_the_list_of_fields_is_as_long_as_it_must_be():
    """`pjsip_hdr` on 64 bits: two pointers, a kind, two texts, and its functions."""
    assert subprocess.check_output([sys.executable, "-c", CODE], text=True) == "64\n"
