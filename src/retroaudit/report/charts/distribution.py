"""The distribution of one column: the reference filled, the window as a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from retroaudit.report import wording
from retroaudit.report.charts.frame import AXIS, Layer, frame, names, over, rectangle, rows, scaled
from retroaudit.report.charts.svg import CURRENT, REFERENCE, draw
from retroaudit.report.rounding import round_numbers

_LABEL = 18  # characters of a category's name
_VALUES = 8  # categories that are drawn; the table has all
_WIDTH = 300
_HEIGHT = 130
_FILLED = {"color": REFERENCE, "opacity": 0.55}
_LEAST = 1e-9  # the top of an empty plot
_TICKS = 6
_SIDES = ("reference", "current")


def distribution(histogram: Mapping[str, Any]) -> Markup:
    """Draw one of the document's histograms."""
    label = f"Distribution of {wording.shown(histogram['column'])}: the reference filled, this window as a line"
    return draw(_numeric(histogram) if histogram["kind"] == "numeric" else _categorical(histogram), label)


def shares(histogram: Mapping[str, Any]) -> list[tuple[str, float | None, float | None]]:
    """Each bin's or value's name, with its share of the reference and of the window; None where withheld."""
    labels = _intervals(histogram["edges"]) if histogram["kind"] == "numeric" else _values(histogram["values"])
    sides = [_shares(histogram[side], len(labels)) for side in _SIDES]
    table = list(zip(labels, *sides, strict=True))
    return table if any(table[-1][1:]) or len(table) == 1 else table[:-1]


def _intervals(edges: Sequence[float]) -> list[str]:
    if not edges:
        return ["all values"]
    inner = [f"{wording.edge(low)} to {wording.edge(high)}" for low, high in pairwise(edges)]
    return [f"below {wording.edge(edges[0])}", *inner, f"from {wording.edge(edges[-1])}"]


def _values(values: Sequence[str | None]) -> list[str]:
    return [*("null" if value is None else wording.shown(value) for value in values), "all others"]


def _shares(counts: Sequence[int] | None, size: int) -> list[float | None]:
    return [None] * size if counts is None else [count / (sum(counts) or 1) for count in counts]


def _numeric(histogram: Mapping[str, Any]) -> Layer:
    edges = histogram["edges"] if len(histogram["edges"]) > 1 else [0.0, 1.0]
    counts = {side: histogram[side] for side in _SIDES if histogram[side] and len(histogram["edges"]) > 1}
    pieces = {side: _pieces(each, edges) for side, each in counts.items()}
    top = max([piece["y"] for each in pieces.values() for piece in each] + [_LEAST]) * 1.06
    tail = _tail(edges)
    ticks = [tick for tick in round_numbers(edges[0], edges[-1], _TICKS) if edges[0] <= tick <= edges[-1]]
    axis = {**AXIS, "grid": False, "values": ticks, "format": _format(max(map(abs, ticks), default=0.0))}
    x = scaled("x", [edges[0] - 2.2 * tail, edges[-1] + 2.2 * tail], axis)
    y = scaled("y", [0, top], {**AXIS, "tickCount": 3, "format": "~p"})
    filled = rectangle(x, {**y, "field": "zero"}, ("right", "y"), _FILLED)
    layers = [over(filled, pieces.get("reference", [])), over(_line(x, y), _outline(pieces.get("current", [])))]
    return frame((_WIDTH, _HEIGHT), (44, 12, 8, 24), layers)


def _format(greatest: float) -> str:
    """How d3 writes an axis: plain decimals where they are short, else with a suffix or an exponent."""
    plain, suffixed = 0.001 <= greatest < 1e5, 1e5 <= greatest < 1e15  # noqa: PLR2004 (the widths of a label)
    return ",.6~r" if plain or not greatest else ".3~s" if suffixed else ".3~e"


def _tail(edges: Sequence[float]) -> float:
    return (edges[-1] - edges[0]) / 25


def _pieces(counts: Sequence[int], edges: Sequence[float]) -> list[dict[str, float]]:
    """Rectangles as high as the share of rows in a thirtieth of the width; the two open ends stand apart."""
    tail, unit = _tail(edges), (edges[-1] - edges[0]) / 30
    lefts = [edges[0] - 2 * tail, *edges[:-1], edges[-1] + tail]
    rights = [edges[0] - tail, *edges[1:], edges[-1] + 2 * tail]
    rows_ = sum(counts) or 1
    heights = [count / rows_ * unit / (right - left) for count, left, right in zip(counts, lefts, rights, strict=True)]
    heights[0], heights[-1] = counts[0] / rows_, counts[-1] / rows_
    each = zip(lefts, rights, heights, strict=True)
    return [{"x": left, "right": right, "y": height, "zero": 0.0} for left, right, height in each]


def _outline(pieces: Sequence[Mapping[str, float]]) -> list[dict[str, Any]]:
    """The points of a line around all bins, and of one around each open end that holds something."""
    points: list[dict[str, Any]] = []
    for name, part in enumerate((pieces[:1], pieces[1:-1], pieces[-1:])):
        if any(piece["y"] for piece in part):
            corners = [(piece[side], piece["y"]) for piece in part for side in ("x", "right")]
            path = [(part[0]["x"], 0.0), *corners, (part[-1]["right"], 0.0)]
            points += [{"x": x, "y": y, "part": name, "order": order} for order, (x, y) in enumerate(path)]
    return points


def _line(x: Layer, y: Layer) -> Layer:
    return {
        "mark": {"type": "line", "color": CURRENT, "strokeWidth": 2},
        "encoding": {"x": x, "y": y, "order": {"field": "order"}, "detail": {"field": "part"}},
    }


def _categorical(histogram: Mapping[str, Any]) -> Layer:
    table = shares(histogram)
    drawn = table[:_VALUES]
    if table[_VALUES:]:
        drawn.append(("all others", *(_sum(row[side] for row in table[_VALUES:]) for side in (1, 2))))  # type: ignore[arg-type] # mypy does not count a generator's items
    data = [_row(number, *row) for number, row in enumerate(drawn)]
    most = max([max(row["reference"], row["current"]) for row in data] + [_LEAST]) * 1.05
    x = scaled("zero", [0, most], {**AXIS, "tickCount": 4, "format": ".0%"})
    reference = rectangle(x, rows("top", len(data)), ("reference", "foot"), _FILLED)
    current = rectangle(x, rows("upper", len(data)), ("current", "lower"), {"color": CURRENT})
    layers = [reference, current, names(rows("y", len(data)), -8, "right", "label")]
    height = max(_HEIGHT, 16 * len(data))
    return frame((_WIDTH - 92, height), (136, 12, 8, 24), [over(layer, data) for layer in layers])


def _row(number: int, label: str, reference: float | None, current: float | None) -> dict[str, Any]:
    """The reference as a broad bar, the window as a thin one within it."""
    return {
        "label": wording.shown(label, _LABEL),
        "y": number,
        "zero": 0.0,
        "reference": reference or 0.0,
        "current": current or 0.0,
        "top": number - 0.4,
        "foot": number + 0.4,
        "upper": number - 0.16,
        "lower": number + 0.16,
    }


def _sum(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
