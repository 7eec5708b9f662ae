from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.ledger.coordinates import (
    ReportId,
    anchor_key,
    blob_key,
    commit_key,
    commit_number,
    entry_key,
    entry_kind,
)
from retroaudit.ledger.kinds import KINDS

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
    sha256 = "ab" * 32
    assert blob_key(sha256) == f"blobs/sha256/ab/{sha256}"
    assert entry_key("due", [("model", "Lending")], sha256) == f"entries/v1/kind=due/model=%4cending/{sha256}.dsse.json"
    assert entry_key("key", [], sha256) == f"entries/v1/kind=key/{sha256}.dsse.json"
    assert anchor_key(300) == "log/anchors/000000000300.tsr"
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


@given(st.sampled_from(sorted(KINDS)), st.lists(st.text(min_size=1, max_size=300), max_size=4))
def test_an_entrys_key_gives_back_its_kind_and_leaves_its_folder_nowhere(kind: str, about: list[str]) -> None:
    key = entry_key(kind, [("model", value) for value in about], "0" * 64)
    assert entry_kind(key) == kind
    assert ".." not in key
    assert key.count("/") == 3 + len(about)


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True), st.lists(st.text(min_size=1), max_size=1))
def test_what_entries_are_about_never_shares_a_folder(values: list[str], rest: list[str]) -> None:
    one, other = (entry_key("due", [("model", text), *(("part", each) for each in rest)], "0" * 64) for text in values)
    assert one != other


def test_a_manifest_is_an_entry_of_kind_report() -> None:
    key = ReportId("m", "w", "day", "main", 1).manifest_key
    assert entry_kind(key) == "report"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "entries/v1/kind=due/x.dsse.json",
        f"entries/v1/kind=due/{'0' * 64}.dsse.json/",
        f"entries/v1/kind=due/{'0' * 64}.dsse.json\n",
        f"entries/v1/kind=due/{'A' * 64}.dsse.json",
        f"entries/v2/kind=due/{'0' * 64}.dsse.json",
        f"entries/v1/kind=/{'0' * 64}.dsse.json",
        f"entries/v1/kind=due/model=/{'0' * 64}.dsse.json",
        f"blobs/sha256/00/{'0' * 64}",
        "log/commits/000000/000000000001",
        "reports/v1/manifest.json",
    ],
)
def test_other_keys_are_no_entries(key: str) -> None:
    assert entry_kind(key) is None
