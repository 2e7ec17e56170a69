"""A Linux that is a program: the kernel of the Debian package user-mode-linux, on this machine's files.

It has what the machine's own kernel may lack, such as SCTP, and networks of its own. Only for x86, as the package is.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from support.peers import program

_INIT = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp PYTHONDONTWRITEBYTECODE=1
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run
modules=$(ls -d /usr/lib/uml/modules/*)
for wanted in {modules}; do
    needed=$(sed -n "s,^$wanted: *,,p" $modules/modules.dep)
    for module in $(echo $needed | tr ' ' '\\n' | tac) $wanted; do insmod $modules/$module; done
done
ip link set lo up
cd {directory}
{command} >{output} 2>&1
echo $? >{status}
echo o >/proc/sysrq-trigger
sleep 10
"""


def run(command: list[str], modules: list[str], folder: Path, seconds: float = 90.0) -> str:
    """Run a command as root in such a Linux with these modules (`kernel/net/sctp/sctp.ko`); what it printed.

    The test fails when it fails, takes longer, or the Linux cannot be started. `folder` is for its files.
    """
    linux = program("linux.uml", "user-mode-linux")
    program("insmod", "kmod")
    program("ip", "iproute2")
    script, output, status = folder / "init", folder / "output", folder / "status"
    script.write_text(
        _INIT.format(
            modules=" ".join(modules),
            directory=shlex.quote(str(Path.cwd())),
            command=shlex.join(command),
            output=output,
            status=status,
        )
    )
    script.chmod(0o755)
    environment = dict(os.environ)
    if " amx_tile" in Path("/proc/cpuinfo").read_text():
        source, library = Path(__file__).with_name("whole_registers.c"), folder / "whole_registers.so"
        subprocess.run([program("gcc", "gcc"), "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
        environment["LD_PRELOAD"] = str(library)
    kernel = [linux, "mem=384M", "root=/dev/root", "rootfstype=hostfs", "rw", f"init={script}", "panic=-1"]
    booted = subprocess.Popen(
        [*kernel, "con=null", "con0=fd:0,fd:1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=environment,
    )
    try:
        said = booted.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        said = f"not over after {seconds:.0f} s"
    finally:
        # Its processes are several, and those of a kernel in trouble do not end with the first.
        with suppress(ProcessLookupError):
            os.killpg(booted.pid, signal.SIGKILL)
        booted.wait()
    printed = output.read_text() if output.exists() else ""
    if not status.exists() or status.read_text().strip() != "0":
        pytest.fail(f"in user-mode Linux, {shlex.join(command)}:\n{printed}\n{said[-2000:]}")
    return printed


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of the tests with this Python."""
    tests = Path(__file__).parents[1]
    return ["env", f"PYTHONPATH={tests}", sys.executable, "-m", module, *arguments]
