"""`tandem decode`: explain the octets of one ISUP, TUP, MTP3 or Q.931 message, MTP2 signal unit or LAPD frame."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any, Final

import click

from tandem.core.bits import meaning_of
from tandem.core.errors import DecodeError
from tandem.gateway import decode_isdn
from tandem.gateway.decode_values import plain, shifted
from tandem.ss7.isup.codes import MessageType, message_name
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.parameters import Parameter, RawParameter
from tandem.ss7.isup.variants import Variant
from tandem.ss7.mtp2.units import UnitKind, decode_unit, status_name
from tandem.ss7.mtp3.label import LAYOUTS, Service
from tandem.ss7.mtp3.label import Variant as LabelVariant
from tandem.ss7.mtp3.msu import decode_msu
from tandem.ss7.tup import messages as tup
from tandem.ss7.tup.codes import MessageType as TupType
from tandem.ss7.tup.fields import Category
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.variants import Variant as TupVariant

_SEPARATORS: Final = re.compile(r"[\s:,.]+")


def decode(protocol: str, octets: bytes, variant: str = "itu") -> dict[str, Any]:
    """Decode `octets` into what JSON can carry.

    `protocol` is `isup` (octets from the CIC on), `tup` (from the heading code on, as its CIC begins in the label),
    `mtp3` (from the SIO on), `mtp2` (from the BSN on, without FCS), `q931` (from the protocol discriminator on) or
    `lapd` (from the address on, without FCS); `variant` is `itu`, `ansi`, `china` or `japan` and of no matter to the
    last two. DecodeError with the offset in `octets` when they are malformed.

    Whatever the protocol, the message that people look for is at the top: `message` (acronym), `title`, `cic` (None
    where there is none) and `parameters`, each with `name`, `code`, `value` (fields as numbers, flags and text),
    `text` (the same in words) and `raw` (hexadecimal). A message without a defined format has its octets in `body`.
    `mtp3` adds `sio` (octet), `service`, `network_indicator`, `priority` and `label` (`dpc`, `opc`, `sls`, and the
    point codes as text); messages of users that are not decoded have their octets in `data`. `mtp2` adds `unit`
    (`kind`, `bsn`, `bib`, `fsn`, `fib`, `length_indicator`, for an LSSU `status`) to that. `q931` adds
    `discriminator` and `call_reference` (`value`, `flag`, `length`); its parameters are information elements, which
    have `codeset` and, malformed, `error`. `lapd` adds `frame` (`kind`, `sapi`, `tei`, `cr`, `pf`, `ns`, `nr`).
    """
    return _DECODERS[protocol](octets, variant)


def decode_isup(octets: bytes, variant: str) -> dict[str, Any]:
    """An ISUP message from the CIC on."""
    message = Message.parse(octets, Variant(variant))
    return {"protocol": "isup", "variant": variant, **_isup(message)}


def decode_tup(octets: bytes, variant: str) -> dict[str, Any]:
    """A TUP message from the heading code on."""
    message = tup.decode(octets, _tup_variant(variant))
    return {"protocol": "tup", "variant": variant, **_tup(message, None)}


def decode_mtp3(octets: bytes, variant: str) -> dict[str, Any]:
    """A message from the SIO on, with the ISUP, TUP or network management message in it."""
    return {"protocol": "mtp3", "variant": variant, **_mtp3(octets, variant)}


def decode_mtp2(octets: bytes, variant: str) -> dict[str, Any]:
    """A signal unit from the BSN on, with what an MSU carries."""
    unit = decode_unit(octets)
    header: dict[str, Any] = {
        "kind": unit.kind.value,
        "bsn": unit.bsn,
        "bib": unit.bib,
        "fsn": unit.fsn,
        "fib": unit.fib,
        "length_indicator": unit.length_indicator,
    }
    if unit.kind is UnitKind.LSSU:
        header["status"] = status_name(unit.status)
    report = {"protocol": "mtp2", "variant": variant, "unit": header}
    if unit.kind is not UnitKind.MSU:
        name = "Link status" if unit.kind is UnitKind.LSSU else "Fill-in"
        return {**report, "message": unit.kind.value, "title": f"{name} signal unit", "cic": None, "parameters": []}
    with shifted(_MTP2_HEADER):
        return {**report, **_mtp3(octets[_MTP2_HEADER:], variant)}


_MTP2_HEADER: Final = 3

_DECODERS: Final[dict[str, Callable[[bytes, str], dict[str, Any]]]] = {
    "isup": decode_isup,
    "tup": decode_tup,
    "mtp3": decode_mtp3,
    "mtp2": decode_mtp2,
    "q931": decode_isdn.decode_q931,
    "lapd": decode_isdn.decode_lapd,
}
PROTOCOLS: Final = tuple(_DECODERS)
_TUP_VARIANTS: Final = tuple(variant.value for variant in TupVariant)
#: Ends of the names of TUP fields that are shown only where they are not zero.
_TUP_USUALLY_ZERO: Final = ("spare", "filler", "padding", "unread")
VARIANTS: Final = tuple(variant.value for variant in Variant)


def _isup(message: Message) -> dict[str, Any]:
    known = isinstance(message.type, MessageType)
    report: dict[str, Any] = {
        "message": message_name(message.type),
        "title": message.type.title if isinstance(message.type, MessageType) else "unknown message",
        "code": int(message.type),
        "cic": message.cic,
        "parameters": [
            _parameter(raw, parameter)
            for raw, parameter in zip(message.raw_parameters(), message.parameters(), strict=True)
        ],
    }
    if message.body or not known:
        report["body"] = message.body.hex()
    return report


def _parameter(raw: RawParameter, parameter: Parameter | RawParameter) -> dict[str, Any]:
    value: dict[str, Any] = {}
    if isinstance(parameter, Parameter):
        value = plain(parameter)
        value.update({name: plain(getattr(parameter, name)) for name in parameter.DERIVED})
    return {"name": raw.name, "code": int(raw.code), "value": value, "text": str(parameter), "raw": raw.octets.hex()}


def _tup_variant(variant: str) -> TupVariant:
    if variant not in _TUP_VARIANTS:
        raise DecodeError(f"TUP has no {variant} variant, only {' and '.join(_TUP_VARIANTS)}")
    return TupVariant(variant)


def _tup(message: tup.Message, cic: int | None) -> dict[str, Any]:
    known = isinstance(message.type, TupType)
    report: dict[str, Any] = {
        "message": message.name,
        "title": message.type.title if isinstance(message.type, TupType) else "unknown message",
        "code": int(message.type),
        "cic": cic,
        "parameters": [
            {"name": item.name, "value": plain(value), "text": _tup_text(item, value)}
            for item in fields(message)
            if item.name not in ("type", "rest")
            and (value := getattr(message, item.name)) is not None
            and (value or not item.name.endswith(_TUP_USUALLY_ZERO))
        ],
    }
    if message.rest or not known:
        report["body"] = message.rest.hex()
    return report


def _tup_text(item: Field[Any], value: Any) -> str:
    """A field of a TUP message in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    meaning = item.metadata["bits"][3] if "bits" in item.metadata else None
    if meaning is None and item.name == "category":
        meaning = Category
    if meaning is not None:
        return meaning_of(meaning, value)
    if isinstance(value, tuple):
        return "".join("1" if flag else "0" for flag in value)
    return str(value)


def _mtp3(octets: bytes, variant: str) -> dict[str, Any]:
    label_variant = LabelVariant(variant)
    msu = decode_msu(octets, label_variant)
    said = msu.to_dict(label_variant)
    report: dict[str, Any] = {
        "sio": octets[0],
        "service": said["service"]["name"],
        "network_indicator": msu.information.network_indicator,
        "priority": msu.information.priority,
        "label": {
            "dpc": msu.label.dpc,
            "opc": msu.label.opc,
            "sls": msu.label.sls,
            "dpc_text": said["dpc"]["text"],
            "opc_text": said["opc"]["text"],
        },
    }
    if msu.information.service == Service.ISUP:
        with shifted(1 + LAYOUTS[label_variant].octets):
            return {**report, **_isup(Message.parse(msu.data, Variant(variant)))}
    if msu.information.service == Service.TUP and variant in _TUP_VARIANTS:
        with shifted(1 + LAYOUTS[label_variant].octets):
            carried = CircuitMessage.parse(msu.label.sls, msu.data, TupVariant(variant))
        return {**report, **_tup(carried.message, carried.cic)}
    title = said.get("title", f"{said['service']['name']} message")
    parameters = said.get("parameters", [])
    return {**report, "message": said["message"], "title": title, "cic": None, "parameters": parameters} | {
        "data": msu.data.hex()
    }


def octets_of(text: str) -> bytes:
    """Octets of hexadecimal text; spaces, colons, commas, dots and `0x` do not matter. DecodeError if not."""
    digits = "".join([part.removeprefix("0x") for part in _SEPARATORS.split(text)])
    try:
        return bytes.fromhex(digits)
    except ValueError:
        wrong = next((index for index, digit in enumerate(digits) if digit not in "0123456789abcdefABCDEF"), None)
        if wrong is None:
            raise DecodeError("odd number of hexadecimal digits", len(digits) // 2) from None
        raise DecodeError(f"{digits[wrong]!r} is not a hexadecimal digit", wrong // 2) from None


def render(report: dict[str, Any]) -> str:
    """A report of `decode` as lines for people."""
    lines = decode_isdn.lines(report)
    if unit := report.get("unit"):
        status = f" {unit['status']}" if "status" in unit else ""
        lines.append(
            f"MTP2 {unit['kind']}{status}  BSN {unit['bsn']} BIB {unit['bib']}  FSN {unit['fsn']} FIB {unit['fib']}"
        )
    if label := report.get("label"):
        lines.append(
            f"MTP3 {report['service']}  network indicator {report['network_indicator']}  "
            f"{label['opc']} ({label['opc_text']}) to {label['dpc']} ({label['dpc_text']})  SLS {label['sls']}"
        )
    circuit = "" if report["cic"] is None else f"  CIC {report['cic']}"
    title = "" if "call_reference" in report else f" {report['title']}"
    lines.append(f"{report['message']}{title}{circuit}{decode_isdn.reference_text(report)}")
    width = max((len(item["name"]) for item in report["parameters"]), default=0)
    for item in report["parameters"]:
        code = f"{item['code']:>3}  " if "code" in item else ""
        raw = f"  [{item['raw']}]" if "raw" in item else ""
        lines.append(f"  {code}{item['name']:<{width}}  {item.get('text', item['value'])}{raw}")
    lines += [f"  {key}  {report[key]}" for key in ("body", "data") if report.get(key)]
    return "\n".join(lines)


@click.command("decode")
@click.argument("protocol", type=click.Choice(PROTOCOLS))
@click.argument("octets", metavar="HEX...", nargs=-1, required=True)
@click.option(
    "--variant", type=click.Choice(VARIANTS), default="itu", show_default=True, help="Whose ISUP or TUP, and label."
)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object instead of text.")
def decode_command(protocol: str, octets: tuple[str, ...], variant: str, as_json: bool) -> None:
    """Explain a message given in hexadecimal.

    PROTOCOL is isup (from the CIC on), tup (from the heading code on), mtp3 (from the SIO on), mtp2 (from the
    BSN on, without FCS), q931 (from the protocol discriminator on) or lapd (from the address on, without FCS).
    HEX may have spaces and colons; with - one message a line is read from standard input and one JSON object a line
    written. The exit status is 1 when a message is malformed.

    \b
    Examples:
      tandem decode isup 05 00 10 00
      tandem decode tup 14 25
      tandem decode q931 08 02 80 01 45 08 02 80 91
      tandem decode mtp3 --json 85:01:80:00:10:05:00:10:00
      tandem decode isup - < messages.txt
    """  # noqa: D301 - click reads the backspace
    good = True
    if octets == ("-",):
        for line in sys.stdin:
            if line.strip():
                good &= _answer(protocol, line, variant, as_json=True)
    else:
        good = _answer(protocol, " ".join(octets), variant, as_json)
    sys.exit(0 if good else 1)


def _answer(protocol: str, text: str, variant: str, as_json: bool) -> bool:
    """Decode one message and print the result; False when it is malformed."""
    try:
        report = decode(protocol, octets_of(text), variant)
    except DecodeError as error:
        if as_json:
            click.echo(json.dumps({"error": error.message, "offset": error.offset}))
        else:
            click.echo(f"tandem decode: {error}", err=True)
        return False
    click.echo(json.dumps(report) if as_json else render(report))
    return True
