"""Evidently's snapshot of the drift that a stored report states.

It is Evidently's own model of a run (0.7.23), filled with our numbers: its stock metrics, tests and renderers, and
nothing of ours, so that Evidently reads it where retroaudit is not installed. No data set is behind it.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from evidently.core.metric_types import BoundTest, MetricCalculationBase, MetricResult, metric_tests_widget
from evidently.core.report import Context, Report, metric_tests_stats
from evidently.core.serialization import ReportModel, SnapshotModel
from evidently.legacy.calculations.data_drift import ColumnDataDriftMetrics, DriftStatsField
from evidently.legacy.metric_results import Distribution, DistributionIncluded
from evidently.legacy.metrics.data_drift.data_drift_table import DataDriftTableRenderer
from evidently.legacy.metrics.data_drift.dataset_drift_metric import DataDriftMetricsRenderer
from evidently.legacy.model.widget import BaseWidgetInfo, link_metric
from evidently.legacy.options import ColorOptions
from evidently.legacy.options.base import Options
from evidently.legacy.renderers.html_widgets import table_data
from evidently.legacy.tests.base_test import TestStatus
from evidently.legacy.utils import NumpyEncoder
from evidently.metrics import DriftedColumnsCount, ValueDrift
from evidently.tests import gte, lt, lte

from retroaudit.report.evidently.columns import METHODS, Column, columns, undecided

DRIFT_SHARE = 0.5  # from this share of drifted columns on, Evidently says that the data set drifted
_STATUS = {"passed": TestStatus.SUCCESS, "failed": TestStatus.FAIL}  # all others: WARNING
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def snapshot(document: Mapping[str, Any]) -> bytes:
    """The bytes of `evidently.json`: what `evidently.core.report.Snapshot.load` reads, made from `report.json` alone.

    Each column with a judged distance has a `ValueDrift`, with the report's value and a test that says what the
    report's verdict says: SUCCESS, FAIL, or WARNING where it is undecided; `DriftedColumnsCount` counts the failed
    ones. Columns without a value are left out, and named with the reason in a table and in the metadata
    ("undecided", as JSON). Without any column there is no metric at all. The time is the end of the window in UTC (of a
    snapshot: `as_of`, or 1970 where it has none), without a zone, as Evidently writes it. The same document gives the
    same bytes.
    """
    audit, found = document["audit"], columns(document)
    context = Context(Report([]))
    measured = [_value_drift(context, column) for column in found]
    count = [_drifted_columns(context, found)] if found else []
    results = dict([*count, *measured])
    tests = [test for result in results.values() for test in result.tests]
    model = SnapshotModel(
        report=ReportModel(items=[]),
        name=audit["id"],
        timestamp=_time(document),
        metadata=_metadata(document),
        tags=["retroaudit", audit["kind"], document["summary"]["verdict"]],
        metric_results=results,
        top_level_metrics=list(results),
        widgets=[*_dataset(found), *_undecided(document)],
        tests_widgets=[metric_tests_stats(tests), metric_tests_widget(tests)] if tests else [],
    )
    plain = json.loads(json.dumps(model.dict(), cls=NumpyEncoder))
    return json.dumps(_settled(plain, audit["id"], {}), allow_nan=False, separators=(",", ":")).encode()


def _value_drift(context: Context, column: Column) -> tuple[str, MetricResult]:
    metric = ValueDrift(column=column.name, method=METHODS[column.metric][0], threshold=column.threshold)
    calculation = metric.to_calculation()
    result = calculation.result(column.score)
    result.widget = calculation._render(_drift(column), Options(), ColorOptions())  # noqa: SLF001 (its stock plots)
    test = (gte if column.least else lte)(column.threshold).bind_single(metric.metric_id)
    _judge(context, calculation, result, test, column.verdict, column.words)
    return metric.metric_id, result


def _drifted_columns(context: Context, found: Sequence[Column]) -> tuple[str, MetricResult]:
    metric = DriftedColumnsCount(drift_share=DRIFT_SHARE, **_pinned(found, "num"), **_pinned(found, "cat"))
    calculation = metric.to_calculation()
    drifted, share = _drifted(found)
    result = calculation.result(drifted, share)
    result.widget = _counters(found)
    doubtful = sum(each.verdict not in _STATUS for each in found)
    settled = (share < DRIFT_SHARE) == ((drifted + doubtful) / len(found) < DRIFT_SHARE)
    verdict = ("passed" if share < DRIFT_SHARE else "failed") if settled else "inconclusive"
    test = lt(DRIFT_SHARE).bind_count(metric.metric_id, is_count=False)
    _judge(
        context, calculation, result, test, verdict, f"inconclusive: {doubtful} of {len(found)} columns are undecided"
    )
    return metric.metric_id, result


def _pinned(found: Sequence[Column], kind: str) -> dict[str, Any]:
    """The method and the threshold that all columns of a kind share; nothing where they differ."""
    pins = {(METHODS[each.metric][0], each.threshold) for each in found if each.kind == kind}
    method, threshold = pins.pop() if len(pins) == 1 else (None, None)
    return {f"{kind}_method": method, f"{kind}_threshold": threshold}


def _judge(
    context: Context,
    calculation: MetricCalculationBase[Any],
    result: MetricResult,
    test: BoundTest[Any],
    verdict: str,
    words: str,
) -> None:
    """Run Evidently's test, and let the report's verdict stand: it knows the interval and the noise."""
    link_metric(result.widget, calculation.to_metric())
    result.set_metric_location(calculation.to_metric_config())
    outcome = test.run_test(context, calculation, result)
    outcome.status = _STATUS.get(verdict, TestStatus.WARNING)
    if verdict not in _STATUS:
        outcome.description = f"{outcome.description} ({words})"
    result.set_tests([outcome])


def _drifted(found: Sequence[Column]) -> tuple[int, float]:
    drifted = sum(each.verdict == "failed" for each in found)
    return drifted, drifted / len(found)


def _dataset(found: Sequence[Column]) -> list[BaseWidgetInfo]:
    """What `DataDriftPreset` shows: whether the data set drifted, and the table of all columns with their plots."""
    if not found:
        return []
    drifted, share = _drifted(found)
    table = SimpleNamespace(
        drift_by_columns={column.name: _drift(column) for column in found},
        number_of_columns=len(found),
        number_of_drifted_columns=drifted,
        share_of_drifted_columns=share,
        dataset_columns=SimpleNamespace(utility_columns=SimpleNamespace(target=None, prediction=None)),
        current_fi=None,
        reference_fi=None,
    )
    return [*_counters(found), *_rendered(DataDriftTableRenderer, table)]


def _counters(found: Sequence[Column]) -> list[BaseWidgetInfo]:
    drifted, share = _drifted(found)
    counts = SimpleNamespace(
        drift_share=DRIFT_SHARE,
        number_of_columns=len(found),
        number_of_drifted_columns=drifted,
        share_of_drifted_columns=share,
        dataset_drift=share >= DRIFT_SHARE,
    )
    return _rendered(DataDriftMetricsRenderer, counts)


def _rendered(renderer: type, result: SimpleNamespace) -> list[BaseWidgetInfo]:
    """A stock renderer asks its metric for the result and for whether raw rows may be drawn."""
    metric = SimpleNamespace(get_result=lambda: result, get_options=Options)
    widgets: list[BaseWidgetInfo] = renderer().render_html(metric)
    return widgets


def _undecided(document: Mapping[str, Any]) -> list[BaseWidgetInfo]:
    rows = [list(item) for item in undecided(document).items()]
    return [table_data(title="Columns without a decision", column_names=["Column", "Why"], data=rows)] if rows else []


def _drift(column: Column) -> ColumnDataDriftMetrics:
    return ColumnDataDriftMetrics(
        column_name=column.name,
        column_type=column.kind,
        stattest_name=METHODS[column.metric][1],
        stattest_threshold=column.threshold,
        drift_score=column.score,
        drift_detected=column.verdict == "failed",
        current=_stats(column.bins.labels, column.bins.current),
        reference=_stats(column.bins.labels, column.bins.reference),
        scatter=None,
    )


def _stats(labels: Sequence[str], counts: Sequence[int]) -> DriftStatsField:
    """A side without counts is an empty plot. Plotly reads tags and entities in labels, so those are escaped."""
    known = list(labels[: len(counts)])
    return DriftStatsField(
        distribution=Distribution(x=[html.escape(label, quote=False) for label in known], y=list(counts)),
        small_distribution=DistributionIncluded(x=known, y=list(counts)),
    )


def _metadata(document: Mapping[str, Any]) -> dict[str, str]:
    """Texts alone: Evidently's server lists no run that has anything else."""
    audit = document["audit"]
    names = {"report": "id", "model_id": "model", "window": "window", "spec": "spec", "plan": "plan"}
    return {**{name: audit[field] for name, field in names.items()}, "undecided": json.dumps(undecided(document))}


def _time(document: Mapping[str, Any]) -> datetime:
    text = document["inputs"]["window"]["end"] or document["audit"]["as_of"] or "1970-01-01T00:00:00+00:00"
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _settled(node: Any, report: str, seen: dict[str, str]) -> Any:
    """The same tree with ids that repeat (Evidently draws them at random), and labels that are never numbers."""
    if isinstance(node, list):
        return [_settled(each, report, seen) for each in node]
    if not isinstance(node, dict):
        return node
    tree = {name: _settled(value, report, seen) for name, value in node.items()}
    if isinstance(identity := tree.get("id"), str) and _UUID7.fullmatch(identity):
        tree["id"] = seen.setdefault(identity, str(uuid5(NAMESPACE_URL, f"{report}#{len(seen)}")))
    if isinstance(axis := tree.get("xaxis"), dict):
        axis["type"] = "category"
    return tree
