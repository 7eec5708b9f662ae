"""What happens in the log of the test vectors: two models, a revision, a change of keys, every kind of entry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.entries import Entry
from retroaudit.ledger.kinds import Body, Change, Decision, Due, DueList, Erasure, Heartbeat, Hold, Plan, Sample, Void
from retroaudit.ledger.kinds import Store as Keeping
from retroaudit.ledger.seal import Sealing
from retroaudit.ledger.statement import File

FIRST_DAY = datetime(2026, 7, 1, 12, tzinfo=UTC)
MOMENT = "2026-07-10T00:00:00+00:00"  # of judgement: nothing is overdue then
AWKWARD = "Kredit 100% <b>ünï"
LONG = "模" * 200  # its segment of a key is cut
PART = "EU & UK~…"
BY = "Zoë O'Neil"


@dataclass(frozen=True)
class Planned:
    """A plan as an entry, and the contents of its files."""

    entry: Entry
    files: Mapping[str, bytes]

    @property
    def plan(self) -> str:
        """The sha256 of `plan.json`."""
        return next(file.sha256 for file in self.entry.files if file.name == "plan.json")


def moment(days: float) -> datetime:
    """So many days after the log began."""
    return FIRST_DAY + timedelta(days=days)


def text(days: float) -> str:
    """The same as the log writes it."""
    return moment(days).isoformat()


def plan(report: ReportId, as_of: str | None) -> Planned:
    """A plan for a report, of as few words as will do."""
    spec = _json({"model": report.model, "owner": "owner@example.com"})
    document = {"as_of": as_of, "checks": ["drift", "fairness"], "part": report.part, "window": report.window}
    files = {"plan.json": _json({**document, "spec": File.of("", spec).sha256}), "spec.json": spec}
    named = tuple(File.of(name, data) for name, data in files.items())
    body = Plan(
        model=report.model,
        window=report.window,
        audit=report.kind,
        part=report.part,
        plan=named[0].sha256,
        as_of=as_of,
    )
    return Planned(Entry(body, named), files)


def audit(
    report: ReportId,
    planned: Planned,
    others: Sequence[Planned],
    at: float,
    *,
    rows: int,
    verdict: str = "passed",
    changed: Sequence[Mapping[str, Any]] = (),
    explained_by: Sequence[str] = (),
) -> Sealing:
    """A report with all that a manifest says of it; its data are `rows`."""
    findings = int(verdict == "failed")
    files = {
        "report.json": _json({"id": str(report), "plan": planned.plan, "rows": rows, "verdict": verdict}),
        "report.html": f"<!doctype html><title>Audit</title><p>{verdict}, {rows} rows\n".encode(),
        "table.csv": b"check,verdict\n" + f"drift,{verdict}\n".encode(),
    }
    data = File.of("", f"rows {rows}".encode()).sha256
    predicate = {
        "verdict": verdict,
        "findings": findings,
        "tier": "high",
        "plan": planned.plan,
        "other_plans": [_named(each) for each in others],
        "changed_verdicts": [dict(each) for each in changed],
        "explained_by": list(explained_by),
        "buildDefinition": _definition(report, planned, data, rows),
        "runDetails": _run(at, rows),
    }
    return Sealing(report, files, predicate, {"inputs": data, "plan": planned.plan})


def before_first_report(first: ReportId, second: ReportId) -> tuple[Body, ...]:
    """What a store and its keeper promise; the last of it is a mistake."""
    days = [Due(window=first.window, due=text(2))]
    return (
        Keeping(
            tenant="Ünïted Bank, 1", retention_days={"low": 30, "medium": 365, "high": 3650}, locked=True, at=text(0)
        ),
        DueList(model=first.model, audit=first.kind, part=first.part, windows=days),
        DueList(
            model=second.model, audit=second.kind, part=second.part, windows=[Due(window=second.window, due=text(5))]
        ),
        Heartbeat(at=text(0), next=text(1)),
        DueList(model="no such model", audit="day", part="main", windows=days),
    )


def erasure(report: ReportId) -> Erasure:
    """The upstream erasure that explains the second revision."""
    reason = "ticket #17: a person's right\nto erasure"
    partitions = [f"logs/date={report.window}/part-0.parquet"]
    return Erasure(
        model=report.model, scope="archive", partitions=partitions, rows=3, by=BY, reason=reason, at=text(2.5)
    )


def afterwards(report: ReportId, given_up: Planned, mistake: Entry) -> tuple[Body, ...]:
    """What people did about the reports."""
    said: dict[str, Any] = {"by": BY, "at": text(6)}
    digests = [File.of("", each).sha256 for each in (b"old", b"new")]
    return (
        Void(entry=given_up.entry.key, reason="the candidate was withdrawn", **said),
        Void(entry=mistake.key, reason="no such model", **said),
        Decision(
            model=report.model,
            report=str(report),
            fingerprint="drift/amount",
            decision="accepted",
            reason="[see](https://example.com) <script>alert(1)</script> | `x`",
            **said,
        ),
        Change(model=report.model, what="reference", before=None, after=digests[0], reason="the first one", **said),
        Change(model=report.model, what="policy", before=digests[0], after=digests[1], reason="stricter", **said),
        Hold(model=report.model, report=str(report), on=True, reason="a court's order", **said),
        Sample(model=report.model, report=str(report), commitment=digests[1], at=text(6)),
        Heartbeat(at=text(6), next=text(13)),
    )


def _named(planned: Planned) -> dict[str, str]:
    body = planned.entry.body.model_dump()
    return {"plan": planned.plan, "audit": body["audit"], "part": body["part"]}


def _definition(report: ReportId, planned: Planned, data: str, rows: int) -> dict[str, Any]:
    digests = {file.name: file.sha256 for file in planned.entry.files}
    key = f"logs/date={report.window}/part-0.parquet"
    read = {
        "uri": f"file:///archive/{key}",
        "digest": {"sha256": data},
        "annotations": {
            "role": "window",
            "partition": report.window,
            "key": key,
            "size": 1000 + rows,
            "version": None,
            "modified": text(0),
            "checksum": None,
        },
    }
    return {
        "buildType": "https://retroaudit.dev/audit/v1",
        "externalParameters": {
            "model": report.model,
            "window": report.window,
            "kind": report.kind,
            "part": report.part,
            "as_of": planned.entry.body.model_dump()["as_of"],
            "spec": digests["spec.json"],
            "policy": File.of("", b"policy").sha256,
            "plan": planned.plan,
            "archive": "file:///archive",
        },
        "internalParameters": {"versions": {"drift": 1, "fairness": 2}},
        "resolvedDependencies": [read],
    }


def _run(at: float, rows: int) -> dict[str, Any]:
    version = {
        "retroaudit": "0.1.0",
        "commit": "0" * 40,
        "lock_sha256": File.of("", b"lock").sha256,
        "environment_sha256": File.of("", b"environment").sha256,
        "libraries": {"polars": "2.1.0"},
        "python": "3.13.1",
        "image": None,
    }
    return {
        "builder": {"id": "https://retroaudit.dev/builder", "version": version},
        "metadata": {"invocationId": f"run-{rows}", "startedOn": text(at - 0.01), "finishedOn": text(at)},
        "byproducts": [],
        "execution": {"rows_read": rows, "reused": 0, "platform": "linux", "host": "host", "orchestration": None},
    }


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
