from __future__ import annotations

import builtins

import pytest

from tandem.codecs.rtp import pack_header
from tandem.core.errors import ConfigurationError
from tandem.gateway.media.protocol import SrtpKeys
from tandem.gateway.media.srtp import SecureLeg

ONE, OTHER = bytes(range(30)), bytes(range(30, 60))


def pair(suite: str = "AES_CM_128_HMAC_SHA1_80") -> tuple[SecureLeg, SecureLeg]:
    return SecureLeg(SrtpKeys(suite, ONE, OTHER)), SecureLeg(SrtpKeys(suite, OTHER, ONE))


def packet(number: int) -> bytes:
    return pack_header(8, number, 160 * number, 0xABCD) + bytes(160)


@pytest.mark.parametrize(("suite", "tag"), [("AES_CM_128_HMAC_SHA1_80", 10), ("AES_CM_128_HMAC_SHA1_32", 4)])
def test_both_ways(suite: str, tag: int) -> None:
    here, there = pair(suite)
    for number in range(3):
        sent = here.protect(memoryview(packet(number)))
        assert len(sent) == 172 + tag
        assert sent[12:172] != bytes(160)
        assert there.unprotect(sent) == packet(number)
        assert here.unprotect(there.protect(memoryview(packet(number)))) == packet(number)


def test_what_is_not_authentic_or_comes_twice_is_thrown_away() -> None:
    here, there = pair()
    sent = here.protect(memoryview(packet(1)))
    assert there.unprotect(sent[:-1] + bytes([sent[-1] ^ 1])) is None
    assert there.unprotect(b"") is None
    assert there.unprotect(sent) == packet(1)
    assert there.unprotect(sent) is None
    assert there.discarded == 3


def test_without_keys_nothing_goes_through() -> None:
    leg = SecureLeg(None)
    assert leg.protect(memoryview(packet(1))) == b""
    assert leg.unprotect(packet(1)) is None
    assert leg.discarded == 1


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: object, **options: object) -> object:
        if name == "pylibsrtp":
            raise ImportError(name)
        return real(name, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ConfigurationError, match="pip install"):
        pair()
