"""`list`, `run` and `diff` where a report was superseded."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import polars as pl
import pytest

from tests.test_cli import Call
from tests.test_measuring import DAYS, LABELLED
from tests.world import World, decisions

ID = f"model/{DAYS[0]}/day/main"
KEY = f"logs/date={DAYS[0]}/part-0.parquet"


@pytest.fixture
def rewritten(filled: World) -> World:
    """A day audited, and its log rewritten since."""
    filled.audit(LABELLED, DAYS[0])
    filled.put(KEY, decisions(3000, DAYS[0]).with_columns(pl.col("amount") + 1.0).drop("label"))
    return filled


def test_a_new_revision_says_how_to_see_what_changed(call: Call, rewritten: World, options: dict[str, str]) -> None:
    words = [f"--key={rewritten.root / 'keys' / 'signing.pem'}", f"--window={DAYS[0]}", *options.values()]
    code, out, err = call("run", rewritten.spec(LABELLED), *words)
    assert code in {0, 1}, err
    (line,) = (line for line in out.splitlines() if line.startswith("what "))
    code, out, _ = call(*line.split()[2:])
    assert code == 0
    assert "1 input object differs" in out


def test_diff_names_the_objects_that_differ(call: Call, rewritten: World, options: dict[str, str]) -> None:
    before = rewritten.report(f"{ID}/1")["inputs"]["partitions"][0]["logs"][0]["size"]
    rewritten.audit(LABELLED, DAYS[0], now=datetime.now(UTC))
    after = (rewritten.archive / KEY).stat().st_size
    words = ["diff", f"{ID}/1", f"{ID}/2", options["store"]]
    sizes = {"size_before": before, "size_after": after}
    assert json.loads(call(*words, "--json")[1])["inputs"] == [
        {"partition": DAYS[0], "role": "logs", "key": KEY, **sizes}
    ]
    (line,) = (line for line in call(*words)[1].splitlines() if KEY in line)
    assert line.split()[0] == DAYS[0]
    assert f"{before:,} → {after:,}  other bytes" in line
    assert json.loads(call("diff", f"{ID}/2", f"{ID}/2", options["store"], "--json")[1])["inputs"] == []


def test_diff_names_objects_that_came_and_went(call: Call, rewritten: World, options: dict[str, str]) -> None:
    path = rewritten.archive / KEY
    path.rename(path.with_name("part-1.parquet"))
    rewritten.audit(LABELLED, DAYS[0], now=datetime.now(UTC))
    out = call("diff", f"{ID}/1", f"{ID}/2", options["store"])[1]
    assert "2 input objects differ" in out
    assert [line.split()[-1] for line in out.splitlines() if "part-" in line and "logs/" in line] == ["gone", "new"]


def test_list_marks_what_was_superseded(call: Call, rewritten: World, options: dict[str, str]) -> None:
    rewritten.audit(LABELLED, DAYS[1], now=datetime.now(UTC))
    rewritten.audit(LABELLED, DAYS[0], now=datetime.now(UTC))
    lines = call("list", options["store"])[1].splitlines()[1:]
    assert [line.split()[0] for line in lines if "superseded by /2" in line] == [f"{ID}/1"]
    assert len(lines) == 3


def test_a_list_of_nothing_names_the_model(call: Call, rewritten: World, options: dict[str, str]) -> None:
    assert rewritten
    assert "no reports of model nope in" in call("list", options["store"], "--model=nope")[1]
