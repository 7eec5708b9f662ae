"""The report as one self-contained page, made from the document alone: a stored report, read by `canonical.parse`,
can be rendered again.

No script, no outside address, no style attribute: the page's policy allows its one style sheet, by hash, and
nothing else.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from retroaudit.report import wording
from retroaudit.report.overview import overview
from retroaudit.report.sections import sections


def render(document: Mapping[str, Any]) -> bytes:
    """`report.html` as UTF-8; the same document gives the same bytes."""
    environment = _environment()
    style = environment.loader.get_source(environment, "style.css")[0] if environment.loader else ""
    page = environment.get_template("report.html").render(
        document=document,
        overview=overview(document),
        sections=sections(document),
        style=Markup(style),  # noqa: S704 (our own style sheet)
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )
    return page.encode()


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("retroaudit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_FILTERS)
    environment.globals.update(icons=wording.ICONS, meanings=wording.MEANINGS, verdicts=wording.VERDICTS)
    return environment


_FILTERS = {
    "allowed": wording.allowed,
    "amount": wording.amount,
    "check_title": wording.check_title,
    "interval": wording.interval,
    "metric_name": wording.metric_name,
    "moment": wording.moment,
    "number": wording.number,
    "percent": wording.percent,
    "place": wording.place,
    "plural": wording.plural,
    "sentence_case": wording.sentence_case,
    "shown": wording.shown,
    "size": wording.size,
    "span": wording.span,
}
