"""The reference pages that come from the code."""

from pathlib import Path

import msgspec
import pytest

from tandem.gateway import reference
from tandem.gateway.calls.interworking import CAUSE_TO_STATUS, STATUS_TO_CAUSE
from tandem.gateway.configuration import schema
from tandem.gateway.configuration.check_ss7 import SS7_TIMERS
from tandem.gateway.configuration.schema import Table

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/configuration.md"
MAPPINGS = PAGE.with_name("mappings.md")
TABLES = [
    kind
    for kind in vars(schema).values()
    if isinstance(kind, type) and issubclass(kind, Table) and kind not in (Table, schema.Configuration)
]


def test_the_page_in_the_documents_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == reference.configuration_page(), "run `make docs`"


def test_the_page_of_tone_plans_is_up_to_date():
    page = PAGE.with_name("tones.md").read_text(encoding="utf-8")
    assert page == reference.tones_page(), "run `make docs`"
    row = next(line for line in page.splitlines() if line.startswith("| `uk` |"))
    assert "| 400 0.4/0.35 0.225/0.525 | 400 | 400 0.1/4 | BT SIN 350" in row


def test_the_page_is_written_into_a_folder(tmp_path):
    reference.main(str(tmp_path))
    assert (tmp_path / "configuration.md").read_text(encoding="utf-8") == reference.configuration_page()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_key_has_its_row(table):
    page = reference.configuration_page()
    assert table.__doc__
    for field in msgspec.structs.fields(table):
        holds_tables = reference._struct_types(msgspec.inspect.type_info(field.type))[0]
        assert holds_tables or f"| `{field.name}` |" in page


@pytest.mark.parametrize(
    "row",
    [
        "## `[[ss7.linkset.link]]`",
        '## `[[trunk]] type = "isup"`',
        "## `[cause_map]`",
        '| `type` | string | needed | `"sip"` |',
        "| `timeslot` | whole number, 1 to 31 | none | Timeslot 1-31 (on a T1 1-24) of a 64 kbit/s link; 16 by custom."
        " |",
        "Below it: the links, `[[ss7.linkset.link]]` (1 to 16).",
    ],
)
def test_rows(row):
    assert row in reference.configuration_page().splitlines()


def test_every_timer_of_the_linkset_is_named():
    page = reference.configuration_page()
    assert [name for name in SS7_TIMERS if f"`{name}`" not in page] == []


def test_every_table_row_has_four_cells():
    rows = [line for line in reference.configuration_page().splitlines() if line.startswith("| `")]
    assert len(rows) > 50
    assert {line.replace("\\|", "").count("|") for line in rows} == {5}


def test_the_table_of_commands_is_up_to_date():
    page = (PAGE.parent / "commands.md").read_text(encoding="utf-8")
    assert page == reference.commands_page(page), "run `make docs`"
    assert "| `circuit block TRUNK [CIRCUITS\\|all]` |" in page


def test_the_mapping_tables_in_the_documents_are_up_to_date():
    page = MAPPINGS.read_text(encoding="utf-8")
    assert page == reference.mappings_page(page), "run `make docs`"


def test_every_rule_of_the_mappings_has_its_row():
    page = MAPPINGS.read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("|")]
    rules = {(row[0], row[2], row[4]) for row in rows if len(row) == 5}
    assert {(str(row.cause), str(row.status), row.clause) for row in CAUSE_TO_STATUS} <= rules
    assert {(str(row.status), str(row.cause), row.clause) for row in STATUS_TO_CAUSE} <= rules


def test_tables_of_the_mappings_are_written_anew(tmp_path):
    stale = "before\n<!-- table: status-to-cause, made by `make docs` -->\nold\n<!-- end -->\nbehind\n"
    (tmp_path / "mappings.md").write_text(stale)
    reference.main(str(tmp_path))
    text = (tmp_path / "mappings.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("<!-- end -->\nbehind\n")
    assert "old" not in text
    assert "| 486 | Busy Here | 17 | User busy | RFC 3398 8.2.6.1 |" in text
