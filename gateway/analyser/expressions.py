"""Conditions on a call written as an expression over the keys of its record."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any, Final

from tandem.core.errors import TandemError

from .filters import Condition
from .model import CallRecord

_NAMES: Final = frozenset(CallRecord.__struct_fields__) - {"messages", "legs", "media", "formats"}
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
    ast.Is: lambda one, other: one is other,
    ast.IsNot: lambda one, other: one is not other,
}
_LONGEST: Final = 2000


def expression(text: str) -> Condition:
    """A condition such as `duration > 60 and matches(called, "^49")`; TandemError when it is none.

    Names are the keys of a record; constants, comparisons, `and`, `or`, `not`, `in` and `matches(NAME, RE)` are known.
    A comparison with a key that a record does not have is false.
    """
    if len(text) > _LONGEST:
        raise TandemError(f"the expression is longer than {_LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise TandemError(f"{text!r} is no expression: {getattr(error, 'msg', error)}") from None
    meaning = _compiled(tree.body)
    return lambda record: bool(meaning(record))


Meaning = Callable[[CallRecord], Any]


def _compiled(node: ast.expr) -> Meaning:
    match node:
        case ast.Constant(value):
            return lambda record: value
        case ast.Name(name) if name in _NAMES:
            return lambda record: getattr(record, name)
        case ast.Name(name):
            raise TandemError(f"{name!r} is no key of a call; known are {', '.join(sorted(_NAMES))}")
        case ast.Tuple(parts) | ast.List(parts):
            meanings = [_compiled(part) for part in parts]
            return lambda record: [meaning(record) for meaning in meanings]
        case ast.UnaryOp(ast.Not(), part):
            inner = _compiled(part)
            return lambda record: not inner(record)
        case ast.UnaryOp(ast.USub(), ast.Constant(value)) if isinstance(value, int | float):
            return lambda record: -value
        case ast.BoolOp(ast.And(), parts):
            every = [_compiled(part) for part in parts]
            return lambda record: all(meaning(record) for meaning in every)
        case ast.BoolOp(ast.Or(), parts):
            either = [_compiled(part) for part in parts]
            return lambda record: any(meaning(record) for meaning in either)
        case ast.Compare(left, comparisons, others):
            return _comparison([left, *others], comparisons)
        case ast.Call(ast.Name("matches"), [subject, ast.Constant(str(pattern))], []):
            try:
                search = re.compile(pattern).search
            except re.error as error:
                raise TandemError(f"{pattern!r} is no regular expression: {error}") from None
            value_of = _compiled(subject)
            return lambda record: search(str(value_of(record) or "")) is not None
    raise TandemError(
        f"{ast.unparse(node)!r} is not understood: use keys, constants, comparisons, and, or, not, in, matches(KEY, RE)"
    )


def _comparison(parts: list[ast.expr], comparisons: list[ast.cmpop]) -> Meaning:
    meanings = [_compiled(part) for part in parts]
    operations = [_COMPARISONS[type(comparison)] for comparison in comparisons]

    def holds(record: CallRecord) -> bool:
        values = [meaning(record) for meaning in meanings]
        try:
            return all(
                operation(one, other) for operation, one, other in zip(operations, values, values[1:], strict=False)
            )
        except TypeError:
            return False

    return holds
