"""The review place: draw samples for people, list them, erase them."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from retroaudit import console
from retroaudit.commands.options import Archive, AsJson, ReportText, States, Store, duration
from retroaudit.faults import BadInput, Fault
from retroaudit.intake import refuse_nested
from retroaudit.ledger.read import find
from retroaudit.reviewing import place
from retroaudit.reviewing.refs import LENGTH, read_salt
from retroaudit.reviewing.sampling import Sources
from retroaudit.reviewing.sampling import sample as draw
from retroaudit.reviewing.written import Sample
from retroaudit.storage.open import open_storage
from retroaudit.storage.protocol import Erasable
from retroaudit.telling import say

commands = typer.Typer(no_args_is_help=True, help="Samples of rows for people: draw them, list them, erase them.")

Review = Annotated[
    str,
    typer.Option("--review", help="Where samples are kept, and erased from.", envvar="RETROAUDIT_REVIEW"),
]
_MOST_ROWS = 5_000  # more is no sample for people, and 501 strata of so many rows are held in memory
_ERASED = (
    "The ledger, the archive and the states are not touched.",
    "While the archive has the rows, another sample may draw them again: erase them there first.",
)


@commands.command(
    epilog="Example: retroaudit review sample lending/2026-06-30/day/main --archive file:///data "
    "--store file:///audits --states file:///states --review file:///review --salt salt.txt"
)
def sample(
    *,
    report: ReportText,
    archive: Archive,
    store: Store,
    review: Review,
    states: States = None,
    rows: Annotated[int, typer.Option(min=0, max=_MOST_ROWS, help="Of all rows; 0: only failing ones.")] = 200,
    failing: Annotated[int, typer.Option(min=0, max=_MOST_ROWS, help="Of rows that break what failed.")] = 200,
    salt: Annotated[
        Path | None, typer.Option(help="A file with the secret of the refs; default: RETROAUDIT_REVIEW_SALT.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Whole values, where the spec's privacy.values is full too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Draw a sample of a report's rows, by risk, group, version and verdict, into the review place; print no row."""
    secret = read_salt(salt, os.environ)
    if not rows and not failing:
        raise BadInput(Fault("--rows and --failing", "0 and 0", "one of them above 0"))
    named = {"--archive": archive, "--store": store, "--review": review, **({"--states": states} if states else {})}
    refuse_nested(named)
    ledger = open_storage(store)
    entry = find(ledger, report)
    with tempfile.TemporaryDirectory(prefix="retroaudit-") as spool:
        sources = Sources(open_storage(archive), ledger, open_storage(states) if states else None, Path(spool))
        with console.progress(f"review {entry.report}", quiet=as_json) as (advance,):
            found = draw(entry, sources, secret, advance, rows=rows, failing=failing, full=full)
    kept = open_storage(review, create=True)
    key = place.put(kept, entry.report, found)
    if as_json:
        console.print_json({"review": kept.url, "key": key, **found.about})
    else:
        _tell(found, key, kept.url)


@commands.command(epilog="Example: retroaudit review show --review file:///review")
def show(*, review: Review, as_json: AsJson = False) -> None:
    """What the review place holds: samples, how many rows, how large, how old; never a row."""
    kept = open_storage(review)
    found = list(place.stored(kept))
    if as_json:
        console.print_json({"review": kept.url, "samples": [each.summary() for each in found]})
        return
    _table(found)
    say(f"{_samples(len(found))}, {console.size(sum(each.size for each in found))}")


@commands.command(epilog="Example: retroaudit review erase --review file:///review --older-than 90d --yes")
def erase(
    *,
    review: Review,
    report: Annotated[
        str | None, typer.Argument(help="Of this report; without rev, of all its revisions.", metavar="[ID]")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Of this model.")] = None,
    older_than: Annotated[str | None, typer.Option(help="What was put there longer ago: 90d, 6h.")] = None,
    ref: Annotated[str | None, typer.Option(help="Only the rows of this ref: the rest of each sample stays.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove the samples for which all that is named holds, or one person's rows from them; --yes does it."""
    if not (report or model or older_than or ref):
        expected = "a report, --model, --older-than or --ref"
        raise BadInput(Fault("erase", "nothing to choose by", expected))
    if report and model:
        raise BadInput(Fault("--model", "a report too", "one of them"))
    if ref is not None and not re.fullmatch(f"[0-9a-f]{{{LENGTH}}}", ref):
        raise BadInput(Fault("--ref", repr(ref[:100]), f"{LENGTH} hex digits, as samples have them"))
    kept = open_storage(review)
    chosen = list(place.stored(kept, report or model))
    if older_than is not None:
        chosen = list(place.older(chosen, datetime.now(UTC), duration("--older-than", older_than)))
    _remove(kept, chosen, ref, yes=yes, as_json=as_json)


def _remove(kept: Erasable, chosen: Sequence[place.Stored], ref: str | None, *, yes: bool, as_json: bool) -> None:
    """Remove samples, or one person's rows from them, where `yes`; tell what went or would go."""
    if ref is None:
        rows = {each.key: each.rows for each in chosen}
        if yes:
            place.erase(kept, chosen)
    else:
        rows = place.forget(kept, chosen, ref, do=yes)
    gone = [replace(each, rows=rows[each.key]) for each in chosen if each.key in rows]
    if as_json:
        console.print_json({"review": kept.url, "erased": yes, "samples": [each.summary() for each in gone]})
        return
    if not gone:
        say("nothing to remove")
        return
    _table(gone)
    what = "" if ref is None else ": only the rows of that ref, the rest of each sample stays"
    say(f"{sum(rows.values())} rows in {_samples(len(gone))} {'were removed' if yes else 'would go'}{what}")
    for line in _ERASED:
        say(line)
    if not yes:
        say("this was a dry run: nothing was removed. Add --yes to do it.")


def _table(found: Sequence[place.Stored]) -> None:
    """Samples with the rows that are meant; where each lies is in the JSON."""
    names = ("report", "sample", "values", "rows", "size", "put there")
    console.print_table(names, [_row(each) for each in found])


def _row(each: place.Stored) -> tuple[object, ...]:
    report = each.report or "damaged or unfinished"
    put = f"{each.modified:%Y-%m-%d %H:%M}Z"
    return (
        report,
        each.key.rpartition("/")[2][:12],
        each.masking or None,
        f"{each.rows:,}",
        console.size(each.size),
        put,
    )


def _tell(found: Sample, key: str, url: str) -> None:
    """How many rows of how many strata were drawn, and where they lie; none of them."""
    draws = found.about["draws"]
    rows = [(name, f"{draw['rows']:,}", len(draw["strata"]), f"{draw['drawn']:,}") for name, draw in draws.items()]
    console.print_table(("of rows", "there are", "strata", "drawn"), rows, title=f"a sample of {found.about['report']}")
    say(f"values   {found.about['masking']}")
    for name in found.about["not_drawn"]:
        say(f"no rows  for {name}: it judges all rows together, and points at none")
    say(f"it lies  in {url}, {key}.jsonl; what it is of beside it, .json")
    say(f"erase it retroaudit review erase {found.about['report']} --review {url} --yes")


def _samples(count: int) -> str:
    return f"{count} sample{'' if count == 1 else 's'}"
