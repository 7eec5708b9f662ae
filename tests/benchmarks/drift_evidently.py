"""Drift of 1M against 1M rows x 22 columns: Evidently's DataDriftPreset over pandas, and ours."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path

from tests.benchmarks.harness import (
    FEATURES,
    Document,
    Ran,
    Size,
    alternate,
    line,
    make,
    memory,
    run_command,
    run_side,
    side,
    times,
    workplace,
)
from tests.benchmarks.sides.columns import THRESHOLD

NAME = "drift-evidently"
PRESET = "Evidently DataDriftPreset, pandas"
_RETROAUDIT = Path(sys.executable).parent / "retroaudit"


def run(size: Size) -> Iterator[Document]:
    """In process; the whole command; the whole command with Evidently's own snapshot and page."""
    with workplace(size) as root:
        make(root, {"reference/0.parquet": (1, size.rows, False), "logs/0.parquet": (2, size.rows, True)})
        guarded = run_side("prepare", {"root": str(root), "logs": "logs/*.parquet", "features_only": True}).said
        files = {name: str(root / f"archive/{folder}/0.parquet") for name, folder in _FOLDERS.items()}
        html = str(root / "evidently.html")
        sides: dict[str, tuple[int, Callable[[], Ran]]] = {
            "evidently": (size.slow_repeats, lambda: run_side("evidently_drift", {**files, "html": html})),
            "process": (size.repeats, lambda: run_side("ours_drift", {"root": str(root)})),
            "command": (size.repeats, _command(root, "spec.yaml")),
        }
        if guarded["evidently"]:
            sides["native"] = (size.repeats, _native(root))
        ran = alternate(sides)
    yield from _in_process(size, ran)
    yield from _commands(size, ran)


_FOLDERS: Mapping[str, str] = {"reference": "reference", "current": "logs"}


def _in_process(size: Size, ran: Mapping[str, Sequence[Ran]]) -> Iterator[Document]:
    theirs, ours = ran["evidently"], ran["process"]
    sides = (
        side(f"{PRESET}: Report.run, rows in memory", theirs, lambda each: each.said["running"]),
        side("read, measure and score", ours, lambda each: each.said["measuring"] + each.said["scoring"]),
    )
    scores = (theirs[0].said["scores"], ours[0].said["scores"])
    yield line(
        benchmark=NAME,
        row="in process",
        size=size,
        work=_work(size),
        sides=sides,
        ratio=times(sides),
        reach=(">=", 100),
        max_score_difference=max(abs(scores[0][name] - scores[1].get(name, float("inf"))) for name in scores[0]),
        same_drifted=_drifted(scores[0]) == _drifted(scores[1]),
        drifted=sorted(_drifted(scores[0])),
        reading_seconds_of_evidently=min(each.said["reading"] for each in theirs),
        scoring_seconds=min(each.said["scoring"] for each in ours),
        hashing_seconds=min(each.said["hashing"] for each in ours),
        seconds_again_in_the_same_process=min(each.said["measuring_again"] for each in ours),
    )


def _commands(size: Size, ran: Mapping[str, Sequence[Ran]]) -> Iterator[Document]:
    theirs = {
        "command": side(f"{PRESET}: a script", ran["evidently"], lambda each: each.seconds - each.said["saving"]),
        "native": side(f"{PRESET}: a script with its HTML", ran["evidently"], lambda each: each.seconds),
    }
    for name, what, reach in (
        ("command", "whole command", 15),
        ("native", "whole command with Evidently's snapshot and HTML", 6),
    ):
        if name not in ran:
            continue
        versions = ran["process"][0].said["versions"]
        sides = (theirs[name], side("retroaudit run", ran[name], lambda each: each.seconds, versions=versions))
        lined = partial(line, benchmark=NAME, size=size, work=_work(size), sides=sides)
        yield lined(row=what, ratio=times(sides), reach=(">=", reach))
        yield lined(row=f"{what}: memory", ratio=memory(sides), reach=("<=", 1 / 3))


def _command(root: Path, spec: str) -> Callable[[], Ran]:
    number = count()

    def run() -> Ran:
        return run_command(_run(root, spec, root / f"store-{spec}-{next(number)}"), allowed=(0, 1))

    return run


def _native(root: Path) -> Callable[[], Ran]:
    """The audit with Evidently's snapshot, and its page on demand: two commands."""
    number = count()

    def run() -> Ran:
        turn = next(number)
        store, page = root / f"store-native-{turn}", root / f"native-{turn}.html"
        audited = run_command(_run(root, "spec-evidently.yaml", store), allowed=(0, 1))
        show = [str(_RETROAUDIT), "show", audited.said["report"], "--store", store.as_uri(), "--evidently", str(page)]
        shown = run_command([*show, "--json"])
        both = (audited.seconds + shown.seconds, audited.cpu + shown.cpu)
        return Ran(audited.said, *both, max(audited.peak, shown.peak))

    return run


def _run(root: Path, spec: str, store: Path) -> list[str]:
    where = {"--archive": (root / "archive").as_uri(), "--store": store.as_uri(), "--key": root / "keys/signing.pem"}
    options = [str(word) for pair in where.items() for word in pair]
    return [str(_RETROAUDIT), "run", str(root / spec), *options, "--json"]


def _work(size: Size) -> str:
    return f"{size.rows:,} against {size.rows:,} rows x {FEATURES} columns"


def _drifted(scores: Mapping[str, float]) -> set[str]:
    return {name for name, score in scores.items() if score > THRESHOLD}
