from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest
import rfc8785

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import commits, entries, keyring, tree
from retroaudit.ledger.appending import CLOCK_JUMPED, append, read_head, write_tiles
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import COMMITS, TILES, commit_key
from retroaudit.ledger.entries import Recorded
from retroaudit.ledger.head import head, leaf_hashes
from retroaudit.ledger.read import leaves
from retroaudit.ledger.recording import rotate
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.tiles import Expected, Tile
from tests.ledger.conftest import NOON, Memory, at, beat, record_body


def _leaf(number: int) -> Leaf:
    return Leaf(f"reports/v1/{number}", f"{number:064x}")


def _log(storage: Memory, signer: Signer, length: int) -> Commit | None:
    """A log of so many commits with one leaf each; the first has its key besides."""
    before = None
    for number in range(length):
        before = _append(storage, _leaf(number), signer, before)
    return before


def _append(storage: Memory, leaf: Leaf, signer: Signer, before: Commit | None) -> Commit:
    return commits.read(storage, append(storage, [leaf], signer, before, NOON)[leaf])


def _leaves(storage: Memory) -> list[Leaf]:
    """The log's leaves without its first key, from storage as somebody else sees it; their commits link."""
    return [leaf for _, index, leaf in leaves(Memory(storage.objects)) if index]


def test_the_first_leaf_of_a_log_is_its_key(memory: Memory, signer: Signer) -> None:
    assert append(memory, [_leaf(1)], signer, None, NOON) == {_leaf(1): 1}
    first, leaf = commits.read(memory, 1).body.leaves
    assert leaf == _leaf(1)
    recorded, envelope = entries.parse(memory.objects[first.key], first.key)
    assert recorded == Recorded(keyring.first(signer), NOON, 0)
    assert envelope.signed_by(signer.public)


def test_nothing_to_append_is_no_commit(memory: Memory, signer: Signer) -> None:
    assert append(memory, [], signer, None, NOON) == {}
    assert memory.objects == {}


def test_a_leaf_given_twice_is_committed_once(memory: Memory, signer: Signer) -> None:
    assert append(memory, [_leaf(1), _leaf(2), _leaf(1)], signer, None, NOON) == {_leaf(1): 1, _leaf(2): 1}
    assert _leaves(memory) == [_leaf(1), _leaf(2)]


def test_a_faster_writer_is_followed(memory: Memory, signer: Signer) -> None:
    stale = _log(memory, signer, 3)
    _append(memory, _leaf(10), signer, stale)
    body = _append(memory, _leaf(11), signer, stale).body
    assert (body.number, body.size) == (5, 6)


def test_a_faster_writer_of_the_first_commit_is_followed(memory: Memory, signer: Signer) -> None:
    rival = Memory(memory.objects)

    def be_slow(key: str) -> None:
        if key == commit_key(1) and key not in rival.objects:
            append(rival, [_leaf(1)], signer, None, at(-0.5))  # with a clock of its own, so a key entry of its own

    memory.before_put = be_slow
    assert append(memory, [_leaf(2)], signer, None, NOON) == {_leaf(2): 2}
    assert _leaves(memory) == [_leaf(1), _leaf(2)]
    assert sum("kind=key" in leaf.key for _, _, leaf in leaves(memory)) == 1


def test_a_leaf_that_somebody_else_committed_is_not_repeated(memory: Memory, signer: Signer) -> None:
    stale = _log(memory, signer, 3)
    both = [_leaf(9), _leaf(10)]
    append(Memory(memory.objects), both, signer, stale, NOON)
    for leaf in both:
        assert append(memory, [leaf], signer, stale, NOON) == {leaf: 4}
    assert append(memory, [_leaf(10), _leaf(11)], signer, stale, NOON) == {_leaf(10): 4, _leaf(11): 5}
    assert _leaves(memory) == [_leaf(0), _leaf(1), _leaf(2), *both, _leaf(11)]


def test_a_lost_answer_is_no_failure(memory: Memory, signer: Signer) -> None:
    def lose(_: str) -> None:
        raise BadInput(Fault("s3", "no answer", "one"))

    memory.after_put = lose
    first = _append(memory, _leaf(0), signer, None)
    assert (first.body.number, first.body.size) == (1, 2)
    memory.before_put = lose
    with pytest.raises(BadInput, match="no answer"):
        append(memory, [_leaf(1)], signer, first, NOON)


def test_a_lost_answer_among_others_is_no_failure(memory: Memory, signer: Signer) -> None:
    """The first attempt meets another writer's commit; of the second, one answer is lost or nothing was put."""
    stale = _log(memory, signer, 3)
    for taken, lost in ((4, 5), (6, 7)):
        _append(Memory(memory.objects), _leaf(taken), signer, commits.read(memory, taken - 1))

        def lose(key: str, lost: int = lost) -> None:
            if key == commit_key(lost):
                raise BadInput(Fault("s3", "no answer", "one"))

        failing = Memory(memory.objects, before_put=lose)
        with pytest.raises(BadInput, match="no answer"):
            append(failing, [_leaf(lost)], signer, stale, NOON)
        assert head(memory) == taken
        failing = Memory(memory.objects, after_put=lose)
        assert append(failing, [_leaf(lost)], signer, stale, NOON) == {_leaf(lost): lost}
    assert _leaves(memory) == [_leaf(each) for each in (0, 1, 2, 4, 5, 6, 7)]


def test_patience_with_faster_writers_has_an_end(
    memory: Memory, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rival = Memory(memory.objects)
    ahead = [_log(rival, signer, 1)]
    clock = iter(range(0, 10_000, 100))  # seconds: each attempt takes 100 of them
    monkeypatch.setattr("retroaudit.ledger.appending.time.monotonic", lambda: next(clock))

    def be_faster(key: str) -> None:
        if key.startswith(COMMITS):
            body = commits.follow(ahead[-1], [_leaf(len(ahead))], signer, NOON)
            rival.put_if_absent(key, body)
            ahead.append(commits.parse(body, key))

    memory.before_put = be_faster
    with pytest.raises(BadInput, match="five minutes"):
        append(memory, [_leaf(1000)], signer, ahead[0], NOON)
    assert 2 <= len(ahead) <= 4
    assert _leaf(1000) not in _leaves(memory)


def test_writers_at_once_lose_no_leaf_and_make_no_fork(memory: Memory, signer: Signer) -> None:
    """Eight threads from an empty log on, each with a storage of its own over the same objects."""
    writers, rounds = 8, 12
    placed: list[tuple[int, Leaf]] = []

    def write(writer: int) -> None:
        own = Memory(memory.objects)
        for number in range(rounds):
            mine, shared = _leaf(100 * writer + number), _leaf(10_000 + number)
            found = append(own, [mine, shared], signer, read_head(own, signer, NOON), NOON)
            placed.append((found[mine], mine))

    threads = [Thread(target=write, args=(writer,)) for writer in range(1, writers + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(placed) == writers * rounds
    found = {(number, leaf) for number, index, leaf in leaves(Memory(memory.objects)) if index}
    assert found >= set(placed)
    ours = [leaf for _, leaf in found if int(leaf.sha256, 16) < 10_000]
    assert len(ours) == len(set(ours)) == writers * rounds


def test_another_key_cannot_go_on_with_the_log(memory: Memory, signer: Signer, stranger: Signer) -> None:
    before = _log(memory, signer, 2)
    with pytest.raises(BadInput, match=f"commit 2: found a log whose next commit is signed by key {'[0-9a-f]' * 64}"):
        read_head(memory, stranger, NOON)
    rival = Memory(memory.objects)
    _append(rival, _leaf(9), signer, before)
    with pytest.raises(BadInput, match=r"commit 3: .*Use the store's key"):
        append(memory, [_leaf(10)], stranger, before, NOON)
    assert head(memory) == 3


def test_two_keys_cannot_begin_one_log(memory: Memory, signer: Signer, stranger: Signer) -> None:
    rival = Memory(memory.objects)

    def be_slow(key: str) -> None:
        if key == commit_key(1) and key not in rival.objects:
            append(rival, [_leaf(1)], signer, None, NOON)

    memory.before_put = be_slow
    with pytest.raises(BadInput, match="Use the store's key"):
        append(memory, [_leaf(2)], stranger, None, NOON)
    assert _leaves(memory) == [_leaf(1)]


def test_who_holds_the_old_key_at_a_rotation_fails_clearly(memory: Memory, signer: Signer, successor: Signer) -> None:
    record_body(memory, signer, beat(0))
    before = read_head(memory, signer, NOON)
    rotate(Memory(memory.objects), signer, successor, "ann", "yearly", None, NOON)
    with pytest.raises(BadInput, match=f"commit 2: found a log whose next commit is signed by {'.' * 68}"):
        append(memory, [_leaf(1)], signer, before, NOON)
    assert head(memory) == 2
    assert append(memory, [_leaf(1)], successor, read_head(memory, successor, NOON), NOON) == {_leaf(1): 3}


def test_a_stranger_cannot_slip_a_commit_between_two_of_the_logs(
    memory: Memory, signer: Signer, stranger: Signer
) -> None:
    """The stranger's key is planted as an entry, and its commit names the log's key as the next."""
    before = _log(memory, signer, 2)
    assert before
    planted = keyring.successor(signer.public, before.sha256, stranger, "", "", None)
    memory.objects[planted.key] = entries.sign(Recorded(planted, NOON, 2), stranger)
    memory.objects[commit_key(3)] = commits.follow(before, [_leaf(9)], stranger, NOON, signer.public.keyid)
    with pytest.raises(IntegrityBroken, match="its key did not sign"):
        append(memory, [_leaf(10)], signer, before, NOON)
    with pytest.raises(IntegrityBroken, match="its key did not sign"):
        read_head(memory, signer, NOON)


def test_a_retired_key_cannot_slip_a_commit_in_either(memory: Memory, signer: Signer, successor: Signer) -> None:
    """It names the log's key as the next; the one commit of its that counts is that by which it handed over."""
    record_body(memory, signer, beat(0))
    rotate(memory, signer, successor, "ann", "yearly", None, NOON)
    handing = commits.read(memory, 2)
    memory.objects[commit_key(3)] = commits.follow(handing, [_leaf(9)], signer, NOON, successor.public.keyid)
    with pytest.raises(IntegrityBroken, match="its key did not sign"):
        read_head(memory, successor, NOON)


def test_a_handover_with_another_tree_is_not_built_upon(memory: Memory, signer: Signer, successor: Signer) -> None:
    """The old key signs the commit of the handover again, over a root that holds what the new one never saw."""
    before = _log(memory, signer, 2)
    rotate(memory, signer, successor, "ann", "yearly", None, NOON)
    good = commits.read(memory, 3)
    assert before
    size, frontier = commits.grow(before, [_leaf(9)])
    other = replace(before, body=replace(before.body, size=size, frontier=frontier))
    assert read_head(memory, successor, NOON) == good
    forged = commits.follow(other, good.body.leaves, signer, NOON, successor.public.keyid)
    memory.objects[commit_key(3)] = forged
    assert commits.read(memory, 3).body.previous == good.body.previous
    with pytest.raises(IntegrityBroken, match="its key did not sign"):
        read_head(memory, successor, NOON)


def test_nothing_is_built_upon_what_was_tampered_with(memory: Memory, signer: Signer) -> None:
    _log(memory, signer, 2)
    document = json.loads(memory.objects[commit_key(2)])
    document["signatures"][0]["sig"] = json.loads(memory.objects[commit_key(1)])["signatures"][0]["sig"]
    memory.objects[commit_key(2)] = rfc8785.dumps(document)
    with pytest.raises(IntegrityBroken, match="did not sign"):
        read_head(memory, signer, NOON)
    memory.objects[commit_key(2)] = memory.objects[commit_key(1)]
    with pytest.raises(IntegrityBroken, match="commit 1 in its place"):
        read_head(memory, signer, NOON)
    with pytest.raises(IntegrityBroken, match="does not follow"):
        append(memory, [_leaf(9)], signer, commits.read(memory, 1), NOON)


def test_a_commit_that_does_not_extend_the_tree_is_not_followed(memory: Memory, signer: Signer) -> None:
    before = _log(memory, signer, 1)
    elsewhere = Memory()
    other = append(elsewhere, [_leaf(5), _leaf(6)], signer, None, NOON)
    assert other
    memory.objects[commit_key(2)] = commits.follow(commits.read(elsewhere, 1), [_leaf(7)], signer, NOON)
    with pytest.raises(IntegrityBroken, match="does not follow"):
        append(memory, [_leaf(9)], signer, before, NOON)


@pytest.mark.parametrize(("hours", "refused"), [(-0.99, False), (-1.01, True), (-1000, True), (1000, False)])
def test_a_clock_behind_the_log_is_refused(
    memory: Memory, signer: Signer, monkeypatch: pytest.MonkeyPatch, hours: float, refused: bool
) -> None:
    before = _log(memory, signer, 1)
    assert before
    if refused:
        with pytest.raises(BadInput, match=f"a clock that goes forward.*{CLOCK_JUMPED}=1"):
            read_head(memory, signer, at(hours))
        monkeypatch.setenv(CLOCK_JUMPED, "1")
    assert read_head(memory, signer, at(hours)) == before
    after = append(memory, [_leaf(1)], signer, before, at(hours))
    assert commits.read(memory, after[_leaf(1)]).body.time == max(NOON, at(hours))


def test_a_clock_without_zone_is_bad_input(memory: Memory, signer: Signer) -> None:
    _log(memory, signer, 1)
    with pytest.raises(BadInput, match="without zone"):
        read_head(memory, signer, NOON.replace(tzinfo=None))


def test_an_expired_key_signs_nothing(memory: Memory, signer: Signer, successor: Signer) -> None:
    record_body(memory, signer, beat(0))
    rotate(memory, signer, successor, "ann", "yearly", at(9), NOON)
    assert read_head(memory, successor, at(8.9))
    with pytest.raises(BadInput, match="expired at 2026-07-02T21:00:00"):
        read_head(memory, successor, at(9))
    assert read_head(memory, successor, at(9), retiring=True)  # but for handing the log over
    record_body(memory, successor, beat(8), recorded_at=at(8.9))
    assert read_head(memory, successor, at(8.5))  # a clock a little behind


def test_the_end_of_a_key_is_held_against_the_time_that_the_commit_will_have(
    memory: Memory, signer: Signer, successor: Signer
) -> None:
    """The log's head is from 9 h; a clock half an hour behind would give a commit at 9 h, when the key is over."""
    record_body(memory, signer, beat(0))
    rotate(memory, signer, successor, "ann", "yearly", at(9), at(8.5))
    head = commits.read(memory, 2)
    late = commits.follow(head, [_leaf(1)], successor, at(9))
    memory.objects[commit_key(3)] = late
    with pytest.raises(BadInput, match="expired"):
        read_head(memory, successor, at(8.5))


def test_a_tile_that_cannot_be_written_does_not_undo_the_commit(memory: Memory, signer: Signer) -> None:
    def fail(key: str) -> None:
        if key.startswith(TILES):
            raise BadInput(Fault("s3", "disk full", "space"))

    memory.before_put = fail
    before = _log(memory, signer, 3)
    assert before
    assert not any(key.startswith(TILES) for key in memory.objects)
    memory.before_put = lambda _: None
    _append(memory, _leaf(3), signer, before)
    assert [key for key in memory.objects if key.startswith(TILES)] == ["log/tile/0/000.p/5"]


def _tiles(hashes: list[bytes]) -> dict[str, bytes]:
    expected = Expected()
    done: list[Tile] = [tile for each in hashes for tile in expected.add(each)]
    return {tile.key: tile.hashes for tile in [*done, *expected.partial()]}


@pytest.mark.parametrize(
    "batches",
    [
        [255, 1, 1],
        [254, 2],
        [256],
        [300] * 3,
        pytest.param([65_533, 1, 1, 1], marks=pytest.mark.slow),
        pytest.param([65_400, 300], marks=pytest.mark.slow),
    ],
)
def test_tiles_and_roots_hold_across_borders(memory: Memory, signer: Signer, batches: list[int]) -> None:
    """Sizes 255 to 257 and 65,535 to 65,537 are where one and two levels of tiles become full (256, 256²)."""
    before, size = None, 0
    for number, batch in enumerate(batches, 1):
        append(memory, [_leaf(size + each) for each in range(batch)], signer, before, NOON)
        size, before = size + batch, commits.read(memory, number)
    assert before
    hashes = [leaf.hash for _, _, leaf in leaves(memory)]
    assert len(hashes) == size + 1 == before.body.size
    assert tree.root(before.body.frontier) == tree.root_of(hashes)
    stored = {key: data for key, data in memory.objects.items() if key.startswith(TILES)}
    assert stored.items() >= _tiles(hashes).items()
    for start in {0, size // 2, max(0, size - 300)}:
        assert list(leaf_hashes(memory, before, start, start + 290)) == hashes[start : start + 290]


def test_tiles_that_a_crash_left_out_are_made_by_whoever_comes_later(memory: Memory, signer: Signer) -> None:
    append(memory, [_leaf(each) for each in range(300)], signer, None, NOON)
    kept = dict(memory.objects)
    for key in [key for key in memory.objects if key.startswith(TILES)]:
        del memory.objects[key]
    write_tiles(memory, None, commits.read(memory, 1))
    assert memory.objects == kept


def test_no_false_tile_is_built_upon(memory: Memory, signer: Signer) -> None:
    before = _log(memory, signer, 3)
    assert before
    (partial,) = [key for key in memory.objects if key.endswith(".p/4")]
    memory.objects[partial] = bytes(len(memory.objects[partial]))
    after = _append(memory, _leaf(9), signer, before)
    assert after.body.number == 4
    assert not any(key.endswith(".p/5") for key in memory.objects)


def test_a_batch_costs_no_more_the_more_there_are_in_it(
    memory: Memory, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []
    same: Callable[[Leaf, object], Any] = Leaf.__eq__

    def count(one: Leaf, other: object) -> Any:
        compared.append(1)
        return same(one, other)

    monkeypatch.setattr(Leaf, "__eq__", count)
    append(memory, [_leaf(each) for each in range(2000)], signer, None, NOON)
    assert len(compared) < 20 * 2000  # a square of it would be 2 to 4 million
