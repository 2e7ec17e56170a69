"""What one call may do beyond RFC 3261: the extensions that its trunk is configured for."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from tandem.gateway.sip.multipart import Part

Extension = Literal["off", "supported", "required"]


class CallOptions(Struct, frozen=True):
    """Extensions of one call. The defaults are those of RFC 3261 alone, with UPDATE taken from who sends it."""

    reliable: Extension = "off"
    """Reliable provisional responses (RFC 3262): said in Supported, in Require, or neither."""
    session_expires: int = 0
    """Session interval that we ask for, in seconds (RFC 4028); 0 is no session timer."""
    min_se: int = 90
    """Shortest session interval that we accept, in seconds; RFC 4028 5 allows none below 90."""
    refresher: Literal["auto", "local", "remote"] = "auto"
    """Who refreshes the session where we may choose; `auto`: whoever calls."""
    preconditions: Extension = "off"
    """Preconditions (RFC 3312): said in Supported, in Require, or neither. They need reliable provisional responses."""
    released: Part | None = None
    """Body of the 200 to a BYE that brought a part of the same media type: RLC for REL, where ISUP is carried."""
