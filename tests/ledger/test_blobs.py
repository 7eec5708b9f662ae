"""Contents by their digest: one object, whoever names it, and locked for the longest of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from retroaudit.faults import IntegrityBroken
from retroaudit.ledger.blobs import by_digest, put_blobs
from retroaudit.ledger.coordinates import blob_key
from retroaudit.storage.s3 import S3Storage
from tests.ledger.conftest import Memory

SHARED = by_digest({"spec.json": b"{}"})
(DIGEST,) = SHARED


def test_the_same_content_is_one_object(memory: Memory) -> None:
    put_blobs(memory, SHARED)
    put_blobs(memory, by_digest({"another name": b"{}"}))
    assert memory.objects == {blob_key(DIGEST): b"{}"}


def test_other_bytes_under_the_name_are_broken_integrity(memory: Memory) -> None:
    memory.objects[blob_key(DIGEST)] = b"[]"
    with pytest.raises(IntegrityBroken, match="other bytes than its name says"):
        put_blobs(memory, SHARED)


@pytest.mark.server
def test_a_shared_blob_is_locked_for_its_longest_report(lock_store: S3Storage) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    short, long = now + timedelta(days=2), now + timedelta(days=4)
    for until, expected in ((short, short), (long, long), (short, long)):
        put_blobs(lock_store, SHARED, until)
        lock = lock_store.retention(blob_key(DIGEST))
        assert lock is not None
        assert (lock.mode, lock.until) == ("COMPLIANCE", expected)
