"""Every benchmark once at tiny size: the shape of its lines, and that ratios are of both sides. No clock decides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.all import BENCHMARKS
from tests.benchmarks.drift_nannyml import PYTHON
from tests.benchmarks.harness import SIZES
from tests.benchmarks.results import page

pytestmark = pytest.mark.slow
SHAPE = {"benchmark", "row", "size", "work", "against", "ours", "ratio", "reach", "reached", "machine"}


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    return [line for run in BENCHMARKS.values() for line in run(SIZES["tiny"])]


def test_every_benchmark_has_lines_of_one_shape(lines: list[dict[str, Any]]) -> None:
    absent = set() if PYTHON.exists() else {"drift-nannyml"}
    assert {line["benchmark"] for line in lines} == set(BENCHMARKS) - absent
    assert [line for line in lines if not line.keys() >= SHAPE] == []
    assert json.loads(json.dumps(lines)) == lines


def test_ratios_are_of_both_sides(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        assert line["ratio"] == pytest.approx(expected(line), rel=0.01, abs=1e-3), (line["benchmark"], line["row"])
        sign, bound = line["reach"].split()
        assert line["reached"] is (line["ratio"] >= float(bound) if sign == ">=" else line["ratio"] <= float(bound))


def expected(line: dict[str, Any]) -> float:
    """The ratio again, from what the line says of both sides."""
    against, ours = line["against"], line["ours"]
    if line["row"].endswith("memory"):
        return float(ours["peak_bytes"] / against["peak_bytes"])
    if line["benchmark"] == "states":
        return float(ours["bytes"] / against["bytes"])
    if line["benchmark"] == "partitions":
        return float(line["seconds_a_partition"][1] / line["seconds_a_partition"][0])
    faster = against["median"] / ours["median"]
    return float(faster if line["reach"].startswith(">=") else 1 / faster)


def test_drift_agrees_with_evidently(lines: list[dict[str, Any]]) -> None:
    (line,) = (line for line in lines if (line["benchmark"], line["row"]) == ("drift-evidently", "in process"))
    assert line["max_score_difference"] <= 5e-5
    assert line["same_drifted"] is True
    assert line["drifted"]


def test_a_window_from_states_reads_no_rows_and_is_the_same_report(lines: list[dict[str, Any]]) -> None:
    (line,) = (line for line in lines if (line["benchmark"], line["row"]) == ("windows", "from states"))
    size = SIZES["tiny"]
    assert line["rows_read"] == [(size.days + 1) * size.day_rows, 0]  # the reference is one more
    assert line["same_report"] is True


def test_lines_name_no_place(lines: list[dict[str, Any]]) -> None:
    assert str(Path.home()) not in json.dumps(lines)
    assert str(Path(__file__).parents[2]) not in json.dumps(lines)


def test_the_page_has_every_row(lines: list[dict[str, Any]]) -> None:
    written = page(lines)
    assert all(f"| {line['benchmark']}: {line['row']} |" in written for line in lines)
    assert "| 1e12 |" in written
