"""Evidently's page of a stored snapshot."""

from __future__ import annotations

import hashlib
import json
import re

from evidently.core.metric_types import render_widgets
from evidently.core.serialization import SnapshotModel
from evidently.legacy.renderers.html_widgets import group_widget

_DATA = re.compile(r"^    var (?:additional_graphs_)?(metric_[0-9a-f]{32}) = .*$", re.MULTILINE)
_BLOCKS = 2  # the dashboard and its graphs, each on a line of the head, before anything else that is long
_ESCAPED = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})
_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; font-src data:; img-src data: blob:; base-uri 'none'; form-action 'none'\">"
)


def page(snapshot: bytes) -> str:
    r"""The self-contained HTML that Evidently draws (4 MB, most of it its script), safe where its data is hostile.

    Evidently puts its data into a script as it is, so that a column named `</script>` would end it: here `<`, `>`,
    `&`, U+2028 and U+2029 are written as `\uXXXX`. A policy in the head forbids the page every request. The same
    snapshot gives the same text.
    """
    digest = hashlib.sha256(snapshot).hexdigest()
    model = SnapshotModel.parse_obj(json.loads(snapshot))
    group = group_widget(title="", widgets=model.widgets)
    group.id = digest
    drawn = render_widgets([group, *model.tests_widgets])
    name = _DATA.findall(drawn)[0]
    safe = _DATA.sub(lambda line: line[0].translate(_ESCAPED), drawn, count=_BLOCKS)
    return safe.replace("<head>", "<head>" + _POLICY, 1).replace(name, f"metric_{digest}")
