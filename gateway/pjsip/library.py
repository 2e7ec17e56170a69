"""What PJSIP's C library does and pjsua2 does not pass on: messages before PJSIP itself acts on them, or sends them.

Functions are called by their names, which a build exports as pjsua2 needs them; of its structures only `pjsip_module`,
`pjsip_msg` and the beginning of `pjsip_tx_data` are known here, which have been the same since there is PJSIP. Where
anything else stands depends on the build, and is looked for. Everything is called in the thread that polls.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import re
from collections.abc import Callable
from typing import Any, Final

import pjsua2 as pj

LIBRARY: Final = ctypes.CDLL(pj._pjsua2.__file__)
BEFORE_LOG: Final = 6
"""Priority of a module that sees what comes before PJSIP's log (7) tells of it."""
LOG: Final = 7
"""Priority of one that sees what is sent after it was put together (8), and before the log tells of it."""
BEFORE_TRANSACTIONS: Final = 12
"""Priority of a module that is asked before PJSIP's transactions (16) see a message: for responses."""
BEFORE_DIALOGS: Final = 24
"""Priority of one that is asked between transactions and dialogs (32): retransmissions of what has been answered, or is
being answered, are gone by then."""
_FAR: Final = 1 << 17
"""More octets than `pjsip_rx_data` has; its packet is of PJSIP_MAX_PKT_LEN, 4000 unless a build has it otherwise."""
_START: Final = re.compile(rb"SIP/2\.0 |[A-Z]+ ")
BODY: Final = 104
"""Offset of `body` in `pjsip_msg`: behind the kind of message, its first line and the head of its list of fields."""
FIELD: Final = 64
"""Octets before the value of a header field that PJSIP knows: its place in a list, kind, both names, functions."""
POOL: Final = 16
"""Offset of `pool` in `pjsip_tx_data`: behind two pointers of a list."""
_LENGTH_BEFORE: Final = 24
"""Octets from the length of a `std::string` to its text, where `_GLIBCXX_USE_CXX11_ABI` is 0."""
_RESPONSE: Final = (1).to_bytes(4, "little")
"""`PJSIP_RESPONSE_MSG`, the kind of message that has a status behind it."""
UAC: Final = b"uac"
UAS: Final = b"uas"
"""Who refreshes a session, in Session-Expires (RFC 4028 4)."""
_OWN_MEMORY: Final = os.open("/proc/self/mem", os.O_RDONLY)
_ANSWER: Final = re.compile(rb"Response msg ([0-9]{3})/([A-Z]+)/")
_NUMBERS: Final = itertools.count(1)
"""Of modules, whose names must differ."""
_Asked = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class Text(ctypes.Structure):
    """`pj_str_t`."""

    _fields_ = (("start", ctypes.c_char_p), ("length", ctypes.c_ssize_t))


class _Module(ctypes.Structure):
    """`pjsip_module`."""

    _fields_ = (
        *(("before", ctypes.c_void_p), ("after", ctypes.c_void_p), ("name", Text)),
        *(("number", ctypes.c_int), ("priority", ctypes.c_int)),
        *((name, ctypes.c_void_p) for name in ("load", "start", "stop", "unload")),
        *((name, _Asked) for name in ("request", "response", "sent_request", "sent_response")),
        ("transaction", ctypes.c_void_p),
    )


class _Processing(ctypes.Structure):
    """`pjsip_process_rdata_param`: which modules are asked."""

    _fields_ = (
        *(("priority", ctypes.c_uint), ("module", ctypes.c_void_p)),
        *(("after", ctypes.c_uint), ("silent", ctypes.c_int)),
    )


def function(name: str, result: Any, *arguments: Any) -> Any:
    """A function of PJSIP; raises ImportError where the build does not export it."""
    try:
        found = getattr(LIBRARY, name)
    except AttributeError:
        raise ImportError(f"{LIBRARY._name} does not export {name}, as the wheels of pjsua2-python do") from None
    found.restype, found.argtypes = result, arguments
    return found


_POINTER = ctypes.c_void_p
endpoint = function("pjsua_get_pjsip_endpt", _POINTER)
_register = function("pjsip_endpt_register_module", ctypes.c_int, _POINTER, ctypes.POINTER(_Module))
_dialog_of = function("pjsip_rdata_get_dlg", _POINTER, _POINTER)
_respond = function("pjsip_dlg_respond", ctypes.c_int, _POINTER, _POINTER, ctypes.c_int, *([_POINTER] * 3))
respond_stateless = function(
    "pjsip_endpt_respond_stateless", ctypes.c_int, _POINTER, _POINTER, ctypes.c_int, *([_POINTER] * 3)
)
_clone = function("pjsip_rx_data_clone", ctypes.c_int, _POINTER, ctypes.c_uint, ctypes.POINTER(_POINTER))
_free = function("pjsip_rx_data_free_cloned", ctypes.c_int, _POINTER)
_process = function(
    "pjsip_endpt_process_rx_data", ctypes.c_int, _POINTER, _POINTER, ctypes.POINTER(_Processing), _POINTER
)
_understand = function(
    "pjsip_endpt_add_capability",
    *(ctypes.c_int, _POINTER, _POINTER, ctypes.c_int, _POINTER, ctypes.c_uint, ctypes.POINTER(Text)),
)
allocate = function("pj_pool_alloc", _POINTER, _POINTER, ctypes.c_size_t)
find_header = function("pjsip_msg_find_hdr_by_name", _POINTER, _POINTER, ctypes.POINTER(Text), _POINTER)
erase = function("pj_list_erase", None, _POINTER)
make_body = function("pjsip_msg_body_create", _POINTER, _POINTER, *([ctypes.POINTER(Text)] * 3))
_information_of_sent = function("pjsip_tx_data_get_info", ctypes.c_char_p, _POINTER)


class Module:
    """A module of PJSIP: asked about each request and response of a peer."""

    def __init__(
        self,
        priority: int,
        request: Callable[[int], bool] | None = None,
        response: Callable[[int], bool] | None = None,
        sent_request: Callable[[int], bool] | None = None,
        sent_response: Callable[[int], bool] | None = None,
    ) -> None:
        """`request` and `response` get the address of a `pjsip_rx_data`, and return whether it goes no further.

        The others get that of a `pjsip_tx_data`, and return False.
        """
        self._name = b"tandem-%d" % next(_NUMBERS)
        several = request, response, sent_request, sent_response
        asked = [_Asked() if one is None else _Asked(one) for one in several]
        self._module = _Module(
            name=Text(self._name, len(self._name)),
            number=-1,
            priority=priority,
            request=asked[0],
            response=asked[1],
            sent_request=asked[2],
            sent_response=asked[3],
        )

    def register(self) -> None:
        """Be asked from now on, until the process ends; once the endpoint is initialised."""
        status = _register(endpoint(), ctypes.byref(self._module))
        if status:
            raise OSError(f"PJSIP does not take a module: status {status}")


def understand(option: bytes) -> None:
    """Have PJSIP take an option tag in Require, which somebody else sees to."""
    _understand(endpoint(), None, pj.PJSIP_H_SUPPORTED, None, 1, ctypes.byref(Text(option, len(option))))


class _Place:
    """Where `msg_info` is in `pjsip_rx_data`, and `buf` in `pjsip_tx_data`: it depends on how PJSIP was built."""

    offset = 0
    sent = 0
    sent_message = 0


def information(received: int) -> int:
    """Address of `msg_info`: where the message begins, its length, and the parsed message.

    It stands behind the packet, of which the message is a part, and begins with a pointer into it.
    """
    if not _Place.offset:
        block = memory(received, _FAR)
        for offset in range(8, len(block) - 7, 8):
            start = int.from_bytes(block[offset : offset + 8], "little")
            if received < start < received + offset and _START.match(memory(start, 16)):
                _Place.offset = offset
                break
        else:
            raise LookupError("no message in pjsip_rx_data")
    return received + _Place.offset


def octets_of(received: int) -> bytes:
    """The message as it came."""
    place = information(received)
    return ctypes.string_at(word(place), ctypes.c_int.from_address(place + 8).value)


def octets_of_sent(sent: int) -> bytes:
    """A message that is being sent, of a `pjsip_tx_data`, once it is put together; empty before."""
    place, _ = put_together(sent)
    return ctypes.string_at(word(place), word(place + 8) - word(place)) if place else b""


def put_together(sent: int) -> tuple[int, int]:
    """Addresses of `buf` in a `pjsip_tx_data` (where the message begins, where it ends, and its room) and of its pool.

    Both are 0 where there is no message yet.
    """
    for offset in (_Place.sent,) if _Place.sent else range(POOL, 1024, 8):
        start, end, limit = (word(sent + offset + more) for more in (0, 8, 16))
        if start < end <= limit < start + (1 << 20) and _START.match(memory(start, 16)):
            _Place.sent = offset
            return sent + offset, word(sent + POOL)
    return 0, 0


def without_header(received: int, name: bytes) -> bool:
    """Have PJSIP not see the first header field of a name; False without one."""
    message = word(information(received) + 16)
    found = find_header(message, ctypes.byref(Text(name, len(name))), None)
    if found:
        erase(found)
    return bool(found)


def sequence_in(message: int) -> int:
    """Number in CSeq of a message."""
    found = find_header(message, ctypes.byref(Text(b"CSeq", 4)), None)
    return ctypes.c_int32.from_address(found + FIELD).value


def sequence_received(received: int) -> int:
    """Number in CSeq of a message that came."""
    return sequence_in(word(information(received) + 16))


def call_id_received(received: int) -> str:
    """Call-ID of a message that came."""
    return call_id_in(word(information(received) + 16))


def call_id_of_sent(sent: int) -> str:
    """Call-ID of an INVITE that is being sent and not put together yet; empty for anything else."""
    return call_id_in(_sent_invite(sent))


def _sent_invite(sent: int) -> int:
    """The message of a `pjsip_tx_data` where it is an INVITE: its first line begins with number and name of that."""
    for offset in (_Place.sent_message,) if _Place.sent_message else range(POOL, 1024, 8):
        message = word(sent + offset)
        if memory(message, 4) == memory(message + 8, 4) == bytes(4) and _text_at(message + 16) == b"INVITE":
            _Place.sent_message = offset
            return message
    return 0


def name_refresher(message: int, who: bytes) -> bool:
    """Put `uac` or `uas` into Session-Expires where that names nobody; `who` must outlive the message."""
    found = find_header(message, ctypes.byref(Text(b"Session-Expires", 15)), None)
    # The number of seconds, then who refreshes.
    if not found or ctypes.c_ssize_t.from_address(found + FIELD + 16).value:
        return False
    ctypes.memmove(found + FIELD + 8, ctypes.byref(Text(who, len(who))), ctypes.sizeof(Text))
    return True


def name_refresher_received(received: int, who: bytes) -> bool:
    """The same in a message that came."""
    return name_refresher(word(information(received) + 16), who)


def name_refresher_sent(sent: int, who: bytes) -> bool:
    """The same in an INVITE that is being sent."""
    message = _sent_invite(sent)
    return bool(message) and name_refresher(message, who)


def without_body(received: int) -> None:
    """Have PJSIP not see the body of a message."""
    message = word(information(received) + 16)
    ctypes.c_uint64.from_address(message + BODY).value = 0


def status_sent(sent: int, method: bytes) -> int:
    """The status of a response that is being sent to a request of this method; 0 for any other message."""
    said = _ANSWER.match(_information_of_sent(sent) or b"")
    return int(said[1]) if said is not None and said[2] == method else 0


def response_sent(sent: int, status: int) -> int:
    """The response with this status in a `pjsip_tx_data`, 0 where it is not found.

    It is what a pointer leads to that begins as one.
    """
    for offset in (_Place.sent_message,) if _Place.sent_message else range(POOL, 1024, 8):
        message = word(sent + offset)
        start = memory(message, 12)
        if (start[:4], start[8:]) == (_RESPONSE, status.to_bytes(4, "little")):
            _Place.sent_message = offset
            return message
    return 0


def call_id_in(message: int) -> str:
    """Call-ID of a message."""
    found = find_header(message, ctypes.byref(Text(b"Call-ID", 7)), None) if message else None
    return _text_at(found + FIELD).decode("utf-8", "replace") if found else ""


def keep_last(message: int, name: bytes, value: bytes, count: int) -> None:
    """Of the fields of a name with this value leave the last `count`; PJSIP's own have another, or none as text."""
    text, found = Text(name, len(name)), []
    field = find_header(message, ctypes.byref(text), None)
    while field:
        if _text_at(field + FIELD) == value:
            found.append(field)
        field = find_header(message, ctypes.byref(text), word(field + 8))
    for one in found[: len(found) - count]:
        erase(one)


def with_body(sent: int, status: int, media_type: str, octets: bytes) -> bool:
    """Put a body into a response with this status that is being sent and has none; False where that cannot be."""
    message = response_sent(sent, status)
    if not message or word(message + BODY):
        return False
    kind, _, subtype = media_type.encode().partition(b"/")
    texts = [Text(text, len(text)) for text in (kind, subtype, octets)]
    body = make_body(word(sent + POOL), *map(ctypes.byref, texts))
    ctypes.c_uint64.from_address(message + BODY).value = body or 0
    return True


def respond(received: int, status: int) -> None:
    """Answer a request within a dialog, in the place of PJSIP."""
    dialog = _dialog_of(received)
    if dialog:
        _respond(dialog, received, status, None, None, None)


def refuse(received: int, status: int) -> bool:
    """Answer a request that PJSIP is not to see."""
    return bool(respond_stateless(endpoint(), received, status, None, None, None) == 0)


def keep(received: int) -> int:
    """A copy of a message that is to be seen to later, 0 when there can be none."""
    kept = _POINTER()
    return 0 if _clone(received, 0, ctypes.byref(kept)) else kept.value or 0


def go_on(kept: int, after: int = BEFORE_DIALOGS) -> None:
    """Have PJSIP see what was kept by a module of priority `after`, and forget it."""
    _process(endpoint(), kept, ctypes.byref(_Processing(priority=after + 1)), None)
    _free(kept)


def forget(kept: int) -> None:
    """Forget what was kept, without an answer."""
    _free(kept)


def put_octets(owner: Any, octets: bytes) -> None:
    """Put `octets` in the place of the text `filler_for` in an object of pjsua2.

    Texts go through UTF-8 on their way to C++; octets do not come back from there. A `std::string` points to its text,
    which ends with 0, and has the length behind the pointer, or before the text in the older of both ABIs: all of it
    must be right, as a message of ISUP may have two octets.
    """
    if not octets:
        return
    start, filler, length = int(owner.this), filler_for(octets) + b"\0", len(octets).to_bytes(8, "little")
    for offset in range(0, 512, 8):
        place = memory(start + offset, 16)
        text = int.from_bytes(place[:8], "little")
        if memory(text, len(filler)) == filler and length in (place[8:], memory(max(0, text - _LENGTH_BEFORE), 8)):
            ctypes.memmove(text, octets, len(octets))
            return
    raise LookupError("no text in an object of pjsua2")


def filler_for(octets: bytes) -> bytes:
    """What `put_octets` looks for: a text of the same length."""
    return (b"tandem puts octets here;" * (len(octets) // 24 + 1))[: len(octets)]


def memory(address: int, length: int) -> bytes:
    """What stands in memory, empty where there is none of ours: for numbers that may be pointers or not."""
    try:
        return os.pread(_OWN_MEMORY, length, address)
    except (OSError, OverflowError):
        return b""


def _text_at(address: int) -> bytes:
    """The text of a `pj_str_t`, at most 1000 octets of it."""
    place = memory(address, 16)
    start, length = int.from_bytes(place[:8], "little"), int.from_bytes(place[8:], "little")
    return memory(start, min(length, 1000))


def word(address: int) -> int:
    """Eight octets of memory that are known to be there, as a number."""
    return ctypes.c_uint64.from_address(address).value
