"""What PJSIP's C library does and pjsua2 does not pass on: requests and responses before PJSIP itself acts on them.

Functions are called by their names, which a build exports as pjsua2 needs them; of its structures only the beginning of
`pjsip_module` and of `pjsip_msg` is known here, which has been the same since there is PJSIP, and the place of the
message in `pjsip_rx_data` is looked for. Everything is called in the thread that polls.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from typing import Any, Final

import pjsua2 as pj

LIBRARY: Final = ctypes.CDLL(pj._pjsua2.__file__)
BEFORE_TRANSACTIONS: Final = 12
"""Priority of a module that is asked before PJSIP's transactions (16) see a message: for responses."""
BEFORE_DIALOGS: Final = 24
"""Priority of one that is asked between transactions and dialogs (32): retransmissions of what has been answered, or is
being answered, are gone by then."""
_FAR: Final = 1 << 14
"""More octets than `pjsip_rx_data` has; its packet is of 4000 (PJSIP_MAX_PKT_LEN)."""
_START: Final = re.compile(rb"SIP/2\.0 |[A-Z]+ ")
_Asked = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class _Text(ctypes.Structure):
    """`pj_str_t`."""

    _fields_ = (("start", ctypes.c_char_p), ("length", ctypes.c_ssize_t))


class _Module(ctypes.Structure):
    """`pjsip_module`."""

    _fields_ = (
        *(("before", ctypes.c_void_p), ("after", ctypes.c_void_p), ("name", _Text)),
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


def _function(name: str, result: Any, *arguments: Any) -> Any:
    found = getattr(LIBRARY, name)
    found.restype, found.argtypes = result, arguments
    return found


_POINTER = ctypes.c_void_p
_endpoint = _function("pjsua_get_pjsip_endpt", _POINTER)
_register = _function("pjsip_endpt_register_module", ctypes.c_int, _POINTER, ctypes.POINTER(_Module))
_dialog_of = _function("pjsip_rdata_get_dlg", _POINTER, _POINTER)
_respond = _function("pjsip_dlg_respond", ctypes.c_int, _POINTER, _POINTER, ctypes.c_int, *([_POINTER] * 3))
_respond_stateless = _function(
    "pjsip_endpt_respond_stateless", ctypes.c_int, _POINTER, _POINTER, ctypes.c_int, *([_POINTER] * 3)
)
_clone = _function("pjsip_rx_data_clone", ctypes.c_int, _POINTER, ctypes.c_uint, ctypes.POINTER(_POINTER))
_free = _function("pjsip_rx_data_free_cloned", ctypes.c_int, _POINTER)
_process = _function(
    "pjsip_endpt_process_rx_data", ctypes.c_int, _POINTER, _POINTER, ctypes.POINTER(_Processing), _POINTER
)
_understand = _function(
    "pjsip_endpt_add_capability",
    *(ctypes.c_int, _POINTER, _POINTER, ctypes.c_int, _POINTER, ctypes.c_uint, ctypes.POINTER(_Text)),
)
_find_header = _function("pjsip_msg_find_hdr_by_name", _POINTER, _POINTER, ctypes.POINTER(_Text), _POINTER)
_erase = _function("pj_list_erase", None, _POINTER)


class Module:
    """A module of PJSIP: asked about each request and response of a peer."""

    def __init__(
        self, priority: int, request: Callable[[int], bool] | None, response: Callable[[int], bool] | None
    ) -> None:
        """Each gets the address of a `pjsip_rx_data`, and returns whether the message goes no further."""
        self._name = f"tandem-{priority}".encode()
        asked = [_Asked() if one is None else _Asked(one) for one in (request, response)]
        name = _Text(self._name, len(self._name))
        self._module = _Module(name=name, number=-1, priority=priority, request=asked[0], response=asked[1])

    def register(self) -> None:
        """Be asked from now on, until the process ends; once the endpoint is initialised."""
        status = _register(_endpoint(), ctypes.byref(self._module))
        if status:
            raise OSError(f"PJSIP does not take a module: status {status}")


def understand(option: bytes) -> None:
    """Have PJSIP take an option tag in Require, which somebody else sees to."""
    _understand(_endpoint(), None, pj.PJSIP_H_SUPPORTED, None, 1, ctypes.byref(_Text(option, len(option))))


class _Place:
    """Where `msg_info` is in `pjsip_rx_data`: it depends on how PJSIP was built."""

    offset = 0


def _information(received: int) -> int:
    """Address of `msg_info`: where the message begins, its length, and the parsed message.

    It stands behind the packet, of which the message is a part, and begins with a pointer into it.
    """
    if not _Place.offset:
        for offset in range(8, _FAR, 8):
            start = _word(received + offset)
            if received < start < received + offset and _START.match(ctypes.string_at(start, 8)):
                _Place.offset = offset
                break
        else:
            raise LookupError("no message in pjsip_rx_data")
    return received + _Place.offset


def octets_of(received: int) -> bytes:
    """The message as it came."""
    place = _information(received)
    return ctypes.string_at(_word(place), ctypes.c_int.from_address(place + 8).value)


def without_header(received: int, name: bytes) -> bool:
    """Have PJSIP not see the first header field of a name; False without one."""
    message = _word(_information(received) + 16)
    found = _find_header(message, ctypes.byref(_Text(name, len(name))), None)
    if found:
        _erase(found)
    return bool(found)


def respond(received: int, status: int) -> None:
    """Answer a request within a dialog, in the place of PJSIP."""
    dialog = _dialog_of(received)
    if dialog:
        _respond(dialog, received, status, None, None, None)


def refuse(received: int, status: int) -> bool:
    """Answer a request that PJSIP is not to see."""
    return bool(_respond_stateless(_endpoint(), received, status, None, None, None) == 0)


def keep(received: int) -> int:
    """A copy of a request that is to be seen to later, 0 when there can be none."""
    kept = _POINTER()
    return 0 if _clone(received, 0, ctypes.byref(kept)) else kept.value or 0


def go_on(kept: int) -> None:
    """Have dialogs see what was kept by a module `BEFORE_DIALOGS`, and forget it."""
    _process(_endpoint(), kept, ctypes.byref(_Processing(priority=BEFORE_DIALOGS + 1)), None)
    _free(kept)


def forget(kept: int) -> None:
    """Forget what was kept, without an answer."""
    _free(kept)


def _word(address: int) -> int:
    return ctypes.c_uint64.from_address(address).value
