"""What an IAM says of the way it goes, and what an outgoing circuit adds to it; Q.764 (12/1999) 2.1, Q.763 3.35."""

from __future__ import annotations

from typing import Final

from tandem.ss7.isup.circuits import Group
from tandem.ss7.isup.codes import ParameterCode
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter

#: Continuity check indicator, Q.763 3.35 bits DC.
CHECK_THIS_CIRCUIT: Final = 1
CHECK_PREVIOUS_CIRCUIT: Final = 2

_MOST_SATELLITES: Final = 2
_MOST_DELAY: Final = 0xFFFF


def check_indicator(message: Message) -> int:
    """Continuity check indicator of an IAM; 0 where there is none."""
    nature = message.firsts.get(ParameterCode.NATURE_OF_CONNECTION_INDICATORS)
    return nature[0] >> 2 & 3 if nature else 0


def asks_for_check(message: Message) -> bool:
    """Whether an IAM asks for a continuity check on its own circuit."""
    return check_indicator(message) == CHECK_THIS_CIRCUIT


def along_circuit(group: Group, message: Message) -> Message:
    """An IAM with what circuits of `group` add: continuity check, satellite, propagation delay (Q.764 2.6)."""
    configuration = group.configuration
    group.seized += 1
    check = configuration.continuity_check and group.seized % configuration.continuity_check == 0
    # Where the way to here is not whole yet, COT tells of that alone.
    check = check and check_indicator(message) != CHECK_PREVIOUS_CIRCUIT
    if check or configuration.satellite:
        octets = message.raw(ParameterCode.NATURE_OF_CONNECTION_INDICATORS) or b"\0"
        nature = octets[0]
        if check:
            nature = nature & ~0x0C | CHECK_THIS_CIRCUIT << 2
        if configuration.satellite:
            nature = nature & ~3 | min(_MOST_SATELLITES, (nature & 3) + 1)
        message = message.replace(
            RawParameter(ParameterCode.NATURE_OF_CONNECTION_INDICATORS, bytes([nature]) + octets[1:])
        )
    if configuration.propagation_delay:
        counter = message.raw(ParameterCode.PROPAGATION_DELAY_COUNTER)
        if counter is not None and len(counter) == 2:
            delay = min(_MOST_DELAY, int.from_bytes(counter, "big") + configuration.propagation_delay)
            message = message.replace(RawParameter(ParameterCode.PROPAGATION_DELAY_COUNTER, delay.to_bytes(2, "big")))
    return message
