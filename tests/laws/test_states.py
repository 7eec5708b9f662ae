"""States never show: a report from states that others left is the report from the rows alone.

Worlds are small, and each is audited twice: with whatever its state store has by then, and with an empty one.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from retroaudit import audit
from retroaudit.artefacts import Written
from retroaudit.intake import places, request
from tests.test_replaying import again
from tests.world import NOON, SPEC, World, decisions

pytestmark = pytest.mark.slow

ROWS = 60
FIRST = datetime(2026, 7, 1, tzinfo=UTC)
DAYS = tuple(f"2026-07-0{number}" for number in range(1, 5))
LABELLED: dict[str, Any] = {
    **SPEC,
    "labels": {"path": "labels/date={date}/*.parquet", "arrived": "at", "mature_after": "2d"},
    "privacy": {"min_cell": 0},
}
ROLLING: dict[str, Any] = {**LABELLED, "reference": {"window": ["previous", "trailing"], "trailing": "2d"}}
LAW = settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])  # shrinking takes minutes
CONTENT = ("metrics", "findings", "histograms", "summary")

# Days after the first at which a label arrives, in halves so that some arrive at a cut-off; None: nobody knows when.
ARRIVALS = st.lists(st.none() | st.integers(0, 20), min_size=1, max_size=5)
CUT_OFFS = st.lists(st.integers(4, 22), min_size=2, max_size=3)
SPANS = st.tuples(st.integers(0, 3), st.integers(1, 4)).map(lambda span: (span[0], min(4, span[0] + span[1])))


@contextmanager
def worlds() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        yield World(Path(folder))


def put_day(world: World, day: str, cuts: list[int] | None = None, **columns: Any) -> None:
    frame = decisions(ROWS, day).with_columns(**columns).drop("label")
    for number, (start, end) in enumerate(pairwise(sorted({0, ROWS, *(cuts or [])}))):
        world.put(f"logs/date={day}/part-{number}.parquet", frame[start:end])


def put_labels(world: World, day: str, arrivals: list[int | None]) -> None:
    at = [None if half is None else FIRST + timedelta(days=half / 2) for half in arrivals]
    times = pl.Series("at", [at[number % len(at)] for number in range(ROWS)], dtype=pl.Datetime("us", "UTC"))
    world.put(f"labels/date={day}/part-0.parquet", decisions(ROWS, day).select("id", "label").with_columns(times))


def written(
    world: World, document: Mapping[str, Any], window: str, *, states: str = "states", as_of: str | None = None
) -> Written:
    """The files of one audit; it is not sealed, so that every report is a first revision."""
    where = places(
        world.archive.as_uri(), (world.root / "store").as_uri(), (world.root / states).as_uri(), world.root / "spool"
    )
    (world.root / "spool").mkdir(exist_ok=True)
    pinned = audit.pin(request(world.spec(document), window, NOON, as_of=as_of), where)
    merged = audit.merge(pinned, audit.measure(pinned, pinned.work(), where, lambda _: None), where)
    checked = audit.check(pinned, merged, where.states)
    return audit.report(pinned, merged, checked, audit.judge(pinned.spec, checked), where.store, None)


def report(*arguments: Any, **options: Any) -> bytes:
    return written(*arguments, **options).files["report.json"]


def from_rows(world: World, document: Mapping[str, Any], window: str, as_of: str | None = None) -> bytes:
    shutil.rmtree(world.root / "fresh", ignore_errors=True)
    return report(world, document, window, states="fresh", as_of=as_of)


def span(days: tuple[int, int]) -> str:
    start, end = (FIRST + timedelta(days=number) for number in days)
    return f"{start:%Y-%m-%d}/{end:%Y-%m-%d}"


@LAW
@given(first=ARRIVALS, second=ARRIVALS, cut_offs=CUT_OFFS)
def test_any_cut_offs_in_any_order(first: list[int | None], second: list[int | None], cut_offs: list[int]) -> None:
    with worlds() as world:
        for day, arrivals in ((DAYS[0], first), (DAYS[1], second)):
            put_day(world, day)
            put_labels(world, day, arrivals)
        for half in cut_offs:
            as_of = (FIRST + timedelta(days=half / 2)).isoformat()
            expected = from_rows(world, LABELLED, span((0, 2)), as_of)
            assert report(world, LABELLED, span((0, 2)), as_of=as_of) == expected


@LAW
@given(st.data())
def test_any_windows_in_any_order_over_missing_days(data: st.DataObject) -> None:
    with worlds() as world:
        there = data.draw(st.sets(st.sampled_from(DAYS), min_size=1))
        for day in sorted(there):
            put_day(world, day, data.draw(st.lists(st.integers(1, ROWS - 1), max_size=2)))
        put_labels(world, DAYS[1], [2])
        for days in data.draw(st.lists(SPANS, min_size=2, max_size=3)):
            assert report(world, ROLLING, span(days)) == from_rows(world, ROLLING, span(days))


@LAW
@given(cuts=st.lists(st.integers(1, ROWS - 1), max_size=3), days=SPANS)
def test_rows_cut_into_files_anywhere_say_the_same(cuts: list[int], days: tuple[int, int]) -> None:
    found = []
    for own in ([], cuts):
        with worlds() as world:
            for day in DAYS:
                put_day(world, day, own)
                put_labels(world, day, [4, None])
                report(world, ROLLING, day)  # each day's states are left for the span
            sealed = world.audit(ROLLING, span(days))
            found.append([world.report(sealed.report)[name] for name in CONTENT])
    assert found[0] == found[1]


BASE: dict[str, Any] = {**LABELLED, "reference": {"path": "reference/*.parquet"}}
BAD_LABELS = pl.Series("label", [number % 3 for number in range(ROWS)], dtype=pl.Int8)  # 2 is no label


def columns(**own: Any) -> dict[str, Any]:
    return {"columns": {**SPEC["columns"], **own}}


@pytest.mark.parametrize(
    "change",
    [
        {"labels": {**LABELLED["labels"], "observed_when": {"prediction": 1}}},
        {"labels": {**LABELLED["labels"], "arrived": None}},
        {"labels": {**LABELLED["labels"], "mature_after": "40d", "delay": "1d"}},
        {"labels": None},
        {"limits": {"cell_bytes": 4}},
        {"time": {"slack": "2d"}},
        columns(positive=0),
        columns(score=None),
        columns(features={"amount": "categorical", "channel": "categorical"}),
        {"logs": {**SPEC["logs"], "control": "control/{date}.parquet"}},
        columns(version=None),
    ],
    ids=str,
)
def test_another_spec_never_takes_states_that_are_not_its_own(world: World, change: dict[str, Any]) -> None:
    """Rows that stray, labels that are none (in the logs too), odd scores: what counts depends on the spec."""
    scores = pl.Series("score", [(number % 12) / 10 for number in range(ROWS)])
    strays = pl.col("time").dt.offset_by("30h").alias("time")
    frame = decisions(ROWS, DAYS[0]).with_columns(
        scores, BAD_LABELS, pl.when(pl.int_range(ROWS) < 9).then(strays).otherwise("time").alias("time")
    )
    world.put(f"logs/date={DAYS[0]}/part-0.parquet", frame)
    world.put("reference/part-0.parquet", frame)
    put_labels(world, DAYS[0], [4, None, 9])
    world.put(f"control/{DAYS[0]}.parquet", pl.DataFrame({"rows": [ROWS], "version": ["1.0"]}))
    other = {name: value for name, value in {**BASE, **change}.items() if value is not None}
    for one, two in ((BASE, other), (other, BASE)):
        shutil.rmtree(world.root / "states", ignore_errors=True)
        report(world, one, DAYS[0])
        assert report(world, two, DAYS[0]) == from_rows(world, two, DAYS[0])


def test_control_totals_that_come_later_are_told(world: World) -> None:
    document = {**BASE, "logs": {**SPEC["logs"], "control": "control/{date}.parquet"}}
    put_day(world, DAYS[0])
    put_labels(world, DAYS[0], [1])
    world.put("reference/part-0.parquet", decisions(ROWS))
    seen = []
    for counted in (None, {"1.0": ROWS}, {"1.0": ROWS - 1, "": 1}, {"../x": ROWS}):
        if counted is not None:
            control = pl.DataFrame({"rows": list(counted.values()), "version": list(counted)})
            world.put(f"control/{DAYS[0]}.parquet", control)
        seen.append(report(world, document, DAYS[0]))
        assert seen[-1] == from_rows(world, document, DAYS[0]) == report(world, document, DAYS[0])
    assert len(set(seen)) == 4


@pytest.mark.parametrize("low", ["2026-06-01", "2026-07-02", "2026-07-03"])
def test_a_rolling_reference_that_began_before_the_spec_is_replayed(world: World, low: str) -> None:
    for day in DAYS:
        put_day(world, day)
        put_labels(world, day, [1])
    world.put("reference/part-0.parquet", decisions(ROWS))
    window = {"path": "reference/*.parquet", "window": ["previous", "trailing", "year-ago"], "trailing": "3d"}
    sealed = world.audit({**ROLLING, "reference": window, "valid": {"from": low}}, DAYS[2])
    replayed = again(world, sealed.report, states=world.root / "spool" / "states")
    assert (replayed.same, replayed.differs, replayed.rows_read) == (True, (), 0)
    assert again(world, sealed.report).same
