"""What is kept of a value: nothing, its shape, or all of it.

While rows are looked at, a value is told as text with its kind before it, so that files whose columns differ in type
can stand beside each other; masking is of the few rows that were drawn.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import groupby

import polars as pl

from retroaudit.measures.values import has_text

COUNTS, MASKED, FULL = "counts", "masked", "full"  # as `privacy.values` has them
UNREAD = ""  # stands for a value of a column that nobody looked at: no null
Plain = str | int | float | bool | None
_LONGEST = 10_000  # characters of a text that a sample keeps, and that its shape is made of
_LONGEST_SHAPE = 32
_SHORT = 4
_NUMBER, _BOOLEAN, _TIME, _TEXT = "nbts"
_EXACT = 2**53
_FEW = 10  # integers below it are their own leading digit
_MARKS = {"Lu": "A", "Lt": "A", "L": "a", "N": "9"}  # by Unicode's category, or its first letter


def told(values: pl.Series) -> pl.Series:
    """Each value as its kind's letter and its text; null as null, and of nested types too, which are never read."""
    values, kind = values.alias("v"), values.dtype  # many methods take a name for a pattern
    if not has_text(kind):
        return pl.Series([None] * len(values), dtype=pl.String)
    if isinstance(kind, pl.Date | pl.Datetime | pl.Duration):
        return (_TEXT if kind == pl.Duration else _TIME) + values.dt.to_string("iso")
    letter = _NUMBER if kind.is_numeric() else _BOOLEAN if kind == pl.Boolean else _TEXT
    return letter + values.cast(pl.String).str.slice(0, _LONGEST)


def mask(value: str | None) -> Plain:
    """What a masked sample says of a value that was `told`.

    Of a number its leading digit and order of magnitude; of a whole one of one digit only that it is one, as "<10" or
    ">-10". Of a date or time its year and month, "1980-05"; of a text its shape (`shape`). A Boolean is told whole.
    """
    return None if value is None else _MASKED[value[0]](value[1:])


def whole(value: str | None) -> Plain:
    """The value that was `told`, in a type of JSON; what is no finite number, and what has no such type, as text."""
    return None if value is None else _WHOLE[value[0]](value[1:])


def shape(text: str) -> str:
    """Letters as a or A, digits as 9, ASCII signs and spaces as they are, all else as ?; "Aaa-99 (5-8)".

    A run of one mark is two of it, however long, and a text of more than four characters has its length told as a
    power of two; only its first 32 marks are kept. It never holds the text itself, where that has more than four
    characters: one that is its own shape is only told to be there.
    """
    marks = "".join(mark * min(2, sum(1 for _ in run)) for mark, run in groupby(map(_mark, text)))[:_LONGEST_SHAPE]
    if len(text) <= _SHORT:
        return marks
    power = (len(text) - 1).bit_length()
    told_so = f"{marks} ({2 ** (power - 1) + 1}-{2**power})"
    return "…" if text in told_so else told_so


def _mark(character: str) -> str:
    category = unicodedata.category(character)
    mark = _MARKS.get(category) or _MARKS.get(category[0])
    return mark or (character if character.isascii() and character.isprintable() else "?")


def _rounded(text: str) -> Plain:
    number = Decimal(text)
    if not number.is_finite():
        return text
    if abs(number) < _FEW and number == number.to_integral_value():
        return f">-{_FEW}" if number < 0 else f"<{_FEW}"
    return _number(number.quantize(Decimal(1).scaleb(number.adjusted())))


def _month(text: str) -> str:
    return text.partition(" ")[0].rpartition("-")[0]


def _number(number: Decimal) -> Plain:
    """An integer where it is one and small, else the float64 next to it; as text where that would be infinite."""
    nearest = float(number)
    if number == number.to_integral_value() and abs(number) <= _EXACT:
        return int(number)
    return nearest if math.isfinite(nearest) else str(number)


def _exact(text: str) -> Plain:
    try:
        return int(text)
    except ValueError:
        return float(text) if math.isfinite(float(text)) else text


_MASKED: Mapping[str, Callable[[str], Plain]] = {
    _NUMBER: _rounded,
    _BOOLEAN: "true".__eq__,
    _TIME: _month,
    _TEXT: shape,
}
_WHOLE: Mapping[str, Callable[[str], Plain]] = {**_MASKED, _NUMBER: _exact, _TIME: str, _TEXT: str}
