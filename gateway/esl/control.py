"""What clients of the event socket order of channels: `sendmsg`."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tandem.gateway.applications.events import ChannelEvent, Happening

if TYPE_CHECKING:
    from tandem.gateway.node import Node

#: Executions of one channel whose names are remembered until they are done.
_MOST = 100
#: Channels with such names from which on those are looked for that are gone.
_MOST_CHANNELS = 1000


class ChannelControl:
    """Channels of a node for clients."""

    def __init__(self, node: Node, clock: Callable[[], float]) -> None:
        """`clock` gives the time of the machines."""
        self._node = node
        self._clock = clock
        self._ordered: defaultdict[str, deque[tuple[str, str]]] = defaultdict(lambda: deque(maxlen=_MOST))
        """By channel, what was ordered with a name of its own (`Event-UUID`): application and name, in order."""

    def exists(self, channel: str) -> bool:
        """Whether there is a channel with this UUID."""
        try:
            self._node.switchboard.find(channel)
        except LookupError:
            return False
        return True

    def message(self, channel: str, headers: Mapping[str, str], body: str, done: Callable[[str], None]) -> None:
        """`sendmsg`: execute an application (its arguments may be the body), or hang up."""
        try:
            done(self._act(channel, headers, body))
        except LookupError:
            done(f"-ERR invalid session id [{channel}]")
        except ValueError as error:
            done(f"-ERR {error}")

    def _act(self, channel: str, headers: Mapping[str, str], body: str) -> str:
        now, node = self._clock(), self._node
        match headers.get("call-command", ""):
            case "execute":
                application = headers.get("execute-app-name", "")
                argument = headers.get("execute-app-arg", "") or body
                name = headers.get("event-uuid", "")
                if name:
                    self._tidy()
                    self._ordered[channel].append((application, name))
                try:
                    node.operate(lambda board: board.execute(channel, application, argument, now), now)
                except (LookupError, ValueError):
                    if name:
                        self._forget(channel, name)
                    raise
                return f"+OK {name}" if name else "+OK"
            case "hangup":
                cause = headers.get("hangup-cause", "")
                node.operate(lambda board: board.kill(channel, now, cause), now)
                return "+OK"
            case "":
                raise ValueError("no call-command")
            case command:
                raise ValueError(f"call-command {command} is not done here; execute and hangup are")

    def name_of(self, event: ChannelEvent) -> str:
        """The `Event-UUID` with which the client ordered what an event tells of; empty for none."""
        if event.channel is None or event.channel.uuid not in self._ordered:
            return ""
        channel = event.channel.uuid
        if event.what is Happening.CHANNEL_HANGUP_COMPLETE:
            del self._ordered[channel]
            return ""
        if event.what not in (Happening.CHANNEL_EXECUTE, Happening.CHANNEL_EXECUTE_COMPLETE):
            return ""
        application = event.data.get("application", "")
        name = next((name for ordered, name in self._ordered[channel] if ordered == application), "")
        if name and event.what is Happening.CHANNEL_EXECUTE_COMPLETE:
            self._forget(channel, name)
        return name

    def clear(self) -> None:
        """Nobody listens any more: names that were given need not be told."""
        self._ordered.clear()

    def _tidy(self) -> None:
        """Forget channels whose end nobody wanted to be told of."""
        if len(self._ordered) >= _MOST_CHANNELS:
            for channel in [one for one in self._ordered if not self.exists(one)]:
                del self._ordered[channel]

    def _forget(self, channel: str, name: str) -> None:
        left = [one for one in self._ordered[channel] if one[1] != name]
        if left:
            self._ordered[channel] = deque(left, maxlen=_MOST)
        else:
            del self._ordered[channel]
