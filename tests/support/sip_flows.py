"""SIP calls as captures, message by message, with whatever may be odd about each."""

from support.packet_files import ethernet, ipv4, pcap, tcp, udp

SDP = (
    "v=0\r\no=- 1 1 IN IP4 10.0.0.{host}\r\ns=-\r\nc=IN IP4 10.0.0.{host}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
)
ODDITIES = (
    *("", "", "", "", "", "sdp", "folded", "doubled", "no-colon", "latin", "short-names", "identity", "reason"),
    *(
        "spaces",
        "no-tag",
        "isup",
        "unknown-field",
        "lone-newline",
        "tabs",
        "long-id",
        "tcp",
        "body",
        "upper",
        "no-user",
        "again",
    ),
)


def message(what, call, forward, cseq=1, odd=""):
    """The octets of a request (`BYE`) or response (`200 INVITE`); `forward` says which side began its transaction."""
    near, far = ("a", "b") if forward else ("b", "a")
    status, _, method = what.rpartition(" ")
    start = f"SIP/2.0 {status} Words of it" if status else f"{method} sip:49{call}30@10.0.0.2;user=phone SIP/2.0"
    start = start.replace(f"sip:49{call}30@10.0.0.2", "sip:host") if odd == "no-user" else start
    begins = method == "INVITE" and (cseq == 1 or odd == "again") and forward
    to_tag = "" if begins and (not status or status == "100") else f";tag={far}{call}"
    names = {"From": "From", "To": "To", "Call-ID": "Call-ID", "CSeq": "CSeq"}
    if odd == "short-names":
        names |= {"From": "f", "To": "t", "Call-ID": "i"}
    if odd == "upper":
        names = {name: name.upper() for name in names}
    space = {"spaces": "   ", "tabs": "\t"}.get(odd, " ")
    identity = "x" * 150 if odd == "long-id" else "id"
    body = SDP.format(host=1 if forward else 2, port=10000 + 2 * call) if odd == "sdp" else ""
    body = "c=IN IP4 10.0.0.9\nm=audio 9 RTP/AVP 0" if odd == "body" else body
    tag = "" if odd == "no-tag" else f";tag={near}{call}"
    lines = [
        start,
        f"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK{call}{cseq}{method}",
        "Max-Forwards: 70",
        f'{names["From"]}:{space}"A;tag=no" <sip:{call}0@10.0.0.1>{tag}',
        f"{names['To']}:{space}<sip:{call}1@10.0.0.2;x=y>{to_tag}",
        f"{names['Call-ID']}:{space}{identity}{call}@10.0.0.1",
        f"{names['CSeq']}:{space}{cseq} {method}",
    ]
    lines += {
        "folded": ["Subject: one", " and more"],
        "doubled": ["Call-ID: other"],
        "no-colon": ["Nonsense"],
        "identity": [f"P-Asserted-Identity: <tel:+49{call}>"],
        "reason": ["Reason: Q.850 ;cause=31"],
        "isup": ["Content-Type: application/isup; version=itu-t92"],
        "unknown-field": ["X-Thing: 1", "To-Do: none", "Fromage: y"],
        "latin": ["Subject: \xe9"],
        "sdp": ["Content-Type: application/sdp"],
    }.get(odd, [])
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}"]) + "\r\n\r\n"
    if odd == "lone-newline":
        head = head.replace("Max-Forwards: 70\r\n", "Max-Forwards: 70\n")
    return (head + body).encode("latin-1" if odd == "latin" else "utf-8")


def capture(events):
    """A pcap file of (seconds since the last, call, message, begun by the calling side, CSeq, oddity)."""
    packets, time = [], 1000.0
    for step, call, what, forward, cseq, odd in events:
        time += step
        octets = message(what, call, forward, cseq, odd)
        there = forward == (" " not in what)
        hosts = ("10.0.0.1", "10.0.0.2") if there else ("10.0.0.2", "10.0.0.1")
        ports = (5060, 5062) if there else (5062, 5060)
        if odd == "tcp":
            length = octets.replace(b"UDP", b"TCP")
            packets.append((time, ethernet(ipv4(tcp(length, len(packets) * 5000, *ports), 6, *hosts))))
        else:
            packets.append((time, ethernet(ipv4(udp(octets, *ports), 17, *hosts))))
    return pcap(packets)
