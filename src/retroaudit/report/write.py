"""The files of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retroaudit.report.canonical import canonical
from retroaudit.report.html import render
from retroaudit.report.tables import metrics_parquet


def write(document: Mapping[str, Any]) -> dict[str, bytes]:
    """Every file of a report by its name, made from the document alone."""
    return {
        "report.json": canonical(document),
        "metrics.parquet": metrics_parquet(document["metrics"]),
        "report.html": render(document),
    }
