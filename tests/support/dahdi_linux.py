"""The real DAHDI with local spans, for a Linux of one's own whose init is the caller (`support.uml`).

`python -m support.dahdi_linux FOLDER MODULE…` loads the modules, sets four spans up, and prints a line of JSON for each
scene: what `tandem hardware` shows, a bit error test between two spans, calls with speech over all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from stat import S_IFCHR

MAJOR = 196
"""Of DAHDI's device files."""
SPECIAL = {"ctl": 0, "timer": 253, "channel": 254, "pseudo": 255}
CHANNELS = 31
SPANS = ("1:0", "1:1", "2:0", "2:1")
"""Addresses of local spans: those with the same key before the colon are joined."""
CONFIGURATION = Path("/run/dahdi.conf")
#: Few channels, each a system call for every chunk in each direction: this Linux is a process that is traced.
SPEECH = "1-4"
D_CHANNEL_SPAN = 2
"""Place of the span whose channel 16 the kernel has the HDLC of."""
BUFFERS = "chunk=160,buffers=12"
DEVICES = Path("/sys/bus/dahdi_devices/devices")


def load(modules: list[str]) -> None:
    """Load the modules and make the device files, in a /dev that ends with this Linux."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/dev"], check=True)
    for name in ("shm", "pts", "dahdi"):
        Path("/dev", name).mkdir()
    for name, (major, minor) in {"null": (1, 3), "zero": (1, 5), "random": (1, 8), "urandom": (1, 9)}.items():
        os.mknod(f"/dev/{name}", 0o666 | S_IFCHR, os.makedev(major, minor))
    for module in modules:
        # Channels get their numbers without udev.
        options = ["auto_assign_spans=1"] if Path(module).stem == "dahdi" else []
        subprocess.run(["insmod", module, *options], check=True)
    numbered = {str(channel): channel for channel in range(1, CHANNELS * len(SPANS) + 1)}
    for name, minor in (SPECIAL | numbered).items():
        os.mknod(f"/dev/dahdi/{name}", 0o666 | S_IFCHR, os.makedev(MAJOR, minor))


def configure(*, new: bool = True) -> None:
    """Set the channels of the spans up, which are made before if they are `new`."""
    lines = [f"dynamic=loc,{address},{CHANNELS},0" for address in SPANS if new]
    first, last = map(int, SPEECH.split("-"))
    for place in range(len(SPANS)):
        start = CHANNELS * place
        lines.append(f"bchan={start + first}-{start + last}")
        lines.append(f"{'dchan' if place == D_CHANNEL_SPAN else 'bchan'}={start + 16}")
    CONFIGURATION.write_text("\n".join(lines) + "\n")
    subprocess.run(["dahdi_cfg", "-c", str(CONFIGURATION)], check=True, stdout=subprocess.DEVNULL)


def unplug() -> None:
    """Take the numbers of spans and channels away, open or not, as happens when a card is unplugged."""
    for device in DEVICES.iterdir():
        (device / "unassign_span").write_text("1\n")


def plug() -> None:
    """Give the spans their numbers again, and set their channels up."""
    for device in sorted(DEVICES.iterdir()):
        (device / "auto_assign").write_text("1\n")
    configure(new=False)


def tandem(*arguments: str) -> subprocess.Popen[str]:
    """The command line, begun."""
    command = [sys.executable, "-P", "-m", "tandem.gateway", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def play(folder: str, modules: list[str]) -> None:
    """Play every scene."""
    load(modules)
    configure()
    print(json.dumps({"hardware": tandem("hardware").communicate()[0]}), flush=True)
    far = tandem("span", "loopback", f"dahdi:2,{BUFFERS}", "--seconds", "9", "--json")
    time.sleep(3)
    near = tandem("span", "bert", f"dahdi:1,{BUFFERS}", "--timeslots", SPEECH, "--seconds", "4", "--json")
    print(json.dumps({"bert": near.communicate()[0]}), flush=True)
    far.communicate()
    calls = Path(__file__).with_name("dahdi_kernel_calls.py")
    options = ["-q", "-n0", "-rA", "-p", "no:cacheprovider", "--basetemp", f"{folder}/calls"]
    # On the one processor of this Linux two media processes with real-time scheduling would leave the others little.
    shared = ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"]
    command = [*shared, sys.executable, "-m", "pytest", *options, str(calls)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(json.dumps({"calls": done.stdout + done.stderr}), flush=True)


if __name__ == "__main__":
    play(sys.argv[1], sys.argv[2:])
