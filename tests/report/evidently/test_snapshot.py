"""Evidently's snapshot of a stored report, read by Evidently where retroaudit is not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retroaudit.checks.drift import check as drift
from retroaudit.report.evidently.beside import Child, beside
from retroaudit.report.evidently.columns import METHODS
from retroaudit.report.histograms import histograms
from tests.checks.profiles import profile, spec
from tests.report.evidently import elsewhere
from tests.report.evidently.documents import HOSTILE, document, judged, mixed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def loaded(stored: bytes, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("stored") / "evidently.json"
    file.write_bytes(stored)
    return elsewhere.run(elsewhere.LOAD, file)


def drifts(loaded: Any) -> dict[str, Any]:
    found = [metric for metric in loaded["metrics"] if metric["config"]["type"].endswith(":ValueDrift")]
    return {metric["config"]["column"]: metric for metric in found}


def test_it_loads_without_retroaudit_with_the_reports_values(loaded: Any) -> None:
    rows = [row for row in mixed()["metrics"] if row["verdict"] and not row["slice"] and row["value"] is not None]
    found = drifts(loaded)
    assert {name: metric["value"] for name, metric in found.items()} == {row["subject"]: row["value"] for row in rows}
    assert {found[name]["config"]["method"] for name in ("calm", *HOSTILE)} == {"wasserstein"}
    assert (found["colour"]["config"]["method"], found["colour"]["config"]["threshold"]) == ("chisquare", 0.05)
    assert (loaded["name"], loaded["time"]) == ("lending/2026-04/month/main/1", "2026-04-30 22:00:00")


def test_its_tests_say_what_the_verdicts_say(loaded: Any) -> None:
    tests = {test["metric_config"]["params"].get("column"): test for test in loaded["tests"]}
    assert {name: tests[name]["status"].removeprefix("TestStatus.") for name in ("calm", "moved", "colour")} == {
        "calm": "SUCCESS",
        "moved": "FAIL",
        "colour": "SUCCESS",
    }
    assert {tests[name]["status"].removeprefix("TestStatus.") for name in ("open", "few")} == {"WARNING"}
    assert tests["few"]["description"].endswith("(insufficient: window: 12 rows, 100 are asked for)")
    assert "gone" not in tests


def test_the_failed_columns_are_counted_among_those_with_a_value(loaded: Any) -> None:
    count = next(each for each in loaded["metrics"] if each["config"]["type"].endswith(":DriftedColumnsCount"))
    assert count["value"] == {"count": 1, "share": pytest.approx(1 / 12)}
    test = next(test for test in loaded["tests"] if test["id"] == "lt")
    assert test["status"].endswith("SUCCESS")  # 3 of 12 at the most


def test_the_methods_have_evidentlys_names_or_names_that_it_does_not_have() -> None:
    theirs = dict(elsewhere.run(elsewhere.METHODS))
    numbers = {
        name: shown for metric, (name, shown) in METHODS.items() if metric not in {"ks", "TVD", "homogeneity_pvalue"}
    }
    assert numbers.items() <= theirs.items()
    assert not {METHODS[metric][0] for metric in ("ks", "TVD", "homogeneity_pvalue")} & set(theirs)


def test_a_share_that_undecided_columns_could_change_is_no_success(child: Child) -> None:
    open_ = [judged(name, 0.1, low=0.09, high=0.11) for name in "ab"]
    run = json.loads(child.snapshot(document([*open_, judged("c", 0.0)])))
    statuses = [test["status"] for result in run["metric_results"].values() for test in result["tests"]]
    assert statuses == ["WARNING", "WARNING", "WARNING", "SUCCESS"]


def test_what_has_no_value_is_named_in_the_metadata_and_in_a_table(stored: bytes) -> None:
    run = json.loads(stored)
    assert sorted(json.loads(run["metadata"]["undecided"])) == ["few", "gone", "open"]
    table = next(widget for widget in run["widgets"] if widget["title"] == "Columns without a decision")
    assert ["gone", "skipped: the reference has no such column"] in table["params"]["data"]


def test_without_a_value_there_is_no_metric(child: Child) -> None:
    run = json.loads(child.snapshot(document([judged("gone", None, verdict="skipped", reason="no reference")])))
    assert (run["metric_results"], run["tests_widgets"], len(run["widgets"])) == ({}, [], 1)


def test_a_snapshot_without_any_time_has_one_all_the_same(child: Child) -> None:
    timeless = mixed()
    timeless["inputs"]["window"] |= {"start": None, "end": None}
    timeless["audit"]["as_of"] = None
    assert json.loads(child.snapshot(timeless))["timestamp"].startswith("1970-01-01")


def test_the_same_report_gives_the_same_bytes_here_and_in_another_process(child: Child, stored: bytes) -> None:
    assert child.snapshot(mixed()) == stored
    with beside() as other:
        assert other.snapshot(mixed()) == stored
    assert child.snapshot({**mixed(), "audit": {**mixed()["audit"], "id": "lending/2026-04/month/main/2"}}) != stored


def counts(node: Any) -> Iterator[int]:
    """Every count of every plot: bars that are not percentages, and the small plots of the table."""
    if isinstance(node, list):
        for each in node:
            yield from counts(each)
    elif isinstance(node, dict):
        if "y" in node and "x" in node and isinstance(node["y"], list) and node.get("visible") is not False:
            yield from node["y"]
        for each in node.values():
            yield from counts(each)


@pytest.mark.parametrize("min_cell", [0, 10])
def test_no_plot_has_a_small_cell(child: Child, min_cell: int) -> None:
    features = {"x": "numeric", "c": "categorical"}
    told = spec(columns={"features": features}, reference={"path": "r/*"}, privacy={"min_cell": min_cell})
    draws = np.random.default_rng(3)
    sides = [
        profile(told, {"x": draws.normal(0, 1, 300).tolist(), "c": list("aaaabc" * 49 + "defghi")}) for _ in range(2)
    ]
    found = drift.check(told, *sides)
    run = json.loads(child.snapshot(document(found, histograms(told, *sides))))
    drawn = list(counts(run))
    assert sum(drawn) == 2 * 2 * 3 * 300  # two columns, two sides, one small plot and two large ones
    assert any(0 < count < 10 for count in drawn) == (min_cell == 0)


def test_it_is_what_evidently_makes_of_the_same_rows(child: Child, tmp_path: Path) -> None:
    """The independent origin is Evidently's own `DataDriftPreset` on the rows."""
    draws = np.random.default_rng(7)
    sides = [
        {
            "still": draws.normal(10, 2, 3000).tolist(),
            "moved": draws.normal(shift, 1, 3000).tolist(),
            "heavy": draws.lognormal(shift / 30, 1, 3000).round(2).tolist(),
            "same_words": draws.choice(["own", "rent", "12"], 3000).tolist(),
            "other_words": draws.choice(
                ["own", "rent", "none"], 3000, p=[0.5 - shift / 2, 0.3 + shift / 2, 0.2]
            ).tolist(),
        }
        for shift in (0.5, 0.0)
    ]
    (tmp_path / "rows.json").write_text(json.dumps(sides))
    theirs = elsewhere.run(elsewhere.PRESET, tmp_path / "rows.json")
    features = {name: "categorical" if "words" in name else "numeric" for name in sides[0]}
    told = spec(columns={"features": features}, reference={"path": "reference/*.parquet"})
    now, before = (profile(told, side) for side in sides)
    (tmp_path / "evidently.json").write_bytes(
        child.snapshot(document(drift.check(told, now, before), histograms(told, now, before)))
    )
    ours = elsewhere.run(elsewhere.LOAD, tmp_path / "evidently.json")
    of = {metric["id"]: metric for metric in theirs["metrics"]}
    assert {metric["id"]: metric["config"] for metric in ours["metrics"]} == {name: of[name]["config"] for name in of}
    assert [metric["value"] for metric in drifts(ours).values()] == pytest.approx(
        [drifts(theirs)[name]["value"] for name in drifts(ours)], abs=5e-5
    )
    failed = [
        {test["metric_config"]["params"].get("column") for test in run["tests"] if test["status"].endswith("FAIL")}
        for run in (ours, theirs)
    ]
    assert failed[0] == failed[1] == {"moved", "other_words"}
