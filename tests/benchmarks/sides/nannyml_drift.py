"""NannyML's univariate drift over rows in pandas, in an environment of its own, which has none of ours."""

from __future__ import annotations

from tests.benchmarks.sides.columns import CATEGORIES, FEATURES, NUMERIC_METHOD
from tests.benchmarks.sides.say import asked, say, timed, versions


def main() -> None:
    """Fit on the reference, calculate the window as one chunk."""
    import nannyml  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    wanted = asked()
    read = {name: pd.read_parquet(wanted[name], columns=list(FEATURES)) for name in ("reference", "current")}
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=list(FEATURES),
        treat_as_categorical=list(CATEGORIES),
        continuous_methods=[NUMERIC_METHOD],
        categorical_methods=["jensen_shannon"],
        chunk_number=1,
    )
    result, running = timed(lambda: calculator.fit(read["reference"]).calculate(read["current"]))
    columns = len(result.filter(period="analysis").to_df().columns)
    say(running=running, columns=columns, versions=versions("nannyml", "pandas", "numpy"))


if __name__ == "__main__":
    main()
