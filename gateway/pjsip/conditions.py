"""Preconditions in the descriptions that PJSIP makes and takes (RFC 3312): it knows nothing of them."""

from __future__ import annotations

from tandem.core.errors import DecodeError
from tandem.gateway.sip import sdp
from tandem.gateway.sip.preconditions import Preconditions, Stated


def told(conditions: Preconditions, description: str) -> Preconditions:
    """The table of preconditions after a description of the peer."""
    try:
        found = sdp.parse(description.encode())
        stated = next((Stated.parse(media.preconditions) for media in found.media if media.kind == "audio"), None)
    except DecodeError:
        return conditions
    return conditions if stated is None else conditions.told(stated)
