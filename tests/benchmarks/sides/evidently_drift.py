"""Evidently's DataDriftPreset over rows in pandas; its report as HTML."""

from __future__ import annotations

from tests.benchmarks.sides.columns import CATEGORICAL_METHOD, CATEGORIES, FEATURES, NUMERIC, NUMERIC_METHOD, THRESHOLD
from tests.benchmarks.sides.say import asked, say, timed, versions


def main() -> None:
    """Read both files, run the preset, and save the page."""
    import pandas as pd  # noqa: PLC0415
    from evidently import DataDefinition, Dataset, Report  # noqa: PLC0415
    from evidently.presets import DataDriftPreset  # noqa: PLC0415

    wanted = asked()
    definition = DataDefinition(numerical_columns=list(NUMERIC), categorical_columns=list(CATEGORIES))
    preset = DataDriftPreset(
        num_method=NUMERIC_METHOD, cat_method=CATEGORICAL_METHOD, num_threshold=THRESHOLD, cat_threshold=THRESHOLD
    )

    def read(name: str) -> Dataset:
        frame = pd.read_parquet(wanted[name], columns=list(FEATURES))
        return Dataset.from_pandas(frame, data_definition=definition)

    (reference, current), reading = timed(lambda: (read("reference"), read("current")))
    snapshot, running = timed(lambda: Report([preset]).run(current, reference))
    scores = {
        metric["config"]["column"]: float(metric["value"])
        for metric in snapshot.dict()["metrics"]
        if metric["config"]["type"].endswith(":ValueDrift")
    }
    _, saving = timed(lambda: snapshot.save_html(wanted["html"]))
    found = versions("evidently", "pandas", "numpy")
    say(reading=reading, running=running, saving=saving, scores=scores, versions=found)


if __name__ == "__main__":
    main()
