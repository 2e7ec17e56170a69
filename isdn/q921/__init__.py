"""ITU-T Q.921 (09/97): the data link layer of the D channel (LAPD), of a primary-rate line.

frames: the codec; link: DataLink, one connection; states, connection, window: what it is made of.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tandem.isdn.q921.configuration import LinkConfiguration as LinkConfiguration
    from tandem.isdn.q921.link import DataLink as DataLink

_HOMES: Final = {"LinkConfiguration": "configuration", "DataLink": "link"}


def __getattr__(name: str) -> Any:
    """Public names, imported when they are asked for: who reads frames needs no data link."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
