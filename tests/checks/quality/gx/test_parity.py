"""The same expectation of the same rows by GX's pandas engine and by ours, result by result, field by field.

Where they may differ is said by `DIFFERENCES`, and with the reason by the table in `expectations/README.md`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from retroaudit.checks.quality.gx.batch import of_frame, of_states
from retroaudit.checks.quality.gx.validate import SKIPPED, compile, validate  # noqa: A004
from tests.checks.quality.gx.cases import JUDGED, documents, frames
from tests.checks.quality.gx.parity import RAISED, by_pandas, by_polars, plain, same

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # GX and pandas warn of themselves

FEW = settings(max_examples=12, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
README = Path(__file__).parents[4] / "expectations" / "README.md"


def columns(document: Mapping[str, Any]) -> set[str]:
    kwargs = document["kwargs"]
    return {kwargs.get("column"), kwargs.get("column_A"), kwargs.get("column_B"), *kwargs.get("column_list", ())} - {
        None
    }


def raises(document: Mapping[str, Any], _: pl.DataFrame, pandas: Any, __: Any) -> bool:
    objects = bool(columns(document) & {"date", "money", "flag", "group", "tags"})
    return bool(pandas == RAISED) and (objects or len(columns(document)) > 1 or "json_schema" in document["type"])


def refused(document: Mapping[str, Any], frame: pl.DataFrame, _: Any, ours: Any) -> bool:
    return bool(ours == RAISED and any(frame[name].null_count() == frame.height for name in columns(document)))


def retyped(document: Mapping[str, Any], frame: pl.DataFrame, _: Any, __: Any) -> bool:
    asks = any(word in document["type"] for word in ("type", "length", "regex"))
    return asks and any(frame[name].has_nulls() for name in columns(document) & {"gappy", "flag"})


def infinite(document: Mapping[str, Any], frame: pl.DataFrame, pandas: Any, ours: Any) -> bool:
    if columns(document) != {"open"} or not frame["open"].is_infinite().any() or RAISED in (pandas, ours):
        return False
    if "quantile" not in document["type"]:
        return "outliers" in document["type"] and pandas["unexpected_count"] == 0
    pairs = zip(pandas["observed_value"]["values"], ours["observed_value"]["values"], strict=True)
    return all(there is None for there, here in pairs if not same(there, here))


def written(document: Mapping[str, Any], _: pl.DataFrame, __: Any, ___: Any) -> bool:
    return document["type"].endswith("be_in_set") and bool(columns(document) & {"date", "time"})


def mixed(document: Mapping[str, Any], _: pl.DataFrame, __: Any, ___: Any) -> bool:
    return columns(document) >= {"date", "time"}


def midnights(document: Mapping[str, Any], frame: pl.DataFrame, _: Any, __: Any) -> bool:
    asks = "length" in document["type"] or "regex" in document["type"]
    return asks and "time" in columns(document) and bool((frame["time"].dt.hour() == 0).any())


def coded(document: Mapping[str, Any], _: pl.DataFrame, __: Any, ___: Any) -> bool:
    return "group" in columns(document) and ("divergence" in document["type"] or "most_common" in document["type"])


def unread(document: Mapping[str, Any], _: pl.DataFrame, __: Any, ours: Any) -> bool:
    return bool(ours == RAISED and "tags" in columns(document))


DIFFERENCES: Mapping[str, Callable[[Mapping[str, Any], pl.DataFrame, Any, Any], bool]] = {
    "pandas raises": raises,
    "types without values": refused,
    "nulls and types": retyped,
    "infinity": infinite,
    "times as text": written,
    "dates and times": mixed,
    "midnights": midnights,
    "categories": coded,
    "lists": unread,
}
"""By the name that the README's table has for it: whether it may be why the two differ."""


def unexplained(document: Mapping[str, Any], frame: pl.DataFrame, pandas: Any, ours: Any) -> bool:
    may = (reason(document, frame, pandas, ours) for reason in DIFFERENCES.values())
    return not same(pandas, ours) and not any(may)


def without_rows(result: Any) -> Any:
    """What is left of a result where no rows are at hand."""
    return result if result == RAISED else {k: v for k, v in result.items() if not k.startswith("partial_")}


@pytest.mark.parametrize("name", JUDGED)
@FEW
@given(frames(), st.data())
def test_of_rows(name: str, frame: pl.DataFrame, data: st.DataObject) -> None:
    document = data.draw(documents(name))
    pandas, ours = by_pandas(document, frame, "COMPLETE"), by_polars(document, of_frame(frame), "COMPLETE")
    assert not unexplained(document, frame, pandas, ours), (pandas, ours)


@pytest.mark.parametrize("name", sorted(set(JUDGED) - set(SKIPPED)))
@FEW
@given(frames(), st.data())
def test_of_states(name: str, frame: pl.DataFrame, data: st.DataObject) -> None:
    document = data.draw(documents(name))
    batch = of_frame(frame)
    batch.states(compile([document], batch.columns)[0].needs)
    (outcome,) = validate([document], of_states(batch.known, batch.columns))
    ours = RAISED if outcome.success is None else without_rows({"success": outcome.success, **plain(outcome.result)})
    pandas = without_rows(by_pandas(document, frame, "BASIC"))
    assert not unexplained(document, frame, pandas, ours), (pandas, ours, outcome.error)


def test_every_difference_is_in_the_documents_table_with_its_reason() -> None:
    named = re.findall(r"^\| \*\*([a-z ]+)\*\* \|", README.read_text(), flags=re.MULTILINE)
    assert named == list(DIFFERENCES)
