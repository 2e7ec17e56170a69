"""What a build of PJSIP says of itself, in a process of its own as everywhere."""

import json
import subprocess
import sys

import pytest

CODE = "from tandem.gateway.pjsip.abilities import has_tls13; print(has_tls13({!r}))"


def test_it_is_printed_as_json_and_nothing_else():
    told = subprocess.check_output([sys.executable, "-P", "-m", "tandem.gateway.pjsip.abilities"])
    assert set(json.loads(told)) == {"version", "calls", "ipv6", "openssl", "tls13", "assertions"}


@pytest.mark.parametrize(
    ("library", "has"),
    [
        ("OpenSSL 1.0.2k-fips  26 Jan 2017", False),
        ("OpenSSL 1.1.0l  10 Sep 2019", False),
        ("OpenSSL 1.1.1w  11 Sep 2023", True),
        ("OpenSSL 3.0.22 25 Aug 2026", True),
        ("", False),
    ],
)
def test_which_openssl_has_tls_1_3(library, has):
    told = subprocess.check_output([sys.executable, "-c", CODE.format(library)], text=True)
    assert told == f"{has}\n"
