from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import commits, tree
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.envelope import wrap
from retroaudit.ledger.signing import Signer
from retroaudit.storage.protocol import ObjectInfo
from tests.ledger.conftest import Memory


def _leaf(number: int) -> Leaf:
    return Leaf(f"reports/v1/{number}", f"{number:064x}")


def _log(storage: Memory, signer: Signer, length: int) -> Commit | None:
    head = None
    for number in range(length):
        head = commits.append(storage, _leaf(number), signer, head)
    return head


def test_each_commit_names_the_one_before_and_the_tree_so_far(memory: Memory, signer: Signer) -> None:
    _log(memory, signer, 9)
    previous = None
    for number in range(1, 10):
        commit = commits.read(memory, number)
        assert commit.body.previous == previous
        assert commit.body.size == number
        whole = tree.root_of([_leaf(each).hash for each in range(number)])
        assert tree.root(commit.body.frontier) == whole
        previous = commit.sha256


def test_the_checkpoint_is_that_of_c2sp(memory: Memory, signer: Signer) -> None:
    # https://c2sp.org/tlog-checkpoint: origin, decimal size, base64 root, each ended by a line feed
    head = _log(memory, signer, 3)
    assert head is not None
    name, size, root, end = head.body.checkpoint.split("\n")
    assert (name, size, end) == (f"retroaudit.dev/log/{signer.public.keyid[:16]}", "3", "")
    assert len(root) == 44


@given(st.integers(0, 70))
def test_the_head_is_found(length: int) -> None:
    storage = Memory({commit_key(number): b"" for number in range(1, length + 1)})
    assert commits.head(storage) == length


def test_a_log_that_somebody_else_begins_meanwhile_is_not_broken(
    memory: Memory, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, rival = memory.list, Memory(memory.objects)

    def begun(prefix: str = "") -> Iterator[ObjectInfo]:
        _log(rival, signer, 1)
        return look(prefix)

    monkeypatch.setattr(memory, "list", begun)
    assert commits.head(memory) == 1


def test_finding_the_head_takes_few_look_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Memory({commit_key(number): b"" for number in range(1, 5001)})
    asked: list[str] = []
    look = storage.head

    def count(key: str) -> object:
        asked.append(key)
        return look(key)

    monkeypatch.setattr(storage, "head", count)
    assert commits.head(storage) == 5000
    assert len(asked) <= 2 * 13 + 2  # the first; 2^12 < 5000 < 2^13: so many steps up, and as many down


def test_a_faster_writer_is_followed(memory: Memory, signer: Signer) -> None:
    stale = _log(memory, signer, 3)
    commits.append(memory, _leaf(10), signer, stale)
    commit = commits.append(memory, _leaf(11), signer, stale)
    assert (commit.body.number, commit.body.size) == (5, 5)


def test_a_leaf_that_somebody_else_committed_is_not_repeated(memory: Memory, signer: Signer) -> None:
    stale = _log(memory, signer, 3)
    assert stale is not None
    both = commits.follow(stale, (_leaf(9), _leaf(10)), stale.body.origin)
    memory.put_if_absent(commit_key(4), commits.sign(both, signer))
    for leaf in both.leaves:
        assert commits.append(memory, leaf, signer, stale).body == both
    assert commits.head(memory) == 4


def test_a_lost_answer_is_no_failure(memory: Memory, signer: Signer) -> None:
    def lose(_: str) -> None:
        raise BadInput(Fault("s3", "no answer", "one"))

    memory.after_put = lose
    commit = commits.append(memory, _leaf(0), signer, None)
    assert commit.body.number == 1
    memory.before_put = lose
    with pytest.raises(BadInput, match="no answer"):
        commits.append(memory, _leaf(1), signer, commit)


def test_the_number_of_attempts_is_bounded(memory: Memory, signer: Signer) -> None:
    rival = Memory(memory.objects)
    head = _log(rival, signer, 1)
    ahead = [head]

    def be_faster(_: str) -> None:
        ahead.append(commits.append(rival, _leaf(len(ahead)), signer, ahead[-1]))

    memory.before_put = be_faster
    with pytest.raises(BadInput, match="7 other writers"):
        commits.append(memory, _leaf(1000), signer, head, attempts=7)
    assert len(ahead) == 8


def test_nothing_is_built_upon_what_was_tampered_with(memory: Memory, signer: Signer) -> None:
    _log(memory, signer, 2)
    data = memory.objects[commit_key(2)]
    document = json.loads(data)
    document["signatures"][0]["sig"] = json.loads(memory.objects[commit_key(1)])["signatures"][0]["sig"]
    memory.objects[commit_key(2)] = rfc8785.dumps(document)
    with pytest.raises(IntegrityBroken, match="did not sign"):
        commits.read_head(memory, signer)
    memory.objects[commit_key(2)] = memory.objects[commit_key(1)]
    with pytest.raises(IntegrityBroken, match="commit 1 in its place"):
        commits.read_head(memory, signer)
    with pytest.raises(IntegrityBroken, match="does not follow"):
        commits.append(memory, _leaf(9), signer, commits.read(memory, 1))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("frontier", []),
        ("frontier", ["0" * 64, "0" * 64]),
        ("frontier", ["0" * 64]),
        ("size", 0),
        ("size", 2),
        ("size", True),
        ("number", "1"),
        ("leaves", []),
        ("previous", "0" * 63 + "A"),
        ("checkpoint", ""),
        ("nonce", 1),
    ],
)
def test_a_body_that_contradicts_itself_is_refused(memory: Memory, signer: Signer, field: str, value: Any) -> None:
    head = _log(memory, signer, 1)
    assert head is not None
    body = json.loads(head.envelope.payload)
    changed = rfc8785.dumps({**body, field: value})
    assert changed != head.envelope.payload
    data = wrap(changed, commits.PAYLOAD_TYPE, signer)
    with pytest.raises(IntegrityBroken):
        commits.parse(data, "x")
