"""What entries say, held against each other: rules C1 to C7 of the format, one entry after the other.

Plans, due lists and voids are held; of reports, eight bytes for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger.checking.digests import Digests
from retroaudit.ledger.checking.findings import Findings
from retroaudit.ledger.coordinates import MANIFEST, REPORTS, ReportId, entry_kind
from retroaudit.ledger.entries import Recorded
from retroaudit.ledger.kinds import Decision, DueList, Heartbeat, Hold, Plan, Void
from retroaudit.ledger.manifest import Manifest
from retroaudit.ledger.statement import moment

_OPEN_DAYS = 7  # that a plan may stay open
_LONG_DAYS = 31  # a heartbeat that promises more makes silence last as long
_PLAN_FILE = "plan.json"
_VOIDABLE = {"plan": "plan", "due": "due list"}
_MANIFEST = re.compile(rf"({REPORTS}.*/)rev=([0-9]{{6}})/{re.escape(MANIFEST)}", re.DOTALL)
_FIRST = "/rev=000001/"
_Series = tuple[str, str, str, str]  # model, window, kind, part


@dataclass(frozen=True)
class Place:
    """Where an entry stands in the log: its key, the index of its leaf, and the commit that holds it, with its time."""

    key: str
    index: int
    commit: int
    time: datetime  # UTC


@dataclass(frozen=True)
class _Planned:
    series: _Series
    plan: str
    place: Place


@dataclass
class Rules:
    """Takes entries in the log's order, and judges them at `finish`."""

    findings: Findings
    keys: Digests = field(default_factory=Digests)  # of all leaves so far
    _series: Digests = field(default_factory=Digests)
    _plans: dict[tuple[str, str], list[_Planned]] = field(default_factory=dict)  # by model and window
    _open: dict[tuple[_Series, str], list[Place]] = field(default_factory=dict)
    _due: list[tuple[Place, DueList]] = field(default_factory=list)
    _voided: dict[str, int] = field(default_factory=dict)  # keys of entries, and the index of the void
    _revived: list[str] = field(default_factory=list)  # reports whose plan was given up before them
    _heartbeat: tuple[Place, Heartbeat] | None = None
    _unplanned: list[str] = field(default_factory=list)
    _count_unplanned: int = 0

    def leaf(self, key: str) -> None:
        """A leaf, before what it names; revisions of a series come in the order of the log (C7)."""
        found = None if _FIRST in key else _MANIFEST.fullmatch(key)  # most have but one
        if found and int(found[2]) > 1:
            folder, rev = found[1], int(found[2])
            if f"{folder}rev={rev - 1:06d}/{MANIFEST}" not in self.keys:
                meaning = f"revision {rev} stands in the log without the one before it: it was left out, or came later"
                self.findings.problem(key, f"revision {rev - 1} before it", "none", meaning)
        self.keys.add(key)

    def report(self, found: Manifest) -> None:
        """A report: it closes its plan, which stands before it (C3) and was not the only one tried (C4)."""
        report, named = found.report, found.predicate.get("plan")
        series = (report.model, report.window, report.kind, report.part)
        self._series.add(report.series_folder)
        if named is None:
            self._count_unplanned += 1
            self._unplanned[1:] = []
            self._unplanned.append(str(report))
            return
        plans = self._plans.get((report.model, report.window), [])
        own = next((each for each in plans if each.series == series and each.plan == named), None)
        if own is None:
            meaning = (
                "what it would test was not sealed before it was sealed itself: it may have been fitted to the data"
            )
            found_text = "none" if not plans else "plans of other audits alone, or of later"
            self.findings.problem(str(report), f"plan {str(named)[:80]} in the log before it", found_text, meaning)
            return
        self._open.pop((series, own.plan), None)
        if own.place.key in self._voided:
            self._revived.append(str(report))
        others = {each.plan for each in plans if each.place.index < own.place.index} - {own.plan}
        missing = others - _named(found.predicate.get("other_plans"))
        if missing:
            meaning = "other audits of the same window were planned before it, and the report keeps silent about them"
            self.findings.problem(str(report), f"plan {min(missing)} among its other plans", "it is not named", meaning)

    def entry(self, place: Place, found: Recorded) -> None:
        """Any other entry."""
        body = found.entry.body
        if isinstance(body, Plan):
            self._plan(place, body, found)
        elif isinstance(body, DueList):
            self._due.append((place, body))
        elif isinstance(body, Void):
            self._void(place, body)
        elif isinstance(body, Decision):
            self._require(place, body.report, _manifest_key(body.report), "the report that was decided about")
        elif isinstance(body, Hold):
            self._require(place, body.report, _manifest_key(body.report), "the report that was put under hold")
        elif isinstance(body, Heartbeat):
            self._heartbeat = (place, body)

    def finish(self, judged_at: datetime) -> None:
        """After the last entry: what was due, what is open, and whether the log fell silent."""
        for place, body in self._due:
            if self._voided.get(place.key, -1) < place.index:
                self._check_due(place, body, judged_at)
        for (series, plan), places in self._open.items():
            for place in places:
                if self._voided.get(place.key, -1) < place.index:
                    self._check_open(series, plan, place.time, judged_at)
        self._check_heartbeat(judged_at)
        self._tell_voided()
        self.tell_unplanned()

    def _plan(self, place: Place, body: Plan, found: Recorded) -> None:
        series = (body.model, body.window, body.audit, body.part)
        self._plans.setdefault(series[:2], []).append(_Planned(series, body.plan, place))
        self._open.setdefault((series, body.plan), []).append(place)
        sealed = next((file.sha256 for file in found.entry.files if file.name == _PLAN_FILE), None)
        if sealed != body.plan:
            there = f"sha256 {sealed}" if sealed else "no such file"
            meaning = "the plan that the entry names is not the one that it holds: what would be tested is unknown"
            self.findings.problem(place.key, f"{_PLAN_FILE} with sha256 {body.plan}", there, meaning)

    def _void(self, place: Place, body: Void) -> None:
        """Only plans and due lists can be given up (C6): no void takes anything else out of the log."""
        if entry_kind(body.entry) in _VOIDABLE:
            self._voided[body.entry] = place.index
            self._require(place, body.entry, body.entry, "the entry that this one voids")
        else:
            meaning = "nothing but a plan or a due list can be given up: what this one names still counts"
            self.findings.problem(place.key, "the key of a plan or a due list", body.entry[:300], meaning)

    def _tell_voided(self) -> None:
        """What was given up is legal, and worth reading: who did so, and why."""
        counts = {name: sum(entry_kind(key) == kind for key in self._voided) for kind, name in _VOIDABLE.items()}
        told = [f"{count} {name}{'s' if count > 1 else ''}" for name, count in counts.items() if count]
        if told:
            where = "who did so and why: `retroaudit ledger log --kind void`"
            self.findings.notes.append(f"{' and '.join(told)} given up (void entries): {where}")
        self.findings.names(self._revived, "its plan was given up before it (a void entry), and run again")

    def _require(self, place: Place, name: str, key: str | None, what: str) -> None:
        if key is None or key not in self.keys:
            meaning = f"{what} is not in the log before it: it was never there, or was taken out"
            self.findings.problem(place.key, f"{name[:300]} in the log", "nothing", meaning)

    def _check_due(self, place: Place, body: DueList, judged_at: datetime) -> None:
        for each in body.windows:
            due = self._time(place.key, each.due)
            series = f"{body.model}/{each.window}/{body.audit}/{body.part}"
            if due is None or due > judged_at or self._reported(f"{series}/1"):
                continue
            meaning = f"an audit that was due on {each.due} was never sealed, or its report was taken out"
            self.findings.problem(series, f"a report by {each.due}", "none in the log", meaning)

    def _reported(self, report: str) -> bool:
        try:
            return ReportId.parse(report).series_folder in self._series
        except BadInput:
            return False  # no report can have such a name

    def _check_open(self, series: _Series, plan: str, committed: datetime, judged_at: datetime) -> None:
        name = "/".join(series)
        since = committed.isoformat()
        if judged_at - committed > timedelta(days=_OPEN_DAYS):
            meaning = f"an audit was planned on {since} and neither reported nor given up: was its result not wanted?"
            self.findings.problem(f"plan {plan} of {name}", "a report, or a void", "neither", meaning)
        else:
            self.findings.notes.append(f"plan {plan} of {name}: open since {since}")

    def _check_heartbeat(self, judged_at: datetime) -> None:
        if self._heartbeat is None:
            self.findings.notes.append("no heartbeat in the log: nothing says by when it must have gone on")
            return
        place, body = self._heartbeat
        promised = self._time(place.key, body.next)
        if promised is None:
            return
        if promised < judged_at:
            meaning = f"the log fell silent: its keeper promised on {body.at} to be back by {body.next}"
            self.findings.problem(place.key, f"a heartbeat by {body.next}", "none", meaning)
        elif promised - place.time > timedelta(days=_LONG_DAYS):
            self.findings.notes.append(
                f"the newest heartbeat, of {place.time.isoformat()}, promises the next by {body.next} alone: "
                "that the log fell silent could not be seen before"
            )

    def tell_unplanned(self) -> None:
        """Reports without a plan: a problem where others have one."""
        if not self._count_unplanned:
            return
        more = f" and {self._count_unplanned - 1} more" if self._count_unplanned > 1 else ""
        if self._plans:
            meaning = "it names no plan, as others here do: what it would test was not sealed before"
            self.findings.problem(self._unplanned[0] + more, "a plan in the log before it", "none named", meaning)
        else:
            self.findings.notes.append(
                f"{self._unplanned[0]}{more}: no plan of its window was sealed in this log; "
                "nothing says what was to be tested"
            )

    def _time(self, subject: str, text: str) -> datetime | None:
        try:
            return moment(text, subject)
        except IntegrityBroken as error:
            self.findings.refused(subject, "a time", error, "the entry says no time that can be read")
            return None


def _named(others: object) -> set[str]:
    return set(_plans_of(others)) if isinstance(others, list) else set()


def _plans_of(others: list[object]) -> Iterator[str]:
    for each in others:
        plan = each.get("plan") if isinstance(each, dict) else None
        if isinstance(plan, str):
            yield plan


def _manifest_key(text: str) -> str | None:
    try:
        return ReportId.parse(text).manifest_key
    except BadInput:
        return None
