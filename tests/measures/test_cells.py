"""Cells: groups crossed with version, prediction and label."""

import polars as pl
import pytest

from retroaudit.faults import BadInput
from retroaudit.measures import cells
from retroaudit.measures.measure import LABEL, PREDICTION, VERSION

ROWS = pl.LazyFrame(
    {
        "sex": ["f", "f", "m", None, "f"],
        "race": [1, 1, 2, 2, 1],
        VERSION: ["1.4.0", "1.4.0", "1.5.0", None, "1.4.0"],
        PREDICTION: pl.Series([1, 1, 0, None, 1], dtype=pl.Int8),
        LABEL: pl.Series([0, 0, None, 1, 1], dtype=pl.Int8),
    }
)


def test_cells_by_hand() -> None:
    found = cells.finish(cells.partial(ROWS, ("race", "sex")))
    assert found is not None
    assert found.columns == ["race", "sex", VERSION, PREDICTION, LABEL, "count"]
    assert found.dtypes == [pl.String, pl.String, pl.String, pl.Int8, pl.Int8, pl.Int64]
    assert found.rows() == [
        ("1", "f", "1.4.0", 1, 0, 2),
        ("1", "f", "1.4.0", 1, 1, 1),
        ("2", None, None, None, 1, 1),
        ("2", "m", "1.5.0", 0, None, 1),
    ]


def test_without_groups_there_is_the_model_alone() -> None:
    found = cells.finish(cells.partial(ROWS.drop(VERSION), ()))
    assert found is not None
    assert found.rows() == [(None, None, 1, 1), (None, 0, None, 1), (None, 1, 0, 2), (None, 1, 1, 1)]


def test_too_many_cells_are_none_for_ever() -> None:
    few, many = cells.partial(ROWS, ("sex",)), cells.partial(ROWS, ("sex",), cap=3)
    assert cells.finish(many) is None
    assert cells.finish(cells.merge([few, many])) is None
    assert cells.finish(cells.merge([few, few])) is not None
    assert cells.finish(cells.merge([few, few], cap=3)) is None
    assert many.schema == few.schema
    people = pl.LazyFrame({"id": range(cells.CAP + 1)})
    assert cells.finish(cells.partial(people, ("id",))) is None
    assert cells.finish(cells.partial(people.head(cells.CAP), ("id",))) is not None


@pytest.mark.parametrize("name", ["*", "^.*$", "", "<script>", "'\"\n", "x" * 10_000, "0", "1"])
def test_hostile_names_of_groups(name: str) -> None:
    rows = pl.LazyFrame({name: ["a", "b", "a"]})
    state = cells.merge([cells.partial(rows, (name,)), cells.partial(rows, (name,))])
    found = cells.finish(state)
    assert found is not None
    assert found.rows() == [("a", None, None, None, 4), ("b", None, None, None, 2)]
    assert found.columns[0] == name


def test_a_group_called_count_is_refused() -> None:
    with pytest.raises(BadInput, match='the name "count"'):
        cells.partial(pl.LazyFrame({"count": ["a"]}), ("count",))


def test_groups_that_are_no_text_are_unknown() -> None:
    found = cells.finish(cells.partial(pl.LazyFrame({"g": [[1], [2]]}), ("g",)))
    assert found is not None
    assert found.rows() == [(None, None, None, None, 2)]


def test_no_rows_and_no_columns() -> None:
    found = cells.finish(cells.partial(pl.LazyFrame(), ("g",)))
    assert found is not None
    assert found.is_empty()
    assert found.columns == ["g", VERSION, PREDICTION, LABEL, "count"]
