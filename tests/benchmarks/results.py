"""RESULTS.md from lines: `python -m tests.benchmarks.results lines.jsonl tests/benchmarks/RESULTS.md`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Line = Mapping[str, Any]
_SHOWN_APART = {"benchmark", "row", "size", "work", "against", "ours", "ratio", "reach", "reached", "machine"}
_TABLE = "| benchmark | against | work | ours | reach | measured | reached |\n|---|---|---|---|---|---|---|\n"
_ROWS = (10**6, 10**9, 10**12)
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def page(lines: Sequence[Line]) -> str:
    """The newest line of each row as a table, then what else each says, versions, machines, and cost by rows."""
    newest = list({(line["benchmark"], line["row"]): line for line in lines}.values())
    parts = [
        "# Results\n\nWritten by `make bench`: not to be edited. Ratios are of medians. Memory is a process's peak.\n",
        _TABLE + "".join(_row(line) for line in newest),
        "## Details\n\n" + "".join(_details(line) for line in newest),
        "## Versions and machine\n\n" + "".join(f"- {text}\n" for text in _surroundings(newest)),
        *(_cost(line, newest) for line in newest if line["benchmark"] == "states"),
    ]
    return "\n".join(parts)


def _row(line: Line) -> str:
    cells = (
        f"{line['benchmark']}: {line['row']}",
        _side(line["against"]),
        f"{line['work']} ({line['size']})",
        _side(line["ours"]),
        line["reach"],
        line["ratio"],
        "yes" if line["reached"] else "no",
    )
    return f"| {' | '.join(str(cell) for cell in cells)} |\n"


def _side(side: Line) -> str:
    if "bytes" in side:
        return f"{side['what']}: {_bytes(side['bytes'])}"
    return f"{side['what']}: {side['median']:.3g} s (least {side['min']:.3g}), {_bytes(side['peak_bytes'])}"


def _details(line: Line) -> str:
    found = {name: value for name, value in line.items() if name not in _SHOWN_APART}
    return f"- {line['benchmark']}: {line['row']}: `{json.dumps(found)}`\n" if found else ""


def _surroundings(lines: Iterable[Line]) -> list[str]:
    """Each version and machine that some line names, once."""
    found: set[str] = set()
    for line in lines:
        found.add(", ".join(f"{name} {value}" for name, value in line["machine"].items()))
        for side in ("against", "ours"):
            found |= {f"{name} {version}" for name, version in line[side].get("versions", {}).items() if version}
    return sorted(found)


def _cost(line: Line, lines: Sequence[Line]) -> str:
    """How cost grows with rows, in partitions of as many rows as were measured."""
    pace = next((other["rows_per_second"] for other in lines if other["benchmark"] == "measuring"), None)
    heads = ("rows", "partitions", "bytes read", "state bytes", "requests", "time to measure, this machine")
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in _costs(line, pace))
    return (
        f"## Cost by rows\n\nFrom the constants of {line['work']}, in partitions of so many rows; only 10^6 rows were "
        "run as such, the others are computed. Bytes read are those of the logs, once for their digest and once for "
        "their rows. Once states are there, none of this is read again.\n\n"
        f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n{table}"
    )


def _costs(line: Line, pace: int | None) -> Iterator[tuple[str, ...]]:
    asked, bytes_named = line["asked_a_partition"], " bytes"
    read = sum(value for name, value in asked.items() if name.startswith("archive") and name.endswith(bytes_named))
    calls = sum(value for name, value in asked.items() if not name.endswith(bytes_named))
    for rows in _ROWS:
        partitions = max(1, rows // line["rows"])
        yield (
            f"{rows:.0e}".replace("e+", "e"),
            f"{partitions:,}",
            _bytes(partitions * read),
            _bytes(partitions * line["ours"]["bytes"]),
            f"{partitions * calls:,.0f}",
            "" if pace is None else f"{rows / pace:,.0f} s",
        )


def _bytes(number: float) -> str:
    unit = 0
    while number >= 1000 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.3g} {_UNITS[unit]}"


def main() -> None:
    """Read lines, write the page."""
    source, target = (Path(text) for text in sys.argv[1:3])
    target.write_text(page([json.loads(text) for text in source.read_text().splitlines()]))


if __name__ == "__main__":
    main()
