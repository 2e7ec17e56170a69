"""SRTP on one leg (RFC 3711), by libsrtp through pylibsrtp: packets made unreadable and readable again."""

from __future__ import annotations

from typing import Final

from tandem.core.errors import ConfigurationError
from tandem.gateway.media.protocol import SrtpKeys

_PROFILES: Final = {
    "AES_CM_128_HMAC_SHA1_80": "SRTP_PROFILE_AES128_CM_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32": "SRTP_PROFILE_AES128_CM_SHA1_32",
}


class SecureLeg:
    """Both directions of one leg. Without keys, what comes is thrown away: it cannot be read yet."""

    def __init__(self, keys: SrtpKeys | None) -> None:
        """ConfigurationError when pylibsrtp is not there."""
        self.keys = keys
        self.discarded = 0
        """Packets that were not authentic, or came twice, or before there were keys."""
        if keys is None:
            return
        try:
            from pylibsrtp import Error, Policy, Session
        except ImportError:
            raise ConfigurationError("SRTP needs pylibsrtp: pip install 'tandem-gateway[srtp]'") from None
        profile = getattr(Policy, _PROFILES[keys.suite])
        self._error = Error
        self._send = Session(Policy(key=keys.send, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
        self._receive = Session(Policy(key=keys.receive, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile))

    def protect(self, packet: memoryview) -> bytes:
        """An RTP packet as it goes out; empty while there are no keys."""
        return b"" if self.keys is None else bytes(self._send.protect(bytes(packet)))

    def unprotect(self, packet: bytes) -> bytes | None:
        """An RTP packet from one that came in; None for one that is to be thrown away."""
        if self.keys is None:
            self.discarded += 1
            return None
        try:
            return bytes(self._receive.unprotect(packet))
        except self._error:
            self.discarded += 1
            return None

    def protect_rtcp(self, packet: bytes) -> bytes:
        """An RTCP packet as it goes out; empty while there are no keys."""
        return b"" if self.keys is None else bytes(self._send.protect_rtcp(packet))

    def unprotect_rtcp(self, packet: bytes) -> bytes | None:
        """An RTCP packet from one that came in; None for one that is to be thrown away."""
        if self.keys is None:
            self.discarded += 1
            return None
        try:
            return bytes(self._receive.unprotect_rtcp(packet))
        except self._error:
            self.discarded += 1
            return None
