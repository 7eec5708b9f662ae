"""The metrics as Parquet: the document's rows, column by column."""

from __future__ import annotations

import io
import json

import polars as pl

from retroaudit.report.tables import metrics_parquet
from retroaudit.report.write import write
from tests.report.sample import sample

COLUMNS = [
    *("check", "metric", "subject", "slice", "value", "low", "high", "n"),
    *("reference", "threshold", "verdict", "reason"),
]


def test_the_same_rows_give_the_same_bytes() -> None:
    assert metrics_parquet(sample()["metrics"]) == metrics_parquet(sample()["metrics"])


def test_the_table_is_the_documents_rows() -> None:
    rows = sample()["metrics"]
    frame = pl.read_parquet(io.BytesIO(metrics_parquet(rows)))
    assert frame.columns == COLUMNS
    back = [{**row, "slice": json.loads(row["slice"])} for row in frame.to_dicts()]
    assert back == [{name: row[name] for name in COLUMNS} for row in rows]


def test_no_rows_give_a_table_of_the_same_columns() -> None:
    frame = pl.read_parquet(io.BytesIO(metrics_parquet([])))
    assert frame.columns == COLUMNS
    assert frame.is_empty()


def test_the_files_of_a_report() -> None:
    assert sorted(write(sample())) == ["metrics.parquet", "report.html", "report.json"]
