"""The archive as files: what lies where, what is in it, and that nothing but the arguments decides it."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from retroaudit.demo.archive import make_night, snapshot, write_archive
from retroaudit.demo.incidents import INCIDENTS
from retroaudit.progress import Step

FIRST = date(2026, 4, 1)
SMALL = 600


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole quarter with incidents, small."""
    root = tmp_path_factory.mktemp("archive")
    write_archive(root, seed=1, rows=SMALL)
    return root


def hashes(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def day_of(night: int) -> date:
    return FIRST + timedelta(days=night - 1)


def logged(root: Path, night: int) -> pl.DataFrame:
    return pl.read_parquet(root / f"inference/lending/date={day_of(night)}/*.parquet")


def counted(root: Path, night: int) -> int:
    return int(pl.read_parquet(root / f"control/lending/{day_of(night)}.parquet")["rows"].sum())


def test_the_files_of_a_quarter(archive: Path) -> None:
    days = [f"{day_of(night)}" for night in range(1, 92)]
    with_logs = [day for day in days if day != "2026-05-30"]  # night 60
    assert sorted(hashes(archive)) == sorted(
        ["snapshots/lending/train-2026-03/part-0.parquet"]
        + [f"control/lending/{day}.parquet" for day in days]
        + [f"labels/lending/date={day}/labels.parquet" for day in with_logs]
        + [f"inference/lending/date={day}/part-00{part}.parquet" for day in with_logs for part in (0, 1)]
    )


def test_the_types_of_the_logs(archive: Path) -> None:
    logs = logged(archive, 1)
    assert dict(logs.schema) == {
        "event_time": pl.Datetime("us", "UTC"),
        "request_id": pl.String(),
        "consumer": pl.String(),
        "model_version": pl.String(),
        "score": pl.Float64(),
        "prediction": pl.Int8(),
        **{f"num_0{i}": pl.Int64() if i == 4 else pl.Float64() for i in range(6)},
        **{f"cat_0{i}": pl.String() for i in range(3)},
        "gender": pl.String(),
        "age_band": pl.String(),
        "region": pl.String(),
    }
    assert logs["event_time"].is_sorted()
    assert logs["request_id"].n_unique() == len(logs)


def test_each_row_lies_on_its_day(archive: Path) -> None:
    for night in (1, 52, 91):
        assert logged(archive, night)["event_time"].dt.date().unique().to_list() == [day_of(night)]


def test_all_days_have_one_schema(archive: Path) -> None:
    """A column that goes null keeps its type."""
    schemas = {str(pl.read_parquet_schema(path)) for path in archive.glob("inference/lending/*/*.parquet")}
    assert len(schemas) == 1


def test_the_gateway_counts_what_was_served(archive: Path) -> None:
    """Rows in the files against the control totals: equal on each night but the missing one and the hole."""
    differ = [n for n in range(1, 92) if n != 60 and len(logged(archive, n)) != counted(archive, n)]
    assert differ == [70]
    assert 0.1 < 1 - len(logged(archive, 70)) / counted(archive, 70) < 0.35
    assert counted(archive, 60) > SMALL / 2


def test_the_control_totals_are_by_day_version_and_consumer(archive: Path) -> None:
    control = pl.read_parquet(archive / f"control/lending/{day_of(52)}.parquet")
    by_hand = logged(archive, 52).group_by("model_version", "consumer").agg(pl.len().cast(pl.Int64).alias("rows"))
    assert_frame_equal(control.drop("date"), by_hand, check_row_order=False)
    assert control["date"].unique().to_list() == [day_of(52)]
    assert control.schema["rows"].is_integer()


def test_only_the_approved_have_an_outcome(archive: Path) -> None:
    for night in (1, 52, 70):
        logs = logged(archive, night)
        labels = pl.read_parquet(archive / f"labels/lending/date={day_of(night)}/labels.parquet")
        approved = logs.filter(pl.col("prediction") == 0)
        assert labels["request_id"].to_list() == approved["request_id"].to_list()
        assert set(labels["label"].unique()) == {0, 1}
        days = (labels["label_time"] - approved["event_time"]).dt.total_seconds() / 86400
        late = days > 31
        assert days.filter(~late).is_between(1, 29).all()
        assert days.filter(late).is_between(32, 50).all()
        assert 0.005 < int(late.sum()) / len(late) < 0.10  # one in 25 of about 400


def test_the_snapshot_has_the_features_and_groups(archive: Path) -> None:
    training = pl.read_parquet(archive / "snapshots/lending/train-2026-03/part-0.parquet")
    assert len(training) == 60_000
    assert set(training.columns) == {
        c for c in logged(archive, 1).columns if c[:3] in {"num", "cat", "gen", "age", "reg"}
    }
    assert_frame_equal(training, snapshot(1))


def test_the_same_arguments_give_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    write_archive(tmp_path, seed=1, rows=SMALL)
    assert hashes(tmp_path) == hashes(archive)


def test_another_seed_gives_other_bytes(archive: Path, tmp_path: Path) -> None:
    write_archive(tmp_path, seed=2, rows=SMALL, days=1)
    once = hashes(tmp_path)
    assert not {key for key in once if once[key] == hashes(archive)[key]}


def test_a_day_does_not_depend_on_the_days_before_it(tmp_path: Path) -> None:
    write_archive(tmp_path, seed=1, rows=SMALL, days=2, first=day_of(80), incidents=False)
    alone = hashes(tmp_path)
    write_archive(tmp_path / "quarter", seed=1, rows=SMALL, days=91, incidents=False)
    assert len(alone) == 1 + 2 * 4
    assert alone.items() <= hashes(tmp_path / "quarter").items()


def test_incidents_change_their_own_nights_only(archive: Path, tmp_path: Path) -> None:
    write_archive(tmp_path, seed=1, rows=SMALL, incidents=False)
    plain, planted = hashes(tmp_path), hashes(archive)
    changed = {key.split("date=")[1][:10] for key in plain if "inference" in key and plain[key] != planted.get(key)}
    touched = {night for incident in INCIDENTS for night in incident.nights if night <= 91}
    assert changed == {f"{day_of(night)}" for night in touched}


def test_progress_tells_each_day(tmp_path: Path) -> None:
    told: list[Step] = []
    write_archive(tmp_path, seed=1, rows=50, days=3, progress=told.append)
    assert told == [Step("write", done, 3) for done in range(3)]


def test_traffic_looks_like_traffic() -> None:
    """Fewer requests on Sunday than on Tuesday, more by day than by night."""
    tuesday, sunday = make_night(1, date(2026, 4, 7), 20_000).logs, make_night(1, date(2026, 4, 5), 20_000).logs
    assert 0.75 < len(sunday) / len(tuesday) < 0.88  # 0.86 / 1.06
    hours = tuesday["event_time"].dt.hour()
    assert int((hours == 3).sum()) * 10 < int((hours == 18).sum())
