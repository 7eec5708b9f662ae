"""Proposals as a whole: the spec loads and fits its archive, whatever the archive's names and values are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.preflight import preflight
from retroaudit.proposing.propose import Asked, Proposal, propose, targets, write
from retroaudit.spec.load import load
from retroaudit.spec.model import Spec
from tests.proposing.world import DAYS, decisions, failures, proposal, put

pytestmark = pytest.mark.slow

HOSTILE = (
    "*",
    "a: b",
    "^a$",
    "é 🙂",
    "two\nlines",
    "# no comment",
    "null",
    "1e9",
    "- a",
    "'",
    '"',
    "{date}",
    "a" * 300,
)


def saved(found: Proposal, out: Path) -> Path:
    return write(found, targets(Asked("", "x", model=found.model), out))[0]


def fits(found: Proposal, root: Path, out: Path) -> Spec:
    """The spec, after `retroaudit check` had nothing against it."""
    path = saved(found, out)
    preflight(path, root.as_uri(), "snapshot" if found.window == "snapshot" else None)
    return load(path)


def test_the_spec_loads_and_fits(tmp_path: Path) -> None:
    frames = {day: decisions(8, day) for day in DAYS}
    spec = fits(proposal(tmp_path / "a", frames, owner="risk@example.com"), tmp_path / "a", tmp_path / "out")
    own = spec.columns
    assert (spec.model, spec.owner) == ("loans", "risk@example.com")
    assert (own.time, own.id, own.version) == ("event_time", "request_id", "model_version")
    assert (own.prediction, own.score, own.label) == ("prediction", "score", None)
    assert own.features == {
        "amount": "numeric",
        "enquiries": "numeric",
        "purpose": "categorical",
        "returning": "categorical",
        "zip": "categorical",
        "balance": "numeric",
    }


def test_labels_and_reference_are_joined_in(tmp_path: Path) -> None:
    frames = {day: decisions(8, day) for day in DAYS}
    late = pl.col("event_time").dt.offset_by("9d").alias("arrived_at")
    outcomes = {
        d: f.select("request_id", (pl.col("score") > 0.5).cast(pl.Int8).alias("y"), late) for d, f in frames.items()
    }
    put(tmp_path, outcomes, "labels/date={date}/*.parquet")
    put(tmp_path, {"": frames[DAYS[0]].drop("zip")}, "train/*.parquet")
    found = proposal(tmp_path, frames, labels="labels/date={date}/*.parquet", reference="train/*.parquet")
    spec = fits(found, tmp_path, tmp_path / "out")
    assert spec.labels
    assert (spec.columns.label, spec.labels.arrived) == ("y", "arrived_at")
    assert spec.reference
    assert spec.reference.path == "train/*.parquet"
    assert "zip" not in spec.columns.features  # else its drift, and its schema, would fail each audit
    assert "'zip' is no feature: the reference does not have it" in found.spec
    assert "the last came 9 days after its day" in found.spec


def test_two_words_need_one_that_is_positive(tmp_path: Path) -> None:
    def of(no: str, yes: str, name: str) -> Spec:
        word = pl.when(pl.col("prediction") == 1).then(pl.lit(yes)).otherwise(pl.lit(no)).alias("prediction")
        frames = {day: decisions(8, day).with_columns(word) for day in DAYS}
        return fits(proposal(tmp_path / name, frames), tmp_path / name, tmp_path / name / "out")

    known = of("denied", "approved", "known").columns
    assert (known.prediction, known.positive) == ("prediction", "approved")
    assert of("left", "right", "open").columns.prediction is None


def test_a_snapshot_needs_no_days(tmp_path: Path) -> None:
    found = proposal(tmp_path, {"": decisions(8)}, logs="train/*.parquet")
    assert (found.model, found.window) == ("train", "snapshot")
    assert fits(found, tmp_path, tmp_path / "out").columns.time is None
    assert failures(found.suite, decisions(8), tmp_path) == set()


def test_the_newest_days_are_the_default(tmp_path: Path) -> None:
    frames = {f"2026-06-{day:02}": decisions(8, f"2026-06-{day:02}", 60) for day in range(10, 20)}
    assert proposal(tmp_path, frames).window == "2026-06-13_2026-06-20"
    assert proposal(tmp_path, frames, window="2026-06-12").window == "2026-06-12"


def test_text_times_and_times_of_another_zone(tmp_path: Path) -> None:
    told = pl.col("event_time").dt.strftime("%Y-%m-%dT%H:%M:%S")
    frames = {day: decisions(8, day).with_columns(told) for day in DAYS}
    found = proposal(tmp_path / "a", frames)
    assert fits(found, tmp_path / "a", tmp_path / "out").columns.time == "event_time"
    assert failures(found.suite, frames[DAYS[0]], tmp_path) == set()
    moved = {day: decisions(8, day).with_columns(pl.col("event_time").dt.offset_by("8h")) for day in DAYS}
    assert "set time.zone where days are not those of UTC" in proposal(tmp_path / "b", moved).spec


def test_hostile_names_are_taken_literally(tmp_path: Path) -> None:
    """A name can neither end a comment nor become a pattern; the suite passes on its data."""
    hostile = [pl.col("amount").alias(name) for name in HOSTILE]
    frames = {day: decisions(8, day).with_columns(hostile) for day in DAYS}
    found = proposal(tmp_path, frames)
    features = fits(found, tmp_path, tmp_path / "out").columns.features
    assert {name for name in HOSTILE if name not in features} == {"*"}
    assert "'*' is no feature: its name would be a pattern" in found.spec
    assert failures(found.suite, frames[DAYS[0]], tmp_path) == set()


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@settings(max_examples=25)
@given(name=NAMES.filter(lambda name: not name.startswith("@")), words=st.lists(NAMES, min_size=1, max_size=4))
def test_any_names_and_values_give_a_spec_that_says_what_was_meant(
    name: str, words: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("any")
    rows = decisions(8, rows=120)
    plain = {"event_time": rows["event_time"], name: pl.Series((words * 120)[:120])}
    found = proposal(root, {DAYS[0]: pl.DataFrame(plain)}, owner=words[0])
    tree = yaml.safe_load(found.spec)
    assert set(tree) == {"model", "owner", "logs", "columns", "quality"}
    assert tree["owner"] == words[0]
    assert json.loads(json.dumps(found.suite)) == found.suite
    assert load(saved(found, root / "out")).owner == words[0]


def test_hostile_values_do_not_stop_it(tmp_path: Path) -> None:
    """All null, infinite, huge, nested, bytes, of another type in one file, and constants."""
    strange = {
        "nothing": pl.lit(None, pl.Float64),
        "untyped": pl.lit(None),
        "endless": pl.when(pl.col("prediction") == 1).then(float("inf")).otherwise(pl.col("amount")),
        "no_number": pl.lit(float("nan")),
        "huge": pl.col("score") * 1e308,
        "tiny": pl.col("score") * 1e-308,
        "large": pl.lit(2**62) + pl.int_range(pl.len()),
        "nested": pl.concat_list("score", "amount"),
        "bytes": pl.lit(b"\xff"),
        "same": pl.lit(5),
        "empty": pl.lit(""),
        "day": pl.col("event_time").dt.date(),
        "zoned": pl.col("event_time").dt.replace_time_zone("UTC"),
        "exact": pl.col("amount").cast(pl.Decimal(20, 2)),
        "coded": pl.col("purpose").cast(pl.Categorical),
    }
    frames = {day: decisions(8, day).with_columns(**strange) for day in DAYS}
    frames = {
        day: frame.with_columns(mixed=pl.lit(n) if n else pl.lit("one"))
        for n, (day, frame) in enumerate(frames.items())
    }
    found = proposal(tmp_path, frames)
    spec = fits(found, tmp_path, tmp_path / "out")
    assert not {"nothing", "untyped", "nested", "bytes", "mixed"} & spec.columns.features.keys()
    assert any("'mixed' is string in some files" in each for each in found.undecided)
    assert failures(found.suite, frames[DAYS[1]], tmp_path) == set()


def faults(root: Path, **asked: Any) -> str:
    with pytest.raises(BadInput) as caught:
        propose(Asked(root.as_uri(), **{"logs": "logs/date={date}/*.parquet", **asked}))
    return str(caught.value)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    put(tmp_path, {day: decisions(8, day, 50) for day in DAYS}, "logs/date={date}/*.parquet")
    return tmp_path


BAD: Mapping[str, tuple[dict[str, str], str]] = {
    "a pattern without matches": ({"logs": "log/date={date}/*.parquet"}, "--logs: found no object that matches"),
    "no pattern": ({"logs": "/logs/**"}, "--logs: found '/logs/**', expected a path below the archive's root"),
    "labels without matches": ({"labels": "labels/*.parquet"}, "--labels: found no object that matches"),
    "a reference without matches": ({"reference": "train/*.parquet"}, "--reference: found no object that matches"),
    "an empty window": ({"window": "2025-01-01"}, "no object in the archive"),
    "no window": ({"window": "yesterday"}, "yesterday"),
    "a window for a snapshot": ({"logs": "logs/*/*.parquet", "window": "2026-07-01"}, "--window"),
    "no model": ({"model": "Two Words"}, "--model: found 'Two Words'"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_done_is_a_fault_of_its_option(case: str, archive: Path) -> None:
    asked, said = BAD[case]
    assert said in faults(archive, **asked)


def test_an_archive_without_objects(tmp_path: Path) -> None:
    assert "Nothing at all is in" in faults(tmp_path)
    assert "no such archive" in faults(tmp_path / "nowhere")


def test_an_unreadable_file_is_named(archive: Path) -> None:
    broken = archive / f"logs/date={DAYS[1]}/part-0.parquet"
    broken.write_bytes(b"PAR1 no Parquet PAR1")
    assert f"logs/date={DAYS[1]}/part-0.parquet" in faults(archive)
    for path in archive.glob("logs/*/*"):
        path.write_bytes(b"text that is no Parquet")
    assert "a file that is no Parquet" in faults(archive)


def test_logs_without_rows_or_times(tmp_path: Path) -> None:
    put(tmp_path / "a", {DAYS[0]: decisions(8).head(0)}, "logs/date={date}/*.parquet")
    assert "no rows" in faults(tmp_path / "a")
    put(tmp_path / "b", {DAYS[0]: decisions(8).drop("event_time")}, "logs/date={date}/*.parquet")
    assert "no column of times" in faults(tmp_path / "b")


def test_nothing_is_overwritten(archive: Path, tmp_path: Path) -> None:
    found = propose(Asked(archive.as_uri(), "logs/date={date}/*.parquet"))
    spec = saved(found, tmp_path / "out")
    spec.unlink()
    with pytest.raises(BadInput, match=r"expectations/logs\.json: found a file that is there"):
        saved(found, tmp_path / "out")
