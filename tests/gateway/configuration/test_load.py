"""Reading a file: what is no TOML, what cannot be read, and where relative names start."""

import pytest
from support.configurations import WHOLE

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.load import load, parse


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[node\nname = 1\n", 1),
        ("\n\nname = = 2\n", 3),
        ('[node]\nname = "a"\nname = "b"\n', 3),
        ("[node]\n[node]\n", 2),
        ('[node]\nname = "a\n', 2),
        ('[node]\n\nname = """a\n', 4),
        ("[node]\nname = yes\n", 2),
    ],
)
def test_bad_toml(text, line):
    with pytest.raises(ConfigurationError) as error:
        parse(text, "g.toml")
    assert str(error.value).startswith(f"g.toml:{line}: not TOML: ")
    assert "\n" not in str(error.value)


def test_an_empty_file_is_all_defaults():
    configuration = parse("")
    assert (configuration.node.name, configuration.trunk, configuration.sip) == ("tandem", [], None)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigurationError, match=r"none\.toml: cannot be read: No such file or directory"):
        load(tmp_path / "none.toml")


def test_a_folder(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_octets_that_are_no_text(tmp_path):
    (tmp_path / "g.toml").write_bytes(b'[node]\nname = "\xff"\n')
    with pytest.raises(ConfigurationError, match="it is not UTF-8 text"):
        load(tmp_path / "g.toml")


def test_a_byte_order_mark_does_no_harm(tmp_path):
    (tmp_path / "g.toml").write_text('[node]\nname = "B"\n', encoding="utf-8-sig")
    assert load(tmp_path / "g.toml").node.name == "B"


def test_relative_names_start_from_the_folder_of_the_file(tmp_path):
    (tmp_path / "did.csv").write_text("1,2\n")
    (tmp_path / "g.toml").write_text(WHOLE.replace('times = ""', 'did_table = "did.csv"'))
    configuration = load(tmp_path / "g.toml")
    assert configuration.node.records == str(tmp_path / "records.jsonl")
    assert configuration.node.capture_file == str(tmp_path / "capture.pcapng")
    assert configuration.route[0].did_table == str(tmp_path / "did.csv")
    (tmp_path / "m.toml").write_text('[media]\nhold_music = "music.wav"\n')
    assert load(tmp_path / "m.toml").media.hold_music == str(tmp_path / "music.wav")
    assert parse('[media]\nhold_music = "tone_stream://x"').media.hold_music == "tone_stream://x"


def test_absolute_names_stay(tmp_path):
    assert parse(f'[node]\nrecords = "{tmp_path}/r"\n').node.records == f"{tmp_path}/r"


def test_the_values_of_the_whole_configuration():
    configuration = parse(WHOLE)
    isup, sip = configuration.trunk
    assert [part.timeslots for part in isup.circuits] == ["", "1-3"]
    assert (sip.peer, sip.codecs, sip.max_calls) == ("127.0.0.1:5070", ("PCMA",), 10)
    assert configuration.ss7.linkset[0].timers == {"q703_t1": 40}
    assert configuration.cause_map == {"isup-sip 21": 603}
