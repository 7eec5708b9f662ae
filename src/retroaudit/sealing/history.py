"""What a report says of those before it: other plans, verdicts that changed, erasures that explain a loss of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.ledger import entries, manifest
from retroaudit.ledger.coordinates import ReportId, blob_key
from retroaudit.ledger.kinds import Erasure, Plan
from retroaudit.ledger.listing import listed
from retroaudit.ledger.manifest import File, Manifest
from retroaudit.ledger.read import Logged
from retroaudit.report.canonical import parse
from retroaudit.report.compare import compare
from retroaudit.storage.protocol import Storage

_REPORT = "report.json"
_READ_OF = ("logs", "labels", "control")


@dataclass(frozen=True)
class Before:
    """The revision before: what its manifest says, and its document."""

    manifest: Manifest
    document: Mapping[str, Any]


def before(store: Storage, report: ReportId) -> Before | None:
    """The revision before this one, or None where it is the first.

    Raises `IntegrityBroken` where its manifest or its document is not what was sealed.
    """
    if report.supersedes is None:
        return None
    found = _manifest(store, report.supersedes)
    (file,) = (file for file in found.files if file.name == _REPORT)
    data = store.read(blob_key(file.sha256))
    if File.of(_REPORT, data) != file:
        subject = f"{_REPORT} of {found.report}"
        raise IntegrityBroken(Fault(subject, "other bytes", f"sha256 {file.sha256}", "Run verify."))
    return Before(found, parse(data))


def other_plans(store: Storage, report: ReportId, plan: str) -> list[dict[str, Any]]:
    """Every other plan that the log has for this model and window, in the order of their keys.

    Who tries several references or thresholds and shows one report shows the others' plans with it.
    """
    bodies = [each.recorded.entry.body for each in listed(store, Plan.kind, report.model, report.window)]
    found = [(body.audit, body.part, body.plan) for body in bodies if isinstance(body, Plan)]
    own = (report.kind, report.part, plan)
    return [
        {"plan": digest, "audit": kind, "part": part}
        for kind, part, digest in sorted(found)
        if own != (kind, part, digest)
    ]


def changed_verdicts(previous: Before | None, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each metric whose verdict is another than in the revision before; "absent" where one of the two has none."""
    if previous is None:
        return []
    rows = compare(previous.document, document)["metrics"]
    return [
        {
            **{name: row[name] for name in ("check", "metric", "subject", "slice")},
            "before": row["verdict_before"],
            "after": row["verdict_after"],
        }
        for row in rows
        if row["verdict_before"] != row["verdict_after"]
    ]


def explained_by(store: Storage, previous: Before | None, document: Mapping[str, Any]) -> tuple[Logged, ...]:
    """Declared erasures in the archive that explain what changed against the revision before, in the log's order.

    Such a one names a partition whose objects changed, and explained no revision before. It explains no more rows
    than it declares: where more are gone than all of them together say, or some were added, they explain nothing.
    """
    gone = _rows_gone(previous.document, document) if previous else {}
    if previous is None or not gone:
        return ()
    spent = set(_explained_before(store, previous.manifest))
    naming = [
        (each, body)
        for each, body in _erasures(store, previous.manifest.report.model)
        if each.key not in spent and gone.keys() & set(body.partitions)
    ]
    lost = [gone[name] for name in {name for _, body in naming for name in body.partitions} & gone.keys()]
    rows = [body.rows for _, body in naming]
    enough = None in rows or sum(lost) <= sum(each for each in rows if each is not None)
    if not enough or any(each < 0 for each in lost):
        return ()
    return tuple(sorted((each for each, _ in naming), key=lambda each: each.index))


def declared(store: Storage, keys: Iterable[str]) -> tuple[dict[str, Any], ...]:
    """What these erasures say, as plain values: when they were declared, of which partitions, how many rows."""
    found = [(key, entries.parse(store.read(key), key)[0].entry.body) for key in keys]
    return tuple(
        {"entry": key, "at": body.at, "partitions": body.partitions, "rows": body.rows}
        for key, body in found
        if isinstance(body, Erasure)
    )


def _erasures(store: Storage, model: str) -> Iterator[tuple[Logged, Erasure]]:
    for each in listed(store, Erasure.kind, model):
        body = each.recorded.entry.body
        if isinstance(body, Erasure) and body.scope == "archive":
            yield each, body


def _explained_before(store: Storage, newest: Manifest) -> Iterator[str]:
    found: Manifest | None = newest
    while found:
        yield from found.predicate.get("explained_by", ())
        found = _manifest(store, found.report.supersedes) if found.report.supersedes else None


def _manifest(store: Storage, report: ReportId) -> Manifest:
    return manifest.parse(store.read(report.manifest_key), str(report))[0]


def _rows_gone(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, int]:
    """How many rows fewer there are in each partition whose objects changed, by its key."""
    was, now = _partitions(old["inputs"]), _partitions(new["inputs"])
    return {
        key: was[key].rows - now[key].rows for key in was.keys() | now.keys() if was[key].objects != now[key].objects
    }


@dataclass
class _Seen:
    """A partition as one report read it, for whatever it read it; nothing where it did not."""

    rows: int = 0
    objects: frozenset[tuple[str, ...]] = frozenset()


def _partitions(inputs: Mapping[str, Any]) -> defaultdict[str, _Seen]:
    found: defaultdict[str, _Seen] = defaultdict(_Seen)
    fixed = [inputs["reference"]] if inputs["reference"] else []
    rolling = [each for other in inputs["rolling"].values() for each in other["partitions"]]
    for each in (*rolling, *fixed, *inputs["partitions"]):  # the window's own come last: they are what was audited
        objects = {tuple(map(str, sorted(o.items()))) for kind in _READ_OF for o in each[kind]}
        found[each["key"]] = _Seen((each["rows"] or {}).get("read", 0), frozenset(objects))
    return found
