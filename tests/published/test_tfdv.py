"""TensorFlow Data Validation's statistics of Chicago's taxi trips: two splits, merged (`chicago_taxi_tfdv`)."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from retroaudit.measures import categories, counts, grid, moments
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import Need, State
from tests.world import REFERENCE_DATA

pytestmark = pytest.mark.published

Reference = Mapping[str, Any]

LEFT_OUT = {"avg_length": "no measure of the length of texts"}


def references() -> list[Reference]:
    path = REFERENCE_DATA / "chicago_taxi_tfdv" / "expected.json"
    return json.loads(path.read_text())["references"] if path.is_file() else []


def cases() -> list[Any]:
    return [pytest.param(each, id=each["id"]) for each in references() if each["metric"] in ANSWERS]


@pytest.mark.skipif(not REFERENCE_DATA.is_dir(), reason=f"no published results at {REFERENCE_DATA}")
def test_what_is_left_out_is_named_with_its_reason() -> None:
    assert {reference["metric"] for reference in references()} == {*ANSWERS, *LEFT_OUT}


@functools.cache
def trips() -> pl.DataFrame:
    """TensorFlow's examples hold 32-bit floats."""
    rows = pl.read_csv(
        REFERENCE_DATA / "chicago_taxi_tfdv" / "data" / "chicago_taxi_data.csv", infer_schema_length=None
    )
    return rows.cast({pl.Float64: pl.Float32})


@functools.cache
def merged(measure: str, column: str) -> State:
    """The split that TFDV drew cannot be drawn again; merging does not depend on where the rows are cut."""
    rows, cut = trips(), 10_036
    parts = (rows[:cut], rows[cut:])
    return MEASURES[measure].merge([MEASURES[measure].partial(part.lazy(), Need(measure, (column,))) for part in parts])


def found(reference: Reference) -> float:
    group = reference["group"]
    return float(ANSWERS[reference["metric"]](group.get("column", trips().columns[0]), group))


def values(column: str) -> grid.Grid:
    return grid.finish(merged("grid", column))


def deviation(column: str) -> float:
    return math.sqrt(moments.finish(merged("moments", column)).variance or 0.0)


def zeros(column: str) -> int:
    cells = values(column)
    return int(cells.count[(cells.low == 0) & (cells.high == 0)].sum())


ANSWERS: Mapping[str, Any] = {
    "num_examples": lambda column, _: counts.finish(merged("counts", column)).rows,
    "missing_cells": lambda column, _: counts.finish(merged("counts", column)).nulls,
    "tot_num_values": lambda column, _: present(column),
    "value_count": lambda column, group: categories.finish(merged("categories", column)).counts[str(group["value"])],
    "mean": lambda column, _: moments.finish(merged("moments", column)).mean,
    "std_dev_population": lambda column, _: deviation(column),
    "min": lambda column, _: float(values(column).low.min()),
    "max": lambda column, _: float(values(column).high.max()),
    "num_zeros": lambda column, _: zeros(column),
}


def present(column: str) -> int:
    of = counts.finish(merged("counts", column))
    return of.rows - of.nulls


@pytest.mark.parametrize("reference", cases())
def test_merged_statistics(reference: Reference) -> None:
    assert found(reference) == pytest.approx(reference["value"], abs=reference["abs_tol"])
