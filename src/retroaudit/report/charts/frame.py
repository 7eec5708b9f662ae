"""What all plots share: a drawing of fixed size with quiet axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from retroaudit.report.charts.svg import INK, LINE, MUTED

Layer = dict[str, Any]

AXIS: Layer = {
    "domain": False,
    "ticks": False,
    "gridColor": LINE,
    "labelColor": MUTED,
    "labelFontSize": 11,
    "labelPadding": 6,
    "labelFlush": False,
    "labelOverlap": False,
    "title": None,
}


def scaled(field: str, domain: Sequence[float], axis: Mapping[str, Any] | None) -> Layer:
    """A position encoding over exactly this domain."""
    scale = {"domain": list(domain), "nice": False, "zero": False}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}


def rows(field: str, number: int) -> Layer:
    """The position of rows 0, 1, … from the top, without an axis: names are drawn as text."""
    return scaled(field, [max(number, 1) - 0.5, -0.5], None)


def rectangle(x: Layer, y: Layer, to: tuple[str, str], mark: Mapping[str, Any]) -> Layer:
    """Rectangles from the fields of `x` and `y` to the two fields of `to`."""
    return {
        "mark": {"type": "rect", **mark},
        "encoding": {"x": x, "x2": {"field": to[0]}, "y": y, "y2": {"field": to[1]}},
    }


def over(layer: Layer, data: Sequence[Mapping[str, Any]]) -> Layer:
    """The layer over data of its own."""
    return {**layer, "data": {"values": list(data)}}


def names(y: Layer, at: float, align: str, field: str, colour: str = INK) -> Layer:
    """Text beside the rows, `at` pixels from the left of the plot."""
    mark = {"type": "text", "align": align, "baseline": "middle", "color": colour, "fontSize": 12}
    return {"mark": mark, "encoding": {"x": {"value": at}, "y": y, "text": {"field": field}}}


def frame(size: tuple[int, int], padding: tuple[int, int, int, int], layers: Sequence[Layer]) -> Layer:
    """A drawing of `size` (width, height) within `padding` (left, right, top, bottom), all in pixels."""
    return {
        "width": size[0],
        "height": size[1],
        "padding": dict(zip(("left", "right", "top", "bottom"), padding, strict=True)),
        "autosize": "none",
        "background": "transparent",
        "data": {"values": []},
        "layer": list(layers),
        "config": {"aria": False, "view": {"stroke": None}, "font": "sans-serif"},
    }
