"""Errors."""

from tandem.core.errors import DecodeError, SpanError, TandemError


def test_decode_error_says_where():
    assert str(DecodeError("length is missing", 7)) == "length is missing (at octet 7)"
    assert str(DecodeError("not SIP")) == "not SIP"


def test_one_root():
    assert isinstance(DecodeError("x"), TandemError)
    assert isinstance(SpanError("x"), TandemError)
