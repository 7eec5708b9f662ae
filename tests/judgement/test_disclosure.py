"""An attacker who solves for the hidden cells must not find a small one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.checks.metric import Slice
from retroaudit.judgement.disclosure import EVERYBODY, hide, lines, with_shared_totals

LEAST = 10
Crossed = dict[tuple[str, str], int]


def tables(crossed: Crossed) -> dict[Slice, int]:
    """The crossed table, both single ones, and everybody."""
    cells: dict[Slice, int] = {EVERYBODY: sum(crossed.values())}
    for (a, b), n in crossed.items():
        for cell in ((("a", a),), (("b", b),), (("a", a), ("b", b))):
            cells[cell] = cells.get(cell, 0) + n
    return cells


def hidden(sizes: dict[Slice, int], least: int = LEAST) -> frozenset[Slice]:
    cells = with_shared_totals({cell: {"n": n} for cell, n in sizes.items()})
    small = {cell for cell in cells if cell not in sizes or 0 < cells[cell]["n"] < least}
    return hide(cells, lines(cells, "n"), small, least, "n", {"n"})


def people(crossed: Crossed, cell: Slice) -> list[float]:
    """A cell as a sum of the crossed ones."""
    return [float(set(cell) <= {("a", a), ("b", b)}) for a, b in crossed]


def follows(crossed: Crossed, published: list[Slice], wanted: list[float]) -> bool:
    """Whether a sum of crossed cells is a combination of what is published: least squares, numpy's SVD."""
    known = np.array([people(crossed, cell) for cell in published]).T
    solution = np.linalg.lstsq(known, np.array(wanted), rcond=None)[0]
    return bool(np.allclose(known @ solution, wanted, atol=1e-6))


CROSSED = st.dictionaries(
    st.tuples(st.sampled_from("vwxyz"), st.sampled_from("pqrst")), st.integers(1, 40), min_size=2, max_size=25
)


@settings(max_examples=150)
@given(CROSSED)
def test_no_small_cell_follows_from_what_is_published(crossed: Crossed) -> None:
    sizes = tables(crossed)
    gone = hidden(sizes)
    published = [cell for cell in sizes if cell not in gone]
    small = [cell for cell, n in sizes.items() if 0 < n < LEAST]
    assert gone >= set(small)
    assert not any(follows(crossed, published, people(crossed, cell)) for cell in small if EVERYBODY in published)


@settings(max_examples=150)
@given(CROSSED)
def test_nor_does_a_small_sum_of_hidden_cells_of_a_line(crossed: Crossed) -> None:
    sizes = tables(crossed)
    gone = hidden(sizes)
    published = [cell for cell in sizes if cell not in gone]
    for total, parts in lines({cell: {"n": n} for cell, n in sizes.items()}, "n"):
        some = [part for part in parts if part in gone]
        if total in published and 0 < sum(sizes[part] for part in some) < LEAST:
            wanted = np.sum([people(crossed, part) for part in some], axis=0)
            assert not follows(crossed, published, wanted.tolist())


def test_hidden_people_are_no_fewer_than_the_least() -> None:
    """2 + 3 hidden people would be all of 55 less 50: so the 50 go too."""
    race: dict[Slice, int] = {(("race", name),): n for name, n in {"a": 2, "b": 3, "c": 50, "d": 900}.items()}
    assert hidden({EVERYBODY: 955, **race}) == {(("race", name),) for name in "abc"}


def test_a_bridge_between_two_squares_is_found() -> None:
    """Every line has no gap or several, yet the gaps of rows 0 and 1 less those of columns 0 and 1 are one cell."""
    crossed = {(row, column): 50 for row in "01234" for column in "01234"}
    squares = [(row, column) for rows in ("01", "34") for row in rows for column in rows]
    crossed |= dict.fromkeys(squares, 6) | {("1", "3"): 5}
    sizes, bridge = tables(crossed), people(crossed, (("a", "1"), ("b", "3")))
    assert follows(crossed, [cell for cell, n in sizes.items() if n >= LEAST], bridge)
    assert not follows(crossed, [cell for cell in sizes if cell not in hidden(sizes)], bridge)


def test_totals_that_two_tables_share_are_known_though_nobody_published_them() -> None:
    """(a, b) and (b, c) both add up to b: with b = y from the second table, the 3 people of the first follow."""
    sizes: dict[Slice, int] = {
        EVERYBODY: 203,
        (("a", "1"), ("b", "x")): 50,
        (("a", "2"), ("b", "x")): 50,
        (("a", "1"), ("b", "y")): 3,
        (("a", "2"), ("b", "y")): 100,
        (("b", "x"), ("c", "1")): 100,
        (("b", "y"), ("c", "1")): 103,
    }
    gone = hidden(sizes)
    assert (("a", "1"), ("b", "y")) in gone
    beside = {(("a", "2"), ("b", "y")), (("b", "y"), ("c", "1"))} & gone
    assert beside


def test_many_unknowns_are_not_solved_for_but_hidden_with_their_table() -> None:
    crossed = {(str(a), str(b)): 5 for a in range(40) for b in range(40)}
    gone = hidden(tables(crossed))
    assert gone == {cell for cell in tables(crossed) if len(cell) == 2}


def test_a_line_that_does_not_add_up_is_none() -> None:
    """A table that is known in part tells nothing of the rest."""
    sizes: dict[Slice, int] = {EVERYBODY: 100, (("a", None),): 5}
    assert lines({cell: {"n": n} for cell, n in sizes.items()}, "n") == ()
    assert hidden(sizes) == {(("a", None),)}
