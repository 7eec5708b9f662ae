"""An erasable storage in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from retroaudit.faults import BadInput, Fault
from retroaudit.storage.protocol import ObjectInfo

PUT = datetime(2026, 7, 1, tzinfo=UTC)


class InMemory:
    """Objects in a mapping that tests may look into and change."""

    url = "memory:///"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        return (info for key in sorted(self.objects) if key.startswith(prefix) and (info := self.head(key)))

    def head(self, key: str) -> ObjectInfo | None:
        data = self.objects.get(key)
        return None if data is None else ObjectInfo(key, len(data), PUT)

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        if version is not None or key not in self.objects:
            raise BadInput(Fault(key, "no such object", "an object"))
        return self.objects[key][start : None if length is None else start + length]

    def fetch(self, info: ObjectInfo, spool: Path) -> Path:
        path = spool / "object"
        path.write_bytes(self.objects[info.key])
        return path

    def put_if_absent(self, key: str, data: bytes, *, retain_until: datetime | None = None) -> bool:  # noqa: ARG002
        return key not in self.objects and self.objects.setdefault(key, data) is data

    def put_all(self, objects: Mapping[str, bytes], *, retain_until: datetime | None = None) -> Mapping[str, bool]:
        return {key: self.put_if_absent(key, data, retain_until=retain_until) for key, data in objects.items()}

    def erase(self, key: str) -> bool:
        return self.objects.pop(key, None) is not None
