"""GX with its pandas engine: files into one frame, the suite validated in an ephemeral context.

GX hashes a frame's every row, twice, to name the batch: how long that took is told, to be left out of the comparison.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.benchmarks.sides.gx_outcomes import FORMAT, outcomes
from tests.benchmarks.sides.say import asked, say, timed, versions


def main() -> None:
    """Read and validate; validate once more a few rows, which tells what GX costs at all."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415
    from great_expectations.execution_engine import pandas_execution_engine as engine  # noqa: PLC0415

    wanted = asked()
    hashing: list[float] = []
    hash_frame: Any = engine.hash_pandas_dataframe

    def hash_timed(frame: Any) -> Any:
        found, seconds = timed(lambda: hash_frame(frame))
        hashing.append(seconds)
        return found

    engine.hash_pandas_dataframe = hash_timed
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("orders")
    rows = asset.add_batch_definition_whole_dataframe("all")
    suite = gx.ExpectationSuite(**json.loads(Path(wanted["suite"]).read_text()))

    def validate(files: str) -> Any:
        frame = pd.read_parquet(files)
        return rows.get_batch(batch_parameters={"dataframe": frame}).validate(suite, result_format=FORMAT)

    result, validating = timed(lambda: validate(wanted["files"]))
    hashed = sum(hashing)
    _, fixed = timed(lambda: validate(wanted["few"]))
    found = versions("great-expectations", "pandas", "numpy")
    say(validating=validating, hashing=hashed, fixed=fixed, outcomes=outcomes(result), versions=found)


if __name__ == "__main__":
    main()
