"""From a sealed report to a sample of its rows: the same again, no person in it, and nothing read in vain."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.reviewing.written import Sample
from tests.reviewing.conftest import DAYS, DOCUMENT, Draw, day
from tests.test_measuring import Reads
from tests.world import World

pytestmark = pytest.mark.slow

MASKED = {**DOCUMENT, "privacy": {"values": "masked"}}
FULL = {**DOCUMENT, "privacy": {"values": "full"}}
NOTES = {**MASKED, "columns": {**DOCUMENT["columns"], "features": {"*": "categorical", "amount": "numeric"}}}
EXPECTATIONS: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_values_to_not_be_null", {"column": "amount"}),
    ("expect_column_values_to_be_between", {"column": "amount", "max_value": 6}),
    ("expect_column_values_to_be_between", {"column": "score", "max_value": 1}),  # holds
    ("expect_column_values_to_be_unique", {"column": "channel"}),  # fails, and for no row alone
    (
        "expect_column_values_to_be_in_set",
        {
            "column": "channel",
            "value_set": ["c0", "c1"],
            "row_condition": "version == '1.0'",
            "condition_parser": "pandas",
        },
    ),
]


def rows(sample: Sample, of: str = "all") -> list[dict[str, Any]]:
    found = [json.loads(line) for line in sample.lines.splitlines()]
    return [row for row in found if row["draw"] == of]


def test_the_same_again_is_the_same_bytes_with_states_or_without(draw: Draw) -> None:
    first = draw(MASKED)
    assert draw(MASKED).record == first.record
    assert draw(MASKED, states=False).lines == first.lines
    assert draw(MASKED, salt=b"another salt, also long enough").lines != first.lines


def test_the_cutting_of_slices_changes_nothing(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    first = draw(MASKED)
    monkeypatch.setattr("retroaudit.archive.scan.SLICE_ROWS", 77)
    assert draw(MASKED).record == first.record


def test_every_stratum_has_its_row(draw: Draw) -> None:
    about = draw().about["draws"]["all"]
    assert (about["rows"], about["drawn"]) == (1200, 60)
    assert all(0 < stratum["drawn"] <= stratum["rows"] for stratum in about["strata"])
    assert {stratum["band"] for stratum in about["strata"]} == {f"{i / 10:.1f}-{(i + 1) / 10:.1f}" for i in range(10)}
    assert sum(stratum["rows"] for stratum in about["strata"]) == 1200


def test_failing_rows_are_those_that_fail(draw: Draw) -> None:
    found = draw(FULL, full=True, rows=0, failing=50)
    assert {name["name"]: name["rows_at_most"] for name in found.about["conditions"]} == {
        "null_rate(amount)": 20,
        "out_of_range_rate(amount)": 1,
    }
    failing = day(1).filter(pl.col("amount").is_null() | (pl.col("amount") > 6))
    assert {row["values"]["id"] for row in rows(found, "failing")} == set(failing["id"])
    broken = {row["values"]["amount"]: row["stratum"]["broken"] for row in rows(found, "failing")}
    assert broken == {None: ["null_rate(amount)"], 60.0: ["out_of_range_rate(amount)"]}


def test_of_failing_rows_only_failing_partitions_and_columns_are_read(draw: Draw, reads: Reads) -> None:
    draw(NOTES)
    reads.asked.clear()
    found = draw(NOTES, rows=0)
    ours = [(key, columns) for key, columns in reads.asked if columns]
    assert [key for key, _ in ours] == [f"logs/date={DAYS[1]}/part-0.parquet"]
    roles = {"time", "id", "version", "prediction", "score", "label", "group"}
    assert ours[0][1] == roles | {"amount"}
    assert found.about["columns"] == ["amount", "label", "prediction", "score", "time"]
    assert found.about["draws"]["all"]["rows"] == 0


def test_without_states_every_partition_may_fail(draw: Draw, reads: Reads) -> None:
    draw()
    reads.asked.clear()
    found = draw(rows=0, states=False)
    assert {key for key, _ in reads.asked} == {f"logs/date={name}/part-0.parquet" for name in DAYS}
    assert {each["rows_at_most"] for each in found.about["conditions"]} == {None}
    assert len(rows(found, "failing")) == 10


@pytest.mark.parametrize(
    "document", [DOCUMENT, MASKED, NOTES, FULL], ids=["counts", "masked", "notes", "not said twice"]
)
def test_no_person_is_in_the_bytes(draw: Draw, document: dict[str, Any]) -> None:
    found = draw(document)
    data = found.lines + found.record
    for number in range(3):
        for text in (*day(number)["id"], *day(number)["note"]):
            assert text.encode() not in data
    assert b"0123456789abcdef" not in data


def test_counts_have_no_values(draw: Draw) -> None:
    assert {tuple(row) for row in rows(draw())} == {("draw", "ref", "stratum")}


def test_masked_values_are_shapes_months_and_leading_digits(draw: Draw) -> None:
    values = [row["values"] for row in rows(draw(NOTES))]
    assert {row["note"] for row in values} == {"aa aa +99 99 (17-32)"}
    assert {row["time"] for row in values} == {"2026-07"}
    assert {row["prediction"] for row in values} <= {0, 1}
    assert {row["channel"] for row in values} == {"a9"}
    assert not {"id", "version", "group"} & set(values[0])


def test_whole_values_take_two_words(draw: Draw) -> None:
    with pytest.raises(BadInput, match=r"privacy\.values: masked"):
        draw(MASKED, full=True)
    whole = rows(draw(FULL, full=True))
    known = {row["id"]: row for row in pl.concat(map(day, range(3))).iter_rows(named=True)}
    for row in whole:
        assert row["values"]["channel"] == known[row["values"]["id"]]["channel"]
        assert row["values"]["score"] == known[row["values"]["id"]]["score"]
        assert row["stratum"]["groups"] == {"group": known[row["values"]["id"]]["group"]}


def test_a_slice_that_failed_is_a_stratum_of_its_own(draw: Draw, audited: World) -> None:
    unfair = day(0).with_columns(pl.when(pl.col("group") == "g1").then(0).otherwise(1).alias("prediction"))
    audited.put(f"logs/date={DAYS[0]}/part-0.parquet", unfair)
    strata = draw().about["draws"]["all"]["strata"]
    assert {(stratum["groups"]["group"], stratum["failed"]) for stratum in strata if stratum["groups"]} == {
        ("g0", False),
        ("g1", True),
    }


def test_small_strata_keep_their_group_to_themselves(draw: Draw) -> None:
    few = {**DOCUMENT, "privacy": {"min_cell": 1000}}
    found = draw(few)
    assert {row["stratum"]["groups"] for row in rows(found)} == {None}
    assert {stratum["version"] for stratum in found.about["draws"]["all"]["strata"]} == {None}
    assert b"g0" not in found.lines + found.record


def test_rows_without_ids_are_known_by_their_place(draw: Draw, audited: World) -> None:
    nameless = {**DOCUMENT, "columns": {**DOCUMENT["columns"], "id": None}}
    first = rows(draw(nameless))
    assert len({row["ref"] for row in first}) == 60
    path = audited.archive / f"logs/date={DAYS[0]}/part-0.parquet"
    path.rename(path.with_name("part-9.parquet"))
    assert {row["ref"] for row in rows(draw(nameless))} != {row["ref"] for row in first}


def test_only_rows_that_count_are_drawn(draw: Draw, audited: World) -> None:
    stray = day(0).with_columns(pl.lit(2.0).alias("score"))
    audited.put(f"logs/date={DAYS[0]}/part-0.parquet", stray)
    assert draw().about["draws"]["all"]["rows"] == 800


@pytest.mark.filterwarnings("ignore")  # GX's own
def test_rows_that_an_expectation_of_a_suite_fails(draw: Draw, audited: World, reads: Reads) -> None:
    suite = {"name": "ours", "expectations": [{"type": name, "kwargs": kwargs} for name, kwargs in EXPECTATIONS]}
    (audited.root / "ours.json").write_text(json.dumps(suite))
    document = {**FULL, "quality": {"suite": "ours.json"}}
    draw(document)
    reads.asked.clear()
    found = draw(document, full=True, rows=0, failing=100)
    assert {each["name"]: each["rows_at_most"] for each in found.about["conditions"]} == {
        "expect_column_values_to_not_be_null(amount)": 20,
        "expect_column_values_to_be_between(amount)": 1,
        "expect_column_values_to_be_in_set row_condition=version == '1.0'(channel)": 399,
    }
    every = pl.concat(map(day, range(3)))
    failing = every.filter(pl.col("amount").is_null() | (pl.col("amount") > 6) | (pl.col("channel") == "c2"))
    values = {row["values"]["id"]: row["values"] for row in rows(found, "failing")}
    assert len(values) == 100
    assert values.keys() <= set(failing["id"])
    amounts = {name: row["amount"] for name, row in values.items() if "amount" in row}  # of the second day: read there
    assert amounts == dict(
        failing.filter(pl.col("id").is_in(values), pl.col("id").str.contains("-1-"))["id", "amount"].rows()
    )
    assert {name for row in rows(found, "failing") for name in row["stratum"]["broken"]} == {
        each["name"] for each in found.about["conditions"]
    }
    assert [key for key, columns in reads.asked if "amount" in columns] == [f"logs/date={DAYS[1]}/part-0.parquet"]


def test_what_changed_since_stops_it(draw: Draw, audited: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = World.audit

    def then_change(self: World, *words: Any, **more: Any) -> Any:
        sealed = whole(self, *words, **more)
        audited.put(f"logs/date={DAYS[0]}/part-0.parquet", day(0).head(300))
        return sealed

    monkeypatch.setattr(World, "audit", then_change)
    with pytest.raises(IntegrityBroken, match="bytes of the report"):
        draw()


def test_a_partition_that_could_not_be_read_is_left_out(draw: Draw, audited: World) -> None:
    (audited.archive / f"logs/date={DAYS[2]}/part-0.parquet").write_bytes(b"no Parquet at all")
    assert draw().about["draws"]["all"]["rows"] == 800
