"""What rows are told apart by, and how many are drawn of each kind."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.reviewing.strata import FailedSlices, Stratum, allocate, strata
from retroaudit.spec.digest import from_document
from retroaudit.spec.model import Spec

TEXTS = st.none() | st.text(max_size=5)
PREPARED = {"@version": ["1"], "@prediction": [1]}


def spec(*groups: str, score: str | None = "score") -> Spec:
    columns = {"prediction": "p", "score": score}
    document = {"model": "m", "owner": "o", "logs": {"path": "x"}, "columns": columns, "groups": list(groups)}
    return from_document(document)


def told(frame: dict[str, Any], of: Spec, *failed: dict[str, Any], **broken: list[bool]) -> list[Stratum]:
    rows = pl.DataFrame(frame, strict=False)
    slices = FailedSlices({"verdict": "failed", "slice": each} for each in failed)
    found = strata(rows, of, "2026-07-01", slices, {name: pl.Series(fails) for name, fails in broken.items()})
    return list(map(Stratum.parse, found))


@given(st.builds(Stratum, TEXTS, st.lists(TEXTS).map(tuple), TEXTS, st.booleans(), st.lists(st.text()).map(tuple)))
def test_a_stratum_is_its_text(stratum: Stratum) -> None:
    assert Stratum.parse(str(stratum)) == stratum


@pytest.mark.parametrize(
    ("score", "band"),
    [(0.0, "0.0-0.1"), (0.1, "0.1-0.2"), (0.3, "0.3-0.4"), (0.7, "0.7-0.8"), (0.9999, "0.9-1.0"), (1.0, "0.9-1.0")],
)
def test_bands_are_deciles_closed_below(score: float, band: str) -> None:
    assert told({"score": [score], **PREPARED}, spec()) == [Stratum(band, (), "1")]


def test_without_a_score_the_prediction_is_the_risk() -> None:
    frame = {"score": [0.5, None, None, None], "@version": [None] * 4, "@prediction": [0, 1, 0, None]}
    assert [each.band for each in told(frame, spec())] == ["0.5-0.6", "positive", "negative", None]
    assert [each.band for each in told(frame, spec(score=None))] == ["negative", "positive", "negative", None]


def test_rows_know_their_groups_failed_slices_and_what_they_break() -> None:
    frame = {"score": [0.5] * 3, "*": ["a", None, "a"], "^x$": [1.0, 2.0, 2.0], "@version": ["1", "1", "2"]}
    frame["@prediction"] = [0, 0, 0]
    found = told(
        frame,
        spec("*", "^x$"),
        {"*": None},
        {"*": "a", "^x$": "1"},
        {"age": "9"},
        {"version": "2", "date": "2026-07-02"},
        b=[True, False, True],
        a=[True, False, False],
    )
    assert [each.groups for each in found] == [("a", "1"), (None, "2"), ("a", "2")]
    assert [each.failed for each in found] == [True, True, False]
    assert [each.broken for each in found] == [("a", "b"), (), ("b",)]


@pytest.mark.parametrize(("where", "holds"), [({"version": "1"}, True), ({"date": "2026-07-01"}, True), ({}, False)])
def test_versions_and_days_are_slices_too(where: dict[str, str], holds: bool) -> None:
    assert told({"score": [0.5], **PREPARED}, spec(), where)[0].failed is holds


@st.composite
def sizes(draw: st.DrawFn) -> dict[str, int]:
    counts = draw(st.lists(st.integers(1, 10**12), max_size=30))
    return {str(Stratum(str(place), (), None, failed=place % 4 == 0)): count for place, count in enumerate(counts)}


@given(sizes(), st.integers(0, 300))
def test_allocation_gives_every_stratum_one_and_then_its_share(counts: dict[str, int], rows: int) -> None:
    drawn, total = allocate(counts, rows), sum(counts.values())
    assert sum(drawn.values()) == min(rows, total)
    assert all(drawn[each] <= counts[each] for each in counts)
    if rows >= len(counts):
        assert all(drawn.values())
        left = min(rows, total) - len(counts)
        for each, size in counts.items():
            assert abs(drawn[each] - 1 - left * (size - 1) / max(1, total - len(counts))) < 1.001
    else:
        given_none = [each for each, count in drawn.items() if not count]
        assert not any(Stratum.parse(each).suspect for each in given_none) or all(
            Stratum.parse(each).suspect for each, count in drawn.items() if count
        )


def test_allocation_by_hand() -> None:
    """10 rows of 4: one each, then 7 in proportion to 89, 9, 1 of 99: 6.29, 0.64, 0.07, whose largest rest is 0.64."""
    texts = [str(Stratum(band, (), None)) for band in "abc"]
    assert list(allocate(dict(zip(texts, [90, 10, 2], strict=True)), 10).values()) == [7, 2, 1]
