"""Commands about the gateway as a whole."""

import json
import re
import uuid

import pytest
from support.operator_desk import DeskBench

from tandem.gateway.operator.general import duration


def test_status_is_shaped_as_clients_know_it():
    bench = DeskBench().up()
    bench.now = bench.began + 3661.5
    text = bench.ask("status")
    assert text.startswith("UP 0 years, 0 days, 1 hour, 1 minute, 1 second, 500 milliseconds, ")
    assert "Tandem (Version 1.2.3) is ready\n" in text
    assert re.search(r"^0 session\(s\) since startup$", text, re.MULTILINE)
    assert re.search(r"^0 session\(s\) - peak 0, last 5min 0 $", text, re.MULTILINE)
    facts = json.loads(bench.ask("status as json"))
    assert (facts["calls"], facts["uptime_seconds"], facts["state"]) == (0, 3661.5, "ready")


def test_version_and_names():
    bench = DeskBench()
    assert bench.ask("version") == "Tandem Version 1.2.3\n"
    assert bench.ask("version short") == "1.2.3\n"
    assert bench.ask("switchname") == bench.ask("hostname") == "A"
    assert bench.ask("echo a  b") == "a  b"
    assert uuid.UUID(bench.ask("create_uuid"))
    assert bench.ask("global_getvar hostname") == "A"
    assert "local_ip_v4=127.0.0.1\n" in bench.ask("global_getvar")
    assert bench.ask("strepoch").isdigit()


def test_uptime_in_each_unit():
    bench = DeskBench()
    bench.now = bench.began + 12.5
    assert [bench.ask(f"uptime {unit}") for unit in ("", "s", "ms", "us")] == ["12", "12", "12500", "12500000"]
    assert bench.ask("uptime hours").startswith("-ERR usage")


def test_help():
    bench = DeskBench()
    every = bench.ask("help")
    assert "circuit block\tTRUNK [CIRCUITS|all]\ttrue\t" in every
    assert bench.ask("help circuit").count("usage: circuit") == 4
    assert bench.ask("help nothing").startswith("-ERR nothing is no command")


@pytest.mark.parametrize(
    ("line", "words", "write"),
    [
        ("circ", ["circuit"], "write=4:circuit "),
        ("circuit b", ["block"], "write=1:block "),
        ("circuit show ", ["pstn"], "write=0:pstn "),
        ("show l", ["links", "linksets"], "write=1:links"),
        ("c=4;circuit", ["circuit"], "write=4:circuit "),
        ("zzz", [], ""),
    ],
)
def test_completion_as_fs_cli_reads_it(line, words, write):
    text = DeskBench().ask(f"console_complete {line}")
    assert re.findall(r"\[ *(\S+)\]", text) == words
    assert text.partition("\n\n\n")[2] == write


def test_durations():
    assert duration(0) == "0 years, 0 days, 0 hours, 0 minutes, 0 seconds"
    assert duration(31_536_000 + 86_400 + 3600 + 61) == "1 year, 1 day, 1 hour, 1 minute, 1 second"
