"""A whole configuration: what comes out is right, does what it did, and what is missing is named."""

from datetime import datetime

import pytest
from click.testing import CliRunner
from support.freeswitch import FILES, write

from tandem.core.errors import ConfigurationError
from tandem.gateway.calls.model import Number, Setup
from tandem.gateway.calls.routing import RoutingTable
from tandem.gateway.cli import main
from tandem.gateway.configuration.load import parse
from tandem.gateway.freeswitch.command import convert

WEEKDAY = datetime(2026, 1, 5, 12, 0)
NIGHT = datetime(2026, 1, 5, 23, 0)


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "conf")


def test_the_office_as_tandem_has_it(folder):
    text, _ = convert(folder)
    configuration = parse(text)
    assert configuration.sip.listen == "127.0.0.1:5062"
    assert configuration.sip.domain == "office.example"
    assert configuration.event_socket.password == "open sesame"
    assert configuration.event_socket.listen == "127.0.0.1:8022"
    assert configuration.media.ports == (20002, 20999)
    assert [user.password or user.ha1 for user in configuration.sip.user] == [
        "office.example-4711",
        "00112233445566778899aabbccddeeff",
    ]
    assert [trunk.name for trunk in configuration.trunk] == ["phones", "carrier-one", "backup"]
    assert configuration.trunk[1].codecs == ("PCMU", "PCMA")


def test_calls_go_where_they_went(folder):
    configuration = parse(convert(folder)[0])
    table = RoutingTable(configuration.route)

    def done(trunk, number, when=WEEKDAY, calling="1000"):
        setup = Setup(Number(number), Number(calling))
        attempt = next(table.attempts(trunk, setup, when), None)
        return None if attempt is None else [f"{one.application} {one.data}".strip() for one in attempt.actions][-2:]

    assert done("phones", "1001")[1] == "hangup 79"
    assert done("phones", "9196") == ["answer", "echo"]
    assert done("phones", "100")[1] == "bridge user/1000,user/anna"
    assert done("phones", "100", NIGHT) is None
    assert done("phones", "200")[1] == "transfer 1000 phones"
    assert done("phones", "200", NIGHT) == ["playback /srv/sounds/closed.wav", "hangup NORMAL_CLEARING"]
    assert done("phones", "0123")[1] == "bridge sip/carrier-one/123|sip/backup/123"
    assert done("backup", "4930100") == ["transfer 100 phones"]
    assert done("backup", "4930100", calling="4940666") == ["hangup 17"]
    assert done("backup", "0123") is None, "an outsider does not call out"


def test_what_is_missing_is_named_with_file_and_line(folder):
    assert [str(one) for one in convert(folder)[1]] == [
        "dialplan/inside.xml:6: info",
        "dialplan/inside.xml:16: voicemail default office.example \\1: there is no such application; "
        "the call ends with cause 79",
        "dialplan/inside.xml:29: log INFO not for us",
        "dialplan/inside.xml:42: extension 'by variable': a condition on ${toll_allow}: "
        "routes see the called and the calling number",
        "dialplan/outside.xml:14: context nobody: no calls of a gateway or user come into it",
        "directory/office.xml:20: effective_caller_id_number=4930177 of user anna: use set_calling in a route",
        "directory/office.xml:23: user 1002 has no password, and is left out",
        "sip_profiles/inside.xml:1: codecs OPUS: Tandem carries G.711 alone",
        "sip_profiles/inside.xml:8: param inbound-bypass-media of profile inside: "
        "speech always passes through the gateway",
        "sip_profiles/outside.xml:1: profile outside listens on port 5080: here all trunks share one port, 5062; "
        "tell the peers",
        "sip_profiles/outside.xml:8: tls: set also_listen and [sip.tls]",
        "sip_profiles/outside/carriers.xml:10: param sip-trace of gateway carrier-one",
        "vars.xml:5: X-PRE-PROCESS stun-set is not carried out; give the value with --set external_ip=VALUE",
    ]


def test_the_command(folder, tmp_path):
    file = tmp_path / "gateway.toml"
    result = CliRunner().invoke(main, ["import-freeswitch", str(folder), "-o", str(file), "--set", "domain=x.example"])
    assert result.exit_code == 0
    assert result.stderr.endswith("13 things are not carried over; tandem check finds it right\n")
    assert "not carried over: dialplan/inside.xml:6: info\n" in result.stderr
    assert 'domain = "x.example"' in file.read_text(), "whoever asks knows better than the files"
    assert file.stat().st_mode & 0o077 == 0
    given = convert(folder, {"external_ip": "192.0.2.1"})[1]
    assert "external_ip" not in " ".join(map(str, given))
    checked = CliRunner().invoke(main, ["check", str(file)])
    assert checked.exit_code == 0, checked.output
    again = CliRunner().invoke(main, ["import-freeswitch", str(folder), "-o", str(file)])
    assert again.exit_code == 1
    assert "is there already" in again.stderr
    nowhere = CliRunner().invoke(main, ["import-freeswitch", str(folder), "-o", str(tmp_path / "no" / "where")])
    assert "cannot be written: No such file" in nowhere.stderr
    assert CliRunner().invoke(main, ["import-freeswitch", str(folder)]).stdout.startswith("# From the FreeSWITCH")


def test_a_configuration_that_is_not_right_is_told(tmp_path):
    files = {"a.xml": '<gateway name="g"><param name="realm" value="a b"/></gateway>'}
    result = CliRunner().invoke(main, ["import-freeswitch", str(write(tmp_path / "conf", files))])
    assert result.exit_code == 0
    assert "tandem check says: the file:" in result.stderr


def test_a_folder_with_nothing_of_the_kind(tmp_path):
    with pytest.raises(ConfigurationError, match="no gateways, users or extensions"):
        convert(write(tmp_path, {"a.xml": "<a/>"}))


def test_every_file_of_the_example_is_read(folder):
    for name in FILES:
        (folder / name).write_text("<broken")
        with pytest.raises(ConfigurationError, match=name.rpartition("/")[2]):
            convert(folder)
        (folder / name).write_text(FILES[name])
