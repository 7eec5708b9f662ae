"""The spec as frozen, validated values. Field names are the YAML's keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationInfo

ColumnType = Literal["numeric", "categorical"]
Scalar = bool | int | float | str
STORED = "stored"  # the context in which a stored document is read
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST = timedelta(days=36_525)


def _duration(value: object, info: ValidationInfo) -> object:
    """Turn "30d", "6h", "15m", "90s" or "2w" into a timedelta of at most 100 years.

    A stored document (`spec.digest.from_document`) has whole seconds instead.
    """
    if isinstance(value, timedelta):
        return value
    if info.context == STORED and isinstance(value, int):
        return timedelta(seconds=value)
    matched = re.fullmatch(r"([0-9]{1,10})([smhdw])", str(value))
    if matched and (seconds := int(matched[1]) * _UNITS[matched[2]]) <= _LONGEST.total_seconds():
        return timedelta(seconds=seconds)
    raise ValueError('a duration of at most 100 years, such as "30d", "6h", "15m" or "90s"')


def _seconds(value: timedelta) -> str:
    return f"{value // timedelta(seconds=1)}s"


def _day(value: object) -> object:
    """Turn "2026-07-01", quoted or not, into a date; no other spelling."""
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) and len(value) == len("2026-07-01") else "")
    except ValueError:
        raise ValueError("a day such as 2026-07-01") from None


def _whole(value: object) -> object:
    """Accept 1e9 as the whole number that it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(_seconds, when_used="json")]
Day = Annotated[date, BeforeValidator(_day)]
Whole = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A frozen part of a spec: unknown keys are errors, nothing is coerced silently from text."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


class Ready(Part):
    """When a night may be read."""

    marker: str = "_SUCCESS"
    deadline: Duration = timedelta(hours=6)


class Logs(Part):
    """Where the inference logs lie, below the archive's root."""

    path: str
    control: str | None = None
    ready: Ready | None = None


class Labels(Part):
    """Late labels; `{date}` in the path is the decision's date."""

    path: str
    arrived: str | None = None
    delay: Duration = timedelta(0)
    mature_after: Duration = timedelta(0)
    observed_when: Mapping[str, Scalar] | None = None


class Attributes(Part):
    """Group columns that are kept apart from the logs."""

    path: str
    id: str


RollingName = Literal["previous", "same-weekday", "trailing", "year-ago"]


def _names(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


class Reference(Part):
    """What drift is measured against: a fixed snapshot, and other windows of the same model beside it.

    `path` may hold `{version}`: the version that is declared for the window's last day. `date` is the last day of the
    data that the snapshot holds; by default the day from which that version serves, or the last of its event times.
    `max_age` bounds how old it may be at the audit's `as_of`. `window` names rolling references; `trailing` is how
    long that one is.
    """

    path: str | None = None
    date: Day | None = None
    max_age: Duration | None = None
    window: Annotated[tuple[RollingName, ...], BeforeValidator(_names)] = ()
    trailing: Duration = timedelta(days=28)


class Columns(Part):
    """Which column plays which role. Feature names may be patterns with `*`."""

    time: str | None = None
    id: str | None = None
    subject: str | None = None
    weight: str | None = None
    version: str | None = None
    prediction: str | None = None
    decision: str | None = None
    score: str | None = None
    label: str | None = None
    positive: Scalar | tuple[Scalar, ...] = 1
    latency_ms: str | None = None
    consumer: str | None = None
    features: Mapping[str, ColumnType] = Field(default_factory=dict)


class Version(Part):
    """A version of the model and the days on which it was meant to serve: `from <= day < to`."""

    name: str
    from_: Day = Field(alias="from")
    to: Day | None = None


class Fields(Part):
    """Columns that must be there for governance."""

    explanation: str | None = None
    consent: str | None = None
    lineage: str | None = None
    trace: str | None = None
    text: tuple[str, ...] = ()


SuiteSeverity = Literal["critical", "warning", "info"]


class Expectation(Part):
    """One expectation of a Great Expectations suite, as it is written there.

    `fault` says why it cannot be sealed as it is written; its arguments but the column's name are then left out.
    """

    type: str
    kwargs: Mapping[str, Any] = Field(default_factory=dict)
    severity: SuiteSeverity = "critical"
    id: str | None = None
    description: str | None = None
    meta: Mapping[str, Any] = Field(default_factory=dict)
    fault: str = ""


class Suite(Part):
    """A Great Expectations suite: the content of the file that `quality.suite` names, sealed with the spec."""

    name: str
    expectations: tuple[Expectation, ...] = ()


class Quality(Part):
    """Limits on null rates and ranges; keys of the mappings are column names or patterns.

    `null_rate` bounds the share of null, NaN and infinite values each; `ranges` are inclusive;
    `out_of_range` bounds the share of values outside a range. `suite` names a file in a spec, and is its content
    once the spec is loaded.
    """

    suite: Suite | None = None
    null_rate: Share | Mapping[str, Share] | None = None
    ranges: Mapping[str, tuple[float, float]] = Field(default_factory=dict)
    out_of_range: Share = 0.0


class NumericDrift(Part):
    """How drift of numeric features, and of the score, is judged; never chosen by row count. Names are Evidently's.

    `ks` is judged by its statistic, from 0 to 1. For `ks_pvalue` the threshold is the least p-value, adjusted for
    all tests of the audit, and has to be named.
    """

    method: Literal["wasserstein", "jensenshannon", "psi", "ks", "ks_pvalue", "kl_div", "hellinger"] = "wasserstein"
    threshold: float = Field(default=0.1, gt=0)


class CategoricalDrift(Part):
    """How drift of categorical features, and of predictions, is judged. Names are Evidently's.

    For `chisquare` (Evidently's, which takes the reference as known without error) and `homogeneity` (which takes
    it as the sample that it is) the threshold is the least p-value, adjusted for all tests of the audit, and has to
    be named: the default is a distance.
    """

    method: Literal["jensenshannon", "psi", "kl_div", "hellinger", "TVD", "chisquare", "homogeneity"] = "jensenshannon"
    threshold: float = Field(default=0.1, gt=0)


class Drift(Part):
    """Methods and thresholds of drift; null publishes a number without judging it.

    `missing` bounds by how much the null, NaN and infinite rates may differ from the reference's, either way;
    `out_of_range` the share of values outside the reference's range; `unseen` the share of rows whose category the
    reference does not have; `vanished` the share of the reference's rows whose category is gone; `label` by how
    much the rate of positive labels may differ; `concept` by how much it may where the score is the same.
    With `evidently` the report carries Evidently's own snapshot.
    """

    numeric: NumericDrift = NumericDrift()
    categorical: CategoricalDrift = CategoricalDrift()
    missing: Share | None = 0.05
    out_of_range: Share | None = 0.05
    unseen: Share | None = 0.05
    vanished: Share | None = 0.05
    label: Share | None = 0.1
    concept: Share | None = 0.1
    evidently: bool = False


class Fairness(Part):
    """Bounds of subgroup fairness. `reference_group` names a group an attribute; default is the largest group."""

    min_rows: int = Field(default=100, ge=1)
    impact_ratio: tuple[float, float] = (0.8, 1.25)
    difference: float = Field(default=0.1, gt=0, le=1)
    reference_group: Mapping[str, str] = Field(default_factory=dict)


class Privacy(Part):
    """Groups of fewer people than `min_cell` are withheld; 0 publishes all."""

    min_cell: int = Field(default=10, ge=0)
    values: Literal["counts", "masked", "full"] = "counts"


class Limits(Part):
    """Budgets of a run (`rows`, `bytes`) and of each file; a run over its budget refuses before reading."""

    rows: Whole = 1_000_000_000
    bytes: Whole = 1_000_000_000_000
    columns: Whole = 10_000
    cell_bytes: Whole = 1_000_000
    decoded_bytes: Whole = 8_000_000_000


class Schedule(Part):
    """Which audits are due."""

    day: bool = False
    month: bool = False
    quarter: bool = False


class Valid(Part):
    """The days for which this spec may be used: `from <= day < to`."""

    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None


class Time(Part):
    """The zone whose days are the partitions, and how far a row may stray from its own."""

    zone: str = "UTC"
    slack: Duration = timedelta(0)


Group = tuple[str, ...]


def _group(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


class Spec(Part):
    """One model's audit, whole. `extends` has been resolved when a Spec exists."""

    model: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")
    extends: str | None = None
    owner: str = Field(min_length=1)
    tier: Literal["low", "medium", "high"] = "medium"
    task: Literal["binary", "multiclass", "regression"] = "binary"
    logs: Logs
    labels: Labels | None = None
    attributes: Attributes | None = None
    reference: Reference | None = None
    columns: Columns
    versions: tuple[Version, ...] = ()
    consumers: tuple[str, ...] = ()
    fields: Fields | None = None
    groups: tuple[Annotated[Group, BeforeValidator(_group)], ...] = ()
    quality: Quality = Quality()
    drift: Drift = Drift()
    fairness: Fairness = Fairness()
    privacy: Privacy = Privacy()
    limits: Limits = Limits()
    policy: str | None = None
    schedule: Schedule = Schedule()
    valid: Valid = Valid()
    time: Time = Time()
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
