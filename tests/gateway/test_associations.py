"""Associations from the configuration, over TCP, which every machine has."""

import asyncio
import socket

from tandem.core.sigtran.codes import Ppid, Type
from tandem.core.sigtran.common import encode_message
from tandem.core.sigtran.primitives import CloseAssociation, SendMessage
from tandem.gateway.associations import Associations, settings_of
from tandem.gateway.configuration.load import parse

TEXT = """
[[span]]
name = "e1"
device = "virtual:x"
[[association]]
name = "wire"
transport = "tcp"
local = "127.0.0.1:{local}"
peer = "127.0.0.1:{peer}"
wait = {wait}
[[ss7.m3ua]]
name = "as"
associations = ["wire"]
point_code = "1"
destinations = ["2"]
"""


class User:
    """Remembers what it is told."""

    def __init__(self):
        self.heard = []
        self.changed = asyncio.Event()

    def _note(self, *what):
        self.heard.append(what)
        self.changed.set()

    def association_up(self, association, streams):
        self._note("up", association, streams)

    def association_down(self, association, reason):
        self._note("down", association)

    def message_received(self, association, octets, stream, ppid):
        self._note("message", association, octets)

    async def until(self, kind):
        while not any(what[0] == kind for what in self.heard):
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), 20)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def exchange():
    port = free_port()
    one, two = User(), User()
    waiting = Associations(parse(TEXT.format(local=port, peer=0, wait="true")), one)
    calling = Associations(parse(TEXT.format(local=0, peer=port, wait="false")), two)
    await waiting.start()
    await calling.start()
    await one.until("up")
    await two.until("up")
    message = encode_message(Type.ASPUP, [])
    calling.carry_out([SendMessage("wire", 0, Ppid.M3UA, message)])
    await one.until("message")
    waiting.carry_out([CloseAssociation("wire", "enough")])
    await two.until("down")
    await calling.close()
    await waiting.close()
    return one.heard, message


def test_messages_cross_and_associations_end():
    heard, message = asyncio.run(exchange())
    assert ("up", "wire", 1) in heard
    assert ("message", "wire", message) in heard


def test_settings():
    text = TEXT.format(local=2905, peer=2906, wait="false").replace("wait", 'also_peer = ["127.0.0.3"]\nwait')
    settings = settings_of(parse(text).association[0], Ppid.M3UA)
    assert settings.remote_addresses == ("127.0.0.1", "127.0.0.3")
    assert (settings.remote_port, settings.local_port, settings.listen, settings.ppid) == (2906, 2905, False, 3)
