"""Distributions for the report: what the window and the reference look like, without small cells (law 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retroaudit.measures import categories
from retroaudit.measures.categories import Categories
from retroaudit.measures.grid import Grid
from retroaudit.measures.measure import State
from retroaudit.measures.profile import Profile
from retroaudit.report.rounding import round_numbers
from retroaudit.spec.model import Spec

_BINS = 30
_TAIL = 0.005  # share of the pooled rows that lies beyond each end of the bins
_CATEGORIES = 20

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class _Side:
    """One distribution as points: the middle of each cell, and how many rows it holds."""

    at: NDArray[np.float64]
    count: Counts

    @property
    def n(self) -> int:
        return int(self.count.sum())


def histograms(spec: Spec, profile: Profile, reference: Profile | None) -> tuple[dict[str, Any], ...]:
    """One histogram for each feature that has a state in the window or in the reference, in the spec's order."""
    found = (_feature(name, kind, profile, reference, spec.privacy.min_cell) for name, kind in _features(spec))
    return tuple(each for each in found if each is not None)


def numeric(column: str, current: Grid | None, reference: Grid | None, min_cell: int) -> dict[str, Any]:
    """Counts of finite values in about 30 bins of one width, open at both ends.

    `edges` are round numbers from the pooled 0.5 % to the pooled 99.5 % quantile (each side weighs the same);
    `current` and `reference` count the rows below the first edge, in each `low <= x < high`, and from the last
    edge on. Neighbours are joined until every count is 0 or at least `min_cell`; a side with fewer rows than
    that is withheld (null). A grid's cell counts where its middle lies. A side without rows has zeros.
    """
    sides = {"current": _side(current), "reference": _side(reference)}
    shown = {name: side for name, side in sides.items() if side is not None and not 0 < side.n < min_cell}
    edges = _edges([side for side in shown.values() if side.n])
    counts = {name: _place(side, edges) for name, side in shown.items()}
    kept = _joined(list(counts.values()), len(edges) + 1, min_cell)
    return {
        "column": column,
        "kind": "numeric",
        "edges": [edges[last] for _, last in kept[:-1]],
        **{name: _sums(counts.get(name), kept) for name in sides},
    }


def categorical(column: str, current: Categories | None, reference: Categories | None, min_cell: int) -> dict[str, Any]:
    """Counts of the 20 most frequent values (each side weighs the same), and of all others together.

    A value with fewer than `min_cell` rows on a side goes to the others; where they are too few in turn, the
    rarest shown values join them. Null is a value. Where not `exact`, a value is "#" and
    the prefix of a hash, because there were too many. A side with fewer rows than `min_cell` is withheld (null).
    """
    sides = {"current": current, "reference": reference}
    shown = {name: dict(side.counts) for name, side in sides.items() if side is not None}
    shown = {name: counts for name, counts in shown.items() if not 0 < sum(counts.values()) < min_cell}
    ranked = _ranked(list(shown.values()))
    values = [value for value in ranked if all(_public(side.get(value, 0), min_cell) for side in shown.values())]
    values = values[:_CATEGORIES]
    while values and not all(_public(_others(side, values), min_cell) for side in shown.values()):
        values.pop()
    return {
        "column": column,
        "kind": "categorical",
        "values": values,
        "exact": all(side.exact for side in sides.values() if side is not None),
        **{
            name: [*(shown[name].get(value, 0) for value in values), _others(shown[name], values)]
            if name in shown
            else None
            for name in sides
        },
    }


def _features(spec: Spec) -> Iterable[tuple[str, str]]:
    return spec.columns.features.items()


def _feature(name: str, kind: str, profile: Profile, reference: Profile | None, min_cell: int) -> dict[str, Any] | None:
    if kind == "numeric":
        now, past = profile.grid(name), None if reference is None else reference.grid(name)
        return None if now is None and past is None else numeric(name, now, past, min_cell)
    state, before = (
        profile.state("categories", name),
        None if reference is None else reference.state("categories", name),
    )
    return None if state is None and before is None else categorical(name, *_aligned(state, before), min_cell)


def _aligned(current: State | None, reference: State | None) -> tuple[Categories | None, Categories | None]:
    """Both at one level, so that equal keys are equal categories."""
    if current is not None and reference is not None:
        return categories.align(current, reference)
    finished = [None if state is None else categories.finish(state) for state in (current, reference)]
    return finished[0], finished[1]


def _public(count: int, min_cell: int) -> bool:
    return count == 0 or count >= min_cell


def _side(grid: Grid | None) -> _Side | None:
    if grid is None:
        return None
    seen = grid.count > 0
    return _Side(grid.low[seen] / 2 + grid.high[seen] / 2, grid.count[seen])


def _edges(sides: Sequence[_Side]) -> list[float]:
    """Round numbers about 1/30 of the pooled middle 99 % apart, so that no edge is anybody's own value."""
    if not sides:
        return []
    at = np.concatenate([side.at for side in sides])
    weight = np.concatenate([side.count / side.n for side in sides]) / len(sides)
    order = np.argsort(at, kind="stable")
    mass = np.cumsum(weight[order])
    low, high = (float(at[order][min(int(np.searchsorted(mass, share)), len(at) - 1)]) for share in (_TAIL, 1 - _TAIL))
    return round_numbers(low, high, _BINS)


def _place(side: _Side, edges: Sequence[float]) -> Counts:
    """Rows below the first edge, in each bin, and from the last edge on."""
    where = np.searchsorted(np.asarray(edges), side.at, side="right")
    counts = np.zeros(len(edges) + 1, dtype=np.int64)
    np.add.at(counts, where, side.count)
    return counts


def _joined(sides: Sequence[Counts], bins: int, min_cell: int) -> list[tuple[int, int]]:
    """Runs of neighbouring bins, `first <= bin <= last`, in which every side's count may be published."""
    runs: list[tuple[int, int]] = []
    start = 0
    for last in range(bins):
        if all(_public(int(side[start : last + 1].sum()), min_cell) for side in sides):
            runs.append((start, last))
            start = last + 1
    while start < bins:  # what is left at the end joins the run before it, until it may be published
        start = runs.pop()[0] if runs else 0
        if start == 0 or all(_public(int(side[start:].sum()), min_cell) for side in sides):
            runs.append((start, bins - 1))
            break
    return runs


def _sums(counts: Counts | None, runs: Iterable[tuple[int, int]]) -> list[int] | None:
    return None if counts is None else [int(counts[first : last + 1].sum()) for first, last in runs]


def _ranked(sides: Sequence[Mapping[str | None, int]]) -> list[str | None]:
    """All values, the most frequent first; ties by name, null before any."""
    share: dict[str | None, float] = {}
    for side in sides:
        rows = sum(side.values())
        for value, count in side.items():
            share[value] = share.get(value, 0.0) + count / rows if rows else share.get(value, 0.0)
    return sorted(share, key=lambda value: (-share[value], value is not None, value or ""))


def _others(side: Mapping[str | None, int], values: Iterable[str | None]) -> int:
    return sum(side.values()) - sum(side.get(value, 0) for value in values)
