"""The files of a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from retroaudit.faults import BadInput, Fault
from retroaudit.report.canonical import canonical
from retroaudit.report.evidently.beside import Child, beside
from retroaudit.report.html import render
from retroaudit.report.tables import metrics_parquet
from retroaudit.spec.model import Spec


def write(document: Mapping[str, Any]) -> dict[str, bytes]:
    """Every file of a report by its name, made from the document alone."""
    return {
        "report.json": canonical(document),
        "metrics.parquet": metrics_parquet(document["metrics"]),
        "report.html": render(document),
    }


@contextmanager
def evidently(spec: Spec) -> Iterator[Child | None]:
    """Evidently in a process of its own where the spec asks for its snapshot: its import runs beside what is done here.

    Raises `BadInput` where it is asked for and not installed.
    """
    if not spec.drift.evidently:
        yield None
        return
    if find_spec("evidently") is None:
        remedy = "Install it: pip install 'retroaudit[evidently]'"
        raise BadInput(Fault("drift.evidently", "no Evidently here", "evidently 0.7.23 with pandas < 3.1", remedy))
    with beside() as child:
        yield child
