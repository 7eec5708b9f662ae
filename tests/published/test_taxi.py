"""New York taxi trips as Great Expectations tests them: a column that fills up, and days as partitions."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.world import World, metric, metrics

pytestmark = pytest.mark.published

MONTHS = ("2018-06", "2018-12", "2019-01", "2019-02", "2019-03", "2019-06", "2019-07")
COLUMN = "congestion_surcharge"
FEATURES = {"fare_amount": "numeric", "trip_distance": "numeric", COLUMN: "numeric", "payment_type": "categorical"}


def taxi_file(reference_data: Path, month: str) -> Path:
    return reference_data / "nyc_taxi_gx" / "data" / f"yellow_tripdata_sample_{month}.csv"


def trips(reference_data: Path, month: str) -> pl.DataFrame:
    return pl.read_csv(taxi_file(reference_data, month), schema_overrides={COLUMN: pl.Float64}, try_parse_dates=True)


def nulls_counted_by_hand(path: Path) -> float:
    """The share of empty fields, counted with the standard library's csv module."""
    with path.open(newline="") as file:
        fields = [row[COLUMN] for row in csv.DictReader(file)]
    return fields.count("") / len(fields)


@pytest.mark.parametrize("month", MONTHS[1:])
def test_the_column_that_fills_up_is_seen_month_by_month(world: World, reference_data: Path, month: str) -> None:
    for name in (MONTHS[0], month):
        world.put(f"trips/{name}/part-0.parquet", trips(reference_data, name))
    sealed = world.audit(
        {
            "logs": {"path": f"trips/{month}/*.parquet"},
            "reference": {"path": f"trips/{MONTHS[0]}/*.parquet"},
            "columns": {"features": FEATURES},
            "quality": {"null_rate": 0.05},
        }
    )
    found = metric(world.report(sealed.report), metric="null_rate", subject=COLUMN)
    truth = nulls_counted_by_hand(taxi_file(reference_data, month))
    assert found["reference"] == 1.0  # all null in 2018-06
    assert found["value"] == pytest.approx(truth, abs=1e-12)
    assert found["verdict"] == ("failed" if truth > 0.05 else "passed")


def test_the_surcharge_was_introduced_in_2019(reference_data: Path) -> None:
    """The data's own README: "from all null to 63 % null to none"; the test above can pass and fail."""
    shares = [nulls_counted_by_hand(taxi_file(reference_data, month)) for month in MONTHS]
    assert shares[0] == 1.0
    assert any(abs(share - 0.63) < 0.01 for share in shares)
    assert shares[-1] == 0.0


def test_a_month_of_days_is_complete(world: World, reference_data: Path) -> None:
    """28 days in 2019-02 (Great Expectations' test_integration_datasource.py: 28 daily batches), 10,000 trips."""
    expected = json.loads((reference_data / "nyc_taxi_gx" / "expected.json").read_text())["references"]
    (days,) = (r["value"] for r in expected if r["metric"] == "distinct_days")
    frame = trips(reference_data, "2019-02")
    for (day,), part in frame.group_by(pl.col("pickup_datetime").dt.date()):
        world.put(f"trips/date={day}/part-0.parquet", part)
    sealed = world.audit(
        {
            "logs": {"path": "trips/date={date}/*.parquet"},
            "columns": {"time": "pickup_datetime", "features": FEATURES},
            "quality": {"null_rate": 0.99},
        },
        "2019-02",
    )
    inputs = world.report(sealed.report)["inputs"]
    assert len(inputs["partitions"]) == days
    assert inputs["missing"] == []
    assert inputs["totals"]["rows"]["counted"] == 10_000


@pytest.mark.slow
@pytest.mark.parametrize("month", ["2018-06", "2019-02", "2019-07"])
def test_the_taxi_suite_is_judged_as_pandas_judges_it(world: World, reference_data: Path, month: str) -> None:
    """`expectations/nyc_taxi.json` through Great Expectations' own pandas engine, expectation by expectation."""
    rows = trips(reference_data, month)
    world.put(f"trips/{month}/part-0.parquet", rows)
    written = Path(__file__).parents[2] / "expectations" / "nyc_taxi.json"
    (world.root / "nyc_taxi.json").write_bytes(written.read_bytes())
    sealed = world.audit(
        {"logs": {"path": f"trips/{month}/*.parquet"}, "columns": {}, "quality": {"suite": written.name}}
    )
    document = world.report(sealed.report)
    found: dict[str, set[str]] = {}
    for each in metrics(document, check="quality"):
        found.setdefault(f"{each['metric']} {each['subject']} {each['slice'].get('expectation')}", set()).add(
            each["verdict"]
        )
    pandas = judged_by_pandas(rows, json.loads(written.read_text()))
    assert len(found) == len(pandas)
    assert sorted(verdicts == {"passed"} for verdicts in found.values()) == sorted(pandas)
    surcharge = metric(document, metric="expect_column_values_to_not_be_null", subject=COLUMN)
    assert surcharge["verdict"] == ("failed" if month == "2018-06" else "passed")  # all null then (the data's README)


def judged_by_pandas(rows: pl.DataFrame, suite: dict[str, Any]) -> list[bool]:
    import great_expectations as gx  # noqa: PLC0415  # takes seconds, and the audit has imported it

    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("trips")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows.to_pandas()})
    kept = {key: suite[key] for key in ("name", "expectations")}
    result = batch.validate(gx.ExpectationSuite(**kept))
    return [bool(each.success) for each in result.results]
