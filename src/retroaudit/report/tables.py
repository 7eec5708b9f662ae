"""The metrics as a Parquet table, the same rows as in the document."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
import rfc8785

_SCHEMA = pl.Schema(
    {
        "check": pl.String(),
        "metric": pl.String(),
        "subject": pl.String(),
        "slice": pl.String(),  # canonical JSON: {"race":"African-American"}, {} for all
        "value": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "n": pl.Int64(),
        "reference": pl.Float64(),
        "threshold": pl.Struct({"min": pl.Float64(), "max": pl.Float64()}),
        "verdict": pl.String(),
        "reason": pl.String(),
    }
)


def metrics_parquet(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The document's `metrics` as one Parquet file; the same rows give the same bytes.

    Nulls stay null: `threshold` is null where there is none, and one of its sides where that is open.
    """
    frame = pl.DataFrame([{**row, "slice": rfc8785.dumps(row["slice"]).decode()} for row in rows], schema=_SCHEMA)
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=True)
    return buffer.getvalue()
