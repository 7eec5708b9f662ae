from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.ledger.coordinates import ReportId, commit_key, commit_number

NAME = st.text(st.characters(exclude_characters="/", exclude_categories=("C", "Z")), min_size=1, max_size=30)


@given(NAME, NAME, NAME, NAME, st.integers(1, 999_999))
def test_an_id_and_its_key_round_trip(model: str, window: str, kind: str, part: str, rev: int) -> None:
    report = ReportId(model, window, kind, part, rev)
    assert ReportId.parse(str(report)) == report
    assert report.revision_of(report.manifest_key) == rev
    assert report.revision_of(report.manifest_key + "x") is None


def test_keys_are_laid_out_as_documented() -> None:
    # the layout drawn in the ledger's design
    assert ReportId("lending", "2026-01-01_2026-02-15", "day", "main", 1).manifest_key == (
        "reports/v1/model=lending/window=2026-01-01_2026-02-15/audit=day/part=main/rev=000001/manifest.dsse.json"
    )
    assert commit_key(42) == "log/commits/000000/000000000042"
    assert commit_key(12_345_678) == "log/commits/000012/000012345678"


@pytest.mark.parametrize("window", ["2026-07-01", "2026-Q2", "2026-07", "snapshot", "2026-01-01_2026-02-15"])
def test_window_keys_stay_as_they_are_in_the_text(window: str) -> None:
    assert str(ReportId("m", window, "range", "main", 2)) == f"m/{window}/range/main/2"


@pytest.mark.parametrize(
    "text",
    ["", "m", "m/w/k/p", "m/w/k/p/0", "m/w/k/p/01", "m/w/k/p/x", "m/w/k/p/1/2", "m//k/p/1", "m/w/k/\n/1", "////"],
)
def test_text_that_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        ReportId.parse(text)


def test_all_faults_of_an_id_are_told_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        ReportId("a/b", "x" * 201, "day", "", 0)
    assert len(caught.value.faults) == 4


@pytest.mark.parametrize("number", [1, 42, 999_999, 1_000_000, 999_999_999_999])
def test_a_commits_key_gives_back_its_number(number: int) -> None:
    assert commit_number(commit_key(number)) == number


@pytest.mark.parametrize(
    "name", ["000001/000000000042", "000000/42", "000000/000000000042x", "000000/00000000004\uff12"]
)
def test_a_key_in_another_place_is_no_commits(name: str) -> None:
    assert commit_number(f"log/commits/{name}") is None
