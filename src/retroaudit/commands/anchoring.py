"""Outside evidence that the log has this size and root: a copy of its checkpoint elsewhere, and a time-stamp."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from retroaudit import console
from retroaudit.commands.options import AsJson, Store, writable
from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.intake import refuse_nested
from retroaudit.ledger import anchors, commits, timestamps
from retroaudit.ledger.checking.ring import Ring
from retroaudit.ledger.commits import Commit
from retroaudit.ledger.coordinates import anchor_key
from retroaudit.ledger.head import head
from retroaudit.ledger.signing import load_public
from retroaudit.storage.open import open_store
from retroaudit.storage.protocol import Storage

commands = typer.Typer()


@commands.command(
    epilog="Example: retroaudit ledger anchor --store file:///audits --key public.pem --to s3://second-account/anchors"
)
def anchor(
    *,
    store: Store,
    key: Annotated[Path, typer.Option("--key", help="public.pem, had from somewhere else than the store.")],
    to: Annotated[
        str | None,
        typer.Option("--to", help="A directory or bucket that whoever keeps the store cannot change."),
    ] = None,
    tsa: Annotated[
        str | None, typer.Option("--tsa", help="An RFC 3161 time-stamping authority: http(s)://host/path.")
    ] = None,
    tsa_roots: Annotated[
        Path | None, typer.Option("--tsa-roots", help="PEM file; a token that none of these vouches for is refused.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Keep the log's checkpoint where the store's keeper cannot change it: what it covers can no longer be cut off."""
    if to is None and tsa is None:
        raise BadInput(Fault("anchor", "nowhere to anchor", "--to, --tsa, or both"))
    if tsa_roots is not None and tsa is None:
        raise BadInput(Fault("--tsa-roots", "no --tsa", "both of them"))
    if to is not None:
        refuse_nested({"--store": store, "--to": to})
    storage = open_store(store)
    ring = Ring.of(storage, load_public(key))
    commit = _last(storage, ring)
    place = open_store(to, create=True) if to is not None else None
    stamp = _stamp(storage, commit, tsa, tsa_roots) if tsa is not None else None
    if place is not None:
        anchors.publish(commit.body.note, place, keys=ring.publics)
    if place is not None and stamp is not None:
        timestamps.publish(commit.body.origin, commit.body.size, storage.read(stamp["key"]), place)
    _tell(commit, place, stamp, as_json=as_json)


def _last(storage: Storage, ring: Ring) -> Commit:
    """The log's last commit, which the given key signed, or the one that the log was handed on to from there.

    What was published stands: whoever put a stranger's commit at the log's end, or holds a retired key, gets none out.
    """
    number = head(storage)
    if not number:
        raise BadInput(Fault(storage.url, "an empty log", "a log with something in it"))
    commit = commits.read(storage, number)
    if not ring.signed_end(storage, commit):
        found = f"bytes that its key did not sign, or that are signed by key {commit.envelope.keyid}"
        raise IntegrityBroken(Fault(f"commit {number}", found, f"key {ring.newest.keyid}", "Run verify."))
    return commit


def _stamp(storage: Storage, commit: Commit, tsa: str, roots: Path | None) -> dict[str, Any]:
    """Ask for a time-stamp where the store has none of this size; what was asked for once is not asked again."""
    note, name = commit.body.note, anchor_key(commit.body.size)
    trusted = timestamps.load_roots(roots) if roots is not None else None
    created = storage.head(name) is None
    token = timestamps.ask(tsa, note) if created else storage.read(name)
    found = timestamps.check(token, note, trusted)
    if found.problem:
        error = BadInput if created else IntegrityBroken
        raise error(Fault(tsa if created else name, found.problem, "a time-stamp of this checkpoint"))
    if created:
        timestamps.store(writable(storage.url), commit.body.size, token)
    return {"key": name, "time": found.time, "created": created, "signature_checked": found.signature_checked}


def _tell(commit: Commit, place: Storage | None, stamp: dict[str, Any] | None, *, as_json: bool) -> None:
    mine = commit.note.checkpoint
    copy = {"place": place.url, "key": anchors.key(mine.origin, mine.size)} if place is not None else None
    if as_json:
        summary = {"commit": commit.body.number, "origin": mine.origin, "size": mine.size, "root": mine.root.hex()}
        time = {"time": stamp["time"].isoformat()} if stamp else {}
        console.print_json({**summary, "copy": copy, "timestamp": {**stamp, **time} if stamp else None})
        return
    lines = [f"{mine.size} leaves, root {mine.root.hex()}, as of commit {commit.body.number}"]
    if copy:
        lines.append(f"checkpoint: {copy['key']} in {copy['place']}")
    if stamp:
        checked = "signature checked" if stamp["signature_checked"] else "signature unchecked"
        lines.append(f"time-stamp: {stamp['key']}, {stamp['time'].isoformat()}, {checked}")
    console.out().print("\n".join(lines), markup=False)
