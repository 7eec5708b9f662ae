from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

import pytest

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger import commits, entries, keyring
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.kinds import Key
from retroaudit.ledger.recording import rotate
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.terms import terms
from tests.ledger.conftest import NOON, Memory, at, beat, record_body


def _plant(memory: Memory, entry: Entry, signer: Signer) -> None:
    memory.objects[entry.key] = entries.sign(Recorded(entry, NOON, 0), signer)


def _key(entry: Entry) -> Key:
    assert isinstance(entry.body, Key)
    return entry.body


UPON = "ab" * 32  # the sha256 of a commit


def _agreement(before: Signer, by: Signer, previous: str = UPON) -> str:
    """The format's bytes, signed."""
    signature = by.sign(f"retroaudit.dev/log key after {before.public.keyid} at {previous}".encode())
    return base64.b64encode(signature).decode()


def test_the_first_key_names_itself(signer: Signer) -> None:
    key = keyring.read(keyring.first(signer))
    assert (key.public.keyid, key.expires, key.possession) == (signer.public.keyid, None, None)
    assert not key.follows(signer.public, UPON)


def test_a_successor_agreed_to_come_after_one_key(signer: Signer, successor: Signer, stranger: Signer) -> None:
    key = keyring.read(keyring.successor(signer.public, UPON, successor, "ann", "yearly", at(1)))
    assert (key.public.keyid, key.expires, key.by, key.reason) == (successor.public.keyid, at(1), "ann", "yearly")
    assert key.follows(signer.public, UPON)
    assert not key.follows(stranger.public, UPON)
    assert not key.follows(signer.public, "cd" * 32)
    assert not key.follows(signer.public, None)
    assert key.possession
    assert base64.b64encode(key.possession).decode() == _agreement(signer, successor)


def test_a_key_entry_that_is_forged_is_refused(signer: Signer, successor: Signer, stranger: Signer) -> None:
    body = _key(keyring.successor(signer.public, UPON, successor, "ann", "yearly", None))
    for changes in (
        {"keyid": stranger.public.keyid},
        {"public": base64.b64encode(stranger.public.der).decode()},
        {"public": body.public + "!"},
        {"public": base64.b64encode(successor.public.der + b"!").decode()},
        {"public": ""},
        {"possession": "!"},
    ):
        with pytest.raises(IntegrityBroken):
            keyring.read(Entry(body.model_copy(update=changes)))
    other = body.model_copy(update={"possession": _agreement(signer, stranger)})
    assert not keyring.read(Entry(other)).follows(signer.public, UPON)
    with pytest.raises(IntegrityBroken, match="an entry of kind heartbeat"):
        keyring.read(Entry(beat(0)))


def test_the_lineage_is_whom_the_log_was_handed_down_by(
    memory: Memory, signer: Signer, successor: Signer, stranger: Signer
) -> None:
    record_body(memory, signer, beat(0))
    rotate(memory, signer, successor, "ann", "yearly", at(9), at(1))
    third = stranger
    rotate(memory, successor, third, "ann", "yearly", at(19), at(2))
    assert list(keyring.lineage(memory, third.public)) == [each.public.keyid for each in (third, successor, signer)]
    assert list(keyring.lineage(memory, signer.public)) == [signer.public.keyid]
    ends = {keyid: key.expires for keyid, key in keyring.lineage(memory, third.public).items()}
    assert ends == {signer.public.keyid: None, successor.public.keyid: at(9), third.public.keyid: at(19)}
    found = keyring.public(memory, signer.public.keyid, third)
    assert found
    assert found.keyid == signer.public.keyid
    assert keyring.public(memory, third.public.keyid, signer) is None
    numbers = [link.handover and link.handover.number for link in keyring.chain(memory, third.public.keyid)]
    assert numbers == [3, 2, None]


def test_whoever_may_write_alone_adds_no_key(memory: Memory, signer: Signer, stranger: Signer) -> None:
    """Three plants: a key of one's own, one's own as a predecessor of the log's, and the log's with another end."""
    record_body(memory, signer, beat(0))
    _plant(memory, keyring.successor(signer.public, commits.read(memory, 1).sha256, stranger, "", "", None), stranger)
    ended = _key(keyring.first(signer)).model_copy(update={"expires": at(-1).isoformat()})
    _plant(memory, Entry(ended), stranger)
    false = _agreement(stranger, stranger, commits.read(memory, 1).sha256)
    _plant(memory, Entry(ended.model_copy(update={"possession": false})), stranger)
    assert list(keyring.lineage(memory, signer.public)) == [signer.public.keyid]
    assert keyring.lineage(memory, signer.public)[signer.public.keyid].expires is None
    assert keyring.public(memory, stranger.public.keyid, signer) is None
    assert record_body(memory, signer, beat(1)).commit == 2


def _again(memory: Memory, keyid: str, after: int, **changes: object) -> tuple[Entry, int]:
    """The entry that handed the log to this key, in other words: what its maker needs is in every copy."""
    link = keyring.chain(memory, keyid)[0]
    return Entry(_key(link.named.recorded.entry).model_copy(update=changes)), after


@pytest.mark.parametrize("after", [0, 1, 2, 5, 2**53 - 1])
def test_who_was_retired_cannot_end_the_key_that_came_after(
    memory: Memory, signer: Signer, successor: Signer, after: int
) -> None:
    """A second entry of the new key, which the old one signs and no commit holds, would have it expired long ago."""
    record_body(memory, signer, beat(0))
    rotate(memory, signer, successor, "ann", "yearly", None, at(1))
    entry, number = _again(memory, successor.public.keyid, after, expires=at(-1).isoformat())
    memory.objects[entry.key] = entries.sign(Recorded(entry, NOON, number), signer)
    assert keyring.lineage(memory, successor.public)[successor.public.keyid].expires is None
    assert record_body(memory, successor, beat(2), recorded_at=at(2)).commit == 3
    assert [term.key.expires for term in terms(memory)] == [None, None]


def test_of_two_commits_that_hand_over_the_first_counts(memory: Memory, signer: Signer, successor: Signer) -> None:
    """The second lies far beyond the log's end, where whoever may write can put one."""
    record_body(memory, signer, beat(0))
    rotate(memory, signer, successor, "ann", "yearly", None, at(1))
    entry, number = _again(memory, successor.public.keyid, 98, expires=at(-1).isoformat())
    memory.objects[entry.key] = data = entries.sign(Recorded(entry, NOON, number), signer)
    far = replace(commits.read(memory, 1), body=replace(commits.read(memory, 1).body, number=98))
    leaf = Leaf(entry.key, hashlib.sha256(data).hexdigest())
    memory.objects[commit_key(99)] = commits.follow(far, [leaf], signer, NOON, successor.public.keyid)
    assert len(keyring.handovers(memory, tuple(keyring.named(memory)))) == 2
    assert keyring.lineage(memory, successor.public)[successor.public.keyid].expires is None


def test_something_else_among_the_keys_blocks_nobody(memory: Memory, signer: Signer) -> None:
    record_body(memory, signer, beat(0))
    memory.objects[f"{keyring.FOLDER}foreign"] = b"?"
    memory.objects[f"{keyring.FOLDER}large"] = bytes(2 << 20)
    assert [each.key.public.keyid for each in keyring.named(memory)] == [signer.public.keyid]


def test_no_more_than_a_mebibyte_of_a_key_entry_is_read(memory: Memory, signer: Signer) -> None:
    class Watched(Memory):
        lengths: ClassVar[list[int | None]] = []

        def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
            self.lengths.append(length)
            return super().read(key, version=version, start=start, length=length)

    record_body(memory, signer, beat(0))
    watched = Watched(memory.objects)
    assert keyring.chain(watched, signer.public.keyid)
    assert watched.lengths == [1 << 20]
    assert [kind for kind, _ in watched.asked] == ["list", "read"]  # all that a log which never changed its key costs


@pytest.mark.parametrize(("moment", "fresh"), [(at(9) - timedelta(seconds=1), True), (at(9), False), (at(10), False)])
def test_a_key_is_good_until_its_end(signer: Signer, moment: datetime, fresh: bool) -> None:
    key = replace(keyring.read(keyring.first(signer)), expires=at(9))
    if fresh:
        keyring.require_fresh(key, moment)
    else:
        with pytest.raises(BadInput, match="expired at 2026-07-02T21:00:00"):
            keyring.require_fresh(key, moment)
    keyring.require_fresh(replace(key, expires=None), moment)
    keyring.require_fresh(None, moment)


def test_a_time_without_zone_is_bad_input(signer: Signer, successor: Signer) -> None:
    with pytest.raises(BadInput, match="without zone"):
        keyring.successor(signer.public, UPON, successor, "", "", NOON.replace(tzinfo=None))
