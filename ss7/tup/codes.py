"""Heading codes of TUP: ITU-T Q.723 (1988) 3.1 and table 3, China GF 001-9001 (1990)."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Final

from tandem.ss7.tup.variants import Variant


class Group(IntEnum):
    """Message group, the heading code H0."""

    FAM = 1  # forward address
    FSM = 2  # forward set-up
    BSM = 3  # backward set-up request
    SBM = 4  # successful backward set-up
    UBM = 5  # unsuccessful backward set-up
    CSM = 6  # call supervision
    CCM = 7  # circuit supervision
    GRM = 8  # circuit group supervision
    CNM = 10  # circuit network management
    NSB = 12  # national successful backward set-up (China)
    NCB = 13  # national call supervision (China)
    NUB = 14  # national unsuccessful backward set-up (China)
    NAM = 15  # national area use (China)


class Direction(Enum):
    """Which way a message goes, seen from the call or the circuit."""

    FORWARD = "forward"
    BACKWARD = "backward"
    EITHER = "either"


class MessageType(IntEnum):
    """Heading octet of each message: H0 in bits 1 to 4, H1 in bits 5 to 8; `title` is the full name."""

    IAM = 0x11
    IAI = 0x21
    SAM = 0x31
    SAO = 0x41
    GSM = 0x12
    COT = 0x32
    CCF = 0x42
    GRQ = 0x13
    ACM = 0x14
    CHG = 0x24
    SEC = 0x15
    CGC = 0x25
    NNC = 0x35
    ADI = 0x45
    CFL = 0x55
    SSB = 0x65
    UNN = 0x75
    LOS = 0x85
    SST = 0x95
    ACB = 0xA5
    DPN = 0xB5
    MPR = 0xC5
    EUM = 0xF5
    ANU = 0x06
    ANC = 0x16
    ANN = 0x26
    CBK = 0x36
    CLF = 0x46
    RAN = 0x56
    FOT = 0x66
    CCL = 0x76
    RLG = 0x17
    BLO = 0x27
    BLA = 0x37
    UBL = 0x47
    UBA = 0x57
    CCR = 0x67
    RSC = 0x77
    MGB = 0x18
    MBA = 0x28
    MGU = 0x38
    MUA = 0x48
    HGB = 0x58
    HBA = 0x68
    HGU = 0x78
    HUA = 0x88
    GRS = 0x98
    GRA = 0xA8
    SGB = 0xB8
    SBA = 0xC8
    SGU = 0xD8
    SUA = 0xE8
    ACC = 0x1A
    MPM = 0x2C
    OPR = 0x1D
    SLB = 0x1E
    STB = 0x2E
    MAL = 0x1F

    @property
    def group(self) -> Group:
        """The message group."""
        return Group(self & 0xF)

    @property
    def title(self) -> str:
        """Full name of the message."""
        return _TITLES[self]

    @property
    def direction(self) -> Direction:
        """Which way it goes."""
        if self in _FORWARD:
            return Direction.FORWARD
        return (
            Direction.EITHER
            if self.group in (Group.CCM, Group.GRM) and self is not MessageType.RLG
            else Direction.BACKWARD
        )


_FORWARD: Final = frozenset(
    {
        MessageType.IAM,
        MessageType.IAI,
        MessageType.SAM,
        MessageType.SAO,
        MessageType.GSM,
        MessageType.COT,
        MessageType.CCF,
        MessageType.CLF,
        MessageType.FOT,
        MessageType.CCL,
        MessageType.CCR,
        MessageType.OPR,
    }
)

_TITLES: Final[dict[MessageType, str]] = {
    MessageType.IAM: "Initial address",
    MessageType.IAI: "Initial address with additional information",
    MessageType.SAM: "Subsequent address, one or more signals",
    MessageType.SAO: "Subsequent address, one signal",
    MessageType.GSM: "General forward set-up information",
    MessageType.COT: "Continuity",
    MessageType.CCF: "Continuity failure",
    MessageType.GRQ: "General request",
    MessageType.ACM: "Address complete",
    MessageType.CHG: "Charging",
    MessageType.SEC: "Switching equipment congestion",
    MessageType.CGC: "Circuit group congestion",
    MessageType.NNC: "National network congestion",
    MessageType.ADI: "Address incomplete",
    MessageType.CFL: "Call failure",
    MessageType.SSB: "Subscriber busy (electrical)",
    MessageType.UNN: "Unallocated number",
    MessageType.LOS: "Line out of service",
    MessageType.SST: "Send special information tone",
    MessageType.ACB: "Access barred",
    MessageType.DPN: "Digital path not provided",
    MessageType.MPR: "Misdialled trunk prefix",
    MessageType.EUM: "Extended unsuccessful backward set-up",
    MessageType.ANU: "Answer, unqualified",
    MessageType.ANC: "Answer, charge",
    MessageType.ANN: "Answer, no charge",
    MessageType.CBK: "Clear back",
    MessageType.CLF: "Clear forward",
    MessageType.RAN: "Reanswer",
    MessageType.FOT: "Forward transfer",
    MessageType.CCL: "Calling party clear",
    MessageType.RLG: "Release guard",
    MessageType.BLO: "Blocking",
    MessageType.BLA: "Blocking acknowledgement",
    MessageType.UBL: "Unblocking",
    MessageType.UBA: "Unblocking acknowledgement",
    MessageType.CCR: "Continuity check request",
    MessageType.RSC: "Reset circuit",
    MessageType.MGB: "Maintenance group blocking",
    MessageType.MBA: "Maintenance group blocking acknowledgement",
    MessageType.MGU: "Maintenance group unblocking",
    MessageType.MUA: "Maintenance group unblocking acknowledgement",
    MessageType.HGB: "Hardware failure group blocking",
    MessageType.HBA: "Hardware failure group blocking acknowledgement",
    MessageType.HGU: "Hardware failure group unblocking",
    MessageType.HUA: "Hardware failure group unblocking acknowledgement",
    MessageType.GRS: "Circuit group reset",
    MessageType.GRA: "Circuit group reset acknowledgement",
    MessageType.SGB: "Software generated group blocking",
    MessageType.SBA: "Software generated group blocking acknowledgement",
    MessageType.SGU: "Software generated group unblocking",
    MessageType.SUA: "Software generated group unblocking acknowledgement",
    MessageType.ACC: "Automatic congestion control information",
    MessageType.MPM: "Metering pulse",
    MessageType.OPR: "Operator",
    MessageType.SLB: "Subscriber local busy",
    MessageType.STB: "Subscriber toll busy",
    MessageType.MAL: "Malicious call identification",
}

#: Messages that only China has; ITU-T leaves groups 12 to 15 to each nation.
CHINA_ONLY: Final = frozenset(
    {
        MessageType.MPM,
        MessageType.OPR,
        MessageType.SLB,
        MessageType.STB,
        MessageType.MAL,
    }
)

_TYPES: Final = {
    Variant.ITU: {int(known): known for known in MessageType if known not in CHINA_ONLY},
    Variant.CHINA: {int(known): known for known in MessageType},
}


def message_type(heading: int, variant: Variant) -> MessageType | None:
    """The message with this heading octet; None when the variant has none."""
    return _TYPES[variant].get(heading)


def message_name(heading: MessageType | int) -> str:
    """Acronym of a message, or `heading 0xNN` of a plain number, whose meaning the variant does not know."""
    return heading.name if isinstance(heading, MessageType) else f"heading {heading:#04x}"
