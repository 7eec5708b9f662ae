"""What must hold between the keys of a spec: each rule a small function, all of them in one table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from retroaudit.spec.model import Reference, Spec
from retroaudit.spec.paths import DATE, VERSION, path_faults
from retroaudit.spec.tree import Complaint, Path, show
from retroaudit.spec.wording import did_you_mean
from retroaudit.spec.zones import zone_names

_MAY_SHARE = ({"id", "subject"}, {"prediction", "decision"})
_P_VALUES = {"ks_pvalue", "chisquare", "homogeneity"}
_GREATEST = {"jensenshannon": math.sqrt(math.log(2)), **dict.fromkeys(("ks", "hellinger", "TVD", *_P_VALUES), 1.0)}
_DRIFT_KEYS = tuple(f"drift.{kind}.{key}" for kind in ("numeric", "categorical") for key in ("method", "threshold"))
_NO_DATES = "Without {date} in logs.path the logs are one snapshot, which has no days."


@dataclass(frozen=True)
class Rule:
    """A check over the whole spec, and the keys without which it would complain of another fault's echo."""

    check: Callable[[Spec], Iterator[Complaint]]
    reads: tuple[str, ...] = ()


def broken_rules(spec: Spec, faulty: Iterable[Path]) -> Iterator[Complaint]:
    """Every complaint of every rule, but for rules that read what is known to be faulty: keys, or all below them."""
    known = tuple(faulty)
    for rule in RULES:
        if not any(tuple(key.split("."))[: len(path)] == path for key in rule.reads for path in known):
            yield from rule.check(spec)


def role_columns(spec: Spec) -> dict[str, str]:
    """Role and column for each role that the logs hold; a label is theirs only where no `labels` are given."""
    roles = spec.columns.model_dump(exclude={"features", "positive", *(("label",) if spec.labels else ())})
    return {role: column for role, column in roles.items() if column is not None}


def _paths(spec: Spec) -> Iterator[Complaint]:
    given = {
        ("logs", "path"): (spec.logs.path, True),
        ("logs", "control"): (spec.logs.control, True),
        ("labels", "path"): (spec.labels.path if spec.labels else None, True),
        ("reference", "path"): (spec.reference.path if spec.reference else None, False),
        ("attributes", "path"): (spec.attributes.path if spec.attributes else None, False),
    }
    for place, (path, dates) in given.items():
        versions = place == ("reference", "path")
        for expected in path_faults(path, dates=dates, versions=versions) if path is not None else ():
            yield Complaint(place, show(path), expected)


def _dates_agree(spec: Spec) -> Iterator[Complaint]:
    has = DATE in spec.logs.path
    others = {("logs", "control"): spec.logs.control, ("labels", "path"): spec.labels.path if spec.labels else None}
    for place, path in others.items():
        if path is not None and (DATE in path) != has:
            found, expected = ("no {date}", "{date}") if has else ("{date}", "no {date}")
            yield Complaint(place, found, f"{expected}, as in logs.path")


def _time_for_dates(spec: Spec) -> Iterator[Complaint]:
    if DATE in spec.logs.path and spec.columns.time is None:
        yield Complaint(("columns", "time"), "nothing", "the column of event times, as logs.path has {date}")


def _days_for_dates(spec: Spec) -> Iterator[Complaint]:
    if DATE in spec.logs.path:
        return
    spans = {("time", "slack"): spec.time.slack}
    if spec.labels:
        spans |= {("labels", "delay"): spec.labels.delay, ("labels", "mature_after"): spec.labels.mature_after}
    for place, span in spans.items():
        if span > timedelta(0):
            yield Complaint(place, "a time span", "none", _NO_DATES)
    if spec.schedule.day:
        yield Complaint(("schedule", "day"), "true", "false", _NO_DATES)


def _reference(spec: Spec) -> Iterator[Complaint]:
    own = spec.reference
    if own is None:
        return
    if own.path is None and not own.window:
        yield Complaint(("reference", "path"), "nothing", "the path of the reference's files")
    for name in _repeated(own.window):
        yield Complaint(("reference", "window"), f"{show(name)} more than once", "each rolling reference once")
    if own.window and DATE not in spec.logs.path:
        yield Complaint(("reference", "window"), show(own.window[0]), "a path alone", _NO_DATES)
    if own.trailing < timedelta(days=1) or own.trailing % timedelta(days=1):
        yield Complaint(("reference", "trailing"), str(own.trailing), "one day or more, in whole days")
    yield from _reference_age(own, spec)


def _reference_age(own: Reference, spec: Spec) -> Iterator[Complaint]:
    by_version = own.path is not None and VERSION in own.path
    if own.max_age is not None and own.path is None:
        yield Complaint(("reference", "max_age"), "no reference.path", "the fixed reference that may age")
    if by_version and not spec.versions:
        yield Complaint(("reference", "path"), "{version}", "versions to be declared, with the days they serve")


def _labels_need_columns(spec: Spec) -> Iterator[Complaint]:
    if not spec.labels:
        return
    if spec.columns.id is None:
        yield Complaint(("columns", "id"), "nothing", "the column by which labels and logs are joined")
    if spec.columns.label is None:
        yield Complaint(("columns", "label"), "nothing", "the labels' column in the files of labels.path")


def _observed_when(spec: Spec) -> Iterator[Complaint]:
    if not spec.labels or spec.labels.observed_when is None:
        return
    place = ("labels", "observed_when", "prediction")
    value = spec.labels.observed_when.get("prediction")
    if isinstance(value, bool) or value not in {0, 1}:
        yield Complaint(place, "nothing" if value is None else show(value), "0 or 1: the prediction with an outcome")
    if spec.columns.prediction is None:
        yield Complaint(place, "no columns.prediction", "the column that it speaks of")


def _positive(spec: Spec) -> Iterator[Complaint]:
    if spec.columns.positive == ():
        yield Complaint(("columns", "positive"), "an empty list", "a value, or a list of one or more")


def _groups(spec: Spec) -> Iterator[Complaint]:
    if spec.groups and spec.columns.prediction is None:
        yield Complaint(("columns", "prediction"), "nothing", "the column of predictions that groups are compared by")
    seen: dict[frozenset[str], int] = {}
    for at, group in enumerate(spec.groups):
        if not group:
            yield Complaint(("groups", at), "an empty group", "one attribute or more")
        for name in _repeated(group):
            yield Complaint(("groups", at), f"{show(name)} more than once", "each attribute once in a group")
        if seen.setdefault(frozenset(group), at) != at:
            yield Complaint(("groups", at), f"the group of groups[{seen[frozenset(group)]}] again", "each group once")


def _reference_groups(spec: Spec) -> Iterator[Complaint]:
    attributes = sorted(set(chain.from_iterable(spec.groups)))
    for name in spec.fairness.reference_group:
        if name not in attributes:
            place = ("fairness", "reference_group", name)
            yield Complaint(place, "no such attribute", "an attribute of groups", did_you_mean(name, attributes))


def _versions(spec: Spec) -> Iterator[Complaint]:
    if spec.versions and spec.columns.version is None:
        yield Complaint(("columns", "version"), "nothing", "the column of the served version, as versions are declared")
    first: dict[str, int] = {}
    for at, version in enumerate(spec.versions):
        if version.to is not None and version.from_ >= version.to:
            yield Complaint(("versions", at, "to"), str(version.to), f"a day after from, which is {version.from_}")
        if first.setdefault(version.name, at) != at:
            found = f"{show(version.name)} again, as in versions[{first[version.name]}]"
            yield Complaint(("versions", at, "name"), found, "each version once")


def _valid(spec: Spec) -> Iterator[Complaint]:
    low, high = spec.valid.from_, spec.valid.to
    if low is not None and high is not None and low >= high:
        yield Complaint(("valid", "to"), str(high), f"a day after from, which is {low}")


def _zone(spec: Spec) -> Iterator[Complaint]:
    name = spec.time.zone
    if name not in zone_names():
        expected = "a zone of the tz database, such as UTC or Europe/Berlin"
        yield Complaint(("time", "zone"), show(name), expected, did_you_mean(name, zone_names()))


def _bounds(spec: Spec) -> Iterator[Complaint]:
    for name, (low, high) in spec.quality.ranges.items():
        if low > high:
            yield Complaint(("quality", "ranges", name), f"[{low:g}, {high:g}]", "[lowest, highest]")
    low, high = spec.fairness.impact_ratio
    if not 0 <= low <= 1 <= high:
        expected = "a lowest from 0 to 1 and a highest from 1: equality must be allowed"
        yield Complaint(("fairness", "impact_ratio"), f"[{low:g}, {high:g}]", expected)


def _drift(spec: Spec) -> Iterator[Complaint]:
    for kind, drift in (("numeric", spec.drift.numeric), ("categorical", spec.drift.categorical)):
        place, greatest = ("drift", kind, "threshold"), _GREATEST.get(drift.method, math.inf)
        if drift.method in _P_VALUES and "threshold" not in drift.model_fields_set:
            yield Complaint(place, "nothing", "the least p-value that is no drift, such as 0.01")
        elif drift.threshold >= greatest:
            remedy = "At this threshold the verdict would be the same for all data."
            yield Complaint(place, f"{drift.threshold:g}", f"less than {greatest:.4g}, as {drift.method} is", remedy)


def _column_names(spec: Spec) -> Iterator[Complaint]:
    for place, name in _named_columns(spec):
        if not name or name.startswith("@"):
            expected = "a column name; those that begin with @ are retroaudit's own" if name else "a column name"
            yield Complaint(place, show(name), expected)


def _named_columns(spec: Spec) -> Iterator[tuple[Path, str]]:
    roles = spec.columns.model_dump(exclude={"features", "positive"})
    yield from ((("columns", role), name) for role, name in roles.items() if name is not None)
    yield from ((("columns", "features", name), name) for name in spec.columns.features)
    yield from ((("groups", at), name) for at, group in enumerate(spec.groups) for name in group)
    yield from ((("quality", "ranges", name), name) for name in spec.quality.ranges)
    if not isinstance(spec.quality.null_rate, float | None):
        yield from ((("quality", "null_rate", name), name) for name in spec.quality.null_rate)
    if spec.labels and spec.labels.arrived is not None:
        yield ("labels", "arrived"), spec.labels.arrived


def _one_role_each(spec: Spec) -> Iterator[Complaint]:
    yield from _shared({("columns", role): column for role, column in role_columns(spec).items()})
    if spec.labels:
        in_labels = {
            ("columns", "id"): spec.columns.id,
            ("columns", "label"): spec.columns.label,
            ("labels", "arrived"): spec.labels.arrived,
        }
        yield from _shared({place: column for place, column in in_labels.items() if column is not None})


def _shared(columns: dict[tuple[str, str], str]) -> Iterator[Complaint]:
    """Roles of the same files that name the same column."""
    places = list(columns)
    for at, place in enumerate(places):
        for other in places[:at]:
            if columns[place] == columns[other] and {place[1], other[1]} not in _MAY_SHARE:
                found = f"{show(columns[place])}, which is {'.'.join(other)} already"
                yield Complaint(place, found, "a column of its own")


def _repeated(names: Iterable[str]) -> Iterator[str]:
    return (name for name, times in Counter(names).items() if times > 1)


RULES: tuple[Rule, ...] = (
    Rule(_paths),
    Rule(_dates_agree, ("logs.path", "logs.control", "labels.path")),
    Rule(_time_for_dates, ("logs.path", "columns.time")),
    Rule(_days_for_dates, ("logs.path",)),
    Rule(_reference, ("reference", "logs.path", "versions")),
    Rule(_labels_need_columns, ("labels", "columns.id", "columns.label")),
    Rule(_observed_when, ("labels.observed_when", "columns.prediction")),
    Rule(_positive),
    Rule(_groups, ("groups", "columns.prediction")),
    Rule(_reference_groups, ("groups", "fairness.reference_group")),
    Rule(_versions, ("versions", "columns.version")),
    Rule(_valid),
    Rule(_zone),
    Rule(_bounds),
    Rule(_drift, _DRIFT_KEYS),
    Rule(_column_names),
    Rule(_one_role_each, ("columns.label", "labels")),
)
