"""Contents by their digest: many names, one object."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.ledger.coordinates import blob_key
from retroaudit.storage.protocol import Lockable, Storage


def put_blobs(storage: Storage, contents: Mapping[str, bytes], retain_until: datetime | None = None) -> None:
    """Store contents by their sha256; what was there before is locked for as long as what is new.

    Raises `IntegrityBroken` where other bytes lie under one of the names.
    """
    objects = {blob_key(sha256): data for sha256, data in contents.items()}
    for key, created in storage.put_all(objects, retain_until=retain_until).items():
        if not created and storage.read(key, length=len(objects[key]) + 1) != objects[key]:
            expected = f"the {len(objects[key])} bytes that it names"
            remedy = "Run verify: it was replaced; or, where no report has it, an administrator removes it."
            raise IntegrityBroken(Fault(key, "other bytes than its name says", expected, remedy))
        if not created and retain_until and isinstance(storage, Lockable):
            storage.extend(key, retain_until)


def by_digest(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files' contents by their sha256."""
    return {hashlib.sha256(data).hexdigest(): data for data in files.values()}
