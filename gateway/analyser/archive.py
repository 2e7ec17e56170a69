"""Call records as Parquet, for archives that DuckDB, pandas and their like query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from tandem.core.errors import TandemError

from .model import CallRecord

GROUP: Final = 10_000
"""Calls in a row group: so many are in memory at once."""
_INTEGERS: Final = ("opc", "dpc", "cic", "cause", "status")
_TIMES: Final = ("start", "progress", "alerting", "answered", "released", "completed")
_SECONDS: Final = ("post_dial_delay", "duration")


def write_parquet(calls: Iterable[CallRecord], path: str) -> int:
    """Write calls with their messages, legs and streams; how many they are. TandemError without pyarrow.

    Times are timestamps in UTC, to the microsecond; all else has the names and types of the JSON.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise TandemError("Parquet needs pyarrow: pip install 'tandem-gateway[parquet]'") from None
    schema = _schema(arrow)
    count = 0
    source = iter(calls)
    try:
        with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            while rows := [_row(record) for record in islice(source, GROUP)]:
                writer.write_table(arrow.Table.from_pylist(rows, schema))
                count += len(rows)
    except OSError as error:
        raise TandemError(f"{path}: cannot be written: {error.strerror or error}") from None
    return count


def _schema(arrow: Any) -> Any:
    text, whole, real, flag = arrow.string(), arrow.int64(), arrow.float64(), arrow.bool_()
    moment = arrow.timestamp("us", tz="UTC")
    message = {"packet": whole, "time": moment, "type": text, "forward": flag, "summary": text, "source": text}
    message |= {"destination": text, "duplicate": flag}
    stream = {"source": text, "destination": text, "ssrc": whole, "codec": text, "first": moment, "last": moment}
    stream |= {"packets": whole, "lost": whole, "jitter_ms": real, "mos": real}
    stream |= {"payload_types": arrow.list_(whole), "digits": text, "digits_cut": whole}
    nested = {
        "messages": arrow.list_(arrow.struct(list(message.items()))),
        "legs": arrow.list_(arrow.struct([("id", text), ("sure", real), ("why", text)])),
        "media": arrow.list_(arrow.struct(list(stream.items()))),
        "formats": arrow.map_(text, arrow.list_(whole)),
    }
    kinds = dict.fromkeys(_INTEGERS, whole) | dict.fromkeys(_TIMES, moment) | dict.fromkeys(_SECONDS, real) | nested
    return arrow.schema([(name, kinds.get(name, text)) for name in CallRecord.__struct_fields__])


def _row(record: CallRecord) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(record)
    row["formats"] = list(row["formats"].items())
    for name in _TIMES:
        row[name] = _moment(row[name])
    for entry, names in _timed(row):
        for name in names:
            entry[name] = _moment(entry[name])
    return row


def _timed(row: dict[str, Any]) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    yield from ((message, ("time",)) for message in row["messages"])
    yield from ((stream, ("first", "last")) for stream in row["media"])


def _moment(value: float | None) -> int | None:
    return None if value is None else round(value * 1_000_000)
