"""What a stored report says about drift, column by column, as Evidently's reports need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from retroaudit.report.charts.distribution import shares
from retroaudit.report.wording import shown

_LABEL = 40  # characters of a value's name in a plot
METHODS = {  # metric -> Evidently's name of the same number, and what it shows; what Evidently lacks has a name of ours
    "wasserstein": ("wasserstein", "Wasserstein distance (normed)"),
    "jensenshannon": ("jensenshannon", "Jensen-Shannon distance"),
    "psi": ("psi", "PSI"),
    "kl_div": ("kl_div", "Kullback-Leibler divergence"),
    "hellinger": ("hellinger", "Hellinger distance"),
    "ks_pvalue": ("ks", "K-S p_value"),
    "chisquare_pvalue": ("chisquare", "chi-square p_value"),
    "ks": ("ks_statistic", "K-S statistic"),
    "TVD": ("tvd_statistic", "total variation distance"),  # its "TVD" is a p-value of random permutations
    "homogeneity_pvalue": ("homogeneity", "chi-square p_value of homogeneity"),
}


@dataclass(frozen=True)
class Bins:
    """How many rows each bin or value has, on each side; a side that is withheld or unknown has no bins."""

    labels: Sequence[str]
    current: Sequence[int]
    reference: Sequence[int]


@dataclass(frozen=True)
class Column:
    """The judged distance of one column, with the report's verdict."""

    name: str
    kind: str  # num | cat
    metric: str
    score: float
    threshold: float
    least: bool  # the threshold is the least that is allowed (a p-value), else the most
    verdict: str
    words: str  # the verdict and its reason
    bins: Bins


def columns(document: Mapping[str, Any]) -> tuple[Column, ...]:
    """Every column with a judged distance that has a value, in the order of their names; the fixed reference only."""
    histograms = {each["column"]: each for each in document["histograms"]}
    numbers = {row["subject"] for row in document["metrics"] if row["metric"] == "wasserstein"}
    rows = (row for row in _judged(document) if row["value"] is not None)
    return tuple(
        _column(row, "num" if row["subject"] in numbers else "cat", histograms.get(row["subject"])) for row in rows
    )


def undecided(document: Mapping[str, Any]) -> dict[str, str]:
    """Why a column has neither passed nor failed: its verdict and the reason."""
    return {row["subject"]: _words(row) for row in _judged(document) if row["verdict"] not in {"passed", "failed"}}


def _words(row: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, (row["verdict"], row["reason"])))


def _judged(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = (row for row in document["metrics"] if row["check"] == "drift" and row["metric"] in METHODS)
    judged = (row for row in rows if row["verdict"] is not None and not row["slice"])
    return sorted(judged, key=lambda row: row["subject"])


def _column(row: Mapping[str, Any], kind: str, histogram: Mapping[str, Any] | None) -> Column:
    least = row["threshold"]["max"] is None
    return Column(
        name=row["subject"],
        kind=kind,
        metric=row["metric"],
        score=row["value"],
        threshold=row["threshold"]["min" if least else "max"],
        least=least,
        verdict=row["verdict"],
        words=_words(row),
        bins=Bins((), (), ()) if histogram is None else _bins(histogram),
    )


def _bins(histogram: Mapping[str, Any]) -> Bins:
    labels = [shown(label, _LABEL) for label, _, _ in shares(histogram)]
    sides = ((histogram[side] or [])[: len(labels)] for side in ("current", "reference"))
    return Bins(labels, *sides)
