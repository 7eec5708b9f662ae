"""Two ledgers in one place are refused, whichever was there first."""

from __future__ import annotations

from pathlib import Path

import pytest

from retroaudit.faults import BadInput
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.nesting import require_alone
from retroaudit.storage.open import open_storage
from retroaudit.storage.protocol import Storage
from retroaudit.storage.s3 import S3Storage, connect

COMMIT = "log/commits/000000/000000000001"


def opened(url: str) -> LocalStorage | S3Storage:
    storage: Storage = open_storage(url, create=url.startswith("file:"))
    assert isinstance(storage, LocalStorage | S3Storage)
    return storage


def _one_at_a_time(root: str) -> None:
    store, beside, below = opened(f"{root}/a/b"), opened(f"{root}/a/c"), opened(f"{root}/a/b/deep/er")
    above, hidden = opened(f"{root}/a"), opened(f"{root}/a/b/reports/v1")
    store.put_if_absent(COMMIT, b"")
    store.put_if_absent("reports/v1/x", b"")
    for fine in (store, beside):
        require_alone(fine)
    for overlapping in (below, above, hidden):
        with pytest.raises(BadInput, match=r"another ledger at .*a/b, expected a store that no other one overlaps"):
            require_alone(overlapping)
    below.put_if_absent(COMMIT, b"")
    with pytest.raises(BadInput, match=r"another ledger at .*a/b/deep/er"):
        require_alone(store)


def test_directories_do_not_overlap(tmp_path: Path) -> None:
    _one_at_a_time(tmp_path.as_uri())


def test_prefixes_do_not_overlap(s3: S3Storage) -> None:
    _one_at_a_time(f"s3://{s3.bucket}/root")


def test_a_whole_bucket_is_above_all_prefixes(s3: S3Storage) -> None:
    s3.put_if_absent(COMMIT, b"")
    whole = connect(s3.bucket, "")
    with pytest.raises(BadInput, match="another ledger at"):
        require_alone(whole)
    whole.put_if_absent(COMMIT, b"")
    with pytest.raises(BadInput, match="another ledger at"):
        require_alone(s3)
