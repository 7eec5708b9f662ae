"""What goes to a terminal: text is shown, never obeyed."""

from __future__ import annotations

import io
import json
import re

import pytest
from rich.console import Console

from retroaudit import console
from retroaudit.progress import Step
from tests.test_progress import Clock

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


def advance_a_minute(title: str, *, quiet: bool) -> None:
    clock = Clock()
    with console.progress(title, quiet=quiet, clock=clock) as (advance,):
        advance(Step("pin"))
        for done in range(21):
            advance(Step("measure", done, 20, 1000 * done))
            clock.now += 3


def test_where_nobody_watches_a_line_comes_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """Steps come every 3 seconds: the 4th of them is the first to be 10 seconds after the last line."""
    advance_a_minute("lending", quiet=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"lending: measure {done} of 20, 333 rows/s" + (f", 0:{60 - 3 * done:02} left" if done < 20 else "")
        for done in (4, 8, 12, 16, 20)
    ]


def test_a_short_run_and_a_quiet_one_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress("lending", quiet=False, clock=Clock()) as (advance,):
        advance(Step("pin"))
    advance_a_minute("lending", quiet=True)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_moving_line_for_each_title(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=120, color_system=None)
    monkeypatch.setattr(console, "err", lambda: terminal)
    with console.progress("all", HOSTILE, quiet=False, clock=Clock()) as (of_all, of_each):
        of_all(Step("windows", 3, 5))
        of_each(Step("measure", 2, 2))
        of_each(Step("merge"))
    shown = screen.getvalue()
    assert "all: windows 3 of 5" in shown
    assert re.search("[⠀-⣿] ━+╸? .*passed.*: merge", shown)  # a spinner, a bar: it still goes on
    assert "\x1b]0;pwned" not in shown
    assert "\u202e" not in shown
