from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal

import polars as pl
import pytest

from retroaudit.archive.times import instants, microseconds

NOON = microseconds(datetime(2026, 7, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_any_unit_and_zone_is_one_instant(unit: Literal["ms", "us", "ns"], zone: str | None) -> None:
    times = pl.Series([datetime(2026, 7, 1, 12), None]).cast(pl.Datetime(unit))  # noqa: DTZ001 -- naive on purpose
    if zone:
        times = times.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    assert instants(times, "Europe/Berlin").to_list() == [NOON, None]  # naive is UTC, whatever the spec's zone


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-01T12:00:00", NOON),
        ("2026-07-01 12:00:00Z", NOON),
        ("2026-07-01T14:00:00+02:00", NOON),
        ("2026-07-01T05:00:00-0700", NOON),
        ("2026-07-01T12:00:00.123456789Z", NOON + 123456),
        ("2026-07-01T12:00:00.5", NOON + 500_000),
        ("2026-07-01", NOON - 2 * 3_600_000_000),  # noon in Berlin, two hours ahead in July
        ("2026-7-1", None),
        ("2026-02-30T00:00:00", None),
        ("2026-07-01T24:00:00", None),
        ("2026-07-01T12:00", None),
        ("12:00:00", None),
        (" 2026-07-01", None),
        ("2026-07-01\n", None),
        ("yesterday", None),
        ("<script>", None),
        ("", None),
        (None, None),
    ],
)
def test_text_is_iso_or_nothing(text: str | None, expected: int | None) -> None:
    assert instants(pl.Series([text], dtype=pl.String), "Europe/Berlin").to_list() == [expected]


def test_a_date_is_its_noon_where_clocks_change_too() -> None:
    """Berlin was at UTC+1 before 29 March 2026 and at UTC+2 from then on, at noon of that day too."""
    found = instants(pl.Series([date(2026, 3, 28), date(2026, 3, 29)]), "Europe/Berlin")
    expected = [datetime(2026, 3, 28, 11, tzinfo=UTC), datetime(2026, 3, 29, 10, tzinfo=UTC)]
    assert found.to_list() == [microseconds(moment) for moment in expected]


@pytest.mark.parametrize(
    "dtype", [pl.Datetime("ms"), pl.Datetime("us"), pl.Datetime("ns"), pl.Datetime("ms", "UTC"), pl.Date]
)
def test_extremes_stay_far_away_on_their_own_side(dtype: pl.DataType) -> None:
    bits = 31 if dtype == pl.Date else 63
    physical = pl.Int32 if dtype == pl.Date else pl.Int64
    low, high = instants(pl.Series([-(2**bits), 2**bits - 1], dtype=physical).cast(dtype), "UTC").to_list()
    assert low < NOON < high


@pytest.mark.parametrize("values", [[1, 2], [1.5, None], [True, False]])
def test_other_types_are_no_time(values: list[object]) -> None:
    assert instants(pl.Series(values), "UTC").to_list() == [None, None]
