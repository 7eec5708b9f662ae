"""The table of benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tests.benchmarks import drift_evidently, drift_nannyml, ledger, measuring, partitions, states, suite_gx, windows
from tests.benchmarks.harness import Document, Size

BENCHMARKS: Mapping[str, Callable[[Size], Iterator[Document]]] = {
    each.NAME: each.run
    for each in (drift_evidently, drift_nannyml, measuring, windows, partitions, states, suite_gx, ledger)
}
"""By name; each yields lines as `harness.line` makes them."""
