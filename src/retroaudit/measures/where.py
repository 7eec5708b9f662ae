"""Which rows are asked: a condition on a row's own values, as canonical JSON.

`{"column": c, "operator": o, "value": v}` compares, with o one of ==, !=, <, <=, >, >=, in, not_in; `is_null` and
`not_null` take no value. `{"and": [...]}`, `{"or": [...]}` and `{"not": {...}}` combine. Empty text is every row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def columns_of(where: str) -> tuple[str, ...]:
    """The columns that a condition looks at, once each, in the order of the text."""
    return tuple(dict.fromkeys(_columns(json.loads(where)))) if where else ()


def _columns(condition: Any) -> Iterator[str]:
    if "column" in condition:
        yield condition["column"]
    inner = [*condition.get("and", ()), *condition.get("or", ()), *([condition["not"]] if "not" in condition else ())]
    for each in inner:
        yield from _columns(each)
