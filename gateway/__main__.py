"""The program `tandem`, as `python -m tandem.gateway` too."""

from __future__ import annotations

import gc
import os
import sys


def start() -> None:
    """Run the command line, and end the process."""
    if sys.argv[1:2] == ["trace"]:
        # What is imported stays, and hardly anything of a capture is part of a cycle: looking for cycles as often as by
        # default takes a twentieth of the start, and a fifth of the rest.
        gc.set_threshold(200_000, 50, 50)
    from tandem.gateway.cli import main

    try:
        main(prog_name="tandem")
    except SystemExit as end:
        if sys.argv[1:2] == ["trace"] and not end.code:
            # All is written and closed. To take what a long capture left in memory apart, object by object, costs as
            # much as reading some 30,000 packets of it.
            sys.stdout.flush()
            os._exit(0)
        raise


if __name__ == "__main__":
    start()
