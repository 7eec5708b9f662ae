"""The parts of a bundle's page that tell what is in it. Whatever comes from data is escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping

from retroaudit.ledger._evidence import Evidence, Noted, Sealed
from retroaudit.ledger._markdown import escaped, table
from retroaudit.ledger.coordinates import blob_key
from retroaudit.ledger.kinds import Key, Plan

_DIGITS = 12  # of a digest, where people compare by eye

_MEANINGS = {
    "passed": "every check passed",
    "failed": "at least one check failed",
    "inconclusive": "no check failed, and at least one could not decide",
    "insufficient": "there was too little data to judge",
    "skipped": "nothing was checked, for the reason that the report gives",
}

_PLANS = """
## The plans of this window

A plan says what will be tested, and is sealed before a row is read. This report's is {}; a plan is the file below
`blobs/` whose name begins so. What became of the others is what the operator's store says: their reports are not here.

"""


def report(found: Evidence) -> str:
    """What was found, and where its files are."""
    about, sealed = found.report.manifest.report, found.report.manifest
    verdict = sealed.predicate.get("verdict")
    meaning = _MEANINGS.get(str(verdict))
    newest = found.revisions[-1].manifest.report.rev
    newer = "" if about.rev == newest else f"; **revision {newest} has taken its place**"
    rows = [
        ("model", escaped(about.model)),
        ("window", escaped(about.window)),
        ("kind and part of the audit", f"{escaped(about.kind)}, {escaped(about.part)}"),
        ("verdict", f"**{escaped(verdict)}**" + (f": {meaning}" if meaning else "")),
        ("findings", escaped(sealed.predicate.get("findings"))),
        ("sealed at", escaped(sealed.sealed_at.isoformat())),
        ("revision", f"{about.rev} of {newest}{newer}"),
        ("hold", "under legal hold" if _held(found) else "none"),
    ]
    names = table(("file", "bytes", "where"), _files(found.report))
    where = "Its files lie under their hashes; copy one to its name to open it."
    return f"## What it says\n\n{table(('', ''), rows)}\n{where}\n\n{names}"


def _files(sealed: Sealed) -> Iterator[tuple[str, str, str]]:
    for file in sealed.manifest.files:
        yield escaped(file.name), str(file.size), f"`{blob_key(file.sha256)}`"


def _held(found: Evidence) -> bool:
    report = str(found.report.manifest.report)
    holds = [each for each in found.notes if each.entry.kind == "hold" and _field(each, "report") == report]
    return bool(holds and _field(holds[-1], "on"))


def plans(found: Evidence) -> str:
    """Every plan of the window and its fate."""
    rows = [row for each in found.plans if (row := _plan(found, each))]
    own = str(found.report.manifest.predicate.get("plan"))[:_DIGITS]
    words = _PLANS.format(escaped(own))
    return words + table(("plan", "kind and part", "labels known by", "recorded at", "what became of it"), rows)


def _plan(found: Evidence, noted: Noted) -> tuple[str, ...] | None:
    body = noted.body
    if not isinstance(body, Plan):
        return None
    recorded = noted.recorded.recorded_at.isoformat()
    about = f"{escaped(body.audit)}, {escaped(body.part)}"
    return f"`{body.plan[:_DIGITS]}`", about, escaped(body.as_of), escaped(recorded), _fate(found, noted)


def _fate(found: Evidence, noted: Noted) -> str:
    key = noted.standing.leaf.key
    reports = ", ".join(escaped(each) for each in found.closing.get(key, ()))
    void = found.void_of(key)
    withdrawn = f"void: {escaped(void.reason)} ({escaped(void.by)}, {escaped(void.at)})" if void else ""
    return (
        "; ".join(filter(None, (f"report {reports}" if reports else "", withdrawn)))
        or "**open**: neither report nor void"
    )


def revisions(found: Evidence) -> str:
    """Every revision, why it came about, and what it changed."""
    before: Sealed | None = None
    rows = []
    for each in found.revisions:
        sealed, says = each.manifest, each.manifest.predicate
        shown = (sealed.sealed_at.isoformat(), says.get("verdict"), says.get("findings"))
        cells = (*map(escaped, shown), _cause(each, before, found), _changed(each))
        rows.append((str(sealed.report.rev), *cells))
        before = each
    names = ("revision", "sealed at", "verdict", "findings", "cause", "verdicts that changed")
    return f"\n## Its revisions\n\n{table(names, rows)}"


def _cause(sealed: Sealed, before: Sealed | None, found: Evidence) -> str:
    if before is None:
        return "the first"
    old, new = before.manifest.run_key, sealed.manifest.run_key
    changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    text = f"changed: {', '.join(map(escaped, changed)) or 'nothing that was named'}"
    explained = sealed.manifest.predicate.get("explained_by")
    keys = {each.standing.leaf.key: each for each in found.notes}
    known = [keys[key] for key in map(str, explained) if key in keys] if isinstance(explained, list) else []
    reasons = "; ".join(f"{each.entry.kind}: {escaped(_field(each, 'reason'))}" for each in known)
    return f"{text}; explained by {reasons}" if reasons else text


def _changed(sealed: Sealed) -> str:
    listed = sealed.manifest.predicate.get("changed_verdicts")
    found = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    return "; ".join(_change(each) for each in found) or "-"


def _change(verdict: Mapping[str, object]) -> str:
    names = (verdict.get(name) for name in ("check", "metric", "subject"))
    slice_ = verdict.get("slice")
    parts = [f"{name}={value}" for name, value in slice_.items()] if isinstance(slice_, Mapping) else []
    what = " ".join(escaped(each) for each in (*names, *parts) if each)
    return f"{what}: {escaped(verdict.get('before'))} → {escaped(verdict.get('after'))}"


def notes(found: Evidence) -> str:
    """Changes, decisions, erasures and holds of the model; nothing where there are none."""
    if not found.notes:
        return ""
    rows = [_note(found, each) for each in found.notes]
    heading = "\n## What people recorded about this model\n\nClaims of whoever held the log's key.\n\n"
    return heading + table(("kind", "what", "by", "at", "reason"), rows)


def _note(found: Evidence, noted: Noted) -> tuple[str, ...]:
    names = ("report", "fingerprint", "decision", "scope", "partitions", "rows", "what", "before", "after", "on")
    fields = noted.body.model_dump()
    what = ", ".join(f"{name} {escaped(_shown(fields[name]))}" for name in names if fields.get(name) is not None)
    void = found.void_of(noted.standing.leaf.key)
    taken_back = f"; taken back: {escaped(void.reason)}" if void else ""
    return (
        noted.entry.kind,
        what,
        *(escaped(fields.get(name)) for name in ("by", "at")),
        escaped(fields.get("reason")) + taken_back,
    )


def _shown(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _field(noted: Noted, name: str) -> object:
    return noted.body.model_dump().get(name)


def log(found: Evidence, stamps: int) -> str:
    """The signed root, and the keys."""
    body, point = found.last.body, found.last.note.checkpoint
    rows = [
        ("log", escaped(point.origin)),
        ("entries", str(point.size)),
        ("root", f"`{base64.b64encode(point.root).decode()}`"),
        ("signed at", escaped(body.time.isoformat())),
        ("time-stamps in this folder, not checked by `verify.py`", str(stamps)),
    ]
    keys = [_key(each) for each in found.keys]
    shown = table(("key id", "named at", "expires", "by", "reason"), keys)
    return f"\n## The log's checkpoint\n\n{table(('', ''), rows)}\nIts keys, the first to the last:\n\n{shown}"


def _key(noted: Noted) -> tuple[str, ...]:
    body = noted.body
    keyid = f"`{body.keyid}`" if isinstance(body, Key) else ""
    recorded = noted.recorded.recorded_at.isoformat()
    return keyid, escaped(recorded), *(escaped(_field(noted, name)) for name in ("expires", "by", "reason"))
