"""The demo's spec is a full spec, and it speaks of the archive that is written."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from retroaudit.demo import population
from retroaudit.demo.archive import make_night
from retroaudit.demo.spec import spec_text, suite_bytes
from retroaudit.spec.load import parse
from retroaudit.spec.suite import parse_suite

SPEC = parse(spec_text(), "spec.yaml", suites=lambda name: parse_suite(suite_bytes(), name))


def test_the_timeline_is_that_of_the_archive() -> None:
    for day in (date(2026, 4, 1), date(2026, 5, 17), date(2026, 5, 18), date(2026, 6, 30)):
        (serving,) = [v.name for v in SPEC.versions if v.from_ <= day and (v.to is None or day < v.to)]
        assert serving == population.version_on(day)


def test_the_columns_are_in_the_logs() -> None:
    logs = make_night(1, date(2026, 4, 1), 1000).logs
    named = {SPEC.columns.time, SPEC.columns.id, SPEC.columns.version, SPEC.columns.prediction, SPEC.columns.score}
    assert named <= set(logs.columns)
    assert {name for group in SPEC.groups for name in group} <= set(logs.columns)
    features = [name for name in logs.columns if any(fnmatchcase(name, p) for p in SPEC.columns.features)]
    assert features == [f"num_0{i}" for i in range(6)] + [f"cat_0{i}" for i in range(3)]
    assert set(SPEC.quality.ranges) <= set(features)


def test_it_asks_for_everything_that_the_demo_plants() -> None:
    assert SPEC.logs.control
    assert SPEC.labels
    assert SPEC.labels.observed_when == {"prediction": 0}
    assert ("gender", "age_band") in SPEC.groups
    assert (SPEC.drift.numeric.method, SPEC.drift.numeric.threshold) == ("wasserstein", 0.1)
    assert SPEC.fairness.impact_ratio == (0.8, 1.25)


def test_the_suite_asks_for_columns_of_the_logs_and_is_the_one_beside_the_dags() -> None:
    assert SPEC.quality.suite is not None
    logs = make_night(1, date(2026, 4, 1), 1000).logs
    assert {each.kwargs["column"] for each in SPEC.quality.suite.expectations[1:]} <= set(logs.columns)
    assert suite_bytes() == (Path(__file__).parents[2] / "expectations" / "lending.json").read_bytes()
