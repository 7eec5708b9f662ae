"""What rows are told apart by in a sample: risk, group, version, verdict; and how many are drawn of each kind."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from retroaudit.archive.rows import PREDICTION, VERSION
from retroaudit.measures.values import text
from retroaudit.spec.model import Spec

ALLOCATION = (
    "one row of every stratum while rows last: first of those that failed, then of the largest; "
    "the others in proportion to what is left of each stratum, by largest remainders"
)
_EDGES = np.arange(1, 10) / 10
_BANDS = [f"{decile / 10:.1f}-{(decile + 1) / 10:.1f}" for decile in range(10)]
_OUTCOMES = {1: "positive", 0: "negative"}


@dataclass(frozen=True)
class Stratum:
    """A kind of rows; its text form is canonical JSON, and `Stratum.parse(str(stratum)) == stratum`.

    `band` is the decile of the score ("0.3-0.4", of which 0.4 is no part but 1.0 of the last), or what was predicted
    where there is no score. `groups` and `version` are texts as the report has them. `failed` says that the row lies in
    a slice for which a metric of the report failed, `broken` names what the row itself breaks.
    """

    band: str | None
    groups: tuple[str | None, ...]
    version: str | None
    failed: bool = False
    broken: tuple[str, ...] = ()

    def __str__(self) -> str:
        return json.dumps([self.band, self.groups, self.version, self.failed, self.broken], separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Stratum:
        """The stratum of its text form."""
        band, groups, version, failed, broken = json.loads(text)
        return cls(band, tuple(groups), version, failed, tuple(broken))

    @property
    def suspect(self) -> bool:
        """Whether something failed here."""
        return self.failed or bool(self.broken)


class FailedSlices:
    """The slices by group, version or day for which a report has failed metrics; those by anything else are none."""

    def __init__(self, metrics: Iterable[Mapping[str, Any]]) -> None:
        self._known: dict[tuple[str, ...], set[tuple[str | None, ...]]] = defaultdict(set)
        for metric in metrics:
            if metric["verdict"] == "failed" and metric["slice"]:
                names = tuple(sorted(metric["slice"]))
                self._known[names].add(tuple(metric["slice"][name] for name in names))

    def hold(self, row: Mapping[str, str | None]) -> bool:
        """Whether a row of these values lies in one of them."""
        return any(
            tuple(row[name] for name in names) in values
            for names, values in self._known.items()
            if all(name in row for name in names)
        )


def group_columns(spec: Spec) -> tuple[str, ...]:
    """Every column that groups are made of, once."""
    return tuple(dict.fromkeys(column for group in spec.groups for column in group))


def strata(
    rows: pl.DataFrame, spec: Spec, partition: str, failed: FailedSlices, broken: Mapping[str, pl.Series]
) -> pl.Series:
    """The text of each row's stratum; `broken` are the rows that break something, by its name."""
    names = group_columns(spec)
    parts = pl.DataFrame(
        {
            "band": _bands(rows, spec),
            "version": text(rows[VERSION]),
            "broken": _places(list(broken.values()), rows.height),
            **{str(place): text(rows[name].alias("v")) for place, name in enumerate(names)},
        }
    )
    distinct = parts.unique()
    texts = [_text(row, names, partition, failed, list(broken)) for row in distinct.iter_rows(named=True)]
    known = distinct.with_columns(pl.Series("text", texts, pl.String))
    return parts.join(known, on=parts.columns, how="left", nulls_equal=True, maintain_order="left")["text"]


def allocate(sizes: Mapping[str, int], rows: int) -> dict[str, int]:
    """How many rows to draw of each stratum, by its text, of whose rows there are `sizes`: see `ALLOCATION`.

    All together `rows`, or as many as there are. The text "" is of rows that belong to no stratum of their own.
    """
    suspect = {stratum: bool(stratum) and Stratum.parse(stratum).suspect for stratum in sizes}
    order = sorted(sizes, key=lambda each: (not suspect[each], -sizes[each], each))
    first = {stratum: int(place < rows) for place, stratum in enumerate(order)}
    rest = {stratum: sizes[stratum] - first[stratum] for stratum in order}
    left = min(rows - sum(first.values()), sum(rest.values()))
    shares = {stratum: divmod(left * size, max(1, sum(rest.values()))) for stratum, size in rest.items()}
    more = left - sum(whole for whole, _ in shares.values())
    larger = set(sorted(order, key=lambda each: -shares[each][1])[:more])  # a stable sort: by `order` where equal
    return {stratum: first[stratum] + shares[stratum][0] + (stratum in larger) for stratum in order}


def _bands(rows: pl.DataFrame, spec: Spec) -> pl.Series:
    predicted = rows[PREDICTION].replace_strict(_OUTCOMES, default=None, return_dtype=pl.String)
    if spec.columns.score is None:
        return predicted
    scores = rows[spec.columns.score].alias("v").cast(pl.Float64)
    deciles = pl.Series(np.searchsorted(_EDGES, scores.to_numpy(), side="right"))
    bands = deciles.replace_strict(dict(enumerate(_BANDS)), return_dtype=pl.String)
    return bands.zip_with(scores.is_not_null(), predicted)


def _places(broken: Sequence[pl.Series], height: int) -> pl.Series:
    """What each row breaks, as the places of the names: "0 3 "."""
    found = pl.repeat("", height, dtype=pl.String, eager=True)
    for place, fails in enumerate(broken):
        found = (found + f"{place} ").zip_with(fails, found)
    return found


def _text(
    row: Mapping[str, Any], names: Sequence[str], partition: str, failed: FailedSlices, conditions: Sequence[str]
) -> str:
    groups = tuple(row[str(place)] for place in range(len(names)))
    values = {"date": partition, "version": row["version"], **dict(zip(names, groups, strict=True))}
    broken = tuple(sorted(conditions[int(place)] for place in row["broken"].split()))
    return str(Stratum(row["band"], groups, row["version"], failed.hold(values), broken))
