"""What an application does with a call, one step after another, as the configuration writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

#: Name of the trunk of applications; no `[[trunk]]` has it.
APPLICATIONS: Final = "application"
_WORDS = re.compile(r"([a-z_]+)(?:\((.*)\)|\s+(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Action:
    """One application with what it is given."""

    application: str
    """Such as `playback`."""
    data: str = ""
    """Such as the name of a file."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `playback /tmp/hello.wav` or `playback(/tmp/hello.wav)`; ValueError, worded for the operator."""
        found = _WORDS.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is not an application such as 'playback hello.wav'")
        return cls(found[1], (found[2] or found[3] or "").strip())

    def __str__(self) -> str:
        return f"{self.application}({self.data})"
