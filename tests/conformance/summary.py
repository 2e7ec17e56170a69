"""Print the conformance tables: `python tests/conformance/summary.py`, with `--markdown` for the reference page.

Every case is run; it has passed, failed, or does not apply. The exit status is 1 when one failed.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from conformance.catalogue import Case
from conformance.q781_transmission import Q781
from conformance.q782_routes import Q782
from conformance.q784_calls import Q784

CATALOGUES = (Q781, Q782, Q784)


def outcome(case: Case) -> str:
    """Run `case`: passed, failed or not applicable."""
    if case.check is None:
        return "not applicable"
    try:
        case.check()
    except AssertionError:
        return "failed"
    return "passed"


def main() -> int:
    """Run everything and print it."""
    markdown = "--markdown" in sys.argv[1:]
    failed = 0
    for catalogue in CATALOGUES:
        results = [(case, outcome(case)) for case in catalogue.cases]
        totals = Counter(result for _, result in results)
        failed += totals["failed"]
        text = ", ".join(f"{totals[result]} {result}" for result in ("passed", "failed", "not applicable"))
        recalled = " (numbers within the sections recalled)" if catalogue.cases[0].recalled else ""
        print(
            f"## {catalogue.recommendation}{recalled}: {text}\n" if markdown else f"{catalogue.recommendation}: {text}"
        )
        if markdown:
            print("| case | title | result |\n| --- | --- | --- |")
        for case, result in results:
            note = f"{result}: {case.reason}" if case.reason else result
            line = f"| {case.number} | {case.title} | {note} |"
            print(line if markdown else f"  {case.number:7} {note:15} {case.title}")
        print()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
