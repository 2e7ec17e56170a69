"""The command line, `tandem`."""

from __future__ import annotations

import click

from tandem.gateway.decode import decode_command


@click.group()
@click.version_option(package_name="tandem-gateway", prog_name="tandem")
def main() -> None:
    """Tandem joins circuit-switched trunks with SIP and explains every call."""


main.add_command(decode_command)
