"""The demo's truth: each planted incident is found on its nights, and where nothing is planted nothing fails."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from retroaudit import audit
from retroaudit.checks.metric import Metric, Verdict
from retroaudit.demo.archive import write_archive
from retroaudit.demo.run import run_demo
from retroaudit.demo.spec import spec_text, suite_bytes
from retroaudit.intake import places, request
from retroaudit.progress import silent
from tests.world import NOON

pytestmark = pytest.mark.slow
FIRST = date(2026, 4, 1)


@pytest.mark.xdist_group("demo")
def test_every_incident_is_found_on_its_nights_and_nothing_else_fails(tmp_path: Path) -> None:
    """The nights are those of the issue that asked for the demo, written down anew."""
    outcome = run_demo(tmp_path / "demo", days=91, rows=20_000, seed=1, incidents=True, progress=silent)
    found = {row.name: row.found for row in outcome.incidents}
    assert found == {
        "a category is misspelt": (24, 25),
        "a feature drifts": tuple(night for night in range(31, 92) if night != 60),
        "a crossed group is rejected more often": tuple(night for night in range(41, 92) if night != 60),
        "a column goes null": (45, 46, 47),
        "a stale version is served": (52,),
        "a night is missing": (60,),
        "the log has a hole": (70,),
    }
    assert outcome.as_planted
    assert len(outcome.nights) == 91
    assert outcome.whole.report.window == "2026-Q2"
    assert (outcome.whole.rows_read, outcome.whole.reused) == (
        0,
        91,
    )  # and the night without logs, of which nothing was known
    assert outcome.verification.problems == ()
    assert outcome.verification.checked["reports"] == 92
    quarter = {finding.metric.metric for finding in outcome.whole.findings}
    assert {"wasserstein", "impact_ratio", "missing_partitions", "control_difference"} <= quarter
    quiet = [night for number, night in enumerate(outcome.nights[:30], 1) if number not in {24, 25}]
    assert {night.verdict for night in quiet} <= {Verdict.PASSED, Verdict.INCONCLUSIVE}


@pytest.mark.parametrize("seed", [11, 12, 13, 14, 15])
def test_with_nothing_planted_no_metric_fails(tmp_path: Path, seed: int) -> None:
    """Every night and the quarter, as the audit judges them; the pages are not drawn and nothing is sealed."""
    write_archive(tmp_path / "archive", seed=seed, days=91, incidents=False)
    (tmp_path / "spec.yaml").write_text(spec_text())
    (tmp_path / "lending.json").write_bytes(suite_bytes())
    windows = [str(FIRST + timedelta(days=day)) for day in range(91)]
    failed: dict[str, list[str]] = defaultdict(list)
    for window in [*windows, "2026-Q2"]:
        for metric in judged(tmp_path, window):
            if metric.verdict is Verdict.FAILED:
                failed[f"{metric.check} {metric.metric} {metric.subject} {metric.slice}"].append(window)
    assert failed == {}


def judged(root: Path, window: str) -> tuple[Metric, ...]:
    where = places((root / "archive").as_uri(), (root / "store").as_uri(), (root / "states").as_uri(), root)
    pinned = audit.pin(request(root / "spec.yaml", window, NOON), where)
    merged = audit.merge(pinned, audit.measure(pinned, pinned.work(), where, silent), where)
    metrics = audit.judge(pinned.spec, audit.check(pinned, merged, where.states)).metrics
    assert sum(metric.verdict is Verdict.PASSED for metric in metrics) > 80  # something was checked
    return metrics
