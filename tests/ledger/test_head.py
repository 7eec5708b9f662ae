from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import IntegrityBroken
from retroaudit.ledger import commits
from retroaudit.ledger.appending import append
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import COMMITS, commit_key
from retroaudit.ledger.head import containing, head, leaf_hashes
from retroaudit.ledger.signing import Signer
from retroaudit.storage.protocol import ObjectInfo
from tests.ledger.conftest import NOON, Memory, beat, record_body, seal_day


def _leaf(number: int) -> Leaf:
    return Leaf(f"reports/v1/{number}", f"{number:064x}")


def _log(signer: Signer, batches: list[int]) -> tuple[Memory, list[Leaf]]:
    """A log of commits with so many leaves each (the first has its key besides), and all its leaves."""
    storage, before, size = Memory(), None, 0
    for number, batch in enumerate(batches, 1):
        append(storage, [_leaf(size + each) for each in range(batch)], signer, before, NOON)
        size, before = size + batch, commits.read(storage, number)
    whole = [leaf for number in range(1, len(batches) + 1) for leaf in commits.read(storage, number).body.leaves]
    storage.asked.clear()
    return storage, whole


@given(st.integers(0, 70))
def test_the_head_is_found(length: int) -> None:
    storage = Memory({commit_key(number): b"" for number in range(1, length + 1)})
    assert head(storage) == length
    assert head(storage) == length


def test_finding_the_head_takes_few_look_ups() -> None:
    storage = Memory({commit_key(number): b"" for number in range(1, 5001)})
    assert head(storage) == 5000
    rounds = 2 + 4  # 2^12 < 5000 < 2^13: two rounds of eight steps up, and 9^4 > 4096: four of eight down
    assert len(storage.asked) <= 1 + 8 * rounds
    storage.asked.clear()
    assert head(storage) == 5000
    assert len(storage.asked) == 2  # the one seen last, and none after it


@given(st.integers(1, 40), st.integers(0, 40))
def test_a_hint_is_no_more_than_one(length: int, left: int) -> None:
    """Another log lies there now, or its end was cut off, or it has grown: the head is what is there."""
    storage = Memory({commit_key(number): b"" for number in range(1, length + 1)})
    assert head(storage) == length
    storage.objects.clear()
    storage.objects |= {commit_key(number): b"" for number in range(1, left + 1)}
    assert head(storage) == left


def test_a_log_that_somebody_else_begins_meanwhile_is_not_broken(
    memory: Memory, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, rival = memory.list, Memory(memory.objects)

    def begun(prefix: str = "") -> Iterator[ObjectInfo]:
        seal_day(rival, signer, 1)
        return look(prefix)

    monkeypatch.setattr(memory, "list", begun)
    assert head(memory) == 0  # as it was when it was asked
    assert head(memory) == 1


def test_a_log_without_its_beginning_is_not_an_empty_one(memory: Memory) -> None:
    memory.objects[commit_key(2)] = b""
    with pytest.raises(IntegrityBroken, match="commit 1: found nothing"):
        head(memory)


def test_a_leaf_is_looked_for_between_its_bounds(signer: Signer) -> None:
    storage, leaves = _log(signer, [2, 1, 3, 1])
    wanted = leaves[5]  # the third commit has the leaves 4 to 6, the key being 0
    for after in range(5):
        for last in range(after, 5):
            found = containing(storage, wanted, after, last)
            assert (found.body.number if found else None) == (3 if after < 3 <= last else None)
    storage.asked.clear()
    assert containing(storage, wanted, 2, 4)
    assert storage.asked == [("read", commit_key(3))]


def test_a_key_with_other_bytes_in_the_log_breaks_integrity(signer: Signer) -> None:
    storage, leaves = _log(signer, [2])
    with pytest.raises(IntegrityBroken, match=rf"{leaves[1].key}: found sha256 1{{64}}"):
        containing(storage, Leaf(leaves[1].key, "1" * 64), 0, 1)


def test_an_entry_from_after_the_end_tells_that_the_log_was_cut(memory: Memory, signer: Signer) -> None:
    for hours in range(3):
        record_body(memory, signer, beat(hours))
    for number in (2, 3):  # what a rollback to an older tail leaves
        del memory.objects[commit_key(number)]
    with pytest.raises(IntegrityBroken, match="an entry written after commit 2"):
        record_body(memory, signer, beat(2))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=9))
def test_the_leaf_hashes_of_any_range_are_the_lists(signer: Signer, batches: list[int]) -> None:
    storage, leaves = _log(signer, batches)
    hashes = [leaf.hash for leaf in leaves]
    last = commits.read(storage, len(batches))
    for start in range(len(hashes) + 1):
        for end in range(start, len(hashes) + 1):
            assert list(leaf_hashes(storage, last, start, end)) == hashes[start:end]


def test_leaf_hashes_before_an_older_commit_end_there(signer: Signer) -> None:
    storage, leaves = _log(signer, [3, 3, 3])
    older = commits.read(storage, 2)
    assert list(leaf_hashes(storage, older, 0, 99)) == [leaf.hash for leaf in leaves[:7]]


@pytest.mark.parametrize(("start", "requests"), [(299, 1), (290, 16), (150, 24), (0, 300)])
def test_leaf_hashes_near_the_end_take_few_reads(signer: Signer, start: int, requests: int) -> None:
    storage, leaves = _log(signer, [1] * 299)  # 300 leaves: the first commit has two
    last: Commit = commits.read(storage, 299)
    storage.asked.clear()
    end = min(start + 5, 300) if start else 300
    assert len(leaf_hashes(storage, last, start, end)) == end - start
    assert len(storage.asked) <= requests + 2 * 9  # 2^8 < 299 < 2^9: so many steps back, and as many of halving
    assert all(key.startswith(COMMITS) for _, key in storage.asked)
    assert len(leaves) == 300
