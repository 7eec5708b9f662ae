"""Great Expectations' own published results on the Titanic's passengers: from rows, and from merged states."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from retroaudit.checks.quality.gx.batch import Batch, of_frame, of_states
from retroaudit.checks.quality.gx.validate import Outcome, compile, validate  # noqa: A004
from retroaudit.measures import distinct
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import Need, State
from tests.world import REFERENCE_DATA

pytestmark = pytest.mark.published

Reference = Mapping[str, Any]


def references() -> list[Reference]:
    path = REFERENCE_DATA / "gx_titanic" / "expected.json"
    return list(json.loads(path.read_text())["references"]) if path.is_file() else []


@functools.cache
def passengers() -> pl.DataFrame:
    frame = pl.read_csv(REFERENCE_DATA / "gx_titanic" / "data" / "Titanic.csv", null_values=["", "NA"])
    return frame.rename({frame.columns[0]: "Unnamed: 0"})


def expect(what: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": f"expect_{what}", "kwargs": kwargs}


def asked(reference: Reference) -> dict[str, Any]:  # noqa: PLR0911  # a table of cases
    """The expectation that the published number is of, or one whose metrics tell it."""
    group = dict(reference["group"])
    column, metric = group.pop("column", None), reference["metric"]
    if metric in {"row_count", "column_count"}:
        return expect(f"table_{metric}_to_equal", value=reference["value"])
    if "expectation" in group:
        name = group.pop("expectation")
        return {"type": name, "kwargs": {"column": column, **_BOUNDS.get(name, {}), **group}}
    if metric in {"min", "max", "mean", "median"}:
        return expect(f"column_{metric}_to_be_between", column=column, min_value=0)
    if metric == "quantile":
        ranges = {"quantiles": [group["p"]], "value_ranges": [[None, None]]}
        return expect("column_quantile_values_to_be_between", column=column, quantile_ranges=ranges)
    if metric in {"distinct_values", "category_weight"}:
        return expect("column_distinct_values_to_equal_set", column=column, value_set=[])
    if metric.startswith("distinct"):
        return expect("column_proportion_of_unique_values_to_be_between", column=column)
    if metric == "regex_match_count":
        return expect("column_values_to_not_match_regex", column=column, regex=group["regex"])
    return expect(_OTHERS.get(metric, "column_values_to_be_unique"), column=column)


_BOUNDS = {
    "expect_column_values_to_be_between": {"min_value": 0, "max_value": 120, "mostly": 0.95},
    "expect_column_values_to_match_regex": {"mostly": 0.95},
}
_OTHERS = {"null_count": "column_values_to_not_be_null", "null_percent": "column_values_to_not_be_null"}


def value(reference: Reference, found: Outcome) -> Any:
    result, metric = found.result, reference["metric"]
    if metric == "expectation_success":
        return found.success
    if metric == "quantile":
        return result["observed_value"]["values"][0]
    if metric == "distinct_values":
        return str([str(each) for each in found.answers["column.distinct_values.not_in_set"].value])
    if metric == "distinct_count":
        return found.answers["column.distinct_values.count"].value
    return result[_KEYS.get(metric, "observed_value")]


_KEYS = {
    "missing_count": "missing_count",
    "null_count": "unexpected_count",
    "null_percent": "unexpected_percent",
    "non_unique_value_rows": "unexpected_count",
    "non_unique_percent_of_non_missing": "unexpected_percent_nonmissing",
    "regex_match_count": "unexpected_count",
    "unexpected_count": "unexpected_count",
    "unexpected_percent": "unexpected_percent",
}
LEFT_OUT = {
    "category_weight": "shares of each category: GX's result lists no counts",
    "unexpected_row_index": "numbers of failing rows: `tests/checks/quality/gx/test_context.py` has them",
}


@pytest.mark.skipif(not REFERENCE_DATA.is_dir(), reason=f"no published results at {REFERENCE_DATA}")
def test_what_is_left_out_is_named() -> None:
    assert {each["metric"] for each in references()} >= set(LEFT_OUT)


@functools.cache
def halves() -> tuple[Batch, Batch]:
    return of_frame(passengers()[:600]), of_frame(passengers()[600:])


def merged(needs: Sequence[Need]) -> dict[Need, State]:
    """States of the two halves, merged; what occurs how often is made of the merged hashes."""
    parts = [half.states([need for need in needs if need.measure != "distinct"]) for half in halves()]
    whole = {need: MEASURES[need.measure].merge([part[need] for part in parts]) for need in parts[0]}
    hashes = [(replace(need, measure="distinct"), state) for need, state in whole.items() if need.measure == "hashes"]
    return whole | {need: distinct.of(state) for need, state in hashes}


@pytest.mark.parametrize("where", ["rows", "states"])
@pytest.mark.parametrize("reference", [r for r in references() if r["metric"] not in LEFT_OUT], ids=lambda r: r["id"])
def test_result(reference: Reference, where: str) -> None:
    document, batch = asked(reference), of_frame(passengers())
    if where == "states":
        (compiled,) = compile([document], batch.columns)
        batch = of_states(merged(compiled.needs), batch.columns)
    (found,) = validate([document], batch)
    expected = reference["value"]
    if isinstance(expected, float):
        expected = pytest.approx(expected, abs=reference["abs_tol"])
    assert value(reference, found) == expected
