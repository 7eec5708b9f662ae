"""A section for each check: what failed first, its plots, and every row in a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from retroaudit.checks.rates import RATE_OF
from retroaudit.judgement.suppression import WITHHELD
from retroaudit.report import wording
from retroaudit.report.charts.distribution import distribution, shares
from retroaudit.report.charts.rows import Band, bars, dots
from retroaudit.report.charts.rows import Row as Dot
from retroaudit.report.overview import in_order, worst

_PLOTS = 12  # at most, in one section
_DOTS = 12  # rows of one plot
_TABLE = 400  # rows of one table; the whole of it is in metrics.parquet
_CARDS = 6  # cards of fairness: two plots each
_NUMBERS = 48  # rows of the table in one of them
_WORST_FIRST = {verdict: place for place, verdict in enumerate(wording.VERDICTS)}

Row = Mapping[str, Any]
Card = dict[str, Any]


def sections(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sections in reading order. A section draws at most 12 plots, the worst first, and says what it left out."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in document["metrics"]:
        rows[row["check"]].append(row)
    return [_section(check, rows[check], document) for check in in_order(rows)]


def _section(check: str, rows: Sequence[Row], document: Mapping[str, Any]) -> dict[str, Any]:
    ranked = sorted(rows, key=_rank)
    cards, hidden = _CARD_MAKERS.get(check, _no_cards)(rows, document)
    return {
        "check": check,
        "title": wording.check_title(check),
        "question": wording.CHECKS.get(check, ("", ""))[1],
        "verdict": worst(check, document),
        "counts": document["summary"]["checks"][check],
        "cards": cards,
        "hidden": hidden,
        "table": ranked[:_TABLE],
        "left_out": max(0, len(ranked) - _TABLE),
    }


def _rank(row: Row) -> int:
    return _WORST_FIRST.get(row["verdict"], len(_WORST_FIRST))


def _no_cards(_rows: Sequence[Row], _document: Mapping[str, Any]) -> tuple[list[Card], int]:
    return [], 0


def _drift(rows: Sequence[Row], document: Mapping[str, Any]) -> tuple[list[Card], int]:
    """A card for each column that has a histogram, with what is judged of it; all other numbers are folded away."""
    of_column: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if not row["slice"] or (set(row["slice"]) == {"reference"} and row["verdict"] in _TOLD):
            of_column[row["subject"]].append(row)
    histograms = sorted(document["histograms"], key=lambda each: min(map(_rank, of_column[each["column"]]), default=9))
    cards = [_distribution(each, sorted(of_column[each["column"]], key=_rank)) for each in histograms[:_PLOTS]]
    return cards, max(0, len(histograms) - _PLOTS)


_TOLD = frozenset({"failed", "inconclusive"})
"""Verdicts against rolling references that stand on a column's card."""

_QUIET = frozenset(
    {
        "null_rate_difference",
        "nan_rate_difference",
        "inf_rate_difference",
        "out_of_reference_range_rate",
        "unseen_rate",
        "vanished_rate",
    }
)
"""What is told on a card only where it did not pass."""


def _distribution(histogram: Mapping[str, Any], rows: Sequence[Row]) -> Card:
    told = [row for row in rows if row["threshold"] and (row["metric"] not in _QUIET or row["verdict"] != "passed")]
    return {
        "kind": "distribution",
        "title": wording.shown(histogram["column"], 60),
        "verdict": _worst_of(rows),
        "rows": told or rows[:1],
        "others": [row for row in rows if row not in (told or rows[:1])],
        "plots": [distribution(histogram)],
        "shares": shares(histogram),
        "withheld": [side for side in ("reference", "current") if histogram[side] is None],
        "hashed": histogram["kind"] == "categorical" and not histogram["exact"],
    }


def _fairness(rows: Sequence[Row], _document: Mapping[str, Any]) -> tuple[list[Card], int]:
    """A card for each attribute and rate: the groups' rates, and what is judged of them against its band."""
    of_card: dict[tuple[tuple[str, ...], str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["slice"] and row["metric"] not in _NO_RATE and WITHHELD not in row["slice"]:
            of_card[tuple(row["slice"]), RATE_OF.get(row["metric"], row["metric"])][row["metric"]].append(row)
    ranked = sorted(of_card.items(), key=lambda item: (min(_judged(each) for each in item[1].values()), item[0]))
    return [_groups(names, stem, each) for (names, stem), each in ranked[:_CARDS]], max(0, len(ranked) - _CARDS)


def _judged(rows: Sequence[Row]) -> int:
    """The rank of the worst row that was judged against a threshold; rows without one come last."""
    return min((_rank(row) for row in rows if row["threshold"]), default=len(_WORST_FIRST) + 1)


_NO_RATE = frozenset({"n", "tp", "fp", "fn", "tn", "withheld_groups"})


def _groups(names: tuple[str, ...], stem: str, of_metric: Mapping[str, Sequence[Row]]) -> Card:
    rows = [row for metric in sorted(of_metric) for row in of_metric[metric]]
    judged = sorted(
        (metric for metric in of_metric if metric != stem), key=lambda name: (_judged(of_metric[name]), name)
    )
    drawn = [stem, *judged][:2] if stem in of_metric else judged[:2]
    return {
        "kind": "groups",
        "title": f"{wording.sentence_case(wording.metric_name(stem))} by {wording.shown(' and '.join(names), 60)}",
        "verdict": _worst_of(rows),
        "rows": sorted(rows, key=_rank)[:_NUMBERS],
        "left_out": max(0, len(rows) - _NUMBERS),
        "plots": [_dots(of_metric[metric]) for metric in drawn],
        "captions": [_caption(metric, len(of_metric[metric])) for metric in drawn],
    }


def _caption(metric: str, groups: int) -> str:
    """What a plot shows, and of how many groups it shows but the worst."""
    some = f": the worst {_DOTS} of {wording.plural(groups, 'group')}" if groups > _DOTS else ""
    return wording.sentence_case(wording.metric_name(metric)) + some


def _dots(rows: Sequence[Row], label: Callable[[Row], str] = lambda row: wording.group(row["slice"])) -> Any:
    """One plot of one metric; the band is the rows' threshold where they share one."""
    metric = rows[0]["metric"]
    shown = sorted(sorted(rows, key=_rank)[:_DOTS], key=list(rows).index)
    bands = {(row["threshold"]["min"], row["threshold"]["max"]) for row in shown if row["threshold"]}
    band: Band | None = bands.pop() if len(bands) == 1 else None
    return dots([_dot(row, label(row)) for row in shown], band=band, share=wording.is_share(metric), title=_alt(rows))


def _dot(row: Row, label: str) -> Dot:
    text = wording.interval(row) if row["value"] is not None else row["verdict"] or "no value"
    return Dot(label, row["value"], row["low"], row["high"], row["verdict"], text)


def _alt(rows: Sequence[Row]) -> str:
    name = wording.metric_name(rows[0]["metric"])
    return f"{name}, one row a group, with intervals; the table below has the numbers"


def _quality(rows: Sequence[Row], _document: Mapping[str, Any]) -> tuple[list[Card], int]:
    """The columns with the most nulls, and what the most values of are not as the suite expects."""
    (nulls, few), (unexpected, more) = _nulls(rows), _unexpected(rows)
    return [*nulls, *unexpected], few + more


def _unexpected(rows: Sequence[Row]) -> tuple[list[Card], int]:
    shares = [row for row in rows if wording.is_expected_share(row["metric"]) and row["value"] is not None]
    odd = [row for row in shares if row["value"] < 1.0]
    top = sorted(odd, key=lambda row: (row["value"], row["subject"], row["metric"]))[:_DOTS]
    if not top:
        return [], 0
    table = [Dot(_expected_of(row), 1 - row["value"], None, None, row["verdict"], wording.interval(row)) for row in top]
    title = "Shares of values that are not as the suite expects; the table below has the shares that are"
    return [_single("Not as the suite expects", top, bars(table, limit=None, title=title))], max(0, len(odd) - _DOTS)


def _expected_of(row: Row) -> str:
    """`cat_02 be in set`: the column, and what was expected of its values."""
    return f"{row['subject']} {wording.metric_name(row['metric']).partition(' to ')[2]}"


def _nulls(rows: Sequence[Row]) -> tuple[list[Card], int]:
    nulls = [row for row in rows if row["metric"] == "null_rate" and row["value"] and not row["slice"]]
    top = sorted(nulls, key=lambda row: (-row["value"], row["subject"]))[:_DOTS]
    if not top:
        return [], 0
    limits = {row["threshold"]["max"] for row in top if row["threshold"]}
    plot = bars(
        [_dot(row, row["subject"]) for row in top],
        limit=limits.pop() if len(limits) == 1 else None,
        title="Columns with the most nulls; the table below has the numbers",
    )
    return [_single("Columns with the most nulls", top, plot)], max(0, len(nulls) - _DOTS)


def _performance(rows: Sequence[Row], _document: Mapping[str, Any]) -> tuple[list[Card], int]:
    """The shares among the metrics of the whole window, on one axis."""
    known = [row for row in rows if wording.is_share(row["metric"]) and row["value"] is not None and not row["slice"]]
    if not known:
        return [], 0
    table = [_dot(row, wording.metric_name(row["metric"])) for row in known[:_DOTS]]
    plot = dots(
        table,
        band=None,
        share=True,
        wide=True,
        title="Rates of the whole window, with intervals; the table has the numbers",
    )
    return [_single("Rates of the whole window", known, plot)], max(0, len(known) - _DOTS)


def _versions(rows: Sequence[Row], _document: Mapping[str, Any]) -> tuple[list[Card], int]:
    """The share of each version, or of each version and day where those are few; the worst first."""
    known = sorted((row for row in rows if row["value"] and row["slice"]), key=_rank)
    if not known:
        return [], 0
    table = [_dot(row, _answered(row)) for row in known[:_DOTS]]
    plot = bars(table, limit=None, title="Shares of versions; the table below has the numbers")
    return [_single("Who answered, by share of rows", known[:_DOTS], plot)], max(0, len(known) - _DOTS)


def _answered(row: Row) -> str:
    stray = "" if row["metric"] == "version_rate" else "undeclared · "
    return stray + wording.group(row["slice"])


def _single(title: str, rows: Sequence[Row], plot: Any) -> Card:
    return {"kind": "single", "title": title, "verdict": _worst_of(rows), "rows": rows, "plots": [plot]}


def _worst_of(rows: Sequence[Row]) -> str:
    return next((verdict for verdict in wording.VERDICTS if any(row["verdict"] == verdict for row in rows)), "")


_CARD_MAKERS: Mapping[str, Callable[[Sequence[Row], Mapping[str, Any]], tuple[list[Card], int]]] = {
    "quality": _quality,
    "drift": _drift,
    "fairness": _fairness,
    "performance": _performance,
    "versions": _versions,
}
