"""RFC 4028: fields, and the table of who refreshes (section 9, table 2)."""

import pytest

from tandem.gateway.sip.message import Request, Response
from tandem.gateway.sip.options import CallOptions
from tandem.gateway.sip.session_timer import SessionExpires, SessionTimer, min_se, supports


def invite(**fields):
    return Request("INVITE", "sip:x", {name.replace("_", "-"): [value] for name, value in fields.items()}, b"")


def answer(status=200, **fields):
    return Response(status, "", {name.replace("_", "-"): [value] for name, value in fields.items()}, b"")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1800", SessionExpires(1800)),
        ("90;refresher=uac", SessionExpires(90, "uac")),
        ("90 ; x=y ;Refresher = UAS", SessionExpires(90, "uas")),
        ("90;refresher=me", SessionExpires(90)),
        ("x", None),
        ("", None),
    ],
)
def test_session_expires(text, value):
    assert SessionExpires.of(invite(session_expires=text)) == value


def test_fields():
    assert SessionExpires.of(invite()) is None
    assert str(SessionExpires(90, "uas")) == "90;refresher=uas"
    assert [min_se(invite(min_se=text)) for text in ("120", "10", "x")] == [120, 90, 90]
    assert min_se(invite()) == 90
    assert supports(invite(supported="100rel, TIMER"), "timer")
    assert supports(invite(require="timer"), "timer")
    assert not supports(invite(), "timer")


def timer(expires=1800, least=90, refresher="auto"):
    return SessionTimer(CallOptions(session_expires=expires, min_se=least, refresher=refresher))


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ({}, "Session-Expires: 1800\r\n"),
        ({"refresher": "local"}, "Session-Expires: 1800;refresher=uac\r\n"),
        ({"refresher": "remote", "least": 120}, "Session-Expires: 1800;refresher=uas\r\nMin-SE: 120\r\n"),
        ({"expires": 0}, ""),
    ],
)
def test_what_our_request_says(options, lines):
    assert timer(**options).request_lines() == lines


def test_422_raises_the_interval_once():
    ours = timer(expires=100)
    assert not ours.too_small(answer(422, min_se="90"))
    assert ours.too_small(answer(422, min_se="300"))
    assert ours.request_lines() == "Session-Expires: 300\r\nMin-SE: 300\r\n"
    assert not ours.too_small(answer(422, min_se="300")), "lest it goes on for ever"
    assert not timer(expires=0).too_small(answer(422, min_se="300"))


def test_an_interval_too_small_is_refused():
    ours = timer(least=200)
    assert ours.refusal(invite(session_expires="199", supported="timer")) == "Min-SE: 200\r\n"
    assert ours.refusal(invite(session_expires="200", supported="timer")) is None
    assert ours.refusal(invite(session_expires="100")) is None, "a proxy put it there: the caller cannot act on 422"
    assert ours.refusal(invite(supported="timer")) is None
    assert timer(0).refusal(invite(session_expires="1", supported="timer")) is None


@pytest.mark.parametrize(
    ("fields", "refresher", "lines", "refreshing"),
    [
        ({"supported": "timer"}, "auto", "Session-Expires: 1800;refresher=uac\r\nRequire: timer\r\n", False),
        ({"supported": "timer"}, "local", "Session-Expires: 1800;refresher=uas\r\n", True),
        ({"supported": "timer", "session_expires": "600;refresher=uas"}, "auto",
         "Session-Expires: 600;refresher=uas\r\n", True),
        ({"supported": "timer", "session_expires": "600;refresher=uac"}, "local",
         "Session-Expires: 600;refresher=uac\r\nRequire: timer\r\n", False),
        ({"session_expires": "600"}, "auto", "Session-Expires: 600;refresher=uas\r\n", True),
        ({}, "remote", "Session-Expires: 1800;refresher=uas\r\n", True),
        ({"supported": "timer", "session_expires": "9000", "min_se": "2000"}, "auto",
         "Session-Expires: 2000;refresher=uac\r\nRequire: timer\r\n", False),
    ],
)  # fmt: skip
def test_what_our_answer_says(fields, refresher, lines, refreshing):
    ours = timer(refresher=refresher)
    assert ours.accept(invite(**fields)) == lines
    assert ours.refreshing is refreshing


def test_without_a_timer_of_ours_the_answer_says_nothing():
    assert timer(0).accept(invite(session_expires="600", supported="timer")) == ""


@pytest.mark.parametrize(
    ("fields", "interval", "refreshing"),
    [
        ({"session_expires": "600;refresher=uac"}, 600, True),
        ({"session_expires": "600;refresher=uas"}, 600, False),
        ({"session_expires": "600"}, 600, True),
        ({"session_expires": "5;refresher=uac"}, 90, True),
        ({}, 0, False),
    ],
)
def test_what_the_answer_of_the_peer_means(fields, interval, refreshing):
    ours = timer()
    ours.agreed(answer(**fields))
    assert (ours.interval, ours.refreshing) == (interval, refreshing)


def test_when():
    """7.2: half; 10: the smaller of 32 s and a third before the end."""
    ours = timer()
    ours.agreed(answer(session_expires="90;refresher=uac"))
    assert (ours.refresh_after(), ours.expires_after()) == (45, 60)
    ours.agreed(answer(session_expires="1800;refresher=uac"))
    assert (ours.refresh_after(), ours.expires_after()) == (900, 1768)
    assert ours.request_lines() == "Session-Expires: 1800;refresher=uac\r\n"
