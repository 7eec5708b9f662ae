"""Run benchmarks and append their lines to a file: `python -m tests.benchmarks --size full --out lines.jsonl`."""

from __future__ import annotations

import argparse
import json
import sys
from collections import deque
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.all import BENCHMARKS
from tests.benchmarks.harness import SIZES


def main() -> None:
    """Each line is written as soon as it is known."""
    asked = _asked()
    given = {name: getattr(asked, name) for name in _OVERRIDES if getattr(asked, name) is not None}
    size = replace(SIZES[asked.size], **given)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    with asked.out.open("a") as out:
        for name in asked.names or BENCHMARKS:
            sys.stderr.write(f"{name} ({size.name})\n")
            deque(BENCHMARKS[name](replace(SIZES["tiny"], work=size.work)), maxlen=0)  # modules are compiled by then
            for found in BENCHMARKS[name](size):
                out.write(f"{json.dumps(found)}\n")
                out.flush()
                sys.stderr.write(f"  {found['row']}: {found['ratio']} (to reach: {found['reach']})\n")


_OVERRIDES = {
    "rows": int,
    "days": int,
    "day_rows": int,
    "partition_rows": int,
    "repeats": int,
    "slow_repeats": int,
    "work": Path,
}


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all of {', '.join(BENCHMARKS)}")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--out", type=Path, required=True)
    for name, kind in _OVERRIDES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help="instead of the size's")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    return asked


if __name__ == "__main__":
    main()
