"""Scores: counts by group, version, prediction, label and score cell."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.measures import grid, scores
from retroaudit.measures.measure import LABEL, PREDICTION, VERSION

ROWS = pl.DataFrame(
    {
        "p": [0.25, 0.25, 0.75, None, math.nan, -0.0],
        "sex": ["f", "f", "m", "f", "m", None],
        VERSION: ["1", "1", "2", "1", "1", "1"],
        PREDICTION: pl.Series([0, 0, 1, 1, 1, None], dtype=pl.Int8),
        LABEL: pl.Series([1, 1, None, 1, 1, 0], dtype=pl.Int8),
    }
)


def key(value: float) -> int:
    return int(grid.keys(np.array([value]))[0])


def test_scores_by_hand() -> None:
    found = scores.finish(scores.partial(ROWS, ("p", "sex")))
    assert found is not None
    assert found.columns == ["sex", VERSION, PREDICTION, LABEL, "shift", "cell", "count", "min", "max"]
    assert found.rows() == [
        (None, "1", None, 0, 0, 0, 1, 0.0, 0.0),
        ("f", "1", 0, 1, 0, key(0.25), 2, 0.25, 0.25),
        ("m", "2", 1, None, 0, key(0.75), 1, 0.75, 0.75),
    ]


LINES = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from(["a", "b", None]), st.sampled_from([0, 1, None])), max_size=30
)


@given(LINES, st.integers(2, 12))
def test_levels_are_those_of_the_definition(lines: list[tuple[float, str | None, int | None]], cap: int) -> None:
    frame = pl.DataFrame(lines, schema={"p": pl.Float64, "g": pl.String, LABEL: pl.Int8}, orient="row")
    found = scores.finish(scores.partial(frame, ("p", "g"), cap=cap))
    shift = next((s for s in range(64) if len({(g, y, key(p + 0.0) >> s) for p, g, y in lines}) <= cap), None)
    if found is None:
        assert shift is None
        return
    assert set(found["shift"]) <= {shift}
    cells: dict[tuple[object, ...], list[float]] = {}
    for p, g, y in lines:
        cells.setdefault((g, y, key(p + 0.0) >> (shift or 0)), []).append(p + 0.0)
    assert {row[:3]: row[3:] for row in found.select("g", LABEL, "cell", "count", "min", "max").iter_rows()} == {
        each: (len(values), min(values), max(values)) for each, values in cells.items()
    }


def test_the_cap_holds_over_all_groups() -> None:
    seed = np.random.default_rng(0)
    frame = pl.DataFrame({"p": seed.uniform(size=300_000), "g": seed.integers(0, 40, 300_000)})
    state = scores.partial(frame, ("p", "g"))
    assert scores.CAP / 4 < len(state) <= scores.CAP
    assert state["@count"].sum() == 300_000


def test_too_many_groups_are_none_for_ever() -> None:
    few, many = scores.partial(ROWS, ("p", "sex")), scores.partial(ROWS, ("p", "sex"), cap=2)
    assert scores.finish(many) is None
    assert scores.finish(scores.merge([few, many])) is None
    assert scores.finish(scores.merge([few, few])) is not None
    assert many.schema == few.schema


@pytest.mark.parametrize("name", ["*", "^.*$", "", "<script>", "0", "1"])
def test_hostile_names(name: str) -> None:
    rows = pl.DataFrame({"cell": [0.5, 0.5], name: ["a", "a"]})
    state = scores.merge([scores.partial(rows, ("cell", name)), scores.partial(rows, ("cell", name))])
    found = scores.finish(state)
    assert found is not None
    assert found.select("count").rows() == [(4,)]
    assert found.columns[0] == name


@pytest.mark.parametrize("name", ["shift", "cell", "count", "min", "max"])
def test_a_group_called_like_a_column_of_the_state_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=f'the name "{name}"'):
        scores.partial(ROWS, ("p", name))


def test_no_scores_are_no_lines() -> None:
    for rows in (pl.DataFrame(), ROWS.clear(), pl.DataFrame({"p": ["0.5"]}), pl.DataFrame({"p": [None, math.inf]})):
        found = scores.finish(scores.partial(rows, ("p",)))
        assert found is not None
        assert found.is_empty()
        assert found.schema["cell"] == pl.Int64
