"""Header fields found in the octets of a message, where parsing all of it would be too much: for every one that passes.

In long or compact form, in any case, as peers may write them (RFC 3261 7.3); `head_of` is to be looked in. Nothing of
this needs PJSIP: it is octets in. Patterns begin with the end of the line before: `^` would be tried at every octet.
"""

from __future__ import annotations

import re
from typing import Final

_END: Final = re.compile(rb"\n\r?\n")
_FOLD: Final = re.compile(rb"\r?\n[ \t]+")
_REST: Final = rb'[^\r\n"<;]*+'
_PARTY: Final = (
    rb"[ \t]*:" + _REST + rb'(?:(?:"(?:[^"\\\r\n]++|\\[^\r\n])*"|<[^>\r\n]*+>|;(?![ \t]*tag[ \t]*=))' + _REST + rb")*"
    rb";[ \t]*tag[ \t]*=[ \t]*([^;\s]+)"
)
"""From and To: display name in quotation marks and URI in angles, where `;tag=` is none, then parameters.

Linear without possessive groups, as what may follow begins with other octets; Python before 3.11.5, Debian 12's among
them, finds no match behind one that holds alternatives (CPython issue 106052).
"""
BRANCH: Final = re.compile(rb"\nv(?:ia)?[ \t]*:[^\r\n,]*;[ \t]*branch[ \t]*=[ \t]*([^;,\s]+)", re.I)
"""Of the first Via."""
FROM_TAG: Final = re.compile(rb"\nf(?:rom)?" + _PARTY, re.I)
TO_TAG: Final = re.compile(rb"\nt(?:o)?" + _PARTY, re.I)
CALL_ID: Final = re.compile(rb"\n(?:call-id|i)[ \t]*:[ \t]*([^\s]+)", re.I)
SEQUENCE: Final = re.compile(rb"(\nCSeq[ \t]*:[ \t]*)([0-9]{1,10})", re.I)
"""CSeq: what stands before its number, and that."""
ACKNOWLEDGED: Final = re.compile(rb"(\nRAck[ \t]*:[ \t]*[0-9]+[ \t]+)([0-9]{1,10})", re.I)
"""RAck: number of the response, then of the request (RFC 3262 7.2)."""
RESPONSE: Final = b"SIP/2.0 "
"""How a response begins."""
ISUP: Final = b"application/isup"
"""Media type of ISUP in a body (RFC 3204)."""


def head_of(message: bytes) -> bytes:
    """First line and header fields of a message, each on one line."""
    end = _END.search(message)
    head = message if end is None else message[: end.start()]
    return _FOLD.sub(b" ", head) if b"\n " in head or b"\n\t" in head else head


def body_of(message: bytes) -> bytes:
    """What stands behind the header fields, empty where nothing does."""
    end = _END.search(message)
    return b"" if end is None else message[end.end() :]


def is_within_dialog(request: bytes) -> bool:
    """Whether a request has a tag in To (RFC 3261 12.2)."""
    return TO_TAG.search(head_of(request)) is not None
