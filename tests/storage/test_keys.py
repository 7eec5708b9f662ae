from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from retroaudit.storage.keys import encode

TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too


@given(TEXT, TEXT)
@example("a/b", "a%2fb")
@example("A", "a")
@example("a" * 300, "a" * 301)
@example("\ud800", "�")
def test_different_texts_never_share_a_segment(one: str, other: str) -> None:
    assert (encode(one) == encode(other)) == (one == other)


@given(TEXT)
@example("..")
@example("x" * 10_000)
@example("<script>'\"\n\0")
def test_a_segment_is_short_and_made_of_few_characters(text: str) -> None:
    assert re.fullmatch(r"(?:[a-z0-9_-]|%[0-9a-f]{2})*|[a-z0-9_%-]{100}~[0-9a-f]{64}", encode(text))
    assert len(encode(text)) <= 200


def test_known_forms() -> None:
    # Q is U+0051 and é is C3 A9 in UTF-8 (RFC 3629)
    assert encode("2026-Q2") == "2026-%512"
    assert encode("é.") == "%c3%a9%2e"
    assert encode("lending_v2-a") == "lending_v2-a"
