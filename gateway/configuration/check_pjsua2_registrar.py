"""Whether users may register with PJSIP as it is installed: strangers must not be able to end it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from tandem.gateway.configuration.installed_pjsip import installed
from tandem.gateway.configuration.problem import Problem
from tandem.gateway.configuration.schema import SipTrunk


def check_pjsua2_registrar(path: str, trunk: SipTrunk) -> Iterator[Problem]:
    """Problems of the trunk of PJSIP that users register with."""
    if trunk.accept_from and not any(map(_is_everywhere, trunk.accept_from)):
        return
    try:
        found = installed()
    except ValueError:
        return  # which is told of the engine
    if found is not None and found.assertions:
        text = (
            'must say where the phones are, such as ["192.0.2.0/24"]: the installed PJSIP has assertions, and whoever '
            "reaches it can end it. A PJSIP that was built without (`tandem build-pjsip`) takes phones from anywhere"
        )
        yield Problem(f"{path}.accept_from", text)


def _is_everywhere(entry: str) -> bool:
    try:
        return ipaddress.ip_network(entry, strict=False).prefixlen == 0
    except ValueError:
        return False
