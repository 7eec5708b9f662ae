"""Row conditions of Great Expectations as `where` text (`measures.where`): read, never run.

Read are the text of pandas' `query` and of GX's own parser, and the objects of GX 1.24. A condition compares a column
with constants, or asks whether it is null; `and`, `or`, `not`, `&`, `|`, `~` and chained comparisons combine. What
compares columns with each other, calculates or calls anything else is `Unsupported`.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from retroaudit.measures.where import inner

LONGEST = 10_000
"""Characters of a condition's text."""
DEEPEST = 50
"""Conditions within each other: comparisons, and what combines them."""
_GX_PARSERS = {"great_expectations", "great_expectations__experimental__"}
_SIGNS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not_in",
}
_SWAPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OF_ITSELF = {"==": "not_null", "!=": "is_null"}  # a null is not equal to itself
_NULLITY = {"isnull": "is_null", "isna": "is_null", "notnull": "not_null", "notna": "not_null"}
_QUOTED = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|`([^`]*)`""", re.DOTALL)

Condition = dict[str, Any]


class Unsupported(ValueError):
    """A row condition that cannot be asked of one row's own values; the message says why."""


def where_of(condition: str | Mapping[str, Any] | None, parser: str | None = None) -> str:
    """The condition as canonical JSON; "" where there is none. `parser` says what a text is written for.

    Raises:
        Unsupported: It is no condition of the kinds read here.
    """
    if condition is None or condition == "":
        return ""
    try:
        found = _text(condition, parser) if isinstance(condition, str) else _object(condition)
        depth = _depth(found)
    except RecursionError:
        depth = DEEPEST + 1
    except (KeyError, TypeError) as error:
        raise Unsupported(f"the row condition is none of Great Expectations: {error} is missing or odd") from error
    if depth > DEEPEST:
        raise Unsupported(f"the row condition is nested more than {DEEPEST} deep")
    return json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def words(where: str) -> str:
    """A condition as people read it: `channel == "web" and age > 30`."""
    return _said(json.loads(where))


def _said(condition: Condition) -> str:
    for joint in ("and", "or"):
        if joint in condition:
            return f" {joint} ".join(_enclosed(each) for each in condition[joint])
    if "not" in condition:
        return f"not ({_said(condition['not'])})"
    operator = {"not_null": "is not null"}.get(condition["operator"], condition["operator"].replace("_", " "))
    value = f" {json.dumps(condition['value'], ensure_ascii=False)}" if "value" in condition else ""
    return f"{condition['column']} {operator}{value}"


def _enclosed(condition: Condition) -> str:
    return f"({_said(condition)})" if {"and", "or"} & condition.keys() else _said(condition)


def _depth(condition: Condition) -> int:
    return 1 + max(map(_depth, inner(condition)), default=0)


def _object(condition: Any) -> Condition:
    """A condition of GX 1.24, as its suites hold it."""
    kind = condition.get("type") if isinstance(condition, Mapping) else None
    if kind == "pass_through":
        return _text(condition["pass_through_filter"], "pandas")
    if kind in {"and", "or"} and condition.get("conditions"):
        return {kind: [_object(each) for each in condition["conditions"]]}
    if kind == "nullity":
        return {"column": condition["column"]["name"], "operator": "is_null" if condition["is_null"] else "not_null"}
    if kind == "comparison":
        sign = str(condition["operator"]).lower()
        if sign in _SIGNS.values():
            return _comparison(condition["column"]["name"], sign, condition["parameter"])
    raise Unsupported(f"the row condition {condition!r} is of no type that GX 1.24 has")


def _text(text: str, parser: str | None) -> Condition:
    if parser != "pandas" and parser not in _GX_PARSERS:
        raise Unsupported(f'the row condition {text!r} needs the condition_parser "pandas", not {parser!r}')
    if len(text) > LONGEST:
        raise Unsupported(f"the row condition has more than {LONGEST:,} characters")
    names: dict[str, str] = {}
    try:
        tree = ast.parse(_python(text, names), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, tokenize.TokenError) as error:
        raise Unsupported(f"the row condition {text!r} cannot be read: {error}") from error
    if parser == "pandas":
        return _Reader(text, lambda node: names.get(node.id, node.id) if isinstance(node, ast.Name) else None).read(
            tree
        )
    if not isinstance(tree, ast.Compare | ast.Call):
        raise Unsupported(f"GX reads one comparison in {text!r}; write others as pandas conditions")
    return _Reader(text, lambda node: _argument("col", node)).read(tree)


def _python(text: str, names: dict[str, str]) -> str:
    """The text in Python's own words: columns in backticks renamed, & and | as weak as pandas has them."""
    stem = "c"
    while stem in text:
        stem += "_"

    def renamed(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1]
        names[f"{stem}{len(names)}"] = found[2]
        return f"{stem}{len(names) - 1}"

    plain = _QUOTED.sub(renamed, text).replace("\n", " ").strip()
    words = {"&": " and ", "|": " or "}
    tokens = tokenize.generate_tokens(io.StringIO(plain).readline)
    return tokenize.untokenize((token.type, words.get(token.string, token.string)) for token in tokens).strip()


def _argument(function: str, node: ast.expr) -> str | None:
    """The text that a function of this name is called with."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text))], keywords=[]) if name == function:
            return text
    return None


@dataclass(frozen=True)
class _Reader:
    """Reads a syntax tree. `column` gives the column that a node names, or None."""

    text: str
    column: Callable[[ast.expr], str | None]

    def read(self, node: ast.expr) -> Condition:
        match node:
            case ast.BoolOp(op=op, values=values):
                return {"and" if isinstance(op, ast.And) else "or": [self.read(each) for each in values]}
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                return {"not": self.read(operand)}
            case ast.Compare(left=left, ops=ops, comparators=rights):
                pairs = zip([left, *rights], ops, rights, strict=False)
                found = [self._compared(one, op, other) for one, op, other in pairs]
                return found[0] if len(found) == 1 else {"and": found}
            case ast.Call(func=ast.Attribute(value=value, attr=name), args=arguments, keywords=[]):
                return self._called(self._named(value), name.lower(), arguments)
        return {"column": self._named(node), "operator": "==", "value": True}

    def _called(self, column: str, name: str, arguments: Sequence[ast.expr]) -> Condition:
        if name in _NULLITY and not arguments:
            return {"column": column, "operator": _NULLITY[name]}
        if name == "isin" and len(arguments) == 1:
            return _comparison(column, "in", self._value(arguments[0]))
        raise self._unsupported(f"it calls {name}")

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Condition:
        sign = _SIGNS.get(type(op))
        if sign is None:
            raise self._unsupported("it compares by identity")
        first, second = self.column(left), self.column(right)
        if first is not None and first == second and sign in _OF_ITSELF:
            return {"column": first, "operator": _OF_ITSELF[sign]}
        if first is None and second is not None and sign in _SWAPPED:
            return _comparison(second, _SWAPPED[sign], self._value(left))
        return _comparison(self._named(left), sign, self._value(right))

    def _named(self, node: ast.expr) -> str:
        column = self.column(node)
        if column is None:
            raise self._unsupported(f"a column was expected where {ast.unparse(node)!r} stands")
        return column

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() as value):
                return value
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=ast.Constant(value=int() | float() as value)):
                return -value if isinstance(sign, ast.USub) else value
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return [self._value(each) for each in elements]
        day = _argument("date", node)
        if day is None:
            raise self._unsupported(f"a constant was expected where {ast.unparse(node)!r} stands")
        return day

    def _unsupported(self, why: str) -> Unsupported:
        return Unsupported(f"the row condition {self.text!r} cannot be asked of states: {why}")


def _comparison(column: str, sign: str, value: Any) -> Condition:
    """`==` and `!=` of a list are `in` and `not_in`, as in pandas."""
    listed = isinstance(value, list | tuple)
    sign = {"==": "in", "!=": "not_in"}.get(sign, sign) if listed else sign
    values = [each.isoformat() if isinstance(each, date) else each for each in (value if listed else [value])]
    if listed != (sign in {"in", "not_in"}) or not all(isinstance(each, int | float | str) for each in values):
        raise Unsupported(f"column {column!r} cannot be compared with {value!r} by {sign}")
    return {"column": column, "operator": sign, "value": values if listed else values[0]}
