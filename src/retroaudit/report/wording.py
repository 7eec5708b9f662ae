"""Numbers, names and verdicts as a person reads them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

VERDICTS = ("failed", "inconclusive", "insufficient", "passed", "skipped")  # worst first
ICONS = {"failed": "✕", "inconclusive": "≈", "insufficient": "…", "passed": "✓", "skipped": "\N{EN DASH}", "": "·"}
MEANINGS = {
    "failed": "the whole interval lies outside what is allowed",
    "inconclusive": "the interval spans a threshold",
    "insufficient": "could not be checked; the reason is given",
    "passed": "the whole interval is allowed",
    "skipped": "could not be asked; the reason is given",
}
CHECKS = {
    "quality": ("Data quality", "Is what the model read complete, within its ranges and as its suite expects?"),
    "drift": ("Drift", "Does what the model read still look like the reference?"),
    "fairness": ("Fairness", "Are groups of people treated alike?"),
    "performance": ("Performance", "Was the model right, where the outcome is known?"),
    "versions": ("Served versions", "Did the declared version answer, and no other?"),
    "coverage": ("Coverage", "Have we seen everything that there was to see?"),
}
_NAMES = {
    "tpr": "true positive rate",
    "fpr": "false positive rate",
    "fnr": "false negative rate",
    "tnr": "true negative rate",
    "npv": "negative predictive value",
    "fdr": "false discovery rate",
    "tp": "true positives",
    "fp": "false positives",
    "fn": "false negatives",
    "tn": "true negatives",
    "n": "rows",
    "wasserstein": "Wasserstein distance",
    "jensenshannon": "Jensen\N{EN DASH}Shannon distance",
    "psi": "population stability index",
    "ks": "Kolmogorov\N{EN DASH}Smirnov distance",
    "ks_pvalue": "Kolmogorov\N{EN DASH}Smirnov p-value",
    "kl_div": "Kullback\N{EN DASH}Leibler divergence",
    "hellinger": "Hellinger distance",
    "TVD": "total variation distance",
    "chisquare": "chi-squared",
    "chisquare_pvalue": "chi-squared p-value",
    "homogeneity": "chi-squared of homogeneity",
    "homogeneity_pvalue": "homogeneity p-value",
    "nan_rate": "NaN rate",
}
_SHARES = frozenset({"tpr", "fpr", "fnr", "tnr", "npv", "fdr", "precision", "accuracy", "prevalence", "selection_rate"})
_SHARES_EXPECTED = tuple(
    f"expect_{stem}_"
    for stem in (
        "column_values",
        "column_value",
        "column_pair_values",
        "column_proportion",
        "compound_columns",
        "multicolumn",
        "select_column_values",
    )
)
_DASH, _MINUS, _THIN = "\N{EN DASH}", "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}"
_CELL = 120  # characters of a name in a table; the whole of it is in report.json
_SMALL, _LARGE = 1e-4, 1e6
_NARROW = 0.002  # an interval that is this narrow, against its value, does not show in three digits
_MOST_DECIMALS = 6


def metric_name(name: str) -> str:
    """`tpr_difference` is "true positive rate difference"."""
    if name in _NAMES:
        return _NAMES[name]
    stem, _, last = name.rpartition("_")
    if last in {"difference", "ratio", "adjusted"} and stem in _NAMES:
        return f"{_NAMES[stem]} {last}"
    return shown(name).replace("_", " ")


def sentence_case(text: str) -> str:
    """The first letter large, the others as they are."""
    return text[:1].upper() + text[1:]


def check_title(check: str) -> str:
    """The heading of a check's section."""
    return CHECKS.get(check, (shown(check).capitalize(), ""))[0]


def is_share(metric: str) -> bool:
    """Whether a metric is a share of rows, which people read as percent."""
    return metric in _SHARES or metric.endswith("_rate") or is_expected_share(metric)


def is_expected_share(metric: str) -> bool:
    """Whether a metric is the share of values that a suite's expectation finds as expected."""
    return metric.startswith(_SHARES_EXPECTED)


def number(value: float | str | None) -> str:
    """Three significant digits; whole numbers whole, with thin groups; null is a dash."""
    if value is None or isinstance(value, str):
        return value or _DASH
    if float(value).is_integer() and abs(value) < 1 / _SMALL**3:
        return f"{int(value):,}".replace(",", _THIN).replace("-", _MINUS)
    size = abs(value)
    text = f"{value:.2e}" if size < _SMALL or size >= _LARGE else f"{value:.{_decimals(size)}f}"
    return text.replace("-", _MINUS)


def percent(value: float | None) -> str:
    """A share as percent with three significant digits, at most two decimals: 0.0235 is "2.35 %"."""
    return _DASH if value is None else f"{_percent_digits(value)} %"


def amount(metric: str, value: float | None) -> str:
    """A value as its metric is read: percent for shares, else a number."""
    return percent(value) if is_share(metric) else number(value)


def interval(row: Mapping[str, Any]) -> str:
    """The value and its interval as `0.21 (0.18 to 0.24)`, with a dash where no end is negative.

    Rounded as the interval's width deserves. The value alone where there is no interval, or one that three
    digits do not show; its bounds alone where the value is withheld.
    """
    value, low, high = row["value"], row["low"], row["high"]
    if value is None:
        bounds = ((word, end) for word, end in (("at least", low), ("at most", high)) if end is not None)
        return " and ".join(f"{word} {amount(row['metric'], end)}" for word, end in bounds) or _DASH
    share = is_share(row["metric"])
    if low is None or high is None or high - low <= _NARROW * abs(value):
        return amount(row["metric"], value)
    ends = [each * 100 if share else each for each in (value, low, high)]
    least = 0 if share or max(map(abs, ends)) >= 10 else 2  # noqa: PLR2004 (small numbers have two decimals)
    half = (ends[2] - ends[1]) / 2
    if half < 10**-_MOST_DECIMALS or max(map(abs, ends)) >= _LARGE:
        texts = [number(each) for each in ends]
    else:
        texts = [_fixed(each, max(least, math.ceil(-math.log10(half)))) for each in ends]
    unit = " %" if share else ""
    return f"{texts[0]}{unit} ({(' to ' if low < 0 else _DASH).join(texts[1:])}{unit})"


def allowed(row: Mapping[str, Any]) -> str:
    """What the threshold allows, in words; a dash where nothing was asked."""
    threshold = row["threshold"]
    if threshold is None:
        return _DASH
    least, most = (_limit(row["metric"], threshold[side]) for side in ("min", "max"))
    if least == most:
        return f"exactly {least}" if least else "anything"
    if least is None:
        return f"at most {most}"
    return f"at least {least}" if most is None else f"{least} to {most}"


def _limit(metric: str, value: float | None) -> str | None:
    """A threshold as somebody wrote it: no digits are added."""
    if value is None:
        return None
    text = f"{round(value * 100, 10):g} %" if is_share(metric) else f"{value:g}"
    return text.replace("-", _MINUS)


def place(row: Mapping[str, Any]) -> str:
    """Where a metric holds: its column and its slice."""
    parts = [] if row["subject"] == "model" else [shown(row["subject"])]
    return ", ".join([*parts, *map(pair, row["slice"].items())]) or "whole window"


def group(slice_: Mapping[str, str | None], limit: int = _CELL) -> str:
    """The values of a slice alone: "F · 60+"."""
    return shown(" · ".join("null" if value is None else value for value in slice_.values()), limit)


def pair(item: tuple[str, str | None]) -> str:
    """One column and its value; null is not the text "null"."""
    name, value = item
    return f"{shown(name)} is null" if value is None else f"{shown(name)} = {shown(value)}"


def shown(text: str, limit: int = _CELL) -> str:
    """Text of the data, safe to look at: cut with an ellipsis, and what cannot be seen (line ends, marks that
    turn the direction of writing) as an escape.
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    seen = "".join(char if unicodedata.category(char)[0] not in "CZ" or char == " " else _escape(char) for char in cut)
    return seen if len(seen) <= limit else seen[: limit - 1] + "…"


def edge(value: float) -> str:
    """An edge of a bin: a round number, written out."""
    return f"{value:,.12g}".replace(",", _THIN).replace("-", _MINUS)


def size(count: int | str) -> str:
    """Bytes in a unit that fits."""
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:  # noqa: PLR2004 (a thousand bytes are a kilobyte)
        value, units = value / 1000, units[1:]
    return f"{number(value)} {units[0]}"


def span(window: Mapping[str, Any]) -> str:
    """The window as its first and last day: "1 April 2026 to 30 June 2026"; in another zone than UTC, as instants."""
    if window["start"] is None:
        return "one snapshot, without time"
    start, end = _moment(window["start"]), _moment(window["end"])
    if window["zone"] != "UTC":
        return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC, days of {window['zone']}"
    first, last = start.date(), (end - timedelta(microseconds=1)).date()
    return day(first) if first == last else f"{day(first)} to {day(last)}"


def moment(text: str | None) -> str:
    """An instant for people; always UTC."""
    return _DASH if text is None else f"{day(_moment(text).date())}, {_moment(text):%H:%M} UTC"


def day(value: date) -> str:
    """`1 April 2026`."""
    return f"{value.day} {value:%B %Y}"


def plural(count: int, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def _fixed(value: float, decimals: int) -> str:
    if value == 0:
        return "0"
    rounded = round(value, decimals) + 0.0  # no minus before what is rounded to zero
    return f"{rounded:,.{decimals}f}".replace(",", _THIN).replace("-", _MINUS)


def _decimals(magnitude: float) -> int:
    return max(0, 2 - math.floor(math.log10(magnitude)))


def _percent_digits(value: float) -> str:
    hundredfold = round(value * 100, 10)
    if hundredfold == 0 or abs(hundredfold) >= 1 / _SMALL:
        return number(hundredfold)
    if abs(hundredfold) < 0.01:  # noqa: PLR2004 (below what two decimals show)
        return number(hundredfold)
    decimals = min(2, _decimals(abs(hundredfold)))
    if decimals < 2 and hundredfold < 100 <= round(hundredfold, decimals):  # noqa: PLR2004 (nearly all is not all)
        decimals = math.ceil(-math.log10(100 - hundredfold))
    return f"{hundredfold:.{decimals}f}".replace("-", _MINUS)


def _escape(char: str) -> str:
    return " " if char == "\N{NO-BREAK SPACE}" else char.encode("unicode_escape").decode()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
