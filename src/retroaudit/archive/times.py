"""What a raw column of times says: microseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

_ISO = r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?$"
_DAY = r"^(\d{4}-\d{2}-\d{2})$"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31: what lies beyond is as far outside
_LARGEST_MS = (2**63 - 1) // 1000  # what a microsecond can still tell


def microseconds(moment: datetime) -> int:
    """A moment as this module's integers."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def instants(times: pl.Series, zone: str) -> pl.Series:
    """Each time as Int64 microseconds since 1970 in UTC, rounded down; null where there is no time.

    Naive times are UTC. A date is its noon in `zone`: every day has one. Text is ISO 8601, a date and a time or a
    date alone; other text, and values of a type that is no time, are null. Beyond the range of Int64 the nearest.
    """
    if times.dtype == pl.String:
        moments, days = _parse(times)
        return moments.zip_with(moments.is_not_null(), instants(days, zone))
    if times.dtype == pl.Date:
        days = times.to_physical().clip(_FIRST_DAY, _LAST_DAY).cast(pl.Date)
        noons = days.cast(pl.Datetime("us")).dt.offset_by("12h")
        local = noons.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
        return local.to_physical().fill_null(noons.to_physical())
    if not isinstance(times.dtype, pl.Datetime):
        return pl.Series(times.name, [None], dtype=pl.Int64).new_from_index(0, times.len())
    physical = times.to_physical()
    if times.dtype.time_unit == "ms":
        return physical.clip(-_LARGEST_MS, _LARGEST_MS) * 1000
    return physical // 1000 if times.dtype.time_unit == "ns" else physical


def _parse(times: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Text as microseconds and, where it is only a day, as dates; each null where it is not that."""
    parts = times.str.extract_groups(_ISO).struct.unnest()
    columns = parts.columns
    utc = pl.when(pl.col(columns[3]).is_null() | (pl.col(columns[3]) == "Z")).then(pl.lit("+00:00"))
    offset = utc.otherwise(pl.col(columns[3]).str.replace(r"^(.{3})(\d\d)$", "$1:$2"))
    fraction = pl.col(columns[2]).fill_null("0").str.pad_end(6, "0").str.slice(0, 6)
    text = pl.concat_str([pl.col(columns[0]), pl.lit("T"), pl.col(columns[1]), pl.lit("."), fraction, offset])
    moments = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", time_zone="UTC", strict=False)
    days = times.str.extract(_DAY).str.to_date("%Y-%m-%d", strict=False)
    return parts.select(moments.to_physical().alias("t")).to_series(), days
