"""The reference pages written by hand: what the program has is on them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tandem.gateway.cli import main
from tandem.gateway.decode import PROTOCOLS, decode
from tandem.gateway.log import LEVELS
from tandem.hardware.alarms import Alarm

REFERENCE = Path(__file__).resolve().parent.parent / "docs/reference"
MESSAGES = (
    ("isup", "a9002c02011102163429010100"),
    ("isup", "0500ff0102"),
    ("mtp3", "8101800010116054414e44454d"),
    ("mtp3", "8501800010050010 00"),
    ("mtp2", "81010101"),
    ("mtp2", "810100"),
)


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def commands(group: click.Group, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*names, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*names, name))


@pytest.mark.parametrize(("names", "command"), list(commands(main)), ids=lambda item: str(item))
def test_every_command_and_option_is_described(names: tuple[str, ...], command: click.Command):
    text = page("command-line.md")
    assert f"## tandem {names[0]}\n" in text
    section = text.split(f"## tandem {names[0]}\n")[1].split("\n## ")[0]
    assert all(name in section for name in names)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert any(option in section for option in parameter.opts), parameter.opts
        if isinstance(parameter.type, click.Choice):
            assert [choice for choice in parameter.type.choices if choice not in section] == []


def test_every_level_shape_and_alarm_of_the_log_is_described():
    text = page("log.md")
    assert [level for level in LEVELS if f"| `{level}` |" not in text] == []
    assert [shape for shape in "<>=!" if f"| `{shape}` |" not in text] == []
    assert [alarm.value for alarm in Alarm if alarm.value not in text] == []


@pytest.mark.parametrize(("protocol", "octets"), MESSAGES)
def test_every_member_of_the_json_is_described(protocol: str, octets: str):
    report = decode(protocol, bytes.fromhex(octets))
    described = set(re.findall(r"`([a-z_]+)`", page("decode-json.md")))
    members = {*report, *report.get("unit", {}), *report.get("label", {})}
    members |= {member for parameter in report["parameters"] for member in parameter}
    assert members - described == set()


def test_the_json_shown_is_what_decode_writes():
    shown = json.loads(re.findall(r"```json\n(.*?)```", page("decode-json.md"), re.DOTALL)[0])
    real = decode("isup", bytes.fromhex("a9002c02011102163429010100"))
    assert shown == real | {"parameters": real["parameters"][:1]}


def test_every_protocol_is_in_the_table():
    assert [name for name in PROTOCOLS if f"| `{name}` |" not in page("command-line.md")] == []
