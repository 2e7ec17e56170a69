"""Messages of IUA: which parameters they must have and may have, and the DLCI (RFC 4233 3, RFC 5133)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from tandem.core.sigtran.codes import ErrorCode, Tag, Type
from tandem.core.sigtran.common import MessageError, Parameter
from tandem.core.sigtran.messages import Form, Forms


class ReleaseReason(IntEnum):
    """Why a data link is released, RFC 4233 3.3.1.3."""

    MANAGEMENT = 0
    PHYSICAL = 1
    """Alarm of the line."""
    DM = 2
    """In a request: the far end is refused, too, when it wants the link back (DM)."""
    OTHER = 3


class TeiStatus(IntEnum):
    """Whether a TEI is in use, RFC 4233 3.3.3.3."""

    ASSIGNED = 0
    UNASSIGNED = 1


@dataclass(frozen=True, slots=True)
class Dlci:
    """Data link connection identifier: the address of Q.921, and two octets that are spare."""

    sapi: int = 0
    tei: int = 0

    @classmethod
    def parse(cls, parameter: Parameter) -> Dlci:
        """From the parameter; MessageError when it has no two octets of an address."""
        value = parameter.value
        if len(value) not in (2, 4) or value[0] & 1 or not value[1] & 1:
            raise MessageError(f"DLCI {value.hex()}", ErrorCode.PROTOCOL_ERROR)
        return cls(value[0] >> 2, value[1] >> 1)

    def encode(self) -> Parameter:
        """The parameter."""
        return Parameter(Tag.DLCI, bytes((self.sapi << 2, self.tei << 1 | 1, 0, 0)))


_INTERFACE: Final = (Tag.INTERFACE_ID, Tag.INTERFACE_ID_TEXT)
_INTERFACES: Final = frozenset({Tag.INTERFACE_ID, Tag.INTERFACE_ID_TEXT, Tag.INTERFACE_ID_RANGE})
_INFO: Final = (Tag.INFO_STRING,)
_LISTED: Final = (*_INTERFACES, *_INFO)
_BOUNDARY: Final = Form((_INTERFACE, (Tag.DLCI,)))
_DATA: Final = Form((_INTERFACE, (Tag.DLCI,), (Tag.QPTM_PROTOCOL_DATA,)))
# Without its reason a release is a release all the same: to refuse it would leave the two ends at odds.
_RELEASE: Final = Form((_INTERFACE, (Tag.DLCI,)), (Tag.RELEASE_REASON,))
_ASP_UP: Final = Form(optional=(Tag.ASP_IDENTIFIER, *_INFO))
_ASP_DOWN: Final = Form(optional=_INFO)
_ASP_ACTIVE: Final = Form(optional=(Tag.TRAFFIC_MODE, *_LISTED), repeated=_INTERFACES)
_ASP_INACTIVE: Final = Form(optional=_LISTED, repeated=_INTERFACES)
_BEAT: Final = Form(optional=(Tag.HEARTBEAT_DATA,))
_TEI: Final = Form((_INTERFACE, (Tag.DLCI,), (Tag.TEI_STATUS,)))

#: RFC 4233 3.3.
IUA_FORMS: Final[Forms] = {
    Type.ERR: Form(((Tag.ERROR_CODE,),), (*_INTERFACES, Tag.DIAGNOSTIC), _INTERFACES),
    Type.NTFY: Form(((Tag.STATUS,),), (Tag.ASP_IDENTIFIER, *_LISTED), _INTERFACES),
    Type.TEI_STATUS_REQUEST: _BOUNDARY,
    Type.TEI_STATUS_CONFIRM: _TEI,
    Type.TEI_STATUS_INDICATION: _TEI,
    Type.TEI_QUERY: _BOUNDARY,
    Type.ASPUP: _ASP_UP,
    Type.ASPUP_ACK: _ASP_UP,
    Type.ASPDN: _ASP_DOWN,
    Type.ASPDN_ACK: _ASP_DOWN,
    Type.BEAT: _BEAT,
    Type.BEAT_ACK: _BEAT,
    Type.ASPAC: _ASP_ACTIVE,
    Type.ASPAC_ACK: _ASP_ACTIVE,
    Type.ASPIA: _ASP_INACTIVE,
    Type.ASPIA_ACK: _ASP_INACTIVE,
    Type.QPTM_DATA_REQUEST: _DATA,
    Type.QPTM_DATA_INDICATION: _DATA,
    Type.QPTM_UNIT_DATA_REQUEST: _DATA,
    Type.QPTM_UNIT_DATA_INDICATION: _DATA,
    Type.QPTM_ESTABLISH_REQUEST: _BOUNDARY,
    Type.QPTM_ESTABLISH_CONFIRM: _BOUNDARY,
    Type.QPTM_ESTABLISH_INDICATION: _BOUNDARY,
    Type.QPTM_RELEASE_REQUEST: _RELEASE,
    Type.QPTM_RELEASE_CONFIRM: _BOUNDARY,
    Type.QPTM_RELEASE_INDICATION: _RELEASE,
}

#: Error codes of RFC 4233 3.3.3.1. What other layers have codes of their own for is a protocol error here.
IUA_ERRORS: Final = frozenset(
    {
        ErrorCode.INVALID_VERSION,
        ErrorCode.INVALID_INTERFACE_ID,
        ErrorCode.UNSUPPORTED_CLASS,
        ErrorCode.UNSUPPORTED_TYPE,
        ErrorCode.UNSUPPORTED_TRAFFIC_MODE,
        ErrorCode.UNEXPECTED_MESSAGE,
        ErrorCode.PROTOCOL_ERROR,
        ErrorCode.UNSUPPORTED_INTERFACE_ID_TYPE,
        ErrorCode.INVALID_STREAM,
        ErrorCode.UNASSIGNED_TEI,
        ErrorCode.UNRECOGNIZED_SAPI,
        ErrorCode.INVALID_TEI_SAPI,
        ErrorCode.MANAGEMENT_BLOCKING,
        ErrorCode.ASP_IDENTIFIER_REQUIRED,
        ErrorCode.INVALID_ASP_IDENTIFIER,
    }
)
