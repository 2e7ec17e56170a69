"""Requests within a dialog, in both directions."""

import pytest
from support.sip_pair import invitation
from support.sip_script import Script, peer_request

from tandem.gateway.sip.multipart import Part
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.primitives import (
    Failed,
    InfoReceived,
    ReInvite,
    ReInviteConfirmed,
    ReInviteResult,
    SessionOffered,
)

pytestmark = pytest.mark.usefixtures("sip_reading")

SDP = "v=0\r\n"


class Dialog:
    """An answered incoming call, seen from the peer."""

    def __init__(self) -> None:
        self.script = Script()
        self.script.hear(peer_request("INVITE", body=SDP))
        self.script.agent.respond(1, 200, body=SDP.encode(), now=0.0)
        self.tag = self.script.drain()[0].to.tag
        self.cseq = 1
        self.send("ACK", cseq=1)
        self.script.events.clear()

    def send(self, method, *lines, **options):
        """A request of the peer in the dialog."""
        if "cseq" not in options:
            self.cseq += 1
            options["cseq"] = self.cseq
        options.setdefault("branch", f"z9hG4bK{method}{options['cseq']}")
        return self.script.hear(peer_request(method, *lines, tag=self.tag, **options))


def test_reinvite_of_the_peer():
    """14.2, 12.2.2: the remote target follows the Contact; the 2xx is repeated until its ACK."""
    dialog = Dialog()
    script = dialog.script
    (trying,) = dialog.send("INVITE", "Contact: <sip:a@10.0.0.3:5070>", body="v=1")
    assert trying.status == 100
    (event,) = script.events
    assert isinstance(event, ReInvite)
    assert event.body == b"v=1"
    script.agent.answer_reinvite(1, 200, b"answer", now=0.0)
    (ok,) = script.drain()
    assert (ok.status, ok.body, ok.to.tag) == (200, b"answer", dialog.tag)
    dialog.send("ACK", cseq=1, branch="z9hG4bKlate")
    assert [m.status for m in script.wait(1.5)] == [200, 200], "the ACK of an earlier INVITE is not its ACK"
    dialog.send("ACK", cseq=2, branch="z9hG4bKack2")
    assert isinstance(script.events[-1], ReInviteConfirmed)
    assert script.wait(10) == []
    script.agent.bye(1, (), script.now)
    (bye,) = script.drain()
    assert bye.uri_text == "sip:a@10.0.0.3:5070"


def test_reinvite_refused_leaves_the_call():
    dialog = Dialog()
    dialog.send("INVITE", body="v=1")
    dialog.script.agent.answer_reinvite(1, 488, now=0.0)
    assert [m.status for m in dialog.script.drain()] == [488]
    dialog.send("ACK", cseq=2, branch="z9hG4bKINVITE2")
    assert dialog.script.wait(20) == []
    assert dialog.script.agent.calls == 1


def test_provisional_answer_to_a_reinvite():
    dialog = Dialog()
    dialog.send("INVITE", body="v=1")
    dialog.script.agent.answer_reinvite(1, 183, now=0.0)
    dialog.script.agent.answer_reinvite(1, 200, b"x", now=0.0)
    assert [m.status for m in dialog.script.drain()] == [183, 200]


def test_reinvite_before_the_answer():
    """14.2: the first INVITE is still open."""
    script = Script()
    script.hear(peer_request("INVITE"))
    script.agent.respond(1, 180, now=0.0)
    tag = script.drain()[0].to.tag
    (refusal,) = script.hear(peer_request("INVITE", tag=tag, cseq=2, branch="z9hG4bKp2"))
    assert refusal.status == 500


def test_reinvite_of_ours_with_unusable_contact():
    """The old target stays."""
    dialog = Dialog()
    dialog.script.agent.reinvite(1, b"offer", (), 0.0)
    (invite,) = dialog.script.drain()
    (ack,) = dialog.script.answer(invite, 200, "Contact: <sip:")
    assert ack.uri_text == "sip:1234@10.0.0.2:5060"
    assert dialog.script.agent.statistics["2xx without usable Contact"] == 1


def test_reinvite_without_ack_ends_the_call():
    """14.2, 13.3.1.4."""
    dialog = Dialog()
    dialog.send("INVITE", body="v=1")
    dialog.script.agent.answer_reinvite(1, 200, b"x", now=0.0)
    assert dialog.script.wait(32)[-1].method == "BYE"
    assert dialog.script.events[-2] == Failed(1, "no ACK")


def test_reinvite_while_one_is_open():
    """14.2: 500 with Retry-After while the peer's last INVITE is open, 491 while ours is."""
    dialog = Dialog()
    dialog.send("INVITE", body="v=1")
    (refusal,) = dialog.send("INVITE", body="v=1")
    assert (refusal.status, refusal.get("Retry-After")) == (500, "5")
    dialog = Dialog()
    assert dialog.script.agent.reinvite(1, b"offer", (), 0.0)
    dialog.script.drain()
    (refusal,) = dialog.send("INVITE", body="v=1")
    assert refusal.status == 491
    assert not dialog.script.agent.reinvite(1, b"offer", (), 0.0)


def test_reinvite_cancelled():
    """9.2."""
    dialog = Dialog()
    dialog.send("INVITE", body="v=1")
    statuses = [(m.status, m.method) for m in dialog.send("CANCEL", cseq=2, branch="z9hG4bKINVITE2")]
    assert statuses == [(200, "CANCEL"), (487, "INVITE")]
    dialog.script.agent.answer_reinvite(1, 200, b"x", now=0.0)
    assert dialog.script.drain() == []
    assert dialog.script.agent.calls == 1


def test_bye_while_a_reinvite_is_open():
    """15.1.2: it gets 487."""
    dialog = Dialog()
    dialog.send("INVITE", body="v=1")
    assert [(m.status, m.method) for m in dialog.send("BYE")] == [(200, "BYE"), (487, "INVITE")]
    assert dialog.script.kinds() == ["ReInvite", "Ended", "Closed"]


def test_our_bye_while_a_reinvite_is_open():
    """It gets 487, and its transaction ends."""
    script = (dialog := Dialog()).script
    dialog.send("INVITE", body="v=1")
    script.agent.bye(1, (), script.now)
    refusal, bye = script.drain()
    assert (refusal.status, bye.method) == (487, "BYE")
    script.wait(60)
    assert set(script.agent.sizes().values()) == {0}


def test_reinvite_of_ours():
    """14.1: new offer in the dialog, ACK for each 2xx, target refreshed."""
    dialog = Dialog()
    script = dialog.script
    assert script.agent.reinvite(1, b"offer", [("X-A", "y")], 0.0)
    (invite,) = script.drain()
    assert (invite.method, invite.body, invite.to.tag, invite.cseq, invite.get("x-a")) == (
        "INVITE",
        b"offer",
        "a1",
        1,
        "y",
    )
    assert script.answer(invite, 100) == []
    (ack,) = script.answer(invite, 200, "Contact: <sip:z@10.0.0.9:5071>", body="v=0")
    assert (ack.method, ack.cseq, ack.uri_text) == ("ACK", 1, "sip:z@10.0.0.9:5071")
    (result,) = script.events
    assert isinstance(result, ReInviteResult)
    assert (result.status, result.message.body) == (200, b"v=0")
    assert [m.method for m in script.answer(invite, 200)] == ["ACK"]
    assert len(script.events) == 1
    assert script.agent.reinvite(1, b"offer", (), 0.0)


@pytest.mark.parametrize(
    ("status", "methods", "events"),
    [
        (488, ["ACK"], ["ReInviteResult"]),
        (481, ["ACK", "BYE"], ["ReInviteResult", "Failed", "Closed"]),
        (408, ["ACK", "BYE"], ["ReInviteResult", "Failed", "Closed"]),
    ],
)
def test_reinvite_of_ours_refused(status, methods, events):
    """14.1; 12.2.1.2: 481 and 408 end the dialog."""
    dialog = Dialog()
    dialog.script.agent.reinvite(1, b"offer", (), 0.0)
    (invite,) = dialog.script.drain()
    assert [m.method for m in dialog.script.answer(invite, status)] == methods
    assert dialog.script.kinds() == events


def test_reinvite_of_ours_without_answer():
    dialog = Dialog()
    dialog.script.agent.reinvite(1, b"offer", (), 0.0)
    assert dialog.script.wait(32)[-1].method == "BYE"
    assert dialog.script.events[:2] == [ReInviteResult(1, 408, None), Failed(1, "timeout")]


@pytest.mark.parametrize("ended", [False, True])
def test_reinvite_of_ours_without_final_response(ended):
    """Proceeding has no timer: it ends after three minutes, with the call if that still stands."""
    dialog = Dialog()
    dialog.script.agent.reinvite(1, b"offer", (), 0.0)
    (invite,) = dialog.script.drain()
    dialog.script.answer(invite, 100)
    if ended:
        dialog.send("BYE")
    assert [m.method for m in dialog.script.wait(180)] == ([] if ended else ["BYE"])
    assert dialog.script.kinds() == (["Ended", "Closed"] if ended else ["ReInviteResult", "Failed", "Closed"])
    dialog.script.wait(33)
    assert set(dialog.script.agent.sizes().values()) == {0}


def test_reinvite_of_ours_crosses_bye():
    """The 2xx that comes after the end still gets its ACK."""
    dialog = Dialog()
    dialog.script.agent.reinvite(1, b"offer", (), 0.0)
    (invite,) = dialog.script.drain()
    dialog.send("BYE")
    assert dialog.script.kinds() == ["Ended", "Closed"]
    assert [m.method for m in dialog.script.answer(invite, 200)] == ["ACK"]
    dialog.script.wait(70)
    assert set(dialog.script.agent.sizes().values()) == {0}


@pytest.mark.parametrize(
    ("method", "lines", "status"),
    [
        ("OPTIONS", (), 200),
        ("UPDATE", (), 200),
        ("NOTIFY", (), 481),
        ("PRACK", (), 481),
        ("MESSAGE", (), 405),
        ("REFER", (), 405),
        ("INFO", ("Require: foo",), 420),
        ("UPDATE", ("Contact: <sip:",), 400),
        ("INVITE", ("Contact: <sip:",), 400),
    ],
)
def test_other_requests(method, lines, status):
    dialog = Dialog()
    (response,) = dialog.send(method, *lines)
    assert response.status == status
    assert dialog.script.events == []
    if status == 405:
        assert "INVITE" in response.values("Allow")


def test_update():
    """RFC 3311 5.2: Contact refreshed; an offer goes to the owner, another one meanwhile has to wait."""
    dialog = Dialog()
    (ok,) = dialog.send("UPDATE", "Contact: <sip:a@10.0.0.8>")
    assert ok.contact.uri.host == "10.0.0.1"
    assert dialog.send("UPDATE", body="v=0") == []
    (event,) = dialog.script.events
    assert isinstance(event, SessionOffered)
    assert event.body == b"v=0"
    (later,) = dialog.send("UPDATE", body="v=0")
    assert (later.status, later.get("Retry-After")) == (500, "5")
    dialog.script.agent.answer_update(1, 200, b"answer", now=0.0)
    (ok,) = dialog.script.drain()
    assert (ok.status, ok.body, ok.cseq) == (200, b"answer", 3)
    dialog.script.agent.bye(1, (), 0.0)
    assert dialog.script.drain()[0].uri_text == "sip:1234@10.0.0.2:5060"


def test_info_both_ways():
    dialog = Dialog()
    (refused,) = dialog.send("INFO", body="v=0")
    assert refused.status == 415
    relay = peer_request("INFO", tag=dialog.tag, cseq=3, branch="z9hG4bKinfo", body="Signal=5")
    (ok,) = dialog.script.hear(relay.replace("application/sdp", "application/dtmf-relay"))
    assert ok.status == 200
    (event,) = dialog.script.events
    assert isinstance(event, InfoReceived)
    assert event.message.body == b"Signal=5"
    dialog.script.agent.send_info(1, "application/dtmf-relay", b"Signal=1", (), 0.0)
    (info,) = dialog.script.drain()
    assert (info.method, info.content_type, info.body) == ("INFO", "application/dtmf-relay", b"Signal=1")


def test_lower_sequence_numbers():
    """12.2.2."""
    dialog = Dialog()
    assert [m.status for m in dialog.send("INFO", cseq=10)] == [200]
    assert [m.status for m in dialog.send("INFO", cseq=9)] == [500]
    assert [m.status for m in dialog.send("INFO", cseq=12)] == [200]


@pytest.mark.parametrize(
    ("lines", "body", "answer"), [(["Content-Type: application/isup"], "REL", b"RLC"), ([], "", b"")]
)
def test_bye_with_a_message_is_answered_with_its_counterpart(lines, body, answer):
    """Before the answer and after it; a BYE without the message gets none."""
    for answered in (False, True):
        script = Script()
        script.hear(peer_request("INVITE", body=SDP))
        options = CallOptions(released=Part("application/isup", b"RLC", {"version": "x"}))
        assert script.agent.configure(1, options, 0.0)
        script.agent.respond(1, 200 if answered else 180, body=SDP.encode(), now=0.0)
        tag = script.drain()[0].to.tag
        if answered:
            script.hear(peer_request("ACK", tag=tag))
        request = peer_request("BYE", *lines, branch="z9hG4bKbye", cseq=2, tag=tag, body=body)
        if body:
            request = request.replace("Content-Type: application/sdp\r\n", "")
        response = next(one for one in script.hear(request) if one.method == "BYE")
        assert (response.status, response.body) == (200, answer)
        assert response.content_type == ("application/isup" if answer else None) or not answer


def test_bye_from_both_sides_at_once():
    dialog = Dialog()
    dialog.script.agent.bye(1, (), 0.0)
    (bye,) = dialog.script.drain()
    assert [m.status for m in dialog.send("BYE")] == [481]
    dialog.script.answer(bye, 481)
    assert dialog.script.kinds() == ["Closed"]
    dialog.script.wait(40)
    assert set(dialog.script.agent.sizes().values()) == {0}


def test_calls_that_are_over_are_let_be():
    """The owner's wish may cross the end of the call."""
    script = Script()
    for wish in (
        lambda: script.agent.bye(7, (), 0.0),
        lambda: script.agent.end(7, 486, (), 0.0),
        lambda: script.agent.cancel(7, (), 0.0),
        lambda: script.agent.respond(7, 200, now=0.0),
        lambda: script.agent.answer_reinvite(7, 200, now=0.0),
        lambda: script.agent.send_info(7, "a/b", b"", (), 0.0),
    ):
        wish()
    assert not script.agent.reinvite(7, b"", (), 0.0)
    assert script.drain() == []


def test_wishes_before_the_answer():
    """BYE and re-INVITE need a confirmed dialog."""
    script = Script()
    call = script.agent.invite(invitation(), 0.0)
    script.drain()
    script.agent.bye(call, (), 0.0)
    assert not script.agent.reinvite(call, b"", (), 0.0)
    assert script.drain() == []
