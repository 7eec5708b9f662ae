"""The table of orders and its suite of 48 expectations, as both sides of the comparison with GX get them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

COUNTRIES = ("AT", "BE", "CZ", "DE", "DK", "ES", "FR", "IT", "NL", "PL", "PT", "SE")
CHANNELS = ("app", "shop", "web")
STATES = ("cancelled", "new", "packed", "paid", "returned", "sent")
NUMBERS = ("amount", "discount", "quantity", "age", "score", "weight")
COLUMNS = ("order_id", "customer_id", "email", *NUMBERS, "country", "channel", "state")
Kwargs = dict[str, Any]
_MOSTLY = {"discount": {"mostly": 0.9}, "weight": {"mostly": 0.98}}


def suite() -> dict[str, Any]:
    """The suite as GX keeps it in `expectations/*.json`; a few expectations fail, and some let a few rows fail."""
    expectations = [{"type": f"expect_{name}", "kwargs": kwargs, "meta": {}} for name, kwargs in _expectations()]
    return {"name": "orders", "expectations": expectations, "meta": {"great_expectations_version": "1.24.1"}}


def _expectations() -> Iterator[tuple[str, Kwargs]]:
    yield "table_columns_to_match_set", {"column_set": list(COLUMNS)}
    for column in COLUMNS:
        yield "column_values_to_not_be_null", {"column": column, **_MOSTLY.get(column, {})}
    yield from _of_numbers()
    yield from _of_texts()
    yield "compound_columns_to_be_unique", {"column_list": ["customer_id", "order_id"]}


def _of_numbers() -> Iterator[tuple[str, Kwargs]]:
    ends = ((0, 1_000_000), (0, 0.5), (1, 20), (18, 90), (0, 1), (0, 25))
    means = ((20, 60), (0.2, 0.3), (2, 4), (45, 60), (0.2, 0.4), (10, 11))  # the last fails
    for column, (least, most), (low, high) in zip(NUMBERS, ends, means, strict=True):
        between = {"column": column, "min_value": least, "max_value": most}
        yield "column_values_to_be_between", between | _MOSTLY.get(column, {})
        yield "column_mean_to_be_between", {"column": column, "min_value": low, "max_value": high}
    for column, (least, most) in zip(NUMBERS[:4], ends, strict=False):
        ranges = {"quantiles": [0.05, 0.5, 0.95], "value_ranges": [[least, most], [least, most], [least, None]]}
        yield "column_quantile_values_to_be_between", {"column": column, "quantile_ranges": ranges}
    yield "column_stdev_to_be_between", {"column": "weight", "min_value": 1, "max_value": 10}
    yield "column_max_to_be_between", {"column": "age", "min_value": 80, "max_value": 90}


def _of_texts() -> Iterator[tuple[str, Kwargs]]:
    for column, values in (("country", COUNTRIES), ("channel", CHANNELS), ("state", STATES[:-1])):  # the last fails
        yield "column_values_to_be_in_set", {"column": column, "value_set": list(values), "mostly": 0.8}
        yield "column_distinct_values_to_be_in_set", {"column": column, "value_set": list(values)}
        yield "column_unique_value_count_to_be_between", {"column": column, "min_value": 1, "max_value": len(values)}
    yield "column_values_to_match_regex", {"column": "order_id", "regex": r"^ord-\d{10}$"}
    yield "column_values_to_match_regex", {"column": "customer_id", "regex": "^[0-9a-f]{8}$"}
    yield "column_values_to_match_regex", {"column": "email", "regex": r"^[^@\s]+@[a-z.]+$", "mostly": 0.99}
    yield "column_values_to_not_match_regex", {"column": "email", "regex": "test"}
    yield "column_value_lengths_to_equal", {"column": "customer_id", "value": 8}
    yield "column_values_to_be_unique", {"column": "order_id"}
    yield "column_values_to_be_unique", {"column": "email", "mostly": 0.5}  # fails
