"""Small groups: what would tell of 1 to `min_cell - 1` people is withheld, and what would give it away (law 5).

Numbers are withheld, verdicts never: the audit's verdict and its findings are the same with and without.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from retroaudit.checks.metric import Metric, Slice, Verdict
from retroaudit.checks.rates import RATE_OF, RATES
from retroaudit.judgement.disclosure import EVERYBODY, Cells, hide, lines, names, with_margins, with_shared_totals

WITHHELD = "@withheld"  # no column of a user's file starts with "@"
_SLICED = frozenset({"fairness", "performance", "versions"})
_OF_EVERYBODY = frozenset({"drift", "quality"})  # what is told of all rows: too much where they are very few
_SIZE = "n"
_SIZES, _SELECTION, _OUTCOMES = range(3)
"""What is told of a group, each layer more than the one before: its size, who was selected, who was right.

A layer is published or withheld as a whole: so within a group nothing can be subtracted, and between groups the
same lines hold for every class of people of a layer.
"""


def withhold_small_cells(metrics: Sequence[Metric], min_cell: int) -> tuple[Metric, ...]:
    """The same metrics, in the same order, without the numbers and the names of small groups; 0 withholds nothing.

    A group whose size is withheld loses its name: of its metrics only those with a decided verdict stay, under a
    number, and one `withheld_groups` says how many groups of its kind there are. A group of which only the rates
    are withheld keeps its metrics and their verdicts, without numbers.
    """
    if min_cell <= 0:
        return tuple(metrics)
    hidden = _hidden(metrics, min_cell)
    aliases = _aliases(metrics, hidden.layers[_SIZES])
    published: list[Metric] = []
    folded = []
    for metric in metrics:
        alias = aliases.get(metric.slice) if metric.check in _SLICED else None
        if alias is None:
            published.append(_blank(metric, metric.slice, min_cell) if hidden.holds(metric) else metric)
        else:
            folded.append(metric)
            if metric.verdict in {Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE}:
                published.append(_blank(metric, alias, min_cell))
    return (*published, *_withheld_groups(folded, min_cell))


@dataclass(frozen=True)
class _Hidden:
    """The groups that are hidden in each layer, and what is hidden of the undeclared versions."""

    layers: tuple[frozenset[Slice], ...]
    undeclared: bool
    min_cell: int

    def holds(self, metric: Metric) -> bool:
        """Whether the metric's numbers must not be told."""
        if metric.verdict is Verdict.SKIPPED:
            return False
        if metric.personal:
            return True
        if metric.check in _OF_EVERYBODY and metric.n is not None and 0 < metric.n < self.min_cell:
            return True
        if metric.metric == "undeclared_version_rate":
            return self.undeclared and metric.value != 0
        own = (metric.slice,) if metric.check in _SLICED else ()
        gone = self.layers[_layer(metric)]
        thin = not own and bool(metric.reveals) and _is_thin(metric, self.min_cell)
        return thin or any(slice_ in gone for slice_ in (*own, *metric.reveals))


def _hidden(metrics: Sequence[Metric], min_cell: int) -> _Hidden:
    layers = _hidden_layers(metrics, min_cell)
    undeclared = [metric for metric in metrics if metric.metric == "undeclared_version_rate"]
    thin = any(_is_thin(metric, min_cell) for metric in undeclared)
    return _Hidden(layers, thin or any(names(slice_) == ("version",) for slice_ in layers[_SIZES]), min_cell)


def _hidden_layers(metrics: Sequence[Metric], min_cell: int) -> tuple[frozenset[Slice], ...]:
    """The hidden groups of each layer: those that have a small class, and those that go with them.

    What is hidden in one layer is so in the next. Of everybody only the number is too small, not a class: that
    three of all were misjudged tells of no group.
    """
    people, classes = _people(metrics)
    people = with_margins(people, _SIZE)
    cells = with_shared_totals(people)
    sums = lines(cells, _SIZE)
    hidden: frozenset[Slice] = frozenset(set(cells) - set(people))
    layers = []
    for layer in (_SIZES, _SELECTION, _OUTCOMES):
        hidden |= {
            cell
            for cell, counts in cells.items()
            if any(0 < counts.get(each, 0) < min_cell for each in classes[layer])
            and (layer == _SIZES or cell != EVERYBODY)
        }
        hidden = hide(cells, sums, hidden, min_cell, _SIZE, classes[layer])
        layers.append(hidden)
    return tuple(layers)


def _people(metrics: Sequence[Metric]) -> tuple[Cells, Mapping[int, Collection[str]]]:
    """How many people of each group are in each class, as the metrics tell, and the classes of each layer."""
    cells: dict[Slice, dict[str, int]] = defaultdict(dict)
    classes: dict[int, set[str]] = {_SIZES: {_SIZE}, _SELECTION: set(), _OUTCOMES: set()}
    for metric in metrics:
        counts = _disclosed(metric)
        if metric.metric == "version_rate" or (metric.check == "quality" and counts[:1] != (0,)):
            for slice_ in metric.reveals or (metric.slice,) if counts else ():
                cells[slice_].setdefault(_SIZE, counts[0])
        elif metric.check in {"fairness", "performance"}:
            told = {metric.metric if place == 0 else f"not {metric.metric}": n for place, n in enumerate(counts)}
            cells[metric.slice].update(told)
            classes[_layer(metric)].update(told)
    if EVERYBODY not in cells:
        tables = {names(cell) for cell in cells}
        sizes = [sum(n.get(_SIZE, 0) for cell, n in cells.items() if names(cell) == table) for table in tables]
        cells[EVERYBODY] = {_SIZE: max(sizes, default=0)}
    return {cell: counts for cell, counts in cells.items() if _SIZE in counts}, classes


def _disclosed(metric: Metric) -> tuple[int, ...]:
    """How many people a number tells of: its classes, or what its share of `n` rows comes to, and the rest."""
    if metric.discloses or metric.check != "versions" or metric.n is None:
        return metric.discloses
    shares = (metric.value, metric.low, metric.high)
    parts = dict.fromkeys(round(share * metric.n) for share in shares if share is not None)
    return tuple(count for part in parts for count in (part, metric.n - part))


def _is_thin(metric: Metric, min_cell: int) -> bool:
    return any(0 < count < min_cell for count in _disclosed(metric))


def _layer(metric: Metric) -> int:
    """What is told: sizes, unless it is a rate, a count of outcomes, or a comparison of rates."""
    rate = RATE_OF.get(metric.metric, metric.metric)
    if metric.check not in {"fairness", "performance"} or rate == _SIZE:
        return _SIZES
    return _SELECTION if rate in RATES and not RATES[rate].label else _OUTCOMES


def _aliases(metrics: Sequence[Metric], hidden: Collection[Slice]) -> dict[Slice, Slice]:
    """What stands for the groups that lose their names: numbers, within the table and in the order of the names."""
    tables: dict[tuple[str, ...], set[Slice]] = defaultdict(set)
    for metric in metrics:
        if metric.check in _SLICED and metric.slice in hidden and metric.slice != EVERYBODY:
            tables[names(metric.slice)].add(metric.slice)
    return {
        slice_: (*((name, "withheld") for name in table), (WITHHELD, str(number)))
        for table, slices in tables.items()
        for number, slice_ in enumerate(sorted(slices, key=repr), 1)
    }


def _blank(metric: Metric, slice_: Slice, min_cell: int) -> Metric:
    """The metric with its threshold and its verdict, and nothing else that could be counted or named."""
    return Metric(
        check=metric.check,
        metric=metric.metric,
        subject=metric.subject,
        slice=slice_,
        threshold=metric.threshold,
        verdict=metric.verdict,
        severity=metric.severity,
        reason=f"its numbers are withheld: they would tell of fewer than {min_cell} people",
    )


def _withheld_groups(folded: Sequence[Metric], min_cell: int) -> Iterator[Metric]:
    """How many groups of each table lost their names; insufficient where some of what was lost was."""
    tables: dict[tuple[str, tuple[str, ...]], list[Metric]] = defaultdict(list)
    for metric in folded:
        tables[metric.check, names(metric.slice)].append(metric)
    for (check, table), gone in tables.items():
        number = len({metric.slice for metric in gone})
        few = any(metric.verdict is Verdict.INSUFFICIENT for metric in gone)
        yield Metric(
            check=check,
            metric="withheld_groups",
            slice=tuple((name, "withheld") for name in table),
            value=float(number),
            low=float(number),
            high=float(number),
            verdict=Verdict.INSUFFICIENT if few else None,
            reason=f"groups of fewer than {min_cell} people, or needed to hide one",
        )
