"""The profile: what checks look at."""

import polars as pl

from retroaudit.measures import categories, cells, counts, grid, moments
from retroaudit.measures.measure import PREDICTION, Need
from retroaudit.measures.profile import Profile
from retroaudit.measures.run import measure

DAY = pl.DataFrame({"x": [1.0, 2.0], "g": ["a", "b"], PREDICTION: [1, 0]})
NEEDS = [
    Need("cells", ("g",)),
    Need("scores", ("x", "g")),
    *(Need(name, ("x",)) for name in ("counts", "grid", "moments", "categories")),
]


def test_accessors_finish_the_merged_states() -> None:
    profile = Profile(measure([DAY, DAY], NEEDS))
    assert profile.counts("x") == counts.Counts(4, 0, 0, 0, 0)
    assert profile.moments("x") == moments.Moments(4, 1.5, 0.25, 1 / 3)
    assert profile.categories("x") == categories.Categories({"1": 2, "2": 2}, exact=True)
    found = profile.grid("x")
    assert found is not None
    assert found.count.tolist() == [2, 2]
    groups = profile.cells(("g",))
    assert groups is not None
    assert groups["count"].to_list() == [2, 2]
    by_score = profile.scores("x", "g")
    assert by_score is not None
    assert by_score.select("g", "count", "min").rows() == [("a", 2, 1.0), ("b", 2, 2.0)]
    state = profile.state("grid", "x")
    assert state is not None
    assert grid.finish(state).n == 4


def test_what_was_not_measured_is_none() -> None:
    profile = Profile({})
    assert profile.rolling == {}
    accessors = (profile.counts, profile.grid, profile.moments, profile.categories)
    assert [accessor("x") for accessor in accessors] == [None] * 4
    assert profile.cells(()) is None
    assert profile.scores("x") is None
    assert profile.state("grid", "x") is None


def test_too_many_groups_are_none() -> None:
    need = Need("cells", ("g",))
    assert Profile({need: cells.partial(DAY.lazy(), ("g",), cap=1)}).cells(("g",)) is None
