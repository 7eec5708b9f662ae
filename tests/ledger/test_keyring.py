from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger import entries, keyring
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.kinds import Key
from retroaudit.ledger.recording import rotate
from retroaudit.ledger.signing import Signer
from tests.ledger.conftest import NOON, Memory, at, beat, record_body


def _plant(memory: Memory, entry: Entry, signer: Signer) -> None:
    memory.objects[entry.key] = entries.sign(Recorded(entry, NOON, 0), signer)


def _key(entry: Entry) -> Key:
    assert isinstance(entry.body, Key)
    return entry.body


def test_the_first_key_names_itself(signer: Signer) -> None:
    key = keyring.read(keyring.first(signer))
    assert (key.public.keyid, key.expires, key.possession) == (signer.public.keyid, None, None)
    assert not key.follows(signer.public)


def test_a_successor_agreed_to_come_after_one_key(signer: Signer, successor: Signer, stranger: Signer) -> None:
    key = keyring.read(keyring.successor(signer.public, successor, "ann", "yearly", at(1)))
    assert (key.public.keyid, key.expires, key.by, key.reason) == (successor.public.keyid, at(1), "ann", "yearly")
    assert key.follows(signer.public)
    assert not key.follows(stranger.public)
    # the format's bytes
    assert key.possession
    assert successor.public.verifies(key.possession, b"retroaudit.dev/log key after " + signer.public.keyid.encode())


def test_a_key_entry_that_is_forged_is_refused(signer: Signer, successor: Signer, stranger: Signer) -> None:
    body = _key(keyring.successor(signer.public, successor, "ann", "yearly", None))
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
    other = base64.b64encode(stranger.sign(b"retroaudit.dev/log key after " + signer.public.keyid.encode())).decode()
    assert not keyring.read(Entry(body.model_copy(update={"possession": other}))).follows(signer.public)
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
    assert set(keyring.load(memory)) == set(ends)


def test_whoever_may_write_alone_adds_no_key(memory: Memory, signer: Signer, stranger: Signer) -> None:
    """Three plants: a key of one's own, one's own as a predecessor of the log's, and the log's with another end."""
    record_body(memory, signer, beat(0))
    _plant(memory, keyring.successor(signer.public, stranger, "", "", None), stranger)
    ended = _key(keyring.first(signer)).model_copy(update={"expires": at(-1).isoformat()})
    _plant(memory, Entry(ended), stranger)
    false = base64.b64encode(stranger.sign(b"retroaudit.dev/log key after " + stranger.public.keyid.encode())).decode()
    _plant(memory, Entry(ended.model_copy(update={"possession": false})), stranger)
    assert list(keyring.lineage(memory, signer.public)) == [signer.public.keyid]
    assert keyring.lineage(memory, signer.public)[signer.public.keyid].expires is None
    assert keyring.public(memory, stranger.public.keyid, signer) is None
    assert record_body(memory, signer, beat(1)).commit == 2


def test_something_else_among_the_keys_blocks_nobody(memory: Memory, signer: Signer) -> None:
    record_body(memory, signer, beat(0))
    memory.objects[f"{keyring.FOLDER}foreign"] = b"?"
    assert list(keyring.load(memory)) == [signer.public.keyid]


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
        keyring.successor(signer.public, successor, "", "", NOON.replace(tzinfo=None))
