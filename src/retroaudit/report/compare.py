"""Two stored reports, metric by metric."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]
_Key = tuple[str, str, str, str]


def compare(before: Document, after: Document) -> dict[str, Any]:
    """Every metric whose value or verdict differs, changed verdicts first; a metric that one side lacks differs.

    `compared` counts the metrics that either report has. Stored documents are read by `canonical.parse` first.
    """
    old, new = _by_key(before), _by_key(after)
    keys = sorted(old.keys() | new.keys())
    rows = [_row(key, old.get(key), new.get(key)) for key in keys]
    changed = [row for row in rows if (row["before"], row["verdict_before"]) != (row["after"], row["verdict_after"])]
    changed.sort(key=lambda row: row["verdict_before"] == row["verdict_after"])
    return {
        "before": before["audit"]["id"],
        "after": after["audit"]["id"],
        "verdict_before": before["summary"]["verdict"],
        "verdict_after": after["summary"]["verdict"],
        "compared": len(rows),
        "metrics": changed,
    }


def _by_key(document: Document) -> dict[_Key, Mapping[str, Any]]:
    return {
        (m["check"], m["metric"], m["subject"], json.dumps(m["slice"], sort_keys=True)): m for m in document["metrics"]
    }


def _row(key: _Key, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any]:
    check, metric, subject, slice_ = key
    return {
        "check": check,
        "metric": metric,
        "subject": subject,
        "slice": json.loads(slice_),
        "before": old["value"] if old else None,
        "after": new["value"] if new else None,
        "verdict_before": old["verdict"] if old else "absent",
        "verdict_after": new["verdict"] if new else "absent",
    }
