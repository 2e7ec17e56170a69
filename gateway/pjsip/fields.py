"""Header fields found in the octets of a message, where parsing all of it would be too much: for every one that passes.

In long or compact form, in any case, as peers may write them (RFC 3261 7.3); `head_of` is to be looked in. Nothing of
this needs PJSIP: it is octets in.
"""

from __future__ import annotations

import re
from typing import Final

_END: Final = re.compile(rb"\r?\n\r?\n")
_FOLD: Final = re.compile(rb"\r?\n[ \t]+")
_PARTY: Final = rb'[ \t]*:(?:[^\r\n"<]|"(?:[^"\\\r\n]|\\[^\r\n])*"|<[^>\r\n]*>)*;[ \t]*tag[ \t]*=[ \t]*([^;\s]+)'
"""From and To: display name in quotation marks and URI in angles, where `;tag=` is none, then parameters."""
BRANCH: Final = re.compile(rb"^v(?:ia)?[ \t]*:[^\r\n,]*;[ \t]*branch[ \t]*=[ \t]*([^;,\s]+)", re.M | re.I)
"""Of the first Via."""
FROM_TAG: Final = re.compile(rb"^f(?:rom)?" + _PARTY, re.M | re.I)
TO_TAG: Final = re.compile(rb"^t(?:o)?" + _PARTY, re.M | re.I)
CALL_ID: Final = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*([^\s]+)", re.M | re.I)
SEQUENCE: Final = re.compile(rb"^(CSeq[ \t]*:[ \t]*)([0-9]{1,10})", re.M | re.I)
"""CSeq: what stands before its number, and that."""
ACKNOWLEDGED: Final = re.compile(rb"^(RAck[ \t]*:[ \t]*[0-9]+[ \t]+)([0-9]{1,10})", re.M | re.I)
"""RAck: number of the response, then of the request (RFC 3262 7.2)."""
RESPONSE: Final = b"SIP/2.0 "
"""How a response begins."""
ISUP: Final = b"application/isup"
"""Media type of ISUP in a body (RFC 3204)."""


def head_of(message: bytes) -> bytes:
    """First line and header fields of a message, each on one line."""
    return _FOLD.sub(b" ", _END.split(message, maxsplit=1)[0])


def body_of(message: bytes) -> bytes:
    """What stands behind the header fields, empty where nothing does."""
    return _END.split(message, maxsplit=1)[-1] if _END.search(message) else b""


def is_within_dialog(request: bytes) -> bool:
    """Whether a request has a tag in To (RFC 3261 12.2)."""
    return TO_TAG.search(head_of(request)) is not None
