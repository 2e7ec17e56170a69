"""IUA ends under a virtual clock: application servers by name, and "sg" with real data links to users of the line."""

from __future__ import annotations

from support.sigtran_network import SigtranNetwork

from tandem.core.sigtran.codes import TrafficMode
from tandem.core.sigtran.configuration import AssociationConfiguration, Role
from tandem.isdn.iua.configuration import IuaServer
from tandem.isdn.iua.layer import Iua
from tandem.isdn.iua.link import LinkRequest, Request
from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.link import DataLink
from tandem.isdn.q921.primitives import ErrorIndication, SendFrame, State

INTERFACES = (1, "two")
SETUP = bytes.fromhex("0802000105 04038090a3")


class IuaNetwork(SigtranNetwork):
    """`links` are the gateway's data links by interface, `far` those of the users of the lines."""

    def __init__(self, *asps, mode=TrafficMode.OVERRIDE, connect=True):
        super().__init__()
        self.links = {each: DataLink(LinkConfiguration(network=True)) for each in INTERFACES}
        self.far = {each: DataLink(LinkConfiguration(network=False)) for each in INTERFACES}
        self._far_said = {each: [] for each in INTERFACES}
        for name in asps:
            self.add(name, machine(Role.ASP, name, mode=mode))
        self.add("sg", machine(Role.SGP, *asps, mode=mode))
        for name in asps:
            self.join(name, name, "sg", connect)
            self.run(1)

    def bring_up(self, asp, interface):
        """Have a data link established; the ends of it at the application server and at the far end."""
        link = self.machines[asp].link(interface)
        link.establish(self.now)
        self.run(3)
        assert link.state is State.MULTIPLE_FRAME_ESTABLISHED
        assert self.far[interface].state is State.MULTIPLE_FRAME_ESTABLISHED
        return link, self.far[interface]

    def heard(self, asp, interface):
        """What layer 3 heard at an application server since it was last asked."""
        return self.machines[asp].link(interface).outputs()

    def far_heard(self, interface):
        """What layer 3 heard at the far end since it was last asked."""
        said = self._far_said[interface][:]
        self._far_said[interface].clear()
        return said

    def run(self, seconds):
        end = self.now + seconds
        self.drain()
        while self.now < end:
            super().run(min(0.05, end - self.now))
            for link in (*self.links.values(), *self.far.values()):
                link.handle_timers(self.now)
            self.drain()

    def drain(self):
        super().drain()
        moved = True
        while moved:
            moved = False
            for interface, link in self.links.items():
                for output in link.outputs():
                    moved = True
                    if isinstance(output, SendFrame):
                        self.far[interface].frame_received(output.octets, self.now)
                    elif not isinstance(output, ErrorIndication):
                        self.machines["sg"].link_indication(interface, output)
                for output in self.far[interface].outputs():
                    moved = True
                    if isinstance(output, SendFrame):
                        link.frame_received(output.octets, self.now)
                    elif not isinstance(output, ErrorIndication):
                        self._far_said[interface].append(output)
            super().drain()

    def _act(self, name, output):
        if not isinstance(output, LinkRequest):
            super()._act(name, output)
            return
        link = self.links[output.interface]
        match output.request:
            case Request.ESTABLISH:
                link.establish(self.now)
            case Request.RELEASE | Request.DENY:
                link.release(self.now)
            case Request.DATA:
                link.data(output.octets, self.now)
            case Request.UNIT_DATA:
                link.unit_data(output.octets, self.now)


def machine(role, *associations, mode):
    links = [AssociationConfiguration(name, role) for name in associations]
    return Iua(links, [IuaServer(name="s", associations=associations, interfaces=INTERFACES, mode=mode)])
