"""What goes to a terminal: text is shown, never obeyed."""

from __future__ import annotations

import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
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


WIDE = ("metric", "subject", "value", "verdict", "reason")
REASON = "too few rows were there to say anything at all of such a small and rarely seen group of people"


def at_width(monkeypatch: pytest.MonkeyPatch, columns: int) -> io.StringIO:
    screen = io.StringIO()
    terminal = Console(file=screen, width=columns, soft_wrap=True, highlight=False)
    monkeypatch.setattr(console, "out", lambda: terminal)
    return screen


def test_what_is_too_wide_stands_below_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = at_width(monkeypatch, 80)
    row = ("impact_ratio", "a_name_that_is_long", "-1.234e-05", "insufficient", REASON)
    console.print_table(WIDE, [row, ("null_rate", "b", "0", "passed", "-")])
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == list(WIDE[:4])
    assert lines[1].split() == list(row[:4])
    assert lines[2].startswith("    reason: too few")
    assert lines[-1].split() == ["null_rate", "b", "0", "passed"]  # a reason that says nothing is left out
    assert " ".join(" ".join(lines[2:-1]).split()) == f"reason: {REASON}"


def test_a_table_that_fits_keeps_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = at_width(monkeypatch, 200)
    console.print_table(WIDE, [("a", "b", "0", "passed", REASON)])
    head, row = screen.getvalue().splitlines()
    assert head.index("reason") == row.index(REASON)


WORDS = st.lists(st.text("ab", min_size=1, max_size=30), min_size=1, max_size=12).map(" ".join)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=3), st.integers(40, 120))
def test_no_word_is_broken_and_none_is_lost(rows: list[tuple[str, str, str]], columns: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        screen = at_width(monkeypatch, columns)
        console.print_table(("one", "two", "three"), rows)
    found = re.findall("[ab]+", screen.getvalue())
    assert sorted(found) == sorted(word for row in rows for cell in row for word in cell.split())


def test_a_table_of_nothing_is_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = at_width(monkeypatch, 80)
    console.print_table(("one", "two"), [], title="none")
    assert screen.getvalue().splitlines() == ["none", "one  two"]


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
