"""A record as a row."""

import msgspec
from support.call_records import ENCODER, record

from tandem.gateway.records.receiver import COLUMNS, insertion, row, table_definition


def test_a_row_has_the_values_of_the_record_under_their_names():
    one = record(7)
    values = dict(zip([name for name, _ in COLUMNS], row(ENCODER.encode(one), one), strict=True))
    assert (values["node"], values["id"], values["cause"], values["duration_ms"]) == ("gw", "c-7", 16, 61000)
    assert (values["incoming_trunk"], values["calling"], values["called"]) == ("carrier", "49891", "4930123")
    assert (values["outgoing_trunk"], values["outgoing_called"]) == ("pbx", "123")
    assert msgspec.json.decode(values["record"])["post_dial_delay_ms"] == 40


def test_a_call_without_an_outgoing_side_has_nulls_there():
    one = record(1)
    one.outgoing = None
    values = dict(zip([name for name, _ in COLUMNS], row(ENCODER.encode(one), one), strict=True))
    assert values["outgoing_trunk"] is values["outgoing_called"] is None


def test_statements_name_the_table_and_its_key():
    assert table_definition("a.calls", "JSONB").startswith("CREATE TABLE IF NOT EXISTS a.calls (node TEXT NOT NULL,")
    assert "record JSONB NOT NULL, PRIMARY KEY (node, id)" in table_definition("calls", "JSONB")
    assert insertion("calls", "?").count("?") == len(COLUMNS)
