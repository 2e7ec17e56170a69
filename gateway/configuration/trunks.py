"""The `[[trunk]]` tables, one class a type."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from tandem.gateway.configuration.table import Decibels, Seconds, Table, TimerSeconds, Timeslot


class Circuits(Table):
    """A run of circuits of an ISUP or TUP trunk."""

    span: str
    """Name of a `[[span]]`."""
    cic: str
    """Circuit identification codes in order, such as `1-15,17-31`."""
    timeslots: str = ""
    """Timeslots in the same order; left out, CIC modulo 32 is the timeslot (Q.763 1.2 for 2048 kbit/s).
    A T1 needs them where the CICs go beyond 24."""


class AnyTrunk(Table, kw_only=True):
    """What trunks of every type have."""

    name: str
    """Name that routes refer to."""
    gain_in: Decibels = 0.0
    """Decibels by which speech that comes in on it is made louder (less than 0: quieter) for the other side of a call.
    Tones, announcements and recordings are not touched, nor is 64 kbit/s unrestricted."""
    gain_out: Decibels = 0.0
    """The same of speech that goes out on it; both add up."""


class TdmTrunk(AnyTrunk, kw_only=True):
    """What trunks of circuits and of B-channels have."""

    overlap: bool = False
    """Whether called numbers may come digit by digit (SAM, SAO, INFORMATION); off: the number in the first
    message is whole."""
    pass_digits: bool = False
    """With `overlap`: a call goes on as soon as it has `minimum_digits` and its route leads to a trunk with `overlap`,
    which gets the further digits as they come; off: it goes on when its number is whole."""
    minimum_digits: Annotated[int, Meta(ge=1)] = 1
    """Overlap receiving: fewer digits than this are never a whole number."""
    maximum_digits: Annotated[int, Meta(ge=0)] = 0
    """Overlap receiving: as many digits are a whole number; 0: only the end signal or sending complete tells, or a
    timer (T10 of ISUP, `complete` of TUP, T302 of Q.931)."""
    dtmf: Literal["auto", "inband", "off"] = "auto"
    """DTMF looked for in the speech that comes in on it. `auto`: while an application or a peer that wants digits in
    signalling is at the other side; `inband`: in every call, and sent on as telephone-events where those were agreed;
    `off`: never."""
    failure_tone_seconds: Seconds = 0.0
    """Play busy or congestion tone this long backwards before releasing a failed incoming call; 0: only the cause."""


class CircuitTrunk(TdmTrunk, kw_only=True):
    """What ISUP and TUP trunks have."""

    linkset: str
    """Name of the `[[ss7.linkset]]` or `[[ss7.m3ua]]` that carries the signalling."""
    circuits: Annotated[list[Circuits], Meta(min_length=1)]
    """The circuits, `[[trunk.circuits]]`."""
    peer_point_code: str = ""
    """Exchange at the other end of the circuits; empty means the adjacent one."""
    selection: Literal["oldest-idle", "lowest", "highest"] = "oldest-idle"
    """Which idle circuit an outgoing call takes."""
    continuity_check: Annotated[int, Meta(ge=0)] = 0
    """Check the continuity of the speech path on every so-manieth outgoing call (Q.724 7); 0: never."""


class IsupTrunk(CircuitTrunk, kw_only=True, tag_field="type", tag="isup"):
    """A circuit group signalled by ISUP."""

    control: Literal["auto", "even", "odd", "all", "none"] = "auto"
    """Circuits we control at dual seizure; `auto`: the higher point code controls the even ones (Q.764 2.9.1.4)."""
    relay_continuity: bool = False
    """Calls whose way is not whole yet go on at once, and nobody is alerted before it is: an IAM with a continuity
    check on a previous circuit is not held until COT, where the next trunk has this or required `preconditions`; a call
    whose SIP preconditions are not met goes out as such an IAM, and COT follows (Q.764 2.1.8, Q.1912.5). Off: they
    wait."""
    role: Literal["transit", "end"] = "transit"
    """What the exchange is when a peer asks for messages and parameters it does not know to be passed on or not
    (Q.764 2.9.5): `end` where calls end or begin here, as towards SIP."""
    unrecognised: Literal["pass-on", "discard"] = "pass-on"
    """What becomes of a parameter that is not known here and came without instructions (Q.764 2.9.5.3)."""
    supervises: bool = True
    """Whether we are the controlling exchange of outgoing calls, which times answer (T9) and suspension (T2, T6)."""
    release_control: Literal["calling", "called"] = "calling"
    """Who ends an outgoing call. `called`, with the variant `china`: that the caller has cleared is told with CCL, and
    the REL of the called side ends the call; `calling`: the caller's clearing ends it."""
    times_suspension: bool = False
    """Whether we are the incoming international exchange, which times a suspension by the network (T38)."""
    reset_at_start: bool = True
    """Reset the circuits (GRS) before their first use; off: they are taken to be idle."""
    propagation_delay: Annotated[int, Meta(ge=0, le=65535)] = 0
    """Milliseconds that these circuits add to the propagation delay counter of an outgoing call (Q.764 2.6)."""
    satellite: bool = False
    """Whether the circuits go over a satellite: counted in the nature of connection indicators of outgoing calls."""
    information_requests: bool = True
    """Whether an exchange whose call came without what a TUP exchange asks for (GRQ, MAL) is asked with INR or IDR.
    A call whose INR gets no answer within T33 is released (Q.764 2.1.6)."""
    unknown_nature: Literal["national", "unknown"] = "national"
    """Nature of address sent for a number whose nature is not known, such as a SIP user part without `+`."""
    timers: dict[str, TimerSeconds] = {}
    """Overrides in seconds by name, `t1` … `t39` (Q.764 Annex A)."""
    category: Annotated[int, Meta(ge=0, le=255)] = 10
    """Calling party's category when the other side has none; 10 is an ordinary subscriber."""


class TupTrunk(CircuitTrunk, kw_only=True, tag_field="type", tag="tup"):
    """A circuit group signalled by TUP; the linkset's variant must be `itu` or `china`."""

    control: Literal["auto", "even", "odd", "all", "none"] = "auto"
    """Circuits we control at dual seizure; `auto`: the higher point code controls the even ones (Q.724 2)."""
    calling_line: Literal["sent", "on request"] = "sent"
    """Whether outgoing calls tell the calling line identity at once (IAI), or in GSM when the peer asks (GRQ)."""
    request_identity: bool = False
    """Whether an incoming call without calling line identity is asked for it (GRQ) before it goes on."""
    answer_requests: bool = True
    """Whether GRQ is answered from what is known here, and the calling side asked only for a calling number that is
    not: with GRQ on a TUP trunk, with INR on an ISUP trunk; off: towards another TUP trunk it is always passed on."""
    release_control: Literal["calling", "called", "either"] = "calling"
    """Who ends an outgoing call (Q.118). `calling`: CBK suspends it until the caller clears, the called party answers
    again, or the timer `clear_back` expires. `called`: a caller who clears is told with CCL, CBK ends the call.
    `either`: whoever clears first ends it, CBK is answered with CLF at once."""
    charge: Literal["charge", "no charge", "none"] = "charge"
    """Charge indication in ACM and in the answer where the other side gives none: `charge` (ANC), `no charge` (ANN),
    `none` (ANU)."""
    supervises: bool = True
    """Whether we are the controlling exchange of outgoing calls, which times answer and clear back."""
    reset_at_start: bool = True
    """Reset the circuits (GRS, RSC) before their first use; off: they are taken to be idle."""
    group_messages_twice: bool = True
    """Send messages about circuit groups twice in a row, as exchanges of the Blue Book want them."""
    group_messages_confirmed: bool = False
    """Act on messages about circuit groups only when they come twice within 5 seconds."""
    satellite: bool = False
    """Whether the circuits go over a satellite: told in the nature-of-circuit indicator of outgoing calls."""
    unknown_nature: Literal["national", "subscriber"] = "national"
    """Nature of address sent for a number whose nature is not known, such as a SIP user part without `+`."""
    timers: dict[str, TimerSeconds] = {}
    """Overrides in seconds by name: `t1` … `t19` (Q.724), `answer`, `clear_back`, `clear_forward`, `hold`,
    `information`, `check`, `digits`, `complete`, `acm_due`, `group`, `group_alert`, `group_second`, `congestion`,
    `restore`, `user_part`."""
    category: Annotated[int, Meta(ge=0, le=63)] = 10
    """Calling party's category when the other side has none; 10 is an ordinary subscriber."""


class PriSpan(Table):
    """A line of a PRI trunk."""

    span: str
    """Name of a `[[span]]`."""
    d_channel: Timeslot | None = None
    """Timeslot of its D-channel. The first line of a trunk that has one carries the signalling of all of them, the
    second is the back-up. Left out by a trunk of one line: 16 of an E1, 24 of a T1."""
    d_channel_span: str = ""
    """Name of the `[[span]]` with its D-channel, where that is another one: a serial line, which carries no speech."""
    channels: str = ""
    """Timeslots that are B-channels, such as `1-15,17-31`; left out, all but that of the D-channel."""
    interface: Annotated[int, Meta(ge=0, le=127)] = 0
    """Interface identifier of the line, where one D-channel serves several (NFAS)."""
    associations: list[str] = []
    """Names of `[[association]]` to signalling gateways that have the Q.921 of its D-channel and hand on Q.931 by IUA
    (RFC 4233), in order of preference; left out, the D-channel is on the span."""
    iua_interface: (
        Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] | Annotated[str, Meta(min_length=1, max_length=255)] | None
    ) = None
    """With `associations`: the interface identifier of the D-channel, a number or a text, as agreed with them."""


class PriTrunk(TdmTrunk, kw_only=True, tag_field="type", tag="pri"):
    """A primary rate interface of ISDN (Q.931), on one line or on several with one D-channel (NFAS)."""

    side: Literal["network", "user"]
    """Which side we are: `network` towards a PBX, `user` towards the public exchange."""
    spans: Annotated[list[PriSpan], Meta(min_length=1)]
    """The lines, `[[trunk.spans]]`."""
    switch: Literal["euroisdn", "ni2", "5ess", "dms100", "4ess", "qsig"] = "euroisdn"
    """Whose rules hold on the line. With `qsig` both sides act alike; `side` tells who wins channel collisions."""
    channel_choice: Literal["preferred", "exclusive"] = "exclusive"
    """Whether the peer may put our calls on another channel than we name."""
    slot_map: bool = False
    """Name channels by slot map instead of number."""
    hunting: Literal["ascending", "descending", "round-robin", "oldest-idle"] = "ascending"
    """How the channel of an outgoing call is chosen; let the two sides of a line begin at different ends."""
    restart_at_start: Literal["auto", "none", "channels", "interface"] = "auto"
    """What is restarted when the data link first comes up; `auto`: each channel, if the switch type does so."""
    sending_complete: bool | None = None
    """Whether a SETUP with a whole number says so; left out, as the switch type does."""
    unknown_type: Literal["", "unknown", "international", "national", "network specific", "subscriber"] = ""
    """Type sent for a number whose nature is not known, such as a SIP user part without `+`; left out, the switch
    type's own for called numbers, `unknown` for others."""
    plan: Literal["", "unknown", "e164", "private"] = ""
    """Numbering plan sent; left out, the plan of the number."""
    international_prefix: str = ""
    """What the peer dials before an international number of type unknown, such as `00`."""
    national_prefix: str = ""
    """What the peer dials before a national number of type unknown, such as `0`."""
    numbers: list[str] = []
    """Numbers that the peer may show as calling, each whole or with `*` behind its beginning: these count as verified.
    Any other, and every one where the list is empty, is marked as user provided and not screened. Towards a public
    exchange (`side = "user"`) an empty list leaves the screening as it comes."""
    default_number: str = ""
    """Calling number of calls that come without one."""
    replace_unscreened: bool = False
    """Put `default_number` in the place of a calling number that is not among `numbers`."""
    disconnect_tone_seconds: Seconds = 0.0
    """How long a caller hears the tone or announcement of a peer that refuses the call with one in band (DISCONNECT
    with progress indicator 8) before the call ends; 0: it ends, or another route is tried, at once."""
    suspension: bool = False
    """Network side: let users suspend calls and resume them (SUSPEND, RESUME); off: refused with cause 29."""
    display: bool = True
    """Carry display texts from one PRI to another."""
    timers: dict[str, TimerSeconds] = {}
    """Overrides in seconds by name: `t301` … `t322` (Q.931 9), `t200` and `t203` of the data link (Q.921 5.9)."""


class SipTrunk(AnyTrunk, kw_only=True, tag_field="type", tag="sip"):
    """A SIP peer."""

    engine: Literal["native", "pjsua2"] = "native"
    """What speaks SIP with the peer: Tandem itself, or PJSIP in a process of its own, listening as `[sip.pjsua2]` says:
    for a line that needs ICE or STUN. Needs `pip install tandem-gateway[pjsua2]`, or `tandem build-pjsip` where Python
    is newer than 3.12. PJSIP takes as many calls as its build allows, and not all that a trunk can have: see the
    guide."""
    ice: bool = False
    """Offer and accept ICE (RFC 8445). Only with `engine = "pjsua2"`."""
    peer: str = ""
    """Where calls are sent, `ADDRESS[:PORT]` (left out: 5060, over TLS 5061), IPv6 in brackets; or a host name, which
    is looked up in the DNS by RFC 3263: NAPTR and SRV with priorities and weights, with `:PORT` only its addresses.
    Calls are accepted from these addresses too. Needed, except with `registrar`."""
    registrar: bool = False
    """Instead of a peer: phones and PBXs of `[[sip.user]]` that register. A call to this trunk goes to the contacts of
    the user with the called number, as `ring` says; a route may also name `user:NAME`. Calls of users come from this
    trunk."""
    ring: Literal["together", "in-turn"] = "together"
    """With `registrar`: how the contacts of a user are rung. Those of one q at once, best q first, and the first that
    answers has the call; or one after another, by q, then the newest, the next where one is not there. With
    `srtp = "offered"` or `delayed_offer` always in turn."""
    authenticate: bool = False
    """Calls from the addresses of this trunk must also prove to be of a `[[sip.user]]` with this trunk (digest)."""
    transport: Literal["udp", "tcp", "tls", "auto"] = "udp"
    """What calls are sent over; `auto`: what the DNS says of the host name. A request longer than a datagram should be
    goes over TCP where `[sip]` listens on it;
    a trunk with `tls` takes no call that comes over anything else."""
    tls_name: str = ""
    """Host name that the peer's certificate must bear; empty: `domain`, else the peer's address."""
    accept_from: list[str] = []
    """More source addresses that calls are accepted from (any port), or networks such as `192.0.2.0/24`. With
    `registrar`: where users may be; empty means anywhere, on PJSIP only of a build without assertions."""
    accept_names: list[str] = []
    """SIP domains, such as `carrier.example`: calls come from whoever connects to us over TLS with a certificate for
    one of them (RFC 5922), wherever from, and from nobody else; the `authorities` of `[sip.tls]` vouch for it."""
    codecs: Annotated[tuple[Literal["PCMA", "PCMU"], ...], Meta(min_length=1)] = ("PCMA", "PCMU")
    """Offered and accepted codecs, most wanted first."""
    dtmf: Literal["auto", "inband", "off"] = "auto"
    """DTMF looked for in the speech that comes from the peer, and handled as if it had come as RFC 4733 events. `auto`:
    where those were not agreed and `digits` is `events`; `inband`: in every call, for a peer that agrees to events and
    sends none; `off`: never."""
    ptime: Literal[10, 20, 30, 40, 50, 60] = 20
    """Milliseconds of speech in a packet that we ask the peer for (`a=ptime`), and send where the peer asks for nothing
    else. What the peer asks for is sent, of these times; received is any. One for all trunks of `engine = "pjsua2"`."""
    silence_suppression: bool = False
    """Offer and accept comfort noise (RFC 3389, payload type 13), and where it is agreed send it in place of silence.
    What comes of it is played either way. With `engine = "pjsua2"` RTP then passes PJSIP by."""
    telephone_event: bool = True
    """Offer and accept DTMF as RFC 4733 events."""
    digits: Literal["events", "info-relay", "info"] = "events"
    """How DTMF goes to the peer: in RTP, or in INFO as application/dtmf-relay or application/dtmf. From the peer each
    is taken. With INFO set `telephone_event` to false, so that no digit comes twice."""
    overlap: Literal["en-bloc", "invites", "info"] = "en-bloc"
    """Whether called numbers may come and go digit by digit. `invites`: as one INVITE after another with the same
    Call-ID and From tag, 484 meaning that digits lack (RFC 3578). `info`: in INFO within the dialog that a reliable 183
    without SDP has made (3GPP TS 24.229 annex N), and as `invites` where a peer refuses with 484 all the same. To and
    from circuits they do where that trunk has `overlap`, and as the calling one `pass_digits`. `en-bloc`: an INVITE
    has the whole number. On a trunk that carries ISUP each INVITE has an IAM with all digits so far, and INFO a SAM;
    from the peer SAM is taken in either."""
    delayed_offer: bool = False
    """Send INVITE without SDP, as some peers want it; from the peer that is always taken."""
    reliable_responses: Literal["off", "supported", "required"] = "supported"
    """Provisional responses with PRACK (RFC 3262): never, where both sides can, or no call without."""
    preconditions: Literal["off", "supported", "required"] = "off"
    """Preconditions (RFC 3312, Q.1912.5 profile A): never; taken from a peer that uses them, and our part of them
    offered as optional; or no call without, and our part offered as mandatory. Nobody is alerted before those of the
    peer are met. They need `reliable_responses`."""
    session_seconds: Annotated[int, Meta(ge=0, le=86400)] = 1800
    """Session interval (RFC 4028) after which a call that was not refreshed ends; 0: no session timer."""
    minimum_session_seconds: Annotated[int, Meta(ge=90, le=86400)] = 90
    """Shortest session interval that is accepted; a peer that asks for less gets 422."""
    refresher: Literal["auto", "local", "remote"] = "auto"
    """Who refreshes the session where the peer leaves it open; `auto`: whoever calls."""
    silence_seconds: Annotated[float, Meta(ge=0)] = 60.0
    """When no RTP has come for so long in an answered call that is not on hold, the peer is asked with OPTIONS, and
    the call is released with cause 27 if it is gone; 0: never."""
    hold: Literal["relay", "local"] = "relay"
    """Whether hold by one party is told to the other (re-INVITE with sendonly, CPG with remote hold), or only the
    direction of RTP follows it."""
    refer: Literal["refuse", "perform"] = "refuse"
    """What becomes of REFER, and of INVITE with Replaces: refused, or performed. Whom the peer names is called by the
    routes for this trunk, its host name is not looked at; the peer keeps the call until somebody answers."""
    redirects: Literal["map", "follow"] = "map"
    """What becomes of a 3xx: the attempt fails with cause 23, or the places that it names are called in their order,
    for one of several phones of a user at once, beside the others. A number at the gateway itself is routed by the
    rules for this trunk, once nobody else rings: the phone that diverts calls on its own account."""
    p_early_media: bool = False
    """Ask for and give authorisation of early media (P-Early-Media, RFC 5009)."""
    srtp: Literal["off", "offered", "required"] = "off"
    """SRTP with keys in SDP (RFC 4568): never; RTP/SAVP offered, and RTP/AVP after 488, both accepted; or nothing else.
    Who sees SDP can read the keys, so use TLS too. Needs `pip install tandem-gateway[srtp]`."""
    clear_mode: bool = False
    """Offer and accept CLEARMODE (RFC 4040) for calls of 64 kbit/s unrestricted. With `engine = "pjsua2"` RTP of all
    calls then passes PJSIP by."""
    early_media: bool = True
    """Send SDP in 180/183 when tones or announcements come from the far side; off: plain 180/183."""
    user: str = ""
    """User name for digest authentication when the peer challenges us."""
    password: str = ""
    """Its password."""
    domain: str = ""
    """Host part of request and To URIs; empty means the peer's address."""
    max_calls: Annotated[int, Meta(ge=0)] = 0
    """Most calls at once over this trunk; 0 means as many as there are RTP ports."""
    isup_variant: Literal["", "itu", "ansi", "china"] = ""
    """Carry ISUP in SIP (SIP-T of RFC 3372, SIP-I of Q.1912.5 profile C): the variant of the messages. Empty: plain
    SIP (profiles A and B)."""
    isup_version: str = ""
    """`version` of application/isup, as agreed with the peer; empty: as `isup_base`."""
    isup_base: Literal[
        "", "itu-t88", "itu-t92+", "ansi88", "ansi00", "etsi121", "etsi356", "gr317", "ttc87", "ttc93+"
    ] = ""
    """`base` of application/isup (RFC 3204); empty: `itu-t92+`, for ANSI `ansi00`."""
    isup_handling: Literal["required", "optional"] = "required"
    """Whether a peer that cannot read the ISUP part is to refuse the call: yes in SIP-I, in SIP-T by agreement."""
    isup_precedence: Literal["isup", "sip"] = "isup"
    """Whose calling number counts where an IAM and the header fields name different ones. The called number is always
    that of the Request-URI."""
    trusted: bool = True
    """The peer is in our trust domain (RFC 3325): what it asserts is believed, restricted numbers are told to it."""
    calling_from: tuple[Literal["P-Asserted-Identity", "Remote-Party-ID", "From"], ...] = (
        "P-Asserted-Identity",
        "Remote-Party-ID",
        "From",
    )
    """Header fields of the peer's INVITE that the calling number is taken from; the first that has one counts."""
    identity: Literal["P-Asserted-Identity", "Remote-Party-ID", "both", "From"] = "P-Asserted-Identity"
    """What tells the peer who calls; `From`: nothing besides From."""
    diversion: Literal["diversion", "history-info", "both", "none"] = "diversion"
    """How a redirected call is told: Diversion (RFC 5806) or History-Info (RFC 7044). From the peer both are read."""
    uri: Literal["sip", "tel"] = "sip"
    """Form of Request-URI and To: `sip:+4930…@host;user=phone` or `tel:+4930…`."""
    phone_context: str = ""
    """`phone-context` of local numbers in tel URIs, such as `+4930` or a domain name; empty is our domain."""
    number_parameters: list[Literal["rn", "npdi", "cic", "cpc", "oli", "isub"]] = []
    """Parameters that the peer wants behind numbers: number portability and carrier (RFC 4694), the calling party's
    category, originating line information, and ISDN sub-addresses (`isub`, RFC 4715). From the peer they are always
    read."""
    obey_reason: bool = True
    """Take the cause of a failed or ended call from Reason (RFC 3326, RFC 6432) before the status code; off: by the
    status code alone, BYE and CANCEL being cause 16."""
    send_reason: bool = True
    """Send Reason with the Q.850 cause in BYE, CANCEL and final responses."""
    pass_headers: list[str] = []
    """Header fields that begin with `X-` and go through from and to other SIP trunks that list them."""
    calls_per_second: Annotated[float, Meta(ge=0)] = 0.0
    """Most new calls a second over this trunk, in both directions together; more get 503 with Retry-After, or the next
    route. 0: no limit."""
    options_seconds: Annotated[float, Meta(ge=0)] = 0.0
    """Ask the peer with OPTIONS so often whether it lives; after two without an answer it is down, and calls take the
    next server or the next route at once. 0: never."""
    hop_factor: Annotated[int, Meta(ge=1, le=255)] = 1
    """Hops of SIP (Max-Forwards) that count as one of the hop counter of a circuit side (Q.1912.5)."""
    failure_tone_seconds: Seconds = 0.0
    """Play busy or congestion tone as early media this long before a failed call is refused; 0: only the status."""


Trunk = IsupTrunk | TupTrunk | PriTrunk | SipTrunk
