"""What goes to a terminal: text is shown, never obeyed."""

from __future__ import annotations

import json

import pytest

from retroaudit import console

HOSTILE = "\x1b]0;pwned\x07\x1b[2Jpassed\x9b31m\u202e"


def test_a_verdict_is_one_of_five_or_shown_as_text() -> None:
    assert [str(console.verdict_text(verdict)) for verdict in ("passed", None)] == ["passed", "-"]
    assert str(console.verdict_text(HOSTILE)) == r"\x1b]0;pwned\x07\x1b[2Jpassed\x9b31m\u202e"
    assert not console.verdict_text(HOSTILE).style


def test_a_table_obeys_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_table(("a", "b"), [(HOSTILE, console.verdict_text(HOSTILE))], title=f"[bold]{HOSTILE}")
    out = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in out)
    assert "[bold]" in out


def test_json_is_ascii_and_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_json({"é": HOSTILE})
    out = capsys.readouterr().out
    assert all(" " <= character <= "~" or character == "\n" for character in out)
    assert json.loads(out) == {"é": HOSTILE}
