"""The media process as the signalling process sees it: start it, command it, hear from it."""

from __future__ import annotations

import msgspec

from tandem.gateway.child import ChildProcess

from .protocol import Command, Event, Shutdown


class MediaProcess(ChildProcess[Command, Event]):
    """A running media process; its configuration is a MediaConfiguration, its first event Ready or Failed."""

    MODULE = "tandem.gateway.media"
    EVENTS = msgspec.msgpack.Decoder(list[Event])
    SHUTDOWN = Shutdown()
