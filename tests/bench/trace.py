"""`tandem trace` against tshark and sngrep, same files, same run: `python tests/bench/trace.py [--packets N]`.

Prints a table of CPU seconds, wall seconds and peak memory, the median of `--runs` interleaved runs. The files are made
by `traffic.py`. tshark makes no table of calls: `fields` is what it takes to get the fields that one is made of,
`streams` its RTP streams and SIP statistics, `phs` its cheapest pass, which counts packets by protocol.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIELDS = (
    *("frame.number", "frame.time_epoch", "isup.message_type", "isup.cic", "m3ua.protocol_data_opc"),
    *("m3ua.protocol_data_dpc", "isup.called", "isup.calling", "isup.cause_indicator", "sip.Method"),
    *("sip.Status-Code", "sip.Call-ID", "sip.from.user", "sip.to.user"),
)
MIXES = ("speech", "signalling", "sip", "isup", "challenged", "mtp2", "mtp3", "tup")


def commands(path):
    fields = [word for name in FIELDS for word in ("-e", name)]
    # tshark has no dissector of TUP: of its messages it gives number and time.
    shown = "mtp3" if path.name.startswith("tup") else "isup or sip"
    found = {
        "tandem trace": [sys.executable, "-m", "tandem.gateway", "trace", str(path)],
        "tandem trace --jobs 2": [sys.executable, "-m", "tandem.gateway", "trace", "--jobs", "2", str(path)],
        "tandem trace --stats": [sys.executable, "-m", "tandem.gateway", "trace", "--stats", str(path)],
        "tshark fields": ["tshark", "-r", str(path), "-Y", shown, "-T", "fields", *fields],
        "tshark streams": ["tshark", "-r", str(path), "-q", "-z", "rtp,streams", "-z", "sip,stat"],
        "tshark phs": ["tshark", "-r", str(path), "-q", "-z", "io,phs"],
    }
    if shutil.which("sngrep"):
        found["sngrep -N"] = ["sngrep", "-N", "-q", "-I", str(path)]
    return found


def run(command):
    """CPU seconds, wall seconds, peak kilobytes."""
    begun = time.monotonic()
    # As for a user: modules are compiled to bytecode once, not with each start.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment | {"TERM": "xterm"},
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begun, usage.ru_maxrss, process.returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--mix", choices=MIXES, help="only this one")
    parser.add_argument("--keep", type=Path, help="make the captures in this folder, or take those that are there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for mix in MIXES:
            if arguments.mix not in (None, mix):
                continue
            path = (arguments.keep or Path(folder)) / f"{mix}-{arguments.packets}.pcap"
            # In a process of its own: the peak memory of children begins with that of this one.
            make = [sys.executable, str(Path(__file__).with_name("traffic.py")), str(path), "--mix", mix]
            if not path.exists():
                subprocess.run([*make, "--packets", str(arguments.packets)], check=True, stdout=subprocess.DEVNULL)
            count = arguments.packets
            print(f"\n{mix}: {count} packets, {path.stat().st_size / 1e6:.0f} MB", flush=True)
            results = {name: [] for name in commands(path)}
            run([sys.executable, "-m", "tandem.gateway", "trace", "--help"])
            for _ in range(arguments.runs):
                for name, command in commands(path).items():
                    results[name].append(run(command))
            for name, measured in results.items():
                cpu, wall, peak = (statistics.median(values) for values in list(zip(*measured, strict=True))[:3])
                failed = "" if all(code == 0 for *_, code in measured) else f"  exit status {measured[-1][-1]}"
                print(
                    f"{name:22} {cpu:7.2f} s CPU {wall:7.2f} s  {count / cpu:10,.0f} packets/s  "
                    f"{peak / 1024:6.0f} MB{failed}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
