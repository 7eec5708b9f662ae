"""Law 3: the same inputs give the same bytes, on another machine, in another order, by another way."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from retroaudit.ledger.read import logged, reports
from retroaudit.ledger.signing import write_keys
from tests.world import SPEC, World, decisions

pytestmark = pytest.mark.slow

DAY = "2026-07-01"
LOGS = f"logs/date={DAY}/part-0.parquet"
LABELLED: dict[str, Any] = {
    **SPEC,
    "labels": {"path": "labels/date={date}/*.parquet", "arrived": "arrived", "delay": "30d"},
    "reference": {"path": "reference/*.parquet"},
}


def fill(world: World) -> None:
    """A day of decisions, its late labels, and a reference."""
    frame = decisions()
    world.put(LOGS, frame.drop("label"))
    arrived = pl.col("time").dt.offset_by("10d").alias("arrived")
    world.put(f"labels/date={DAY}/part-0.parquet", frame.select("id", "label", arrived))
    world.put("reference/part-0.parquet", decisions(3000).select("amount", "channel"))


def sha(world: World, report: object) -> str:
    return hashlib.sha256(world.file(report, "report.json")).hexdigest()


@pytest.fixture
def first(world: World) -> tuple[World, str]:
    fill(world)
    return world, sha(world, world.audit(LABELLED, DAY).report)


def test_an_archive_that_moved_gives_the_same_bytes(first: tuple[World, str], tmp_path: Path) -> None:
    world, expected = first
    moved = World(tmp_path / "elsewhere")
    shutil.copytree(world.archive, moved.archive, copy_function=shutil.copyfile)  # times of change are new
    assert sha(moved, moved.audit(LABELLED, DAY).report) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"POLARS_MAX_THREADS": "1", "TZ": "Asia/Tokyo"},
        {"POLARS_MAX_THREADS": "2", "PYTHONHASHSEED": "7", "LC_ALL": "C"},
        {"POLARS_MAX_THREADS": "8"},
    ],
)
def test_another_process_gives_the_same_bytes(first: tuple[World, str], settings: dict[str, str]) -> None:
    world, expected = first
    other = world.root / "other"
    keys = write_keys(other / "keys")
    words = ["run", str(world.root / "spec.yaml"), "--archive", world.archive.as_uri(), "--window", DAY, "--json"]
    places = ["--store", (other / "store").as_uri(), "--key", str(keys.signing)]
    program = "from retroaudit.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *words, *places],
        env={**os.environ, **settings},
        cwd=other,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    assert f'"report_json_sha256": "{expected}"' in done.stdout


def test_rows_cut_into_other_files_give_the_same_metrics(first: tuple[World, str], tmp_path: Path) -> None:
    world, _ = first
    other = World(tmp_path / "cut")
    fill(other)
    whole = pl.read_parquet(other.archive / LOGS)
    (other.archive / LOGS).unlink()
    for number, part in enumerate([whole[2500:], whole[:7], whole[7:2500]]):
        other.put(f"logs/date={DAY}/part-{number}.parquet", part)
    here, there = (w.report(w.audit(LABELLED, DAY).report) for w in (world, other))
    for section in ("metrics", "histograms", "findings", "summary"):
        assert here[section] == there[section]


def test_the_same_again_is_found_sealed(first: tuple[World, str]) -> None:
    world, expected = first
    again = world.audit(LABELLED, DAY)
    assert (again.created, again.report.rev) == (False, 1)
    assert sha(world, again.report) == expected
    assert world.verify().checked["reports"] == 1


def test_what_changes_makes_a_revision_that_names_its_cause(first: tuple[World, str]) -> None:
    world, _ = first
    labels = world.archive / f"labels/date={DAY}/part-0.parquet"
    world.put(f"labels/date={DAY}/part-0.parquet", pl.read_parquet(labels).head(-100))
    spec = {**LABELLED, "quality": {"null_rate": 0.5}}
    steps = [
        (world.audit(LABELLED, DAY), ["inputs"]),
        (world.audit(spec, DAY), ["spec"]),
        (world.audit(spec, DAY, as_of="2026-07-05"), ["as_of"]),
    ]
    for rev, (sealed, cause) in enumerate(steps, 2):
        document = world.report(sealed.report)["audit"]
        assert (document["rev"], document["cause"]) == (rev, cause)
        assert document["supersedes"] == f"model/{DAY}/day/main/{rev - 1}"
    assert world.verify().problems == ()


def test_labels_that_arrive_after_as_of_are_unseen(first: tuple[World, str]) -> None:
    world, _ = first
    early, late = (world.report(world.audit(LABELLED, DAY, as_of=day).report) for day in ("2026-07-10", "2026-07-12"))
    rate = [m["value"] for d in (early, late) for m in d["metrics"] if m["metric"] == "label_rate"]
    assert rate == [0.0, 1.0]


def test_labels_that_are_still_due_are_not_counted_as_if_they_were_there(first: tuple[World, str]) -> None:
    """The day after the window, with labels due in 30 days: none is used, though some lie in the archive."""
    world, _ = first
    early = World(world.root / "early")
    fill(early)
    document = early.report(early.audit(LABELLED, DAY, now=datetime(2026, 7, 2, 1, tzinfo=UTC)).report)
    skipped = {m["metric"]: m["reason"] for m in document["metrics"] if m["verdict"] == "skipped"}
    for name in ("label_rate", "tpr_difference", "fpr_difference"):
        assert skipped[name].startswith("labels are due at 2026-08-01")
    assert document["inputs"]["totals"]["rows"]["counted"] == 4000
    assert {m["verdict"] for m in document["metrics"] if m["metric"] == "impact_ratio"} <= {"passed", None}
    later = early.report(early.audit(LABELLED, DAY).report)["audit"]
    assert (later["rev"], later["cause"]) == (2, ["inputs"])


def test_what_changes_under_the_audit_stops_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from retroaudit import audit  # noqa: PLC0415  the module is patched below
    from retroaudit.faults import IntegrityBroken  # noqa: PLC0415

    fill(world)
    measure = audit.measure

    def rewritten(*arguments: Any) -> Any:
        world.put(LOGS, decisions(100).drop("label"))
        return measure(*arguments)

    monkeypatch.setattr(audit, "measure", rewritten)
    with pytest.raises(IntegrityBroken, match="part-0"):
        world.audit(LABELLED, DAY)
    assert [each.recorded.entry.kind for each in logged(world.store)] == ["key", "plan", "void"]
    assert not reports(world.store)
