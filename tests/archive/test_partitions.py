from __future__ import annotations

import pytest

from retroaudit.archive.partitions import days_present, expression, find, prefix
from tests.archive.small import Archive


def matches(pattern: str, key: str) -> bool:
    return expression(pattern).fullmatch(key) is not None


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("a/date={date}/*.parquet", "a/date=2026-07-01/part-0.parquet"),
        ("{date}/x-{date}.parquet", "2026-07-01/x-2026-07-01.parquet"),
        ("*/x", "anything at all/x"),
        ("x.parquet", "x.parquet"),
        ("a/_SUCCESS", "a/_SUCCESS"),
        ("a/.hidden-*", "a/.hidden-1"),
        ("a/*.tmp", "a/x.tmp"),
        ("a[b]+(c)$/*", "a[b]+(c)$/line\nbreak"),
    ],
)
def test_what_matches(pattern: str, key: str) -> None:
    assert matches(pattern, key)


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("a/date={date}/*.parquet", "a/date=2026-07-01/sub/part-0.parquet"),
        ("a/date={date}/*.parquet", "a/date=today/part-0.parquet"),
        ("a/date={date}/*.parquet", "b/a/date=2026-07-01/part-0.parquet"),
        ("{date}/x-{date}.parquet", "2026-07-01/x-2026-07-02.parquet"),
        ("x.parquet", "xyparquet"),
        ("a/*", "a/_SUCCESS"),
        ("a/*", "a/.part-0.parquet"),
        ("a/*", "a/part-0.tmp"),
        ("a/*", "a/part-0.parquet.crc"),
        ("a/*/x", "a/_temporary/x"),
        ("a/*.parquet", "a/b.parquet\n"),
    ],
)
def test_what_does_not_match(pattern: str, key: str) -> None:
    assert not matches(pattern, key)


def test_the_literal_prefix() -> None:
    assert prefix("a/date={date}/*.parquet") == "a/date="
    assert prefix("a/date={date}/*.parquet", "2026-07-01") == "a/date=2026-07-01/"
    assert prefix("a/b*") == "a/b"


def test_days_and_others(archive: Archive) -> None:
    for day in ("2026-07-01", "2026-07-02", "2026-07-05"):
        archive.log(b"x", "b", day)
        archive.log(b"x", "a", day)
    archive.log(b"x", "_b", "2026-07-01")
    days = ["2026-07-01", "2026-07-02", "2026-07-03"]
    for span in (days, [*days, *(f"2025-{m:02}-{d:02}" for m in (1, 2) for d in range(1, 29))]):  # short and long
        found = find(archive.storage, "logs/date={date}/*.parquet", span)
        assert list(found.by_day) == days[:2]
        assert [info.key[-9:] for info in found.by_day["2026-07-01"]] == ["a.parquet", "b.parquet"]
    assert days_present(archive.storage, "logs/date={date}/*.parquet") == ("2026-07-01", "2026-07-02", "2026-07-05")


def test_an_empty_window_is_no_wrong_pattern(archive: Archive) -> None:
    archive.log(b"x", day="2026-07-05")
    found = find(archive.storage, "logs/date={date}/*.parquet", ["2026-07-01"])
    assert (dict(found.by_day), found.others, found.nearest) == ({}, 1, ())


def test_nearest_keys_of_a_wrong_pattern(archive: Archive) -> None:
    archive.log(b"x")
    archive.write("other/readme", b"x")
    found = find(archive.storage, "log/date={date}/*.parquet", ["2026-07-01"])
    assert found.others == 0
    assert found.nearest[0] == "logs/date=2026-07-01/a.parquet"


def test_a_pattern_without_date_is_one_snapshot(archive: Archive) -> None:
    archive.write("snap/x.parquet", b"x")
    assert list(find(archive.storage, "snap/*.parquet", ()).by_day) == ["snapshot"]
