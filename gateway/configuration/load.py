"""Read a configuration file, or say what is wrong with it, where, and what would be right."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.check import Problem, problems
from tandem.gateway.configuration.schema import Configuration


def load(path: str | Path) -> Configuration:
    """The configuration in the file at `path`, relative file names in it made absolute.

    Raises ConfigurationError with one line per mistake, each beginning `FILE:LINE:`.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(f"{path}: cannot be read: {reason}") from None
    return parse(text, str(path), path.resolve().parent)


def parse(text: str, name: str = "configuration", base: Path | None = None) -> Configuration:
    """The configuration in `text`; `name` stands in errors, relative file names start from `base`."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+), column (\d+)", str(error))
        where = f"{name}:{line[1]}" if line else name
        raise ConfigurationError(f"{where}: not TOML: {str(error).split(' (at')[0]}") from None
    lines = KeyLines(text)
    _check_trunk_types(tables, lines, name)
    try:
        configuration = msgspec.convert(tables, Configuration)
    except msgspec.ValidationError as error:
        raise ConfigurationError(_explain(str(error), tables, lines, name)) from None
    _make_absolute(configuration, base or Path.cwd())
    found = problems(configuration)
    if found:
        raise ConfigurationError("\n".join(_line(problem, lines, name) for problem in found))
    return configuration


def _line(problem: Problem, lines: KeyLines, name: str) -> str:
    return f"{name}:{lines.find(problem.path)}: {problem.path}: {problem.text}"


def _make_absolute(configuration: Configuration, base: Path) -> None:
    node = configuration.node
    node.records = str(base / node.records)
    node.capture_file = str(base / node.capture_file)
    for route in configuration.route:
        if route.did_table:
            route.did_table = str(base / route.did_table)


class KeyLines:
    """Line numbers of the keys of a TOML text, by path such as `trunk[1].circuits[0].span`."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, int] = {}
        counts: dict[str, int] = {}
        table = ""
        for number, line in enumerate(text.splitlines(), 1):
            if header := re.match(r"\s*(\[\[?)\s*([\w.\-]+)\s*\]", line):
                table = self._open(header[2].split("."), header[1] == "[[", counts)
                self._lines.setdefault(table, number)
            elif key := re.match(r"\s*([\w\-]+|\"[^\"]*\")\s*=", line):
                path = key[1].strip('"')
                self._lines.setdefault(f"{table}.{path}" if table else path, number)

    @staticmethod
    def _open(parts: list[str], array: bool, counts: dict[str, int]) -> str:
        path = ""
        for index, part in enumerate(parts):
            path = f"{path}.{part}" if path else part
            if array and index == len(parts) - 1:
                counts[path] = counts.get(path, -1) + 1
            if path in counts:
                path = f"{path}[{counts[path]}]"
        return path

    def find(self, path: str) -> int:
        """The line of `path`, or of the nearest table around it; 1 when there is none."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = re.sub(r"(\.[^.\[]+|\[\d+\]|^[^.\[]+)$", "", path)
        return 1


def _check_trunk_types(tables: dict[str, Any], lines: KeyLines, name: str) -> None:
    """Say which trunk types there are before msgspec says only that a tag is invalid."""
    known = {"isup": "SS7 ISUP circuits", "sip": "a SIP peer"}
    trunks = tables.get("trunk", [])
    for index, trunk in enumerate(trunks if isinstance(trunks, list) else []):
        if isinstance(trunk, dict) and trunk.get("type") not in known:
            path = f"trunk[{index}].type"
            said = f"{trunk['type']!r} is not a trunk type" if "type" in trunk else "is missing"
            choice = ", ".join(f'"{key}" ({meaning})' for key, meaning in known.items())
            raise ConfigurationError(f"{name}:{lines.find(path)}: {path}: {said}; write one of {choice}")


def _explain(message: str, tables: dict[str, Any], lines: KeyLines, name: str) -> str:
    """Turn a message of msgspec into a line for the operator, with a suggestion for a misspelt key."""
    text, _, path = message.partition(" - at `")
    path = path.rstrip("`").removeprefix("$").lstrip(".")
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", text):
        key = unknown[1]
        full = f"{path}.{key}" if path else key
        known = _keys_at(path, tables)
        close = difflib.get_close_matches(key, known, 1, 0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"the keys here are {', '.join(sorted(known))}"
        return f"{name}:{lines.find(full)}: {full}: unknown key; {hint}"
    if missing := re.fullmatch(r"Object missing required field `(.*)`", text):
        where = path or "the file"
        return f"{name}:{lines.find(path)}: {where}: the key {missing[1]!r} is missing"
    return f"{name}:{lines.find(path)}: {path or 'the file'}: {text[:1].lower()}{text[1:]}"


def _keys_at(path: str, tables: dict[str, Any]) -> list[str]:
    """Keys that the table at `path` may have, found by walking the schema beside the data."""
    kind: Any = Configuration
    data: Any = tables
    for part in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        if part.startswith("["):
            index = int(part[1:-1])
            data = data[index] if isinstance(data, list) and index < len(data) else {}
            continue
        field = next((f for f in msgspec.structs.fields(kind) if f.encode_name == part), None)
        if field is None:
            return []
        kind = _table_of(field.type)
        data = data.get(part, {}) if isinstance(data, dict) else {}
        if isinstance(kind, tuple):
            pass
    if isinstance(kind, tuple):
        tag = data.get("type") if isinstance(data, dict) else None
        kind = next((k for k in kind if k.__struct_config__.tag == tag), kind[0])
    return [*(f.encode_name for f in msgspec.structs.fields(kind)), *(["type"] if kind.__struct_config__.tag else [])]


def _table_of(annotation: Any) -> Any:
    """The Table class inside an annotation, or a tuple of them for a union."""
    tables = _tables_in(msgspec.inspect.type_info(annotation))
    return tables[0] if len(tables) == 1 else tuple(tables)


def _tables_in(info: Any) -> list[Any]:
    if isinstance(info, msgspec.inspect.StructType):
        return [info.cls]
    inner = [getattr(info, "item_type", None), *getattr(info, "types", ())]
    return [table for part in inner if part is not None for table in _tables_in(part)]
