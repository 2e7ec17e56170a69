"""Which exchange controls a circuit, that is, keeps its call at dual seizure: Q.724 2, Q.764 2.9.1.4."""

from __future__ import annotations

from typing import Literal

Control = Literal["auto", "even", "odd", "all", "none"]


def controls(control: Control, cic: int, own_point_code: int, peer_point_code: int) -> bool:
    """Whether we win dual seizure of a circuit; auto: the higher point code controls the even CICs."""
    match control:
        case "all":
            return True
        case "none":
            return False
        case "even":
            return cic % 2 == 0
        case "odd":
            return cic % 2 == 1
        case "auto":
            return (cic % 2 == 0) == (own_point_code > peer_point_code)
