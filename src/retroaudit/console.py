"""How the command line speaks: faults, verdicts, tables and progress for people; JSON for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any

from rich import filesize
from rich import progress as bars
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from retroaudit.faults import Fault
from retroaudit.progress import Progress, Step, sentence, silent, timed

_STYLE = {
    "passed": "green",
    "failed": "bold red",
    "inconclusive": "yellow",
    "insufficient": "cyan",
    "skipped": "dim",
}
_LONGEST_CELL = 400
_WIDE = 200
_UNBROKEN = 24  # characters that a cell keeps on one line
_GAP = 2
_INDENT = "    "
_LINE_EVERY = 10.0  # seconds


def out() -> Console:
    """Standard output; colours only on a terminal, and no line is cut where a file or a pipe reads it."""
    return Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else _WIDE)


def err() -> Console:
    """Standard error."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def plain(text: object) -> str:
    """Text from data, safe for a terminal: control characters shown as escapes, long text cut."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text)[:_LONGEST_CELL])
    return shown if len(str(text)) <= _LONGEST_CELL else shown + "…"


def verdict_text(verdict: str | None) -> Text:
    """A verdict in its colour; "-" where there is none. Any other text is shown as text of the data."""
    return Text(plain(verdict or "-"), style=_STYLE.get(verdict or "", ""))


def print_json(value: Any) -> None:
    """One JSON document on standard output, keys in order, in ASCII: a terminal obeys nothing in it."""
    sys.stdout.write(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=True, default=str) + "\n")


def print_faults(faults: Iterable[Fault], *, as_json: bool) -> None:
    """Every fault, in the words of the one who found it."""
    if as_json:
        print_json({"faults": [vars(fault) for fault in faults]})
        return
    console = err()
    for fault in faults:
        line = Text("✗ ", style="red")
        line.append(plain(fault.subject), style="bold")
        line.append(f": found {plain(fault.found)}, expected {plain(fault.expected)}.")
        console.print(line)
        if fault.remedy:
            console.print(Text(f"  → {plain(fault.remedy)}", style="dim"))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table for people; every cell is plain text, never markup.

    Cells break between words, short ones not at all. What a screen is too narrow for stands below its row, named.
    """
    shown = [
        [cell if isinstance(cell, Text) else Text(plain("-" if cell is None else cell)) for cell in row] for row in rows
    ]
    screen = out()
    if title is not None:
        screen.print(Text(plain(title), style="italic"))
    header = [Text(column, style="bold") for column in columns]
    widths = _widths([header, *shown], screen.width)
    for row in (header, *shown):
        cells = [cell.wrap(screen, width) for cell, width in zip(row, widths, strict=False)]
        for parts in zip_longest(*cells, fillvalue=Text()):
            screen.print(_line(parts, widths))
        if row is not header:
            _below(screen, columns[len(widths) :], row[len(widths) :])


def _widths(rows: Sequence[Sequence[Text]], room: int) -> list[int]:
    """How wide the columns are that fit beside each other: at least the first, and each no less than reads well."""
    of_column = list(zip(*rows, strict=True))
    widest = [max(cell.cell_len for cell in cells) for cells in of_column]
    least = [
        max(min(most, _UNBROKEN), *(cell_len(word) for cell in cells for word in cell.plain.split(" ")))
        for most, cells in zip(widest, of_column, strict=True)
    ]
    widths = [widest[0]]  # what people copy: an id
    while len(widths) < len(least) and sum(least[1 : len(widths) + 1]) + widest[0] + _GAP * len(widths) <= room:
        widths.append(least[len(widths)])
    left = room - sum(widths) - _GAP * (len(widths) - 1)
    for number, width in enumerate(widths):
        more = max(0, min(widest[number] - width, left))
        widths[number], left = width + more, left - more
    return widths


def _line(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    line = Text()
    for cell, width in zip(cells, widths, strict=True):
        line.append_text(cell).append(" " * (width - cell.cell_len + _GAP))
    line.rstrip()
    return line


def _below(screen: Console, columns: Sequence[str], row: Sequence[Text]) -> None:
    """What of a row does not fit beside the rest; a cell that says nothing is left out."""
    said = [(name, cell) for name, cell in zip(columns, row, strict=True) if cell.plain not in {"", "-"}]
    text = Text("   ").join(Text.assemble((f"{name}: " if name else "", "dim"), cell) for name, cell in said)
    for line in text.wrap(screen, max(_UNBROKEN, screen.width - len(_INDENT))) if said else ():
        line.rstrip()
        screen.print(Text.assemble(_INDENT, line))


def number(value: object) -> str:
    """A metric's value in four significant digits; "-" where there is none."""
    return f"{value:.4g}" if isinstance(value, int | float) else "-"


def size(count: int) -> str:
    """Bytes in decimal units: "1.2 MB"."""
    return filesize.decimal(count)


def where(slice_: Mapping[str, str | None]) -> str:
    """A slice in words."""
    return ", ".join(f"{name}={value}" for name, value in slice_.items()) or "all"


@contextmanager
def progress(*titles: str, quiet: bool, clock: Callable[[], float] = time.monotonic) -> Iterator[tuple[Progress, ...]]:
    """Shows steps on standard error, for each title: one moving line on a terminal, else one in ten seconds.

    The time left is the sentence's, not rich's, which would take parts from states for a pace that goes on.
    """
    if quiet:
        yield tuple(silent for _ in titles)
    elif not err().is_terminal:
        yield tuple(_lines(title, clock) for title in titles)
    else:
        columns = (
            bars.SpinnerColumn(),
            bars.BarColumn(),
            bars.TextColumn("{task.description}", markup=False),
            bars.TimeElapsedColumn(),
        )
        with bars.Progress(*columns, console=err(), transient=True) as shown:
            yield tuple(_bar(shown, title, clock) for title in titles)


def _bar(shown: bars.Progress, title: str, clock: Callable[[], float]) -> Progress:
    task = shown.add_task(plain(title), total=None)

    def tell(step: Step, seconds: float) -> None:
        text = plain(f"{title}: {sentence(step, seconds)}")
        if step.total:  # never quite full: rich would take that for the end, and stop its clock and spinner
            shown.update(task, description=text, total=step.total + 1e-6, completed=step.done)
        else:  # nothing to count: the bar stays as it is
            shown.update(task, description=text)

    return timed(tell, clock)


def _lines(title: str, clock: Callable[[], float]) -> Progress:
    spoken = clock()

    def tell(step: Step, seconds: float) -> None:
        nonlocal spoken
        if clock() - spoken >= _LINE_EVERY:
            spoken = clock()
            err().print(Text(plain(f"{title}: {sentence(step, seconds)}")))

    return timed(tell, clock)
