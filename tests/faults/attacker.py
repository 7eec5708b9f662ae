"""What attackers do to a copy of a store, with the rights to its files and, some of them, with its keys."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from retroaudit.ledger import checkpoint, commits, entries, keyring, manifest, tree
from retroaudit.ledger.appending import write_tiles
from retroaudit.ledger.checkpoint import Checkpoint
from retroaudit.ledger.commits import PAYLOAD_TYPE, Commit, Leaf
from retroaudit.ledger.coordinates import COMMITS, TILES, blob_key, commit_key
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.envelope import canonical, wrap
from retroaudit.ledger.head import head
from retroaudit.ledger.kinds import Body
from retroaudit.ledger.manifest import Manifest
from retroaudit.ledger.seal import Sealing
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import File
from retroaudit.storage.local import LocalStorage
from tests.faults.standard import KEEPER, SUCCESSOR, hours, report_of

PLACE = "place"  # the second place's folder, beside the store's


def opened(store: Path) -> LocalStorage:
    """The store, to be written to without waiting for the disk."""
    return LocalStorage(store, durable=False)


def commit(store: Path, number: int) -> Path:
    """Where a commit lies."""
    return store / commit_key(number)


def manifest_of(store: Path, day: int, rev: int = 1) -> Path:
    """Where a report's manifest lies."""
    return store / report_of(day, rev).manifest_key


def blob_of(store: Path, day: int, name: str = "report.json") -> Path:
    """Where a report's file lies."""
    found, _ = manifest.parse(manifest_of(store, day).read_bytes(), "manifest")
    return store / blob_key(next(file.sha256 for file in found.files if file.name == name))


def plan_entry(store: Path, day: int) -> Path:
    """Where the first plan of a day's report lies."""
    window = report_of(day).window
    return min((store / f"entries/v1/kind=plan/model=lending/window={window}/audit=day").rglob("*.json"))


def tile(store: Path, size: int) -> Path:
    """Where the first tile of a log of this size lies."""
    return store / f"{TILES}0/000.p/{size}"


def overwrite(path: Path, data: bytes) -> None:
    """Other bytes in the place of an object."""
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def swap(one: Path, other: Path) -> None:
    """Each in the place of the other."""
    first, second = one.read_bytes(), other.read_bytes()
    overwrite(one, second)
    overwrite(other, first)


def truncate(path: Path) -> None:
    """The last half is gone."""
    data = path.read_bytes()
    overwrite(path, data[: len(data) // 2])


def flip(path: Path) -> None:
    """One bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    overwrite(path, bytes(data))


def cut(store: Path, last: int) -> None:
    """Whatever came after commit `last` goes: commits, and all that only they brought."""
    storage = opened(store)
    known = [commits.read(storage, number) for number in range(1, head(storage) + 1)]
    for late in known[last:]:
        commit(store, late.body.number).unlink()
        for leaf in late.body.leaves:
            (store / leaf.key).unlink()
    for each in (store / TILES).rglob("*"):
        if each.is_file() and each.parent.name.endswith(".p") and int(each.name) > known[last - 1].body.size:
            each.unlink()
    needed = {
        blob_key(file.sha256) for kept in known[:last] for leaf in kept.body.leaves for file in _files(store, leaf)
    }
    for each in (store / "blobs").rglob("*"):
        if each.is_file() and each.relative_to(store).as_posix() not in needed:
            each.unlink()


def publish(store: Path) -> str:
    """The signed checkpoint of the newest commit."""
    storage = opened(store)
    return commits.read(storage, head(storage)).body.note


# --- with the log's keys ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """A commit to be written: what it adds, when, who signs it and who is to sign the next one."""

    leaves: tuple[Leaf, ...]
    time: datetime
    signer: Signer
    next_key: str


def rewrite(store: Path, change: Callable[[list[Written]], list[Written]]) -> None:
    """Another history, sound in itself: every commit is made anew by the keys' holder, and the tiles with them."""
    storage = opened(store)
    signers = {each.public.keyid: each for each in (KEEPER, SUCCESSOR)}
    old = [commits.read(storage, number) for number in range(1, head(storage) + 1)]
    told = [Written(each.body.leaves, each.body.time, signers[each.envelope.keyid], each.body.next_key) for each in old]
    for folder in (COMMITS, TILES):
        shutil.rmtree(store / folder)
    before: Commit | None = None
    for each in change(told):
        before = _add(store, before, each)


def append(
    store: Path, leaves: Sequence[Leaf], signer: Signer, hour: float = 7, next_key: Signer | None = None
) -> None:
    """One more commit, by whoever has a key; none of the rules is asked."""
    storage = opened(store)
    before = commits.read(storage, head(storage))
    keyid = (next_key or signer).public.keyid
    _add(store, before, Written(tuple(leaves), hours(hour), signer, keyid))


def put_entry(store: Path, body: Body, signer: Signer, after: int | None = None, files: Sequence[File] = ()) -> Leaf:
    """An entry, written into the store without being committed."""
    entry = Entry(body, tuple(files))
    last = head(opened(store)) if after is None else after
    return _put(store, entry.key, entries.sign(Recorded(entry, hours(7), last), signer))


def put_report(store: Path, wanted: Sealing, signer: Signer, after: int | None = None, key: str | None = None) -> Leaf:
    """A report, written into the store without being committed; `key`: in the place of another."""
    last = head(opened(store)) if after is None else after
    files = tuple(File.of(name, data) for name, data in wanted.files.items())
    for file in files:
        overwrite(store / blob_key(file.sha256), wanted.files[file.name])
    found = Manifest(wanted.report, files, wanted.run_key, hours(7), wanted.predicate, last)
    return _put(store, key or wanted.report.manifest_key, manifest.sign(found, signer))


def put_key(store: Path, named: Signer, agreed_by: Signer | None, signer: Signer) -> Leaf:
    """A key entry for `named`, to come after `signer`, on which `agreed_by` put the word of possession."""
    last = commits.read(opened(store), head(opened(store)))
    agreeing = replace(agreed_by or named, public=named.public)
    entry = keyring.successor(signer.public, last.sha256, agreeing, "x", "y", None)
    body = entry.body if agreed_by else entry.body.model_copy(update={"possession": None})
    return put_entry(store, body, signer)


def edit_commit(store: Path, number: int, edit: Callable[[dict[str, Any]], object], signer: Signer) -> None:
    """Change fields of a commit and sign it again; nothing is made to fit."""
    path = commit(store, number)
    body = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    edit(body)
    overwrite(path, wrap(canonical(body, "commit"), PAYLOAD_TYPE, signer))


def lie_about_tree(body: dict[str, Any], signer: Signer) -> None:
    """Another hash in a commit's frontier, and a checkpoint to match."""
    body["frontier"][-1] = hashlib.sha256(b"a lie").hexdigest()
    root = tree.root(tuple(bytes.fromhex(each) for each in body["frontier"]))
    origin = body["checkpoint"].partition("\n")[0]
    body["checkpoint"] = checkpoint.sign(Checkpoint(origin, body["size"], root), signer)


def lie_in_checkpoint(body: dict[str, Any], signer: Signer) -> None:
    """A checkpoint of another root than the commit's own tree."""
    origin = body["checkpoint"].partition("\n")[0]
    body["checkpoint"] = checkpoint.sign(Checkpoint(origin, body["size"], hashlib.sha256(b"a lie").digest()), signer)


def sign_checkpoint_as(body: dict[str, Any], stranger: Signer) -> None:
    """The right checkpoint, signed by somebody else."""
    note = checkpoint.parse(body["checkpoint"], "checkpoint").checkpoint
    body["checkpoint"] = checkpoint.sign(note, stranger)


def _add(store: Path, before: Commit | None, wanted: Written) -> Commit:
    data = commits.follow(before, wanted.leaves, wanted.signer, wanted.time, wanted.next_key)
    made = commits.parse(data, "commit")
    overwrite(commit(store, made.body.number), data)
    write_tiles(opened(store), before, made)
    return made


def _put(store: Path, key: str, data: bytes) -> Leaf:
    overwrite(store / key, data)
    return Leaf(key, hashlib.sha256(data).hexdigest())


def _files(store: Path, leaf: Leaf) -> Sequence[File]:
    data = (store / leaf.key).read_bytes()
    if leaf.key.startswith("reports/"):
        return manifest.parse(data, leaf.key)[0].files
    return entries.parse(data, leaf.key)[0].entry.files
