"""Domains of certificates, in the shape of `ssl.SSLObject.getpeercert`."""

import pytest

from tandem.gateway.sip.certificate_names import domains

NAME = ((("commonName", "Common.Example"),), (("organizationName", "other.example"),))


@pytest.mark.parametrize(
    ("certificate", "found"),
    [
        (None, ()),
        ({}, ()),
        ({"subject": NAME}, ("common.example",)),
        ({"subject": NAME, "subjectAltName": (("DNS", "A.example"), ("DNS", "b.example"))}, ("a.example", "b.example")),
        (
            {"subjectAltName": (("DNS", "host.example"), ("URI", "sip:Domain.example"), ("URI", "https://w.example"))},
            ("domain.example",),
        ),
        ({"subjectAltName": (("DNS", "host.example"), ("URI", "sip:alice@domain.example"))}, ()),
        ({"subject": NAME, "subjectAltName": (("IP Address", "192.0.2.1"),)}, ()),
        ({"subjectAltName": (("DNS", "*.example"), ("DNS", "a.example"), ("DNS", "A.EXAMPLE"))}, ("a.example",)),
    ],
)
def test_domains(certificate, found):
    assert domains(certificate) == found
