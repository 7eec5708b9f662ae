"""A store in memory: a dictionary that can be copied in no time, and remembers what was ever put."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from retroaudit.faults import BadInput, Fault
from retroaudit.storage.protocol import ObjectInfo
from tests.faults.standard import START


@dataclass(eq=False)  # a storage is itself alone, and a key of weak dictionaries
class Ram:
    """Objects by key."""

    objects: dict[str, bytes] = field(default_factory=dict)
    url: str = "memory:///store"

    def copy(self) -> Ram:
        """Another store with the same objects."""
        return Ram(dict(self.objects))

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        keys = [key for key in self.objects if key.startswith(prefix)]
        return (ObjectInfo(key, len(self.objects[key]), START) for key in sorted(keys, key=str.encode))

    def head(self, key: str) -> ObjectInfo | None:
        data = self.objects.get(key)
        return None if data is None else ObjectInfo(key, len(data), START)

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        if version is not None or key not in self.objects:
            raise BadInput(Fault(key, "no such object", "an object"))
        return self.objects[key][start:][:length]

    def fetch(self, info: ObjectInfo, spool: Path) -> Path:
        path = spool / "object"
        path.write_bytes(self.objects[info.key])
        return path

    def put_if_absent(self, key: str, data: bytes, *, retain_until: datetime | None = None) -> bool:  # noqa: ARG002
        return self.objects.setdefault(key, data) is data

    def put_all(self, objects: Mapping[str, bytes], *, retain_until: datetime | None = None) -> Mapping[str, bool]:
        return {key: self.put_if_absent(key, data, retain_until=retain_until) for key, data in objects.items()}
