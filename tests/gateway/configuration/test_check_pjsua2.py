"""What is wrong with the configuration of PJSIP is told with what would be right."""

import sys

import pytest
from support.certificates import Authority

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration import check_pjsua2
from tandem.gateway.configuration.check_pjsua2 import engine_configuration
from tandem.gateway.configuration.installed_pjsip import Abilities
from tandem.gateway.configuration.load import parse
from tandem.gateway.pjsip.protocol import Account
from tandem.gateway.sip.endpoint import Listener

TEXT = """
[sip]
listen = "192.0.2.1:5060"
[sip.pjsua2]
listen = "192.0.2.1:5070"
{table}
[[trunk]]
name = "t"
type = "sip"
engine = "pjsua2"
peer = "192.0.2.8"
{trunk}
[[trunk]]
name = "n"
type = "sip"
peer = "192.0.2.9"
"""


def problems_of(text):
    """Path and text of each."""
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    lines = [line.split(": ", 2) for line in str(caught.value).splitlines()]
    return [(path, words) for _, path, words in lines]


def test_what_the_process_gets():
    table = 'tcp = true\nstun = ["stun.example.org"]\npublic_address = "198.51.100.1"\nports = [18100, 18109]'
    trunk = 'ice = true\nsrtp = "required"\nuser = "u"\npassword = "p"\ntransport = "tcp"\ncodecs = ["PCMU"]'
    media = '[media]\naddress = "192.0.2.1"\n'
    found = engine_configuration(parse(media + TEXT.format(table=table, trunk=trunk)))
    assert found is not None
    assert (found.address, found.port, found.rtp_ports) == ("192.0.2.1", 5070, (18100, 18109))
    assert found.listeners == [Listener("tcp", "192.0.2.1", 5070)]
    assert (found.public_address, found.stun, found.codecs) == ("198.51.100.1", ["stun.example.org"], ("PCMU",))
    assert found.accounts == [Account("t", "u", "p", "required", True)]


def test_no_process_where_no_trunk_needs_it():
    text = TEXT.format(table="", trunk="").replace('engine = "pjsua2"\n', "")
    assert engine_configuration(parse(text)) is None


@pytest.mark.parametrize(
    ("table", "trunk", "path", "words"),
    [
        ("", "ice = true", "trunk[0].ice", "no loopback address"),
        ("", 'delayed_offer = true\nreliable_responses = "required"', "trunk[0].reliable_responses", "cannot answer"),
        ("", "clear_mode = true\nice = true", "trunk[0].ice", "not to be had with `clear_mode`"),
        ('stun = ["x"]', "silence_suppression = true", "trunk[0].silence_suppression", "write `public_address`"),
        ("", 'transport = "tcp"', "trunk[0].transport", "add tcp:ADDRESS to `also_listen`"),
        ("", 'transport = "tls"', "trunk[0].transport", "add tls:ADDRESS to `also_listen`"),
        ("", 'accept_names = ["a.example"]', "trunk[0].accept_names", "PJSIP does not listen on it"),
        ('also_listen = ["tls:192.0.2.1"]', "", "sip.pjsua2.also_listen[0]", "needs a certificate"),
        ('also_listen = ["192.0.2.1"]', "", "sip.pjsua2.also_listen[0]", "tls:192.0.2.1:5071"),
        ('also_listen = ["tcp:[2001:db8::1]"]', "", "sip.pjsua2.also_listen[0]", "PJ_HAS_IPV6"),
        ('also_listen = ["udp:192.0.2.2"]', "", "sip.pjsua2.also_listen[0]", "`listen` has PJSIP listen on UDP"),
        ('tcp = true\nalso_listen = ["tcp:192.0.2.2"]', "", "sip.pjsua2.also_listen[0]", "`tcp` has PJSIP"),
        ("ports = [18001, 18000]", "", "sip.pjsua2.ports", "does not rise"),
        ('stun = ["stun:x"]', "", "sip.pjsua2.stun[0]", "192.0.2.1:3478"),
        ('public_address = "here"', "", "sip.pjsua2.public_address", "here"),
        ("ports = [17000, 17009]", "", "sip.pjsua2.ports", "media.ports"),
    ],
)
def test_mistakes(table, trunk, path, words):
    text = TEXT.format(table=table, trunk=trunk)
    if words == "media.ports":
        text = '[media]\naddress = "192.0.2.1"\n' + text
    found = problems_of(text)
    assert [found_path for found_path, _ in found] == [path]
    assert words in found[0][1]


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        ('listen = "192.0.2.1:5070"', 'listen = "192.0.2.1:5060"', "sip.pjsua2.listen", "port 5060 is already"),
        ('listen = "192.0.2.1:5070"', 'listen = "0.0.0.0:5070"', "sip.pjsua2.listen", "cannot be announced"),
        ('listen = "192.0.2.1:5070"', 'listen = "[2001:db8::1]:5070"', "sip.pjsua2.listen", "PJ_HAS_IPV6"),
        ('[sip.pjsua2]\nlisten = "192.0.2.1:5070"', "", "trunk[0].engine", "needs a [sip.pjsua2] table"),
        ('engine = "pjsua2"', "ice = true", "trunk[0].ice", 'only to be had with engine = "pjsua2"'),
        ('peer = "192.0.2.8"', 'peer = "[2001:db8::8]"', "trunk[0].peer", "IPv6"),
        (
            'peer = "192.0.2.9"',
            'peer = "192.0.2.9"\nengine = "pjsua2"\ncodecs = ["PCMA"]',
            "trunk[1].codecs",
            "PJSIP has one for all",
        ),
        ('peer = "192.0.2.9"', 'peer = "192.0.2.9"\nengine = "pjsua2"\nptime = 30', "trunk[1].ptime", "one for all"),
    ],
)
def test_mistakes_beside_the_defaults(old, new, path, words):
    text = TEXT.format(table="", trunk="")
    assert old in text
    found = problems_of(text.replace(old, new))
    assert path in dict(found)
    assert words in dict(found)[path]


WHEEL = Abilities("2.15.1", 4, False, "OpenSSL 1.0.2k-fips  26 Jan 2017", False)
BUILT = Abilities("2.17", 256, True, "OpenSSL 3.0.22 25 Aug 2026", True)
SIX = {"table": 'also_listen = ["udp:[2001:db8::1]:5070"]', "trunk": ""}


def test_ipv6_where_the_installed_pjsip_has_it(monkeypatch):
    monkeypatch.setattr(check_pjsua2, "installed", lambda: BUILT)
    media = '[media]\naddress = "192.0.2.1"\naddress_v6 = "2001:db8::1"\n'
    text = media + TEXT.format(**SIX).replace('"192.0.2.8"', '"[2001:db8::8]"')
    found = engine_configuration(parse(text))
    assert found is not None
    assert found.listeners == [Listener("udp", "2001:db8::1", 5070)]
    assert (found.media_address, found.media_address_v6) == ("192.0.2.1", "2001:db8::1")
    only = parse(
        TEXT.format(table="", trunk="")
        .replace("192.0.2.1:5070", "[2001:db8::1]:5070")
        .replace("192.0.2.8", "[2001:db8::8]")
    )
    assert engine_configuration(only).address == "2001:db8::1"


def test_ipv6_where_nothing_of_pjsip_is_of_it(monkeypatch):
    monkeypatch.setattr(check_pjsua2, "installed", lambda: BUILT)
    found = engine_configuration(parse('[media]\naddress_v6 = "2001:db8::1"\n' + TEXT.format(table="", trunk="")))
    assert found is not None
    assert found.media_address_v6 == ""


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (('"192.0.2.8"', '"[2001:db8::8]"'), "trunk[0].peer", "add it to `also_listen` in [sip.pjsua2], as udp:[2001:"),
        (('"192.0.2.1:5070"', '"[2001:db8::1]:5070"'), "trunk[0].peer", "over IPv4; add it to `also_listen`"),
        (('"192.0.2.1:5070"', '"[::]:5070"'), "sip.pjsua2.listen", ":: cannot be announced"),
        (('"192.0.2.1:5070"', '"[fe80::1%eth0]:5070"'), "sip.pjsua2.listen", "is link-local"),
        (
            ('5070"\n', '5070"\nalso_listen = ["udp:[::2]:1", "udp:[::3]:1"]\n'),
            "sip.pjsua2.also_listen[1]",
            "`also_listen[0]` has PJSIP listen on UDP over IPv6 already",
        ),
        (
            ('5070"\n', '5070"\npublic_address = "2001:db8::1"\n'),
            "sip.pjsua2.public_address",
            "no NAT of IPv6",
        ),
    ],
)
def test_mistakes_with_ipv6(change, path, words, monkeypatch):
    monkeypatch.setattr(check_pjsua2, "installed", lambda: BUILT)
    found = dict(problems_of(TEXT.format(table="", trunk="").replace(*change)))
    assert words in found[path]


def test_ipv6_that_the_installed_pjsip_has_not_with_what_to_do():
    """Of the wheel, which the tests have."""
    ((path, words),) = problems_of(TEXT.format(**SIX))
    assert path == "sip.pjsua2.also_listen[0]"
    assert words == (
        "is IPv6: PJSIP 2.15.1 is built without it (PJ_HAS_IPV6), and `tandem build-pjsip` builds one with it"
    )
    media = '[media]\naddress = "2001:db8::1"\n'
    ((path, words),) = problems_of(media + TEXT.format(table="", trunk=""))
    assert path == "trunk[0].engine"
    assert words.startswith("no RTP over IPv6: PJSIP 2.15.1 is built without it")


def test_a_pjsip_that_does_not_work(monkeypatch):
    def broken():
        raise ValueError("pjsua2/__init__.py cannot be used: ImportError: libssl.so.3")

    monkeypatch.setattr(check_pjsua2, "installed", broken)
    ((_, words),) = problems_of(TEXT.format(**SIX))
    assert words == "is IPv6: pjsua2/__init__.py cannot be used: ImportError: libssl.so.3"


def test_tls_1_3_that_the_installed_library_has_not(tmp_path, monkeypatch):
    monkeypatch.setattr(check_pjsua2, "installed", lambda: WHEEL)
    certificate = Authority(tmp_path).issue("a", "a.example")
    text = TEXT.format(table='also_listen = ["tls:192.0.2.1:5071"]', trunk='transport = "tls"')
    tls = f'[sip.tls]\ncertificate = "{certificate}"\nminimum = "1.{{}}"\n'
    found = engine_configuration(parse(text + tls.format(2)))
    assert found is not None
    assert found.tls is not None
    assert (found.tls.certificate, found.tls.minimum) == (str(certificate), "1.2")
    ((path, words),) = problems_of(text + tls.format(3))
    assert path == "sip.pjsua2.also_listen[0]"
    assert words == (
        "`minimum` of [sip.tls] is 1.3: the OpenSSL 1.0.2k-fips  26 Jan 2017 of this PJSIP has not got it, "
        "and `tandem build-pjsip` builds one that has"
    )
    monkeypatch.setattr(check_pjsua2, "installed", lambda: BUILT)
    assert engine_configuration(parse(text + tls.format(3))).tls.minimum == "1.3"


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(check_pjsua2, "find_spec", lambda name: None)
    ((path, words),) = problems_of(TEXT.format(table="", trunk=""))
    assert path == "trunk[0].engine"
    assert "pip install 'tandem-gateway[pjsua2]'" in words
    assert "tandem build-pjsip" in words
    assert "pjsua2" not in sys.modules, "the signalling process never loads it"
