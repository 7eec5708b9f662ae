"""Frames and expectations to judge them by, drawn: nulls, NaN, infinities, ties, few rows, all types of columns."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import strategies as st

POOL: dict[str, tuple[pl.DataType, list[Any]]] = {
    "whole": (pl.Int32(), [0, 1, 2, 3, 7]),
    "gappy": (pl.Int64(), [-3, 0, 1, 2, 2, 5, 100, None]),
    "float": (pl.Float64(), [-1.5, 0.0, 0.1, 2.0, 2.0, 1e-7, 1e9, None, float("nan")]),
    "open": (pl.Float64(), [1.0, 2.0, float("inf"), float("-inf"), None]),
    "text": (pl.String(), ["a", "b", "ab", "ä", "", "2020-01-01", "{}", "12", "🙂", None]),
    "date": (pl.Date(), [date(2020, 1, 1), date(2020, 1, 2), date(2020, 1, 3), None]),
    "time": (pl.Datetime("us"), [datetime(2020, 1, 1, 3, 4, 5, 6), datetime(2020, 1, 2), datetime(2020, 1, 3), None]),  # noqa: DTZ001
    "money": (pl.Decimal(10, 2), [Decimal("1.10"), Decimal("2.25"), Decimal("-3.00"), None]),
    "group": (pl.Categorical(), ["x", "y", "z", None]),
    "flag": (pl.Boolean(), [True, False, None]),
    "tags": (pl.List(pl.Int64()), [[1], [1, 2], [], None]),
}
SINGLE = ["all_values_are_missing", "any_value_is_missing", "never"]
PAIRS = ["both_values_are_missing", "either_value_is_missing", "neither"]
PATTERNS = ["a", "^a$", "[0-9]+", "(?=a)", "ä|🙂", "^.$"]


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """A row of a frame is a row of every column of the pool."""
    height, gaps = draw(st.sampled_from([0, 1, 2, 5, 9, 30])), draw(st.booleans())
    random = draw(st.randoms(use_true_random=False))
    columns = {
        name: pl.Series(name, [random.choice(_members(name, gaps=gaps)) for _ in range(height)], dtype=dtype)
        for name, (dtype, _) in POOL.items()
    }
    return pl.DataFrame(columns)


def _members(name: str, *, gaps: bool) -> list[Any]:
    return [value for value in POOL[name][1] if gaps or (value is not None and value == value)]  # noqa: PLR0124


def _json(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value.isoformat() if isinstance(value, date) else value


def values(name: str) -> st.SearchStrategy[Any]:
    """A value of the column's, as a suite has it."""
    return st.sampled_from(_members(name, gaps=False)).map(_json)


def sets(name: str) -> st.SearchStrategy[list[Any]]:
    return st.lists(values(name), min_size=1, max_size=3, unique_by=str)


@st.composite
def bounds(draw: st.DrawFn, name: str) -> dict[str, Any]:
    low, high = sorted([draw(values(name)), draw(values(name))])
    return {
        "min_value": low,
        "max_value": high,
        **draw(st.sampled_from([{}, {"strict_min": True}, {"strict_max": True}])),
    }


NUMBERS = st.tuples(st.sampled_from([-5, 0, 0.5, 1]), st.sampled_from([1, 2, 3, 50])).map(
    lambda ends: {"min_value": ends[0], "max_value": ends[1]}
)


@st.composite
def documents(draw: st.DrawFn, expectation: str) -> dict[str, Any]:
    """The expectation with kwargs drawn for it, for some of the rows or all, mostly or always."""
    kwargs = draw(_KWARGS[expectation]())
    if "column" in kwargs and "type" not in expectation and expectation != "expect_column_to_exist":
        rows = {"row_condition": "whole > 1", "condition_parser": "pandas"}
        kwargs |= draw(st.sampled_from([{}, {}, rows]))
    if "column_values" in expectation and "type" not in expectation:
        kwargs |= draw(st.sampled_from([{}, {"mostly": 0.5}, {"mostly": 0.9}]))
    return {"type": expectation, "kwargs": kwargs}


def _column(*others: Any, names: Any = tuple(POOL), **fixed: Any) -> Any:
    """A column; `others` make kwargs of its name, `fixed` are drawn by themselves."""

    @st.composite
    def drawn(draw: st.DrawFn) -> dict[str, Any]:
        name = draw(st.sampled_from(names))
        more = {key: value for other in others for key, value in draw(other(name)).items()}
        return {"column": name, **more, **{key: draw(each) for key, each in fixed.items()}}

    return drawn


def _pair(*others: Any, **fixed: Any) -> Any:
    @st.composite
    def drawn(draw: st.DrawFn) -> dict[str, Any]:
        one, other = draw(st.sampled_from([("whole", "gappy"), ("float", "open"), *((name, name) for name in POOL)]))
        more = {key: value for each in others for key, value in draw(each(one, other)).items()}
        kwargs = {"column_A": one, "column_B": other, "ignore_row_if": draw(st.sampled_from(PAIRS))}
        return {**kwargs, **more, **{key: draw(each) for key, each in fixed.items()}}

    return drawn


def _list(names: Any = tuple(POOL), **fixed: Any) -> Any:
    @st.composite
    def drawn(draw: st.DrawFn) -> dict[str, Any]:
        chosen = draw(st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True))
        kwargs = {"column_list": chosen, "ignore_row_if": draw(st.sampled_from(SINGLE))}
        return {**kwargs, **{key: draw(each) for key, each in fixed.items()}}

    return drawn


def _table(**fixed: Any) -> Any:
    return lambda: st.fixed_dictionaries(fixed)


def _value_set(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"value_set": sets(name)})


def _value_pairs(one: str, other: str) -> st.SearchStrategy[dict[str, Any]]:
    pairs = st.lists(st.tuples(values(one), values(other)).map(list), min_size=1, max_size=3)
    return st.fixed_dictionaries({"value_pairs_set": pairs})


def _quantiles(_: str) -> st.SearchStrategy[dict[str, Any]]:
    asked = {"quantiles": [0, 0.1, 0.25, 0.5, 0.75, 1], "value_ranges": [[None, 2]] * 6}
    how = st.sampled_from([{}, *({"allow_relative_error": how} for how in ("linear", "lower", "higher", "midpoint"))])
    return how.map(lambda more: {"quantile_ranges": asked, **more})


def _partition(name: str) -> st.SearchStrategy[dict[str, Any]]:
    holdouts = {"threshold": 0.5, "tail_weight_holdout": 0.01}
    bins = {"partition_object": {"bins": [-5, 0, 1, 2, 200], "weights": [0.25] * 4}, "internal_weight_holdout": 0.01}
    if name in {"whole", "gappy", "float"}:
        return st.just({**holdouts, **bins})
    return sets(name).map(
        lambda found: {**holdouts, "partition_object": {"values": found, "weights": [1 / len(found)] * len(found)}}
    )


_PLAIN = ("whole", "gappy", "float", "open", "text", "time", "money", "group", "flag")
_NUMERIC = ("whole", "gappy", "float", "open", "money", "flag")
_ORDERED = ("whole", "gappy", "float", "open", "time", "date", "money")
_PATTERN = st.sampled_from(PATTERNS)
_TYPE = st.sampled_from(["str", "float64", "int64", "int32", "bool", "datetime64", "date", "Decimal"])

_KWARGS: dict[str, Any] = {
    "expect_column_distinct_values_to_be_in_set": _column(_value_set),
    "expect_column_distinct_values_to_contain_set": _column(_value_set),
    "expect_column_distinct_values_to_equal_set": _column(_value_set),
    "expect_column_kl_divergence_to_be_less_than": _column(
        _partition, names=("whole", "gappy", "float", "text", "group")
    ),
    "expect_column_max_to_be_between": _column(bounds, names=_ORDERED),
    "expect_column_mean_to_be_between": _column(lambda _: NUMBERS, names=_NUMERIC),
    "expect_column_median_to_be_between": _column(lambda _: NUMBERS, names=_NUMERIC),
    "expect_column_min_to_be_between": _column(bounds, names=_ORDERED),
    "expect_column_most_common_value_to_be_in_set": _column(_value_set),
    "expect_column_pair_values_a_to_be_greater_than_b": _pair(or_equal=st.booleans()),
    "expect_column_pair_values_to_be_equal": _pair(),
    "expect_column_pair_values_to_be_in_set": _pair(_value_pairs),
    "expect_column_proportion_of_non_null_values_to_be_between": _column(min_value=st.just(0.5)),
    "expect_column_proportion_of_unique_values_to_be_between": _column(min_value=st.just(0.5)),
    "expect_column_quantile_values_to_be_between": _column(
        _quantiles, names=("whole", "gappy", "float", "open", "time", "money")
    ),
    "expect_column_stdev_to_be_between": _column(lambda _: NUMBERS, names=_NUMERIC),
    "expect_column_sum_to_be_between": _column(lambda _: NUMBERS, names=_NUMERIC),
    "expect_column_to_exist": _table(column=st.sampled_from(["text", "nowhere"])),
    "expect_column_type_to_be": _column(type_=_TYPE),
    "expect_column_unique_value_count_to_be_between": _column(lambda _: NUMBERS),
    "expect_column_value_lengths_to_be_between": _column(min_value=st.just(1), max_value=st.sampled_from([1, 3])),
    "expect_column_value_lengths_to_equal": _column(value=st.sampled_from([1, 2, 10])),
    "expect_column_value_z_scores_to_be_less_than": _column(
        threshold=st.sampled_from([0.5, 1, 2]), double_sided=st.booleans(), names=_NUMERIC
    ),
    "expect_column_values_to_be_between": _column(bounds, names=_ORDERED),
    "expect_column_values_to_be_dateutil_parseable": _column(names=("text", "group")),
    "expect_column_values_to_be_decreasing": _column(strictly=st.booleans(), names=_PLAIN),
    "expect_column_values_to_be_in_set": _column(_value_set),
    "expect_column_values_to_be_in_type_list": _column(type_list=st.lists(_TYPE, min_size=1, max_size=3)),
    "expect_column_values_to_be_increasing": _column(strictly=st.booleans(), names=_PLAIN),
    "expect_column_values_to_be_json_parseable": _column(names=("text", "group")),
    "expect_column_values_to_be_null": _column(),
    "expect_column_values_to_be_of_type": _column(type_=_TYPE),
    "expect_column_values_to_be_unique": _column(),
    "expect_column_values_to_match_json_schema": _column(json_schema=st.just({"type": "object"}), names=("text",)),
    "expect_column_values_to_match_regex": _column(regex=_PATTERN),
    "expect_column_values_to_match_regex_list": _column(
        regex_list=_PATTERN.map(lambda each: [each, "b"]), match_on=st.sampled_from(["any", "all"])
    ),
    "expect_column_values_to_match_strftime_format": _column(strftime_format=st.just("%Y-%m-%d"), names=("text",)),
    "expect_column_values_to_not_be_in_set": _column(_value_set),
    "expect_column_values_to_not_be_null": _column(),
    "expect_column_values_to_not_be_outliers": _column(
        method=st.sampled_from(["iqr", "std"]), multiplier=st.sampled_from([0, 0.5, 1.5]), names=_NUMERIC
    ),
    "expect_column_values_to_not_match_regex": _column(regex=_PATTERN),
    "expect_column_values_to_not_match_regex_list": _column(regex_list=_PATTERN.map(lambda each: [each, "b"])),
    "expect_compound_columns_to_be_unique": _list(),
    "expect_multicolumn_sum_to_equal": _list(("whole", "gappy", "float", "open"), sum_total=st.sampled_from([0, 2, 3])),
    "expect_multicolumn_values_to_be_equal": _list(),
    "expect_select_column_values_to_be_unique_within_record": _list(),
    "expect_table_column_count_to_be_between": _table(min_value=st.just(1), max_value=st.sampled_from([3, 30])),
    "expect_table_column_count_to_equal": _table(value=st.just(len(POOL))),
    "expect_table_columns_to_match_ordered_list": _table(column_list=st.permutations(list(POOL))),
    "expect_table_columns_to_match_set": _table(column_set=st.lists(st.sampled_from(list(POOL)), min_size=1)),
    "expect_table_row_count_to_be_between": _table(min_value=st.just(1), max_value=st.sampled_from([3, 30])),
    "expect_table_row_count_to_equal": _table(value=st.sampled_from([0, 1, 2])),
}
JUDGED = sorted(_KWARGS)
