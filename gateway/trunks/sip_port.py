"""A SIP peer, and a registered user, as trunks of call control: where they are, and what their calls may use."""

from __future__ import annotations

from typing import Protocol

import msgspec

from tandem.gateway.calls.half_call import HalfCall
from tandem.gateway.calls.model import (
    Primitive,
    Release,
    Setup,
)
from tandem.gateway.configuration.ranges import parse_endpoint, split_host
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip import sdp
from tandem.gateway.sip.dialog import destination_of
from tandem.gateway.sip.endpoint import DEFAULT_PORTS, Endpoint, endpoint_of, transport_of
from tandem.gateway.sip.fields import parse_uri
from tandem.gateway.sip.limits import CallRate
from tandem.gateway.sip.location import Server
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.peers import Peers
from tandem.gateway.sip.sources import Sources
from tandem.gateway.trunks.sip_isup import Encapsulation


class Owner(Protocol):
    """What does the work of a trunk: `SipTrunks`."""

    def offer(
        self, port: SipTrunkPort, half: HalfCall, setup: Setup, now: float, called_user: str | None = None
    ) -> Release | None:
        """Begin a call to the peer of `port`, or to a user registered there."""

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """Tell the peer what the other side of the call does."""

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """End the call."""

    def farewell(self, half: HalfCall) -> msgspec.Raw | None:
        """What a later process needs to end the call."""

    def bid_farewell(self, port: SipTrunkPort, what: msgspec.Raw, release: Release, now: float) -> None:
        """End what an earlier process left standing."""


_LAWS = {"PCMA": "A", "PCMU": "u"}


class SipTrunkPort:
    """One SIP peer as a trunk of call control."""

    is_circuit = False

    def __init__(self, trunk: SipTrunk, owner: Owner) -> None:
        """Take the peer's address and codecs from `trunk`."""
        self.configuration = trunk
        self.account = "" if trunk.engine == "native" else trunk.name
        """Name of the trunk towards another SIP engine than our own; empty: ours."""
        self.name = trunk.name
        self.peers = Peers()
        """Where the peer is; nowhere for the trunk of registered users, and for a name before the DNS has answered."""
        self.sources = Sources([])
        """Whence calls are accepted."""
        self.accepted: list[str] = []
        """The same, as addresses and networks."""
        self.location: tuple[str, int | None, str, str] | None = None
        """What to ask the DNS for: host, port, transport and certificate name; None for an address."""
        if not trunk.registrar:
            self._place(trunk)
        self.calls = 0
        self._owner = owner
        self.reconfigure(trunk)

    def reconfigure(self, trunk: SipTrunk) -> None:
        """Take what does not say where the peer is; calls that are up keep what they were made with."""
        self.configuration = trunk
        self.accept_names = frozenset(name.lower() for name in trunk.accept_names)
        """Certificates that calls are accepted by, instead of addresses."""
        self.rate = CallRate(trunk.calls_per_second)
        self.laws = tuple(_LAWS[codec] for codec in trunk.codecs)
        self.clear_laws = (sdp.CLEAR, *self.laws)
        """With octets that are no speech first: offered where the call asks for 64 kbit/s unrestricted."""
        self.takes_digits = trunk.digits != "events"
        self.gain_in, self.gain_out = trunk.gain_in, trunk.gain_out
        self.overlap = trunk.overlap != "en-bloc"
        """Whether further digits may follow, in INVITE (RFC 3578) or INFO."""
        self.digits_in_info = trunk.overlap == "info"
        self.sends_overlap = self.overlap and not trunk.registrar
        self.encapsulation = Encapsulation(trunk) if trunk.isup_variant else None
        self.options = CallOptions(
            trunk.reliable_responses,
            trunk.session_seconds,
            trunk.minimum_session_seconds,
            trunk.refresher,
            trunk.preconditions,
            None if self.encapsulation is None else self.encapsulation.release_complete(),
        )
        self.takes_pending = trunk.preconditions == "required"
        self.carries_isup = self.encapsulation is not None

    def offer(self, half: HalfCall, setup: Setup, now: float) -> Release | None:
        """Send INVITE with our SDP offer."""
        return self._owner.offer(self, half, setup, now)

    def send(self, half: HalfCall, primitive: Primitive, now: float) -> None:
        """Send 180, 183 or 200."""
        self._owner.send(half, primitive, now)

    def release(self, half: HalfCall, release: Release, now: float) -> None:
        """Refuse, cancel or end the call."""
        self._owner.release(half, release, now)

    def farewell(self, half: HalfCall) -> msgspec.Raw | None:
        """See StandingTrunk."""
        return self._owner.farewell(half)

    def bid_farewell(self, what: msgspec.Raw, release: Release, now: float) -> None:
        """Send BYE, CANCEL or a refusal."""
        self._owner.bid_farewell(self, what, release, now)

    def destination_of(self, uri: str) -> Endpoint:
        """Where a request to `uri` goes: the address that it names, else the peer, which knows the name."""
        return destination_of(parse_uri(uri), self.peer)

    def _place(self, trunk: SipTrunk) -> None:
        """Take the peer's address, or its name to be looked up."""
        transport = "" if trunk.transport == "auto" else trunk.transport
        name = split_host(trunk.peer)
        if name is not None:
            self.location = (*name, transport, trunk.tls_name or trunk.domain)
            self.move([])
            return
        host, port = parse_endpoint(trunk.peer, DEFAULT_PORTS[transport or "udp"])
        self.move([Server(0, 0, endpoint_of(transport, host, port, trunk.tls_name or trunk.domain))])

    def move(self, servers: list[Server]) -> bool:
        """The peer is at these servers now; False when it was before."""
        trunk = self.configuration
        changed = self.peers.replace(servers)
        hosts = [server.endpoint[0] for server in servers]
        # Where everything goes over TLS nothing is taken that does not: an address alone may be forged.
        secured = trunk.transport == "tls" or (
            bool(servers) and all(transport_of(server.endpoint) == "tls" for server in servers)
        )
        self.accepted = [*trunk.accept_from, *hosts]
        self.sources = Sources(self.accepted, tls_only=secured)
        return changed

    @property
    def peer(self) -> Endpoint:
        """The first server of the peer, for what has no better place to go."""
        endpoints = self.peers.endpoints
        return endpoints[0] if endpoints else ("", 0)

    @property
    def destinations(self) -> list[Endpoint]:
        """Where the peer is, in the order to try."""
        return self.peers.endpoints

    @property
    def host(self) -> str:
        """Host part of the peer's URIs: its domain, its name, or empty where its address is meant."""
        return self.configuration.domain or (self.location[0] if self.location is not None else "")

    @property
    def full(self) -> bool:
        """Whether `max_calls` is reached."""
        return bool(self.configuration.max_calls) and self.calls >= self.configuration.max_calls


class SipUserPort(SipTrunkPort):
    """One registered user as a trunk of call control: what `user:NAME` in a route means."""

    def __init__(self, user: str, trunk: SipTrunkPort, owner: Owner) -> None:
        """`trunk` is the one that users register at."""
        super().__init__(trunk.configuration, owner)
        self.name = f"user:{user}"
        self._user = user
        self._trunk = trunk

    def offer(self, half: HalfCall, setup: Setup, now: float) -> Release | None:
        """Send INVITE to where the user has registered."""
        return self._owner.offer(self._trunk, half, setup, now, self._user)
