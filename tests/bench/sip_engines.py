"""Signalling of SIP calls, Tandem's own agent against PJSIP (pjsua2), turn by turn in the same run.

`python tests/bench/sip_engines.py [--calls N] [--rounds N] [--built]`. Each engine calls itself over UDP on 127.0.0.1:
INVITE, 180, 200, ACK, BYE, 200. CPU is that of the whole process for both ends of a call; memory is what the process
grows by for each call that stands, as many at once as the engine allows. PJSIP cannot be had without media: it has a
null device. Needs `pip install pjsua2-python`; with `--built` PJSIP as `tandem build-pjsip` builds it takes its turn.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import select
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.built_pjsip import place

OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
    b"a=rtpmap:8 PCMA/8000\r\n"
)


FEW = 32
"""Calls of a build with so few sockets that they must be waited for."""


def cpu() -> float:
    """CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident() -> int:
    """Resident memory, kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def tandem(calls: int, standing: int) -> dict[str, float]:
    """Two agents in this process, a socket each."""
    from tandem.gateway.sip.agent import SipAgent
    from tandem.gateway.sip.configuration import AgentConfiguration
    from tandem.gateway.sip.options import CallOptions
    from tandem.gateway.sip.primitives import Closed, Confirmed, IncomingInvite, InviteRequest, SendDatagram

    options = CallOptions("supported", 1800)
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "12"]
    for one in sockets:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
    ports = [one.getsockname()[1] for one in sockets]
    agents = [
        SipAgent(AgentConfiguration("127.0.0.1", port, supported=("100rel", "timer")), lambda: secrets.token_hex(8))
        for port in ports
    ]
    state = {"closed": 0, "confirmed": 0}
    hang_up = True

    def act(index: int) -> None:
        now = time.monotonic()
        while outputs := agents[index].outputs():
            for output in outputs:
                match output:
                    case SendDatagram(data=data, destination=destination):
                        sockets[index].sendto(data, tuple(destination[:2]))
                    case IncomingInvite(call=call):
                        agents[index].configure(call, options, now)
                        agents[index].respond(call, 180, now=now)
                        agents[index].respond(call, 200, body=OFFER, now=now)
                    case Confirmed(call=call):
                        state["confirmed"] += 1
                        if hang_up:
                            agents[index].bye(call, (), now)
                    case Closed() if index == 0:
                        state["closed"] += 1

    def pump(until) -> None:  # type: ignore[no-untyped-def]
        while not until():
            for ready in select.select(sockets, [], [], 0.05)[0]:
                index = sockets.index(ready)
                try:
                    while True:
                        data, source = ready.recvfrom(65535)
                        agents[index].receive(data, source, time.monotonic())
                        act(index)
                except BlockingIOError:
                    pass
            for index, agent in enumerate(agents):
                deadline = agent.next_deadline()
                if deadline is not None and deadline <= time.monotonic():
                    agent.handle_timers(time.monotonic())
                    act(index)

    def call() -> None:
        uri = f"sip:2@127.0.0.1:{ports[1]}"
        request = InviteRequest(uri, "sip:1@127.0.0.1", uri, ("127.0.0.1", ports[1]), OFFER, options=options)
        agents[0].invite(request, time.monotonic())
        act(0)

    began = cpu()
    for number in range(calls):
        call()
        pump(lambda number=number: state["closed"] > number)
    used = cpu() - began
    hang_up, state["confirmed"] = False, 0
    before = resident()
    for number in range(standing):
        call()
        pump(lambda number=number: state["confirmed"] > number)
    return {"cpu_us": used / calls * 1e6, "kilobytes": (resident() - before) / standing, "standing": standing}


def pjsip(calls: int) -> dict[str, float]:
    """One endpoint that calls itself; two of its calls stand for each of ours."""
    import pjsua2 as pj

    from tandem.gateway.pjsip import abilities

    ends: list[object] = []
    state = {"closed": 0, "confirmed": 0}
    settings = pj.EpConfig()
    settings.logConfig.level = settings.logConfig.consoleLevel = 0
    settings.uaConfig.threadCnt = 0
    settings.uaConfig.mainThreadOnly = True
    settings.uaConfig.maxCalls = abilities.PLENTY
    settings.medConfig.clockRate = settings.medConfig.sndClockRate = 8000

    def speech_alone() -> object:
        """Without real-time text, which a PJSIP of later than 2.15 offers too, and takes 0.3 s to end."""
        operation = pj.CallOpParam(True)
        operation.opt.audioCount, operation.opt.videoCount = 1, 0
        if hasattr(operation.opt, "textCount"):
            operation.opt.textCount = 0
        return operation

    class Call(pj.Call):
        def onCallState(self, parameters: object) -> None:
            info = self.getInfo()
            if info.state == pj.PJSIP_INV_STATE_CONFIRMED and info.role == pj.PJSIP_ROLE_UAS:
                state["confirmed"] += 1
            elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
                state["closed"] += 1

    class Account(pj.Account):
        def onIncomingCall(self, parameters: object) -> None:
            call = Call(self, parameters.callId)  # type: ignore[attr-defined]
            ends.append(call)
            for status in (180, 200):
                operation = speech_alone()
                operation.statusCode = status
                call.answer(operation)

    endpoint = pj.Endpoint()
    endpoint.libCreate()
    endpoint.libInit(settings)
    allowed = abilities.calls_allowed()
    transport = pj.TransportConfig()
    transport.boundAddress = "127.0.0.1"
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    endpoint.audDevManager().setNullDev()
    port = int(endpoint.transportGetInfo(0).localName.rpartition(":")[2])
    of_account = pj.AccountConfig()
    of_account.idUri = f"sip:2@127.0.0.1:{port}"
    account = Account()
    account.create(of_account)

    def pump(until) -> None:  # type: ignore[no-untyped-def]
        while not until():
            endpoint.libHandleEvents(10)

    def call() -> None:
        made = Call(account)
        ends.append(made)
        made.makeCall(f"sip:2@127.0.0.1:{port}", speech_alone())

    began = cpu()
    for number in range(calls):
        call()
        pump(lambda number=number: state["confirmed"] > number)
        ends[-2].hangup(pj.CallOpParam(True))  # type: ignore[attr-defined]
        pump(lambda number=number: state["closed"] > 2 * number + 1)
        if allowed < FEW:
            time.sleep(0.15)  # it keeps the sockets of a call for half a second, and has 64 of them
    used = cpu() - began
    standing, state["confirmed"] = allowed // 2, 0
    before = resident()
    for number in range(standing):
        call()
        pump(lambda number=number: state["confirmed"] > number)
    grown = (resident() - before) / standing
    endpoint.hangupAllCalls()
    return {"cpu_us": used / calls * 1e6, "kilobytes": grown, "standing": standing}


def main() -> None:
    """Run the engines in turn, each in a process of its own; the median of each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--built", action="store_true", help="PJSIP as `tandem build-pjsip` builds it takes part")
    parser.add_argument("--engine", choices=("tandem", "pjsip"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(tandem(options.calls, 2000) if options.engine == "tandem" else pjsip(options.calls)))
        sys.stdout.flush()
        os._exit(0)  # PJSIP takes a second to say goodbye
    found: dict[str, list[dict[str, float]]] = {"tandem": [], "pjsip": []}
    if options.built:
        found["built"] = []
    for _ in range(options.rounds):
        for engine, results in found.items():
            environment = {**os.environ, "PYTHONPATH": str(place())} if engine == "built" else os.environ
            kind = "pjsip" if engine == "built" else engine
            command = [sys.executable, __file__, "--engine", kind, "--calls", str(options.calls)]
            text = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
            results.append(json.loads(text.splitlines()[-1]))
    for engine, results in found.items():
        figures = {key: statistics.median(result[key] for result in results) for key in results[0]}
        print(
            f"{engine:8} {figures['cpu_us']:7.0f} µs CPU a call (both ends), {figures['kilobytes']:6.1f} kB a call "
            f"(both ends, {figures['standing']:.0f} at once)"
        )


if __name__ == "__main__":
    main()
