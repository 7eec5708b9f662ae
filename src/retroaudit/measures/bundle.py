"""Several states of one measure as one Parquet object, sealed by its own SHA-256.

A partition's states come from one pass, and are written and asked for together: an object a state would cost a
request each. The lines of all states stand one after the other; the footer says which belong to which key.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from retroaudit.measures.measure import State

_MEMBERS = "retroaudit:members"
_SEAL = b"retroaudit-sha256:"
_UNSEALED = b"0" * 64


@dataclass(frozen=True)
class Member:
    """One state of a bundle: the digest of its key, of its content, and which lines are its own."""

    key: str
    digest: str
    start: int
    lines: int


@dataclass(frozen=True, eq=False)
class Bundle:
    """An object that was found whole; its lines are decoded when they are asked for."""

    members: Mapping[str, Member]  # by the digest of the key
    data: bytes

    def states(self, keys: Sequence[str]) -> dict[str, State]:
        """The states of these keys, all of which it has."""
        lines = pl.read_parquet(io.BytesIO(self.data))
        return {key: lines.slice(self.members[key].start, self.members[key].lines) for key in keys}


def digest(state: State) -> str:
    """The SHA-256 of a state's names, types and values, bit for bit; whatever file or engine carries them."""
    schema = [[name, str(dtype)] for name, dtype in state.schema.items()]
    whole = hashlib.sha256(json.dumps([schema, len(state)]).encode())
    for column in (each.alias("") for each in state.get_columns()):  # Polars may take a name for a pattern
        whole.update(
            column.is_null().cast(pl.UInt8).to_numpy().tobytes() if column.null_count() else bytes(len(column))
        )
        whole.update(_values(column))
    return whole.hexdigest()


def encode(states: Mapping[str, State]) -> tuple[bytes, dict[str, str]]:
    """One object of states that share a schema, by the digests of their keys; and the digest of each."""
    digests = {key: digest(state) for key, state in sorted(states.items())}
    members = [[key, digests[key], len(states[key])] for key in digests]
    metadata = {_MEMBERS: json.dumps(members), "retroaudit:seal": (_SEAL + _UNSEALED).decode()}
    buffer = io.BytesIO()
    pl.concat([states[key] for key in digests]).write_parquet(buffer, metadata=metadata)
    head, _, tail = buffer.getvalue().rpartition(_SEAL)
    return head + _SEAL + _checksum(head, tail) + tail[len(_UNSEALED) :], digests


def decode(data: bytes) -> Bundle | None:
    """The bundle, or None where a single bit is not as it was written."""
    head, _, tail = data.rpartition(_SEAL)
    if tail[: len(_UNSEALED)] != _checksum(head, tail):
        return None
    members, start = {}, 0
    for key, content, lines in json.loads(pl.read_parquet_metadata(io.BytesIO(data)).get(_MEMBERS, "[]")):
        members[key] = Member(key, content, start, lines)
        start += lines
    return Bundle(members, data)


def _values(column: pl.Series) -> bytes:
    if column.dtype == pl.String:
        texts = [text.encode() for text in column.fill_null("")]
        return json.dumps([len(text) for text in texts]).encode() + b"".join(texts)
    numbers = column.fill_null(0).to_numpy()
    return numbers.astype(numbers.dtype.newbyteorder("<"), copy=False).tobytes()


def _checksum(head: bytes, tail: bytes) -> bytes:
    """The SHA-256 of an object as it was before its seal, in the footer's metadata, was filled in.

    It is verified before anything is decoded: a flipped bit in a Parquet footer can ask for so much memory that the
    process is aborted, which no handler catches.
    """
    whole = hashlib.sha256(head)
    whole.update(_SEAL + _UNSEALED)
    whole.update(memoryview(tail)[len(_UNSEALED) :])
    return whole.hexdigest().encode()
