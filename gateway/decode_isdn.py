"""The ISDN part of `tandem decode`: Q.931 messages and the LAPD frames that carry them."""

from __future__ import annotations

from typing import Any, Final

from tandem.gateway.decode_values import plain, shifted
from tandem.isdn.q921.frames import Frame, InformationFrame, SupervisoryFrame, Unnumbered, UnnumberedFrame, parse_frame
from tandem.isdn.q931.elements import AnyElement, Element, RawElement, Shift
from tandem.isdn.q931.messages import Message
from tandem.isdn.q931.messages import decode as decode_message

_CALL_CONTROL: Final = 0  # service access point of Q.931 (Q.921 3.3.3)


def decode_q931(octets: bytes, variant: str) -> dict[str, Any]:
    """A Q.931 message from the protocol discriminator on; national variants do not differ in their coding."""
    return {"protocol": "q931", "variant": variant, **_message(decode_message(octets))}


def decode_lapd(octets: bytes, variant: str) -> dict[str, Any]:
    """A LAPD frame from the address on, without FCS, with the Q.931 message that it carries."""
    frame = parse_frame(octets)
    report: dict[str, Any] = {"protocol": "lapd", "variant": variant, "frame": _header(frame)}
    information = b"" if isinstance(frame, SupervisoryFrame) else frame.information
    carries = isinstance(frame, InformationFrame) or frame.kind is Unnumbered.UI
    if carries and frame.address.sapi == _CALL_CONTROL:
        with shifted(len(octets) - len(information)):
            return {**report, **_message(decode_message(information))}
    kind = report["frame"]["kind"]
    title = {InformationFrame: "Information", SupervisoryFrame: "Supervisory"}.get(type(frame), "Unnumbered")
    report |= {"message": kind, "title": f"{title} frame", "cic": None, "parameters": []}
    return report | ({"data": information.hex()} if information else {})


def _header(frame: Frame) -> dict[str, Any]:
    header: dict[str, Any] = {
        "kind": "I" if isinstance(frame, InformationFrame) else frame.kind.name,
        "sapi": frame.address.sapi,
        "tei": frame.address.tei,
        "cr": frame.address.cr,
        "pf": frame.poll if isinstance(frame, InformationFrame) else frame.poll_final,
    }
    if isinstance(frame, InformationFrame):
        header["ns"] = frame.ns
    if not isinstance(frame, UnnumberedFrame):
        header["nr"] = frame.nr
    return header


def _message(message: Message) -> dict[str, Any]:
    reference = message.call_reference
    report: dict[str, Any] = {
        "message": message.name,
        "title": message.name.capitalize(),
        "code": int(message.type),
        "cic": None,
        "discriminator": message.discriminator,
        "call_reference": {"value": reference.value, "flag": reference.flag, "length": reference.length},
        "parameters": [_element(element) for element in message.elements],
    }
    if message.body:
        report["body"] = message.body.hex()
    return report


def _element(element: AnyElement) -> dict[str, Any]:
    value: dict[str, Any] = {}
    if isinstance(element, Shift | Element):
        value = plain(element)
    if isinstance(element, Element):
        value.update({name: plain(getattr(element, name)) for name in element.DERIVED})
    report = {
        "name": element.name,
        "code": element.identifier,
        "codeset": 0 if isinstance(element, Shift) else element.codeset,
        "value": value,
        "text": str(element),
        "raw": element.encode().hex() if element.identifier < 0x80 else "",
    }
    if isinstance(element, RawElement) and element.error is not None:
        report["error"] = element.error
    return report


def lines(report: dict[str, Any]) -> list[str]:
    """What `render` puts before the message: the frame."""
    frame = report.get("frame")
    if frame is None:
        return []
    numbers = "".join(f" N({key[1].upper()}) {frame[key]}" for key in ("ns", "nr") if key in frame)
    address = f"SAPI {frame['sapi']} TEI {frame['tei']} C/R {frame['cr']:d}"
    return [f"LAPD {frame['kind']}  {address} {numbers} P/F {frame['pf']:d}"]


def reference_text(report: dict[str, Any]) -> str:
    """The call reference for the line of the message; empty where there is none."""
    reference = report.get("call_reference")
    if reference is None:
        return ""
    if not reference["length"]:
        return "  dummy call reference"
    return f"  call reference {reference['value']} flag {reference['flag']:d}"
