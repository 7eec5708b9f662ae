"""A Great Expectations suite, judged by Great Expectations itself on the window's states: each expectation a metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from retroaudit.checks.metric import Metric, Severity, Slice, Threshold, Verdict
from retroaudit.checks.quality.outcomes import numbers
from retroaudit.checks.quality.persons import Domain, personal
from retroaudit.checks.quality.row_conditions import Unsupported, where_of, words
from retroaudit.faults import BadInput, Fault
from retroaudit.measures import counts, rows
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.measures.where import columns_of
from retroaudit.spec.model import Expectation, Spec

if TYPE_CHECKING:
    from retroaudit.checks.quality.gx.validate import Compiled, Outcome

CHECK = "quality"
_SEVERITIES: Mapping[str, Severity] = {"critical": "high", "warning": "medium", "info": "low"}
_ROWS = Need("rows")
_LONGEST_REASON = 500


@dataclass(frozen=True)
class _Asked:
    """An expectation of the suite: where its metric stands, what it takes of the states, and what GX said."""

    expectation: Expectation
    place: Metric
    compiled: Compiled
    outcome: Outcome | None = None

    @property
    def is_due(self) -> bool:
        """Whether it can be judged at all."""
        return not self.compiled.refused and not self.compiled.skipped

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
    has failed. A number that is one row's value, or that tells of a group, is marked for whoever publishes it.
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


def forecast(spec: Spec, columns: Mapping[str, str]) -> dict[str, str | int]:
    """The suite in numbers, as far as they are known before any row is read; nothing where there is none."""
    if spec.quality.suite is None:
        return {}
    asked = _asked(spec, columns)
    return {
        "name": spec.quality.suite.name,
        "expectations": len(asked),
        "would fail": sum(bool(each.compiled.refused) for each in asked),
        "skipped": sum(bool(each.compiled.skipped) for each in asked),
    }


def remarks(spec: Spec, columns: Mapping[str, str]) -> Iterator[str]:
    """What of the suite cannot be judged, or only value by value, known before any row is read."""
    if spec.quality.suite and not spec.quality.suite.expectations:
        yield f"the suite {spec.quality.suite.name} has no expectation: the audit would fail"
    for each in _asked(spec, columns):
        where = "".join(f", {name} = {value}" for name, value in each.place.slice)
        name = f"{each.place.metric} of {each.place.subject}{where}"
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
    try:
        from retroaudit.checks.quality.gx.validate import compile  # noqa: A004, PLC0415
    except ModuleNotFoundError as error:
        remedy = "Install it: pip install 'retroaudit[great-expectations]'."
        raise BadInput(Fault("quality.suite", f"no module {error.name}", "Great Expectations", remedy)) from error
    compiled = compile([_as_json(each) for each in expectations], columns)
    found = [_Asked(*each) for each in zip(expectations, _places(expectations), compiled, strict=True)]
    return [
        replace(each, compiled=replace(each.compiled, refused=each.expectation.fault, needs=()))
        if each.expectation.fault
        else each
        for each in found
    ]


def _judged(asked: Sequence[_Asked], profile: Profile) -> Iterator[_Asked]:
    from retroaudit.checks.quality.gx.batch import of_states  # noqa: PLC0415
    from retroaudit.checks.quality.gx.validate import validate  # noqa: PLC0415

    due = [each for each in asked if each.is_due]
    outcomes = iter(validate([_as_json(each.expectation) for each in due], of_states(profile.states, profile.columns)))
    for each in asked:
        yield replace(each, outcome=next(outcomes)) if each.is_due else each


def _as_json(expectation: Expectation) -> dict[str, Any]:
    return expectation.model_dump(mode="json", exclude_none=True, exclude={"fault"})


def _places(expectations: Sequence[Expectation]) -> Iterator[Metric]:
    """Where the metric of each expectation stands: those that would stand at the same place are told apart."""
    seen: Counter[tuple[str, str, Slice]] = Counter()
    for each in expectations:
        subject, slice_ = _place(each.kwargs)
        number = seen[each.type, subject, slice_] = seen[each.type, subject, slice_] + 1
        own = (("expectation", f"#{number}"),) if number > 1 else ()
        severity = _SEVERITIES[each.severity]
        yield Metric(check=CHECK, metric=each.type, subject=subject, slice=(*slice_, *own), severity=severity)


def _place(kwargs: Mapping[str, Any]) -> tuple[str, Slice]:
    """The column that it is about, and what narrows it: other columns, and which rows."""
    listed = kwargs.get("column_list")
    within = {
        "column_B": kwargs.get("column_B"),
        "columns": ", ".join(map(str, listed)) if isinstance(listed, list) else None,
        "row_condition": _condition(kwargs.get("row_condition"), kwargs.get("condition_parser")),
    }
    subject = kwargs.get("column", kwargs.get("column_A", "model"))
    return str(subject), tuple((name, str(value)) for name, value in within.items() if value)


def _condition(condition: Any, parser: Any) -> str:
    """A row condition as its author wrote it, or in words where it is an object."""
    if not condition or isinstance(condition, str):
        return condition or ""
    try:
        return words(where_of(condition, parser))
    except Unsupported:
        return "a condition that is not supported"


def _empty(name: str) -> Metric:
    reason = f"the suite {name} has no expectation"
    return Metric.exact(CHECK, "suite_expectations", 0, threshold=Threshold(min=1.0), reason=reason)


def _without(each: _Asked, verdict: Verdict, reason: str, threshold: Threshold | None = None) -> Metric:
    """A verdict without a number."""
    short = reason if len(reason) < _LONGEST_REASON else f"{reason[: _LONGEST_REASON - 1]}…"
    return replace(each.place, verdict=verdict, reason=short, threshold=threshold)


def _metrics(spec: Spec, each: _Asked, profile: Profile) -> Iterator[Metric]:
    outcome, compiled = each.outcome, each.compiled
    if outcome is None or outcome.success is None:
        verdict = Verdict.SKIPPED if compiled.skipped else Verdict.FAILED
        if outcome and outcome.insufficient:
            verdict = Verdict.INSUFFICIENT
        yield _without(each, verdict, compiled.skipped or compiled.refused or (outcome.error if outcome else ""))
        return
    domain = _domain(each, profile, outcome)
    if domain.values == 0:
        yield replace(_without(each, Verdict.INSUFFICIENT, "there are no values"), n=0)
        return
    reason = "; ".join(filter(None, [_why(each.expectation), compiled.by_row]))
    for metric in numbers(each.place, each.expectation, outcome, domain.values):
        told = replace(metric, reason=reason)
        yield replace(told, personal=personal(spec, each.expectation, told, domain))


def _why(expectation: Expectation) -> str:
    """What its author says of it: the description, or why it was proposed."""
    noted = expectation.meta.get("retroaudit", expectation.meta)
    why = noted.get("why") if isinstance(noted, Mapping) else None
    return expectation.description or (why if isinstance(why, str) else "")


def _domain(each: _Asked, profile: Profile, outcome: Outcome) -> Domain:
    """How many rows it asks about, of how many, and how many values of them it judges."""
    state, result = profile.states.get(each.size) if each.size else None, outcome.result
    expectation = each.expectation.type
    everything = rows.finish(profile.states[_ROWS]).get(None, 0) if _ROWS in profile.states else None
    asked = values = None
    if state is not None:
        found = counts.finish(state)
        asked, values = found.rows, found.rows - found.nulls - found.nan
    if expectation.startswith("expect_column_proportion_of_non_null"):
        values = asked
    elif "element_count" in result:
        asked = int(result["element_count"])
        values = asked - int(result.get("missing_count") or 0)
    elif expectation.startswith("expect_table_row_count"):
        asked = values = int(result["observed_value"])
    return Domain(each.columns, bool(each.where), values, asked, everything)
