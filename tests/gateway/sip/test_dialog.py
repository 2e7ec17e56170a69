import pytest

from tandem.core.errors import DecodeError
from tandem.gateway.sip.dialog import Dialog
from tandem.gateway.sip.endpoint import Stream
from tandem.gateway.sip.message import parse_message

pytestmark = pytest.mark.usefixtures("sip_reading")

SOURCE = ("198.51.100.7", 5070)


def request(*lines: str):
    head = ["INVITE sip:b@h.example SIP/2.0", "Via: SIP/2.0/UDP p.example;branch=z9hG4bK1",
            "From: <sip:a@h.example>;tag=a1",
            "To: <sip:b@h.example>", "Call-ID: c1", "CSeq: 7 INVITE"]  # fmt: skip
    return parse_message("\r\n".join([*head, *lines, "", ""]).encode())


def response(*lines: str):
    head = ["SIP/2.0 200 OK", "Via: SIP/2.0/UDP p.example;branch=z9hG4bK1",
            "From: <sip:a@h.example>;tag=a1",
            "To: <sip:b@h.example>;tag=b1", "Call-ID: c1", "CSeq: 7 INVITE"]  # fmt: skip
    return parse_message("\r\n".join([*head, *lines, "", ""]).encode())


ROUTES = ("Record-Route: <sip:192.0.2.1;lr>, <sip:p2.example;lr>", "Record-Route: <sip:p3.example;lr>")


def test_of_the_callee():
    """12.1.1: route set in order, remote target from Contact, tags, remote sequence number."""
    dialog = Dialog.from_request(request("Contact: <sip:a@192.0.2.9:5080>", *ROUTES), "me", SOURCE)
    assert dialog.key == ("c1", "me", "a1")
    assert (dialog.local, dialog.remote, dialog.remote_cseq) == (
        "<sip:b@h.example>;tag=me",
        "<sip:a@h.example>;tag=a1",
        7,
    )
    assert dialog.routes == ["<sip:192.0.2.1;lr>", "<sip:p2.example;lr>", "<sip:p3.example;lr>"]
    assert dialog.destination == ("192.0.2.1", 5060)


def test_of_the_caller():
    """12.1.2: route set in reverse."""
    dialog = Dialog.from_response(response("Contact: <sip:b@192.0.2.9:5080>", *ROUTES), 7, SOURCE)
    assert dialog.key == ("c1", "a1", "b1")
    assert dialog.routes == ["<sip:p3.example;lr>", "<sip:p2.example;lr>", "<sip:192.0.2.1;lr>"]
    assert dialog.destination == SOURCE, "a name is not resolved: back to where the peer's messages come from"
    head = dialog.head("via")
    assert (head.uri, head.cseq, head.routes.count("Route: ")) == ("sip:b@192.0.2.9:5080", 8, 3)
    assert dialog.head("via", 7).cseq == 7
    assert dialog.head("via").cseq == 9


def test_strict_router():
    """12.2.1.1: its URI is the Request-URI and the target goes last."""
    dialog = Dialog.from_response(
        response("Contact: <sip:b@192.0.2.9>", "Record-Route: <sip:p2.example;lr>, <sip:192.0.2.1>"), 7, SOURCE
    )
    head = dialog.head("via")
    assert head.uri == "sip:192.0.2.1"
    assert head.routes == "Route: <sip:p2.example;lr>\r\nRoute: <sip:b@192.0.2.9>\r\n"
    assert dialog.destination == ("192.0.2.1", 5060)


@pytest.mark.parametrize(
    ("contact", "destination"),
    [
        ("<sip:b@192.0.2.9>", ("192.0.2.9", 5060)),
        ("<sip:b@[2001:db8::1]:5070>", ("2001:db8::1", 5070)),
        ("<sip:b@host.example:5070>", SOURCE),
        ("<sips:b@192.0.2.9>", Stream("192.0.2.9", 5061, "tls")),
        ("<sip:b@192.0.2.9;transport=tcp>", Stream("192.0.2.9", 5060, "tcp")),
        ("<sip:b@[2001:db8::1]:5070;transport=TLS>", Stream("2001:db8::1", 5070, "tls")),
        ("<tel:+123>", SOURCE),
    ],
)
def test_destination(contact, destination):
    assert Dialog.from_response(response(f"Contact: {contact}"), 7, SOURCE).destination == destination


def test_sequence_numbers():
    """12.2.2."""
    dialog = Dialog.from_request(request("Contact: <sip:a@192.0.2.9>"), "me", SOURCE)
    assert not dialog.in_sequence(6)
    assert not dialog.in_sequence(7)
    assert dialog.in_sequence(9)
    assert not dialog.in_sequence(8)
    caller = Dialog.from_response(response("Contact: <sip:b@192.0.2.9>"), 7, SOURCE)
    assert caller.in_sequence(0)


def test_target_refresh():
    dialog = Dialog.from_request(request("Contact: <sip:a@192.0.2.9>"), "me", SOURCE)
    dialog.refresh_target(request("Contact: <sip:a@192.0.2.10:5066>"))
    assert dialog.destination == ("192.0.2.10", 5066)
    dialog.refresh_target(request())
    assert dialog.destination == ("192.0.2.10", 5066)


@pytest.mark.parametrize("line", ["Contact: <sip:", "Contact: <sip:a@b.example>, <sip:c@d.example>",
                                  "Contact: <sip:a@b.example>\r\nRecord-Route: <sip:>",
                                  "Contact: <sip:a@b.example>\r\nRecord-Route: a,,b"])  # fmt: skip
def test_malformed(line):
    with pytest.raises(DecodeError):
        Dialog.from_request(request(line), "me", SOURCE)
    with pytest.raises(DecodeError):
        Dialog.from_response(response(line), 7, SOURCE)
