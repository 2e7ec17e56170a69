"""Numbers of the SIGTRAN adaptation layers: RFC 4666 3, RFC 3331 3, RFC 4165 2, RFC 4233 3; ports, PPIDs of IANA.

Those of IUA are recalled and agree with what tshark makes of them; RFC 5133 has the number of TEI Query.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

VERSION: Final = 1


class Ppid(IntEnum):
    """SCTP payload protocol identifiers."""

    IUA = 1
    M2UA = 2
    M3UA = 3
    M2PA = 5


#: SCTP (and TCP) ports that the layers are registered with.
PORTS: Final = {Ppid.IUA: 9900, Ppid.M2UA: 2904, Ppid.M3UA: 2905, Ppid.M2PA: 3565}


class MessageClass(IntEnum):
    """Message class, the third octet of the common header."""

    MGMT = 0
    TRANSFER = 1
    SSNM = 2
    ASPSM = 3
    ASPTM = 4
    QPTM = 5
    """IUA: Q.921/Q.931 boundary primitives transport."""
    MAUP = 6
    """M2UA: MTP2 user adaptation."""
    RKM = 9
    IIM = 10
    """M2UA: interface identifier management."""
    M2PA = 11


class Type(IntEnum):
    """Message class and type as one number, class first. Names are those of the RFC, shortened as it shortens them."""

    ERR = 0x0000
    NTFY = 0x0001
    TEI_STATUS_REQUEST = 0x0002
    TEI_STATUS_CONFIRM = 0x0003
    TEI_STATUS_INDICATION = 0x0004
    TEI_QUERY = 0x0008
    """RFC 5133; it was 5 in RFC 4233."""
    DATA = 0x0101
    DUNA = 0x0201
    DAVA = 0x0202
    DAUD = 0x0203
    SCON = 0x0204
    DUPU = 0x0205
    DRST = 0x0206
    ASPUP = 0x0301
    ASPDN = 0x0302
    BEAT = 0x0303
    ASPUP_ACK = 0x0304
    ASPDN_ACK = 0x0305
    BEAT_ACK = 0x0306
    ASPAC = 0x0401
    ASPIA = 0x0402
    ASPAC_ACK = 0x0403
    ASPIA_ACK = 0x0404
    QPTM_DATA_REQUEST = 0x0501
    QPTM_DATA_INDICATION = 0x0502
    QPTM_UNIT_DATA_REQUEST = 0x0503
    QPTM_UNIT_DATA_INDICATION = 0x0504
    QPTM_ESTABLISH_REQUEST = 0x0505
    QPTM_ESTABLISH_CONFIRM = 0x0506
    QPTM_ESTABLISH_INDICATION = 0x0507
    QPTM_RELEASE_REQUEST = 0x0508
    QPTM_RELEASE_CONFIRM = 0x0509
    QPTM_RELEASE_INDICATION = 0x050A
    MAUP_DATA = 0x0601
    ESTABLISH_REQUEST = 0x0602
    ESTABLISH_CONFIRM = 0x0603
    RELEASE_REQUEST = 0x0604
    RELEASE_CONFIRM = 0x0605
    RELEASE_INDICATION = 0x0606
    STATE_REQUEST = 0x0607
    STATE_CONFIRM = 0x0608
    STATE_INDICATION = 0x0609
    RETRIEVAL_REQUEST = 0x060A
    RETRIEVAL_CONFIRM = 0x060B
    RETRIEVAL_INDICATION = 0x060C
    RETRIEVAL_COMPLETE = 0x060D
    CONGESTION_INDICATION = 0x060E
    DATA_ACK = 0x060F
    REG_REQ = 0x0901
    REG_RSP = 0x0902
    DEREG_REQ = 0x0903
    DEREG_RSP = 0x0904
    IIM_REG_REQ = 0x0A01
    IIM_REG_RSP = 0x0A02
    IIM_DEREG_REQ = 0x0A03
    IIM_DEREG_RSP = 0x0A04


class Tag(IntEnum):
    """Parameter tags; those below 0x200 are common to all adaptation layers."""

    INTERFACE_ID = 0x0001
    INTERFACE_ID_TEXT = 0x0003
    INFO_STRING = 0x0004
    DLCI = 0x0005
    ROUTING_CONTEXT = 0x0006
    DIAGNOSTIC = 0x0007
    INTERFACE_ID_RANGE = 0x0008
    HEARTBEAT_DATA = 0x0009
    TRAFFIC_MODE = 0x000B
    ERROR_CODE = 0x000C
    STATUS = 0x000D
    QPTM_PROTOCOL_DATA = 0x000E
    RELEASE_REASON = 0x000F
    TEI_STATUS = 0x0010
    ASP_IDENTIFIER = 0x0011
    AFFECTED_POINT_CODE = 0x0012
    CORRELATION_ID = 0x0013
    NETWORK_APPEARANCE = 0x0200
    USER_CAUSE = 0x0204
    CONGESTION_INDICATIONS = 0x0205
    CONCERNED_DESTINATION = 0x0206
    ROUTING_KEY = 0x0207
    REGISTRATION_RESULT = 0x0208
    DEREGISTRATION_RESULT = 0x0209
    LOCAL_ROUTING_KEY_ID = 0x020A
    DESTINATION_POINT_CODE = 0x020B
    SERVICE_INDICATORS = 0x020C
    ORIGINATING_POINT_CODES = 0x020E
    PROTOCOL_DATA = 0x0210
    REGISTRATION_STATUS = 0x0212
    DEREGISTRATION_STATUS = 0x0213
    PROTOCOL_DATA_1 = 0x0300
    PROTOCOL_DATA_2 = 0x0301
    STATE_REQUEST = 0x0302
    STATE_EVENT = 0x0303
    CONGESTION_STATUS = 0x0304
    DISCARD_STATUS = 0x0305
    ACTION = 0x0306
    SEQUENCE_NUMBER = 0x0307
    RETRIEVAL_RESULT = 0x0308
    LINK_KEY = 0x0309
    LOCAL_LK_ID = 0x030A
    SDT_ID = 0x030B
    SDL_ID = 0x030C
    LK_REGISTRATION_RESULT = 0x030D
    LK_REGISTRATION_STATUS = 0x030E
    LK_DEREGISTRATION_RESULT = 0x030F
    LK_DEREGISTRATION_STATUS = 0x0310


class ErrorCode(IntEnum):
    """Error codes of ERR, RFC 4666 3.8.1; 2 and 16 are of RFC 3331, 8 and 10 to 12 of RFC 4233."""

    INVALID_VERSION = 1
    INVALID_INTERFACE_ID = 2
    UNSUPPORTED_CLASS = 3
    UNSUPPORTED_TYPE = 4
    UNSUPPORTED_TRAFFIC_MODE = 5
    UNEXPECTED_MESSAGE = 6
    PROTOCOL_ERROR = 7
    UNSUPPORTED_INTERFACE_ID_TYPE = 8
    INVALID_STREAM = 9
    UNASSIGNED_TEI = 10
    UNRECOGNIZED_SAPI = 11
    INVALID_TEI_SAPI = 12
    MANAGEMENT_BLOCKING = 13
    ASP_IDENTIFIER_REQUIRED = 14
    INVALID_ASP_IDENTIFIER = 15
    ASP_ACTIVE_FOR_INTERFACE = 16
    INVALID_PARAMETER_VALUE = 17
    PARAMETER_FIELD_ERROR = 18
    UNEXPECTED_PARAMETER = 19
    DESTINATION_STATUS_UNKNOWN = 20
    INVALID_NETWORK_APPEARANCE = 21
    MISSING_PARAMETER = 22
    INVALID_ROUTING_CONTEXT = 25
    NO_CONFIGURED_AS = 26


class TrafficMode(IntEnum):
    """How the ASPs of an application server share its traffic, RFC 4666 3.7.1."""

    OVERRIDE = 1
    LOADSHARE = 2
    BROADCAST = 3


class Status(IntEnum):
    """Status of NTFY, type in the upper and information in the lower 16 bits, RFC 4666 3.8.2."""

    AS_INACTIVE = 0x0001_0002
    AS_ACTIVE = 0x0001_0003
    AS_PENDING = 0x0001_0004
    INSUFFICIENT_ASPS = 0x0002_0001
    ALTERNATE_ASP_ACTIVE = 0x0002_0002
    ASP_FAILURE = 0x0002_0003


class RegistrationStatus(IntEnum):
    """Outcome of a registration, RFC 4666 3.6.2."""

    REGISTERED = 0
    UNKNOWN_ERROR = 1
    INVALID_DPC = 2
    INVALID_NETWORK_APPEARANCE = 3
    INVALID_ROUTING_KEY = 4
    PERMISSION_DENIED = 5
    NO_UNIQUE_ROUTING = 6
    NOT_PROVISIONED = 7
    INSUFFICIENT_RESOURCES = 8
    UNSUPPORTED_KEY_FIELD = 9
    UNSUPPORTED_TRAFFIC_MODE = 10
    CHANGE_REFUSED = 11
    ALREADY_REGISTERED = 12


class DeregistrationStatus(IntEnum):
    """Outcome of a deregistration, RFC 4666 3.6.4."""

    DEREGISTERED = 0
    UNKNOWN_ERROR = 1
    INVALID_ROUTING_CONTEXT = 2
    PERMISSION_DENIED = 3
    NOT_REGISTERED = 4
    ASP_ACTIVE = 5


class UnavailabilityCause(IntEnum):
    """Upper half of User/Cause in DUPU, RFC 4666 3.4.5."""

    UNKNOWN = 0
    UNEQUIPPED = 1
    INACCESSIBLE = 2


_ENUMS: Final[tuple[type[IntEnum], ...]] = (Type, Tag, ErrorCode, Status)
_NAMES: Final = {enum: {int(member): member.name for member in enum} for enum in _ENUMS}


def code_name(enum: type[IntEnum], value: int) -> str:
    """Name of `value`, or the number in hexadecimal when the enumeration has none for it."""
    return _NAMES[enum].get(value, f"{value:#06x}")
