from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.archive import labels as module
from retroaudit.archive.labels import Cutoff, LabelColumns, Lookup, lookup
from retroaudit.faults import Unreadable
from tests.archive.small import DAY, Archive, rows_of, spec_of

COLUMNS = LabelColumns("id", "y", "at", (1,), "UTC")
AS_OF = datetime(2026, 7, 31, tzinfo=UTC)
LABELS = {"path": "labels/{date}.parquet", "arrived": "at"}
SPEC = spec_of(labels=LABELS)


def frame(*rows: tuple[Any, Any, int | None]) -> pl.DataFrame:
    """Rows of id, label, and days before (negative) or after `AS_OF` on which it arrived."""
    return pl.DataFrame(
        {
            "id": [row[0] for row in rows],
            "y": [row[1] for row in rows],
            "at": [None if row[2] is None else AS_OF + timedelta(days=row[2]) for row in rows],
        },
        schema_overrides={"at": pl.Datetime("us", "UTC"), "y": pl.Int64},
        strict=False,
    )


def look(*frames: pl.DataFrame, as_of: datetime | None = AS_OF) -> Lookup:
    return lookup([("k", each) for each in frames], COLUMNS, [Cutoff(as_of)])


def known(found: Lookup) -> dict[str, int]:
    return dict(found.frame.select("@id", "0").iter_rows())


def tallied(found: Lookup) -> dict[str, int]:
    return {name: count for name, count in found.tallies[0].items() if count}


def test_each_row_comes_to_one_end() -> None:
    found = look(
        frame(
            ("a", 1, -1), ("a", 1, -2), ("a", 1, -1),  # says the same: two duplicates
            ("b", 0, -5), ("b", 1, -1),  # the later speaks: one superseded
            ("c", 0, -1), ("c", 1, -1),  # at the same time: both conflict
            ("d", 1, 1), ("e", 1, None),  # not arrived, or nobody knows when: late
            ("f", None, -1), (None, 1, -1), ("g", 2, 0),  # g arrives at as_of itself, and is not binary
        )
    )  # fmt: skip
    assert known(found) == {"a": 1, "b": 1, "g": -1}
    assert tallied(found) == {
        "duplicate": 2, "superseded": 1, "conflicting": 2, "late": 2, "no_label": 1, "no_id": 1
    }  # fmt: skip


def test_labels_as_of_another_day() -> None:
    rows = frame(("a", 0, -5), ("a", 1, 5))
    assert known(look(rows)) == {"a": 0}
    assert known(look(rows, as_of=AS_OF + timedelta(days=5))) == {"a": 1}
    assert known(look(rows, as_of=None)) == {"a": 1}


LABEL_ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", None]), st.sampled_from([0, 1, 2, None]), st.integers(-3, 2) | st.none()),
    min_size=1,
    max_size=20,
)


@given(LABEL_ROWS, st.integers(0, 20), st.randoms(use_true_random=False))
def test_no_row_is_lost_and_no_order_matters(rows: list[Any], cut: int, order: Any) -> None:
    found = look(frame(*rows))
    assert sum(found.tallies[0].values()) + found.frame.height == len(rows)
    mixed = list(rows)
    order.shuffle(mixed)
    again = look(*(frame(*part) for part in (mixed[:cut], mixed[cut:]) if part))
    assert known(again) == known(found)
    assert again.tallies == found.tallies


def test_ids_are_reconciled_across_types() -> None:
    for ids in ([7, 8], ["7", "8"], [7.0, 8.0]):
        assert set(known(look(frame((ids[0], 1, -1), (ids[1], 0, -1))))) == {"7", "8"}


def test_too_many_ids_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKUP_BYTES", 100)
    with pytest.raises(Unreadable, match="label ids in one day"):
        look(frame(("a", 1, -1), ("b", 1, -1)))


# --- the whole way ----------------------------------------------------------------------------------------------------


def test_labels_are_joined_by_id_and_accounted_for(archive: Archive) -> None:
    archive.log(rows_of(4).drop("y"))
    archive.write(f"labels/{DAY}.parquet", frame(("r0", 1, -1), ("r1", 0, -1), ("r2", 1, 1), ("zz", 1, -1)))
    rows, accounting = archive.read(SPEC, as_of=AS_OF)
    assert rows["@label"].to_list() == [1, 0, None, None]
    assert accounting.labels == {"joined": 2, "late": 1, "unmatched": 1}


def test_duplicate_ids_in_the_logs_keep_their_rows(archive: Archive) -> None:
    archive.log(rows_of(3, id=pl.lit("same")).drop("y"))
    archive.write(f"labels/{DAY}.parquet", frame(("same", 1, -1)))
    rows, accounting = archive.read(SPEC, as_of=AS_OF)
    assert (rows["@label"].to_list(), accounting.read, accounting.labels["joined"]) == ([1, 1, 1], 3, 3)


def test_integer_ids_join_text_ids_and_null_joins_nothing(archive: Archive) -> None:
    archive.log(rows_of(3, id=pl.Series([7, 8, None])).drop("y"))
    archive.write(f"labels/{DAY}.parquet", frame(("7", 1, -1), ("8", 0, -1), (None, 1, -1)))
    assert archive.read(SPEC, as_of=AS_OF)[0]["@label"].to_list() == [1, 0, None]


def test_immature_labels_are_not_seen(archive: Archive) -> None:
    archive.log(rows_of(4).drop("y"))
    archive.write(f"labels/{DAY}.parquet", frame(("r0", 1, -40), ("r1", 0, -40)))
    spec = spec_of(labels=LABELS | {"mature_after": "30d"})
    end = datetime(2026, 7, 2, tzinfo=UTC)
    rows, accounting = archive.read(spec, as_of=end + timedelta(days=30, microseconds=-1))
    assert (rows["@label"].null_count(), accounting.labels) == (4, {"immature": 2, "joined": 0})
    rows, accounting = archive.read(spec, as_of=end + timedelta(days=30))
    assert (rows["@label"].to_list(), "immature" in accounting.labels) == ([1, 0, None, None], False)


def test_a_day_too_young_is_immature_before_it_has_any_label(archive: Archive) -> None:
    archive.log(rows_of(4).drop("y"))
    archive.log(rows_of(1, "2026-06-01"), day="2026-06-01")
    archive.write("labels/2026-06-01.parquet", frame(("r0", 1, -40)))
    _, accounting = archive.read(spec_of(labels=LABELS | {"mature_after": "30d"}), as_of=AS_OF - timedelta(days=10))
    assert accounting.labels == {"immature": 0, "joined": 0}


def test_labels_without_a_time_of_arrival_are_seen_and_said_to_be_undated(archive: Archive) -> None:
    archive.log(rows_of(4).drop("y"))
    rows = frame(("r0", 1, 5), ("r0", 1, 5), ("r1", 0, 5), ("r2", None, 5), (None, 1, 5))  # three have id and label
    archive.write(f"labels/{DAY}.parquet", rows.drop("at"))
    spec = spec_of(labels={"path": LABELS["path"]})
    _, accounting = archive.read(spec, as_of=AS_OF)
    assert accounting.labels == {"duplicate": 1, "joined": 2, "no_id": 1, "no_label": 1, "undated": 3}
    assert "undated" not in archive.read(spec, as_of=None)[1].labels


def test_labels_where_they_cannot_be_observed_are_unexpected(archive: Archive) -> None:
    archive.log(rows_of(4).drop("y"))  # predictions 0, 1, 0, 1
    archive.write(f"labels/{DAY}.parquet", frame(("r0", 1, -1), ("r1", 0, -1)))
    spec = spec_of(labels=LABELS | {"observed_when": {"prediction": 0}})
    rows, accounting = archive.read(spec, as_of=AS_OF)
    assert rows["@label"].to_list() == [1, None, None, None]
    assert accounting.labels == {"joined": 1, "unexpected": 1}


def test_days_without_label_objects_have_no_labels(archive: Archive) -> None:
    archive.log(rows_of(2))
    archive.log(rows_of(2, "2026-07-02"), day="2026-07-02")
    archive.write("labels/2026-07-02.parquet", frame(("r0", 1, -1)))
    rows, accounting = archive.read(SPEC, "2026-07-01/2026-07-03", as_of=AS_OF)
    assert (rows["@label"].null_count(), accounting.labels) == (2, {"joined": 0})


def test_a_broken_label_file_excludes_its_partition(archive: Archive) -> None:
    archive.log(rows_of(2))
    archive.write(f"labels/{DAY}.parquet", b"no parquet at all")
    with pytest.raises(Unreadable, match=f"labels/{DAY}.parquet"):
        archive.open(SPEC, as_of=AS_OF)
