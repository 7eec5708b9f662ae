"""Predicates on text: patterns, lengths, and what only Python can read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import polars as pl

from retroaudit.measures.predicates.columns import NEVER, Column, Unanswerable, reader

Values = Mapping[str, Any]

_TOGETHER = 100  # patterns in one, whose size Polars bounds

_READ_OTHERWISE = re.compile(
    r"""\\[<>] | \\b\{              # word boundaries in Rust, plain characters in Python
    | [+*?}]\+                      # possessive in Python, repeated twice in Rust
    | \{[\d,]*\ [\d,\ ]*\}          # a repetition in Rust, plain characters in Python
    | \[[^\]]*\[ | && | -- | ~~     # sets within sets in Rust
    | \(\?[a-zA-Z]*x                # verbose: spaces in sets are dropped in Rust alone
    """,
    re.VERBOSE,
)


def written(column: Column) -> pl.Expr:
    """Each value as Python writes it (`str`): True, 1.0, -0.0, 1e-07, 2024-01-31 00:00:00; bytes as UTF-8.

    As in GX's pandas engine, -0.0 keeps its sign, though it equals 0.0.

    Raises:
        Unanswerable: The column is of lists, structs or objects.
    """
    if column.dtype == pl.String:
        return column.expr
    if column.dtype == pl.Boolean:
        return pl.when(column.expr).then(pl.lit("True")).when(~column.expr).then(pl.lit("False"))
    if column.kind in {"text", "nothing"} or column.dtype == pl.Date or column.dtype.is_integer():
        return column.expr.cast(pl.String)
    if column.dtype.is_nested() or column.dtype == pl.Object:
        raise Unanswerable(f"values of type {column.dtype} have no text")
    if column.dtype.is_float():  # the two zeros are equal: `_asked` would tell one text of both
        zero = pl.when(1 / column.expr < 0).then(pl.lit("-0.0")).otherwise(pl.lit("0.0"))
        return pl.when(column.expr == 0).then(zero).otherwise(_asked(column.expr, str, pl.String))
    return _asked(column.expr, _decoded if column.dtype == pl.Binary else str, pl.String)


def _decoded(value: bytes) -> str:
    return value.decode(errors="backslashreplace")


def length(column: Column) -> Column:
    """How many characters each value has as text."""
    return Column(written(column).str.len_chars().cast(pl.Int64), pl.Int64())


def matches(column: Column, pattern: Any) -> pl.Expr:
    """Whether the pattern is found anywhere in the value's text.

    Polars takes time linear in the text. Where Python's `re` has to read the pattern (`by_python`), a value can be
    made for it, by whoever delivers data, on which it takes time exponential in the value's length: nothing bounds it.

    Raises:
        Unanswerable: It is no regular expression of Python's.
    """
    if not by_python(pattern):
        return written(column).str.contains(pattern)
    found = re.compile(pattern)
    return _asked(written(column), lambda text: found.search(text) is not None)


def by_python(pattern: Any) -> bool:
    """Whether only Python's `re` reads this pattern as Python does: Rust's refuses it, or may mean something else.

    Raises:
        Unanswerable: It is no regular expression of Python's.
    """
    if not isinstance(pattern, str):
        raise Unanswerable(f"{pattern!r} is not a regular expression: no text")
    return _by_python(pattern)


@lru_cache(maxsize=1_000)
def _by_python(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise Unanswerable(f"{pattern!r} is not a regular expression: {error}") from error
    try:
        pl.Series([], dtype=pl.String).str.contains(pattern)
    except pl.exceptions.ComputeError:
        return True
    return _READ_OTHERWISE.search(pattern) is not None


def together(patterns: list[Any]) -> list[Any]:
    """Fewer patterns, one of which is found where one of these is: each row is asked a hundred at once.

    Raises:
        Unanswerable: One is no regular expression of Python's.
    """
    batches = (patterns[start : start + _TOGETHER] for start in range(0, len(patterns), _TOGETHER))
    return [pattern for batch in batches for pattern in _joined(batch)]


def _joined(patterns: list[Any]) -> list[Any]:
    """As one, unless only Python reads one of them, or the whole is too large, repeats a name, or has flags within."""
    if any(map(by_python, patterns)):
        return patterns
    whole = "|".join(f"(?:{each})" for each in patterns)
    try:
        return patterns if by_python(whole) else [whole]
    except Unanswerable:
        return patterns


def any_or_all(
    values: Values, of: str, matched: Callable[[Any], pl.Expr], fewer: Callable[[list[Any]], list[Any]] = list
) -> pl.Expr:
    """Whether any of a list of patterns is matched, or all of them, as `match_on` says.

    `fewer` gives patterns for a list, one of which is matched where one of the list is.

    Raises:
        Unanswerable: The list is none, or empty, or `match_on` is neither "any" nor "all".
    """
    patterns, match_on = values.get(of), values.get("match_on", "any")
    if not isinstance(patterns, list) or not patterns:
        raise Unanswerable(f"{of} must be a list of at least one pattern, not {patterns!r}")
    if match_on not in {"any", "all"}:
        raise Unanswerable(f'match_on must be "any" or "all", not {match_on!r}')
    if match_on == "all":
        return pl.all_horizontal(list(map(matched, patterns)))
    return pl.any_horizontal(list(map(matched, fewer(patterns))))


def like(column: Column, pattern: Any, escape: Any = None) -> pl.Expr:
    """SQL's LIKE on the whole text, in its very case: % any characters, _ one; what follows `escape` is itself.

    Raises:
        Unanswerable: The column is not of text, or the pattern is none, or ends with its escape character.
    """
    if not isinstance(pattern, str) or not (escape is None or (isinstance(escape, str) and len(escape) == 1)):
        raise Unanswerable(f"a LIKE pattern is text and its escape one character, not {pattern!r} and {escape!r}")
    return text_alone(column).str.contains(f"^(?s:{''.join(_like(pattern, escape))})$")


def _like(pattern: str, escape: str | None) -> Sequence[str]:
    parts, characters = [], iter(pattern)
    for each in characters:
        if each == escape:
            literal = next(characters, None)
            if literal is None:
                raise Unanswerable(f"the LIKE pattern {pattern!r} ends with its escape character")
            parts.append(_literal(literal))
        else:
            parts.append({"%": ".*", "_": "."}.get(each) or _literal(each))
    return parts


def _literal(character: str) -> str:
    return rf"\x{{{ord(character):x}}}"


def text_alone(column: Column) -> pl.Expr:
    """The column as text, which it must be, or all null.

    Raises:
        Unanswerable: It is of another kind.
    """
    if column.kind not in {"text", "nothing"}:
        raise Unanswerable(f"values must be text, not {column.dtype}")
    return column.expr.cast(pl.String)


def json_parseable(_: Values, column: Column) -> pl.Expr:
    """Whether each text is JSON; a value that is not text is none."""
    readable = column.kind in {"text", "nothing"} or column.dtype == pl.Binary
    texts = column.expr if column.dtype == pl.Binary else column.expr.cast(pl.String, strict=False)
    return _asked(texts, lambda text: _tried(json.loads, text)) if readable else NEVER


def match_json_schema(values: Values, column: Column) -> pl.Expr:
    """Whether each text is JSON that the schema takes. References to other documents are never followed.

    Its patterns are Python's `re`, with no bound on their time, as in `matches`.
    """
    accepts = _schema(values.get("json_schema"))
    return _asked(text_alone(column), lambda text: _tried(lambda each: accepts(json.loads(each)), text))


def _schema(schema: Any) -> Callable[[Any], None]:
    if not isinstance(schema, dict | bool):
        raise Unanswerable(f"json_schema must be a JSON schema, not {schema!r}")
    try:
        from jsonschema import SchemaError, validators  # type: ignore[import-untyped]  # noqa: PLC0415  # comes with the extra
        from referencing import Registry  # noqa: PLC0415  # as above
    except ImportError as error:
        raise Unanswerable("match_json_schema needs the package jsonschema: pip install jsonschema") from error
    kind = validators.validator_for(schema, default=validators.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        raise Unanswerable(f"this is not a JSON schema: {error.message}") from error
    return kind(schema, registry=Registry()).validate  # type: ignore[no-any-return]


def match_strftime_format(values: Values, column: Column) -> pl.Expr:
    """Whether `datetime.strptime` reads each text by the format.

    Names of months, days and halves of a day (%a, %A, %b, %B, %p, %c, %x, %X) are those of the process's locale, and
    %Z knows the names of its time zone only: with them the answer depends on the machine, elsewhere it does not.
    """
    form = values.get("strftime_format")
    if not isinstance(form, str):
        raise Unanswerable(f"strftime_format must be text, not {form!r}")
    return _asked(text_alone(column), lambda text: _tried(lambda each: datetime.strptime(each, form), text))  # noqa: DTZ007


def dateutil_parseable(_: Values, column: Column) -> pl.Expr:
    """Whether dateutil reads each text as a time, as if on 2000-01-01.

    dateutil completes a text from today: left to that, "30" would be no time in February, nor "Feb 29" in 2026.
    """
    try:
        read = reader(datetime(2000, 1, 1))  # noqa: DTZ001  # local time, as dateutil has it
    except ImportError as error:
        raise Unanswerable("dateutil_parseable needs the package python-dateutil") from error
    return _asked(text_alone(column), lambda text: _tried(read, text))


def _tried(read: Callable[[Any], object], text: Any) -> bool:
    try:
        read(text)
    except Exception:  # noqa: BLE001  # hostile text makes parsers raise what they never promised
        return False
    return True


def _asked(values: pl.Expr, answer: Callable[[Any], Any], dtype: type[pl.DataType] = pl.Boolean) -> pl.Expr:
    """What Python says of each value, asked once a distinct one; null for null."""
    return values.map_batches(lambda column: _by_value(column, answer, dtype), return_dtype=dtype)


def _by_value(values: pl.Series, answer: Callable[[Any], Any], dtype: type[pl.DataType]) -> pl.Series:
    distinct = values.drop_nulls().unique()
    plain = distinct.to_numpy() if distinct.dtype.is_float() else distinct.to_list()  # a float32 keeps its own text
    answers = pl.Series([answer(each) for each in plain], dtype=dtype)
    return values.replace_strict(distinct, answers, default=None, return_dtype=dtype)
