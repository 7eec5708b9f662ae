"""What a manifest says beside its files, in the shape of SLSA's provenance: https://slsa.dev/spec/v1.1/provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from retroaudit import identity
from retroaudit.archive.inputs import Pinned as Object
from retroaudit.artefacts import Judged, Merged, Pinned, Places, Run, Written
from retroaudit.report.canonical import parse
from retroaudit.sealing import history

BUILD_TYPE = "https://retroaudit.dev/audit/v1"
BUILDER = "https://retroaudit.dev/builder"


def predicate(
    pinned: Pinned, merged: Merged, judged: Judged, written: Written, places: Places, run: Run, finished: datetime
) -> dict[str, Any]:
    """Verdict, plan and history, then how the report came about: what was asked, what was read, what read it."""
    previous = history.before(places.store, written.report)
    document = (
        parse(written.files["report.json"]) if previous else {}
    )  # a first revision has nothing to be held against
    return {
        "verdict": judged.verdict.value,
        "findings": len(judged.findings),
        "tier": pinned.spec.tier,
        "plan": pinned.plan,
        "other_plans": history.other_plans(places.store, written.report, pinned.plan),
        "changed_verdicts": history.changed_verdicts(previous, document),
        "explained_by": [each.key for each in history.explained_by(places.store, previous, document)],
        "buildDefinition": _definition(pinned, written, places),
        "runDetails": _details(merged, run, finished),
    }


def _definition(pinned: Pinned, written: Written, places: Places) -> dict[str, Any]:
    report = written.report
    return {
        "buildType": BUILD_TYPE,
        "externalParameters": {
            "model": report.model,
            "window": report.window,
            "kind": report.kind,
            "part": report.part,
            "as_of": identity.instant(pinned.inputs.as_of),
            "spec": written.run_key["spec"],
            "policy": written.run_key["policy"],
            "plan": pinned.plan,
            "archive": places.archive.url,
        },
        "internalParameters": {"versions": identity.versions()},
        "resolvedDependencies": list(_dependencies(pinned, places.archive.url)),
    }


def _dependencies(pinned: Pinned, archive: str) -> Iterator[dict[str, Any]]:
    for work in pinned.work():
        partition = identity.named(work.role, work.partition.key)
        roles: Mapping[str, tuple[Object, ...]] = {
            "logs": work.partition.logs,
            "labels": work.partition.labels,
            "control": work.partition.control,
        }
        for role, objects in roles.items():
            yield from (_dependency(role, partition, each, archive) for each in objects)


def _dependency(role: str, partition: str, pinned: Object, archive: str) -> dict[str, Any]:
    info = pinned.info
    return {
        "uri": f"{archive.rstrip('/')}/{quote(info.key, errors='surrogatepass')}",
        "digest": {"sha256": pinned.sha256} if pinned.sha256 else {},
        "annotations": {
            "role": role,
            "partition": partition,
            "key": info.key,
            "size": info.size,
            "version": info.version,
            "modified": identity.instant(info.modified),
            "checksum": info.checksum,
        },
    }


def _details(merged: Merged, run: Run, finished: datetime) -> dict[str, Any]:
    execution = run.facts.get("execution", {})
    return {
        "builder": {"id": BUILDER, "version": dict(run.facts.get("builder", {}))},
        "metadata": {
            "invocationId": execution.get("orchestration", {}).get("run_id"),
            "startedOn": identity.instant(run.started),
            "finishedOn": identity.instant(finished),
        },
        "byproducts": [],
        "execution": {"rows_read": merged.rows_read, "reused": merged.reused, **execution},
    }
