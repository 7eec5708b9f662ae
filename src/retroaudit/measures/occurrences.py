"""The measure `hashes`: how often each value occurs, by a 128-bit hash of it. The one state that grows with the rows.

The hash is MurmurHash3_x64_128 of the value's text (`values.text`), or of several columns' hashes together, each with
a mark that tells a missing value from any other. Among n different texts some two share a hash with a probability of
at most n^2 / 2^129: 2e-19 for 10^10 values nobody chose for it. Where it happens, two values count as one that occurs
twice: a duplicate is reported that is none, and there is one distinct value less; no duplicate is ever missed. Texts
of more than 1,000 characters are told apart by 64 bits of SHA-256 (`values.text`), for them the bound is n^2 / 2^65.

Types may change from file to file: an instant is the same in every unit and time zone (without one, it is UTC), a
whole number as integer, decimal and float, a decimal in every scale. A date is not the time of its midnight.

Missing is what is null or NaN. Of one column and without a question, rows where it is missing are left out. Else the
question is `{"ignore_row_if": rule}` with the rules of GX's `compound_columns.unique`, `all_values_are_missing`,
`any_value_is_missing` or `never`, and missing values equal each other. A column of lists, structs or objects has no
text: it is all missing.

State: `high`, `low` (UInt64, the hash's halves), `count` (Int64), one line a hash, ascending by both halves. While it
is measured it takes up to 48 bytes a distinct value of one partition, 24 of them to keep.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retroaudit.measures.hashes import WORD, Halves, hash128, hash128_of
from retroaudit.measures.measure import Need, State
from retroaudit.measures.values import Readable, Rows, rows_of, text

Lines = NDArray[np.uint64]
"""n x 3: high, low and count, ascending by both halves, one a hash."""

_SCHEMA = {"high": pl.UInt64, "low": pl.UInt64, "count": pl.Int64}
_MARKED = 3  # words of a mark and a hash
_WHOLE, _WIDEST = 2.0**53, 2.0**127  # floats from here on are whole, and from there on no integers of any type


class Runs:
    """Lines gathered part by part. Each run is more than twice as long as the next, so that merging costs n log n."""

    def __init__(self) -> None:
        self._runs: list[Lines] = []

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def add(self, lines: Lines) -> None:
        """Take more of them."""
        self._runs.append(lines)
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            self._runs.append(_merged(self._runs.pop(), self._runs.pop()))

    def whole(self) -> Lines:
        """All of them as one run, which is kept."""
        while len(self._runs) > 1:
            self._runs.append(_merged(self._runs.pop(), self._runs.pop()))
        return self._runs[0] if self._runs else np.empty((0, 3), np.uint64)


def partial(rows: Readable, need: Need) -> State:
    """How often each value of the need's columns occurs."""
    return state_of(lines_of_rows(rows_of(rows), need.columns, need.question))


def lines_of_rows(rows: Rows, columns: Sequence[str], question: str) -> Lines:
    """The lines of one slice."""
    if len(columns) == 1 and not question:
        return _of_column(_column(rows, columns[0]))
    marked = np.concatenate([_marked(_column(rows, name)) for name in columns], axis=1)
    ignored = _ignored(marked[:, ::_MARKED] > 0, json.loads(question)["ignore_row_if"])
    words = marked[~ignored] if ignored.any() else marked
    ends = np.arange(len(words) + 1) * (words.shape[1] * WORD)
    return _counted(hash128_of(np.append(words.astype("<u8", copy=False), np.uint64(0)).view(np.uint8), ends))


def lines_of(state: State) -> Lines:
    """The lines of a state."""
    return np.column_stack([state["high"], state["low"], state["count"].to_numpy().view(np.uint64)])


def state_of(lines: Lines) -> State:
    """The state of lines."""
    columns = {name: np.ascontiguousarray(lines[:, place]) for place, name in enumerate(_SCHEMA)}
    return pl.DataFrame(columns | {"count": columns["count"].view(np.int64)}, schema=_SCHEMA)


def merge(states: Sequence[State]) -> State:
    """Sum the counts by hash."""
    runs = Runs()
    for state in states:
        runs.add(lines_of(state))
    return state_of(runs.whole())


def united(lines: Lines) -> Lines:
    """Lines in any order, whose hashes may repeat, put in order, one a hash."""
    from retroaudit.measures import hash_kernels  # noqa: PLC0415  # takes time, as in `kernels`

    into = np.empty_like(lines)
    used = hash_kernels.unite(lines, into)
    if used < 0:  # many hashes alike: somebody looked for them
        used = hash_kernels.unite(lines[np.lexsort((lines[:, 1], lines[:, 0]))], into)
    return _cut(into, used)


def _column(rows: Rows, name: str) -> pl.Series:
    """A column without its name, which methods of a series would expand as `pl.col` does."""
    return rows.column(name).alias("")


def _of_column(values: pl.Series) -> Lines:
    if not isinstance(values.dtype, pl.Categorical):
        return _counted(hash128(_texts(values).drop_nulls()))
    count = np.bincount(values.to_physical().drop_nulls().to_numpy())
    known = np.flatnonzero(count)
    return _counted(hash128(_texts(values.dtype.categories.to_series().gather(known))), count[known])


def _marked(values: pl.Series) -> NDArray[np.uint64]:
    """A line a row: 0 and the value's hash; where the value is missing 1, and the hash of no text."""
    if isinstance(values.dtype, pl.Categorical):
        lines = _marked(values.dtype.categories.to_series().extend_constant(None, 1))
        return np.take(lines, values.to_physical().fill_null(len(lines) - 1).to_numpy(), axis=0)
    texts = _texts(values)
    lines = np.empty((len(texts), _MARKED), np.uint64)
    lines[:, 0] = texts.is_null().to_numpy()
    lines[:, 1], lines[:, 2] = hash128(texts)
    return lines


def _texts(values: pl.Series) -> pl.Series:
    """Each value as text, the same for what is equal in another type of number or time."""
    kind = values.dtype
    if isinstance(kind, pl.Datetime):
        return _instants(values.to_physical().cast(pl.Datetime(kind.time_unit)), kind.time_unit)
    if isinstance(kind, pl.Decimal) and kind.scale:
        return text(values).str.strip_chars_end("0").str.strip_suffix(".")
    return _float_texts(values.fill_nan(None)) if kind.is_float() else text(values)


def _instants(values: pl.Series, unit: str) -> pl.Series:
    """Times in UTC, with microseconds, or with nanoseconds where there are any."""
    texts = text(values)
    if unit == "ms":
        return texts + "000"
    return texts.str.strip_suffix("000") if unit == "ns" else texts


def _float_texts(values: pl.Series) -> pl.Series:
    texts = text(values)
    size = values.abs()
    large = ((size >= _WHOLE) & (size < _WIDEST)).arg_true()
    if large.is_empty():
        return texts
    return texts.scatter(large, values.gather(large).cast(pl.Float64).cast(pl.Int128).cast(pl.String))


def _ignored(missing: NDArray[np.bool_], rule: str) -> NDArray[np.bool_]:
    columns = missing.shape[1]
    enough = {"all_values_are_missing": columns, "any_value_is_missing": 1, "never": columns + 1}[rule]
    ignored: NDArray[np.bool_] = missing.sum(axis=1) >= enough
    return ignored


def _counted(hashes: Halves, count: NDArray[np.int64] | None = None) -> Lines:
    high, low = hashes
    ones = np.ones(len(high), np.uint64)
    return united(np.column_stack([high, low, ones if count is None else count.astype(np.uint64)]))


def _merged(a: Lines, b: Lines) -> Lines:
    from retroaudit.measures import hash_kernels  # noqa: PLC0415  # as above

    into = np.empty((len(a) + len(b), 3), np.uint64)
    return _cut(into, hash_kernels.merge(a, b, into))


def _cut(lines: Lines, length: int) -> Lines:
    """The first of the lines, in place: no byte is copied or kept for the others."""
    lines.resize((length, 3), refcheck=False)
    return lines
