"""Message type and parameter codes of ISUP: ITU-T Q.763 (12/1999) tables 4 and 5, ANSI T1.113.3, NICC ND1007."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

#: Parameter code that ends the optional part, Q.763 1.8.
END_OF_OPTIONAL_PARAMETERS: Final = 0


class MessageType(IntEnum):
    """Message type, by the acronyms of Q.762; `title` is the full name."""

    IAM = 0x01
    SAM = 0x02
    INR = 0x03
    INF = 0x04
    COT = 0x05
    ACM = 0x06
    CON = 0x07
    FOT = 0x08
    ANM = 0x09
    REL = 0x0C
    SUS = 0x0D
    RES = 0x0E
    RLC = 0x10
    CCR = 0x11
    RSC = 0x12
    BLO = 0x13
    UBL = 0x14
    BLA = 0x15
    UBA = 0x16
    GRS = 0x17
    CGB = 0x18
    CGU = 0x19
    CGBA = 0x1A
    CGUA = 0x1B
    CMR = 0x1C  # reserved: used in 1988
    CMC = 0x1D  # reserved: used in 1988
    CMRJ = 0x1E  # reserved: used in 1988
    FAR = 0x1F
    FAA = 0x20
    FRJ = 0x21
    FAD = 0x22  # reserved: used in 1984
    FAI = 0x23  # reserved: used in 1984
    LPA = 0x24
    CSVR = 0x25  # reserved: used in 1984
    CSVS = 0x26  # reserved: used in 1984
    DRS = 0x27  # reserved: used in 1988
    PAM = 0x28
    GRA = 0x29
    CQM = 0x2A
    CQR = 0x2B
    CPG = 0x2C
    USR = 0x2D
    UCIC = 0x2E
    CFN = 0x2F
    OLM = 0x30
    CRG = 0x31
    NRM = 0x32
    FAC = 0x33
    UPT = 0x34
    UPA = 0x35
    IDR = 0x36
    IRS = 0x37
    SGM = 0x38
    LOP = 0x40
    APM = 0x41
    PRI = 0x42
    SDN = 0x43
    CRA = 0xE9  # ANSI T1.113
    CRM = 0xEA  # ANSI T1.113
    CVR = 0xEB  # ANSI T1.113
    CVT = 0xEC  # ANSI T1.113
    EXM = 0xED  # ANSI T1.113
    CCL = 0xFC  # China, Russia
    MPM = 0xFD  # China (YDN 038)
    OPR = 0xFE  # China (YDN 038); 0xFE is charge information in Japan

    @property
    def title(self) -> str:
        """Full name, such as `Initial address`."""
        return _MESSAGE_TITLES[self]


class ParameterCode(IntEnum):
    """Parameter name code; `title` is the full name. Codes 194 to 239 are ANSI, 244 to 254 NICC (UK)."""

    CALL_REFERENCE = 1
    TRANSMISSION_MEDIUM_REQUIREMENT = 2
    ACCESS_TRANSPORT = 3
    CALLED_PARTY_NUMBER = 4
    SUBSEQUENT_NUMBER = 5
    NATURE_OF_CONNECTION_INDICATORS = 6
    FORWARD_CALL_INDICATORS = 7
    OPTIONAL_FORWARD_CALL_INDICATORS = 8
    CALLING_PARTYS_CATEGORY = 9
    CALLING_PARTY_NUMBER = 10
    REDIRECTING_NUMBER = 11
    REDIRECTION_NUMBER = 12
    CONNECTION_REQUEST = 13
    INFORMATION_REQUEST_INDICATORS = 14
    INFORMATION_INDICATORS = 15
    CONTINUITY_INDICATORS = 16
    BACKWARD_CALL_INDICATORS = 17
    CAUSE_INDICATORS = 18
    REDIRECTION_INFORMATION = 19
    CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE = 21
    RANGE_AND_STATUS = 22
    CALL_MODIFICATION_INDICATORS = 23
    FACILITY_INDICATOR = 24
    FACILITY_INFORMATION_INDICATORS = 25
    CLOSED_USER_GROUP_INTERLOCK_CODE = 26
    INDEX = 27
    CUG_CHECK_RESPONSE_INDICATORS = 28
    USER_SERVICE_INFORMATION = 29
    SIGNALLING_POINT_CODE = 30
    USER_TO_USER_INFORMATION = 32
    CONNECTED_NUMBER = 33
    SUSPEND_RESUME_INDICATORS = 34
    TRANSIT_NETWORK_SELECTION = 35
    EVENT_INFORMATION = 36
    CIRCUIT_ASSIGNMENT_MAP = 37
    CIRCUIT_STATE_INDICATOR = 38
    AUTOMATIC_CONGESTION_LEVEL = 39
    ORIGINAL_CALLED_NUMBER = 40
    OPTIONAL_BACKWARD_CALL_INDICATORS = 41
    USER_TO_USER_INDICATORS = 42
    ORIGINATION_ISC_POINT_CODE = 43
    GENERIC_NOTIFICATION_INDICATOR = 44
    CALL_HISTORY_INFORMATION = 45
    ACCESS_DELIVERY_INFORMATION = 46
    NETWORK_SPECIFIC_FACILITY = 47
    USER_SERVICE_INFORMATION_PRIME = 48
    PROPAGATION_DELAY_COUNTER = 49
    REMOTE_OPERATIONS = 50
    SERVICE_ACTIVATION = 51
    USER_TELESERVICE_INFORMATION = 52
    TRANSMISSION_MEDIUM_USED = 53
    CALL_DIVERSION_INFORMATION = 54
    ECHO_CONTROL_INFORMATION = 55
    MESSAGE_COMPATIBILITY_INFORMATION = 56
    PARAMETER_COMPATIBILITY_INFORMATION = 57
    MLPP_PRECEDENCE = 58
    MCID_REQUEST_INDICATORS = 59
    MCID_RESPONSE_INDICATORS = 60
    HOP_COUNTER = 61
    TRANSMISSION_MEDIUM_REQUIREMENT_PRIME = 62
    LOCATION_NUMBER = 63
    REDIRECTION_NUMBER_RESTRICTION = 64
    FREEPHONE_INDICATORS = 65
    GENERIC_REFERENCE = 66
    CALL_TRANSFER_REFERENCE = 67
    LOOP_PREVENTION_INDICATORS = 68
    CALL_TRANSFER_NUMBER = 69
    CCSS = 75
    FORWARD_GVNS = 76
    BACKWARD_GVNS = 77
    REDIRECT_CAPABILITY = 78
    NETWORK_MANAGEMENT_CONTROLS = 91
    CORRELATION_ID = 101
    SCF_ID = 102
    CALL_DIVERSION_TREATMENT_INDICATORS = 110
    CALLED_IN_NUMBER = 111
    CALL_OFFERING_TREATMENT_INDICATORS = 112
    CHARGED_PARTY_IDENTIFICATION = 113
    CONFERENCE_TREATMENT_INDICATORS = 114
    DISPLAY_INFORMATION = 115
    UID_ACTION_INDICATORS = 116
    UID_CAPABILITY_INDICATORS = 117
    REDIRECT_COUNTER = 119
    APPLICATION_TRANSPORT = 120
    COLLECT_CALL_REQUEST = 121
    CCNR_POSSIBLE_INDICATOR = 122
    PIVOT_CAPABILITY = 123
    PIVOT_ROUTING_INDICATORS = 124
    CALLED_DIRECTORY_NUMBER = 125
    ORIGINAL_CALLED_IN_NUMBER = 127
    CALLING_GEODETIC_LOCATION = 129
    HTR_INFORMATION = 130
    NETWORK_ROUTING_NUMBER = 132
    QUERY_ON_RELEASE_CAPABILITY = 133
    PIVOT_STATUS = 134
    PIVOT_COUNTER = 135
    PIVOT_ROUTING_FORWARD_INFORMATION = 136
    PIVOT_ROUTING_BACKWARD_INFORMATION = 137
    REDIRECT_STATUS = 138
    REDIRECT_FORWARD_INFORMATION = 139
    REDIRECT_BACKWARD_INFORMATION = 140
    NUMBER_PORTABILITY_FORWARD_INFORMATION = 141
    GENERIC_NUMBER = 192
    GENERIC_DIGITS = 193
    OPERATOR_SERVICES_INFORMATION = 194
    EGRESS_SERVICE = 195
    JURISDICTION_INFORMATION = 196
    CARRIER_IDENTIFICATION = 197
    BUSINESS_GROUP = 198
    GENERIC_NAME = 199
    NOTIFICATION_INDICATOR = 225
    TRANSACTION_REQUEST = 227
    LOCAL_SERVICE_PROVIDER_IDENTIFICATION = 228
    CIRCUIT_GROUP_CHARACTERISTIC_INDICATOR = 229
    CIRCUIT_VALIDATION_RESPONSE_INDICATOR = 230
    OUTGOING_TRUNK_GROUP_NUMBER = 231
    CIRCUIT_IDENTIFICATION_NAME = 232
    COMMON_LANGUAGE_LOCATION_IDENTIFICATION = 233
    ORIGINATING_LINE_INFORMATION = 234
    CHARGE_NUMBER = 235
    SERVICE_CODE = 236
    SPECIAL_PROCESSING_REQUEST = 237
    CARRIER_SELECTION_INFORMATION = 238
    NETWORK_TRANSPORT = 239
    NICC_NATIONAL_FORWARD_CALL_INDICATORS_LINK_BY_LINK = 244
    NICC_NATIONAL_INFORMATION_INDICATORS = 245
    NICC_NATIONAL_INFORMATION_REQUEST_INDICATORS = 246
    NICC_CALLED_SUBSCRIBER_TERMINATING_FACILITY_MARKS = 247
    NICC_CALLING_SUBSCRIBER_ORIGINATING_FACILITY_MARKS = 248
    NICC_CALLING_SUBSCRIBER_BASIC_SERVICE_MARKS = 249
    NICC_CALLED_SUBSCRIBER_BASIC_SERVICE_MARKS = 250
    NICC_PARTIAL_CLI = 251
    NICC_LAST_DIVERTING_LINE_IDENTITY = 252
    NICC_PRESENTATION_NUMBER = 253
    NICC_NATIONAL_FORWARD_CALL_INDICATORS = 254

    @property
    def title(self) -> str:
        """Full name, such as `Called party number`."""
        return _PARAMETER_TITLES[self]


_MESSAGE_NAMES: Final = {int(message): message.name for message in MessageType}


def message_name(code: int) -> str:
    """Acronym of a message type, or `message type 0xNN` for one that no variant defines."""
    return _MESSAGE_NAMES.get(code) or f"message type 0x{code:02X}"


def parameter_name(code: int) -> str:
    """Full name of a parameter, or `parameter N` for a code that is not in the tables."""
    title = _PARAMETER_TITLES.get(code)
    return f"parameter {code}" if title is None else title


_MESSAGE_TITLES: Final[dict[int, str]] = {
    MessageType.IAM: "Initial address",
    MessageType.SAM: "Subsequent address",
    MessageType.INR: "Information request",
    MessageType.INF: "Information",
    MessageType.COT: "Continuity",
    MessageType.ACM: "Address complete",
    MessageType.CON: "Connect",
    MessageType.FOT: "Forward transfer",
    MessageType.ANM: "Answer",
    MessageType.REL: "Release",
    MessageType.SUS: "Suspend",
    MessageType.RES: "Resume",
    MessageType.RLC: "Release complete",
    MessageType.CCR: "Continuity check request",
    MessageType.RSC: "Reset circuit",
    MessageType.BLO: "Blocking",
    MessageType.UBL: "Unblocking",
    MessageType.BLA: "Blocking acknowledgement",
    MessageType.UBA: "Unblocking acknowledgement",
    MessageType.GRS: "Circuit group reset",
    MessageType.CGB: "Circuit group blocking",
    MessageType.CGU: "Circuit group unblocking",
    MessageType.CGBA: "Circuit group blocking acknowledgement",
    MessageType.CGUA: "Circuit group unblocking acknowledgement",
    MessageType.CMR: "Call modification request",
    MessageType.CMC: "Call modification completed",
    MessageType.CMRJ: "Call modification reject",
    MessageType.FAR: "Facility request",
    MessageType.FAA: "Facility accepted",
    MessageType.FRJ: "Facility reject",
    MessageType.FAD: "Facility deactivated",
    MessageType.FAI: "Facility information",
    MessageType.LPA: "Loopback acknowledgement",
    MessageType.CSVR: "CUG selection and validation request",
    MessageType.CSVS: "CUG selection and validation response",
    MessageType.DRS: "Delayed release",
    MessageType.PAM: "Pass-along",
    MessageType.GRA: "Circuit group reset acknowledgement",
    MessageType.CQM: "Circuit group query",
    MessageType.CQR: "Circuit group query response",
    MessageType.CPG: "Call progress",
    MessageType.USR: "User-to-user information",
    MessageType.UCIC: "Unequipped CIC",
    MessageType.CFN: "Confusion",
    MessageType.OLM: "Overload",
    MessageType.CRG: "Charge information",
    MessageType.NRM: "Network resource management",
    MessageType.FAC: "Facility",
    MessageType.UPT: "User part test",
    MessageType.UPA: "User part available",
    MessageType.IDR: "Identification request",
    MessageType.IRS: "Identification response",
    MessageType.SGM: "Segmentation",
    MessageType.LOP: "Loop prevention",
    MessageType.APM: "Application transport",
    MessageType.PRI: "Pre-release information",
    MessageType.SDN: "Subsequent directory number",
    MessageType.CRA: "Circuit reservation acknowledgement",
    MessageType.CRM: "Circuit reservation",
    MessageType.CVR: "Circuit validation response",
    MessageType.CVT: "Circuit validation test",
    MessageType.EXM: "Exit",
    MessageType.CCL: "Calling party clear",
    MessageType.MPM: "Metering pulse",
    MessageType.OPR: "Operator",
}

P = ParameterCode
_PARAMETER_TITLES: Final[dict[int, str]] = {
    P.CALL_REFERENCE: "Call reference",
    P.TRANSMISSION_MEDIUM_REQUIREMENT: "Transmission medium requirement",
    P.ACCESS_TRANSPORT: "Access transport",
    P.CALLED_PARTY_NUMBER: "Called party number",
    P.SUBSEQUENT_NUMBER: "Subsequent number",
    P.NATURE_OF_CONNECTION_INDICATORS: "Nature of connection indicators",
    P.FORWARD_CALL_INDICATORS: "Forward call indicators",
    P.OPTIONAL_FORWARD_CALL_INDICATORS: "Optional forward call indicators",
    P.CALLING_PARTYS_CATEGORY: "Calling party's category",
    P.CALLING_PARTY_NUMBER: "Calling party number",
    P.REDIRECTING_NUMBER: "Redirecting number",
    P.REDIRECTION_NUMBER: "Redirection number",
    P.CONNECTION_REQUEST: "Connection request",
    P.INFORMATION_REQUEST_INDICATORS: "Information request indicators",
    P.INFORMATION_INDICATORS: "Information indicators",
    P.CONTINUITY_INDICATORS: "Continuity indicators",
    P.BACKWARD_CALL_INDICATORS: "Backward call indicators",
    P.CAUSE_INDICATORS: "Cause indicators",
    P.REDIRECTION_INFORMATION: "Redirection information",
    P.CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE: "Circuit group supervision message type",
    P.RANGE_AND_STATUS: "Range and status",
    P.CALL_MODIFICATION_INDICATORS: "Call modification indicators",
    P.FACILITY_INDICATOR: "Facility indicator",
    P.FACILITY_INFORMATION_INDICATORS: "Facility information indicators",
    P.CLOSED_USER_GROUP_INTERLOCK_CODE: "Closed user group interlock code",
    P.INDEX: "Index",
    P.CUG_CHECK_RESPONSE_INDICATORS: "CUG check response indicators",
    P.USER_SERVICE_INFORMATION: "User service information",
    P.SIGNALLING_POINT_CODE: "Signalling point code",
    P.USER_TO_USER_INFORMATION: "User-to-user information",
    P.CONNECTED_NUMBER: "Connected number",
    P.SUSPEND_RESUME_INDICATORS: "Suspend/resume indicators",
    P.TRANSIT_NETWORK_SELECTION: "Transit network selection",
    P.EVENT_INFORMATION: "Event information",
    P.CIRCUIT_ASSIGNMENT_MAP: "Circuit assignment map",
    P.CIRCUIT_STATE_INDICATOR: "Circuit state indicator",
    P.AUTOMATIC_CONGESTION_LEVEL: "Automatic congestion level",
    P.ORIGINAL_CALLED_NUMBER: "Original called number",
    P.OPTIONAL_BACKWARD_CALL_INDICATORS: "Optional backward call indicators",
    P.USER_TO_USER_INDICATORS: "User-to-user indicators",
    P.ORIGINATION_ISC_POINT_CODE: "Origination ISC point code",
    P.GENERIC_NOTIFICATION_INDICATOR: "Generic notification indicator",
    P.CALL_HISTORY_INFORMATION: "Call history information",
    P.ACCESS_DELIVERY_INFORMATION: "Access delivery information",
    P.NETWORK_SPECIFIC_FACILITY: "Network specific facility",
    P.USER_SERVICE_INFORMATION_PRIME: "User service information prime",
    P.PROPAGATION_DELAY_COUNTER: "Propagation delay counter",
    P.REMOTE_OPERATIONS: "Remote operations",
    P.SERVICE_ACTIVATION: "Service activation",
    P.USER_TELESERVICE_INFORMATION: "User teleservice information",
    P.TRANSMISSION_MEDIUM_USED: "Transmission medium used",
    P.CALL_DIVERSION_INFORMATION: "Call diversion information",
    P.ECHO_CONTROL_INFORMATION: "Echo control information",
    P.MESSAGE_COMPATIBILITY_INFORMATION: "Message compatibility information",
    P.PARAMETER_COMPATIBILITY_INFORMATION: "Parameter compatibility information",
    P.MLPP_PRECEDENCE: "MLPP precedence",
    P.MCID_REQUEST_INDICATORS: "MCID request indicators",
    P.MCID_RESPONSE_INDICATORS: "MCID response indicators",
    P.HOP_COUNTER: "Hop counter",
    P.TRANSMISSION_MEDIUM_REQUIREMENT_PRIME: "Transmission medium requirement prime",
    P.LOCATION_NUMBER: "Location number",
    P.REDIRECTION_NUMBER_RESTRICTION: "Redirection number restriction",
    P.FREEPHONE_INDICATORS: "Freephone indicators",
    P.GENERIC_REFERENCE: "Generic reference",
    P.CALL_TRANSFER_REFERENCE: "Call transfer reference",
    P.LOOP_PREVENTION_INDICATORS: "Loop prevention indicators",
    P.CALL_TRANSFER_NUMBER: "Call transfer number",
    P.CCSS: "CCSS",
    P.FORWARD_GVNS: "Forward GVNS",
    P.BACKWARD_GVNS: "Backward GVNS",
    P.REDIRECT_CAPABILITY: "Redirect capability",
    P.NETWORK_MANAGEMENT_CONTROLS: "Network management controls",
    P.CORRELATION_ID: "Correlation id",
    P.SCF_ID: "SCF id",
    P.CALL_DIVERSION_TREATMENT_INDICATORS: "Call diversion treatment indicators",
    P.CALLED_IN_NUMBER: "Called IN number",
    P.CALL_OFFERING_TREATMENT_INDICATORS: "Call offering treatment indicators",
    P.CHARGED_PARTY_IDENTIFICATION: "Charged party identification",
    P.CONFERENCE_TREATMENT_INDICATORS: "Conference treatment indicators",
    P.DISPLAY_INFORMATION: "Display information",
    P.UID_ACTION_INDICATORS: "UID action indicators",
    P.UID_CAPABILITY_INDICATORS: "UID capability indicators",
    P.REDIRECT_COUNTER: "Redirect counter",
    P.APPLICATION_TRANSPORT: "Application transport",
    P.COLLECT_CALL_REQUEST: "Collect call request",
    P.CCNR_POSSIBLE_INDICATOR: "CCNR possible indicator",
    P.PIVOT_CAPABILITY: "Pivot capability",
    P.PIVOT_ROUTING_INDICATORS: "Pivot routing indicators",
    P.CALLED_DIRECTORY_NUMBER: "Called directory number",
    P.ORIGINAL_CALLED_IN_NUMBER: "Original called IN number",
    P.CALLING_GEODETIC_LOCATION: "Calling geodetic location",
    P.HTR_INFORMATION: "HTR information",
    P.NETWORK_ROUTING_NUMBER: "Network routing number",
    P.QUERY_ON_RELEASE_CAPABILITY: "Query on release capability",
    P.PIVOT_STATUS: "Pivot status",
    P.PIVOT_COUNTER: "Pivot counter",
    P.PIVOT_ROUTING_FORWARD_INFORMATION: "Pivot routing forward information",
    P.PIVOT_ROUTING_BACKWARD_INFORMATION: "Pivot routing backward information",
    P.REDIRECT_STATUS: "Redirect status",
    P.REDIRECT_FORWARD_INFORMATION: "Redirect forward information",
    P.REDIRECT_BACKWARD_INFORMATION: "Redirect backward information",
    P.NUMBER_PORTABILITY_FORWARD_INFORMATION: "Number portability forward information",
    P.GENERIC_NUMBER: "Generic number",
    P.GENERIC_DIGITS: "Generic digits",
    P.OPERATOR_SERVICES_INFORMATION: "Operator services information",
    P.EGRESS_SERVICE: "Egress service",
    P.JURISDICTION_INFORMATION: "Jurisdiction information",
    P.CARRIER_IDENTIFICATION: "Carrier identification",
    P.BUSINESS_GROUP: "Business group",
    P.GENERIC_NAME: "Generic name",
    P.NOTIFICATION_INDICATOR: "Notification indicator",
    P.TRANSACTION_REQUEST: "Transaction request",
    P.LOCAL_SERVICE_PROVIDER_IDENTIFICATION: "Local service provider identification",
    P.CIRCUIT_GROUP_CHARACTERISTIC_INDICATOR: "Circuit group characteristic indicator",
    P.CIRCUIT_VALIDATION_RESPONSE_INDICATOR: "Circuit validation response indicator",
    P.OUTGOING_TRUNK_GROUP_NUMBER: "Outgoing trunk group number",
    P.CIRCUIT_IDENTIFICATION_NAME: "Circuit identification name",
    P.COMMON_LANGUAGE_LOCATION_IDENTIFICATION: "Common language location identification",
    P.ORIGINATING_LINE_INFORMATION: "Originating line information",
    P.CHARGE_NUMBER: "Charge number",
    P.SERVICE_CODE: "Service code",
    P.SPECIAL_PROCESSING_REQUEST: "Special processing request",
    P.CARRIER_SELECTION_INFORMATION: "Carrier selection information",
    P.NETWORK_TRANSPORT: "Network transport",
    P.NICC_NATIONAL_FORWARD_CALL_INDICATORS_LINK_BY_LINK: "NICC national forward call indicators link-by-link",
    P.NICC_NATIONAL_INFORMATION_INDICATORS: "NICC national information indicators",
    P.NICC_NATIONAL_INFORMATION_REQUEST_INDICATORS: "NICC national information request indicators",
    P.NICC_CALLED_SUBSCRIBER_TERMINATING_FACILITY_MARKS: "NICC called subscriber terminating facility marks",
    P.NICC_CALLING_SUBSCRIBER_ORIGINATING_FACILITY_MARKS: "NICC calling subscriber originating facility marks",
    P.NICC_CALLING_SUBSCRIBER_BASIC_SERVICE_MARKS: "NICC calling subscriber basic service marks",
    P.NICC_CALLED_SUBSCRIBER_BASIC_SERVICE_MARKS: "NICC called subscriber basic service marks",
    P.NICC_PARTIAL_CLI: "NICC partial CLI",
    P.NICC_LAST_DIVERTING_LINE_IDENTITY: "NICC last diverting line identity",
    P.NICC_PRESENTATION_NUMBER: "NICC presentation number",
    P.NICC_NATIONAL_FORWARD_CALL_INDICATORS: "NICC national forward call indicators",
}
