"""The ledger: one proof, the whole log, sixteen writers, a year of reports, and what sealing adds to an audit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.harness import (
    Document,
    Size,
    alternate,
    line,
    link_days,
    memory,
    run_side,
    side,
    times,
    workplace,
)
from tests.benchmarks.windows import LOGS, days

NAME = "ledger"
LEAVES = {"tiny": 600, "small": 100_000, "full": 1_000_000}
WRITERS = {"tiny": (4, 2), "small": (16, 10), "full": (16, 30)}  # processes, reports each
YEAR = {"tiny": (3, 4), "small": (30, 60), "full": (300, 367)}  # models, nights: 110,100 reports
LATENCY = 0.05  # seconds a request


def run(size: Size) -> Iterator[Document]:
    """Every figure that the ledger has to reach."""
    with workplace(size) as root:
        yield from _log(size, root)
    with workplace(size) as root:
        yield from _writers(size, root)
    with workplace(size) as root:
        yield from _year(size, root)
    with workplace(size) as root:
        yield from _share(size, root)


def _log(size: Size, root: Path) -> Iterator[Document]:
    leaves = LEAVES[size.name]
    for name, count in (("few", leaves // 10), ("many", leaves)):
        run_side("ledger_build", {"root": str(root / name), "leaves": count})
    many, few = {"root": str(root / "many")}, {"root": str(root / "few")}
    ran = alternate(
        {
            "whole": (size.slow_repeats, lambda: run_side("ledger_prove", {**many, "whole": True})),
            "proof": (size.repeats, lambda: run_side("ledger_prove", many)),
            "hash": (size.slow_repeats, lambda: run_side("ledger_verify", {**many, "hashing": True})),
            "verify": (size.slow_repeats, lambda: run_side("ledger_verify", many)),
            "verify few": (size.slow_repeats, lambda: run_side("ledger_verify", few)),
        }
    )
    if not all(each.said["proven"] for each in (*ran["whole"], *ran["proof"])):
        raise RuntimeError("a proof that does not hold")
    work = f"a log of {leaves:,} reports"
    proofs = (
        side("from every leaf", ran["whole"], lambda each: each.said["proving"]),
        side("from tiles and a checkpoint", ran["proof"], lambda each: each.said["proving"]),
    )
    asked = ran["proof"][0].said["requests"]
    yield line(
        benchmark=NAME,
        row="one proof",
        size=size,
        work=work,
        sides=proofs,
        ratio=times(proofs),
        reach=(">=", 30),
        requests_of_the_proof=sum(
            count for name, count in asked.items() if name.startswith(("read log/", "read reports"))
        ),
        requests_of_all_that_was_checked=asked,
    )
    whole = (
        side("read and hash the commits", ran["hash"], lambda each: each.said["verifying"]),
        side("verify the log", ran["verify"], lambda each: each.said["verifying"]),
    )
    checked = ran["verify"][0].said
    yield line(
        benchmark=NAME,
        row="the log alone",
        size=size,
        work=work,
        sides=whole,
        ratio=1 / times(whole),
        reach=("<=", 60),
        checked=checked["checked"],
        problems=checked["problems"],
    )
    grown = (
        side(f"a log of {leaves // 10:,}", ran["verify few"], lambda each: each.said["verifying"]),
        side(f"a log of {leaves:,}", ran["verify"], lambda each: each.said["verifying"]),
    )
    yield line(
        benchmark=NAME, row="its memory", size=size, work=work, sides=grown, ratio=memory(grown), reach=("<=", 1.3)
    )


def _writers(size: Size, root: Path) -> Iterator[Document]:
    writers, reports = WRITERS[size.name]
    asked = {"root": str(root), "reports": reports, "latency": LATENCY}
    ran = {count: [run_side("ledger_writers", {**asked, "writers": count})] for count in (1, writers)}
    one, many = (
        side(f"{count} at once", ran[count], lambda each: each.said["writing"] / each.said["commits"])
        for count in (1, writers)
    )
    yield line(
        benchmark=NAME,
        row="seconds a commit",
        size=size,
        work=f"{reports} reports each, every request {LATENCY * 1000:g} ms away",
        sides=(one, many),
        ratio=times((one, many)),
        reach=(">=", 1),
        commits_a_second=round(1 / many["median"], 2),
        lost=[each.said["lost"] for runs in ran.values() for each in runs],
    )


def _year(size: Size, root: Path) -> Iterator[Document]:
    models, nights = YEAR[size.name]
    asked = {"root": str(root), "models": models, "days": nights}
    plain = side(
        "write the files", [run_side("ledger_year", {**asked, "plain": True})], lambda each: each.said["sealing"]
    )
    sealed = side("seal them", [run_side("ledger_year", asked)], lambda each: each.said["sealing"])
    yield line(
        benchmark=NAME,
        row="a year of reports",
        size=size,
        work=f"{models} models x {nights} nights = {models * nights:,} reports of two small files, a commit a night",
        sides=(plain, sealed),
        ratio=1 / times((plain, sealed)),
        reach=("<=", 20),
        seconds_a_report=sealed["median"] / (models * nights),
    )


def _share(size: Size, root: Path) -> Iterator[Document]:
    link_days(root, days(1), size, size.rows)
    run_side("prepare", {"root": str(root), "logs": LOGS})
    ran = [run_side("ledger_share", {"root": str(root)}) for _ in range(size.repeats)]
    whole = side("the whole audit", ran, lambda each: each.said["auditing"])
    sealing = side("its store's requests", ran, lambda each: each.said["storing"])
    yield line(
        benchmark=NAME,
        row="sealing's share of an audit",
        size=size,
        work=f"one day of {size.rows:,} rows",
        sides=(whole, sealing),
        ratio=1 / times((whole, sealing)),
        reach=("<=", 0.01),
        requests=ran[0].said["requests"],
    )
