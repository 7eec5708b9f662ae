"""Metrics of a column's different values: answered from `categories`, each value again of the column's type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from retroaudit.checks.quality.asked import Answer, Asked
from retroaudit.checks.quality.typed import NUMBERS, Insufficient, Unanswerable, from_text
from retroaudit.measures import categories
from retroaudit.measures.measure import State

LISTED = 20  # values that a result lists, as GX does

Listing = Callable[[Asked, State], list[Any]]


def tally(asked: Asked, state: State) -> dict[Any, int]:
    """Rows by value, in the values' order; null and NaN left out.

    Raises:
        Insufficient: There are more than 10,000 different values.
        Unanswerable: A partition had values of another type. Which is not said: it would be a row's value.
    """
    (column,) = asked.columns
    found = categories.finish(state)
    if not found.exact:
        raise Insufficient(f"column {column!r} has more than {categories.CAP:,} different values")
    value = from_text(asked.types[column])
    missing = {None, "NaN"} if asked.kind in NUMBERS else {None}
    tallied: Counter[Any] = Counter()  # two texts may be one value: 1.0 and 1.00, times of two units
    try:
        for text, rows in found.counts.items():
            if text not in missing:
                tallied[value(text)] += rows  # type: ignore[arg-type]
        return dict(sorted(tallied.items()))
    except (ArithmeticError, LookupError, TypeError, ValueError):
        usual = asked.types[column]
        raise Unanswerable(f"column {column!r} holds values that are not of its usual type {usual}") from None


def members(asked: Asked, state: State) -> Answer:
    """The set of the values."""
    return Answer(set(tally(asked, state)))


def value_counts(asked: Asked, state: State) -> Answer:
    """Rows by value as pandas has them, which expectations compute with."""
    import pandas as pd  # noqa: PLC0415  # which GX brings along

    found = tally(asked, state)
    return Answer(
        pd.Series(list(found.values()), index=pd.Index(list(found), name="value"), name="count", dtype="int64")
    )


def most_common(asked: Asked, state: State) -> Answer:
    """All values that occur most often."""
    found = tally(asked, state)
    most = max(found.values(), default=0)
    return Answer([value for value, rows in found.items() if rows == most])


def unknown(asked: Asked, state: State) -> list[Any]:
    """Values that are not in `value_set`."""
    wanted = _wanted(asked)
    return [value for value in tally(asked, state) if value not in wanted]


def absent(asked: Asked, state: State) -> list[Any]:
    """Members of `value_set` that no row has."""
    found = tally(asked, state)
    return sorted((value for value in _wanted(asked) if value not in found), key=str)


def listed(which: Listing) -> Callable[[Asked, State], Answer]:
    """The first of them."""
    return lambda asked, state: Answer(which(asked, state)[: asked.values.get("limit") or LISTED])  # noqa: PD011  # not pandas


def how_many(which: Listing) -> Callable[[Asked, State], Answer]:
    """Their number."""
    return lambda asked, state: Answer(len(which(asked, state)))


def _wanted(asked: Asked) -> set[Any]:
    """The value set; its texts as dates or times where the column's values are."""
    members = asked.values["value_set"] or []  # noqa: PD011
    if asked.kind not in {"date", "time"}:
        return set(members)
    return {_moment(asked, member) if isinstance(member, str) else member for member in members}


def _moment(asked: Asked, text: str) -> Any:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return found.date() if asked.kind == "date" else found
