"""Label drift and concept drift: states made by hand, truths by construction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from retroaudit.checks.drift import check as drift
from retroaudit.checks.drift.outcomes import concept_drift
from retroaudit.checks.drift.pair import Pair
from retroaudit.checks.intervals import newcombe
from retroaudit.checks.metric import Metric, Verdict
from retroaudit.judgement.verdicts import decide
from retroaudit.measures import grid
from retroaudit.measures.measure import LABEL, PREDICTION, VERSION, Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Spec
from tests.checks.profiles import only, spec

Floats = npt.NDArray[np.float64]


def told(**more: Any) -> Spec:
    columns = {"prediction": "said", "score": "s", "label": "y"}
    return spec(**{"columns": columns, "reference": {"path": "train/*.parquet"}, **more})


@dataclass(frozen=True, eq=False)
class WithScores(Profile):
    """A profile whose score cells are given, as the measure would make them."""

    by_score: pl.DataFrame | None = None

    def scores(self, score: str, *groups: str) -> pl.DataFrame | None:  # noqa: ARG002
        return self.by_score


def decisions(scores: Floats, labels: Floats, shift: int = 0, rolling: Mapping[str, Profile] | None = None) -> Profile:
    """Cells of the score by label at a shift, and the confusion cells; NaN is a label that is not known."""
    known = pl.Series(labels).fill_nan(None).cast(pl.Int8)
    frame = pl.DataFrame({"cell": grid.keys(scores) >> shift, LABEL: known, "score": scores})
    ends = pl.col("score").min().alias("min"), pl.col("score").max().alias("max")
    by_score = frame.group_by("cell", LABEL).agg(pl.len().cast(pl.Int64).alias("count"), *ends)
    said = pl.DataFrame({PREDICTION: (scores >= 0.5).astype(np.int8), LABEL: frame[LABEL]})
    cells = said.group_by(PREDICTION, LABEL).agg(pl.len().cast(pl.Int64).alias("@count"))
    states = {Need("cells", ()): cells.select(pl.lit(None, pl.String).alias(VERSION), PREDICTION, LABEL, "@count")}
    with_shift = by_score.with_columns(pl.lit(shift, pl.Int8).alias("shift"))
    return WithScores(states, by_score=with_shift, rolling=rolling or {})


def drawn(seed: int, n: int, a: float, b: float, *, more: float = 0.0, slope: float = 1.0) -> tuple[Floats, Floats]:
    """Scores of a beta distribution, and labels that are 1 with that probability, and so much more."""
    rng = np.random.default_rng(seed)
    scores = np.round(rng.beta(a, b, n), 4)
    chance = np.clip(0.5 + slope * (scores - 0.5) + more, 0, 1)
    return scores, (rng.random(n) < chance).astype(np.float64)


def run(now: Profile, before: Profile, about: Spec | None = None) -> list[Metric]:
    return [decide(m) for m in drift.check(about or told(), now, before)]


def test_label_drift_that_the_score_explains_is_no_concept_drift() -> None:
    now, before = drawn(1, 40_000, 3, 2), drawn(2, 40_000, 2, 3)
    metrics = run(decisions(*now), decisions(*before))
    label, concept = only(metrics, "prevalence_difference"), only(metrics, "concept_difference")
    counts = int(now[1].sum()), 40_000, int(before[1].sum()), 40_000
    assert (label.low, label.high) == newcombe(*counts, 0.95)
    assert label.value == pytest.approx(0.2, abs=0.01)
    assert label.verdict is Verdict.FAILED
    assert concept.value == pytest.approx(0.0, abs=0.02)
    assert concept.reference == pytest.approx(0.6, abs=0.02)
    assert only(metrics, "concept_distance").value == pytest.approx(0.0, abs=0.04)
    assert {m.verdict for m in metrics if m.metric.startswith("concept")} == {Verdict.PASSED}


def test_concept_drift_without_label_drift_is_seen() -> None:
    """The scores fall by as much as the outcomes rise: the rate of positives stays."""
    now, before = drawn(1, 40_000, 3.0, 4.5, more=0.15), drawn(2, 40_000, 3.3, 2.7)
    metrics = run(decisions(*now), decisions(*before))
    assert only(metrics, "prevalence_difference").verdict is Verdict.PASSED
    concept = only(metrics, "concept_difference")
    assert concept.value == pytest.approx(0.15, abs=0.015)
    assert concept.verdict is Verdict.FAILED


def test_differences_that_cancel_are_a_distance() -> None:
    """By hand: the score stops to tell anything, so the difference is ½ - s, whose mean square is the variance."""
    now, before = drawn(1, 40_000, 2, 2, slope=0.0), drawn(2, 40_000, 2, 2)
    metrics = run(decisions(*now), decisions(*before))
    assert only(metrics, "prevalence_difference").verdict is Verdict.PASSED
    assert only(metrics, "concept_difference").verdict is Verdict.PASSED
    distance = only(metrics, "concept_distance")
    assert distance.value == pytest.approx(np.sqrt(1 / 20), abs=0.01)  # of Beta(2, 2)
    assert distance.verdict is Verdict.FAILED


def test_intervals_hold_as_often_as_they_say() -> None:
    missed = {"concept_difference": 0, "concept_distance": 0}
    for seed in range(100):
        now, before = (decisions(*drawn(seed + side, 1_500, 2, 2)) for side in (0, 1_000))
        pair = Pair(told(), now, before)
        for found in concept_drift(pair):
            assert found.low is not None
            assert found.high is not None
            missed[found.metric] += not found.low <= 0 <= found.high
    assert max(missed.values()) <= 12, missed  # of 100 with a chance of 0.05 each, more come with one of 0.002


def test_coarser_cells_of_one_side_are_met() -> None:
    now, before = drawn(1, 20_000, 2, 3, more=0.1), drawn(2, 20_000, 2, 3)
    fine = only(run(decisions(*now), decisions(*before)), "concept_difference")
    coarse = only(run(decisions(*now, shift=46), decisions(*before)), "concept_difference")
    assert coarse.value == pytest.approx(fine.value, abs=0.01)


def test_scores_that_the_reference_never_gave_leave_the_answer_open() -> None:
    now, before = drawn(1, 5_000, 2, 2), drawn(2, 5_000, 2, 2)
    half = before[0] < 0.5
    found = only(run(decisions(*now), decisions(before[0][half], before[1][half])), "concept_difference")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low > 0.4
    other = decisions(before[0][half] - 1, before[1][half])  # nothing in common
    assert only(run(decisions(*now), other), "concept_distance").verdict is Verdict.INSUFFICIENT


def test_few_labels_are_insufficient() -> None:
    now, before = drawn(1, 5_000, 2, 2), drawn(2, 5_000, 2, 2)
    now[1][60:] = np.nan
    metrics = run(decisions(*now), decisions(*before))
    for name in ("prevalence_difference", "concept_difference", "concept_distance"):
        found = only(metrics, name)
        assert found.verdict is Verdict.INSUFFICIENT
        assert found.reason == "window: 60 rows are too few: 100 are needed"


@pytest.mark.parametrize(
    ("more", "awaited", "reason"),
    [
        ({"labels": {"path": "l/*.parquet", "observed_when": {"prediction": 0}}}, "", "labels exist only where"),
        ({}, "labels are due on 2026-08-01", "labels are due on 2026-08-01"),
        ({"columns": {"prediction": "said", "score": "s"}}, "", "the spec names no labels"),
    ],
)
def test_labels_that_cannot_be_known_are_skipped(more: dict[str, Any], awaited: str, reason: str) -> None:
    side = decisions(*drawn(1, 1_000, 2, 2))
    now = WithScores(side.states, labels_awaited=awaited)
    metrics = run(now, side, told(**more))
    for name in ("prevalence_difference", "concept_difference", "concept_distance"):
        assert only(metrics, name).verdict is Verdict.SKIPPED
        assert only(metrics, name).reason.startswith(reason)


def test_a_reference_without_predictions_labels_or_scores_is_said() -> None:
    now, bare = decisions(*drawn(1, 1_000, 2, 2)), WithScores({})
    found = {(m.subject, m.verdict, m.reason) for m in run(now, bare)}
    assert found == {
        ("s", Verdict.SKIPPED, "the reference has no scores"),
        ("said", Verdict.SKIPPED, "the reference has no predictions"),
        ("y", Verdict.SKIPPED, "the reference has no labels"),
    }


def test_predictions_are_a_categorical_column() -> None:
    now, before = decisions(*drawn(1, 4_000, 4, 2)), decisions(*drawn(2, 4_000, 2, 2))
    found = only(run(now, before), "jensenshannon", subject="said")
    assert found.verdict is Verdict.FAILED
    assert found.n == 4_000


def test_a_rolling_reference_has_its_slice_and_is_no_substitute_for_a_fixed_one() -> None:
    before = decisions(*drawn(2, 4_000, 2, 2))
    now = decisions(*drawn(1, 4_000, 4, 2), rolling={"previous": before})
    about = told(reference={"window": "previous"})
    metrics = [decide(m) for m in drift.check(about, now, None)]
    assert only(metrics, "fixed_reference").verdict is Verdict.SKIPPED
    there = (("reference", "previous"),)
    assert {m.slice for m in metrics} == {(), there}
    assert only(metrics, "prevalence_difference", there).verdict is Verdict.FAILED
    both = [decide(m) for m in drift.check(told(), now, before)]
    assert only(both, "prevalence_difference").value == only(both, "prevalence_difference", there).value
