"""Numbers and names as people read them; every expectation is written out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.report import wording

THIN, MINUS, DASH = "\N{NARROW NO-BREAK SPACE}", "\N{MINUS SIGN}", "\N{EN DASH}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, DASH),
        (0.0, "0"),
        (1799411, f"1{THIN}799{THIN}411"),
        (-512.0, f"{MINUS}512"),
        (0.09381, "0.0938"),
        (1.23456, "1.23"),
        (123.456, "123"),
        (1.5e-7, f"1.50e{MINUS}07"),
        ("9007199254740993", "9007199254740993"),
    ],
)
def test_number(value: float | str | None, text: str) -> None:
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("metric", "value", "low", "high", "text"),
    [
        ("impact_ratio", 0.212, 0.181, 0.243, f"0.21 (0.18{DASH}0.24)"),
        ("null_rate", 0.094, 0.0912, 0.0968, f"9.4 % (9.1{DASH}9.7 %)"),
        ("tpr_difference", -0.12, -0.18, -0.06, f"{MINUS}0.12 ({MINUS}0.18 to {MINUS}0.06)"),
        ("nan_rate", 0.0, 0.0, 2e-6, f"0 % (0{DASH}0.0002 %)"),
        ("wasserstein", 0.812, 0.812, 0.812, "0.812"),
        ("wasserstein", 0.812, 0.81199, 0.81201, "0.812"),
        ("ks", 0.0, 0.0, 5e-324, f"0 (0{DASH}4.94e{MINUS}324)"),  # half of the interval is no double
        ("null_rate", 1e308, 1e307, 1.1e308, f"inf % (inf{DASH}inf %)"),  # nor is a hundredfold
        ("ks", None, None, None, DASH),
        ("selection_rate", None, 0.3, None, "at least 30.0 %"),
        ("impact_ratio", None, 0.2, 0.5, "at least 0.200 and at most 0.500"),
        ("ks", 0.5, None, None, "0.500"),
        ("tpr", 1.0, 1.0, 1.0, "100 %"),
        ("tpr", 0.99989, 0.99989, 0.99989, "99.99 %"),  # nearly all is not all
        ("tpr", 0.99999, 0.99999, 0.99999, "99.999 %"),
    ],
)
def test_interval(metric: str, value: float | None, low: float | None, high: float | None, text: str) -> None:
    assert wording.interval({"metric": metric, "value": value, "low": low, "high": high}) == text


@pytest.mark.parametrize(
    ("metric", "threshold", "text"),
    [
        ("ks", None, DASH),
        ("ks", {"min": None, "max": 0.1}, "at most 0.1"),
        ("impact_ratio", {"min": 0.8, "max": 1.25}, "0.8 to 1.25"),
        ("null_rate", {"min": None, "max": 0.02}, "at most 2 %"),
        ("control_difference", {"min": 0.0, "max": 0.0}, "exactly 0"),
        ("checked_metrics", {"min": 1.0, "max": None}, "at least 1"),
    ],
)
def test_allowed(metric: str, threshold: dict[str, Any] | None, text: str) -> None:
    assert wording.allowed({"metric": metric, "threshold": threshold}) == text


@given(st.text(), st.integers(2, 50))
def test_what_is_shown_is_short_and_can_be_seen(text: str, limit: int) -> None:
    shown = wording.shown(text, limit)
    assert len(shown) <= limit
    assert all(char.isprintable() for char in shown)


@given(st.floats(), st.floats(), st.floats(), st.sampled_from(["null_rate", "ks", "tpr_difference"]))
def test_every_finite_interval_has_words(value: float, low: float, high: float, metric: str) -> None:
    row = {"metric": metric, "value": value, "low": low, "high": high}
    finite = all(abs(each) < float("inf") for each in (value, low, high))
    assert not finite or wording.interval(row)


def test_a_window_is_named_by_its_days() -> None:
    utc = {"zone": "UTC", "start": "2026-04-01T00:00:00Z", "end": "2026-07-01T00:00:00Z"}
    assert wording.span(utc) == "1 April 2026 to 30 June 2026"
    assert wording.span({**utc, "end": "2026-04-02T00:00:00Z"}) == "1 April 2026"
    assert "Europe/Berlin" in wording.span({**utc, "zone": "Europe/Berlin"})
    assert wording.span({"zone": "UTC", "start": None, "end": None}) == "one snapshot, without time"
