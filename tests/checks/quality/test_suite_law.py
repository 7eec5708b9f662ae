"""The law of a suite's verdicts: passed exactly where Great Expectations says so, unless the states leave it open."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from retroaudit.checks.metric import Verdict
from retroaudit.checks.quality import suite
from retroaudit.checks.quality.gx.batch import of_frame, of_states
from retroaudit.checks.quality.gx.validate import SKIPPED, compile, validate  # noqa: A004
from retroaudit.judgement.verdicts import decide
from retroaudit.measures.profile import Profile
from retroaudit.measures.run import measure
from tests.checks.profiles import spec
from tests.checks.quality.gx.cases import JUDGED, documents, frames

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
OPEN = {Verdict.INCONCLUSIVE, Verdict.INSUFFICIENT}


@pytest.mark.parametrize("name", sorted(set(JUDGED) - set(SKIPPED)))
@settings(max_examples=15, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None)
@given(frames(), st.data())
def test_a_metric_passes_where_great_expectations_does(name: str, frame: pl.DataFrame, data: st.DataObject) -> None:
    document = json.loads(json.dumps(data.draw(documents(name)), default=str).replace("Infinity", "1e300"))
    columns = of_frame(frame).columns
    told = spec(quality={"suite": {"name": "s", "expectations": [document]}})
    states = measure([frame], suite.needs(told, columns))
    metrics = [decide(metric) for metric in suite.check(told, Profile(states, columns=columns), None)]
    found = {metric.verdict for metric in metrics}
    for metric in metrics:
        assert all(type(number) in {float, type(None)} for number in (metric.value, metric.low, metric.high)), metric
        assert metric.value is None or metric.low <= metric.value <= metric.high  # type: ignore[operator]
        assert len(metric.reason) < 1_000
    (compiled,) = compile([document], columns)
    if compiled.skipped:
        assert found == {Verdict.SKIPPED}
        return
    (outcome,) = validate([document], of_states(states, columns))
    if not found & OPEN:
        assert (found == {Verdict.PASSED}) == bool(outcome.success), (document, outcome)
    lacking = [metric for metric in metrics if metric.verdict is Verdict.INSUFFICIENT]
    assert outcome.insufficient or all(metric.n == 0 or metric.value is None for metric in lacking)
