"""What goes into a SIP agent and what comes out of it.

A call is named by the number that the agent gave it. Of each call the owner sees, in this order: how it came about
(its own `invite`, or IncomingInvite), what happens in it, at most one of Rejected, Cancelled, Ended and Failed, and
last, always and once, Closed.
"""

from __future__ import annotations

from msgspec import Struct, field

from tandem.gateway.sip.endpoint import Endpoint as Endpoint
from tandem.gateway.sip.message import Request, Response
from tandem.gateway.sip.options import CallOptions


class Credentials(Struct, frozen=True):
    """What answers a digest challenge."""

    username: str
    password: str


class InviteRequest(Struct, frozen=True):
    """An outgoing call."""

    uri: str
    """Request-URI, see `fields.sip_uri`."""
    from_uri: str
    to_uri: str
    destination: Endpoint
    """Where to send it: the next hop."""
    body: bytes | None = None
    """SDP offer."""
    from_display: str = ""
    to_display: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """Further header fields: P-Asserted-Identity, Diversion …"""
    content_type: str = "application/sdp"
    credentials: Credentials | None = None
    call_id: str = ""
    """Call-ID, unguessable and unique; empty: the agent makes one."""
    routes: tuple[str, ...] = ()
    """Preloaded Route values, `<sip:proxy;lr>`."""
    pinned: bool = False
    """Every request of the call goes to `destination`, whatever Contact says: the peer has registered from there."""
    max_forwards: int = 70
    """Hops left (RFC 3261 8.1.1.6); fewer where a hop counter came in on the other side."""
    options: CallOptions = field(default_factory=CallOptions)
    """Extensions that this call may use."""
    session: bytes | None = None
    """The session description within `body` where that is of several parts."""
    from_tag: str = ""
    """Tag of From; empty: the agent makes one. Several INVITEs of one call share it (RFC 3578)."""
    sequence: int = 1
    """CSeq number of the INVITE."""
    account: str = ""
    """Name of the trunk, where another engine than this agent makes its calls."""


class SendDatagram(Struct, frozen=True):
    """Send one message to `destination`: a datagram, or on a stream."""

    data: bytes
    destination: Endpoint


class AliasOffered(Struct, frozen=True):
    """The peer listens on `port` and asks for its connection to be used for requests to there (RFC 5923)."""

    connection: int
    port: int


class IncomingInvite(Struct, frozen=True):
    """A call comes in; 100 Trying is on its way already."""

    call: int
    request: Request
    source: Endpoint

    @property
    def body(self) -> bytes:
        """The SDP offer, empty without one."""
        return self.request.session


class Provisional(Struct, frozen=True):
    """A provisional response came for our INVITE, 100 included."""

    call: int
    status: int
    message: Response
    to_tag: str | None
    """Tells the early dialogs of a forked call apart; None for 100."""
    offer: bool = False
    """It is reliable and its body offers: answer with `prack` (RFC 3262 5)."""

    @property
    def body(self) -> bytes:
        """SDP, empty without one."""
        return self.message.session


class Answered(Struct, frozen=True):
    """Our call was answered; the ACK has been sent."""

    call: int
    message: Response
    offer: bool = False
    """Its body offers, as our INVITE did not: the ACK has yet to be sent, with the answer (`acknowledge`)."""

    @property
    def body(self) -> bytes:
        """SDP, empty without one."""
        return self.message.session


class Rejected(Struct, frozen=True):
    """Our call failed with a final response of 300 to 699; 487 after `cancel`."""

    call: int
    status: int
    message: Response


class Cancelled(Struct, frozen=True):
    """The caller gave up before we answered: CANCEL, or BYE in the early dialog."""

    call: int
    message: Request


class Confirmed(Struct, frozen=True):
    """The ACK for our 200 came; its body is the answer where our 200 held the offer."""

    call: int
    message: Request


class Ended(Struct, frozen=True):
    """The peer sent BYE; `message` may carry a Reason."""

    call: int
    message: Request


class Failed(Struct, frozen=True):
    """The call broke down without a word from the peer."""

    call: int
    what: str
    """`timeout` (no response), `transport` (the peer cannot be reached), `no ACK`, `no PRACK`, `session expired`, or
    `dialog` (the peer does not know the call any more)."""


class Closed(Struct, frozen=True):
    """Nothing more will come of this call."""

    call: int


class StreamMeasured(Struct, frozen=True):
    """What the RTP of a call was like at the peer's end, where another engine has that to itself."""

    call: int
    statistics: dict[str, float]
    """By the names of MediaStatistics, those that are known; empty where nothing was measured."""
    final: bool = False
    """We are ending the call, and no more is measured."""


class ReInvite(Struct, frozen=True):
    """The peer wants to change the session: answer with `answer_reinvite`. Without a body, the answer offers."""

    call: int
    message: Request

    @property
    def body(self) -> bytes:
        """SDP, empty without one."""
        return self.message.session


class ReInviteConfirmed(Struct, frozen=True):
    """The ACK for our 200 to a re-INVITE came."""

    call: int
    message: Request


class ReInviteResult(Struct, frozen=True):
    """How our own re-INVITE ended; `message` is None on time-out. The session goes on unless Failed follows."""

    call: int
    status: int
    message: Response | None


class ProvisionalConfirmed(Struct, frozen=True):
    """PRACK came for a reliable provisional response of ours; its body is the answer where the response offered."""

    call: int
    message: Request

    @property
    def body(self) -> bytes:
        """SDP, empty without one."""
        return self.message.session


class SessionOffered(Struct, frozen=True):
    """The peer offers another session in UPDATE, or in PRACK: answer with `answer_update`, at once (RFC 3311 5.2)."""

    call: int
    message: Request

    @property
    def body(self) -> bytes:
        """SDP."""
        return self.message.session


class UpdateResult(Struct, frozen=True):
    """How our own UPDATE ended; `message` is None on time-out. The session goes on unless Failed follows."""

    call: int
    status: int
    message: Response | None


class Refreshed(Struct, frozen=True):
    """A session refresh of ours was answered; its body is the peer's description, empty where UPDATE had none."""

    call: int
    message: Response

    @property
    def body(self) -> bytes:
        """SDP, empty without one."""
        return self.message.session


class Refer(Struct, frozen=True):
    """The peer wants the call transferred: answer with `answer_refer` (RFC 3515)."""

    call: int
    message: Request


class ProbeResult(Struct, frozen=True):
    """How a `probe` ended; `alive` is False when the peer is gone or does not know the call."""

    call: int
    alive: bool


class InfoReceived(Struct, frozen=True):
    """INFO came in the dialog and was answered with 200."""

    call: int
    message: Request


class InfoResult(Struct, frozen=True):
    """How an INFO of `send_early_info` ended."""

    call: int
    status: int | None
    """Status of the final response, None on time-out."""


class OptionsResult(Struct, frozen=True):
    """How a ping of `send_options` ended."""

    identifier: int
    status: int | None
    """Status of the final response, None on time-out."""


class RegistrationChanged(Struct, frozen=True):
    """A registration of ours is in another state."""

    identifier: int
    state: str
    """`registered`, `failed` (tried again later) or `removed`."""
    detail: str
    """For the operator: where and for how long, or why not."""


CallOutput = (
    IncomingInvite
    | Provisional
    | Answered
    | Rejected
    | Cancelled
    | Confirmed
    | Ended
    | Failed
    | Closed
    | ReInvite
    | ReInviteConfirmed
    | ReInviteResult
    | ProvisionalConfirmed
    | SessionOffered
    | UpdateResult
    | Refreshed
    | Refer
    | ProbeResult
    | InfoReceived
    | InfoResult
    | StreamMeasured
)
Output = SendDatagram | AliasOffered | RegistrationChanged | OptionsResult | CallOutput
