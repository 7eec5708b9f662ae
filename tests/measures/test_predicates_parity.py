"""The same rows through GX's pandas engine and our predicates: equal counts, or a difference that is listed here."""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.measures import conditions
from retroaudit.measures.measure import Need
from retroaudit.measures.predicates import Unanswerable, check

pytestmark = pytest.mark.filterwarnings("ignore")  # GX's, pandas' and dateutil's own
Values = dict[str, Any]
RAISES = "raises"
FEW = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """GX logs each metric that raises, and reports its use to its makers unless told not to."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("great_expectations")
        yield
    logging.disable(logging.NOTSET)


def theirs(frame: pl.DataFrame, metric: str, values: Values) -> tuple[int, int] | str:
    """Rows ignored and unexpected, by GX's metrics on pandas, as pandas reads the frame from Parquet."""
    from great_expectations.execution_engine.pandas_execution_engine import (  # noqa: PLC0415  # takes seconds
        PandasExecutionEngine,
    )
    from great_expectations.validator.metric_configuration import MetricConfiguration  # noqa: PLC0415  # as above
    from great_expectations.validator.metrics_calculator import MetricsCalculator  # noqa: PLC0415  # as above

    engine = PandasExecutionEngine(batch_data_dict={"batch": frame.to_arrow().to_pandas()})
    asked = {key: value for key, value in values.items() if key != "ignore_row_if"}
    if metric.startswith("column_values"):
        domain: Values = {"column": frame.columns[0]}
        kept = MetricConfiguration("column_values.nonnull.unexpected_count", domain)
    else:
        pair = metric.startswith("column_pair")
        domain = (
            dict(zip(("column_A", "column_B"), frame.columns, strict=True)) if pair else {"column_list": frame.columns}
        )
        domain["ignore_row_if"] = values["ignore_row_if"]
        kept = MetricConfiguration(f"{metric}.filtered_row_count", domain, asked)
    unexpected = MetricConfiguration(f"{metric}.unexpected_count", domain, asked)
    try:
        found, _ = MetricsCalculator(execution_engine=engine).compute_metrics([kept, unexpected])
    except Exception:  # noqa: BLE001  # whatever GX raises
        return RAISES
    if not {kept.id, unexpected.id} <= found.keys():
        return RAISES
    ignored = int(found[kept.id])
    return (ignored if "column" in domain else frame.height - ignored), int(found[unexpected.id])


def ours(frame: pl.DataFrame, metric: str, values: Values) -> tuple[int, int] | str:
    """Rows ignored and unexpected."""
    question = {"metric": metric, "values": values}
    try:
        check(question, frame.dtypes)
    except Unanswerable:
        return RAISES
    state = conditions.partial(frame, Need("conditions", tuple(frame.columns), json.dumps(question)))
    found = conditions.finish(state)
    assert found.rows == frame.height
    return found.ignored, found.unexpected


INTS = st.integers(-3, 12)
FLOATS = st.sampled_from([0.1, 0.5, 1.0, 2.0, 3.0, 1e-7, 1e16, float("nan"), float("inf"), -0.0]) | st.floats()
TEXTS = st.sampled_from(["", "a", "ab", "b", "B1", "1", "11", "a\n", "é", "日本€", "a b", "{}", "[1]", "2024-01-05"])
DATES = st.dates(date(2024, 1, 1), date(2024, 1, 9))
TIMES = st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 9)).map(lambda time: time.replace(microsecond=0))  # noqa: DTZ001
DECIMALS = st.decimals(-3, 3, places=2)
KINDS: dict[str, tuple[Any, pl.DataType]] = {
    "ints": (INTS, pl.Int64()),
    "bytes": (INTS, pl.Int8()),
    "floats": (FLOATS, pl.Float64()),
    "halves": (st.integers(-5, 5).map(lambda value: value / 2), pl.Float32()),
    "texts": (TEXTS, pl.String()),
    "categories": (TEXTS, pl.Categorical()),
    "booleans": (st.booleans(), pl.Boolean()),
    "decimals": (DECIMALS, pl.Decimal(9, 2)),
    "dates": (DATES, pl.Date()),
    "times": (TIMES, pl.Datetime("us")),
    "nanoseconds": (TIMES, pl.Datetime("ns")),
    "instants": (TIMES, pl.Datetime("us", "UTC")),
}
NUMBERS = {"ints", "bytes", "floats", "halves", "booleans", "decimals"}
BOUNDS = st.sampled_from([-1, 0, 1, 2, 0.5, 1.5, 3])
WORDS = ["a", "b", "ab", "1", "é"]
PATTERNS = ["^a", "b$", "1", "[ab]+", "^$", "(?=a)ab", r"(a|1)\1", "a{,1}b", r"b\Z", "日.€", "(?i)b1"]


def columns(kind: str, *, nulls: bool = True, size: int = 12) -> st.SearchStrategy[pl.Series]:
    """Columns of a kind, from empty to a few rows with ties."""
    values, dtype = KINDS[kind]
    return st.lists(st.none() | values if nulls else values, max_size=size).map(
        lambda found: pl.Series("x", found, dtype=dtype)
    )


@FEW
@given(st.sampled_from(sorted(NUMBERS)), st.data())
def test_between_numbers(kind: str, data: st.DataObject) -> None:
    frame = data.draw(columns(kind)).to_frame()
    values = {"min_value": BOUNDS, "max_value": BOUNDS, "strict_min": st.booleans(), "strict_max": st.booleans()}
    asked = data.draw(st.fixed_dictionaries({}, optional=values))
    assert ours(frame, "column_values.between", asked) == theirs(frame, "column_values.between", asked)


@FEW
@given(columns("texts").filter(lambda found: found.null_count() < len(found)), st.sampled_from(WORDS), st.booleans())
def test_between_texts(column: pl.Series, low: str, strict: bool) -> None:
    asked: Values = {"min_value": low, "max_value": "é", "strict_min": strict}
    for values in (asked, {"min_value": 1}, {"min_value": "b", "max_value": "a"}):
        found = [side(column.to_frame(), "column_values.between", values) for side in (ours, theirs)]
        assert found[0] == found[1]


@FEW
@given(columns("nanoseconds"), DATES, st.sampled_from(["%Y-%m-%d", "%d %B %Y", "%Y-%m-%dT%H:%M:%S.%f"]))
def test_between_times(column: pl.Series, low: date, form: str) -> None:
    frame, asked = column.to_frame(), {"min_value": low.strftime(form)}
    assert ours(frame, "column_values.between", asked) == theirs(frame, "column_values.between", asked)


@FEW
@given(st.sampled_from(sorted(KINDS)), st.data())
def test_sets(kind: str, data: st.DataObject) -> None:
    frame = data.draw(columns(kind)).to_frame()
    members = st.sampled_from([0, 1, 2, 0.5, 2.0, -1, True, *WORDS])
    asked = {"value_set": data.draw(st.lists(members, max_size=4))}
    for metric in ("column_values.in_set", "column_values.not_in_set"):
        if metric.endswith(".in_set") or kind not in {"times", "nanoseconds", "instants"}:  # GX parses the set as times
            assert ours(frame, metric, asked) == theirs(frame, metric, asked)


@FEW
@given(st.sampled_from(sorted(KINDS.keys() - {"times", "nanoseconds", "instants"})), st.data())
def test_patterns_and_lengths(kind: str, data: st.DataObject) -> None:
    frame = data.draw(columns(kind, nulls=kind not in {"ints", "bytes"})).to_frame()
    pattern, size = data.draw(st.sampled_from(PATTERNS)), data.draw(st.integers(0, 4))
    listed = data.draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3))
    for metric, asked in (
        ("match_regex", {"regex": pattern}),
        ("not_match_regex", {"regex": pattern}),
        ("match_regex_list", {"regex_list": listed, "match_on": "all"}),
        ("match_regex_list", {"regex_list": listed, "match_on": "any"}),
        ("not_match_regex_list", {"regex_list": listed}),
        ("value_length.equals", {"value": size}),
        ("value_length.between", {"min_value": size, "max_value": 2, "strict_min": True}),
    ):
        assert ours(frame, f"column_values.{metric}", asked) == theirs(frame, f"column_values.{metric}", asked)


PARSED = [
    "{",
    "{}",
    "[1]",
    "null",
    "NaN",
    "1",
    "2024-01-05",
    "5 Jan",
    "2024-02-30",
    "noon",
    "",
    "a",
    "99999999999999999",
]


@FEW
@given(st.lists(st.none() | st.sampled_from(PARSED), max_size=9))
def test_what_python_reads(values: list[str | None]) -> None:
    frame = pl.Series("x", values, dtype=pl.String).to_frame()
    for metric, asked in (
        ("json_parseable", {}),
        ("dateutil_parseable", {}),
        ("match_strftime_format", {"strftime_format": "%Y-%m-%d"}),
    ):
        assert ours(frame, f"column_values.{metric}", asked) == theirs(frame, f"column_values.{metric}", asked)


@FEW
@given(st.lists(st.none() | st.sampled_from(["{}", '{"a":1}', '{"a":"x"}', "[]"]), max_size=9))
def test_json_schemas(values: list[str | None]) -> None:
    frame = pl.Series("x", values, dtype=pl.String).to_frame()
    asked: Values = {"json_schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    assert ours(frame, "column_values.match_json_schema", asked) == theirs(
        frame, "column_values.match_json_schema", asked
    )


PAIRED = [
    {"ints", "bytes", "floats", "halves", "booleans"},
    {"texts"},
    {"dates", "times"},
    {"decimals"},
]


@FEW
@given(
    st.sampled_from(PAIRED),
    st.sampled_from(["neither", "both_values_are_missing", "either_value_is_missing"]),
    st.data(),
)
def test_pairs(kinds: set[str], ignore: str, data: st.DataObject) -> None:
    frame = _drawn(data, [data.draw(st.sampled_from(sorted(kinds))) for _ in range(2)])
    pairs = [[1, 1], [2.0, None], ["a", "a"], [None, None], [0, 1], ["b", "é"]]
    for metric, asked in (("equal", {}), ("in_set", {"value_pairs_set": pairs})):
        values = {**asked, "ignore_row_if": ignore}
        assert ours(frame, f"column_pair_values.{metric}", values) == theirs(
            frame, f"column_pair_values.{metric}", values
        )
    if ignore == "either_value_is_missing":
        for or_equal in (True, False):
            ordered: Values = {"or_equal": or_equal, "ignore_row_if": ignore}
            found = [side(frame, "column_pair_values.a_greater_than_b", ordered) for side in (ours, theirs)]
            assert found[0] == found[1]


@FEW
@given(st.lists(st.sampled_from(["ints", "bytes", "floats", "halves", "booleans"]), min_size=2, max_size=4), st.data())
def test_records(kinds: list[str], data: st.DataObject) -> None:
    frame = _drawn(data, kinds)
    ignore = data.draw(st.sampled_from(["never", "all_values_are_missing", "any_value_is_missing"]))
    for metric, asked in (("multicolumn_values.equal", {}), ("multicolumn_sum.equal", {"sum_total": 3})):
        values = {**asked, "ignore_row_if": ignore}
        assert ours(frame, metric, values) == theirs(frame, metric, values)
    alike = frame.select(pl.all().cast(pl.Float64))
    values = {"ignore_row_if": ignore}
    metric = "select_column_values.unique.within_record"
    assert ours(alike, metric, values) == theirs(alike, metric, values)


def _cells(kind: str) -> st.SearchStrategy[Any]:
    """Of Booleans none is null, since pandas reads them as objects then and cannot add them."""
    values, _ = KINDS[kind]
    return values if kind == "booleans" else st.none() | values  # type: ignore[no-any-return]


def _drawn(data: st.DataObject, kinds: Sequence[str]) -> pl.DataFrame:
    rows = data.draw(st.integers(0, 8))
    lists = [data.draw(st.lists(_cells(kind), min_size=rows, max_size=rows)) for kind in kinds]
    return pl.DataFrame(
        [
            pl.Series(f"x{i}", found, dtype=KINDS[kind][1])
            for i, (kind, found) in enumerate(zip(kinds, lists, strict=True))
        ]
    )


MIDNIGHT = datetime(2024, 1, 5)  # noqa: DTZ001  # local time
DIFFERENCES: list[tuple[str, list[Any], str, Values, tuple[int, int] | str, tuple[int, int] | str]] = [
    # why, columns, metric, values, GX's pandas engine (ignored, unexpected), ours
    (
        "GX's pandas engine cannot compare dates, nor times in microseconds or zones, with text: here bounds are times",
        [pl.Series([MIDNIGHT, None])],
        "column_values.between",
        {"min_value": "2024-01-06"},
        RAISES,
        (1, 1),
    ),
    (
        "a value set's text never equals a date or time in pandas: here it is one",
        [pl.Series([MIDNIGHT.date(), None])],
        "column_values.in_set",
        {"value_set": ["2024-01-05"]},
        (1, 1),
        (1, 0),
    ),
    (
        "pandas reads integers among nulls as floats, whose text is 1.0: here they stay integers",
        [pl.Series([1, None])],
        "column_values.match_regex",
        {"regex": "^1$"},
        (1, 1),
        (1, 0),
    ),
    (
        "pandas writes times without the hour where the whole column is of midnights: here each has it",
        [pl.Series([MIDNIGHT])],
        "column_values.value_length.equals",
        {"value": 10},
        (0, 0),
        (0, 1),
    ),
    (
        "durations have Python's text (1 day, 0:00:00) and not pandas' (1 days)",
        [pl.Series([timedelta(1)])],
        "column_values.match_regex",
        {"regex": "days"},
        (0, 0),
        (0, 1),
    ),
    (
        r"\d, \w, \s and \b know all of Unicode, as in Python; pandas with PyArrow knows ASCII alone",
        [pl.Series(["٣"])],
        "column_values.match_regex",
        {"regex": r"^\d$"},
        (0, 1),
        (0, 0),
    ),
    (
        "one text that is not JSON makes GX raise for the whole column: here it is unexpected",
        [pl.Series(["{", "{}"])],
        "column_values.match_json_schema",
        {"json_schema": {"type": "object"}},
        RAISES,
        (0, 1),
    ),
    (
        "a question that the type does not allow, or that makes no sense, is refused even where no value is there",
        [pl.Series([], dtype=pl.String)],
        "column_values.between",
        {"min_value": 1},
        (0, 0),
        RAISES,
    ),
    (
        "lists, structs and objects are refused; pandas sometimes compares them element by element",
        [pl.Series([[1]])],
        "column_values.in_set",
        {"value_set": [1]},
        (0, 1),
        RAISES,
    ),
    (
        "among nulls pandas neither orders nor adds decimals and Booleans with other numbers: here they are numbers",
        [pl.Series([Decimal("1.50"), None]), pl.Series([1, 1])],
        "multicolumn_sum.equal",
        {"sum_total": 2.5, "ignore_row_if": "never"},
        RAISES,
        (0, 1),
    ),
    (
        "coded text is text here: pandas neither orders nor equates categories of two columns, nor maps them to truth",
        [pl.Series(["b"], dtype=pl.Categorical), pl.Series(["a"])],
        "column_pair_values.a_greater_than_b",
        {"ignore_row_if": "neither"},
        RAISES,
        (0, 0),
    ),
    (
        "in GX nulls of columns of different types differ, as do a date and its midnight: here they are alike",
        [pl.Series([None], dtype=pl.String), pl.Series([None], dtype=pl.Datetime("us"))],
        "select_column_values.unique.within_record",
        {"ignore_row_if": "never"},
        (0, 0),
        (0, 1),
    ),
    (
        "texts are not summed",
        [pl.Series(["a"]), pl.Series(["b"])],
        "multicolumn_sum.equal",
        {"sum_total": 2, "ignore_row_if": "never"},
        (0, 1),
        RAISES,
    ),
    (
        "SQL's LIKE, which the pandas engine does not have: case counts, and nothing escapes unless `escape` says so",
        [pl.Series(["ab", "b"])],
        "column_values.match_like_pattern",
        {"like_pattern": "a%"},
        RAISES,
        (0, 1),
    ),
]


@pytest.mark.parametrize(
    ("why", "found", "metric", "values", "gx", "here"), DIFFERENCES, ids=[row[0] for row in DIFFERENCES]
)
def test_differences(why: str, found: list[pl.Series], metric: str, values: Values, gx: object, here: object) -> None:
    frame = pl.DataFrame([column.alias(f"x{place}") for place, column in enumerate(found)])
    assert (theirs(frame, metric, values), ours(frame, metric, values)) == (gx, here), why
