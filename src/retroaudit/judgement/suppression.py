"""Small cells: what would describe fewer than `min_cell` people is withheld (law 5).

A cell is the set of people that a number describes, its `n`. Where one cell of a table is withheld, a second
one goes too wherever subtracting the others from a total would give the first away (complementary
suppression: Cox 1980, "Suppression methodology and statistical disclosure control").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from retroaudit.checks.metric import Metric, Slice, Verdict

_ABOUT_PEOPLE = frozenset({"fairness", "performance"})
_DERIVABLE = frozenset({"tp", "fp", "fn", "tn", "prevalence", "accuracy"})
"""With these, the size of a withheld class of a group follows from the rest of the group."""

_Cells = Mapping[tuple[str | None, ...], int]


def withhold_small_cells(metrics: Sequence[Metric], min_cell: int) -> tuple[Metric, ...]:
    """The same metrics, in the same order, without the numbers of small cells; 0 withholds nothing."""
    if min_cell <= 0:
        return tuple(metrics)
    hidden = _hide(metrics, min_cell)
    return tuple(_blank(metric, reason) if (reason := hidden.reason(metric)) else metric for metric in metrics)


@dataclass(frozen=True)
class _Hidden:
    """What must not be told: small slices, those that go with them, thin classes, and the rates of all these."""

    min_cell: int
    small: frozenset[Slice]
    complementary: frozenset[Slice]
    thin: frozenset[tuple[str, Slice]]
    rates: frozenset[tuple[tuple[str, ...], str, float | None]]

    def reason(self, metric: Metric) -> str:
        """Why the metric is withheld; empty where it may be published."""
        if metric.check not in _ABOUT_PEOPLE or not metric.slice or metric.verdict is Verdict.SKIPPED:
            return ""
        if metric.slice in self.small or _is_small(metric, self.min_cell):
            return f"withheld: it would describe fewer than {self.min_cell} people"
        if metric.slice in self.complementary:
            return "withheld: with it, a group that is withheld could be found by subtraction"
        if metric.metric in _DERIVABLE and _key(metric) in self.thin:
            return f"withheld: with it, a class of fewer than {self.min_cell} people could be derived"
        if metric.reference is not None and (_names(metric), _compared(metric), metric.reference) in self.rates:
            return "withheld: it compares with a group that is withheld"
        return ""


def _hide(metrics: Sequence[Metric], min_cell: int) -> _Hidden:
    small, complementary = _hidden_slices(metrics, min_cell)
    thin = frozenset(_key(metric) for metric in metrics if _is_small(metric, min_cell))
    gone = small | complementary
    rates = {(_names(m), m.metric, m.value) for m in metrics if m.slice in gone or _is_small(m, min_cell)}
    return _Hidden(min_cell, small, complementary, thin, frozenset(rates))


def _names(metric: Metric) -> tuple[str, ...]:
    return tuple(name for name, _ in metric.slice)


def _compared(metric: Metric) -> str:
    """The rate that a comparison compares: `tpr` of `tpr_difference`, the selection rate of the impact ratio."""
    if metric.metric == "impact_ratio":
        return "selection_rate"
    return metric.metric.removesuffix("_difference").removesuffix("_ratio")


def _key(metric: Metric) -> tuple[str, Slice]:
    return metric.check, metric.slice


def _is_small(metric: Metric, min_cell: int) -> bool:
    return bool(metric.slice) and metric.check in _ABOUT_PEOPLE and metric.n is not None and 0 < metric.n < min_cell


def _blank(metric: Metric, reason: str) -> Metric:
    return replace(
        metric, value=None, low=None, high=None, n=None, reference=None, verdict=Verdict.INSUFFICIENT, reason=reason
    )


def _hidden_slices(metrics: Iterable[Metric], min_cell: int) -> tuple[frozenset[Slice], frozenset[Slice]]:
    """The slices that are too small, and those that must go with them."""
    tables: dict[tuple[str, ...], dict[tuple[str | None, ...], int]] = defaultdict(dict)
    for metric in metrics:
        if metric.check in _ABOUT_PEOPLE and metric.metric == "n" and metric.slice and metric.n is not None:
            names, values = zip(*metric.slice, strict=True)
            tables[names][values] = metric.n
    small: set[Slice] = set()
    complementary: set[Slice] = set()
    for names, cells in tables.items():
        first = {values for values, n in cells.items() if 0 < n < min_cell}
        small |= {tuple(zip(names, values, strict=True)) for values in first}
        complementary |= {tuple(zip(names, values, strict=True)) for values in _complement(cells, first)}
    return frozenset(small), frozenset(complementary)


def _complement(cells: _Cells, first: Iterable[tuple[str | None, ...]]) -> set[tuple[str | None, ...]]:
    """What else must go, so that no line of the table has exactly one withheld cell.

    A line is all cells that differ in one attribute only: its total is the published margin.
    """
    hidden = set(first)
    before = set(hidden)
    lines = _lines(cells)
    changed = bool(hidden)
    while changed:
        changed = False
        for line in lines:
            gone = [values for values in line if values in hidden]
            left = sorted((cells[values], repr(values), values) for values in line if values not in hidden)
            if len(gone) == 1 and left:
                hidden.add(left[0][2])
                changed = True
    return hidden - before


def _lines(cells: _Cells) -> list[list[tuple[str | None, ...]]]:
    lines: dict[tuple[int, tuple[str | None, ...]], list[tuple[str | None, ...]]] = defaultdict(list)
    for values, n in cells.items():
        for position in range(len(values)):
            if n > 0:
                lines[position, values[:position] + values[position + 1 :]].append(values)
    return [lines[key] for key in sorted(lines, key=repr)]
