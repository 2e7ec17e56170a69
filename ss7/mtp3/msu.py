"""A whole message signal unit above level 2: SIO, label, and what they carry, for people and tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tandem.core.errors import DecodeError
from tandem.ss7.mtp3.label import (
    RoutingLabel,
    Service,
    ServiceInformation,
    Variant,
    encode_label,
    format_point_code,
    parse_label,
)
from tandem.ss7.mtp3.messages import ManagementMessage, decode_management

_MANAGEMENT_SERVICES = (Service.MANAGEMENT, Service.TESTING, Service.TESTING_SPECIAL)


@dataclass(frozen=True, slots=True)
class MSU:
    """One message from the SIO on."""

    information: ServiceInformation
    label: RoutingLabel
    data: bytes
    """What follows the label."""
    management: ManagementMessage | None = None
    """The same, decoded, for services 0 to 2."""

    def encode(self, variant: Variant) -> bytes:
        """The octets from the SIO on."""
        return bytes((self.information.encode(),)) + encode_label(self.label, variant) + self.data

    def to_dict(self, variant: Variant) -> dict[str, Any]:
        """A form that JSON can carry: numbers, text and hexadecimal."""
        information, label = self.information, self.label
        message = self.management.acronym if self.management else service_name(information.service)
        value: dict[str, Any] = {
            "protocol": "mtp3",
            "message": message,
            "service": {"code": information.service, "name": service_name(information.service)},
            "network_indicator": information.network_indicator,
            "priority": information.priority,
            "dpc": {"value": label.dpc, "text": format_point_code(label.dpc, variant)},
            "opc": {"value": label.opc, "text": format_point_code(label.opc, variant)},
            "sls": label.sls,
        }
        if self.management is not None:
            value["title"] = self.management.title
            value["heading"] = self.management.heading
            value["parameters"] = _parameters(self.management, variant)
        value["data"] = self.data.hex()
        return value

    def __str__(self) -> str:
        what = str(self.management) if self.management else service_name(self.information.service)
        return f"{self.label.opc}->{self.label.dpc} sls {self.label.sls} {what}"


def decode_msu(octets: bytes, variant: Variant = Variant.ITU) -> MSU:
    """Decode a message from the SIO on; DecodeError when it is too short for its label or its fields."""
    if not octets:
        raise DecodeError("service information octet is missing", 0)
    information = ServiceInformation.parse(octets[0])
    label, length = parse_label(octets, variant, 1)
    management = None
    if information.service in _MANAGEMENT_SERVICES:
        management = decode_management(octets, information.service, variant, 1 + length)
    return MSU(information, label, octets[1 + length :], management)


def service_name(service: int) -> str:
    """`ISUP`, `SCCP` and so on; `spare N` for the unassigned ones."""
    try:
        return Service(service).name.replace("_", " ")
    except ValueError:
        return f"spare {service}"


def _parameters(message: ManagementMessage, variant: Variant) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, value in message.fields.items():
        row: dict[str, Any] = {"name": name, "value": value}
        if name == "destination":
            row["text"] = format_point_code(value, variant)
        rows.append(row)
    for value in message.also:
        rows.append({"name": "destination", "value": value, "text": format_point_code(value, variant)})
    if message.pattern:
        rows.append({"name": "test_pattern", "value": message.pattern.hex()})
    if message.trailing:
        rows.append({"name": "trailing", "value": message.trailing.hex()})
    return rows
