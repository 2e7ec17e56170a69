"""The web server of the gateway: `[web]`."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING

from tandem.gateway.configuration.problem import Problem
from tandem.gateway.configuration.ranges import parse_endpoint
from tandem.gateway.configuration.table import Table

if TYPE_CHECKING:
    from tandem.gateway.configuration.schema import Configuration

DEFAULT_PORT = 8080


class Web(Table):
    """The web page, Prometheus metrics (`/metrics`), alarms (`/alarms`) and health (`/health`) of this gateway.

    Needs `tandem-gateway[web]`.
    """

    listen: str = "127.0.0.1:8080"
    """Address and TCP port. Nothing is encrypted: put a proxy with TLS in front for other hosts."""
    token: str = ""
    """Who asks must say it, as `Authorization: Bearer TOKEN` or once as `/?token=TOKEN` in a browser. Needed on any
    address but that of this host. `/health` is answered without it."""
    changes: bool = False
    """Whether the page may change anything (block, unblock, reset circuits); needs a token."""


def check_web(configuration: Configuration) -> Iterator[Problem]:
    """Mistakes in `[web]`."""
    web = configuration.web
    if web is None:
        return
    try:
        host, port = parse_endpoint(web.listen, DEFAULT_PORT)
    except ValueError as error:
        yield Problem("web.listen", str(error))
        return
    if port == 0:
        yield Problem("web.listen", "port 0 is no port; give the one to use (8080 by custom)")
    if not ip_address(host).is_loopback and not web.token:
        yield Problem(
            "web.token", f"is empty, and {host} can be reached by others; give a token, or listen on 127.0.0.1"
        )
    if web.changes and not web.token:
        yield Problem("web.changes", "is true without a token: anybody on this host could block circuits; give a token")
