"""Rates over all rows and by version."""

import pytest

from retroaudit.checks import performance
from retroaudit.checks.metric import Verdict
from tests.checks.profiles import Rows, only, profile, spec

COLUMNS = {"prediction": "prediction", "label": "label", "version": "version"}
ROWS: Rows = {
    "@version": ["1", "1", "1", "2", None, "2"],
    "@prediction": [1, 1, 0, 0, 1, None],
    "@label": [1, 0, 0, 1, None, 1],
}


def test_rows_without_prediction_or_label_are_in_no_rate_but_their_own() -> None:
    about = spec(columns=COLUMNS)
    metrics = performance.check(about, profile(about, ROWS), None)
    assert only(metrics, "n").value == 6
    assert only(metrics, "selection_rate").value == pytest.approx(3 / 5)
    assert only(metrics, "accuracy").value == pytest.approx(2 / 4)
    assert only(metrics, "prevalence").value == pytest.approx(3 / 5)
    assert only(metrics, "accuracy", (("version", "1"),)).value == pytest.approx(2 / 3)
    assert only(metrics, "tpr", (("version", None),)).value is None
    assert all(m.threshold is None and m.verdict is None for m in metrics)


def test_without_a_version_column_there_are_no_version_slices() -> None:
    about = spec(columns={"prediction": "prediction"})
    metrics = performance.check(about, profile(about, ROWS), None)
    assert {m.slice for m in metrics} == {()}
    assert only(metrics, "tpr").verdict is Verdict.SKIPPED


def test_without_predictions_only_prevalence_can_be_known() -> None:
    about = spec(columns={"label": "label"})
    metrics = performance.check(about, profile(about, {"@label": [1, 0, 0, None]}), None)
    assert only(metrics, "prevalence").value == pytest.approx(1 / 3)
    assert only(metrics, "selection_rate").reason == "the spec names no prediction column"


def test_no_rows_have_no_rates_and_unmeasured_cells_are_skipped() -> None:
    about = spec(columns=COLUMNS)
    metrics = performance.check(about, profile(about), None)
    assert (only(metrics, "n").value, only(metrics, "accuracy").value) == (0, None)
    nothing = profile(about)
    bare = type(nothing)(states={})
    assert [m.reason for m in performance.check(about, bare, None)] == ["no rows were measured"]
