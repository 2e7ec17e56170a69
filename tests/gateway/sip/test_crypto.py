"""a=crypto, RFC 4568."""

import pytest

from tandem.gateway.sip.crypto import Crypto

#: RFC 4568 9.1 and 10.1 give this one.
INLINE = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"


def test_the_example_of_the_rfc():
    found = Crypto.parse(f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}|2^20 FEC_ORDER=FEC_SRTP")
    assert found is None, "an order that we do not keep"
    found = Crypto.parse(f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}|2^20")
    assert (found.tag, found.suite, len(found.key)) == (1, "AES_CM_128_HMAC_SHA1_80", 30)
    assert str(found) == f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}"
    assert Crypto.parse(str(found)) == found


@pytest.mark.parametrize(
    ("value", "usable"),
    [
        (f"2 aes_cm_128_hmac_sha1_32 {INLINE}", True),
        (f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} WSH=64", True),
        (f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}|1048576", True),
        (f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}|2^20|1:4", False),
        (f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} UNENCRYPTED_SRTP", False),
        (f"1 F8_128_HMAC_SHA1_80 {INLINE}", False),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:YWJj", False),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:====", False),
        ("1 AES_CM_128_HMAC_SHA1_80", False),
        ("", False),
    ],
)
def test_what_can_be_used(value, usable):
    assert (Crypto.parse(value) is not None) is usable
