"""The form of a commit. How commits follow each other under races is in `test_appending`."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger import checkpoint, commits, tree
from retroaudit.ledger.checkpoint import Checkpoint
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.envelope import wrap
from retroaudit.ledger.signing import Signer
from tests.ledger.conftest import NOON, Memory, at


def _leaf(number: int) -> Leaf:
    return Leaf(f"reports/v1/{number}", f"{number:064x}")


def _chain(signer: Signer, batches: Sequence[int]) -> list[Commit]:
    """Commits of so many leaves each, one after the other, an hour apart."""
    chain: list[Commit] = []
    for number, size in enumerate(batches):
        first = chain[-1].body.size if chain else 0
        leaves = [_leaf(each) for each in range(first, first + size)]
        before = chain[-1] if chain else None
        chain.append(commits.parse(commits.follow(before, leaves, signer, at(number)), "x"))
    return chain


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_each_commit_names_the_one_before_and_the_tree_so_far(signer: Signer, batches: list[int]) -> None:
    previous, size = None, 0
    for number, commit in enumerate(_chain(signer, batches), 1):
        body = commit.body
        assert (body.number, body.previous, body.before) == (number, previous, size)
        size += len(body.leaves)
        assert body.size == size
        whole = tree.root_of([_leaf(each).hash for each in range(size)])
        assert tree.root(body.frontier) == whole == commit.note.checkpoint.root
        assert (body.time, body.next_key) == (at(number - 1), signer.public.keyid)
        previous = commit.sha256


def test_a_leafs_hash_is_that_of_its_canonical_json() -> None:
    # RFC 6962, 2.1: SHA-256(0x00 || d(0)); RFC 8785 by the independent library
    leaf = Leaf("entries/v1/kind=key/\u20ac\x7f\n.dsse.json", "0" * 64)
    assert leaf.hash == tree.leaf_hash(rfc8785.dumps({"sha256": leaf.sha256, "key": leaf.key}))


def test_the_checkpoint_is_a_signed_note_of_the_log(signer: Signer) -> None:
    # https://c2sp.org/tlog-checkpoint: origin, decimal size, base64 root; https://c2sp.org/signed-note: the signature
    (commit,) = _chain(signer, [3])
    name, size, root, empty, signature, end = commit.body.note.split("\n")
    assert (name, size, empty, end) == (f"retroaudit.dev/log/{signer.public.keyid[:32]}", "3", "", "")
    assert base64.b64decode(root) == tree.root(commit.body.frontier)
    assert signature.startswith(f"— {name} ")
    assert commit.note.signed_by(signer.public)
    assert commit.body.origin == name


def test_the_time_never_goes_back(signer: Signer) -> None:
    (first,) = _chain(signer, [1])
    earlier = commits.parse(commits.follow(first, [_leaf(1)], signer, NOON - timedelta(days=1)), "x")
    assert earlier.body.time == NOON
    assert commits.parse(commits.follow(earlier, [_leaf(2)], signer, at(1)), "x").body.time == at(1)


def test_the_origin_stays_where_keys_change(signer: Signer, successor: Signer) -> None:
    (first,) = _chain(signer, [1])
    rotation = commits.parse(commits.follow(first, [_leaf(1)], signer, NOON, successor.public.keyid), "x")
    after = commits.parse(commits.follow(rotation, [_leaf(2)], successor, NOON), "x")
    assert (rotation.body.next_key, after.body.next_key) == (successor.public.keyid, successor.public.keyid)
    assert after.body.origin == first.body.origin == commits.origin(signer.public.keyid)
    assert after.envelope.signed_by(successor.public)
    assert after.note.signed_by(successor.public)


def test_a_commit_stands_in_its_own_place(memory: Memory, signer: Signer) -> None:
    first, _ = _chain(signer, [1, 1])
    memory.objects[commit_key(2)] = commits.follow(None, first.body.leaves, signer, NOON)
    with pytest.raises(IntegrityBroken, match="commit 1 in its place"):
        commits.read(memory, 2)
    with pytest.raises(BadInput, match="no such object"):
        commits.read(memory, 3)


def test_every_bit_of_a_commit_matters(signer: Signer, successor: Signer) -> None:
    first, second = _chain(signer, [2, 1])
    data = commits.follow(first, second.body.leaves, signer, NOON, successor.public.keyid)
    for place in range(len(data) * 8):
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        try:
            found = commits.parse(bytes(changed), "x")
        except IntegrityBroken:
            continue
        assert not found.envelope.signed_by(signer.public), place


def _note(signer: Signer, **changes: Any) -> str:
    fields = {"origin": commits.origin(signer.public.keyid), "size": 1, "root": _leaf(0).hash, **changes}
    return checkpoint.sign(Checkpoint(**fields), signer)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("frontier", []),
        ("frontier", ["0" * 64, "0" * 64]),
        ("frontier", ["0" * 64]),
        ("frontier", ["0" * 62]),
        ("size", 0),
        ("size", 2),
        ("size", True),
        ("size", 1.0),
        ("size", 10**4000),
        ("number", "1"),
        ("number", 0),
        ("leaves", []),
        ("leaves", [{"key": "a", "sha256": "0" * 64}] * 2),  # more than the log has
        ("leaves", [{"key": "a"}]),
        ("leaves", [{"key": "\ud800", "sha256": "0" * 64}]),
        ("previous", "0" * 63 + "A"),
        ("next_key", "0" * 63 + "A"),
        ("next_key", None),
        ("time", "2026-07-02T12:00:00"),
        ("time", "2026-07-02T12:00:00Z"),
        ("time", "2026-07-02T14:00:00+02:00"),
        ("checkpoint", ""),
        ("nonce", 1),
    ],
)
def test_a_body_that_contradicts_itself_is_refused(signer: Signer, field: str, value: Any) -> None:
    (commit,) = _chain(signer, [1])
    body = json.loads(commit.envelope.payload)
    changed = json.dumps({**body, field: value}, sort_keys=True, separators=(",", ":")).encode()
    assert changed != commit.envelope.payload
    with pytest.raises(IntegrityBroken):
        commits.parse(wrap(changed, commits.PAYLOAD_TYPE, signer), "x")


@pytest.mark.parametrize("changes", [{"size": 2}, {"root": bytes(32)}])
def test_a_checkpoint_of_another_tree_is_refused(signer: Signer, changes: dict[str, Any]) -> None:
    (commit,) = _chain(signer, [1])
    body = json.loads(commit.envelope.payload)
    changed = rfc8785.dumps({**body, "checkpoint": _note(signer, **changes)})
    with pytest.raises(IntegrityBroken, match="not of its tree"):
        commits.parse(wrap(changed, commits.PAYLOAD_TYPE, signer), "x")


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_else_is_raised(signer: Signer, data: bytes) -> None:
    with pytest.raises(IntegrityBroken):
        commits.parse(data, "x")
    with pytest.raises(IntegrityBroken):
        commits.parse(wrap(data, commits.PAYLOAD_TYPE, signer), "x")
