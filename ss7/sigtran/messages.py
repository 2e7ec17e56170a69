"""Which parameters each message of M3UA and M2UA must have and may have (RFC 4666 3, RFC 3331 3)."""

from __future__ import annotations

from typing import Final

from tandem.core.sigtran.codes import Tag, Type
from tandem.core.sigtran.messages import Form, Forms

_INFO: Final = (Tag.INFO_STRING,)
_CONTEXT: Final = (Tag.ROUTING_CONTEXT, *_INFO)
_NETWORK: Final = (Tag.NETWORK_APPEARANCE, *_CONTEXT)
_ASP_UP: Final = Form(optional=(Tag.ASP_IDENTIFIER, *_INFO))
_BEAT: Final = Form(optional=(Tag.HEARTBEAT_DATA,))
_DESTINATION: Final = Form(((Tag.AFFECTED_POINT_CODE,),), _NETWORK)

#: RFC 4666 3.3 to 3.8.
M3UA_FORMS: Final[Forms] = {
    Type.ERR: Form(
        ((Tag.ERROR_CODE,),),
        (Tag.ROUTING_CONTEXT, Tag.NETWORK_APPEARANCE, Tag.AFFECTED_POINT_CODE, Tag.DIAGNOSTIC),
    ),
    Type.NTFY: Form(((Tag.STATUS,),), (Tag.ASP_IDENTIFIER, *_CONTEXT)),
    Type.DATA: Form(((Tag.PROTOCOL_DATA,),), (Tag.NETWORK_APPEARANCE, Tag.ROUTING_CONTEXT, Tag.CORRELATION_ID)),
    Type.DUNA: _DESTINATION,
    Type.DAVA: _DESTINATION,
    Type.DAUD: _DESTINATION,
    Type.DRST: _DESTINATION,
    Type.SCON: Form(((Tag.AFFECTED_POINT_CODE,),), (*_NETWORK, Tag.CONCERNED_DESTINATION, Tag.CONGESTION_INDICATIONS)),
    Type.DUPU: Form(((Tag.AFFECTED_POINT_CODE,), (Tag.USER_CAUSE,)), _NETWORK),
    Type.ASPUP: _ASP_UP,
    Type.ASPUP_ACK: _ASP_UP,
    Type.ASPDN: Form(optional=_INFO),
    Type.ASPDN_ACK: Form(optional=_INFO),
    Type.BEAT: _BEAT,
    Type.BEAT_ACK: _BEAT,
    Type.ASPAC: Form(optional=(Tag.TRAFFIC_MODE, *_CONTEXT)),
    Type.ASPAC_ACK: Form(optional=(Tag.TRAFFIC_MODE, *_CONTEXT)),
    Type.ASPIA: Form(optional=_CONTEXT),
    Type.ASPIA_ACK: Form(optional=_CONTEXT),
    Type.REG_REQ: Form(((Tag.ROUTING_KEY,),), repeated=frozenset({Tag.ROUTING_KEY})),
    Type.REG_RSP: Form(((Tag.REGISTRATION_RESULT,),), repeated=frozenset({Tag.REGISTRATION_RESULT})),
    Type.DEREG_REQ: Form(((Tag.ROUTING_CONTEXT,),)),
    Type.DEREG_RSP: Form(((Tag.DEREGISTRATION_RESULT,),), repeated=frozenset({Tag.DEREGISTRATION_RESULT})),
}

_INTERFACE: Final = (Tag.INTERFACE_ID, Tag.INTERFACE_ID_TEXT)
_INTERFACES: Final = frozenset({Tag.INTERFACE_ID, Tag.INTERFACE_ID_TEXT, Tag.INTERFACE_ID_RANGE})
_LISTED: Final = (*_INTERFACES, *_INFO)
_ONE_INTERFACE: Final = Form((_INTERFACE,))
_ASP_ACTIVE: Final = Form(optional=(Tag.TRAFFIC_MODE, *_LISTED), repeated=_INTERFACES)
_ASP_INACTIVE: Final = Form(optional=_LISTED, repeated=_INTERFACES)
_ASP_DOWN: Final = Form(optional=_INFO)

#: RFC 3331 3.3.
M2UA_FORMS: Final[Forms] = {
    Type.ERR: Form(((Tag.ERROR_CODE,),), (*_INTERFACES, Tag.DIAGNOSTIC), _INTERFACES),
    Type.NTFY: Form(((Tag.STATUS,),), (Tag.ASP_IDENTIFIER, *_LISTED), _INTERFACES),
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
    # Equipment in the field leaves the interface out where there is only one.
    Type.MAUP_DATA: Form(((Tag.PROTOCOL_DATA_1, Tag.PROTOCOL_DATA_2),), (*_INTERFACE, Tag.CORRELATION_ID)),
    Type.DATA_ACK: Form((_INTERFACE, (Tag.CORRELATION_ID,))),
    Type.ESTABLISH_REQUEST: _ONE_INTERFACE,
    Type.ESTABLISH_CONFIRM: _ONE_INTERFACE,
    Type.RELEASE_REQUEST: _ONE_INTERFACE,
    Type.RELEASE_CONFIRM: _ONE_INTERFACE,
    Type.RELEASE_INDICATION: _ONE_INTERFACE,
    Type.STATE_REQUEST: Form((_INTERFACE, (Tag.STATE_REQUEST,))),
    Type.STATE_CONFIRM: Form((_INTERFACE, (Tag.STATE_REQUEST,))),
    Type.STATE_INDICATION: Form((_INTERFACE, (Tag.STATE_EVENT,))),
    Type.CONGESTION_INDICATION: Form((_INTERFACE, (Tag.CONGESTION_STATUS,)), (Tag.DISCARD_STATUS,)),
    Type.RETRIEVAL_REQUEST: Form((_INTERFACE, (Tag.ACTION,)), (Tag.SEQUENCE_NUMBER,)),
    Type.RETRIEVAL_CONFIRM: Form((_INTERFACE, (Tag.ACTION,), (Tag.RETRIEVAL_RESULT,)), (Tag.SEQUENCE_NUMBER,)),
    Type.RETRIEVAL_INDICATION: Form((_INTERFACE, (Tag.PROTOCOL_DATA_1, Tag.PROTOCOL_DATA_2))),
    Type.RETRIEVAL_COMPLETE: Form((_INTERFACE,), (Tag.PROTOCOL_DATA_1, Tag.PROTOCOL_DATA_2)),
    Type.IIM_REG_REQ: Form(((Tag.LINK_KEY,),), repeated=frozenset({Tag.LINK_KEY})),
    Type.IIM_REG_RSP: Form(((Tag.LK_REGISTRATION_RESULT,),), repeated=frozenset({Tag.LK_REGISTRATION_RESULT})),
    Type.IIM_DEREG_REQ: Form((_INTERFACE,), repeated=_INTERFACES),
    Type.IIM_DEREG_RSP: Form(((Tag.LK_DEREGISTRATION_RESULT,),), repeated=frozenset({Tag.LK_DEREGISTRATION_RESULT})),
}
