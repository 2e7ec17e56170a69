"""What PJSIP must not see: messages that any peer can send, and that end a build with assertions.

Nothing of this needs PJSIP: it is octets in.
"""

from __future__ import annotations

import re
from typing import Final

from .fields import head_of

_METHOD: Final = re.compile(rb"\nCSeq[ \t]*:[ \t]*[0-9]*[ \t]*([^\s]*)", re.IGNORECASE)
_BARE: Final = re.compile(rb"\r[^\n]")


def is_sound(request: bytes) -> bool:
    """Whether CSeq names the method of a request, as it must (RFC 3261 8.1.1.5), in lines that end with LF.

    PJSIP finds the transaction of a request by CSeq, and takes anything that is of an INVITE for INVITE or ACK. A line
    ends with CR alone to it, to nobody else.
    """
    head = head_of(request)
    if _BARE.search(head) is not None:
        return False
    method = head.lstrip().partition(b" ")[0]
    return all(named == method for named in _METHOD.findall(head))
