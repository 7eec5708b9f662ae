"""Hand-made states against answers worked out by hand, NumPy's or pandas'."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.archive.footer import kind_of
from retroaudit.checks.quality.questions import QUESTIONS, Answer, Asked, Unanswerable
from retroaudit.checks.quality.ranks import Ranks, histogram
from retroaudit.checks.quality.typed import Insufficient, Unread, kind, readable
from retroaudit.measures import categories, counts, grid
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import Need
from retroaudit.measures.run import measure


def answer(metric: str, column: pl.Series, kind: str, **values: Any) -> Answer:
    """The metric of one column, measured and answered."""
    return of_days(metric, [column], kind, **values)


def of_days(metric: str, days: Sequence[pl.Series], kind: str, **values: Any) -> Answer:
    """The metric of a column whose partitions may differ in type, answered from their merged states."""
    asked = Asked(("x",), {"x": kind}, values)
    needs = QUESTIONS[metric].needs(asked)
    parts = [measure([day.alias("x").to_frame()], needs) for day in days]
    states = [MEASURES[need.measure].merge([part[need] for part in parts]) for need in needs]
    return QUESTIONS[metric].answer(asked, *states)


NUMBERS = pl.Series([3, 1, None, 2, 2])


@pytest.mark.parametrize(
    ("metric", "values", "expected"),
    [
        ("column_values.nonnull.unexpected_count", {}, 1),
        ("column_values.null.unexpected_count", {}, 4),
        ("column.mean", {}, 2.0),
        ("column.sum", {}, 8),
        ("column.standard_deviation", {}, math.sqrt(2 / 3)),
        ("column.min", {}, 1),
        ("column.max", {}, 3),
        ("column.median", {}, 2.0),
        ("column.quantile_values", {"quantiles": [0.0, 0.5, 1.0]}, [1, 2, 3]),
        ("column.histogram", {"bins": (0, 2, 3)}, [1, 3]),
        ("column.distinct_values", {}, {1, 2, 3}),
        ("column.most_common_value", {}, [2]),
        ("column.distinct_values.not_in_set", {"value_set": [2, 9]}, [1, 3]),
        ("column.distinct_values.missing_from_column.count", {"value_set": [2, 9]}, 1),
        ("column.distinct_values.count", {}, 3),
        ("column_values.unique.unexpected_count", {}, 2),
        ("column_values.between.unexpected_count", {"min_value": 2, "max_value": 2}, 2),
        ("column_values.z_score.under_threshold.unexpected_count", {"threshold": 1.0, "double_sided": True}, 2),
        ("column_values.not_outliers.unexpected_count", {"method": "iqr", "multiplier": 0}, 2),
    ],
)
def test_of_the_numbers_1_2_2_3_and_a_null(metric: str, values: Mapping[str, Any], expected: Any) -> None:
    assert answer(metric, NUMBERS, "int64", **values).value == expected


VALUES = st.lists(st.sampled_from([-math.inf, -2.5, 0.0, 0.1, 1.0, 3.0, 3.5, 7.0, 1e9, math.inf, math.nan]), min_size=1)


def ranks(values: Sequence[float], cap: int = 16_384) -> Ranks:
    """Of a grid of at most so many cells."""
    frame = pl.LazyFrame({"x": values}, schema={"x": pl.Float64})
    return Ranks(counts.finish(counts.partial(frame, ("x",))), grid.finish(grid.partial(frame, ("x",), cap=cap)))


def there(values: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Without NaN, in order."""
    return np.sort([value for value in values if not math.isnan(value)])


@given(
    VALUES.filter(lambda values: there(values).size), st.floats(0, 1), st.sampled_from(["nearest", "lower", "higher"])
)
def test_quantiles_are_numpys_and_bounds_hold_them(values: list[float], share: float, how: Any) -> None:
    exact = float(np.quantile(there(values), share, method=how))
    assert ranks(values).quantile(share, how) == (exact, exact, exact)
    low, likely, high = ranks(values, cap=2).quantile(share, how)
    assert low <= likely <= high
    assert low <= exact <= high


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 1), st.sampled_from(["linear", "midpoint"]))
def test_interpolated_quantiles_are_numpys(values: list[float], share: float, how: Any) -> None:
    assert ranks(values).quantile(share, how)[1] == pytest.approx(np.quantile(values, share, method=how), abs=1e-9)


@given(VALUES, st.sampled_from([-2.5, 0.05, 3.2, 1e9, math.inf]))
def test_counts_are_between_their_bounds(values: list[float], point: float) -> None:
    exact = int((there(values) <= point).sum())
    assert ranks(values).count(lambda numbers: numbers <= point) == (exact, exact, exact)
    low, likely, high = ranks(values, cap=2).count(lambda numbers: numbers <= point)
    assert low <= likely <= high
    assert low <= exact <= high


@given(st.lists(st.floats(-5, 5)))
def test_a_histogram_is_numpys(values: list[float]) -> None:
    edges = [-4.0, -1.0, 0.0, 0.5, 5.0]
    exact = np.histogram(values, edges)[0].tolist()
    assert histogram(ranks(values), edges) == (exact, exact, exact)
    low, _, high = histogram(ranks(values, cap=2), edges)
    assert all(a <= b <= c for a, b, c in zip(low, exact, high, strict=True))


@pytest.mark.parametrize(
    ("values", "kind", "least", "middle"),
    [
        ([True, False, True], "bool", False, 1.0),
        ([Decimal("1.10"), Decimal("-2.25")], "decimal128(38, 2)", Decimal("-2.25"), -0.575),
        ([datetime(2026, 1, 1), datetime(2026, 1, 3)], "timestamp[us]", datetime(2026, 1, 1), datetime(2026, 1, 2)),  # noqa: DTZ001
        (
            [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)],
            "timestamp[us, tz=UTC]",
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2026, 1, 2, tzinfo=UTC),
        ),
    ],
)
def test_values_come_back_as_the_columns_type_has_them(values: list[Any], kind: str, least: Any, middle: Any) -> None:
    assert answer("column.min", pl.Series(values), kind).value == least
    assert answer("column.median", pl.Series(values), kind).value == middle


def test_dates_and_text_have_ends_too() -> None:
    assert answer("column.max", pl.Series([date(2026, 1, 1), None]), "date32[day]").value == date(2026, 1, 1)
    assert answer("column.max", pl.Series(["b", "ä", None]), "string").value == "ä"


@pytest.mark.parametrize(
    ("values", "expected"), [([1.0, math.inf], math.inf), ([], math.nan), ([-math.inf, math.inf], math.nan)]
)
def test_infinities_go_through_a_mean(values: list[float], expected: float) -> None:
    found = answer("column.mean", pl.Series(values, dtype=pl.Float64), "double").value
    assert found == expected or (math.isnan(found) and math.isnan(expected))


def test_what_a_type_does_not_have_is_said_before_anything_is_measured() -> None:
    with pytest.raises(Unanswerable, match="column 'x' is of type string, which has no such metric"):
        QUESTIONS["column.mean"].needs(Asked(("x",), {"x": "string"}, {}))


def test_too_many_values_are_not_told_apart() -> None:
    many = pl.Series([str(number) for number in range(categories.CAP + 1)])
    with pytest.raises(Insufficient, match="more than 10,000 different values"):
        answer("column.distinct_values", many, "string")


@pytest.mark.parametrize(
    ("kind", "usual", "other", "secret"),
    [
        ("int64", 1, "alice@example.com", "alice"),
        ("int64", 1, 2.5, "2.5"),
        ("int64", 1, math.inf, "inf"),
        ("double", 1.5, "alice@example.com", "alice"),
        ("date32[day]", date(2026, 1, 1), datetime(2026, 1, 2, 3, 4), "03:04"),  # noqa: DTZ001
        ("timestamp[us]", datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), "+00:00"),  # noqa: DTZ001
        ("timestamp[us]", datetime(2026, 1, 1), time(3, 4), "03:04"),  # noqa: DTZ001
        ("decimal128(38, 2)", Decimal("1.10"), "alice@example.com", "alice"),
        ("bool", True, "alice@example.com", "alice"),
        ("bool", True, "True", "'True'"),
        ("binary", b"a", "alice@example.com", "alice"),
    ],
)
def test_a_day_of_another_type_is_said_without_its_values(kind: str, usual: Any, other: Any, secret: str) -> None:
    with pytest.raises(Unanswerable, match="holds values that are not of its usual type") as found:
        of_days("column.distinct_values", [pl.Series([usual]), pl.Series([other])], kind)
    assert secret not in str(found.value)
    assert found.value.__suppress_context__  # whatever prints it, Python's own text is not


@pytest.mark.parametrize(
    ("kind", "days", "expected"),
    [
        (
            "timestamp[us]",
            [pl.Series([datetime(2026, 1, 1)] * 2, dtype=pl.Datetime(unit)) for unit in ("ms", "us")],  # noqa: DTZ001
            {datetime(2026, 1, 1): 4},  # noqa: DTZ001
        ),
        ("decimal128(38, 2)", [pl.Series([Decimal("1.0")]), pl.Series([Decimal("1.00")])], {Decimal(1): 2}),
        ("int64", [pl.Series([1, 2]), pl.Series([1.0, math.nan])], {1: 2, 2: 1}),
        ("bool", [pl.Series([True, False, None])], {False: 1, True: 1}),
    ],
)
def test_two_texts_of_one_value_are_one_value(
    kind: str, days: Sequence[pl.Series], expected: Mapping[Any, int]
) -> None:
    assert of_days("column.value_counts", days, kind).value.to_dict() == expected


def test_a_column_of_nothing_but_nulls_has_no_values() -> None:
    nothing = pl.Series([None, None])
    assert math.isnan(answer("column.mean", nothing, "null").value)
    assert answer("column.median", nothing, "null").exact
    assert answer("column.distinct_values", nothing, "null").value == set()


@pytest.mark.parametrize(
    "dtype",
    [
        *(pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.bool_(), pa.date32(), pa.date64()),
        *(pa.string(), pa.binary(), pa.large_binary(), pa.timestamp("ms"), pa.timestamp("ns", "UTC")),
        *(pa.decimal128(9, 2), pa.decimal256(50, 2), pa.time32("s"), pa.time64("us"), pa.duration("us"), pa.binary(4)),
        *(
            pa.list_(pa.int64()),
            pa.struct({"a": pa.int64()}),
            pa.map_(pa.string(), pa.int64()),
            pa.list_(pa.string(), 2),
        ),
    ],
    ids=str,
)
def test_what_no_audit_reads_is_not_answered(dtype: pa.DataType) -> None:
    if kind_of(dtype) != "other":
        assert kind(str(dtype)) != "other"
        readable(str(dtype))
    else:
        with pytest.raises(Unread, match="are not read"):
            readable("int64", str(dtype))


def test_a_condition_asks_for_nothing_that_says_nothing() -> None:
    values = {"min_value": 1, "max_value": None, "result_format": {"result_format": "BASIC"}}
    asked = Asked(("x",), {"x": "int64"}, values, where='{"column":"y","operator":"==","value":1}')
    question = '{"metric":"column_values.between","values":{"min_value":1}}'
    assert QUESTIONS["column_values.between.unexpected_count"].needs(asked) == (
        Need("conditions", ("x",), question, '{"column":"y","operator":"==","value":1}'),
    )
