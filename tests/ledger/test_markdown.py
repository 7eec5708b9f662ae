"""Hostile text in Markdown, shown by an independent reader of it (markdown-it)."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from retroaudit.ledger._markdown import escaped, table

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = (
    "<script>&lt;|`*_~[x](javascript:alert(1))![i](u)\\ #-+=>!:/@$^{}\n\r\t\v\x1b\u202e\u2028 www.a.b http://c.d aA1é"
)


def cells(markdown: str) -> list[str]:
    """What the cells of a table show; anything but text in them is a failure."""
    found = re.findall(r"<td>(.*?)</td>", READER.render(markdown), re.DOTALL)
    assert not [each for each in found if "<" in each]
    return [html.unescape(each) for each in found]


def shown(text: str) -> str:
    line = " ".join(text.splitlines())
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in line).strip(" ") or "-"


@given(st.lists(st.one_of(st.text(alphabet=HOSTILE), st.text(), st.sampled_from([HOSTILE])), min_size=2, max_size=4))
def test_a_cell_shows_the_text_and_nothing_else(texts: list[str]) -> None:
    texts = [text if text.strip() else "x" for text in texts]  # of blanks nothing is to be seen
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    page = table([f"c{number}" for number in range(len(texts))], [[escaped(text) for text in texts]])
    assert [each.strip() for each in cells(page)] == [shown(text).strip() for text in texts]


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_a_dash(nothing: str | None) -> None:
    assert escaped(nothing) == "-"


def test_addresses_are_no_links() -> None:
    """GitHub makes links of bare addresses: https://github.github.com/gfm/#autolinks-extension-."""
    for text in ("see http://a.b", "www.a.b", "WWW.a.b", "mailto:a@b.c", "xmpp:a@b.c"):
        assert not re.search(r"https?:|www\.|mailto:|xmpp:", escaped(text), re.IGNORECASE)


def test_nobody_is_mentioned() -> None:
    assert escaped("by @all") == r"by \@all"


def test_times_and_numbers_stay_readable() -> None:
    assert escaped("2026-07-01T12:00:00+00:00") == "2026-07-01T12:00:00+00:00"
    assert escaped(0) == "0"
