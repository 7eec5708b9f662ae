"""Great Expectations' verdicts by its own pandas engine and by ours, in a form that can be compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.validator.metrics_calculator import MetricsCalculator

from retroaudit.checks.quality.gx.batch import Batch
from retroaudit.checks.quality.gx.engine import PolarsExecutionEngine

RAISED = "raised"


def by_pandas(document: Mapping[str, Any], frame: pl.DataFrame, format_: str) -> Any:
    """What GX says of the frame as pandas reads it from Parquet."""
    rows = frame.to_arrow().to_pandas()
    return judged(document, PandasExecutionEngine(batch_data_dict={"batch": rows}), format_)


def by_polars(document: Mapping[str, Any], batch: Batch, format_: str) -> Any:
    """What GX says of a batch of ours."""
    engine = PolarsExecutionEngine()
    engine.load_batch_data("batch", batch)
    return judged(document, engine, format_)


def judged(document: Mapping[str, Any], engine: PandasExecutionEngine, format_: str) -> Any:
    """Verdict and result as plain values; `RAISED` where GX raises."""
    runtime = {"result_format": {"result_format": format_}}
    expectation = ExpectationConfiguration(type=document["type"], kwargs=document["kwargs"]).to_domain_obj()
    try:
        wanted = expectation.get_validation_dependencies(execution_engine=engine, runtime_configuration=dict(runtime))
        graph = MetricsCalculator(execution_engine=engine).build_metric_dependency_graph(
            metric_configurations=wanted.get_metric_configurations(), runtime_configuration=dict(runtime)
        )
        found, failed = graph.resolve(runtime_configuration=dict(runtime), show_progress_bars=False)
        if failed:
            return RAISED
        verdict = expectation.metrics_validate(found, execution_engine=engine, runtime_configuration=dict(runtime))
    except Exception:  # noqa: BLE001  # whatever GX raises
        return RAISED
    return {"success": bool(verdict.success), **plain(verdict.result)}


def plain(value: Any) -> Any:
    """Values as Python's: NaN, NaT and NA as None, whole floats as integers, decimals as floats, times as text."""
    if isinstance(value, Mapping):
        return {str(key): _sorted(key, plain(each)) for key, each in value.items()}
    if isinstance(value, list | tuple | set | np.ndarray):
        return [plain(each) for each in value]
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    value = value.item() if isinstance(value, np.generic) else float(value) if isinstance(value, Decimal) else value
    if isinstance(value, float):
        return None if math.isnan(value) else int(value) if value.is_integer() else value
    return value.isoformat() if hasattr(value, "isoformat") else value


def _sorted(key: Any, value: Any) -> Any:
    """What GX lists of a set has the order of its hashes."""
    return sorted(value, key=str) if key == "partial_missing_list" else value


def same(a: Any, b: Any) -> bool:
    """Equal, floats to twelve digits."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float | int) and isinstance(b, float | int):
        return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)
    return bool(a == b)
