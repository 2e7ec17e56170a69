"""What each message may carry, by direction, and how often and how long; Q.931 (05/1998) 3.1 and 4.5, Q.932 7.1.

Which elements are mandatory or optional is a comparison of public implementations; conditions are recalled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from tandem.isdn.q931.codes import ElementCode, MessageType

M = MessageType
E = ElementCode

Side = Literal["network", "user"]

#: Elements that the first answer to a SETUP must carry beyond its own (table notes of Q.931 3.1).
FIRST_ANSWER: Final = frozenset({E.CHANNEL_IDENTIFICATION})
#: Elements that RELEASE or RELEASE COMPLETE must carry when it is the first clearing message.
FIRST_CLEARING: Final = frozenset({E.CAUSE})


@dataclass(frozen=True, slots=True)
class Usage:
    """Elements of one message type."""

    mandatory: tuple[ElementCode, ...] = ()
    """In both directions."""
    mandatory_from_network: tuple[ElementCode, ...] = ()
    optional: tuple[ElementCode, ...] = ()
    """In both directions."""
    from_network: tuple[ElementCode, ...] = ()
    """Optional, sent by the network only."""
    from_user: tuple[ElementCode, ...] = ()
    """Optional, sent by the user only."""
    sender: Side | None = None
    """The only side that may send the message; None: both."""

    def required(self, sender: Side | None) -> frozenset[ElementCode]:
        """Elements that must be there; None as sender: an interface where both sides act alike."""
        return frozenset(self.mandatory + (self.mandatory_from_network if sender == "network" else ()))

    def allowed(self, sender: Side | None) -> frozenset[ElementCode]:
        """Every element that may be there."""
        codes = self.mandatory + self.mandatory_from_network + self.optional
        codes += () if sender == "user" else self.from_network
        codes += () if sender == "network" else self.from_user
        return frozenset(codes)


#: Usage by message type.
USAGE: Final[Mapping[int, Usage]] = MappingProxyType(
    {
        M.ALERTING: Usage(
            optional=(
                E.BEARER_CAPABILITY,
                E.EXTENDED_FACILITY,
                E.CHANNEL_IDENTIFICATION,
                E.FACILITY,
                E.PROGRESS_INDICATOR,
                E.HIGH_LAYER_COMPATIBILITY,
                E.USER_USER,
            ),
            from_network=(
                E.DISPLAY,
                E.SIGNAL,
            ),
        ),
        M.CALL_PROCEEDING: Usage(
            optional=(
                E.BEARER_CAPABILITY,
                E.CHANNEL_IDENTIFICATION,
                E.PROGRESS_INDICATOR,
                E.HIGH_LAYER_COMPATIBILITY,
            ),
            from_network=(E.DISPLAY,),
        ),
        M.PROGRESS: Usage(
            mandatory=(E.PROGRESS_INDICATOR,),
            optional=(
                E.BEARER_CAPABILITY,
                E.CAUSE,
                E.HIGH_LAYER_COMPATIBILITY,
            ),
            from_network=(
                E.DISPLAY,
                E.USER_USER,
            ),
        ),
        M.SETUP: Usage(
            mandatory=(E.BEARER_CAPABILITY,),
            mandatory_from_network=(E.CHANNEL_IDENTIFICATION,),
            optional=(
                E.SENDING_COMPLETE,
                E.REPEAT_INDICATOR,
                E.EXTENDED_FACILITY,
                E.CHANNEL_IDENTIFICATION,
                E.FACILITY,
                E.PROGRESS_INDICATOR,
                E.NETWORK_SPECIFIC_FACILITIES,
                E.CALLING_PARTY_NUMBER,
                E.CALLING_PARTY_SUBADDRESS,
                E.CALLED_PARTY_NUMBER,
                E.CALLED_PARTY_SUBADDRESS,
                E.REDIRECTING_NUMBER,
                E.LOW_LAYER_COMPATIBILITY,
                E.HIGH_LAYER_COMPATIBILITY,
                E.USER_USER,
            ),
            from_network=(
                E.DISPLAY,
                E.DATE_TIME,
                E.SIGNAL,
            ),
            from_user=(
                E.KEYPAD_FACILITY,
                E.TRANSIT_NETWORK_SELECTION,
            ),
        ),
        M.CONNECT: Usage(
            optional=(
                E.BEARER_CAPABILITY,
                E.EXTENDED_FACILITY,
                E.CHANNEL_IDENTIFICATION,
                E.FACILITY,
                E.PROGRESS_INDICATOR,
                E.CONNECTED_NUMBER,
                E.LOW_LAYER_COMPATIBILITY,
                E.HIGH_LAYER_COMPATIBILITY,
                E.USER_USER,
            ),
            from_network=(
                E.DISPLAY,
                E.DATE_TIME,
                E.SIGNAL,
            ),
        ),
        M.SETUP_ACKNOWLEDGE: Usage(
            optional=(
                E.CHANNEL_IDENTIFICATION,
                E.PROGRESS_INDICATOR,
            ),
            from_network=(
                E.DISPLAY,
                E.SIGNAL,
            ),
        ),
        M.CONNECT_ACKNOWLEDGE: Usage(
            from_network=(
                E.DISPLAY,
                E.SIGNAL,
            )
        ),
        M.USER_INFORMATION: Usage(mandatory=(E.USER_USER,), optional=(E.MORE_DATA,)),
        M.SUSPEND_REJECT: Usage(mandatory=(E.CAUSE,), optional=(E.DISPLAY,), sender="network"),
        M.RESUME_REJECT: Usage(mandatory=(E.CAUSE,), optional=(E.DISPLAY,), sender="network"),
        M.HOLD: Usage(from_network=(E.DISPLAY,)),
        M.SUSPEND: Usage(optional=(E.CALL_IDENTITY,), sender="user"),
        M.RESUME: Usage(optional=(E.CALL_IDENTITY,), sender="user"),
        M.HOLD_ACKNOWLEDGE: Usage(from_network=(E.DISPLAY,)),
        M.SUSPEND_ACKNOWLEDGE: Usage(optional=(E.DISPLAY,), sender="network"),
        M.RESUME_ACKNOWLEDGE: Usage(mandatory=(E.CHANNEL_IDENTIFICATION,), optional=(E.DISPLAY,), sender="network"),
        M.HOLD_REJECT: Usage(mandatory=(E.CAUSE,), from_network=(E.DISPLAY,)),
        M.RETRIEVE: Usage(optional=(E.CHANNEL_IDENTIFICATION,), from_network=(E.DISPLAY,)),
        M.RETRIEVE_ACKNOWLEDGE: Usage(optional=(E.CHANNEL_IDENTIFICATION,), from_network=(E.DISPLAY,)),
        M.RETRIEVE_REJECT: Usage(mandatory=(E.CAUSE,), from_network=(E.DISPLAY,)),
        M.DISCONNECT: Usage(
            mandatory=(E.CAUSE,),
            optional=(
                E.EXTENDED_FACILITY,
                E.FACILITY,
                E.PROGRESS_INDICATOR,
                E.USER_USER,
            ),
            from_network=(
                E.DISPLAY,
                E.SIGNAL,
            ),
        ),
        M.RESTART: Usage(
            mandatory=(E.RESTART_INDICATOR,), optional=(E.CHANNEL_IDENTIFICATION,), from_network=(E.DISPLAY,)
        ),
        M.RELEASE: Usage(
            optional=(
                E.CAUSE,
                E.EXTENDED_FACILITY,
                E.FACILITY,
                E.USER_USER,
            ),
            from_network=(
                E.DISPLAY,
                E.SIGNAL,
            ),
        ),
        M.RESTART_ACKNOWLEDGE: Usage(
            mandatory=(E.RESTART_INDICATOR,), optional=(E.CHANNEL_IDENTIFICATION,), from_network=(E.DISPLAY,)
        ),
        M.RELEASE_COMPLETE: Usage(
            optional=(
                E.CAUSE,
                E.EXTENDED_FACILITY,
                E.FACILITY,
            ),
            from_network=(
                E.DISPLAY,
                E.SIGNAL,
            ),
            from_user=(E.USER_USER,),
        ),
        M.SEGMENT: Usage(mandatory=(E.SEGMENTED_MESSAGE,)),
        M.FACILITY: Usage(
            optional=(
                E.EXTENDED_FACILITY,
                E.FACILITY,
                E.CALLED_PARTY_NUMBER,
                E.CALLED_PARTY_SUBADDRESS,
            ),
            from_network=(E.DISPLAY,),
        ),
        M.REGISTER: Usage(
            optional=(
                E.EXTENDED_FACILITY,
                E.FACILITY,
            ),
            from_network=(E.DISPLAY,),
        ),
        M.NOTIFY: Usage(
            mandatory=(E.NOTIFICATION_INDICATOR,), optional=(E.BEARER_CAPABILITY,), from_network=(E.DISPLAY,)
        ),
        M.STATUS_ENQUIRY: Usage(from_network=(E.DISPLAY,)),
        M.CONGESTION_CONTROL: Usage(mandatory=(E.CONGESTION_LEVEL,), optional=(E.CAUSE,), from_network=(E.DISPLAY,)),
        M.INFORMATION: Usage(
            optional=(
                E.SENDING_COMPLETE,
                E.CALLED_PARTY_NUMBER,
            ),
            from_network=(
                E.CAUSE,
                E.DISPLAY,
            ),
            from_user=(E.KEYPAD_FACILITY,),
        ),
        M.STATUS: Usage(
            mandatory=(
                E.CAUSE,
                E.CALL_STATE,
            ),
            from_network=(E.DISPLAY,),
        ),
    }
)

#: Most octets of an element with identifier and length (Q.931 3.1, 4.5); one not listed is limited by its length octet.
LONGEST: Final[Mapping[int, int]] = MappingProxyType(
    {
        E.SEGMENTED_MESSAGE: 4,
        E.BEARER_CAPABILITY: 12,
        E.CAUSE: 32,
        E.CALL_IDENTITY: 10,
        E.CALL_STATE: 3,
        E.PROGRESS_INDICATOR: 4,
        E.DISPLAY: 82,
        E.DATE_TIME: 8,
        E.KEYPAD_FACILITY: 34,
        E.INFORMATION_REQUEST: 3,
        E.SIGNAL: 3,
        E.SWITCHHOOK: 3,
        E.FEATURE_ACTIVATION: 4,
        E.FEATURE_INDICATION: 5,
        E.INFORMATION_RATE: 6,
        E.END_TO_END_TRANSIT_DELAY: 11,
        E.TRANSIT_DELAY_SELECTION_AND_INDICATION: 5,
        E.PACKET_LAYER_BINARY_PARAMETERS: 3,
        E.PACKET_LAYER_WINDOW_SIZE: 4,
        E.PACKET_SIZE: 4,
        E.CLOSED_USER_GROUP: 7,
        E.REVERSE_CHARGING_INDICATION: 3,
        E.CONNECTED_NUMBER: 24,
        E.CONNECTED_SUBADDRESS: 23,
        E.CALLING_PARTY_NUMBER: 24,
        E.CALLING_PARTY_SUBADDRESS: 23,
        E.CALLED_PARTY_NUMBER: 23,
        E.CALLED_PARTY_SUBADDRESS: 23,
        E.RESTART_INDICATOR: 3,
        E.LOW_LAYER_COMPATIBILITY: 18,
        E.HIGH_LAYER_COMPATIBILITY: 5,
        E.USER_USER: 131,
    }
)

#: How often elements may stand in a message without a repeat indicator; once when not listed (Q.931 3.1, Q.932).
OCCURRENCES: Final[Mapping[int, int]] = MappingProxyType(
    {
        E.PROGRESS_INDICATOR: 2,
        E.CAUSE: 2,
        E.NETWORK_SPECIFIC_FACILITIES: 4,
        E.TRANSIT_NETWORK_SELECTION: 4,
        E.FACILITY: 255,
        E.EXTENDED_FACILITY: 255,
        E.NOTIFICATION_INDICATOR: 255,
        E.DISPLAY: 255,
    }
)

#: Elements that a repeat indicator may announce, and how often they may stand then.
REPEATED: Final[Mapping[int, int]] = MappingProxyType(
    {E.BEARER_CAPABILITY: 2, E.LOW_LAYER_COMPATIBILITY: 4, E.HIGH_LAYER_COMPATIBILITY: 2}
)

#: Access information, which goes from user to user: too long, it is discarded with cause 43 (Q.931 5.8.7.2).
ACCESS_INFORMATION: Final = frozenset(
    {
        E.CALLING_PARTY_SUBADDRESS,
        E.CALLED_PARTY_SUBADDRESS,
        E.CONNECTED_SUBADDRESS,
        E.USER_USER,
        E.LOW_LAYER_COMPATIBILITY,
        E.HIGH_LAYER_COMPATIBILITY,
    }
)
