"""The data links under call control: found, lost, reset, and the back-up D-channel; Q.931 5.8.8, 5.8.9, annex F."""

from __future__ import annotations

from tandem.core.cause import Cause
from tandem.isdn.q931 import calls_clear, calls_status
from tandem.isdn.q931.call import Call, State
from tandem.isdn.q931.kernel import Kernel
from tandem.isdn.q931.primitives import DataLinkLost, DataLinkRestored, EstablishRequest, InterfaceState
from tandem.isdn.q931.timers import Timer


def start(kernel: Kernel, now: float) -> None:
    """Ask for the data links, and keep asking."""
    kernel.links.started = True
    _ask(kernel, now)


def _ask(kernel: Kernel, now: float) -> None:
    """DL-ESTABLISH request for what is down, again after a while."""
    links = kernel.links
    if links.started and not all(links.up):
        kernel.establish()
        kernel.timers.start((links, Timer.TESTABLISH), now + kernel.values[Timer.TESTABLISH])


def established(kernel: Kernel, link: int, now: float) -> bool:
    """DL-ESTABLISH confirm or indication. True when messages can be sent that could not before."""
    links = kernel.links
    was_up, available = links.up[link], links.available
    links.up[link] = True
    if all(links.up):
        kernel.timers.stop((links, Timer.TESTABLISH))
    if not available:
        links.active = link
        kernel.produced.append(InterfaceState(True, link))
        _restored(kernel, now)
        return True
    if was_up and link == links.active:
        _reset(kernel, now)
    return False


def _restored(kernel: Kernel, now: float) -> None:
    """The link is back within T309: active calls go on, and the peer is asked about them (5.8.9).

    A peer whose link was not lost, only set up anew, still has the calls that ended here meanwhile: their references
    are released. Where there is no call any more the peer answers all the same (5.8.3.2 b).
    """
    calls = _calls(kernel)
    untold, kernel.untold = kernel.untold, []
    for outgoing, reference, cause in untold:
        ghost = kernel.new_call(reference, outgoing=outgoing)
        ghost.offered = False
        calls_clear.release(kernel, ghost, (kernel.cause(cause),), now)
    for call in calls:
        if call.link_lost:
            call.link_lost = False
            kernel.stop(call, Timer.T309)
            kernel.deliver(call, DataLinkRestored(call.number))
        calls_status.enquire(kernel, call, now)


def _reset(kernel: Kernel, now: float) -> None:
    """The link was set up anew without being lost, messages may be (5.8.8): calls that wait for digits end.

    The peer is asked about the others, for what it sent may never have come.
    """
    roles = kernel.roles
    for call in _calls(kernel):
        if call.state in (roles.sent_overlap, roles.got_overlap):
            calls_clear.down(kernel, call, Cause.TEMPORARY_FAILURE, "the data link was reset", now)
        elif call.state not in (State.RELEASE_REQUEST, roles.disconnect_sent, roles.sent):
            kernel.stop(call, Timer.T322)  # a question that is under way may be lost too
            call.enquired_in = None
            calls_status.enquire(kernel, call, now)


def released(kernel: Kernel, link: int, now: float) -> bool:
    """DL-RELEASE indication or confirm. True when messages could be sent before and cannot now."""
    links = kernel.links
    available = links.available
    links.up[link] = False
    if links.started and not kernel.timers.is_running((links, Timer.TESTABLISH)):
        _ask(kernel, now)
    if not available or links.available:
        return False
    other = links.up.index(True) if any(links.up) else None
    if other is not None:
        use(kernel, other, now)
        _reset(kernel, now)
        return False
    kernel.timers.stop((links, Timer.T321))
    kernel.produced.append(InterfaceState(False, link))
    for call in _calls(kernel):
        if call.state is not State.ACTIVE:
            kernel.drop(call, Cause.TEMPORARY_FAILURE, "the data link was lost")
            continue
        kernel.stop(call, Timer.T322)
        call.enquired_in = None
        call.link_lost = True
        kernel.start(call, Timer.T309, now)
        kernel.deliver(call, DataLinkLost(call.number))
    return True


def use(kernel: Kernel, link: int, now: float) -> None:
    """Messages go by the other D-channel from now on; T321 waits for a sign of life there (annex F)."""
    kernel.links.active = link
    kernel.alert(f"D-channel {link} takes over")
    kernel.produced.append(InterfaceState(True, link))
    kernel.timers.start((kernel.links, Timer.T321), now + kernel.values[Timer.T321])


def heard(kernel: Kernel, link: int, now: float) -> None:
    """A message came: the peer uses that D-channel."""
    links = kernel.links
    links.up[link] = True
    if link != links.active:
        use(kernel, link, now)
    if len(links.up) > 1:
        kernel.timers.stop((links, Timer.T321))


def expired(kernel: Kernel, timer: Timer, now: float) -> None:
    """T321: no sign of life on the other D-channel, establish both. Or it is time to ask for a link again."""
    if timer is Timer.TESTABLISH:
        _ask(kernel, now)
    else:
        kernel.produced += [EstablishRequest(link) for link in range(len(kernel.links.up))]


def lost_for_long(kernel: Kernel, call: Call, now: float) -> None:
    """T309: the active call is over (5.8.9, cause 27)."""
    kernel.drop(call, Cause.DESTINATION_OUT_OF_ORDER, "T309 expired")


def _calls(kernel: Kernel) -> list[Call]:
    """All calls but the suspended ones, which have no call reference."""
    return [call for call in kernel.calls.values() if call.state is not State.NULL]
