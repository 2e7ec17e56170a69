"""M3UA and M2PA over real transports on loopback: two ends in one loop."""

import asyncio

import pytest
from support.associations import Recorder, free_tcp_port, needs_usrsctp, until

from tandem.core.sigtran.configuration import AssociationConfiguration, Role, Timers
from tandem.core.sigtran.primitives import CloseAssociation, SendMessage
from tandem.gateway.sctp.binding import Binding, Links
from tandem.gateway.sctp.configuration import AssociationSettings, SctpParameters
from tandem.gateway.sctp.packets import PacketTransport
from tandem.gateway.sctp.tcp import TcpTransport
from tandem.gateway.sctp.transport import Transport
from tandem.ss7.mtp2.primitives import LinkInService, LinkOutOfService, MessageReceived
from tandem.ss7.mtp3.primitives import PauseIndication, ResumeIndication, TransferIndication, TransferRequest
from tandem.ss7.sigtran.m2pa import M2paLink
from tandem.ss7.sigtran.m2pa_configuration import M2paConfiguration
from tandem.ss7.sigtran.m3ua import M3ua
from tandem.ss7.sigtran.m3ua_configuration import M3uaServer

HERE = ["127.0.0.1"]
FAST = SctpParameters(reconnect=0.05)


class End:
    """A machine, its binding and a pump of the simplest kind."""

    def __init__(self, machine):
        self.loop = asyncio.get_running_loop()
        self.binding = Binding(machine, self.loop.time, self.pump)
        self.machine = machine
        self.said = []
        self.timer = None

    def pump(self):
        self.said += self.binding.settle()
        if self.timer is not None:
            self.timer.cancel()
        deadline = self.binding.next_deadline()
        if deadline is not None:
            self.timer = self.loop.call_at(deadline, self.expire)

    def expire(self):
        self.binding.handle_timers(self.loop.time())
        self.pump()

    def count(self, kind):
        return sum(isinstance(item, kind) for item in self.said)

    async def close(self):
        await self.binding.transport.close()
        if self.timer is not None:
            self.timer.cancel()


async def join(kind, near, far):
    """Open a transport of a kind between two ends."""
    port = free_tcp_port()
    if kind == "tcp":
        listening = AssociationSettings("x", HERE, 0, port, HERE, listen=True)
        far.binding.transport = TcpTransport([listening], far.binding, FAST)
        await far.binding.transport.start()
        near.binding.transport = TcpTransport([AssociationSettings("x", HERE, port)], near.binding, FAST)
    else:
        listening = AssociationSettings("x", HERE, 0, 2905, listen=True, udp_port=0)
        far.binding.transport = PacketTransport([listening], far.binding, FAST, "127.0.0.1", 0)
        await far.binding.transport.start()
        settings = AssociationSettings("x", HERE, 2905, udp_port=far.binding.transport.udp_port)
        near.binding.transport = PacketTransport([settings], near.binding, FAST, "127.0.0.1", 0)
    await near.binding.transport.start()


def m3ua(role, own, far):
    server = M3uaServer(name="s", associations=["x"], point_code=own, destinations=[far], routing_context=1)
    return M3ua([AssociationConfiguration("x", role)], [server], Timers(recovery=0.1))


KINDS = ["tcp", pytest.param("udp", marks=needs_usrsctp)]


@pytest.mark.parametrize("kind", KINDS)
def test_m3ua(kind):
    async def scene():
        asp, gateway = End(m3ua(Role.ASP, 100, 200)), End(m3ua(Role.SGP, 200, 100))
        await join(kind, asp, gateway)
        await until(lambda: asp.machine.available(200) and gateway.machine.available(100))
        for number in range(500):
            asp.machine.transfer(TransferRequest(5, 200, number % 16, number.to_bytes(2, "big")), asp.loop.time())
            asp.pump()
        await until(lambda: gateway.count(TransferIndication) == 500)
        for sls in range(16):
            numbers = [
                int.from_bytes(item.data, "big")
                for item in gateway.said
                if isinstance(item, TransferIndication) and item.sls == sls
            ]
            assert numbers == list(range(sls, 500, 16))
        gateway.binding.transport.abort("x", "test")
        await until(lambda: asp.count(PauseIndication) == 1 and asp.count(ResumeIndication) == 2)
        await asp.close()
        await gateway.close()

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_m2pa(kind):
    async def scene():
        ends = [End(Links({"x": M2paLink(M2paConfiguration("x", t4_emergency=0.05))})) for _ in range(2)]
        await join(kind, *ends)
        links = [end.machine.links["x"] for end in ends]
        for end, link in zip(ends, links, strict=True):
            link.set_emergency(True, end.loop.time())
            link.start(end.loop.time())
            end.pump()
        await until(lambda: all(("x", LinkInService()) in end.said for end in ends))
        for number in range(500):
            links[0].send(b"\x85" + number.to_bytes(2, "big"), ends[0].loop.time())
            ends[0].pump()
        received = ends[1].said
        await until(lambda: sum(isinstance(item[1], MessageReceived) for item in received) == 500)
        messages = [item[1].msu for item in received if isinstance(item[1], MessageReceived)]
        assert messages == [b"\x85" + number.to_bytes(2, "big") for number in range(500)]
        await until(lambda: links[0].pending_messages == 0)
        ends[1].binding.transport.abort("x", "test")
        await until(lambda: ("x", LinkOutOfService("association lost")) in ends[0].said)
        for end in ends:
            await end.close()

    asyncio.run(scene())


class Nowhere(Transport):
    async def start(self):
        pass

    async def close(self):
        pass

    def send(self, association, octets, stream, ppid):
        return False

    def abort(self, association, reason):
        self.aborted = (association, reason)

    def is_up(self, association):
        return False


def test_messages_without_association_and_closing():
    machine = m3ua(Role.ASP, 100, 200)
    binding = Binding(machine, lambda: 0.0, lambda: None)
    binding.transport = Nowhere([], Recorder())
    machine._outputs += [SendMessage("x", 0, 3, b""), CloseAssociation("x", "test")]
    assert binding.settle() == [CloseAssociation("x", "test")]
    assert (binding.lost, binding.transport.aborted) == (1, ("x", "test"))
