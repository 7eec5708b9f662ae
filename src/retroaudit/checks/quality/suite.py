"""A Great Expectations suite, judged by Great Expectations itself on the window's states.

Each expectation is a metric. Where it asks how many values are as expected, the value is their share, and `mostly`
is the threshold; where it bounds a number, the value is that number. Others hold (1) or do not (0). The window is a
census of its rows, so `low = high = value`, unless the states only bound the number.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeGuard

from retroaudit.checks.metric import Metric, Severity, Slice, Threshold, Verdict
from retroaudit.measures import counts
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.measures.where import columns_of
from retroaudit.spec.model import Expectation, Spec

if TYPE_CHECKING:
    from retroaudit.checks.quality.gx.validate import Compiled, Outcome

CHECK = "quality"
_SEVERITIES: Mapping[str, Severity] = {"critical": "high", "warning": "medium", "info": "low"}
_OF_ONE_ROW = frozenset({"expect_column_max_to_be_between", "expect_column_min_to_be_between"})


@dataclass(frozen=True)
class _Asked:
    """An expectation of the suite: where its metric stands, what it takes of the states, and what GX said."""

    expectation: Expectation
    place: Metric
    compiled: Compiled
    outcome: Outcome | None = None

    @property
    def where(self) -> str:
        """Which rows it asks about; empty for all."""
        return next((need.where for need in self.compiled.needs if need.where), "")

    @property
    def columns(self) -> frozenset[str]:
        """Every column that it looks at."""
        reads = {name for need in self.compiled.needs for name in need.columns}
        return frozenset(reads | set(columns_of(self.where)))

    @property
    def size(self) -> Need | None:
        """What tells of how many values an expectation of one column speaks."""
        column = self.expectation.kwargs.get("column")
        return Need("counts", (column,), where=self.where) if self.compiled.needs and isinstance(column, str) else None


def needs(spec: Spec, columns: Mapping[str, str]) -> frozenset[Need]:
    """What the suite's expectations need of a table with these columns; nothing where there is no suite."""
    asked = _asked(spec, columns)
    sizes = {each.size for each in asked if each.size}
    return frozenset(need for each in asked for need in each.compiled.needs) | sizes


def check(spec: Spec, profile: Profile, reference: Profile | None) -> list[Metric]:  # noqa: ARG001  # the protocol
    """One metric an expectation, named as it is, of its column (one a quantile, where it asks for several).

    An expectation that cannot be judged (no such column, a pattern that is none, bounds that exclude each other, GX
    raised) has failed, with the message as reason; one that has no meaning for an audit is skipped with the reason
    (another table, SQL, the order of rows). Without values it is insufficient: nothing is as expected. An empty suite
    has failed. A number that is one row's value, or that tells of a group, is withheld; its verdict is not.
    """
    suite = spec.quality.suite
    if suite is None:
        return []
    if not suite.expectations:
        return [_empty(suite.name)]
    asked = _asked(spec, profile.columns)
    if not profile.columns:
        return [_without(each, Verdict.INSUFFICIENT, "no file of the window could be read") for each in asked]
    return [metric for each in _judged(asked, profile) for metric in _metrics(spec, each, profile)]


def asked(spec: Spec, columns: Mapping[str, str]) -> Iterator[tuple[Metric, tuple[Need, ...]]]:
    """Each expectation's place among the metrics, and what it needs of a table with these columns."""
    return ((each.place, each.compiled.needs) for each in _asked(spec, columns))


def remarks(spec: Spec, columns: Mapping[str, str]) -> Iterator[str]:
    """What of the suite cannot be judged, or only value by value, known before any row is read."""
    for each in _asked(spec, columns):
        name = " of ".join(dict.fromkeys((each.place.metric, each.place.subject)))
        if each.compiled.refused:
            yield f"{name} would fail: {each.compiled.refused}"
        elif each.compiled.skipped:
            yield f"{name} would be skipped: {each.compiled.skipped}"
        elif each.compiled.by_row:
            yield f"{name} is slow: {each.compiled.by_row}"


def _asked(spec: Spec, columns: Mapping[str, str]) -> list[_Asked]:
    """Every expectation of the suite with what it needs. GX is imported only where there is a suite."""
    expectations = spec.quality.suite.expectations if spec.quality.suite else ()
    if not expectations:
        return []
    from retroaudit.checks.quality.gx.validate import compile  # noqa: A004, PLC0415

    compiled = compile([_as_json(each) for each in expectations], columns)
    return [_Asked(*each) for each in zip(expectations, _places(expectations), compiled, strict=True)]


def _judged(asked: Sequence[_Asked], profile: Profile) -> Iterator[_Asked]:
    from retroaudit.checks.quality.gx.batch import of_states  # noqa: PLC0415
    from retroaudit.checks.quality.gx.validate import validate  # noqa: PLC0415

    due = [each for each in asked if not each.compiled.refused and not each.compiled.skipped]
    outcomes = iter(validate([_as_json(each.expectation) for each in due], of_states(profile.states, profile.columns)))
    for each in asked:
        yield replace(each, outcome=next(outcomes)) if each in due else each


def _as_json(expectation: Expectation) -> dict[str, Any]:
    return expectation.model_dump(mode="json", exclude_none=True)


def _places(expectations: Sequence[Expectation]) -> Iterator[Metric]:
    """Where the metric of each expectation stands: those that would stand at the same place are told apart."""
    seen: Counter[tuple[str, str, Slice]] = Counter()
    for each in expectations:
        kwargs = each.kwargs
        subject = kwargs.get("column", kwargs.get("column_A", "model"))
        within = {
            "column_B": kwargs.get("column_B"),
            "columns": ", ".join(map(str, kwargs.get("column_list") or ())),
            "row_condition": kwargs.get("row_condition"),
        }
        slice_ = tuple((name, str(value)) for name, value in within.items() if value)
        key = (each.type, str(subject), slice_)
        seen[key] += 1
        if seen[key] > 1:
            slice_ = (*slice_, ("expectation", each.id or f"#{seen[key]}"))
        severity = _SEVERITIES[each.severity]
        yield Metric(check=CHECK, metric=each.type, subject=str(subject), slice=slice_, severity=severity)


def _empty(name: str) -> Metric:
    reason = f"the suite {name} has no expectation"
    return Metric.exact(CHECK, "suite_expectations", 0, threshold=Threshold(min=1.0), reason=reason)


def _without(each: _Asked, verdict: Verdict, reason: str, threshold: Threshold | None = None) -> Metric:
    """A verdict without a number."""
    return replace(each.place, verdict=verdict, reason=reason, threshold=threshold)


def _metrics(spec: Spec, each: _Asked, profile: Profile) -> Iterator[Metric]:
    outcome, compiled = each.outcome, each.compiled
    if outcome is None or outcome.success is None:
        skipped = Verdict.SKIPPED if compiled.skipped else Verdict.FAILED
        yield _without(each, skipped, compiled.skipped or compiled.refused or (outcome.error if outcome else ""))
        return
    size = _size(each, profile)
    if size == 0:
        yield replace(_without(each, Verdict.INSUFFICIENT, "there are no values"), n=0)
        return
    for metric in _numbers(each, outcome, size):
        told = replace(metric, reason="; ".join(filter(None, [each.expectation.description, compiled.by_row])))
        yield _withheld(told, each, outcome) if _tells_too_much(spec, each, metric) else told


def _size(each: _Asked, profile: Profile) -> int | None:
    """How many values are judged; None where it is about the table's form."""
    result = each.outcome.result if each.outcome else {}
    if "element_count" in result:
        return int(result["element_count"]) - int(result.get("missing_count") or 0)
    state = profile.states.get(each.size) if each.size else None
    found = None if state is None else counts.finish(state)
    return None if found is None else found.rows - found.nulls - found.nan


def _numbers(each: _Asked, outcome: Outcome, size: int | None) -> Iterator[Metric]:
    kwargs, result = each.expectation.kwargs, outcome.result
    observed = result.get("observed_value")
    if "unexpected_count" in result and size:
        yield _share(each, outcome, size)
    elif "quantile_ranges" in kwargs:
        yield from _quantiles(each, outcome, size)
    elif _is_number(observed) and (threshold := _threshold(kwargs)):
        low, high = _bounds(outcome, observed)
        yield replace(each.place, value=float(observed), low=low, high=high, n=size, threshold=threshold)
    else:
        holds = 1.0 if outcome.success else 0.0
        yield replace(each.place, value=holds, low=holds, high=holds, n=size, threshold=Threshold(min=1.0))


def _share(each: _Asked, outcome: Outcome, size: int) -> Metric:
    """The share of values as expected: computed as GX does, so that it is judged alike at the edge of `mostly`."""
    unexpected = int(outcome.result["unexpected_count"])
    found = next((answer for name, answer in outcome.answers.items() if name.endswith(".unexpected_count")), None)
    least, most = (unexpected, unexpected) if found is None or found.low is None else (found.low, found.high)
    low, value, high = ((size - count) / size for count in (most, unexpected, least))
    mostly = each.expectation.kwargs.get("mostly", 1.0)
    return replace(each.place, value=value, low=low, high=high, n=size, threshold=Threshold(min=float(mostly)))


def _quantiles(each: _Asked, outcome: Outcome, size: int | None) -> Iterator[Metric]:
    """One metric for each quantile that is bounded."""
    ranges = each.expectation.kwargs["quantile_ranges"]
    values = outcome.result["observed_value"]["values"]
    answer = next((answer for answer in outcome.answers.values() if isinstance(answer.low, Sequence)), None)
    lows, highs = (values, values) if answer is None else (answer.low, answer.high)
    for q, (least, most), value, low, high in zip(
        ranges["quantiles"], ranges["value_ranges"], values, lows, highs, strict=True
    ):
        slice_ = (*each.place.slice, ("quantile", f"{q:g}"))
        threshold = Threshold(least, most)
        yield replace(each.place, slice=slice_, value=value, low=low, high=high, n=size, threshold=threshold)


def _threshold(kwargs: Mapping[str, Any]) -> Threshold | None:
    """The closed range that is allowed; a strict bound is the next number within. None where none is given."""
    if _is_number(kwargs.get("value")):
        return Threshold(kwargs["value"], kwargs["value"])
    least, most = kwargs.get("min_value"), kwargs.get("max_value", kwargs.get("threshold"))
    if not all(bound is None or _is_number(bound) for bound in (least, most)) or least is most is None:
        return None
    if least is not None and kwargs.get("strict_min"):
        least = math.nextafter(least, math.inf)
    if most is not None and kwargs.get("strict_max"):
        most = math.nextafter(most, -math.inf)
    return Threshold(least, most)


def _bounds(outcome: Outcome, observed: float) -> tuple[float, float]:
    answer = next((answer for answer in outcome.answers.values() if _is_number(answer.low)), None)
    return (float(observed), float(observed)) if answer is None else (float(answer.low), float(answer.high))


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _tells_too_much(spec: Spec, each: _Asked, metric: Metric) -> bool:
    """Whether the number is the value of a few rows, or says how many people are in a group."""
    if spec.privacy.min_cell <= 0:
        return False
    if each.expectation.type in _OF_ONE_ROW:
        return True
    of_group = each.columns & {spec.columns.version, *(column for group in spec.groups for column in group)}
    if of_group:
        return bool(each.where) or metric.low != 1.0
    quantile = dict(metric.slice).get("quantile")
    beyond = min(float(quantile), 1 - float(quantile)) * (metric.n or 0) if quantile else math.inf
    return beyond < spec.privacy.min_cell


def _withheld(metric: Metric, each: _Asked, outcome: Outcome) -> Metric:
    """The verdict alone, which is GX's."""
    verdict = Verdict.PASSED if outcome.success else Verdict.FAILED
    reason = "; ".join(filter(None, [metric.reason, "the number is withheld: it would tell of few people"]))
    return _without(replace(each, place=replace(each.place, slice=metric.slice)), verdict, reason, metric.threshold)
