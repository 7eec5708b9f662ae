"""The state store: one Parquet object a state, found by what was measured and how.

States hold nearly raw values. They live here and nowhere else, under rights and retention of their own.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import polars as pl

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.measures.measure import State
from retroaudit.storage.protocol import Storage

_DIGEST = "retroaudit:digest"
_KEY = "retroaudit:key"
_SEAL = b"retroaudit-sha256:"
_UNSEALED = b"0" * 64


@dataclass(frozen=True)
class StateKey:
    """What decides a state: the rows' content (a digest), the measure and its version, columns and parameters."""

    content: str
    measure: str
    version: int
    columns: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The SHA-256 of the key as canonical text."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @property
    def path(self) -> str:
        """Where the state lies below the store's root."""
        name = self.digest
        return f"states/{self.measure}-v{self.version}/{name[:2]}/{name}.parquet"


def digest(state: State) -> str:
    """The SHA-256 of a state's names, types and values, bit for bit; whatever file or engine carries them."""
    schema = [[name, str(dtype)] for name, dtype in state.schema.items()]
    whole = hashlib.sha256(json.dumps([schema, len(state)]).encode())
    for column in state.get_columns():
        whole.update(column.is_null().cast(pl.UInt8).to_numpy().tobytes())
        whole.update(_values(column))
    return whole.hexdigest()


def _values(column: pl.Series) -> bytes:
    if column.dtype == pl.String:
        texts = [text.encode() for text in column.fill_null("")]
        return json.dumps([len(text) for text in texts]).encode() + b"".join(texts)
    numbers = column.fill_null(0).to_numpy()
    return numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()


class StateStore:
    """States in a storage. What is damaged, or lies under another key, counts as absent."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def put(self, key: StateKey, state: State) -> str:
        """Keep a state and return its digest; nothing happens where the same state is there already.

        Raises `IntegrityBroken` where something else is there: a key decides its state.
        """
        expected = digest(state)
        if not self._storage.put_if_absent(key.path, _encode(key, state, expected)):
            self._must_hold(key, expected)
        return expected

    def get(self, key: StateKey, expected: str | None = None) -> State | None:
        """The state as it was put; None where there is none that is whole, or not that whose digest is `expected`."""
        data = self._read(key)
        found = data and _digest_of(key, data)
        return pl.read_parquet(io.BytesIO(data)) if data and found and expected in {None, found} else None

    def _read(self, key: StateKey) -> bytes | None:
        return None if self._storage.head(key.path) is None else self._storage.read(key.path)

    def _must_hold(self, key: StateKey, expected: str) -> None:
        found = _digest_of(key, self._read(key) or b"")
        if found != expected:
            what = "a damaged object" if found is None else f"a state with digest {found}"
            remedy = "Delete the object; the next audit measures it again."
            raise IntegrityBroken(Fault(f"{self._storage.url}: {key.path}", what, f"digest {expected}", remedy))


def _encode(key: StateKey, state: State, expected: str) -> bytes:
    buffer = io.BytesIO()
    metadata = {_KEY: key.digest, _DIGEST: expected, "retroaudit:seal": (_SEAL + _UNSEALED).decode()}
    state.write_parquet(buffer, metadata=metadata)
    head, _, tail = buffer.getvalue().rpartition(_SEAL)
    return head + _SEAL + _checksum(head, tail) + tail[len(_UNSEALED) :]


def _digest_of(key: StateKey, data: bytes) -> str | None:
    """The digest that was put with the state under this key, or None where the object is damaged or another's."""
    head, _, tail = data.rpartition(_SEAL)
    if tail[: len(_UNSEALED)] != _checksum(head, tail):
        return None
    metadata = pl.read_parquet_metadata(io.BytesIO(data))
    return metadata.get(_DIGEST) if metadata.get(_KEY) == key.digest else None


def _checksum(head: bytes, tail: bytes) -> bytes:
    """The SHA-256 of an object as it was before its seal, in the footer's metadata, was filled in.

    It is verified before anything is decoded: a flipped bit in a Parquet footer can ask for so much memory that the
    process is aborted, which no handler catches.
    """
    return hashlib.sha256(head + _SEAL + _UNSEALED + tail[len(_UNSEALED) :]).hexdigest().encode()
