"""Messages and parameters that are not recognised: compatibility procedures of Q.764 (12/1999) 2.9.5.2 and 2.9.5.3.

What is to be done is in the instruction indicators that came with them (Q.763 3.33, 3.41). A transit passes on what
it may pass on; whether that was possible only call control knows, and says so with `not_passed_on`.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from tandem.core.cause import Cause
from tandem.core.errors import DecodeError
from tandem.ss7.isup.circuits import Circuit
from tandem.ss7.isup.codes import MessageType, ParameterCode, message_name, parameter_name
from tandem.ss7.isup.compatibility import (
    Instruction,
    MessageCompatibilityInformation,
    ParameterCompatibilityInformation,
    PassOnNotPossible,
)
from tandem.ss7.isup.kernel import Kernel, cause_indicators
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import RawParameter
from tandem.ss7.isup.variants import Variant

M = MessageType

#: Parameters of any variant that have a name; all others are unrecognised.
KNOWN: Final = frozenset(int(code) for code in ParameterCode)

#: Cause values of a CFN: message or parameter unknown and discarded, passed on, or message discarded for a parameter.
_MESSAGE_UNKNOWN: Final = Cause.MESSAGE_TYPE_NON_EXISTENT_OR_NOT_IMPLEMENTED
_PARAMETER_UNKNOWN: Final = 99
_PARAMETER_PASSED_ON: Final = 103
_MESSAGE_DISCARDED: Final = 110


class _Fate(Enum):
    """What becomes of an unrecognised parameter."""

    PASS_ON = auto()
    DISCARD_PARAMETER = auto()
    DISCARD_MESSAGE = auto()
    RELEASE = auto()


# Messages


def unrecognised(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """A message type that is not known here, Q.764 2.9.5.2 and 2.9.5.3.1.

    Without instructions CFN goes back with cause 97 and the type as diagnostic, and the call goes on.
    """
    instruction = _instruction(message)
    if instruction is None:
        _confuse(kernel, circuit, _MESSAGE_UNKNOWN, int(message.type))
    elif circuit.group.configuration.role == "transit" and not instruction.end_node:
        kernel.deliver(circuit, message)
    elif instruction.release and circuit.call is not None and not circuit.call.released:
        _release(kernel, circuit, _MESSAGE_UNKNOWN, int(message.type), f"unrecognised {_name(message)}", now)
    elif instruction.notify:
        _confuse(kernel, circuit, _MESSAGE_UNKNOWN, int(message.type))


def not_passed_on(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> None:
    """Call control could not pass on what it was given to pass on; Q.763 3.33 bit E, 3.41 bits GF."""
    if not _is_known(message):
        instruction = _instruction(message)
        if instruction is not None and not instruction.discard_if_not_passed:
            _release(kernel, circuit, _MESSAGE_UNKNOWN, int(message.type), f"{_name(message)} not passed on", now)
        elif instruction is None or instruction.notify:
            _confuse(kernel, circuit, _MESSAGE_UNKNOWN, int(message.type))
        return
    instructions = _instructions(message)
    for code in _unknown(message):
        found = instructions.for_parameter(code) if instructions else None
        if found is None:
            continue
        if found.pass_on_not_possible == PassOnNotPossible.RELEASE_CALL:
            _release(kernel, circuit, _PARAMETER_UNKNOWN, code, f"{parameter_name(code)} not passed on", now)
            return
        if found.notify:
            discarded = found.pass_on_not_possible == PassOnNotPossible.DISCARD_MESSAGE
            diagnostic = (int(message.type), code) if discarded else (code,)
            _confuse(kernel, circuit, _MESSAGE_DISCARDED if discarded else _PARAMETER_UNKNOWN, *diagnostic)


def _is_known(message: Message) -> bool:
    return isinstance(message.type, MessageType) and message.format is not None


def _instruction(message: Message) -> MessageCompatibilityInformation | None:
    octets = message.raw(ParameterCode.MESSAGE_COMPATIBILITY_INFORMATION)
    if octets is None and message.body:
        octets = _in_body(message.body)
    return MessageCompatibilityInformation.parse(octets) if octets else None


def _in_body(body: bytes) -> bytes | None:
    """Message compatibility information in the body of an unknown message (pointer, optional part; Q.763 1.8)."""
    offset = body[0]
    while 0 < offset < len(body) - 1 and body[offset]:
        code, size = body[offset], body[offset + 1]
        if code == ParameterCode.MESSAGE_COMPATIBILITY_INFORMATION:
            return body[offset + 2 : offset + 2 + size] or None
        offset += 2 + size
    return None


# Parameters


def examine(kernel: Kernel, circuit: Circuit, message: Message, now: float) -> Message | None:
    """A known message that holds parameters which are not: what is left of it to act on, Q.764 2.9.5.3.2.

    None when the message was discarded or the call released for one of them. REL is never held up; what there was
    in it to notify is told in RLC (`release_complete`).
    """
    if message.type in _EXEMPT:
        return message
    instructions = _instructions(message)
    discarded: list[int] = []
    for code in _unknown(message):
        fate, notify = _decide(circuit, instructions.for_parameter(code) if instructions else None)
        if fate is _Fate.RELEASE and circuit.call is not None and not circuit.call.released:
            _release(kernel, circuit, _PARAMETER_UNKNOWN, code, f"unrecognised {parameter_name(code)}", now)
            return None
        if fate is _Fate.DISCARD_MESSAGE:
            if notify:
                _confuse(kernel, circuit, _MESSAGE_DISCARDED, int(message.type), code)
            return None
        if fate is not _Fate.PASS_ON:
            discarded.append(code)
        if notify:
            _confuse(kernel, circuit, _PARAMETER_PASSED_ON if fate is _Fate.PASS_ON else _PARAMETER_UNKNOWN, code)
    return message.without(*discarded) if discarded else message


def release_complete(circuit: Circuit, message: Message) -> list[RawParameter]:
    """Parameters of the RLC in answer to a REL: cause 99 where it held a parameter whose loss is to be told."""
    if circuit.group.variant is Variant.ANSI or message.holds_only(KNOWN):
        return []
    instructions = _instructions(message)
    told = [
        code
        for code in _unknown(message)
        if _decide(circuit, instructions.for_parameter(code) if instructions else None)[1]
    ]
    return [cause_indicators(_PARAMETER_UNKNOWN, diagnostics=bytes(told))] if told else []


def _decide(circuit: Circuit, instruction: Instruction | None) -> tuple[_Fate, bool]:
    """What becomes of an unrecognised parameter, and whether CFN tells of it."""
    configuration = circuit.group.configuration
    transit = configuration.role == "transit"
    if instruction is None:
        passed = transit and configuration.unrecognised == "pass-on"
        return (_Fate.PASS_ON if passed else _Fate.DISCARD_PARAMETER), True
    if transit and not instruction.end_node:
        return _Fate.PASS_ON, False
    if instruction.release:
        return _Fate.RELEASE, False
    if instruction.discard_message:
        return _Fate.DISCARD_MESSAGE, instruction.notify
    if instruction.discard_parameter or not transit:
        return _Fate.DISCARD_PARAMETER, instruction.notify
    return _Fate.PASS_ON, instruction.notify


def _unknown(message: Message) -> list[int]:
    return [code for code in dict.fromkeys(message.codes()) if code not in KNOWN]


def _instructions(message: Message) -> ParameterCompatibilityInformation | None:
    try:
        return message.get(ParameterCompatibilityInformation)
    except DecodeError:
        return None


#: Messages that are never answered with CFN (it might be answered in turn), nor held up.
_EXEMPT: Final = frozenset({M.CFN, M.REL, M.RLC})


# Answers


def _confuse(kernel: Kernel, circuit: Circuit, cause: int, *diagnostics: int) -> None:
    kernel.reply(circuit, M.CFN, [cause_indicators(cause, diagnostics=bytes(diagnostics))])


def _release(kernel: Kernel, circuit: Circuit, cause: int, diagnostic: int, reason: str, now: float) -> None:
    kernel.fail(circuit, cause, reason, now, diagnostics=bytes((diagnostic,)))


def _name(message: Message) -> str:
    return message_name(message.type)
