"""The review place: draw samples for people, list them, erase them."""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from retroaudit import console, telling
from retroaudit.commands.erasures import Declarer, ErasedBy, ErasedFor, declarer
from retroaudit.commands.options import (
    Archive,
    AsJson,
    ReportText,
    SigningKey,
    States,
    Store,
    duration,
    signer,
    writable,
)
from retroaudit.declaring.writing import declare, said
from retroaudit.faults import BadInput, Fault
from retroaudit.intake import refuse_nested
from retroaudit.ledger import kinds
from retroaudit.ledger.read import Entry, find
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import instant
from retroaudit.reviewing import place
from retroaudit.reviewing.refs import LENGTH, read_salt
from retroaudit.reviewing.sampling import Sources
from retroaudit.reviewing.sampling import sample as draw
from retroaudit.reviewing.written import Sample
from retroaudit.storage.open import open_storage, open_store
from retroaudit.storage.protocol import Erasable, Storage
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
    key: SigningKey = None,
    as_json: AsJson = False,
) -> None:
    """Draw a sample of a report's rows, by risk, group, version and verdict, into the review place; print no row.

    With a signing key, the ledger has a salted commitment to it: what was reviewed can be proven while it is kept.
    """
    secret = read_salt(salt, os.environ)
    if not rows and not failing:
        raise BadInput(Fault("--rows and --failing", "0 and 0", "one of them above 0"))
    named = {"--archive": archive, "--store": store, "--review": review, **({"--states": states} if states else {})}
    refuse_nested(named)
    by, ledger = signer(key) if key else None, open_store(store)
    entry = find(ledger, report)
    with tempfile.TemporaryDirectory(prefix="retroaudit-") as spool:
        sources = Sources(open_storage(archive), ledger, open_storage(states) if states else None, Path(spool))
        with console.progress(f"review {entry.report}", quiet=as_json) as (advance,):
            found = draw(entry, sources, secret, advance, rows=rows, failing=failing, full=full)
    kept = open_storage(review, create=True)
    lies = place.put(kept, entry.report, found)
    committed = _commit(writable(store), by, entry, place.commitment(kept, lies, found)) if by else None
    if as_json:
        console.print_json({"review": kept.url, "key": lies, "committed": committed, **found.about})
    else:
        _tell(found, lies, kept.url, committed)


def _commit(store: Storage, by: Signer, entry: Entry, commitment: place.Commitment) -> str:
    """Put the commitment into the log; gives the entry's key. The same sample is committed to once."""
    own = {"model": entry.report.model, "report": str(entry.report), "commitment": commitment.hmac}
    body = said(kinds.Sample, **own, at=instant(commitment.at, "at"))
    (receipt,) = declare(store, [body], by, datetime.now(UTC))
    return receipt.key


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
    store: Annotated[
        str | None, typer.Option("--store", help="The ledger that declares it, with --key.", envvar="RETROAUDIT_STORE")
    ] = None,
    key: SigningKey = None,
    by: ErasedBy = "",
    reason: ErasedFor = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove the samples for which all that is named holds, or one person's rows from them; --yes does it.

    With a signing key, the ledger declares it: who says so and why, and nothing of what they held.
    """
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
    declares = declarer(store, key, "review", by, reason) if yes else None
    gone = _remove(kept, chosen, ref, yes=yes)
    receipts = declares.declare(_bodies(declares, gone)) if declares else ()
    declared = [each.key for each in receipts]
    if as_json:
        samples = [each.summary() for each in gone]
        console.print_json({"review": kept.url, "erased": yes, "samples": samples, "declared": declared})
    elif gone:
        _tell_gone(gone, ref, (*_ERASED, *telling.declaration(declared, by_key=key is not None)), yes=yes)
    else:
        say("nothing to remove")


def _bodies(declares: Declarer, gone: Iterable[place.Stored]) -> list[kinds.Erasure]:
    """What the log says of samples that went: a model's windows, and how many rows; nothing of a sample itself."""
    windows: dict[str, list[str]] = defaultdict(list)
    rows: Counter[str] = Counter()
    for each in gone:
        model, window = each.about
        windows[model].append(window)
        rows[model] += each.rows
    return [declares.body(model, windows[model], rows[model]) for model in sorted(windows)]


def _remove(kept: Erasable, chosen: Sequence[place.Stored], ref: str | None, *, yes: bool) -> list[place.Stored]:
    """Remove samples, or one person's rows from them, where `yes`; gives each with the rows that went or would go."""
    if ref is None:
        rows = {each.key: each.rows for each in chosen}
        if yes:
            place.erase(kept, chosen)
    else:
        rows = place.forget(kept, chosen, ref, do=yes)
    return [replace(each, rows=rows[each.key]) for each in chosen if each.key in rows]


def _tell_gone(gone: Sequence[place.Stored], ref: str | None, cost: Sequence[str], *, yes: bool) -> None:
    _table(gone)
    what = "" if ref is None else ": only the rows of that ref, the rest of each sample stays"
    rows = sum(each.rows for each in gone)
    say(f"{rows} rows in {_samples(len(gone))} {'were removed' if yes else 'would go'}{what}")
    for line in cost:
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


def _tell(found: Sample, key: str, url: str, committed: str | None) -> None:
    """How many rows of how many strata were drawn, and where they lie; none of them."""
    draws = found.about["draws"]
    rows = [(name, f"{draw['rows']:,}", len(draw["strata"]), f"{draw['drawn']:,}") for name, draw in draws.items()]
    console.print_table(("of rows", "there are", "strata", "drawn"), rows, title=f"a sample of {found.about['report']}")
    say(f"values   {found.about['masking']}")
    for name in found.about["not_drawn"]:
        say(f"no rows  for {name}: it judges all rows together, and points at none")
    say(f"it lies  in {url}, {key}.jsonl; what it is of beside it, .json")
    say(f"proof    {committed or 'none: with --key, the ledger has a salted commitment to it'}")
    say(f"erase it retroaudit review erase {found.about['report']} --review {url} --yes")


def _samples(count: int) -> str:
    return f"{count} sample{'' if count == 1 else 's'}"
