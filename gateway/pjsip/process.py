"""The PJSIP process as the signalling process sees it: start it, command it, hear from it."""

from __future__ import annotations

import msgspec

from tandem.gateway.child import ChildProcess

from .protocol import Command, Event, Shutdown


class PjsipProcess(ChildProcess[Command, Event]):
    """A running PJSIP process; its configuration is an EngineConfiguration, its first event Started or Failed."""

    MODULE = "tandem.gateway.pjsip"
    EVENTS = msgspec.msgpack.Decoder(list[Event])
    SHUTDOWN = Shutdown()
