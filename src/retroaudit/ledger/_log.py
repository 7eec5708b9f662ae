"""The verifier's walk along the log."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from retroaudit.faults import IntegrityBroken
from retroaudit.ledger import commits
from retroaudit.ledger._problem import Objects, Problem, check_signature, read_small
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import COMMITS, commit_key, commit_number
from retroaudit.ledger.signing import PublicKey
from retroaudit.progress import Progress, Step
from retroaudit.storage.protocol import Storage


@dataclass(frozen=True)
class Log:
    """What the log holds, as far as it could be read, and what is wrong with it."""

    commits: int
    leaves: tuple[Leaf, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Stored:
    """One commit as it is in the store: the hash of whatever is there, and the commit if it is one."""

    number: int
    sha256: str | None
    commit: Commit | None
    problems: tuple[Problem, ...] = ()


def check_log(storage: Storage, objects: Objects, key: PublicKey, progress: Progress) -> Log:
    """Every commit from the first to the last that is there, each against its signature and the one before it."""
    numbers = {name: commit_number(name) for name in objects if name.startswith(COMMITS)}
    problems = [_stranger(name) for name, number in numbers.items() if not number]
    before = _Stored(0, None, None)
    leaves: dict[str, Leaf] = {}
    there = sorted(number for number in numbers.values() if number)
    for done, number in enumerate(there):
        progress(Step("commits", done, len(there)))
        problems += _gap(before.number, number)
        stored = _stored(storage, number)
        problems += stored.problems
        if stored.commit:
            problems += _check(stored.commit, stored, before, key)
            problems += _add(stored, leaves)
        before = stored
    return Log(len(there), tuple(leaves.values()), tuple(problems))


def _stranger(name: str) -> Problem:
    found = f"{name[:200]}, which is none"
    return Problem(name, "commits alone in the log", found, "something was put into the log, or renamed there")


def _gap(before: int, number: int) -> Iterator[Problem]:
    first, last = before + 1, number - 1
    if first == last:
        yield Problem(
            f"commit {first}", commit_key(first), "nothing", f"commit {first} was deleted: commit {number} is there"
        )
    elif first < last:
        what = f"commits {first} to {last}"
        yield Problem(what, commit_key(first), "nothing", f"{what} were deleted: commit {number} is there")


def _stored(storage: Storage, number: int) -> _Stored:
    subject = f"commit {number}"
    meaning = f"commit {number} was replaced or damaged"
    data = read_small(storage, commit_key(number), subject, meaning)
    if isinstance(data, Problem):
        return _Stored(number, None, None, (data,))
    digest = hashlib.sha256(data).hexdigest()
    try:
        return _Stored(number, digest, commits.parse(data, subject))
    except IntegrityBroken as error:
        problems = tuple(Problem(subject, fault.expected, fault.found, meaning) for fault in error.faults)
        return _Stored(number, digest, None, problems)


def _check(commit: Commit, stored: _Stored, before: _Stored, key: PublicKey) -> Iterator[Problem]:
    number, body = stored.number, commit.body
    subject = f"commit {number}"
    meaning = f"commit {number} was replaced: nobody signed these bytes"
    yield from check_signature(subject, commit.envelope, key, meaning)
    name = commits.origin(commit.envelope.keyid)
    if body.origin != name:
        yield Problem(subject, name, body.origin[:200], f"commit {number} belongs to another log")
    if body.number != number:
        meaning = f"commit {number} was replaced by a copy of commit {body.number}"
        yield Problem(subject, subject, f"commit {body.number}", meaning)
    yield from _check_link(commit, stored, before)


def _check_link(commit: Commit, stored: _Stored, before: _Stored) -> Iterator[Problem]:
    number, body, subject = stored.number, commit.body, f"commit {stored.number}"
    if before.number != number - 1 or (number > 1 and before.sha256 is None):
        return  # there is nothing to compare with, which has been told
    if body.previous != before.sha256:
        was = f"sha256 {body.previous}" if body.previous else "no commit"
        meaning = (
            f"commit {number - 1} was replaced after commit {number} was signed, or commit {number} is from elsewhere"
            if number > 1
            else "commit 1 is not the first: commits before it were cut off, or it is from elsewhere"
        )
        yield Problem(subject, f"{was} before it", f"sha256 {before.sha256}" if before.sha256 else "none", meaning)
        return
    expected = commits.follow(before.commit, body.leaves, body.origin)
    if (number == 1 or before.commit) and (body.size, body.frontier) != (expected.size, expected.frontier):
        meaning = f"the tree of commit {number} is not that of the reports before it: reports were dropped or forged"
        yield Problem(subject, expected.checkpoint, body.checkpoint, meaning)


def _add(stored: _Stored, leaves: dict[str, Leaf]) -> Iterator[Problem]:
    for leaf in stored.commit.body.leaves if stored.commit else ():
        if leaf.manifest in leaves:
            meaning = f"commit {stored.number} repeats a report that was in the log before: a replay"
            yield Problem(leaf.manifest[:500], "one commit", f"a second, commit {stored.number}", meaning)
        else:
            leaves[leaf.manifest] = leaf
