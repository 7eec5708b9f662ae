from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from retroaudit.archive.inputs import Schema, SchemaChange
from retroaudit.archive.schema import survey
from retroaudit.faults import BadInput
from retroaudit.spec.model import Spec
from tests.archive.small import DAY, Archive, rows_of, spec_of

WINDOW = "2026-07-01/2026-07-04"


def look(archive: Archive, spec: Spec | None = None) -> Schema:
    spec = spec or spec_of()
    return survey(spec, archive.pin(spec, WINDOW), archive.storage)


def days(archive: Archive, *frames: pl.DataFrame | bytes) -> None:
    for number, frame in enumerate(frames, 1):
        archive.log(frame, day=f"2026-07-0{number}")


def faults(archive: Archive, **parts: Any) -> list[str]:
    with pytest.raises(BadInput) as raised:
        look(archive, spec_of(**parts))
    return [str(fault) for fault in raised.value.faults]


def test_columns_and_no_change(archive: Archive) -> None:
    days(archive, rows_of(2), rows_of(3), rows_of(4))
    found = look(archive)
    assert found.changes == ()
    assert found.columns["s"] == "double"
    assert found.columns["id"] == "string"
    assert found.columns["t"] == "timestamp[us, tz=UTC]"


def test_changes_are_named_column_by_column(archive: Archive) -> None:
    odd = rows_of(2, s=pl.lit("0.5"), new=pl.lit(1)).drop("v")
    days(archive, rows_of(2), odd, rows_of(2))
    assert look(archive).changes == (
        SchemaChange("2026-07-02", "new", "int32", "absent"),
        SchemaChange("2026-07-02", "s", "string", "double"),
        SchemaChange("2026-07-02", "v", "absent", "string"),
    )


def test_files_of_one_day_and_the_reference_may_differ_too(archive: Archive) -> None:
    days(archive, rows_of(2), rows_of(2), rows_of(2))
    archive.log(rows_of(2, s=pl.lit(1)), "b")
    archive.log(rows_of(2, s=pl.lit(1)), "c")
    odd = rows_of(2, f=pl.lit("text"), y=pl.lit(True)).drop("s")  # y and s are no features: a reference needs neither
    archive.write("ref/a.parquet", odd)
    days_with_feature = [rows_of(2, f=pl.lit(1.5)) for _ in range(3)]
    days(archive, *days_with_feature)
    columns = {"features": {"f": "numeric"}}
    assert look(archive, spec_of(reference={"path": "ref/*.parquet"}, columns=columns)).changes == (
        SchemaChange(DAY, "f", "absent", "double"),
        SchemaChange(DAY, "s", "int32", "double"),
        SchemaChange("reference", "f", "string", "double"),
    )


def test_how_text_is_stored_is_no_change(archive: Archive) -> None:
    days(archive, rows_of(2), rows_of(2, v=pl.lit("a").cast(pl.Categorical)))
    assert look(archive).changes == ()


def test_wrong_names_all_at_once_with_the_nearest(archive: Archive) -> None:
    days(archive, rows_of(2, amount=pl.lit(1.0)))
    found = faults(archive, columns={"score": "scoer", "features": {"amonut": "numeric", "nothing_*": "numeric"}})
    assert len(found) == 3
    assert any("scoer" in fault for fault in found)
    assert any("amonut" in fault and "amount" in fault for fault in found)


def test_types_wrong_for_their_use_everywhere(archive: Archive) -> None:
    frame = rows_of(2, s=pl.lit("high"), t=pl.lit(5), f=pl.lit("x"), p=pl.lit([1]), c=pl.lit([1]))
    days(archive, frame, frame)
    found = faults(archive, columns={"features": {"f": "numeric", "c": "categorical"}})
    expected = [
        "columns.score 's'",
        "columns.time 't'",
        "columns.prediction 'p'",
        "columns.features 'c'",
        "columns.features 'f'",
    ]
    assert [fault.split(":")[0] for fault in found] == expected


def test_a_type_wrong_in_some_files_is_a_change_alone(archive: Archive) -> None:
    days(archive, rows_of(2, s=pl.lit("high")), rows_of(2), rows_of(2))
    assert look(archive).changes == (SchemaChange("2026-07-01", "s", "string", "double"),)


def test_words_cannot_be_positive_among_numbers(archive: Archive) -> None:
    days(archive, rows_of(2))
    assert "columns.positive" in faults(archive, columns={"positive": "yes"})[0]


def test_over_budget_refuses_before_reading(archive: Archive) -> None:
    days(archive, rows_of(6), rows_of(6))
    assert faults(archive, limits={"rows": 10}) == [
        "archive: found 12 rows to read, expected at most 10 (limits.rows). Audit a shorter window, or raise the limit."
    ]


def test_files_that_cannot_be_read_say_nothing_and_count_for_no_budget(archive: Archive) -> None:
    days(archive, rows_of(6), rows_of(20, odd=pl.lit(1)), b"no parquet at all")
    found = look(archive, spec_of(limits={"rows": 10}))
    assert (found.changes, "odd" in found.columns, "s" in found.columns) == ((), False, True)


def test_where_nothing_can_be_read_nothing_is_asked(archive: Archive) -> None:
    days(archive, b"no parquet at all")
    assert look(archive).columns == {}


def test_label_files_have_their_columns(archive: Archive) -> None:
    days(archive, rows_of(2).drop("y"))
    archive.write(f"labels/{DAY}.parquet", pl.DataFrame({"id": ["a"], "Y": [1]}))
    found = faults(archive, labels={"path": "labels/{date}.parquet", "arrived": "at"})
    assert ["columns.label" in found[0], "labels.arrived" in found[1]] == [True, True]


def test_reserved_names_are_nobodys(archive: Archive) -> None:
    days(archive, rows_of(2).with_columns(pl.lit(1).alias("@label")))
    assert "@label" not in look(archive).columns


def test_a_survey_is_the_same_whatever_came_first(archive: Archive, tmp_path: Path) -> None:
    """Ties go to the first name, so nothing hangs on the order in which files are listed or read."""
    days(archive, rows_of(2, s=pl.lit(1)), rows_of(2))
    other = Archive(tmp_path / "other")
    days(other, rows_of(2), rows_of(2, s=pl.lit(1)))
    assert look(archive).columns == look(other).columns
