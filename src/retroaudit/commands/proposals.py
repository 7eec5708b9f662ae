"""Proposals: a spec and a suite from data."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from retroaudit import console, telling
from retroaudit.commands.options import Archive, AsJson
from retroaudit.proposing.propose import Asked, Proposal, propose, targets, write

commands = typer.Typer()


@commands.command(
    epilog='Example: retroaudit init --archive file:///data --logs "inference/loans/date={date}/*.parquet" --out audits'
)
def init(
    *,
    archive: Archive,
    logs: Annotated[str, typer.Option(help="Path pattern of the logs: {date} is a day, * any part of a name.")],
    out: Annotated[Path, typer.Option(help="Folder to write to; nothing in it is overwritten.")],
    labels: Annotated[str | None, typer.Option(help="Path pattern of label files.")] = None,
    reference: Annotated[str | None, typer.Option(help="Path pattern of the training data.")] = None,
    window: Annotated[str | None, typer.Option(help="What to learn from; default: the newest 7 days.")] = None,
    model: Annotated[str | None, typer.Option(help="The model's name; default: from the path.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who gets the findings.")] = None,
    as_json: AsJson = False,
) -> None:
    """Propose a spec and a Great Expectations suite from data, each proposal with its evidence."""
    asked = Asked(archive, logs, labels, reference, window, model, owner)
    targets(asked, out)
    with console.progress("init", quiet=as_json) as (advance,):
        proposal = propose(asked, advance)
    spec, suite = write(proposal, targets(asked, out))
    following = f"retroaudit check {shlex.quote(str(spec))} --archive {shlex.quote(archive)}"
    if as_json:
        console.print_json({**_summary(proposal), "spec": str(spec), "suite": str(suite), "next": following})
    else:
        _tell(proposal, spec, suite, following)


def _summary(proposal: Proposal) -> dict[str, Any]:
    roles = proposal.roles
    return {
        "model": proposal.model,
        "window": proposal.window,
        "rows": proposal.rows,
        "partitions": proposal.partitions,
        "columns": proposal.columns,
        "roles": {role: vars(each) for role, each in roles.guesses.items()},
        "features": dict(roles.features),
        "expectations": len(proposal.suite["expectations"]),
        "undecided": list(proposal.undecided),
    }


def _tell(proposal: Proposal, spec: Path, suite: Path, following: str) -> None:
    """What is proposed and why, what is left to decide, and how to go on."""
    of = f"{proposal.rows:,} rows of {proposal.window} in {proposal.partitions} partition(s)"
    guesses = [(role, each.column, each.why) for role, each in proposal.roles.guesses.items() if each.sure]
    kinds = Counter(proposal.roles.features.values())
    features = ("features", ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())), "the other columns")
    console.print_table(("role", "column", "why"), [*guesses, features], title=f"{proposal.model}: from {of}")
    types = Counter(each["type"] for each in proposal.suite["expectations"])
    console.print_table(("expectation", "proposed"), sorted(types.items()))
    for each in proposal.undecided:
        telling.say(f"? {each}")
    telling.say(f"spec   {spec}")
    telling.say(f"suite  {suite}")
    telling.say(f"next   {following}")
