"""`tandem mappings`: every rule is shown, the right ones for a pair, and as the operator changed them."""

import json

import pytest
from click.testing import CliRunner

from tandem.gateway.calls.interworking import CAUSE_TO_STATUS, STATUS_TO_CAUSE
from tandem.gateway.cli import main
from tandem.gateway.mappings import protocols, render, rows
from tandem.gateway.trunks import tup_mapping


def run(*arguments):
    return CliRunner().invoke(main, ["mappings", *arguments])


def test_every_rule_of_the_code_is_there():
    every = rows(None, None)
    assert set(tup_mapping.MAPPINGS) <= set(every)
    statuses = {(row.source.split()[0], row.target.split()[2]) for row in every if "Release, cause" in row.target[:14]}
    assert {(str(row.status), str(row.cause)) for row in STATUS_TO_CAUSE} <= statuses
    causes = [row for row in every if row.source.startswith("Release before answer, cause")]
    assert {(row.source.split()[4], row.target.split()[0]) for row in causes} == {
        (str(row.cause), str(row.status)) for row in CAUSE_TO_STATUS
    }
    assert all(all(row) for row in every)
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("source", protocols())
@pytest.mark.parametrize("target", protocols())
def test_a_pair_is_the_way_to_the_call_and_from_it(source, target):
    directions = [row.direction for row in rows(source, target)]
    assert directions[0] == f"{source}-call"
    assert directions[-1] == f"call-{target}"
    assert set(directions) == {f"{source}-call", f"call-{target}"}


def test_one_side_alone():
    assert {row.direction for row in rows("tup", None)} == {"tup-call"}
    assert {row.direction for row in rows(None, "isup")} == {"call-isup"}


def test_the_operators_rows():
    found = rows("sip", "sip", {"isup-sip 21": 603, "isup-sip 99": 501, "sip-isup 404": 3})
    changed = [(row.source, row.target) for row in found if "cause_map" in row.clause]
    assert ("Release before answer, cause 21 Call rejected", "603 Decline") in changed
    assert ("404 Not Found", "Release, cause 3 No route to destination") in changed
    assert len(changed) == 3


def test_table():
    lines = run("--from", "tup", "--to", "isup").output.splitlines()
    assert lines[0].split() == ["rule", "from", "to", "clause"]
    assert any(line.split() == ["tup-call", "IAM,", "IAI", "Setup", "Q.724", "1.1"] for line in lines)
    column = lines[0].index("clause")
    assert {line[column - 2 : column] for line in lines} == {"  "}
    assert render(rows("tup", "isup")).splitlines() == lines


def test_json():
    found = json.loads(run("--from", "isup", "--to", "sip", "--json").output)
    row = {"direction": "isup-call", "source": "ANM, CON", "target": "Answer", "clause": "Q.764 2.1.7"}
    assert row in found


def test_rows_of_a_configuration(tmp_path):
    file = tmp_path / "gateway.toml"
    file.write_text(
        '[sip]\nlisten = "127.0.0.1:5060"\n[media]\nports = [17000, 17001]\n[[trunk]]\nname = "pbx"\ntype = "sip"\n'
        'peer = "127.0.0.1:9"\n[[route]]\nto = ["pbx"]\n[cause_map]\n"isup-sip 17" = 600\n'
    )
    result = run("--to", "sip", "-c", str(file))
    assert result.exit_code == 0, result.output
    assert "600 Busy Everywhere" in result.output


def test_an_unknown_protocol():
    assert run("--from", "x25").exit_code == 2
