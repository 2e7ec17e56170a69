import contextlib

import pytest
import sipmessage
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.errors import DecodeError
from tandem.gateway.sip.fields import (
    format_address,
    format_parameters,
    is_ip_address,
    parse_address,
    parse_cseq,
    parse_parameters,
    parse_uri,
    parse_via,
    quoted,
    sip_uri,
    split_list,
    unquote,
)

pytestmark = pytest.mark.usefixtures("sip_reading")


@pytest.mark.parametrize(
    ("text", "user", "host", "port", "parameters"),
    [
        ("sip:alice@atlanta.com", "alice", "atlanta.com", None, {}),
        ("sip:alice:secretword@atlanta.com;transport=tcp", "alice", "atlanta.com", None, {"transport": "tcp"}),
        ("sips:1212@gateway.com", "1212", "gateway.com", None, {}),
        ("sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com", None, "atlanta.com", None, {"method": "REGISTER"}),
        ("sip:alice;day=tuesday@atlanta.com", "alice;day=tuesday", "atlanta.com", None, {}),
        ("sip:%61lice@atlanta.com;transport=TCP", "alice", "atlanta.com", None, {"transport": "TCP"}),
        ("SIP:+49.30-1@[2001:db8::9:1]:5080;LR;user=phone", "+49.30-1", "[2001:db8::9:1]", 5080,
         {"lr": None, "user": "phone"}),
        ("sip:%23%2a@host1", "#*", "host1", None, {}),
        ("tel:+358-555-1234567;phone-context=example.com", "+358-555-1234567", "", None,
         {"phone-context": "example.com"}),
    ],
)  # fmt: skip
def test_uri(text, user, host, port, parameters):
    """RFC 3261 19.1.3 and RFC 3966 examples, and what peers send."""
    uri = parse_uri(text)
    assert (uri.user, uri.host, uri.port, dict(uri.parameters)) == (user, host, port, parameters)
    assert uri.text == text == str(uri)
    assert uri.scheme == text.partition(":")[0].lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "sip:@host",
        "alice@atlanta.com",
        "sip:alice@",
        "sip:alice@atlanta.com:0",
        "sip:alice@atlanta.com:65536",
        "sip:alice@999.1.1.1",
        "sip:alice@1.2.3",
        "sip:alice@[1::2::3]",
        "sip:alice@-bad.com",
        "sip:alice@bad-.com",
        "sip:al ice@atlanta.com",
        "sip:al#ice@atlanta.com",
        "sip:al%4ice@atlanta.com",
        "sip:%ff@atlanta.com",
        "sip:alice@atlanta.com;;lr",
        "sip:alice@atlanta.com;x=1;X=2",
        "sip:alice@atlanta.com;x=",
        "sip:alice@atlanta.com\n",
        "tel:",
        "tel:--",
        "<sip:alice@atlanta.com>",
    ],
)
def test_malformed_uri(text):
    with pytest.raises(DecodeError):
        parse_uri(text)


def test_other_schemes_are_kept():
    uri = parse_uri("soap.beep://192.0.2.103:3002")
    assert (uri.scheme, uri.host) == ("soap.beep", "//192.0.2.103:3002")


@pytest.mark.parametrize(
    ("text", "display", "user", "tag"),
    [
        ('"A. G. Bell" <sip:agb@bell-telephone.com> ;tag=a48s', "A. G. Bell", "agb", "a48s"),
        ("sip:+12125551212@server.phone2net.com;tag=887s", "", "+12125551212", "887s"),
        ("Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8", "Anonymous", "c8oqz84zk7z", "hyh8"),
        ("<sip:a@b.example;user=phone>;TAG=x;expires=5", "", "a", "x"),
        (r'"say \"hi\" \\" <sip:a@b.example>', r'say "hi" \\'[:-1], "a", None),
        ('"Jürgen"<sip:a@b.example>', "Jürgen", "a", None),
        ("two  words <sip:a@b.example>", "two  words", "a", None),
    ],
)
def test_address(text, display, user, tag):
    """RFC 3261 20.20 and 20.39 examples among others."""
    address = parse_address(text)
    assert (address.display, address.uri.user, address.tag) == (display, user, tag)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<sip:a@b.example",
        "sip:a@b.example>",
        '"open <sip:a@b.example>',
        "Jürgen <sip:a@b.example>",
        "a, b <sip:a@b.example>",
        "sip:a@b.example?Route=x",
        "<sip:a@b.example>;tag=1;tag=2",
        "<sip:a@b.example>tag=1",
        "<sip:a@b.example>;",
        "<sip:a@b.example>;=1",
        "<sip:a@b.example> x",
    ],
)
def test_malformed_address(text):
    with pytest.raises(DecodeError):
        parse_address(text)


def test_via():
    """RFC 3261 20.42, 7.3.1 (white space, case), RFC 3581; an IPv6 `received` has no brackets."""
    via = parse_via("SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1")
    assert (via.transport, via.host, via.port, via.branch) == ("UDP", "first.example.com", 4000, "z9hG4bKa7c6a8dlze.1")
    assert via.sent_by == ("first.example.com", 4000)
    assert parse_via("SIP/2.0/UDP Host1").sent_by == ("host1", 5060)
    via = parse_via("sip/2.0/udp [2001:db8::9:1];RPORT;received=2001:db8::9:255;branch=z9hG4bKas3-111;self=1")
    assert via.parameters == {"rport": None, "received": "2001:db8::9:255", "branch": "z9hG4bKas3-111", "self": "1"}
    assert parse_via(str(via)) == via


@pytest.mark.parametrize(
    "text",
    ["", "SIP/2.0/UDP", "SIP/1.0/UDP host", "SIP/2.0 host", "SIP/2.0/UDP host;", "SIP/2.0/UDP host:99999",
     "SIP/2.0/UDP host, SIP/2.0/UDP b", "SIP/2.0/UDP ho_st", "SIP/2.0/UDP h;branch", "UDP host;branch=x"],
)  # fmt: skip
def test_malformed_via(text):
    with pytest.raises(DecodeError):
        parse_via(text)


def test_cseq():
    assert parse_cseq("4711 INVITE") == (4711, "INVITE")
    assert parse_cseq("2147483647  BYE")[0] == 2**31 - 1
    for bad in (
        "2147483648 INVITE",
        "INVITE",
        "1INVITE",
        "-1 INVITE",
        "1 INVITE x",
        "36893488147419103232 REGISTER",
        "",
    ):
        with pytest.raises(DecodeError):
            parse_cseq(bad)


def test_lists():
    assert split_list('"a,b" <sip:a,b@c.example>, sip:x@y.example ,z') == [
        '"a,b" <sip:a,b@c.example>', "sip:x@y.example", "z",
    ]  # fmt: skip
    for bad in ("a,,b", "a,", ",a", '"open, b', "a, <b"):
        with pytest.raises(DecodeError):
            split_list(bad)


def test_parameters_round_trip():
    text = ';a;b=1;c="x;y, \\"z"'
    assert parse_parameters(text) == {"a": None, "b": "1", "c": '"x;y, \\"z"'}
    assert format_parameters(parse_parameters(text)) == text


def test_building():
    assert sip_uri("+49 30#", "example.com") == "sip:+49%2030%23@example.com"
    assert sip_uri(None, "::1", 5061, "user=phone;x=1") == "sip:[::1]:5061;user=phone;x=1"
    assert format_address("sip:a@b.example", 'A "B"', "t") == '"A \\"B\\"" <sip:a@b.example>;tag=t'
    assert "\r" not in quoted("a\r\nVia: x")


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"])))
def test_quoting_round_trip(text):
    assert unquote(quoted(text)) == text


@given(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1))
def test_user_part_round_trip(user):
    assert parse_uri(sip_uri(user, "example.com")).user == user


def test_ip_addresses():
    for text in ("127.0.0.1", "::1", "[2001:db8::1]"):
        assert is_ip_address(text)
    for text in ("", "[]", "1.2.3", "host", "[1.2.3.4]", "fe80::1%eth0", "1.2.3.4:5060", "[::1"):
        assert not is_ip_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" + " " * 60000 + ",<sip:a@b.example>",
        "a " * 30000 + ",<sip:a@b.example>",
        '"' + "\\\\" * 30000 + "<sip:a@b.example>",
        "<sip:a@b.example>" + ";a" * 30000 + "\0",
        "<sip:a@b.example>;a" + " " * 60000 + "x",
        "SIP/2.0/UDP" + " " * 60000 + "/",
        "SIP/2.0/UDP a" + " " * 60000 + "/",
        "sip:" + "a" * 60000,
        "sip:a@" + "a." * 30000,
        "sip:a@" + "-" * 60000 + "a",
        "sip:a@b.example" + ";a=b" * 15000 + "=",
        "tel:" + "1" * 60000 + "x",
        "1" * 60000,
        ',"' * 30000,
    ],
    ids=lambda text: text[:18].strip(),
)
def test_long_malformed_text_takes_no_long_time(text):
    """Each would take minutes if some pattern tried all ways to divide it."""
    for parse in (parse_address, parse_via, parse_uri, parse_parameters, parse_cseq, split_list):
        with contextlib.suppress(DecodeError):
            parse(text)


@given(st.text('sip:tel@host.example;<>"\\,?=%/ \t1é[]', max_size=60))
def test_any_text_gives_a_value_or_an_error(text):
    for parse in (parse_uri, parse_address, parse_via, parse_cseq, parse_parameters, split_list):
        with contextlib.suppress(DecodeError):
            parse(text)


@given(
    st.from_regex(r"sips?:([a-z+0-9%.;=-]{1,8}(:[a-z]*)?@)?[a-z0-9.-]{1,12}(:[0-9]{1,5})?(;[a-z]{1,3}(=[a-z]+)?)?",
                  fullmatch=True),
    st.sampled_from(["", '"N. N." ', "Name "]),
    st.from_regex(r"(;tag=[a-z0-9]{1,8})?(;[a-z]{3,5}=[a-z0-9]{1,4})?", fullmatch=True),
)  # fmt: skip
def test_agrees_with_an_independent_parser(uri, display, parameters):
    """Whatever both accept, both read the same."""
    text = f"{display}<{uri}>{parameters}"
    try:
        ours = parse_address(text)
        theirs = sipmessage.Address.parse(text)
    except (ValueError, TypeError):
        return
    assert (ours.display, dict(ours.parameters)) == (theirs.name, dict(theirs.parameters))
    assert (ours.uri.user, ours.uri.host, ours.uri.port) == (theirs.uri.user, theirs.uri.host, theirs.uri.port)
