"""The shape of ids: what is fixed, what varies, and that every text fits."""

from __future__ import annotations

import re
import uuid

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from retroaudit.proposing.shapes import merged, regex, shape

RNG = np.random.default_rng(11)
UUIDS = [str(uuid.UUID(bytes=RNG.bytes(16), version=4)) for _ in range(300)]


def of(texts: list[str]) -> str | None:
    found = shape(pl.Series(texts, dtype=pl.String))
    return regex(found) if found else None


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([f"req-{n:08d}" for n in range(100)], "^req-[0-9]{8}$"),
        (UUIDS, "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
        ([text.upper().replace("-", "") for text in UUIDS], "^[0-9A-F]{32}$"),
        ([f"20260701-{n:06d}" for n in range(100)], "^[0-9]{8}-[0-9]{6}$"),
        ([f"a.b+({n:03d})*" for n in range(100)], r"^a\.b\+\([0-9]{3}\)\*$"),
        (["ab^1", "ab-2", "ab]3"], r"^ab[\-\]\^][0-9]$"),
        ([f"r{n}" for n in range(8, 200)], "^r[0-9]+$"),
        ([f"ORD-{n}-{n * 37}" for n in range(10, 2000)], "^ORD-[0-9]{2,}-[0-9]{3,}$"),
        (["x", "yy", "zzz"], None),
        (["a word", "and some more"], None),
        (["é1", "é2"], None),
        (["a\n"], None),
        (["a" * 65], None),
        ([], None),
    ],
)
def test_shapes_by_hand(texts: list[str], expected: str | None) -> None:
    assert of(texts) == expected


PRINTED = st.characters(min_codepoint=32, max_codepoint=126)
SHAPED = st.one_of(
    st.integers(1, 6).flatmap(lambda size: st.lists(st.text(PRINTED, min_size=size, max_size=size), min_size=2)),
    st.text(PRINTED, max_size=4).flatmap(
        lambda start: st.lists(st.integers(0).map(lambda n: f"{start}{n}"), min_size=2)
    ),
)


@given(SHAPED, st.integers(1, 9))
def test_every_text_fits_in_python_and_in_polars_wherever_it_is_cut(texts: list[str], at: int) -> None:
    whole = of(texts)
    assume(whole is not None)
    assert whole is not None
    assert all(re.search(whole, text) for text in texts)
    assert pl.Series(texts).str.contains(whole).all()
    parts = [shape(pl.Series(part)) for part in (texts[:at], texts[at:]) if part]
    first, *rest = parts
    for other in rest:
        first = merged(first, other) if first and other else None
    assert first
    assert regex(first) == whole


@given(st.integers(0, 10**8 - 1), st.integers(1, 12))
def test_what_is_cut_does_not_fit(number: int, kept: int) -> None:
    text, found = f"req-{number:08d}", of([f"req-{n:08d}" for n in range(50)])
    assert found
    assert re.search(found, text)
    assert bool(re.search(found, text[:kept])) == (kept == 12)
