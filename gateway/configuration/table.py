"""What every table of the configuration file is made of."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(ge=0)]
TimerSeconds = Annotated[float, Meta(gt=0)]
Decibels = Annotated[float, Meta(ge=-20, le=20)]
Port = Annotated[int, Meta(ge=1024, le=65535)]
Timeslot = Annotated[int, Meta(ge=1, le=31)]
CauseValue = Annotated[int, Meta(ge=1, le=127)]


class Table(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of every table: a key that is not listed is an error."""
