"""INVITE and its responses for tests of what their header fields mean."""

from tandem.gateway.sip.message import parse_message


def message(start, *headers):
    head = "\r\n".join(
        [
            start,
            "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1",
            "Max-Forwards: 20",
            "Call-ID: 1@x",
            "CSeq: 1 INVITE",
            *headers,
        ]
    )
    return parse_message(f"{head}\r\nContent-Length: 0\r\n\r\n".encode())


def invite(uri="sip:301@127.0.0.1", *headers, sender="<sip:100@127.0.0.1>;tag=1"):
    contact = "Contact: <sip:x@127.0.0.1>"
    return message(f"INVITE {uri} SIP/2.0", f"From: {sender}", f"To: <{uri}>", contact, *headers)


def answer(status, *headers):
    return message(f"SIP/2.0 {status} No", "From: <sip:a@x>;tag=1", "To: <sip:b@x>;tag=2", *headers)
