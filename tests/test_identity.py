"""What decides a state is in its key, and nothing else is: two specs share states exactly where these are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from retroaudit.archive.cutoffs import Cutoffs
from retroaudit.archive.inputs import Partition, Pinned
from retroaudit.artefacts import Kept, Work
from retroaudit.identity import MERGED, arrivals_key, contents, merged_key, state_keys
from retroaudit.measures.measure import Need
from retroaudit.measures.store import StateKey
from retroaudit.storage.protocol import ObjectInfo
from tests.archive.small import spec_of

START = datetime(2026, 7, 1, tzinfo=UTC)
END = START + timedelta(days=1)
AS_OF = datetime(2026, 8, 1, tzinfo=UTC)
LABELS = {"path": "labels/{date}/*", "arrived": "at", "delay": "30d", "mature_after": "10d"}
FEATURES = {"x": "numeric", "c": "categorical"}
SPEC: dict[str, Any] = {"labels": LABELS, "columns": {"features": FEATURES}}
NEEDS = (Need("grid", ("x",)), Need("categories", ("c",)), Need("cells", ("g",)))
GRID, CATEGORIES, CELLS = NEEDS


def pinned(name: str, content: str = "00") -> tuple[Pinned, ...]:
    return (Pinned(ObjectInfo(name, 1, START), content),)


DAY = Partition("2026-07-01", START, END, pinned("logs"), pinned("labels"), pinned("control"))
SNAPSHOT = Partition("reference", None, None, pinned("logs"))


def keys(
    change: Mapping[str, Any] | None = None,
    partition: Partition = DAY,
    as_of: datetime | None = AS_OF,
    cutoffs: Cutoffs | None = None,
) -> dict[str, str]:
    """The digests of the keys of all needs, and of the account."""
    seen = cutoffs or Cutoffs((as_of,))
    found = state_keys(spec_of(**{**SPEC, **(change or {})}), Work("window", partition, as_of, NEEDS), seen)
    return {**{need.measure: found.of(need).digest for need in NEEDS}, "account": found.account.digest}


def changed(**other: Any) -> set[str]:
    """Which keys another spec, partition, cut-off or last arrival changes."""
    before, after = keys(), keys(**other)
    return {name for name, key in before.items() if after[name] != key}


def columns(**own: Any) -> dict[str, Any]:
    return {"columns": {"features": FEATURES, **own}}


EVERYTHING = {"grid", "categories", "cells", "account"}
LABELLED = {"cells", "account"}


@pytest.mark.parametrize(
    "change",
    [
        columns(time="t2"),
        columns(id="id2"),
        columns(version="v2"),
        columns(prediction="p2"),
        columns(score="s2"),
        columns(score=None),
        columns(label="y2"),
        columns(positive=0),
        columns(positive=[1, 2]),
        {"time": {"zone": "Europe/Berlin"}},
        {"time": {"slack": "1h"}},
        {"labels": None},  # an invalid label in the logs excludes its row, one that is kept apart does not
        {"limits": {"cell_bytes": 10}},
        {"limits": {"decoded_bytes": 10}},
    ],
    ids=str,
)
def test_rules_of_which_rows_count_decide_every_state(change: dict[str, Any]) -> None:
    assert changed(change=change) == EVERYTHING


@pytest.mark.parametrize(
    "change",
    [
        {"labels": {**LABELS, "arrived": "at2"}},
        {"labels": {**LABELS, "arrived": None}},
        {"labels": {**LABELS, "observed_when": {"prediction": 1}}},
        {"labels": {**LABELS, "mature_after": "60d"}},
    ],
    ids=str,
)
def test_rules_of_labels_decide_states_of_labels(change: dict[str, Any]) -> None:
    assert changed(change=change) == LABELLED


@pytest.mark.parametrize(
    "change",
    [
        {"owner": "somebody else"},
        {"tier": "high"},
        {"groups": [["g"]]},
        {"reference": {"path": "r/*"}},
        {"quality": {"null_rate": 0.5}},
        {"limits": {"bytes": 10}},
        {"valid": {"from": "2026-01-01"}},
        columns(features={**FEATURES, "z": "numeric"}),
        columns(features={**FEATURES, "g": "categorical"}),
    ],
    ids=str,
)
def test_what_changes_no_state_changes_no_key(change: dict[str, Any]) -> None:
    assert changed(change=change) == set()


def test_the_type_of_a_column_decides_its_states_alone() -> None:
    assert changed(change=columns(features={"x": "categorical", "c": "categorical"})) == {"grid"}
    assert changed(change=columns(features={"x": "numeric", "c": "numeric"})) == {"categories"}
    assert changed(change=columns(features={**FEATURES, "g": "numeric"})) == {"cells"}


def test_content_decides_what_is_of_it() -> None:
    assert changed(partition=replace(DAY, logs=pinned("logs", "01"))) == EVERYTHING
    assert changed(partition=replace(DAY, logs=pinned("moved"))) == EVERYTHING
    assert changed(partition=replace(DAY, start=START - timedelta(days=1))) == EVERYTHING
    assert changed(partition=replace(DAY, labels=pinned("labels", "01"))) == LABELLED
    assert changed(partition=replace(DAY, labels=())) == LABELLED
    assert changed(partition=replace(DAY, control=pinned("control", "01"))) == {"account"}
    assert changed(partition=replace(DAY, control=())) == {"account"}


def test_states_of_labels_are_of_all_their_cut_offs_and_not_of_the_one_that_is_asked_for() -> None:
    later = AS_OF + timedelta(days=300)
    assert changed(as_of=later) == changed(as_of=None) == LABELLED
    both = Cutoffs((AS_OF, later))
    assert changed(cutoffs=both) == changed(cutoffs=Cutoffs((later, AS_OF))) == LABELLED
    assert keys(cutoffs=both) == keys(cutoffs=replace(both, place=1), as_of=later)


def test_labels_in_the_logs_of_a_snapshot_know_no_cut_off() -> None:
    assert keys(partition=SNAPSHOT) == keys(partition=SNAPSHOT, as_of=None) == keys({"labels": None}, SNAPSHOT)
    observed = {"labels": {**LABELS, "observed_when": {"prediction": 1}}}
    assert keys(partition=SNAPSHOT) != keys(observed, SNAPSHOT)
    assert keys(partition=SNAPSHOT)["grid"] != keys(observed, SNAPSHOT)["grid"]  # which labels are invalid there


def test_the_key_of_arrivals_is_of_labels_and_of_how_times_are_read() -> None:
    work = Work("window", DAY, AS_OF, ())

    def key(change: Mapping[str, Any], partition: Partition = DAY) -> StateKey:
        return arrivals_key(spec_of(**{**SPEC, **change}), replace(work, partition=partition))

    same = key({})
    assert key({"labels": {**LABELS, "delay": "1d", "mature_after": "1d"}}) == same
    assert key({}, replace(DAY, logs=pinned("logs", "01"))) == same
    assert (
        len({key(each).digest for each in ({}, {"labels": {**LABELS, "arrived": "b"}}, {"time": {"zone": "UTC"}})}) == 2
    )
    assert key({"time": {"zone": "Asia/Tokyo"}}) != same  # a date is its noon there
    assert key({}, replace(DAY, labels=pinned("labels", "01"))) != same


def test_a_merge_is_named_by_its_parts_in_any_order() -> None:
    a, b, c = (Kept(GRID, StateKey("00", "grid", 1, ("x",)), text) for text in "abc")
    assert merged_key(GRID, [a, b]) == merged_key(GRID, [b, a])
    assert merged_key(GRID, [a, b]).content.startswith(MERGED)
    others = [merged_key(GRID, [a]), merged_key(GRID, [a, a, b]), merged_key(GRID, [a, c]), merged_key(CELLS, [a, b])]
    assert len({key.digest for key in [merged_key(GRID, [a, b]), *others]}) == 5


def test_states_of_a_partition_lie_under_its_contents() -> None:
    logs, labels = contents(DAY)
    found = state_keys(spec_of(**SPEC), Work("window", DAY, AS_OF, NEEDS), Cutoffs((AS_OF,)))
    assert {found.of(need).content for need in NEEDS} | {found.account.content} == {logs}
    assert arrivals_key(spec_of(**SPEC), Work("window", DAY, AS_OF, ())).content == labels
