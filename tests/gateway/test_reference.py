"""The reference page of the configuration."""

from pathlib import Path

import msgspec
import pytest

from tandem.gateway import reference
from tandem.gateway.configuration import schema
from tandem.gateway.configuration.check_ss7 import SS7_TIMERS
from tandem.gateway.configuration.schema import Table

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/configuration.md"
TABLES = [
    kind
    for kind in vars(schema).values()
    if isinstance(kind, type) and issubclass(kind, Table) and kind not in (Table, schema.Configuration)
]


def test_the_page_in_the_documents_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == reference.configuration_page(), "run `make docs`"


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
        "| `timeslot` | whole number, 1 to 31 | none | Timeslot 1-31 of a 64 kbit/s link; 16 by custom. |",
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
