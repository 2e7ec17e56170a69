"""Profiles, gateways and users."""

from support.freeswitch import write

from tandem.gateway.freeswitch import sip
from tandem.gateway.freeswitch.tree import Tree


def read(folder, *parts):
    return sip.read(Tree(write(folder, {"a.xml": "<include>" + "\n".join(parts) + "</include>"})))


def tables(found, header):
    return [block.values for block in found.blocks if block.header == header]


def gateway(name, **parameters):
    inside = "".join(f'<param name="{key.replace("_", "-")}" value="{value}"/>' for key, value in parameters.items())
    return f'<gateway name="{name}">{inside}</gateway>'


def user(name, *, attributes="", variables="", **parameters):
    inside = "".join(f'<param name="{key.replace("_", "-")}" value="{value}"/>' for key, value in parameters.items())
    return f'<user id="{name}" {attributes}><params>{inside}</params><variables>{variables}</variables></user>'


def test_a_gateway_that_registers(tmp_path):
    found = read(tmp_path, gateway("g", username="u", password="p", realm="example.org", proxy="sip:192.0.2.1"))
    codecs = ["PCMA", "PCMU"]
    (trunk,) = tables(found, "[[trunk]]")
    expected = {"name": "g", "type": "sip", "peer": "192.0.2.1", "user": "u", "password": "p", "domain": "example.org"}
    assert trunk == expected | {"codecs": codecs}
    assert tables(found, "[[sip.registration]]") == [{"trunk": "g"}]
    assert found.contexts == {"public": ["g"]}
    assert found.hosts == {"192.0.2.1": "g", "example.org": "g"}


def test_a_gateway_over_tls_and_its_context(tmp_path):
    found = read(tmp_path, gateway("g", realm="h;transport=tls", context="c", register="false", username="u"))
    (trunk,) = tables(found, "[[trunk]]")
    assert (trunk["peer"], trunk["transport"]) == ("h", "tls")
    assert tables(found, "[[sip.registration]]") == []
    assert found.contexts == {"c": ["g"]}
    assert "add also_listen" in str(found.left[0])


def test_names_are_unique(tmp_path):
    found = read(tmp_path, gateway("a b", realm="h"), gateway("a-b", realm="i"), gateway("phones"), gateway(""))
    assert [trunk["name"] for trunk in tables(found, "[[trunk]]")] == ["a-b"]
    assert [str(one) for one in found.left] == [
        "a.xml:2: a gateway has the name 'a-b', which is taken, and is left out",
        "a.xml:3: a gateway has the name 'phones', which is taken, and is left out",
        "a.xml:4: a gateway has no name, and is left out",
    ]


def test_users(tmp_path):
    context = '<variable name="user_context" value="{}"/>'
    found = read(
        tmp_path,
        user("1", password="p", variables=context.format("c")),
        user("eva", a1_hash="f" * 32, attributes='number-alias="2"', variables=context.format("c")),
        user("3", password="q", variables=context.format("other"), attributes='cidr="192.0.2.0/24"'),
        user("3", password="again"),
        user("4"),
        '<user id="1" type="pointer"/>',
    )
    assert tables(found, "[[sip.user]]") == [
        {"name": "1", "password": "p"},
        {"name": "eva", "ha1": "f" * 32, "number": "2"},
        {"name": "3", "password": "q"},
    ]
    assert found.users == {"1": "1", "2": "eva", "eva": "eva", "3": "3"}
    assert found.contexts == {"c": ["phones"]}
    assert [str(one) for one in found.left] == [
        "a.xml:3: cidr of user 3: use accept_from of the trunk phones",
        "a.xml:4: user 3 is there twice; the first one is taken",
        "a.xml:5: user 4 has no password, and is left out",
        "a.xml:3: user_context other: all users are on the trunk phones, whose context is c",
    ]


def test_a_listening_address_that_is_none(tmp_path):
    profile = '<profile name="p"><settings><param name="sip-ip" value="eth0"/></settings></profile>'
    found = read(tmp_path, profile)
    assert tables(found, "[sip]") == [{"listen": "127.0.0.1:5060"}]
    assert "sip-ip eth0 is no address" in str(found.left[0])
    profile = profile.replace("eth0", "2001:db8::1").replace(
        "</settings>", '<param name="sip-port" value="5"/></settings>'
    )
    assert tables(read(tmp_path, profile), "[sip]") == [{"listen": "[2001:db8::1]:5"}]
