"""The PJSIP process in an event loop: started, lost, started again, ended; and what it says when it cannot start."""

import asyncio
import os
import signal
import socket

import pytest
from support.gateways import free_ports

from tandem.core.errors import ConfigurationError
from tandem.gateway import pjsip_link
from tandem.gateway.pjsip.protocol import Account, EngineConfiguration, Ping, PingAnswered, Started
from tandem.gateway.pjsip_link import PjsipLink


class Owner:
    def __init__(self):
        self.events = []
        self.lost = []

    def pjsip_events(self, events):
        self.events += events

    def pjsip_lost(self, reason):
        self.lost.append(reason)

    async def hear(self, kind):
        """The first event of a kind, which is then forgotten."""
        async with asyncio.timeout(20):
            while True:
                for event in self.events:
                    if isinstance(event, kind):
                        self.events.remove(event)
                        return event
                await asyncio.sleep(0.02)


def configuration():
    port = free_ports(10)
    return EngineConfiguration("127.0.0.1", port, "127.0.0.1", (port + 2, port + 9), [Account("t")])


def test_a_process_that_is_lost_is_started_again(monkeypatch):
    monkeypatch.setattr(pjsip_link, "AGAIN_SECONDS", 0.1)

    async def main():
        owner, wanted = Owner(), configuration()
        link = PjsipLink(wanted, owner)
        await link.start()
        assert owner.events == [], "nothing is told before the owner is ready"
        link.begin()
        assert isinstance(await owner.hear(Started), Started)
        place = f"sip:127.0.0.1:{wanted.port}"
        link.send([Ping(-2, "t", f"{place};transport=udp", place)])
        assert (await owner.hear(PingAnswered)).status == 200
        os.kill(link._process.pid, signal.SIGKILL)
        await owner.hear(Started)
        assert owner.lost == ["the PJSIP process ended with status -9; its calls are lost; started again in 0 s"]
        link.send([Ping(-4, "t", f"{place};transport=udp", place)])
        assert (await owner.hear(PingAnswered)).number == -4
        link.close()
        link.send([Ping(-6, "t", place, place)])
        await asyncio.sleep(0.3)
        assert len(owner.lost) == 1, "an end that was wanted is no loss"

    asyncio.run(main())


def test_what_cannot_be_had_is_told():
    async def main():
        wanted = configuration()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", wanted.port))
            await PjsipLink(wanted, Owner()).start()

    with pytest.raises(ConfigurationError, match=r"sip\.pjsua2\.listen: udp:127\.0\.0\.1:\d+ cannot be opened"):
        asyncio.run(main())


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "pjsua2.py").write_text("raise ImportError('not here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    async def main():
        await PjsipLink(configuration(), Owner()).start()

    with pytest.raises(ConfigurationError, match=r"pip install 'tandem-gateway\[pjsua2\]'"):
        asyncio.run(main())
