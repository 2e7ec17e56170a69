"""What parameters of pjsua2 are filled with: header fields, bodies, and which streams there are."""

from __future__ import annotations

from typing import Any, Final

import pjsua2 as pj

from . import library
from .protocol import Content, Headers

HAS_TEXT: Final = hasattr(pj.CallSetting, "textCount")
"""Whether this PJSIP would offer real-time text (RFC 4103) beside speech, as it does since 2.16."""


def speech_alone(parameters: Any) -> None:
    """Have the CallOpParam of an offer or answer of ours be of one audio stream."""
    parameters.opt.audioCount, parameters.opt.videoCount = 1, 0
    if HAS_TEXT:
        parameters.opt.textCount = 0


def headers_into(option: Any, headers: Headers) -> None:
    """Put header fields into a SipTxOption."""
    for name, value in headers:
        field = pj.SipHeader()
        field.hName, field.hValue = name, value
        option.headers.append(field)


def content_into(option: Any, content: Content | None, *, alone: bool = False) -> None:
    """Put a part of a body into a SipTxOption: beside the description, if there is one; or as the whole of the body."""
    if content is None:
        return
    filler = library.filler_for(content.octets).decode()
    if alone:
        option.contentType, option.msgBody = content.media_type, filler
        if content.disposition:
            headers_into(option, [("Content-Disposition", content.disposition)])
        library.put_octets(option, content.octets)
        return
    option.multipartContentType.type, option.multipartContentType.subType = "multipart", "mixed"
    part = pj.SipMultipartPart()
    # PJSIP writes both as they are, so that parameters may stand in the second.
    part.contentType.type, _, part.contentType.subType = content.media_type.partition("/")
    part.body = filler
    if content.disposition:
        field = pj.SipHeader()
        field.hName, field.hValue = "Content-Disposition", content.disposition
        part.headers.append(field)
    option.multipartParts.append(part)
    library.put_octets(option.multipartParts[len(option.multipartParts) - 1], content.octets)
