"""Plots with a row for each metric: dots with whiskers, bars, and the days of a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from retroaudit.report import wording
from retroaudit.report.charts.frame import AXIS, Layer, frame, names, over, rectangle, rows, scaled
from retroaudit.report.charts.svg import BAND, CURRENT, INK, MUTED, VERDICT, draw

_TEXT = 30  # characters of a number
_ROW = 24  # pixels of a row
_NUMBERS = 190  # pixels for numbers on the right
_SHAPES = {"passed": "circle", "failed": "diamond", "inconclusive": "triangle-up", "insufficient": "square"}
_DATES = 7  # names below a plot of days


@dataclass(frozen=True)
class _Size:
    """The width of a plot and of the names on its left, in pixels, and how many characters these may have."""

    plot: int
    names: int
    letters: int

    def frame(self, number: int, layers: Sequence[Layer]) -> Layer:
        return frame((self.plot, _ROW * number), (self.names, _NUMBERS, 4, 24), layers)


_BESIDE = _Size(192, 132, 19)  # one of two plots side by side
_ALONE = _Size(600, 200, 30)


@dataclass(frozen=True)
class Row:
    """One row of a plot: a value with its whisker, or none and what stands in its place."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    verdict: str | None
    text: str  # the value in words


Band = tuple[float | None, float | None]


def dots(table: Sequence[Row], *, band: Band | None, share: bool, title: str, wide: bool = False) -> Markup:
    """Dots with whiskers against the band of what is allowed; the shape tells the verdict."""
    domain, size = _domain(table, band, share=share), _ALONE if wide else _BESIDE
    x, y = scaled("x", domain, _axis(share=share)), rows("y", len(table))
    data = [_point(number, row, domain, size) for number, row in enumerate(table)]
    known = [point for point in data if point["x"] is not None]
    layers = [
        over(rectangle(x, y, ("x2", "y2"), {"color": BAND}), _area(band, domain, len(table))),
        *(over(layer, known) for layer in _marks(x, y)),
        *_words(y, size, data),
    ]
    return draw(size.frame(len(table), layers), title)


def bars(table: Sequence[Row], *, limit: float | None, title: str) -> Markup:
    """Horizontal bars of shares, with the threshold as a line."""
    most = max([row.value or 0.0 for row in table] + [limit or 0.0, 1e-6])
    x = scaled("zero", (0.0, most * 1.06), _axis(share=True))
    data = [
        {**_point(number, row, (0.0, 1.0), _ALONE), "zero": 0.0, "top": number - 0.3, "foot": number + 0.3}
        for number, row in enumerate(table)
    ]
    bar = rectangle(x, rows("top", len(table)), ("x", "foot"), {"color": CURRENT})
    layers = [over(bar, data), *_words(rows("y", len(table)), _ALONE, data)]
    if limit is not None:
        line = {"mark": {"type": "rule", "color": INK, "strokeWidth": 1.5, "strokeDash": [4, 3]}, "encoding": {"x": x}}
        layers.append(over(line, [{"zero": limit}]))
    return draw(_ALONE.frame(len(table), layers), title)


def days(table: Sequence[tuple[str, int | None]], title: str) -> Markup:
    """Rows counted on each day; a day without data is a cross instead of a bar."""
    most = max([count or 0 for _, count in table] + [1])
    data = [
        {"left": number - 0.4, "right": number + 0.4, "x": number, "zero": 0, "y": count or 0}
        for number, (_, count) in enumerate(table)
    ]
    gaps = [point for point, (_, count) in zip(data, table, strict=True) if count is None]
    dates = [{"x": n, "label": table[n][0]} for n in range(0, len(table), -(-len(table) // _DATES) or 1)]
    x = scaled("left", (-0.6, max(len(table), 1) - 0.4), None)
    y = scaled("zero", (0, most * 1.05), {**AXIS, "tickCount": 3, "format": ",d"})
    cross = {"type": "text", "text": "✕", "color": VERDICT["failed"], "fontSize": 13, "dy": -8}
    label = {"type": "text", "color": MUTED, "fontSize": 11, "align": "left", "baseline": "top"}
    middle = {**x, "field": "x"}
    below = {"x": {**x, "field": "x"}, "y": {"value": 128}, "text": {"field": "label"}}
    layers = [
        over(rectangle(x, y, ("right", "y"), {"color": CURRENT, "opacity": 0.8}), data),
        over({"mark": cross, "encoding": {"x": middle, "y": y}}, gaps),
        over({"mark": label, "encoding": below}, dates),
    ]
    return draw(frame((900, 120), (60, 70, 8, 26), layers), title)


def _axis(*, share: bool) -> Layer:
    return {**AXIS, "tickCount": 4, "format": ".0%" if share else "~g"}


def _domain(table: Sequence[Row], band: Band | None, *, share: bool) -> tuple[float, float]:
    """From the least to the greatest of what is drawn and a little more; shares stay within 0 and 1."""
    ends = [end for row in table for end in (row.value, row.low, row.high) if end is not None]
    ends += [end for end in band or () if end is not None]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    room = (high - low) * 0.08 or 0.05
    return (max(0.0, low - room), min(1.0, high + room)) if share else (low - room, high + room)


def _area(band: Band | None, domain: tuple[float, float], number: int) -> list[dict[str, Any]]:
    if band is None:
        return []
    least, most = (domain[end] if band[end] is None else band[end] for end in (0, 1))
    return [{"x": least, "x2": most, "y": -0.5, "y2": number - 0.5}]


def _point(number: int, row: Row, domain: tuple[float, float], size: _Size) -> dict[str, Any]:
    """A row as data; its whisker ends where the axis does."""
    low, high = (row.value if end is None else end for end in (row.low, row.high))
    return {
        "y": number,
        "x": row.value,
        "low": None if low is None else max(low, domain[0]),
        "high": None if high is None else min(high, domain[1]),
        "label": wording.shown(row.label, size.letters),
        "text": wording.shown(row.text, _TEXT),
        "verdict": row.verdict if row.verdict in _SHAPES else "",
    }


def _marks(x: Layer, y: Layer) -> list[Layer]:
    """Whiskers and dots; colour and shape both tell the verdict."""
    verdicts = ["", *_SHAPES]
    colour = _looks(verdicts, [VERDICT.get(verdict, CURRENT) for verdict in verdicts])
    shape = _looks(verdicts, [_SHAPES.get(verdict, "circle") for verdict in verdicts])
    ends = {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y, "color": colour}
    point = {"type": "point", "filled": True, "size": 75, "opacity": 1}
    return [
        {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": ends},
        {"mark": point, "encoding": {"x": x, "y": y, "color": colour, "shape": shape}},
    ]


def _looks(domain: Sequence[str], values: Sequence[str]) -> Layer:
    scale = {"domain": list(domain), "range": list(values)}
    return {"field": "verdict", "type": "nominal", "scale": scale, "legend": None}


def _words(y: Layer, size: _Size, data: Sequence[dict[str, Any]]) -> list[Layer]:
    """Names on the left, numbers on the right."""
    left, right = names(y, -10, "right", "label"), names(y, size.plot + 12, "left", "text", MUTED)
    return [over(left, data), over(right, data)]
