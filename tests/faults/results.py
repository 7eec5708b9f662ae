"""RESULTS.md from a run's figures: `python -m tests.faults.results build/faults.jsonl tests/faults/RESULTS.md`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Line = Mapping[str, Any]
_ROWS = {
    "fault matrix": "each PUT of a call times lost, persisted then error, 409, 503, slow, slow after an error; "
    "tree sizes 0, 255→257, 65,535→65,537",
    "SIGKILL at every store call": "before and after each call of six actions, then done again in a new process",
    "random kills, 16 processes": "writers killed at random moments, each begun anew",
    "16 processes at once": "of different reports, and of the same; nobody killed",
    "kill -9 of the server under load": "8 writers at work, the server begun anew on its data",
    "put-if-absent, 64 writers": "on one new key at once; a round is right where one wins and its bytes stay",
    "bit flips": "one bit of an object, in a store of 50 reports with plans, a change of keys, tiles, second place",
    "tampering corpus": "a folder a case, see `tampering/`; found by our verifier and by the stand-alone one",
    "extra version, delete marker": "of a commit, a manifest, a tile",
    "auditor role, read only": "reports verified with all their locks and versions by who may only read",
}
_HEAD = """# Results

Written by `python -m tests.faults.results` from the figures that `make test` and `make test-long` leave: not to be
edited. Counts are sums over the tests that ran: a whole night is 10,000 random kills, 200 rounds, and every bit of each
kind of object; less is a part of it. After each fault the same call is made again, as a user would; *lost* are
acknowledged leaves that their commit does not hold, *doubles* keys in two leaves, *forks* commits that do not follow
each other, *problems* what `verify` finds then.

| what | store | each change | nightly |
|---|---|---|---|
"""
_TAIL = """
## How to read it

- **Fault matrix**: at sizes up to 257 every PUT of every call is made to fail, once with the rest of its batch going on
  and once not. At 65,535 the last PUT of each kind is (at night: every PUT); there the log's first leaves name entries
  that do not exist, so after each fault the log alone is verified, and one of the new reports with its proof.
- **Bit flips** are judged side by side where one cannot hide another: a bit in each file, entry or tile, and in each
  third commit, and every single one must be named. Keys and checkpoints are flipped alone. Commits and tiles are judged
  by the check of the log alone, which is a part of the whole check. Time-stamp tokens have their own test of every bit
  (`tests/ledger/test_timestamps.py`).
- **Tampering**: *unseen or harmless* are the cases in `tampering/undetectable/`, which no verifier can see without an
  anchor elsewhere and which are asserted as unseen, and those in `tampering/harmless/`. What the stand-alone verifier
  does not find says why in its `tamper.py` (`ALONE`).
"""


def page(lines: Iterable[Line]) -> str:
    """The newest figures of each test, summed by row and kind of store."""
    newest = list({(line["test"], line["row"], line["store"]): line for line in lines}.values())
    stores = dict.fromkeys((line["row"], line["store"]) for line in newest)
    known = [(row, store) for row in _ROWS for store in sorted(each for of, each in stores if of == row)]
    return _HEAD + "".join(_row(row, store, newest) for row, store in known) + _TAIL


def _row(row: str, store: str, lines: Sequence[Line]) -> str:
    own = [line for line in lines if (line["row"], line["store"]) == (row, store)]
    cells = [_sum([line["counts"] for line in own if line["nightly"] is nightly]) for nightly in (False, True)]
    return f"| **{row}**: {_ROWS[row]} | {store} | {' | '.join(cells)} |\n"


def _sum(counts: Sequence[Mapping[str, int]]) -> str:
    total = Counter[str]()
    for each in counts:
        total.update(each)
    names = sorted(dict.fromkeys(name for each in counts for name in each), key=lambda name: not total[name])
    return ", ".join(f"{total[name]:,} {name.replace('_', ' ')}" for name in names) or "not run"


def main(lines: Path, out: Path) -> None:
    """Write the page."""
    out.write_text(page([json.loads(line) for line in lines.read_text().splitlines()]))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
