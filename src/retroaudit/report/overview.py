"""What stands first on the page: the verdict in a sentence, and the checks at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from retroaudit.report import wording
from retroaudit.report.charts.rows import days

_LOOK_AT = 4  # findings that the first sentence names
_ORDER = tuple(wording.CHECKS)


def overview(document: Mapping[str, Any]) -> dict[str, Any]:
    """The headline, the tiles of numbers, and a line for each check."""
    summary, inputs = document["summary"], document["inputs"]
    return {
        "verdict": summary["verdict"],
        "said": _said(document),
        "look": _look(document["findings"]),
        "tiles": _tiles(document),
        "checks": [_line(check, document) for check in in_order(summary["checks"])],
        "partitions": _partitions(inputs),
        "objects": _objects(inputs),
        "days": _days(inputs),
    }


def in_order(checks: Mapping[str, Any]) -> list[str]:
    """The checks of a report as a reader meets them; those that this version does not know come last."""
    return sorted(checks, key=lambda check: (_ORDER.index(check) if check in _ORDER else len(_ORDER), check))


def worst(check: str, document: Mapping[str, Any]) -> str:
    """The worst verdict of a check; "" where nothing of it was judged, "skipped" where all of it was skipped."""
    counts = document["summary"]["checks"][check]
    first = next((verdict for verdict in wording.VERDICTS if counts[verdict]), "")
    everything = sum(row["check"] == check for row in document["metrics"])
    return "" if first == "skipped" and counts["skipped"] < everything else first


def _look(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The most severe finding of each check first, so that one check does not hide the others."""
    first = {finding["check"]: finding for finding in reversed(findings)}
    return sorted(first.values(), key=lambda finding: list(findings).index(finding))[:_LOOK_AT]


def _said(document: Mapping[str, Any]) -> str:
    """How many of the checked metrics did what; never more than the counts say."""
    summary = document["summary"]
    counts, checked = summary["verdicts"], summary["checked"]
    if not checked:
        return f"nothing was checked: no metric had both a value and a threshold{_unsaid(document)}."
    parts = [
        f"{wording.number(counts[verdict])} {word}"
        for verdict, word in (
            ("failed", "failed"),
            ("inconclusive", "could not be decided either way"),
            ("passed", "passed"),
        )
        if counts[verdict]
    ]
    listed = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
    return f"of {wording.plural(checked, 'checked metric')}, {listed}{_unsaid(document)}."


def _unsaid(document: Mapping[str, Any]) -> str:
    """How many metrics were asked and could not be checked, and why where one reason holds for all."""
    reasons = [row["reason"] for row in document["metrics"] if row["verdict"] == "insufficient"]
    if not reasons:
        return ""
    why = wording.shown(reasons[0]) if reasons[0] and len(set(reasons)) == 1 else "the tables give each reason"
    return f"; {wording.number(len(reasons))} more could not be checked ({why})"


def _tiles(document: Mapping[str, Any]) -> list[dict[str, str]]:
    summary, inputs = document["summary"], document["inputs"]
    rows, days = inputs["totals"]["rows"], inputs["window"]["days"]
    seen = sum(bool(each["logs"]) for each in inputs["partitions"])
    tiles = [
        {
            "label": "findings",
            "value": wording.number(len(document["findings"])),
            "note": f"of {wording.plural(summary['verdicts']['failed'], 'failed metric')}",
        },
        {"label": "checked", "value": wording.number(summary["checked"]), "note": f"of {summary['metrics']} metrics"},
        {"label": "rows", "value": wording.number(rows["counted"]), "note": f"of {wording.number(rows['read'])} read"},
    ]
    days_tile = {"label": "days", "value": wording.number(seen), "note": f"of {wording.number(days)} in the window"}
    return [*tiles, days_tile] if days else tiles


def _line(check: str, document: Mapping[str, Any]) -> dict[str, Any]:
    counts = document["summary"]["checks"][check]
    return {"check": check, "verdict": worst(check, document), "counts": counts, "bar": _bar(counts)}


def _bar(counts: Mapping[str, int]) -> list[tuple[str, float, float]]:
    """The verdicts' shares as (verdict, start, width) in percent of a bar; skipped ones stand in it too."""
    total, start = sum(counts.values()) or 1, 0.0
    pieces = []
    for verdict in wording.VERDICTS:
        width = round(counts[verdict] / total * 100, 2)
        if width:
            pieces.append((verdict, round(start, 2), width))
        start += width
    return pieces


def _days(inputs: Mapping[str, Any]) -> Markup | None:
    """Rows counted on each day of the window, the missing days among them; None for a snapshot."""
    counted = {each["key"]: each["rows"] for each in inputs["partitions"] if each["logs"]}
    table = [(key, _counted(counted.get(key))) for key in sorted({*counted, *inputs["missing"]})]
    return days(table, "Rows counted on each day; a cross is a day without data") if len(table) > 1 else None


def _counted(rows: Mapping[str, Any] | None) -> int | None:
    return None if rows is None or rows["unreadable"] is not None else rows["counted"]


def _partitions(inputs: Mapping[str, Any]) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """The window's partitions, and those of references with what they are for: "reference", "previous" and so on."""
    rolling = [(name, part) for name, each in inputs.get("rolling", {}).items() for part in each["partitions"]]
    fixed = [("reference", inputs["reference"])] if inputs["reference"] else []
    return [*(("", part) for part in inputs["partitions"]), *fixed, *rolling]


def _objects(inputs: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Every object that was read, in one list: logs, labels, control totals, and what references are made of."""
    return [
        {**each, "kind": kind, "role": role}
        for role, partition in _partitions(inputs)
        for kind in ("logs", "labels", "control")
        for each in partition[kind]
    ]
