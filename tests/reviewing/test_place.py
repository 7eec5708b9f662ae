"""What is erased is gone, what is kept is whole, and nobody else's object is touched."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retroaudit.faults import BadInput
from retroaudit.ledger.coordinates import ReportId
from retroaudit.reviewing.place import Stored, erase, forget, older, put, stored
from retroaudit.reviewing.written import Sample
from retroaudit.storage.local import LocalStorage

REPORT = ReportId("lending.v1", "2026-07-01", "day", "main", 2)
PERSON, OTHER = "a" * 32, "b" * 32


def a_sample(report: ReportId = REPORT, *refs: str) -> Sample:
    lines = b"".join(json.dumps({"draw": "all", "ref": ref}).encode() + b"\n" for ref in refs or (PERSON, OTHER))
    return Sample({"report": str(report), "masking": "counts", "erased": 0}, lines)


@pytest.fixture
def place(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path.resolve())


def files(place: LocalStorage) -> dict[str, bytes]:
    return {info.key: place.read(info.key) for info in place.list()}


def test_a_sample_lies_below_its_report_and_is_told(place: LocalStorage) -> None:
    key = put(place, REPORT, a_sample())
    assert key.startswith("review/lending%2ev1/2026-07-01/day/main/2/")
    assert put(place, REPORT, a_sample()) == key
    assert set(files(place)) == {f"{key}.json", f"{key}.jsonl"}
    (found,) = stored(place)
    assert (found.key, found.report, found.masking, found.rows) == (key, str(REPORT), "counts", 2)
    assert found.size == sum(map(len, files(place).values()))


def test_samples_are_chosen_by_model_report_and_revision(place: LocalStorage) -> None:
    others = [
        ReportId("lending.v1", "2026-07-01", "day", "main", 20),
        ReportId("lending", "2026-07-01", "day", "main", 2),
    ]
    for report in (REPORT, *others):
        put(place, report, a_sample(report))

    def chosen(text: str) -> set[str]:
        return {each.report for each in stored(place, text)}

    assert chosen(str(REPORT)) == {str(REPORT)}
    assert chosen(REPORT.series) == {str(REPORT), str(others[0])}
    assert chosen("lending") == {str(others[1])}
    assert chosen("lend") == set()


@pytest.mark.parametrize("text", ["a/b", "a/b/c/d/e/f", "a//c/d", "/"])
def test_what_is_no_report_is_refused(place: LocalStorage, text: str) -> None:
    with pytest.raises(BadInput, match="model/window/kind/part"):
        list(stored(place, text))


def test_age_counts_from_when_it_was_put_there() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    samples = [Stored(name, 1, now - timedelta(days=days)) for name, days in (("old", 91), ("new", 90))]
    assert [each.key for each in older(samples, now, timedelta(days=90))] == ["old"]


def test_what_is_erased_is_gone_with_what_was_half_written(place: LocalStorage) -> None:
    put(place, REPORT, a_sample())
    (place.root / ".retroaudit").mkdir(exist_ok=True)
    (place.root / ".retroaudit" / "half").write_bytes(b"rows")
    (place.root / "not-ours.txt").write_bytes(b"kept")
    erase(place, stored(place))
    assert files(place) == {"not-ours.txt": b"kept"}
    assert list((place.root / ".retroaudit").iterdir()) == []


def test_a_person_is_forgotten_in_every_sample_and_nobody_else(place: LocalStorage) -> None:
    put(place, REPORT, a_sample())
    put(place, REPORT, a_sample(REPORT, PERSON, PERSON, OTHER))
    untouched = put(place, REPORT, a_sample(REPORT, OTHER))
    before = files(place)
    dry = forget(place, list(stored(place)), PERSON, do=False)
    assert sorted(dry.values()) == [1, 2]
    assert files(place) == before
    assert forget(place, list(stored(place)), PERSON, do=True) == dry
    assert not any(PERSON.encode() in data for data in files(place).values())
    found = list(stored(place))
    assert {untouched} < {each.key for each in found}
    assert [each.rows for each in found] == [1, 1, 1]
    assert not set(dry) & {each.key for each in found}
    assert forget(place, found, PERSON, do=True) == {}


@pytest.mark.parametrize("damage", ["no record", "no lines", "other lines", "other record"])
def test_the_damaged_and_unfinished_are_told_and_erased(place: LocalStorage, damage: str) -> None:
    key = put(place, REPORT, a_sample())
    ending = ".json" if "record" in damage else ".jsonl"
    (place.root / f"{key}{ending}").unlink()
    if damage.startswith("other"):
        place.put_if_absent(key + ending, b'{"ref":"%s"}' % PERSON.encode())
    (found,) = stored(place)
    assert (found.report, found.rows) == ("", 0)
    assert len(forget(place, [found], PERSON, do=True)) == (damage != "no lines")
    assert len(files(place)) == (damage == "no lines")
    erase(place, [found])
    assert files(place) == {}
