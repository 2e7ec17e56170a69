"""After SIPp's calls a gateway holds what it held before: no call, transaction, timer, task or object is left over.

The gateway runs in this process, so that everything it holds can be counted. It is a neighbour of itself: an E1 leads
from one of its signalling points to the other, so that each call goes SIP, ISUP out, ISUP in, SIP. With the trunk on
PJSIP what that process holds is counted by its descriptors.
"""

import asyncio
import functools
import gc
import io
import os
import re
import signal
from collections import Counter
from pathlib import Path

import pytest
from support.gateways import free_ports
from support.sip_gateway import by_engine
from support.sipp import Sipp

from tandem.gateway.configuration.load import load
from tandem.gateway.log import Logger
from tandem.gateway.service import Service
from tandem.gateway.trunks import access

pytestmark = [pytest.mark.interop, pytest.mark.timeout(240)]

CONFIGURATION = """
[node]
records = "records.jsonl"
[sip]
listen = "127.0.0.1:{sip}"
t1_ms = 250
[media]
ports = [{rtp}, {rtp_last}]
[[trunk]]
name = "pbx"
type = "sip"
peer = "127.0.0.1:{user}"
[[route]]
trunk = ["pbx"]
called = '^0(\\d+)$'
set_called = '\\1'
to = ["left"]
[[route]]
trunk = ["right"]
to = ["pbx"]
"""
SIDE = """
[[span]]
name = "{name}"
device = "virtual:loop"
[[ss7.linkset]]
name = "{name}"
point_code = "{own}"
adjacent_point_code = "{other}"
  [[ss7.linkset.link]]
  span = "{name}"
  timeslot = 16
[[trunk]]
name = "{name}"
type = "isup"
linkset = "{name}"
  [[trunk.circuits]]
  span = "{name}"
  cic = "1-15,17-31"
"""
CALLS = 40


async def until(condition, what, seconds=40.0):
    for _ in range(int(seconds * 20)):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


def held(node):
    """Everything that should be zero when no call is up."""
    exchange = node.isup.exchange
    return {
        **node.sip.agent.sizes(),
        "calls of PJSIP": 0 if node.sip.pjsip is None else len(node.sip.pjsip._calls),
        "calls of call control": len(node.control.calls),
        "calls of ISUP": len(exchange.calls()),
        "busy circuits": 60 - exchange.idle_circuits("left") - exchange.idle_circuits("right"),
    }


def objects():
    """How many objects of each class of ours there are, and of tasks, handles and sockets; bounded caches emptied."""
    for item in gc.get_objects():
        if isinstance(item, functools._lru_cache_wrapper) and str(item.__module__).startswith("tandem."):
            item.cache_clear()
    access._messages.clear()  # the last 64, whatever kinds they were of
    gc.collect()
    kinds = (type(item) for item in gc.get_objects())
    return Counter(
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in kinds
        if str(kind.__module__).startswith(("tandem.", "asyncio", "_asyncio", "socket"))
    )


def descriptors():
    """How many the PJSIP process has, for sockets of RTP above all; 0 without one."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    found = [one for one in children if b"tandem.gateway.pjsip" in Path(f"/proc/{one}/cmdline").read_bytes()]
    return sum(len(os.listdir(f"/proc/{one}/fd")) for one in found)


async def calls(folder, ports, speech, refused):
    """One round of calls, all successful as SIPp sees it."""
    number = "301234567"
    values = {"called": f"0{number}", "calling": "302000", "payload": 8}
    if refused:
        callee = Sipp("callee_refuses", folder, ports["user"], calls=CALLS, called=number, status=486, reason="")
        values |= {"status": 486, "cause": 17}
    else:
        callee = Sipp(
            "callee_answers", folder, ports["user"], calls=CALLS, called=number, ring=50, payload=8, speech=speech[8]
        )
        values |= {"hold": 300, "speech": speech[8]}
    scenario = "caller_is_refused" if refused else "caller_hangs_up"
    with callee, Sipp(scenario, folder, None, ports["sip"], CALLS, ["-r", "20", "-l", "25"], **values) as caller:
        await asyncio.to_thread(caller.wait)
        await asyncio.to_thread(callee.wait)


@pytest.mark.parametrize("engine", ["native", "pjsua2-built"], indirect=True)
def test_nothing_is_left_over(tmp_path, speech, engine):
    first = free_ports(2 + 300)
    ports = {"sip": first, "user": first + 1, "rtp": first + 2, "rtp_last": first + 301}
    text = by_engine(engine, CONFIGURATION.format(**ports))
    if engine != "native":
        ports["sip"] = int(re.search(r"\[sip\.pjsua2\]\nlisten = .*:(\d+)", text)[1])
    text += SIDE.format(name="left", own=1, other=2) + SIDE.format(name="right", own=2, other=1)
    file = tmp_path / "gateway.toml"
    file.write_text(text)
    log = io.StringIO()

    async def scene():
        service = Service(load(file), Logger("warning", stream=log))
        node = service.node
        running = asyncio.create_task(service.run())
        await until(lambda: running.done() or not any(held(node).values()), "every circuit idle")
        assert not running.done(), log.getvalue()
        await until(lambda: node.sip.pjsip is None or node.sip.pjsip.limit, "PJSIP is up")
        tasks, files = len(asyncio.all_tasks()), descriptors()
        assert bool(files) == (engine != "native")
        counted = []
        # Refused calls come first only: their transactions last 32 s whatever T1 is (Timer D, RFC 3261 17.1.1.2).
        for rounds in ([True, False], [False, False]):
            for number, refused in enumerate(rounds):
                await calls(tmp_path / f"{len(counted)}{number}", ports, speech, refused)
            await until(lambda: not any(held(node).values()), "nothing held any more", 90.0)
            await until(lambda: descriptors() <= files, "the descriptors of PJSIP are closed")
            assert len(asyncio.all_tasks()) == tasks
            counted.append(objects())
        os.kill(os.getpid(), signal.SIGTERM)
        await running
        return counted

    before, after = asyncio.run(scene())
    # One more than before may be on its way at the moment of counting; a leak would be CALLS of them or more.
    growth = {kind: count - before[kind] for kind, count in after.items() if count - before[kind] > 5}
    assert growth == {}
    assert len((tmp_path / "records.jsonl").read_text().splitlines()) == 4 * CALLS * 2
