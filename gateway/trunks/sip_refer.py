"""Transfers in SIP: what REFER and Replaces ask for, and what NOTIFY tells of it (RFC 3515, RFC 3891, RFC 5589)."""

from __future__ import annotations

from dataclasses import dataclass

from tandem.core.errors import DecodeError
from tandem.gateway.calls.interworking import CauseMap
from tandem.gateway.calls.model import Alerting, Answer, Number, Primitive, Progress, Release
from tandem.gateway.sip.fields import parse_address, parse_parameters, unescape
from tandem.gateway.sip.message import Message
from tandem.gateway.sip.status import PHRASES
from tandem.gateway.trunks.sip_numbers import number_of


@dataclass(frozen=True, slots=True)
class Replaces:
    """A dialog that is to be replaced (RFC 3891 6.1)."""

    call_id: str
    tags: frozenset[str]
    """Both, whichever is whose."""
    early_only: bool = False

    @classmethod
    def parse(cls, text: str) -> Replaces | None:
        """The value of a Replaces header; None when it is none."""
        call_id, _, rest = text.strip().partition(";")
        try:
            parameters = parse_parameters(";" + rest)
        except DecodeError:
            return None
        tags = [parameters.get(name) for name in ("to-tag", "from-tag")]
        if not call_id or not all(tags):
            return None
        return cls(call_id.strip(), frozenset(tag for tag in tags if tag), "early-only" in parameters)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a REFER asks for."""

    number: Number | None
    """Whom to call; None when that is no telephone number."""
    replaces: Replaces | None
    """The call of the same peer whose other party is meant."""


def wish_of(message: Message) -> Wish | None:
    """What a REFER asks for; None when it has not one Refer-To that can be read (RFC 3515 2.4.1)."""
    values = message.fields.get("refer-to", ())
    if len(values) != 1:
        return None
    try:
        uri = parse_address(values[0]).uri
    except DecodeError:
        return None
    if uri.scheme not in ("sip", "sips", "tel"):
        return None
    replaces = None
    for header in uri.headers.split("&"):
        name, _, value = header.partition("=")
        if name.lower() == "replaces":
            replaces = Replaces.parse(unescape(value))
            if replaces is None:
                return None
        elif name.lower() == "method" and value.upper() != "INVITE":
            return None
    return Wish(number_of(uri), replaces)


def status_line(primitive: Primitive, causes: CauseMap) -> tuple[str, bool] | None:
    """What NOTIFY says, and whether it is the last; None when there is nothing to say."""
    match primitive:
        case Answer():
            status, final = 200, True
        case Alerting():
            status, final = 180, False
        case Progress():
            status, final = 183, False
        case Release(cause=cause, location=location):
            status, final = causes.status(cause, location), True
        case _:
            return None
    return f"SIP/2.0 {status} {PHRASES[status]}", final
