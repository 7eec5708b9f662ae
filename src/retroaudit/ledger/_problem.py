"""What a verifier collects, and how it reads objects that may be anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from retroaudit.faults import RetroauditError
from retroaudit.ledger.envelope import Envelope
from retroaudit.ledger.signing import PublicKey
from retroaudit.storage.protocol import Storage

Objects = Mapping[str, int]  # sizes by key
_LARGEST = 64 << 20  # bytes of a commit or manifest: more would only exhaust the verifier's memory


@dataclass(frozen=True)
class Problem:
    """One thing that does not hold: where, what should be, what is, and what it means in plain words."""

    object: str
    expected: str
    found: str
    meaning: str


def check_signature(subject: str, envelope: Envelope, key: PublicKey, meaning: str) -> Iterator[Problem]:
    """Whether the envelope's signature is the key's."""
    if envelope.keyid != key.keyid:
        other = f"signed by key {envelope.keyid}, not by the key given {key.keyid}: another log, or a forgery"
        yield Problem(subject, f"key {key.keyid}", f"key {envelope.keyid}", other)
    elif not envelope.signed_by(key):
        yield Problem(subject, "a signature over these bytes", "one over other bytes", meaning)


def folded(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Problems that differ in their object alone, as one: with a wrong key every object has the same."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for problem in problems:
        alike.setdefault((problem.expected, problem.found, problem.meaning), []).append(problem.object)
    for what, objects in alike.items():
        more = f" and {len(objects) - 1} more" if len(objects) > 1 else ""
        yield Problem(objects[0] + more, *what)


def read_small(storage: Storage, key: str, subject: str, meaning: str) -> bytes | Problem:
    """The object's bytes, or the problem where it is absent, unreadable or absurdly large."""
    try:
        info = storage.head(key)
        if info is not None and info.size <= _LARGEST:
            return storage.read(key, version=info.version)
    except RetroauditError as error:
        return Problem(subject, "a readable object", str(error), meaning)
    return Problem(subject, key, "nothing" if info is None else f"{info.size} bytes", meaning)
