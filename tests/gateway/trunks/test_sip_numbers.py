"""Numbers and their parameters in URIs."""

import pytest

from tandem.gateway.calls.model import Nature, Number
from tandem.gateway.sip.fields import parse_uri
from tandem.gateway.trunks.sip_numbers import Attributes, attributes, number_of, parameters_of, tel_uri, user_part

ALL = ("rn", "npdi", "cic", "cpc", "oli")


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:301234@host", Number("301234")),
        ("sip:+49301234@host;user=phone", Number("49301234", Nature.INTERNATIONAL)),
        ("tel:+49-30-(12)34", Number("49301234", Nature.INTERNATIONAL)),
        ("tel:1234;phone-context=host", Number("1234")),
        ("tel:1234;phone-context=+4930", Number("49301234", Nature.INTERNATIONAL)),
        ("sip:1234;phone-context=+4930@host", Number("49301234", Nature.INTERNATIONAL)),
        ("sip:*21%23@host", Number("B21C")),
        ("sip:+4930;npdi@host", Number("4930", Nature.INTERNATIONAL)),
        ("sip:alice@host", None),
        ("sip:host", None),
        ("sip:+@host", None),
    ],
)
def test_numbers_of_uris(uri, number):
    assert number_of(parse_uri(uri)) == number


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("tel:+12025550123;npdi;rn=+1-202-555-0000", Attributes(Number("12025550000", Nature.INTERNATIONAL), True)),
        ("sip:+12025550123;npdi;rn=2025550000@x", Attributes(Number("2025550000", Nature.NATIONAL), True)),
        ("tel:1;rn=2025550000;rn-context=+1", Attributes(Number("12025550000", Nature.INTERNATIONAL))),
        ("tel:+1;cic=+1-0288", Attributes(carrier="10288")),
        ("sip:+1;cic=0288@x;user=phone", Attributes(carrier="0288")),
        ("sip:+1@x;cpc=payphone;isup-oli=27", Attributes(category=15, line=27)),
        ("tel:+1;cpc=ordinary;oli=00", Attributes(category=10, line=0)),
        ("tel:+1;cpc=nonsense;oli=999;rn=x", Attributes()),
    ],
)
def test_attributes(uri, expected):
    assert attributes(parse_uri(uri)) == expected


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Attributes(Number("12025550000", Nature.INTERNATIONAL), True), ";rn=+12025550000;npdi"),
        (Attributes(Number("2025550000", Nature.NATIONAL)), ";rn=+12025550000"),
        (Attributes(carrier="0288", category=15, line=27), ";cic=0288;cpc=payphone;oli=27"),
        (Attributes(category=10), ";cpc=ordinary"),
        (Attributes(category=3), ";cpc=operator"),
        (Attributes(category=99), ""),
        (Attributes(), ""),
    ],
)
def test_what_is_written(found, text):
    assert parameters_of(found, ALL, "1") == text
    assert parameters_of(found, (), "1") == ""


@pytest.mark.parametrize(
    ("number", "country", "expected"),
    [
        (Number("49301", Nature.INTERNATIONAL), "", "+49301"),
        (Number("301", Nature.NATIONAL), "49", "+49301"),
        (Number("301", Nature.NATIONAL), "", "301"),
        (Number("B21C"), "", "*21%23"),
    ],
)
def test_user_part(number, country, expected):
    assert user_part(number, country) == expected


def test_tel_uri():
    assert tel_uri(Number("49301", Nature.INTERNATIONAL), "", "gw") == "tel:+49301"
    assert tel_uri(Number("301C"), "", "gw.example", ";npdi") == "tel:301#;phone-context=gw.example;npdi"
