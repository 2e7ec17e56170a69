"""Run every benchmark and print one table and one JSON file: `make bench`, or `python tests/bench/run.py --json FILE`.

Figures mean something only on a machine that does nothing else; compare with earlier figures of the same machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

RUNS = {
    "media, one RTP leg and one timeslot": ["media", "--calls", "480", "--mode", "timeslot"],
    "media, two RTP legs, A to mu": ["media", "--calls", "480", "--mode", "rtp"],
    "calls at 50/s": ["calls", "--rate", "50", "--seconds", "20"],
    "calls at 200/s": ["calls", "--rate", "200", "--seconds", "20", "--hold", "0.2"],
    "SIP over UDP": ["sip", "--rate", "100"],
    "SIP over TCP": ["sip", "--rate", "100", "--transport", "tcp"],
    "SIP over TLS": ["sip", "--rate", "100", "--transport", "tls"],
    "memory of 2,000 SIP calls": ["sip", "--standing", "2000"],
    "spans": ["spans"],
    "codec": ["codec"],
    "isup": ["isup"],
    "tup": ["tup"],
    "q931": ["q931"],
    "pri": ["pri"],
    "ss7": ["ss7"],
    "sigtran": ["sigtran"],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write all results to this file")
    parser.add_argument("--only", help="run benchmarks whose name contains this")
    arguments = parser.parse_args()
    results = {}
    for name, command in RUNS.items():
        if arguments.only and arguments.only not in name:
            continue
        print(f"\n== {name}: tandem bench {' '.join(command)}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "tandem.gateway", "bench", *command, "--json"], capture_output=True, text=True
        )
        if done.returncode:
            print(f"failed: {done.stderr.strip()}")
            return 1
        results[name] = json.loads(done.stdout)
        print(json.dumps(results[name], indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
