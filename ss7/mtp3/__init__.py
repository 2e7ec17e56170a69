"""MTP level 3, Q.704 and Q.707: one machine per signalling point, `SignallingPoint`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tandem.ss7.mtp3.configuration import Configuration as Configuration
    from tandem.ss7.mtp3.configuration import LinkConfiguration as LinkConfiguration
    from tandem.ss7.mtp3.configuration import LinksetConfiguration as LinksetConfiguration
    from tandem.ss7.mtp3.configuration import Route as Route
    from tandem.ss7.mtp3.label import Variant as Variant
    from tandem.ss7.mtp3.msu import decode_msu as decode_msu
    from tandem.ss7.mtp3.node import SignallingPoint as SignallingPoint

_HOMES: Final = {
    **dict.fromkeys(("Configuration", "LinkConfiguration", "LinksetConfiguration", "Route"), "configuration"),
    "Variant": "label",
    "decode_msu": "msu",
    "SignallingPoint": "node",
}


def __getattr__(name: str) -> Any:
    """Public names, imported when they are asked for: who reads labels needs no signalling point."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
