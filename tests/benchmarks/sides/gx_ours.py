"""The same suite through our context: Parquet files measured a slice at a time, judged by GX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import retroaudit.measures.hash_kernels
import retroaudit.measures.kernels  # noqa: F401  compiled code is loaded before the clock runs, as pandas is
from retroaudit.checks.quality.gx.context import get_context
from tests.benchmarks.sides.gx_outcomes import FORMAT, outcomes
from tests.benchmarks.sides.say import asked, say, timed, versions


def main() -> None:
    """Validate; once more a few rows."""
    import great_expectations as gx  # noqa: PLC0415
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    wanted = asked()
    context = get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_polars("polars")
    suite = gx.ExpectationSuite(**json.loads(Path(wanted["suite"]).read_text()))

    def validate(name: str) -> Any:
        asset = source.add_parquet_asset(name, path=wanted[name])
        return asset.add_batch_definition("all").get_batch().validate(suite, result_format=FORMAT)

    result, validating = timed(lambda: validate("files"))
    _, fixed = timed(lambda: validate("few"))
    found = versions("retroaudit", "great-expectations", "polars", "numpy")
    say(validating=validating, fixed=fixed, outcomes=outcomes(result), versions=found)


if __name__ == "__main__":
    main()
