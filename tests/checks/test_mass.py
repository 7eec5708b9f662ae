"""How much of a grid lies below a point, against counting the values themselves."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from retroaudit.checks.mass import below
from retroaudit.measures import grid

columns = hnp.arrays(np.float64, st.integers(0, 80), elements=st.floats(-100, 100).map(lambda value: round(value, 1)))


@settings(deadline=None)
@given(columns, columns, st.integers(2, 30), st.booleans())
def test_the_truth_is_within_the_bounds(
    values: npt.NDArray[np.float64], points: npt.NDArray[np.float64], cells: int, inclusive: bool
) -> None:
    known = grid.finish(grid.partial(pl.LazyFrame({"x": values}), ("x",), cap=cells))
    mass = below(known, points, inclusive=inclusive)
    truth = np.array([(values <= point if inclusive else values < point).sum() for point in points], dtype=np.int64)
    assert (mass.least <= truth).all()
    assert (truth <= mass.most).all()
    assert (mass.least <= mass.likely).all()
    assert (mass.likely <= mass.most).all()


def test_cells_of_two_values_and_points_between_cells_are_exact() -> None:
    known = grid.Grid(45, np.array([2, 5]), np.array([1.0, 4.0]), np.array([2.0, 6.0]))
    points = np.array([1.0, 1.5, 2.0, 3.0, 7.0])
    for inclusive, truth in ((False, [0, 1, 1, 2, 7]), (True, [1, 1, 2, 2, 7])):
        mass = below(known, points, inclusive=inclusive)
        assert mass.least.tolist() == mass.most.tolist() == truth


def test_a_point_inside_a_cell_of_many_has_at_least_one_on_either_side() -> None:
    known = grid.Grid(45, np.array([5]), np.array([4.0]), np.array([6.0]))
    mass = below(known, np.array([5.0]))
    assert (mass.least[0], mass.likely[0], mass.most[0]) == (1, pytest.approx(2.5), 4)
