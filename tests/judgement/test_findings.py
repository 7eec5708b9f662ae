"""Findings: one for each failure, with severity by tier, an owner, and a fingerprint that lasts."""

from dataclasses import replace

import pytest

from retroaudit.checks.metric import Metric, Threshold, Verdict
from retroaudit.judgement.findings import findings, fingerprint, sentence, severity
from retroaudit.spec.model import Columns, Logs, Spec

SPEC = Spec(model="lending", owner="risk@example.com", tier="high", logs=Logs(path="x"), columns=Columns())
DRIFT = Metric(
    check="drift",
    metric="wasserstein",
    subject="income",
    value=0.31,
    low=0.3,
    high=0.32,
    threshold=Threshold(max=0.1),
    verdict=Verdict.FAILED,
)


def test_only_failures_become_findings() -> None:
    others = [replace(DRIFT, verdict=verdict) for verdict in Verdict if verdict is not Verdict.FAILED]
    assert findings(SPEC, others) == ()
    (finding,) = findings(SPEC, [*others, DRIFT])
    assert (finding.owner, finding.severity, finding.metric) == ("risk@example.com", "high", DRIFT)


def test_the_most_severe_comes_first() -> None:
    missing = replace(DRIFT, check="coverage", metric="missing_partitions", subject="model")
    assert [finding.severity for finding in findings(SPEC, [DRIFT, missing])] == ["critical", "high"]


@pytest.mark.parametrize(
    ("tier", "check", "expected"),
    [
        ("low", "drift", "low"),
        ("medium", "drift", "medium"),
        ("high", "fairness", "critical"),
        ("low", "coverage", "medium"),
    ],
)
def test_severity_goes_by_check_and_tier(tier: str, check: str, expected: str) -> None:
    assert severity(tier, replace(DRIFT, check=check)) == expected


def test_a_suites_author_says_how_much_an_expectation_weighs() -> None:
    quality = replace(DRIFT, check="quality")
    found = [severity("medium", replace(quality, severity=own)) for own in (None, "low", "medium", "high")]
    assert found == ["medium", "low", "medium", "high"]
    assert severity("high", replace(quality, severity="high")) == "critical"


def test_the_fingerprint_knows_the_trouble_and_not_the_day() -> None:
    monday = replace(DRIFT, slice=(("date", "2026-07-06"),), value=0.2)
    tuesday = replace(DRIFT, slice=(("date", "2026-07-07"),), value=0.4)
    assert fingerprint("lending", monday) == fingerprint("lending", tuesday)
    assert len(findings(SPEC, [monday, tuesday])) == 1
    others = {fingerprint("lending", replace(DRIFT, **{field: "x"})) for field in ("check", "metric", "subject")}  # type: ignore[arg-type]  # all three are text
    assert len(others | {fingerprint("lending", DRIFT), fingerprint("other", DRIFT)}) == 5


def test_the_sentence_says_what_where_how_much_and_what_is_allowed() -> None:
    assert sentence(DRIFT) == "wasserstein of income is 0.31 (0.3 to 0.32), allowed is at most 0.1"
    band = replace(DRIFT, slice=(("race", None),), threshold=Threshold(min=0.8, max=1.25), reason="against a")
    assert sentence(band).endswith("for race = null is 0.31 (0.3 to 0.32), allowed is 0.8 to 1.25; against a")
    assert len(sentence(replace(DRIFT, subject="x" * 10_000))) < 300


def test_a_failure_without_a_value_says_what_is_known() -> None:
    unbounded = replace(DRIFT, value=None, high=None, low=468.0)
    assert sentence(unbounded) == "wasserstein of income is at least 468, allowed is at most 0.1"
    withheld = replace(DRIFT, value=None, low=None, high=None, reason="its numbers are withheld")
    assert sentence(withheld) == "wasserstein of income failed, allowed is at most 0.1; its numbers are withheld"
