"""Which hidden groups of linked tables could be found from the published ones, and what must be hidden with them.

Tables of groups share people: those by gender and age add up to those by gender, and these to all. Every such sum
is a *line*, an equation between cells of which some are published. What the hidden ones are follows from the lines
exactly where elimination says so; then a further cell is hidden, the smallest of a line, until it no longer does
(complementary suppression: Cox 1980, "Suppression methodology and statistical disclosure control", JASA 75).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, permutations
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from retroaudit.checks.metric import Slice

EVERYBODY: Slice = ()
_PRIME = 2**31 - 1  # elimination modulo a prime is exact, so that every machine hides the same; products fit 64 bits
_MOST = 1000  # unknowns that are solved for; where there are more, whole tables go

Counts: TypeAlias = Mapping[str, int]
"""How many people of a cell are in each class; the same classes in every cell, absent where there are none."""

Cells: TypeAlias = Mapping[Slice, Counts]

_Columns: TypeAlias = Mapping[tuple[tuple[int, int], ...], list[Slice]]


class Line(NamedTuple):
    """A cell and the cells of a finer table that add up to it."""

    total: Slice
    parts: tuple[Slice, ...]


def names(cell: Slice) -> tuple[str, ...]:
    """The attributes of the table that a cell is in."""
    return tuple(name for name, _ in cell)


def with_shared_totals(cells: Cells) -> dict[Slice, Counts]:
    """The cells, and those totals that two of their tables have in common, which nobody need publish to know."""
    found = dict(cells)
    tables = _tables(cells)
    orders = {frozenset(table): table for table in tables}
    for one, other in combinations(sorted(tables), 2):
        shared = tuple(name for name in one if name in other)
        order = orders.setdefault(frozenset(shared), shared)
        for total, parts in _grouped(tables[max(one, other, key=len)], order).items():
            if total not in found:
                found[total] = _sum(cells, parts)
    return found


def with_margins(cells: Cells, size: str) -> dict[Slice, Counts]:
    """The cells, and the sizes by each single attribute: a feature's distribution, or its drift, may publish them."""
    found = dict(cells)
    for table, parts in _tables(cells).items():
        for name in table if len(table) > 1 else ():
            for total, own in _grouped(parts, (name,)).items():
                found.setdefault(total, {size: _sum(cells, own).get(size, 0)})
    return found


def lines(cells: Cells, size: str) -> tuple[Line, ...]:
    """Every line of every table against every coarser one, where it adds up: a table may be known in part."""
    tables = _tables(cells)
    return tuple(
        Line(total, tuple(parts))
        for coarse, fine in permutations(sorted(tables), 2)
        if set(coarse) < set(fine)
        for total, parts in _grouped(tables[fine], coarse).items()
        if total in cells and sum(cells[part].get(size, 0) for part in parts) == cells[total].get(size, 0)
    )


def hide(
    cells: Cells, sums: Sequence[Line], hidden: Iterable[Slice], least: int, size: str, classes: Collection[str]
) -> frozenset[Slice]:
    """The cells that must be hidden so that no hidden people of 1 to `least - 1` in a class can be counted.

    `hidden` are hidden whatever happens. A set of cells whose sum is known counts like a cell; everybody
    together does not, since the total is published.
    """
    gone = set(hidden)
    everybody = cells[EVERYBODY].get(size, 0)

    def tells(some: Iterable[Slice]) -> bool:
        total = _sum(cells, some)
        return total.get(size, 0) < everybody and any(0 < total.get(each, 0) < least for each in classes)

    order = sorted(cells, key=lambda cell: (cells[cell].get(size, 0), repr(cell)))
    while True:
        sums = _without_crowded_tables(cells, sums, gone)
        exposed = [some for some in _known(sums, gone) if tells(some)]
        more = set(_companions(sums, exposed, gone, order))
        if not more:
            return frozenset(gone)
        gone |= more


def _tables(cells: Iterable[Slice]) -> dict[tuple[str, ...], list[Slice]]:
    tables = defaultdict(list)
    for cell in cells:
        tables[names(cell)].append(cell)
    return tables


def _grouped(fine: Iterable[Slice], coarse: Sequence[str]) -> dict[Slice, list[Slice]]:
    """The cells of a table by the cell of a coarser one that they are part of."""
    groups = defaultdict(list)
    for cell in fine:
        values = dict(cell)
        groups[tuple((name, values[name]) for name in coarse)].append(cell)
    return groups


def _sum(cells: Cells, some: Iterable[Slice]) -> Counts:
    total: Counter[str] = Counter()
    for cell in some:
        total.update(cells[cell])
    return total


def _without_crowded_tables(cells: Cells, sums: Sequence[Line], gone: set[Slice]) -> Sequence[Line]:
    """Where too much is unknown to solve for, hide the fullest tables, with all that are finer, altogether.

    A table of which nothing is published tells nothing, so its lines are left out.
    """
    while len(_columns(sums, unknown := gone - _settled(sums, gone))) > _MOST:
        crowds = Counter(names(cell) for line in sums for cell in unknown.intersection(line.parts))
        table = min(crowds, key=lambda table: (-crowds[table], table))
        crowded = set(table)
        gone |= {cell for cell in cells if crowded <= set(names(cell))}
        sums = [line for line in sums if not crowded <= set(names(line.parts[0]))]
    return sums


def _settled(sums: Sequence[Line], gone: Collection[Slice]) -> frozenset[Slice]:
    """The hidden cells that follow one after the other, each as the only unknown of a line."""
    unknown = set(gone)
    before = len(unknown) + 1
    while len(unknown) < before:
        before = len(unknown)
        for line in sums:
            left = unknown.intersection((line.total, *line.parts))
            if len(left) == 1:
                unknown -= left
    return frozenset(gone) - unknown


def _columns(sums: Sequence[Line], unknown: Collection[Slice]) -> _Columns:
    """The unknowns by where they stand: those that stand in the same lines are only ever known together."""
    places: dict[Slice, list[tuple[int, int]]] = defaultdict(list)
    for row, (total, parts) in enumerate(sums):
        for cell in parts:
            if cell in unknown:
                places[cell].append((row, 1))
        if total in unknown:
            places[total].append((row, -1))
    columns = defaultdict(list)
    for cell in sorted(places, key=repr):
        columns[tuple(places[cell])].append(cell)
    return columns


def _known(sums: Sequence[Line], gone: Collection[Slice]) -> Iterator[frozenset[Slice]]:
    """The sets of hidden cells whose sum follows from what is published.

    A single cell is among them exactly if it follows; of the larger sets those of a line, and those that
    elimination comes upon.
    """
    settled = _settled(sums, gone)
    yield from (frozenset({cell}) for cell in sorted(settled, key=repr))
    unknown = frozenset(gone) - settled
    for total, parts in sums:
        if total not in unknown and (hidden := unknown.intersection(parts)):
            yield hidden
    columns = _columns(sums, unknown)
    matrix = np.zeros((len(sums), len(columns)), dtype=np.int64)
    for column, place in enumerate(columns):
        for row, sign in place:
            matrix[row, column] = sign
    together = list(columns.values())
    for equation in _reduced(matrix[matrix.any(axis=1)]):
        if set(equation.tolist()) <= {0, 1}:
            yield frozenset(cell for column in np.flatnonzero(equation) for cell in together[column])


def _reduced(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """The reduced row echelon form modulo the prime."""
    matrix = matrix % _PRIME
    row = 0
    for column in range(matrix.shape[1]):
        candidates = np.flatnonzero(matrix[row:, column])
        if not len(candidates):
            continue
        matrix[[row, row + candidates[0]]] = matrix[[row + candidates[0], row]]
        matrix[row] = matrix[row] * pow(int(matrix[row, column]), -1, _PRIME) % _PRIME
        others = np.flatnonzero(matrix[:, column])
        others = others[others != row]
        matrix[others] = (matrix[others] - matrix[others, column, None] * matrix[row]) % _PRIME
        row += 1
    return matrix[:row]


def _companions(
    sums: Sequence[Line], exposed: Iterable[frozenset[Slice]], gone: Collection[Slice], order: Sequence[Slice]
) -> Iterator[Slice]:
    """For each exposed set the smallest cell that may hide it; never everybody.

    One of the line that exposes it, else of any line that it is in, else the total of such a line, else any.
    """
    rank = {cell: place for place, cell in enumerate(order) if cell not in gone and cell != EVERYBODY}
    settled = _settled(sums, gone)
    lines_of = defaultdict(list)
    for line in sums:
        if line.total not in gone or line.total in settled:
            for part in line.parts:
                lines_of[part].append(line)
    for some in exposed:
        touching = [line for cell in some for line in lines_of[cell]]
        exposing = [line for line in touching if some.issuperset(part for part in line.parts if part in gone)]
        tiers = (
            (part for line in exposing for part in line.parts),
            (part for line in touching for part in line.parts),
            (line.total for line in touching),
            rank,
        )
        left = (min((cell for cell in tier if cell in rank), key=rank.__getitem__, default=None) for tier in tiers)
        found = next((cell for cell in left if cell is not None), None)
        if found is not None:
            yield found
