"""From Vega-Lite's drawing to an SVG that may stand in the page: known elements only, colours from the page's style."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

import vl_convert
from markupsafe import Markup

# Colours are stand-ins that become classes, so that the page's style decides them, in light and in dark.
INK, MUTED, LINE, BAND = "#000001", "#000002", "#000003", "#000004"
CURRENT, REFERENCE = "#000005", "#000006"
VERDICT = {"failed": "#00000a", "inconclusive": "#00000b", "insufficient": "#00000c", "passed": "#00000d"}
_CLASSES = {
    INK: "ink",
    MUTED: "muted",
    LINE: "line",
    BAND: "band",
    CURRENT: "current",
    REFERENCE: "reference",
    **{colour: verdict for verdict, colour in VERDICT.items()},
}
_NAMESPACE = "{http://www.w3.org/2000/svg}"
_ATTRIBUTES = {
    "g": {"transform", "fill", "stroke-miterlimit"},
    "path": {"transform", "d", "stroke-width", "fill-opacity", "stroke-opacity", "stroke-dasharray", "stroke-linecap"},
    "line": {"transform", "x1", "y1", "x2", "y2", "stroke-width", "stroke-dasharray", "stroke-opacity"},
    "text": {"transform", "text-anchor", "font-size", "font-weight"},
}
_WORDS = frozenset({"label", "text"})
_FIRST_LETTER = 0xC0  # Latin letters with marks, and on: some hundreds
_NUMBER = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")


def draw(spec: Mapping[str, Any], label: str) -> Markup:
    """Draw a layered Vega-Lite specification; `label` is what a screen reader says.

    Only `g`, `path`, `line` and `text` with the attributes named above pass; there is no `style`, no link, no
    handler and no script, whatever the data held. Nothing is fetched. The words of the data (fields `label` and
    `text`) are put in afterwards: Vega sees a letter for each, which is safe, and spares it measuring fonts.
    """
    words: list[str] = []
    layers = [{**layer, "data": {"values": [_lettered(row, words) for row in _rows(layer)]}} for layer in spec["layer"]]
    drawn = vl_convert.vegalite_to_svg({**spec, "layer": layers}, allowed_base_urls=[])
    root = ET.fromstring(drawn)  # noqa: S314 (our own drawing, not somebody's file; it has no DTD)
    size = {name: root.attrib[name] for name in ("viewBox", "width", "height")}
    clean = ET.Element("svg", {**size, "role": "img", "aria-label": label})
    _copy(root, clean, {_letter(place): word for place, word in enumerate(words)})
    return Markup(ET.tostring(clean, encoding="unicode"))  # noqa: S704 (serialized from a cleaned tree)


def _rows(layer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(layer["data"]["values"])


def _lettered(row: Mapping[str, Any], words: list[str]) -> dict[str, Any]:
    """The row with a letter in place of each of its words, which are appended to `words`."""
    letters = {}
    for field in sorted(_WORDS & row.keys()):
        letters[field] = _letter(len(words))
        words.append(row[field])
    return {**row, **letters}


def _letter(place: int) -> str:
    """A letter that no axis writes."""
    return chr(_FIRST_LETTER + place)


def _copy(source: ET.Element, target: ET.Element, words: Mapping[str, str]) -> None:
    for element in source:
        tag = element.tag.removeprefix(_NAMESPACE)
        if tag not in _ATTRIBUTES or _is_nothing(tag, element):
            continue
        kept = ET.Element(tag, _attributes(tag, element))
        _copy(element, kept, words)
        if tag == "text":
            kept.text = words.get(element.text or "", element.text)
        if tag != "g" or len(kept):
            target.append(kept)


def _is_nothing(tag: str, element: ET.Element) -> bool:
    """Vega's frames without a colour, and its empty foregrounds."""
    return tag == "path" and element.get("fill", "none") == "none" and element.get("stroke", "none") == "none"


def _attributes(tag: str, element: ET.Element) -> dict[str, str]:
    kept = {name: _NUMBER.sub(_shorter, value) for name, value in element.attrib.items() if name in _ATTRIBUTES[tag]}
    classes = [
        f"{name}-{_CLASSES[element.attrib[name]]}" for name in ("fill", "stroke") if element.get(name) in _CLASSES
    ]
    if tag == "path" and element.get("fill", "none") == "none":
        classes.append("hollow")
    return {**kept, "class": " ".join(classes)} if classes else kept


def _shorter(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".removesuffix(".0")
