"""Every command of the gateway in one table."""

from __future__ import annotations

from tandem.gateway.operator.calls import calls
from tandem.gateway.operator.command import CommandTable
from tandem.gateway.operator.general import general
from tandem.gateway.operator.maintenance import maintenance
from tandem.gateway.operator.process import process
from tandem.gateway.operator.show import show
from tandem.gateway.operator.sofia import sofia
from tandem.gateway.operator.spans import spans


def command_table() -> CommandTable:
    """A new table with all of them."""
    table = CommandTable()
    table.add(*general(table), *show(), *maintenance(), *spans(), *sofia(), *calls(), *process())
    return table
