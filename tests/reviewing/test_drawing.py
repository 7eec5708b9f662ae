"""Names of columns are no patterns, whatever they look like; and what is not wished for is not looked at."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from retroaudit.archive.rows import PREDICTION, VERSION
from retroaudit.reviewing.conditions import Condition, limits
from retroaudit.reviewing.drawing import Drawing, Wish
from retroaudit.reviewing.masking import COUNTS, FULL, MASKED
from retroaudit.reviewing.selection import ROW
from retroaudit.reviewing.strata import FailedSlices
from retroaudit.spec.digest import from_document
from tests.reviewing.conftest import SALT

NAMES = {"id": "^i$", "score": "^s.*$", "group": "^.*g$", "amount": "*"}
TOLD_APART = frozenset({NAMES["id"], NAMES["score"], NAMES["group"]})
FRAME = pl.DataFrame(
    {
        "id": ["a", None, "c", "d"],
        "score": [0.1, None, 0.5, 0.9],
        "group": ["g", None, "h", "g"],
        "amount": [1.0, None, 9.0, 2.0],
        PREDICTION: [1, 0, None, 1],
        VERSION: ["1", "1", None, "1"],
        ROW: [0, 1, 2, 3],
    }
)
FAILED: list[dict[str, Any]] = [
    {"check": "quality", "metric": metric, "subject": NAMES["amount"], "verdict": "failed", "slice": {}}
    for metric in ("null_rate", "out_of_range_rate")
]


def drawing(names: dict[str, str], wish: Wish) -> Drawing:
    spec = from_document(
        {
            "model": "m",
            "owner": "o",
            "logs": {"path": "x"},
            "columns": {"id": names["id"], "score": names["score"], "features": {names["amount"]: "numeric"}},
            "groups": [names["group"]],
            "quality": {"ranges": {names["amount"]: [0, 5]}},
        }
    )
    failed = [{**metric, "subject": names["amount"]} for metric in FAILED]
    conditions = [question.condition for question in limits(spec, failed)]
    return Drawing(spec, wish, SALT, conditions, FailedSlices(failed))


def drawn(names: dict[str, str], wish: Wish) -> pl.DataFrame:
    found = drawing(names, wish)
    found.look(FRAME.rename(names), "2026-07-01", "a.parquet")
    return pl.concat([found.every.drawn(), found.failing.drawn()], how="diagonal")


@pytest.mark.parametrize("masking", [COUNTS, MASKED, FULL])
def test_names_of_columns_are_no_patterns(masking: str) -> None:
    wish = Wish(3, 3, masking)
    plain, hostile = drawn({name: name for name in NAMES}, wish), drawn(NAMES, wish)
    assert hostile["@ref"].to_list() == plain["@ref"].to_list()
    texts = [text.replace(NAMES["amount"], "amount") for text in hostile["@stratum"]]
    assert texts == plain["@stratum"].to_list()


@pytest.mark.parametrize(
    ("masking", "columns"), [(COUNTS, ()), (MASKED, ("*", "^s.*$")), (FULL, ("*", "^.*g$", "^i$", "^s.*$"))]
)
def test_what_is_kept_of_values(masking: str, columns: tuple[str, ...]) -> None:
    assert drawing(NAMES, Wish(1, 1, masking)).columns == columns


@pytest.mark.parametrize(("wish", "monday"), [(Wish(1, 1), TOLD_APART), (Wish(0, 1), None)], ids=["all", "failing"])
def test_only_what_is_wished_for_is_read(wish: Wish, monday: frozenset[str] | None) -> None:
    broken = Condition("c", ("x",), lambda rows: rows["x"], {"monday": 0})
    found = Drawing(drawing(NAMES, wish)._spec, wish, SALT, [broken], FailedSlices([]))
    assert found.reads("monday") == monday
    assert found.reads("tuesday") == TOLD_APART | {"x"}


def test_failing_rows_alone_are_failing_rows() -> None:
    found = drawing(NAMES, Wish(0, 5))
    found.look(FRAME.rename(NAMES), "2026-07-01", "a.parquet")
    assert sorted(found.failing.drawn()[ROW]) == [1, 2]
    assert found.every.drawn().height == 0
