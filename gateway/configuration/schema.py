"""The keys of the configuration file, each a field with its meaning below it.

`docs/reference/configuration.md` is generated from this module (`make docs`).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tandem.gateway.configuration.records import Records as Records
from tandem.gateway.configuration.table import CauseValue, Port, Seconds, Table, TimerSeconds, Timeslot
from tandem.gateway.configuration.trunks import Circuits as Circuits
from tandem.gateway.configuration.trunks import CircuitTrunk as CircuitTrunk
from tandem.gateway.configuration.trunks import IsupTrunk as IsupTrunk
from tandem.gateway.configuration.trunks import PriSpan as PriSpan
from tandem.gateway.configuration.trunks import PriTrunk as PriTrunk
from tandem.gateway.configuration.trunks import SipTrunk as SipTrunk
from tandem.gateway.configuration.trunks import Trunk as Trunk
from tandem.gateway.configuration.trunks import TupTrunk as TupTrunk
from tandem.gateway.configuration.web import Web as Web

#: Causes after which another trunk or route is tried (`[[route]] fallback_causes`): the network, not the called
#: party, failed. Values of Q.850 classes 2 and 3 that RFC 3398 8.2.6.1 and Q.764 2.8 treat as retryable.
FALLBACK_CAUSES: tuple[int, ...] = (3, 25, 27, 34, 38, 41, 42, 44, 47, 58, 63, 102)


class Node(Table):
    """The gateway itself."""

    name: str = "tandem"
    """Name in logs, records and the SIP `User-Agent`."""
    records: str = "records.jsonl"
    """File that call detail records are appended to, one JSON object a line; relative to the configuration file."""
    audit_file: str = "audit.jsonl"
    """File that every command of an operator is appended to, one JSON object a line, with who and when; at 10 MB it is
    set aside as `NAME.1`."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is logged to standard error."""
    capture_file: str = "capture.pcapng"
    """Where spans, linksets and SIP with `capture = true` write what they saw (pcapng, for Wireshark)."""
    capture_megabytes: Annotated[int, Meta(ge=1)] = 100
    """Size at which the capture file is set aside as `NAME.1` and a new one begun."""
    country_code: str = ""
    """Own country code, without `+`. When set, its international numbers are sent to ISUP and TUP as national ones."""
    shutdown_seconds: Seconds = 5.0
    """How long `kill -TERM` waits for blocking acknowledgements and calls to clear before it stops all the same."""


class Media(Table):
    """Speech: RTP addresses and tones."""

    address: str = "127.0.0.1"
    """Address that RTP is bound to and that SDP announces, of IPv4, or of IPv6 for a gateway without IPv4."""
    address_v6: str = ""
    """IPv6 address that RTP is bound to, on the same ports, and that SDP announces to peers that are reached over IPv6
    or offer it; `address` is for all others."""
    ports: tuple[Port, Port] = (16384, 17407)
    """First and last UDP port for RTP. A call leg takes one even port and, for RTCP,
    the odd one above it, so 1024 ports carry 512 legs."""
    tones: str = "eu"
    """Tone plan: a region such as `eu`, `de`, `uk`, `us`, `cn`; [all of them](tones.md)."""
    rtcp: bool = True
    """Send reports of loss, jitter and round trip (RTCP, RFC 3550) every five seconds on the port above that of RTP, or
    on that of RTP where the peer asks for it, and take those of the peer into the call records."""
    jitter_min_ms: Annotated[int, Meta(ge=20, le=280)] = 20
    """Milliseconds of speech that the jitter buffer of an RTP leg keeps in reserve at least; rounded up to packets of
    20 ms. The buffer grows by itself as packets come late."""
    jitter_max_ms: Annotated[int, Meta(ge=40, le=300)] = 200
    """Milliseconds of speech that wait in it at most; more is thrown away at once."""
    hold_music: str = ""
    """What a party hears that is held, over and over: a file, or `tone_stream://…`; empty: whatever its partner sends.
    The variable `hold_music` of a channel is asked first."""
    clock: list[str] = []
    """Clocks that lines are sent at, the best first: names of spans, whose received clock is followed while they have
    no LOS, AIS or LFA, and `system`. With none in order the last rate is kept. Empty: the system's clock. Never let two
    gateways follow each other."""
    elastic_store: Annotated[int, Meta(ge=5, le=100)] = 20
    """Milliseconds of speech kept in store from every span. As late as that the far end, packets on their way or this
    machine may be without a gap in speech. It is part of the delay: 10 does where the media process of both ends has
    real-time scheduling on a processor that is not shared."""
    elastic_store_max: Annotated[int, Meta(ge=5, le=300)] = 60
    """Milliseconds that the store of a span may grow to when what was missing comes later: frames that are late again
    are then heard. After 10 to 20 s in which they were not it shrinks. With the value of `elastic_store` it never
    grows."""


class Tls(Table):
    """Certificates of SIP over TLS. The files are read again when they change; open connections go on."""

    certificate: str = ""
    """PEM file with our certificate, then those between it and the authority. Needed to listen on `tls:`."""
    private_key: str = ""
    """PEM file with its key, unencrypted; left out: it is in the file of the certificate."""
    authorities: str = ""
    """PEM file of the authorities that certificates of peers are checked against; left out: those of the system."""
    client_certificates: bool = False
    """Whether whoever connects must show a certificate of these authorities (mutual TLS)."""
    verify: bool = True
    """Whether certificates of peers that we connect to are checked; off only for tests."""
    minimum: Literal["1.2", "1.3"] = "1.2"
    """Lowest version of TLS that is spoken."""


class SipUser(Table):
    """Somebody known by a password: a phone or PBX that registers, or the peer of a trunk with `authenticate`."""

    name: str
    """User name of its registration and its digest."""
    password: str = ""
    """Password."""
    ha1: str = ""
    """Instead of the password: MD5 of `name:realm:password`, 32 hexadecimal digits. Then nobody is offered SHA-256."""
    number: str = ""
    """Telephone number: calls to it on the trunk go to this user, and it is the calling number of his calls.
    Left out: the name, where that is a number."""
    trunk: str = ""
    """Name of the `[[trunk]]` that he belongs to; left out: the one with `registrar`."""


class SipRegistration(Table):
    """A registration of ours with a provider, renewed as long as we run."""

    trunk: str
    """Name of the `[[trunk]]` of the provider: where to register, and where calls come from."""
    user: str = ""
    """User name; left out: `user` of the trunk."""
    password: str = ""
    """Password; left out: that of the trunk."""
    address_of_record: str = ""
    """What is registered, `NAME@DOMAIN`; left out: the user name at `domain` of the trunk, else at its address."""
    contact_user: str = ""
    """User part of our Contact; left out: that of the address of record."""
    number: str = ""
    """Called number of calls that come to the contact, where its user part is no number."""
    expires: Annotated[int, Meta(ge=60, le=86400)] = 3600
    """Seconds asked for; the provider may grant less, or ask for more (423)."""


class Pjsua2(Table):
    """PJSIP, for trunks with `engine = "pjsua2"`."""

    listen: str = "127.0.0.1:5070"
    """Address and UDP port of SIP; the peers of its trunks send calls here. IPv6 needs a PJSIP that was built
    with it."""
    also_listen: list[str] = []
    """More addresses, each `TRANSPORT:ADDRESS[:PORT]`, as in `[sip]`. `tls:` has the certificates of `[sip.tls]`. It is
    spoken by the OpenSSL that PJSIP was built with: the wheels' own has no TLS 1.3 and is not maintained any more;
    `tandem build-pjsip` builds PJSIP with that of the system, and with IPv6."""
    tcp: bool = False
    """Listen on the same port of TCP too."""
    ports: tuple[Port, Port] = (18000, 18199)
    """First and last UDP port of RTP towards the peers; a call takes two. The addresses are those of `[media]`."""
    public_address: str = ""
    """IPv4 address that peers are told in the place of ours, behind a NAT that forwards the same ports."""
    stun: list[str] = []
    """STUN servers, `HOST[:PORT]`, by which the address of each RTP port is found out (RFC 5389)."""


class Sip(Table):
    """The addresses that every SIP trunk uses."""

    listen: str = "127.0.0.1:5060"
    """Address and UDP port, IPv6 as `[2001:db8::1]:5060`. Bind to a public address only behind a packet filter:
    unknown peers are refused (403)."""
    also_listen: list[str] = []
    """More addresses, each `TRANSPORT:ADDRESS[:PORT]`: `tcp:192.0.2.1`, `tls:192.0.2.1:5061`, `udp:[2001:db8::1]:5060`.
    A trunk that uses TCP, TLS or IPv6 needs one of that kind."""
    connections: Annotated[int, Meta(ge=1, le=100000)] = 2000
    """Most TCP and TLS connections at once."""
    connections_per_address: Annotated[int, Meta(ge=1, le=100000)] = 64
    """Most TCP and TLS connections that one IP address may open to us."""
    nameservers: list[str] = []
    """DNS servers, `ADDRESS[:PORT]`; empty: those of the system."""
    realm: str = ""
    """Realm of our challenges; empty: `domain`, else the listening address."""
    digest: Annotated[tuple[Literal["SHA-256", "MD5"], ...], Meta(min_length=1)] = ("MD5",)
    """Algorithms that users are challenged with, best first (RFC 8760). Many phones look at the first challenge only
    and know nothing but MD5 (baresip 1.0 is one): put SHA-256 in where all of yours can do it."""
    unknown: Literal["refuse", "drop"] = "refuse"
    """What a request from a source of no trunk gets: 403, or no answer, as if nobody were here."""
    ban_offences: Annotated[int, Meta(ge=0, le=10000)] = 20
    """So many offences of an address (unknown source, wrong credentials, garbage) within a minute ban it; 0: none does.
    Addresses of trunks are never banned."""
    ban_seconds: Annotated[float, Meta(ge=1)] = 600.0
    """How long a banned address is not listened to."""
    register_minimum_seconds: Annotated[int, Meta(ge=10, le=86400)] = 60
    """Shortest interval that a user may register for; less gets 423."""
    register_maximum_seconds: Annotated[int, Meta(ge=10, le=86400)] = 3600
    """Longest interval that is granted to a user."""
    contacts_per_user: Annotated[int, Meta(ge=1, le=100)] = 5
    """Most contacts that a user has at once; of more, the oldest goes."""
    tls: Tls | None = None
    """`[sip.tls]`."""
    pjsua2: Pjsua2 | None = None
    """`[sip.pjsua2]`."""
    user: list[SipUser] = []
    """`[[sip.user]]`."""
    registration: list[SipRegistration] = []
    """`[[sip.registration]]`."""
    domain: str = ""
    """Host part of our URIs; empty means the listening address."""
    capture: bool = False
    """Write every SIP message to the capture file."""
    emergency_numbers: list[str] = []
    """Called numbers, as they stand in the Request-URI, that are not refused for that; nor are calls of trusted trunks
    with Resource-Priority (RFC 4412) above routine, or with the category (`cpc`) priority or emergency."""
    overload_ms: Annotated[int, Meta(ge=0, le=60000)] = 500
    """When the signalling process is so late, part of the new SIP calls gets 503 with Retry-After, more of them the
    later it is, so that calls that are up and the rest of the new ones are served in time. 0: none is refused for
    that."""
    t1_ms: Annotated[int, Meta(ge=10, le=10000)] = 500
    """Round-trip estimate T1 (RFC 3261 17.1.1.1)."""


class Span(Table):
    """An E1 or T1 line."""

    name: str
    """Name that links and trunks refer to."""
    device: str
    """Spec string: `satop:listen=ADDRESS:PORT,peer=ADDRESS:PORT` (RFC 4553), with `,frames=8` (E1 frames a packet),
    `,jitter=2` (later packets that a missing one is waited for; left out, 2 of them or up to 20 ms, as late packets of
    the last seconds needed, counter `reorder_depth`) and `,burst=1` (packets that a span with signalling sends
    together: 5 costs least. They go when the last is due, 4 ms late at most, and those with signal units in them at
    once, 10 ms early at most; the far end must make up for that, as Tandem does, and cannot measure our clock by
    arrivals meanwhile) where the defaults do not fit; a T1 has, instead of `frames`, `,octets=192` (octets of the bit
    stream a packet),
    or `,aligned=yes,frames=8` where the far end carries each frame in 25 octets (octet-aligned T1 of RFC 4553 5.2), and
    its `burst` counts milliseconds; or `cesopsn:listen=ADDRESS:PORT,peer=ADDRESS:PORT,timeslots=1-15+17` (RFC 5086):
    the timeslots alone, without framing, all of them if none are given, with `frames`, `jitter` and `burst`
    as above. Both may have an RTP header, `,rtp=absolute` or `,rtp=differential`, with `,pt=97`, `,ssrc=0` and
    `,clock=8000` timestamps a second; with `,shared=yes` spans with different peers have one port; `dahdi:SPAN` is
    a span of a card with DAHDI, `e1d:INTERFACE:LINE` one of osmo-e1d; `serial:/dev/ttyUSB0?baud=115200&carrier=dcd` is
    a serial line with one D-channel or signalling link on it, and no speech; `file:play=PATH` plays a recorded line,
    `file:record=PATH,span=SPEC` records one, `fault:ber=1e-5,span=SPEC` spoils one; or `virtual:NAME`, the two ends of
    one line inside one process."""
    framing: Literal["crc4", "basic", "esf", "sf"] = "crc4"
    """E1 (G.704): `crc4` with the CRC-4 multiframe, `basic` with frame alignment only. T1 (ANSI T1.403): `esf` extended
    superframe with CRC-6 and data link, `sf` superframe (D4). A T1 has timeslots 1-24, all of them clear channels."""
    loss_window: Annotated[int, Meta(ge=4, le=6)] = 4
    """T1: two framing bits in error of so many are a loss of frame alignment."""
    law: Literal["", "A", "u"] = ""
    """Companding law of speech on this line (G.711): `A`, or `u` for mu-law; left out, `A` on an E1, `u` on a T1."""
    clock: Literal["internal"] = "internal"
    """Every line is sent at the one clock of the gateway: see `clock` of `[media]`."""
    capture: bool = False
    """Write the signalling seen on this span to the capture file."""


class Association(Table):
    """An association with a SIGTRAN peer, for an M2PA link, for M3UA, M2UA or IUA."""

    name: str
    """Name that links and application servers refer to."""
    local: str
    """Our `ADDRESS:PORT` (SCTP or TCP port). 2905 is M3UA's, 3565 M2PA's, 9900 IUA's; 0 is any, when we
    call the peer."""
    peer: str
    """The peer's `ADDRESS:PORT`; port 0 is any, when the peer calls us."""
    wait: bool = False
    """The peer calls us; off: we call the peer, again and again until it answers."""
    transport: Literal["sctp", "sctp-kernel", "sctp-udp", "sctp-raw", "tcp"] = "sctp"
    """`sctp`: SCTP of the kernel where it has it, else in user space over UDP (RFC 6951; Debian package libusrsctp2).
    `tcp`: messages one after another by their length, as some peers offer it."""
    also_local: list[str] = []
    """More addresses of ours (multihoming); in user space a UDP socket on each, on the same port as `udp_address`."""
    also_peer: list[str] = []
    """More addresses of the peer (multihoming): the first path is ours to its first address, the second path our second
    to its second, and so on; the first that works is used."""
    peer_udp_port: Annotated[int, Meta(ge=0, le=65535)] = 9899
    """SCTP over UDP: the peer's UDP port; 0 is any, when the peer calls us."""
    role: Literal["asp", "sgp", "ipsp", "ipsp-double"] = "asp"
    """M3UA: our role towards this peer."""
    asp_identifier: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] | None = None
    """M3UA, IUA: identifier said in ASP Up."""
    peer_identifier: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] | None = None
    """M3UA, role `sgp` or `ipsp`, and IUA: identifier that the peer must say in ASP Up; left out, whatever it says."""
    standby: bool = False
    """M3UA, IUA: active only while no association of the application server without this is up."""


class Sigtran(Table):
    """What all associations share."""

    udp_address: str = "127.0.0.1"
    """SCTP over UDP: the address it is bound to."""
    udp_port: Annotated[int, Meta(ge=1, le=65535)] = 9899
    """SCTP over UDP: our UDP port (RFC 6951)."""
    timers: dict[str, Seconds] = {}
    """Of M3UA, M2UA and IUA, in seconds: `ack` (waiting for an answer, 2), `recovery` (an application server is
    pending, 2), `beat` (between heartbeats, 30; 0 is none), `refused` (before asking again, 20), `audit` (of
    destinations, 30; 0 is none), `establish` (of a link by the gateway: 60 with M2UA; 5 with IUA, then it is asked
    again)."""


class Link(Table):
    """A signalling link of a linkset."""

    span: str = ""
    """Name of a `[[span]]` for a link on timeslots."""
    association: str = ""
    """Instead of `span`: name of an `[[association]]` for a link by M2PA (RFC 4165), or by M2UA with `interface`."""
    interface: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] | None = None
    """With `association`: the M2UA interface identifier of a link whose level 2 is at the signalling gateway there
    (RFC 3331)."""
    timeslot: Timeslot | None = None
    """Timeslot 1-31 (on a T1 1-24) of a 64 kbit/s link; 16 by custom."""
    timeslots: str = ""
    """Instead of `timeslot`: several, such as `1-15,17-31`, taken together as one link of n x 64 kbit/s."""
    slc: Annotated[int, Meta(ge=0, le=15)] | None = None
    """Signalling link code 0-15; the position in the linkset when left out."""
    error_correction: Literal["basic", "cyclic"] = "basic"
    """`cyclic` is preventive cyclic retransmission (Q.703 6), for links with a one-way delay above 15 ms; both ends."""
    format: Literal["basic", "extended"] = "basic"
    """`extended` is the 12-bit sequence number format of Q.703 Annex A; both ends must agree."""
    level2: dict[str, Annotated[int, Meta(ge=0)]] = {}
    """Parameters of level 2 by name. On timeslots: `n1` and `n2` (messages and octets that force a retransmission,
    Q.703 6.4), `status_octets`, `max_unacknowledged`, `proving_attempts`, `aerm_normal`, `aerm_emergency`,
    `suerm_threshold`, `suerm_rate`, `suerm_octets` (T, D, N of Q.703 10.2), `eim_threshold`, `eim_increment`,
    `eim_decrement` (Annex A). By M2PA: `window`, `ack_messages`. Both: `max_sif`, `congestion_onset`,
    `congestion_abatement`, `transmission_buffer` (messages), `congestion_levels` (1 to 3)."""


class Linkset(Table):
    """A set of signalling links to one adjacent signalling point."""

    name: str
    """Name that trunks refer to."""
    point_code: str
    """Our own point code: a number, or in the variant's parts such as `2-10-5`."""
    adjacent_point_code: str
    """Point code at the other end of the links."""
    link: Annotated[list[Link], Meta(min_length=1, max_length=16)]
    """The links, `[[ss7.linkset.link]]`."""
    variant: Literal["itu", "ansi", "china", "japan"] = "itu"
    """National variant of MTP and ISUP: ITU with 14-bit point codes, ANSI or China with 24-bit ones, Japan with 16."""
    network: Literal["international", "national", "national spare"] = "national"
    """Network indicator of the SIO (Q.704 14.2.2)."""
    proving: Literal["automatic", "normal", "emergency"] = "automatic"
    """Proving period of initial alignment: normal (8.2 s), emergency (0.5 s), or emergency only while no other link
    of the linkset carries traffic."""
    restart_wait: Seconds = 10.0
    """Seconds to wait for the neighbour's traffic restart allowed (TRA) before traffic starts without it: T21 of Q.704,
    T28 of ANSI."""
    restart: Literal["", "tra", "trw", "none"] = ""
    """How traffic begins: `tra` with TRA from both ends (Q.704), `trw` with TRW before it from a restarting point
    (ANSI), `none` at once. Empty: as the variant has it, in Japan `none`."""
    link_test: bool | None = None
    """Test links (SLTM of Q.707) before they carry traffic, and every `q707_t2` after. Left out: yes, but not in
    Japan."""
    reaches: list[str] = []
    """Point codes beyond the adjacent one that are routed over this linkset."""
    timers: dict[str, TimerSeconds] = {}
    """Overrides in seconds by name, protocol and timer: `q703_t1`, `q703_t2`, `q703_t3`, `q703_t4n`, `q703_t4e`,
    `q703_t5`, `q703_t6`, `q703_t7`, `q704_t1`, `q704_t2`, `q704_t3`, `q704_t4`, `q704_t5`, `q704_t6`, `q704_t8`,
    `q704_t10`, `q704_t11`, `q704_t12`, `q704_t13`, `q704_t14`, `q704_t15`, `q704_t16`, `q704_t17`, `q704_t18`,
    `q704_t19`, `q704_t20`, `q704_t22`, `q704_t23`, `q707_t1`, `q707_t2`; of ANSI T1.111.4 `q704_t25`, `q704_t26`,
    `q704_t27`, `q704_t29`, `q704_t32` (oscillating links; not used unless given); with the format
    `extended` `q703_t8`; of M2PA `m2pa_repeat`, `m2pa_ack_delay`."""
    capture: bool = False
    """Write every signal unit of these links to the capture file."""


class ApplicationServer(Table):
    """A signalling relation carried by M3UA (RFC 4666) instead of a linkset."""

    name: str
    """Name that trunks refer to in `linkset`."""
    associations: Annotated[list[str], Meta(min_length=1)]
    """Names of the `[[association]]`s that carry it, in order of preference."""
    point_code: str
    """Our own point code."""
    destinations: Annotated[list[str], Meta(min_length=1)]
    """Point codes reached by it; the first is the exchange that a trunk without `peer_point_code` has circuits to."""
    variant: Literal["itu", "ansi", "china", "japan"] = "itu"
    """National variant of the point codes and of ISUP."""
    network: Literal["international", "national", "national spare"] = "national"
    """Network indicator."""
    mode: Literal["override", "loadshare", "broadcast"] = "loadshare"
    """Traffic mode when there is more than one association."""
    routing_context: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] | None = None
    """Routing context agreed with the peer; left out, none is sent."""
    network_appearance: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] | None = None
    """Network appearance agreed with the peer; left out, none is sent."""
    register: bool = False
    """Register the routing key with the gateway (or have the peer do so) instead of a configured routing context."""
    announce_mode: bool = True
    """Say the traffic mode in ASP Active."""
    required_active: Annotated[int, Meta(ge=1)] = 1
    """Associations that should be active; while there are fewer, those inactive are asked for help (n of n+k)."""
    pending_messages: Annotated[int, Meta(ge=0)] = 1000
    """Messages kept while no association is active for a moment."""


class Backhaul(Table):
    """A signalling link on a span here whose level 3 is elsewhere: we are its M2UA signalling gateway (RFC 3331)."""

    association: str
    """Name of the `[[association]]` with the application server process."""
    interface: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]
    """Interface identifier agreed with it."""
    span: str
    """Name of a `[[span]]`."""
    timeslot: Timeslot | None = None
    """Timeslot 1-31 (on a T1 1-24) of a 64 kbit/s link."""
    timeslots: str = ""
    """Instead of `timeslot`: several, such as `1-15,17-31`."""
    error_correction: Literal["basic", "cyclic"] = "basic"
    """As in a link of a linkset."""
    format: Literal["basic", "extended"] = "basic"
    """As in a link of a linkset."""
    length_indicator: bool = False
    """Messages go to the application server process with their length indicator, as in Japan (Protocol Data 2)."""
    timers: dict[str, TimerSeconds] = {}
    """Overrides in seconds, `q703_t1` to `q703_t8`."""
    level2: dict[str, Annotated[int, Meta(ge=0)]] = {}
    """As in a link of a linkset."""


class DChannelBackhaul(Table):
    """A D-channel on a span here whose Q.931 is elsewhere: we are its IUA signalling gateway (RFC 4233)."""

    associations: list[str]
    """Names of `[[association]]` with the application server processes, in order of preference."""
    interface: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] | Annotated[str, Meta(min_length=1, max_length=255)]
    """Interface identifier agreed with them, a number or a text."""
    span: str
    """Name of a `[[span]]`."""
    side: Literal["network", "user"]
    """Which side of the line we are, in Q.921."""
    d_channel: Timeslot | None = None
    """Timeslot of the D-channel; left out, 16 of an E1, 24 of a T1."""
    timers: dict[str, TimerSeconds] = {}
    """Overrides in seconds, `t200` and `t203`."""


class Isdn(Table):
    """What is common to ISDN lines."""

    iua_mode: Literal["override", "loadshare"] = "override"
    """IUA: how several associations of a D-channel share it. `override`: one has it all, another takes it over;
    `loadshare`: each has some of the D-channels."""
    backhaul: list[DChannelBackhaul] = []
    """`[[isdn.backhaul]]`: D-channels whose Q.931 is elsewhere."""


class SignallingRoute(Table):
    """A way to a signalling point beyond the adjacent ones; several to one point share the load or stand in."""

    point_code: str
    """Destination."""
    linkset: str
    """Name of the `[[ss7.linkset]]` that leads there."""
    priority: Annotated[int, Meta(ge=0)] = 0
    """Lower is preferred; routes of equal priority share the load (a combined linkset)."""


class Screen(Table):
    """A screening rule of the transfer function; what a key leaves out matches anything."""

    allow: bool
    """Whether messages that match are transferred."""
    linkset: str = ""
    """Name of the `[[ss7.linkset]]` that the message came over."""
    service: Annotated[int, Meta(ge=0, le=15)] | None = None
    """Service indicator: 5 is ISUP, 3 is SCCP."""
    opc: str = ""
    """Originating point code."""
    dpc: str = ""
    """Destination point code."""


class Ss7(Table):
    """Signalling System No. 7."""

    linkset: list[Linkset] = []
    """The linksets, `[[ss7.linkset]]`."""
    m3ua: list[ApplicationServer] = []
    """Application servers by M3UA, `[[ss7.m3ua]]`."""
    backhaul: list[Backhaul] = []
    """Links handed on by M2UA, `[[ss7.backhaul]]`."""
    route: list[SignallingRoute] = []
    """Routes with a priority, `[[ss7.route]]`, besides those of `reaches`."""
    transfer: bool = False
    """Be a signalling transfer point: carry messages between other points, as far as `[[ss7.screen]]` lets them."""
    screen: list[Screen] = []
    """Screening, `[[ss7.screen]]`: the first rule that matches decides; what none matches is transferred."""
    restricted: bool = False
    """As transfer point: tell neighbours TFR where only a route of second choice is left (national option)."""
    full_restart: bool = False
    """After isolation, listen to all neighbours before any traffic, until their TRA or `q704_t20` (Q.704 9.2); ANSI:
    and say TRW meanwhile. Off: every linkset begins on its own."""
    congestion_levels: bool | None = None
    """The network has priorities of messages and levels of congestion. Left out: yes with ANSI, no elsewhere."""
    sls_rotation: Literal[0, 5, 8] = 0
    """ANSI: turn so many bits of the SLS by one in every message sent (T1.111.4); 0: none."""
    link_test_pattern: Annotated[str, Meta(min_length=1, max_length=15, pattern="^[ -~]+$")] = "TANDEM"
    """Pattern of the link test."""
    route_test: bool = False
    """Japan: test the routes to destinations (SRT of JT-Q707), and report those that do not answer."""


class Route(Table):
    """A rule: calls that match go to these trunks. Rules are tried in the order of the file."""

    name: str = ""
    """Name in records and logs; `route N` when left out."""
    trunk: list[str] = []
    """Trunks the call came in on; empty matches any."""
    called: str = ""
    """Regular expression that must be found in the called number (`+` in front when international)."""
    calling: str = ""
    """Regular expression that must be found in the calling number; a call without one matches as an empty string."""
    times: str = ""
    """When the rule holds, such as `Mo-Fr 08:00-18:00, Sa 09:00-12:00`, in local time."""
    did_table: str = ""
    """CSV file of `did,number[,trunk]`: matches when the called number is listed, which replaces it."""
    to: list[str] = []
    """Trunks to try, in order; `user:NAME` is a user that registers. Empty: the call is refused with `refuse_cause`."""
    actions: list[str] = []
    """What the gateway itself does with the call, in place of `to`: applications with their arguments, in order,
    such as `["answer", "playback /srv/closed.wav", "bridge sip/CARRIER/\\1"]`; `\\1` stands for a group of `called`,
    `${name}` for a channel variable. See docs/how-to/applications.md."""
    refuse_cause: CauseValue = 21
    """Q.850 cause for calls that this rule refuses (21 is call rejected)."""
    set_called: str = ""
    """New called number; `\\1` stands for a group of `called`. A leading `+` makes it international."""
    set_calling: str = ""
    """New calling number, with groups of `calling`."""
    called_nature: Literal["", "subscriber", "unknown", "national", "international", "network specific"] = ""
    """Nature of address of the called number sent on; empty keeps it."""
    calling_nature: Literal["", "subscriber", "unknown", "national", "international", "network specific"] = ""
    """Nature of address of the calling number sent on; empty keeps it."""
    fallback_causes: tuple[CauseValue, ...] = FALLBACK_CAUSES
    """Causes after which the next trunk of `to`, then the next matching route, is tried."""


class EventSocket(Table):
    """The event socket: commands and events for `tandem console`, and for clients that speak FreeSWITCH's protocol."""

    password: Annotated[str, Meta(min_length=1)]
    """Password that clients say first."""
    listen: str = "127.0.0.1:8021"
    """Address and TCP port. Whoever knows the password commands the gateway, and nothing is encrypted: listen on
    another address only in a network of its own."""
    read_only_password: str = ""
    """Another password, for those who may look and not change anything; empty: there is none."""
    allow: tuple[str, ...] = ("127.0.0.0/8", "::1")
    """Addresses and networks that may connect; others are turned away before they can say a password."""
    connections: Annotated[int, Meta(ge=1, le=10000)] = 100
    """Most clients at once."""
    wrong_passwords: Annotated[int, Meta(ge=0)] = 5
    """So many wrong passwords from an address within a minute, and it is turned away for `ban_seconds`; 0: never."""
    ban_seconds: Annotated[float, Meta(ge=1)] = 60.0
    """How long an address is turned away."""
    login_seconds: Annotated[float, Meta(ge=1)] = 10.0
    """How long a client may take to say its password."""
    buffer_kilobytes: Annotated[int, Meta(ge=16)] = 4096
    """What waits for a client that does not read; when more does, the client is cut off."""
    heartbeat_seconds: Annotated[float, Meta(ge=1)] = 20.0
    """How often the event HEARTBEAT comes."""


class Configuration(Table):
    """The whole file."""

    node: Node = msgspec.field(default_factory=Node)
    """`[node]`"""
    media: Media = msgspec.field(default_factory=Media)
    """`[media]`"""
    web: Web | None = None
    """`[web]`; left out, there is no web server."""
    records: Records = msgspec.field(default_factory=Records)
    """`[records]`"""
    sip: Sip | None = None
    """`[sip]`; needed when there is a SIP trunk."""
    event_socket: EventSocket | None = None
    """`[event_socket]`; left out, nobody can give commands."""
    span: list[Span] = []
    """`[[span]]`"""
    sigtran: Sigtran = msgspec.field(default_factory=Sigtran)
    """`[sigtran]`"""
    association: list[Association] = []
    """`[[association]]`"""
    ss7: Ss7 = msgspec.field(default_factory=Ss7)
    """`[ss7]`"""
    isdn: Isdn = msgspec.field(default_factory=Isdn)
    """`[isdn]`"""
    trunk: list[Trunk] = []
    """`[[trunk]]`"""
    route: list[Route] = []
    """`[[route]]`"""
    cause_map: dict[str, int | str] = {}
    """`[cause_map]`: rows of the cause tables to change. `"isup-sip 21" = 603`, `"sip-isup 480" = 20` between causes,
    of whatever circuits, and SIP statuses; `"isup-call 31" = 16` and `"pri-call 31" = 16` for causes that come in,
    `"call-isup 21" = 17` and `"call-pri 21" = 17` for those told; `"tup-call SSB" = 17` and `"call-tup 17" = "STB"`
    between messages of TUP and causes."""
    mapping: dict[str, int | str] = {}
    """`[mapping]`: rows of the other tables between protocols to change, as `tandem mappings` shows them: direction,
    what and key, then the value. `"tup-call category 16" = 11`, `"call-isup category 12" = 10`, `"sip-call cpc
    payphone" = 10` for the calling party's category; `"isup-call nature 113" = "national"` for the nature of address;
    `"call-tup answer with no indication" = "ANC"` for charging; `"isup-call ACM, status no indication" =
    "alerting"` and `"call-sip response to alerting" = 183` for what says that the called party is rung."""
