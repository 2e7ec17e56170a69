"""Parameters that only ANSI has."""

import pytest

from tandem.core.errors import DecodeError, EncodeError
from tandem.ss7.isup.ansi import CarrierIdentification, CommonLanguageLocation, GenericName, JurisdictionInformation


def test_octets():
    assert JurisdictionInformation("212555").encode() == b"\x12\x52\x55"
    assert CarrierIdentification("0288").encode() == b"\x22\x20\x88"
    assert GenericName("BOB").encode() == b"\x20BOB"
    assert GenericName.parse(b"\x31").unavailable
    assert CommonLanguageLocation.parse(b"NYCMNY50DS0").text == "NYCMNY50DS0"


def test_what_is_not_ia5():
    assert GenericName.parse(b"\x20\xe9").encode() == b"\x20\xe9"
    for wrong in (GenericName("é"), CommonLanguageLocation("é")):
        with pytest.raises(EncodeError, match="IA5"):
            wrong.encode()
    with pytest.raises(DecodeError, match="empty"):
        GenericName.parse(b"")
