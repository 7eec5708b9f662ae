"""Types of columns under the names that Great Expectations' pandas engine knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from retroaudit.checks.quality.typed import kind

_NUMPY = {"bool": "bool", "halffloat": "float16", "float": "float32", "double": "float64"}
_ALIASES: Mapping[str, str] = {  # Arrow's and Polars' names that pandas has not, or has for something else
    **dict.fromkeys(("string", "large_string", "String", "Utf8", "utf8"), "str"),
    **{f"{sign}Int{bits}": f"{sign.lower()}int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)},
    "Float32": "float32",
    "Float64": "float64",
    "double": "float64",
    "halffloat": "float16",
    **dict.fromkeys(("boolean", "Boolean"), "bool"),
    **dict.fromkeys(("Date", "date32", "date32[day]"), "date"),
    **dict.fromkeys(("binary", "Binary"), "bytes"),
    **dict.fromkeys(("Categorical", "dictionary"), "category"),
}


def pandas_type(name: str) -> Any:
    """The type that pandas gives a column of this type (as in Parquet) without nulls: nulls change no type here."""
    unit = re.search(r"\[(\w+)", name)
    zone = re.search(r"tz=([^\]]+)", name)
    if re.match(r"u?int\d", name) or name in _NUMPY:
        return np.dtype(_NUMPY.get(name, name))
    if name.startswith("dictionary"):
        return pd.CategoricalDtype()
    if kind(name) == "text":
        return pd.Series([], dtype="str").dtype
    if kind(name) == "time" and unit:
        return pd.DatetimeTZDtype(unit[1], zone[1]) if zone else np.dtype(f"datetime64[{unit[1]}]")
    return np.dtype(f"timedelta64[{unit[1]}]") if name.startswith("duration") and unit else np.dtype(object)


def known_as(name: str) -> str:
    """The name that pandas has for a type, where Arrow or Polars name it."""
    return _ALIASES.get(name, name)


def polars_type(name: str) -> pl.DataType:
    """The type of a column of this type in Polars; of one that no audit reads a list of nothing."""
    unit, zone = re.search(r"\[(ms|us|ns)", name), re.search(r"tz=([^\]]+)", name)
    found = kind(name)
    if found == "decimal":
        return pl.Decimal(38, int(name.rpartition(",")[2].strip(" )")))
    if found == "time":
        return pl.Datetime(unit[1] if unit else "us", zone[1] if zone else None)  # type: ignore[arg-type]
    if re.match(r"u?int\d", name) or name in _NUMPY:
        return pl.Series(np.empty(0, _NUMPY.get(name, name))).dtype
    return _POLARS.get(found, pl.List(pl.Null()))


_POLARS: Mapping[str, pl.DataType] = {
    "text": pl.String(),
    "date": pl.Date(),
    "bytes": pl.Binary(),
    "nothing": pl.Null(),
}
