"""Redirected calls in Diversion and History-Info."""

import pytest
from support.sip_messages import invite

from tandem.gateway.calls.model import Nature, Number, Presentation, Setup
from tandem.gateway.trunks.sip_diversion import read, write

A, B = Number("49301", Nature.INTERNATIONAL), Number("49302", Nature.INTERNATIONAL)


def setup_from(*headers):
    found = read(invite("sip:303@x", *headers))
    return None if found is None else found.apply(Setup(Number("303")))


def essence(setup):
    return (
        setup.redirecting,
        setup.original_called,
        setup.redirection_reason,
        setup.original_redirection_reason,
        setup.redirection_counter,
    )


def test_a_call_that_was_not_redirected():
    assert read(invite()) is None
    assert read(invite("sip:1@x", "Diversion: nonsense <", "History-Info: <sip:1@x>;index=1")) is None
    for form in ("diversion", "history-info", "both"):
        assert write(Setup(Number("1")), form, "gw", "", "sip:1@x") == []


def test_one_diversion():
    setup = setup_from("Diversion: <sip:+49301@x>;reason=unconditional")
    assert essence(setup) == (A, None, 3, 0, 1)


def test_two_diversions():
    """RFC 5806 4.1: the topmost is the last."""
    setup = setup_from(
        "Diversion: <tel:+49302>;reason=user-busy;privacy=full", "Diversion: <sip:+49301@x>;reason=no-answer;counter=2"
    )
    assert (setup.redirecting.digits, setup.redirecting.presentation) == ("49302", Presentation.RESTRICTED)
    assert essence(setup)[1:] == (A, 1, 2, 3)


def test_names_and_strange_reasons():
    setup = setup_from('Diversion: <sip:alice@x>, <sip:+49301@x>;reason="unknown";counter=x')
    assert essence(setup) == (A, None, 0, 0, 1)
    assert setup_from("Diversion: <sip:+49301@x>;reason=do-not-disturb").redirection_reason == 1


def test_history():
    """RFC 7044 annex, RFC 4458: the cause stands in the URI that the call was diverted to."""
    value = "<sip:+49301@x>;index=1, <sip:+49302@x;cause=302>;index=1.1, <sip:303@x;cause=408>;index=1.1.1"
    assert essence(setup_from(f"History-Info: {value}")) == (B, A, 2, 3, 2)


def test_history_without_a_diversion():
    assert setup_from("History-Info: <sip:+49301@x>;index=1, <sip:303@y>;index=1.1") is None


@pytest.mark.parametrize(
    "headers",
    [
        ("History-Info: <sip:+49301@x?Privacy=history>;index=1, <sip:303@x;cause=486>;index=1.1",),
        ("History-Info: <sip:+49301@x>;index=1, <sip:303@x;cause=486>;index=1.1", "Privacy: history"),
    ],
)
def test_privacy_of_history(headers):
    assert setup_from(*headers).redirecting.presentation is Presentation.RESTRICTED


ONE = Setup(Number("303"), redirecting=A, redirection_reason=1, redirection_counter=1)
TWO = Setup(
    Number("303"),
    redirecting=B,
    original_called=A,
    redirection_reason=2,
    original_redirection_reason=3,
    redirection_counter=2,
)


def test_what_is_written():
    assert write(ONE, "diversion", "gw", "", "sip:303@peer") == [
        ("Diversion", "<sip:+49301@gw;user=phone>;reason=user-busy;counter=1")
    ]
    assert write(TWO, "history-info", "gw", "", "sip:303@peer") == [
        (
            "History-Info",
            "<sip:+49301@gw;user=phone>;index=1, <sip:+49302@gw;user=phone;cause=302>;index=1.1, "
            "<sip:303@peer;cause=408>;index=1.1.1",
        )
    ]
    assert [name for name, _ in write(TWO, "both", "gw", "", "sip:303@peer")] == ["Diversion"] * 2 + ["History-Info"]
    assert write(TWO, "none", "gw", "", "sip:303@peer") == []


@pytest.mark.parametrize("form", ["diversion", "history-info", "both"])
@pytest.mark.parametrize("reason", [0, 1, 2, 3, 4, 6])
@pytest.mark.parametrize("times", [1, 2])
def test_round_trip(form, reason, times):
    base = ONE if times == 1 else TWO
    setup = Setup(
        base.called,
        redirecting=base.redirecting,
        original_called=base.original_called,
        redirection_reason=reason,
        original_redirection_reason=reason if times == 2 else 0,
        redirection_counter=times,
    )
    headers = [f"{name}: {value}" for name, value in write(setup, form, "gw", "", "sip:303@x")]
    assert essence(setup_from(*headers)) == essence(setup)
