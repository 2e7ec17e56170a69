"""The command line as its user meets it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tandem.gateway.cli import ELSEWHERE, main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(*arguments, text=""):
    return CliRunner().invoke(main, arguments, input=text, prog_name="tandem")


def test_version_and_help():
    assert run("--version").output.startswith("tandem 0.")
    output = run("--help").output
    for command in ("run", "check", "demo", "decode", "bench", "Examples:"):
        assert command in output


def test_commands_elsewhere_are_imported_only_when_called():
    code = (
        "import sys; from tandem.gateway.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "tandem.gateway.cli" in loaded
    for heavy in ("numpy", "msgspec", "tandem.gateway.decode", "tandem.ss7", "tandem.isdn"):
        assert heavy not in loaded.split("Examples:")[1].split()


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_list_of_commands_says_what_their_help_says(name):
    command = main.get_command(None, name)
    assert command.name == name
    assert command.get_short_help_str(200) == ELSEWHERE[name][1]
    assert ELSEWHERE[name][1] in " ".join(run("--help").output.split())


def test_check_says_what_it_found():
    result = run("check", str(EXAMPLES / "gateway-a.toml"))
    assert result.exit_code == 0
    assert "right. 1 span, 1 signalling link, 30 circuits, 2 trunks, 2 routes." in result.output


def test_check_says_what_is_wrong(tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text('[node]\nnam = "x"\n')
    result = run("check", str(file))
    assert result.exit_code == 1
    assert result.stderr == f"tandem: {file}:2: node.nam: unknown key; did you mean 'name'?\n"


def program(*arguments, **more):
    return subprocess.run([sys.executable, "-m", "tandem.gateway", *arguments], text=True, check=False, **more)


def test_a_full_disk_is_one_line():
    with open("/dev/full", "w") as full:
        ended = program("mappings", stdout=full, stderr=subprocess.PIPE)
    assert ended.returncode == 1
    assert ended.stderr == (
        "tandem: the output cannot be written: No space left on device; make room, then run it again\n"
    )


def test_a_trace_is_whole_though_its_process_ends_at_once():
    capture = str(EXAMPLES.parent / "tests" / "vectors" / "trace" / "captures" / "sip_cisco_hold-resume.pcapng.gz")
    written = program("trace", "--json", capture, capture_output=True)
    assert written.returncode == 0
    assert json.loads(written.stdout) == json.loads(run("trace", "--json", capture).output)
    assert program("trace", "nowhere.pcap", capture_output=True).returncode == 1
    assert program("trace", "--nothing", capture_output=True).returncode == 2


def test_a_missing_file_is_one_line():
    result = run("run", "-c", "nowhere.toml")
    assert result.exit_code == 1
    assert result.stderr == "tandem: nowhere.toml: cannot be read: No such file or directory\n"


def test_a_wrong_command_line_is_status_2():
    assert run("run").exit_code == 2
    assert run("bench", "media", "--calls", "0").exit_code == 2
    assert run("juggle").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["juggle"], "tandem: No such command 'juggle'; see tandem --help"),
        (["--nothing"], "tandem: No such option '--nothing'; see tandem --help"),
        (["check"], "tandem check: Missing argument 'FILE'; see tandem check --help"),
        (["bench", "juggle"], "tandem bench: No such command 'juggle'; see tandem bench --help"),
    ],
)
def test_what_is_wrong_with_a_command_line_is_one_line(arguments, line):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.replace("option: --nothing", "option '--nothing'") == f"{line}\n"  # older click


def test_a_group_without_a_command_shows_its_help():
    assert "Usage: tandem bench" in run("bench").output


def test_decode_is_there():
    result = run("decode", "isup", "0100 0c 02 00 02 83 90", "--json")
    assert result.exit_code == 0
    assert json.loads(result.output)["message"] == "REL"


@pytest.mark.parametrize("name", ["media", "calls", "spans", "codec", "isup", "ss7"])
def test_every_benchmark_has_help(name):
    result = run("bench", name, "--help")
    assert result.exit_code == 0
    assert "--json" in result.output


def test_it_runs_as_a_module():
    result = subprocess.run([sys.executable, "-m", "tandem.gateway", "--version"], capture_output=True, text=True)
    assert result.stdout.startswith("tandem 0.")
