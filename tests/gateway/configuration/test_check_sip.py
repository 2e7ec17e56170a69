"""Mistakes in the SIP part of a configuration, each with its place."""

import pytest
from msgspec import structs
from support.certificates import Authority

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.check_sip import listeners, tls_files
from tandem.gateway.configuration.load import parse

SIP = '[sip]\nlisten = "192.0.2.1:5060"\n'
TRUNK = '[[trunk]]\nname = "a"\ntype = "sip"\npeer = "192.0.2.9"\n'


def refusal(text):
    with pytest.raises(ConfigurationError) as error:
        parse(text, "g.toml")
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (SIP + 'also_listen = ["sctp:192.0.2.1"]\n', "sip.also_listen[0]", "does not begin with udp:, tcp: or tls:"),
        (SIP + 'also_listen = ["udp:[fe80::1%eth0]"]\n', "sip.also_listen[0]", "fe80::1%eth0 is link-local"),
        (SIP + 'also_listen = ["tcp:0.0.0.0"]\n', "sip.also_listen[0]", "0.0.0.0 cannot be announced"),
        (
            SIP + 'also_listen = ["udp:192.0.2.2"]\n',
            "sip.also_listen[0]",
            "listens on UDP over IPv4 already",
        ),
        (SIP + 'also_listen = ["tls:192.0.2.1"]\n', "sip.also_listen[0]", "needs a certificate"),
        (SIP + '[sip.tls]\ncertificate = "none.pem"\n', "sip.tls", "none.pem: there is no such file"),
        (SIP + '[sip.tls]\nprivate_key = "a.pem"\n', "sip.tls.private_key", "is set without `certificate`"),
        (TRUNK, "trunk[0]", "needs a [sip] table"),
        (SIP + TRUNK + 'transport = "tcp"\n', "trunk[0].transport", "add it to also_listen, as tcp:192.0.2.1"),
        (SIP + TRUNK.replace("192.0.2.9", "[fe80::9%eth0]"), "trunk[0].peer", "is link-local"),
        (SIP + TRUNK.replace("192.0.2.9", "[2001:db8::1]"), "trunk[0].peer", "does not listen on UDP over IPv6"),
        (SIP + TRUNK.replace("192.0.2.9", "2001:db8::1"), "trunk[0].peer", "stands in brackets"),
        (SIP + TRUNK.replace("192.0.2.9", "192.0.2.1:5060"), "trunk[0].peer", "is the address we listen on"),
        (SIP + TRUNK + 'accept_from = ["10.0.0.1/24"]\n', "trunk[0].accept_from[0]", "write '10.0.0.0/24' or"),
        (SIP + TRUNK + 'tls_name = "a.example"\n', "trunk[0].tls_name", "only looked at over TLS"),
    ],
)
def test_a_mistake_and_its_place(text, where, what):
    complaint = refusal(text)
    assert f": {where}: " in complaint
    assert what in complaint


def test_a_nameserver_may_be_link_local():
    assert parse(SIP + 'nameservers = ["[fe80::1%eth0]:53"]\n', "g.toml").sip is not None


NAMED = TRUNK.replace("192.0.2.9", "c.example")
REGISTRAR = '[[trunk]]\nname = "p"\ntype = "sip"\nregistrar = true\n'
PHONES = SIP + REGISTRAR
USER = '[[sip.user]]\nname = "u"\npassword = "s"\n'
REGISTRATION = '[[sip.registration]]\ntrunk = "a"\nuser = "u"\npassword = "s"\n'


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (PHONES, "trunk[0].registrar", "no [[sip.user]] belongs to 'p'"),
        (SIP + USER + TRUNK + "authenticate = true\n", "sip.user[0]", "belongs to no trunk"),
        (SIP + USER + 'trunk = "a"\n' + TRUNK, "sip.user[0].trunk", "'a' asks nobody for a password"),
        (SIP + '[[sip.user]]\nname = "u"\n' + REGISTRAR, "sip.user[0]", "needs `password`"),
        (SIP + USER + 'ha1 = "00"\n' + REGISTRAR, "sip.user[0]", "has `password` and `ha1`"),
        (SIP + USER + 'number = "x1"\n' + REGISTRAR, "sip.user[0].number", "is not a telephone number"),
        (SIP + USER + USER + REGISTRAR, "sip.user[1].name", "the name of sip.user[0]"),
        (SIP + USER + REGISTRAR + 'peer = "192.0.2.9"\n', "trunk[0].peer", "together with `registrar`"),
        (SIP + USER + REGISTRAR + REGISTRAR.replace('"p"', '"q"'), "trunk", "one trunk can"),
        (SIP + '[[trunk]]\nname = "a"\ntype = "sip"\n', "trunk[0]", "the key 'peer' is missing"),
        (SIP + REGISTRATION.replace('"a"', '"b"') + TRUNK, "sip.registration[0].trunk", "no [[trunk]] is named 'b'"),
        (SIP + REGISTRATION.replace('password = "s"\n', "") + TRUNK, "sip.registration[0]", "come together"),
        (SIP + '[[sip.registration]]\ntrunk = "a"\n' + TRUNK, "sip.registration[0].user", "is needed"),
        (SIP + REGISTRATION + 'address_of_record = "x"\n' + TRUNK, "sip.registration[0].address_of_record", "@DOMAIN"),
        (SIP + 'nameservers = ["a.b"]\n', "sip.nameservers[0]", "is not an IPv4 address"),
        (SIP + "register_minimum_seconds = 4000\n", "sip.register_minimum_seconds", "more than register_maximum"),
        (SIP + TRUNK + 'transport = "auto"\n', "trunk[0].transport", "auto needs the name of a host"),
        (SIP + TRUNK + 'accept_names = ["a.example"]\n', "trunk[0].accept_names", "add tls:ADDRESS"),
        (SIP + USER + REGISTRAR + 'accept_names = ["a.example"]\n', "trunk[0].accept_names", "leave one of them out"),
        (SIP + TRUNK + 'accept_names = ["*.example"]\n', "trunk[0].accept_names", "is not a domain"),
        (
            SIP
            + TRUNK
            + 'accept_names = ["a.example"]\n'
            + TRUNK.replace('"a"', '"b"')
            + 'accept_names = ["A.EXAMPLE"]\n',
            "trunk[1].accept_names",
            "is a name of 'a' too",
        ),
        (SIP + NAMED + 'transport = "tls"\n', "trunk[0].transport", "does not listen on TLS"),
        (SIP + USER + REGISTRAR + '[[route]]\ntrunk = ["user:u"]\n', "route[0].trunk[0]", "there are: p"),
        (SIP + USER + REGISTRAR + '[[route]]\nto = ["user:v"]\n', "route[0].to[0]", "mean 'user:u'?"),
    ],
)
def test_users_and_registrations(text, where, what):
    complaint = refusal(text)
    assert f": {where}: " in complaint
    assert what in complaint


def test_everything_at_once(tmp_path):
    authority = Authority(tmp_path)
    certificate = authority.issue("gw", "gw.example")
    configuration = parse(
        f'{SIP}also_listen = ["tcp:192.0.2.1", "tls:192.0.2.1", "udp:[2001:db8::1]"]\n'
        f'[sip.tls]\ncertificate = "{certificate}"\nauthorities = "{authority.file}"\n'
        f'{TRUNK}transport = "tls"\ntls_name = "a.example"\naccept_from = ["198.51.100.0/24", "2001:db8::/32"]\n'
    )
    assert [str(listener) for listener in listeners(configuration.sip)] == [
        "udp:192.0.2.1:5060",
        "tcp:192.0.2.1:5060",
        "tls:192.0.2.1:5061",
        "udp:[2001:db8::1]:5060",
    ]
    assert tls_files(configuration.sip).certificate == str(certificate)
    assert tls_files(parse(SIP).sip).certificate == ""
    assert not tls_files(configuration.sip, configuration.trunk).names
    trunk = structs.replace(configuration.trunk[0], accept_names=["a.example"])
    assert tls_files(configuration.sip, [trunk]).names
