"""Checkpoints: a log's size and root as a signed note, and proofs that one leaf lies below such a root.

Formats: https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note, https://c2sp.org/tlog-proof. What is read
must be spelled in the one canonical way; a checkpoint here has no extension lines.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import tree
from retroaudit.ledger.signing import PublicKey, Signer

_ED25519 = b"\x01"  # the signed note's type of signature
_HASH_BYTES = 32
_KEY_HASH_BYTES = 4
_LONGEST = 1 << 20  # characters of a note or proof: sixteen post-quantum signatures take a tenth
_LARGEST_SIZE = 10**18

_NUMBER = "0|[1-9][0-9]{0,17}"
_HASH = "[A-Za-z0-9+/]{43}="
_ORIGIN = r"[^\x00-\x1f\ud800-\udfff]+"  # control characters and halves of surrogate pairs have no place in a note
_NAME = r"[^\s+\x00-\x1f\ud800-\udfff]+"
_NOTE = re.compile(
    rf"(?P<origin>{_ORIGIN})\n(?P<size>{_NUMBER})\n(?P<root>{_HASH})\n\n"
    rf"(?P<signatures>(?:— {_NAME} [A-Za-z0-9+/]+=*\n)+)"
)
_PROOF_TYPE = "c2sp.org/tlog-proof@v1"
_PROOF = re.compile(
    rf"{re.escape(_PROOF_TYPE)}\n(?:extra [A-Za-z0-9+/]*=*\n)?index (?P<index>{_NUMBER})\n"
    rf"(?P<hashes>(?:{_HASH}\n){{0,64}})\n(?P<note>(?s:.+))"
)


@dataclass(frozen=True)
class Checkpoint:
    """That the log called `origin` has `size` leaves and this root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


@dataclass(frozen=True)
class Signature:
    """One signature line: who claims to have signed, the key's short hash, and the signature."""

    name: str
    key_hash: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line as it stands in the note."""
        return f"— {self.name} {_base64(self.key_hash + self.signature)}\n"


@dataclass(frozen=True)
class Note:
    """A checkpoint with its signatures, none of which is known to be true before `signed_by` was asked."""

    checkpoint: Checkpoint
    signatures: tuple[Signature, ...]

    @property
    def text(self) -> str:
        """The whole note."""
        return f"{self.checkpoint.text}\n{''.join(each.line for each in self.signatures)}"

    def signed_by(self, key: PublicKey) -> bool:
        """Whether this key signed the checkpoint as the log that it names.

        Other names and keys, such as witnesses', are passed over; a line that claims this key and is false
        spoils the note.
        """
        name = self.checkpoint.origin
        claimed = [each for each in self.signatures if (each.name, each.key_hash) == (name, key_hash(name, key))]
        signed = self.checkpoint.text.encode()
        return bool(claimed) and all(key.verifies(each.signature, signed) for each in claimed)


@dataclass(frozen=True)
class Proof:
    """That a leaf is number `index` of the log below the note's root; nothing is known before `holds` was asked."""

    index: int
    hashes: tuple[bytes, ...]
    note: Note


def key_hash(name: str, key: PublicKey) -> bytes:
    """Four bytes that tell keys apart in a note: of name and key for Ed25519, of the key's DER alone for ECDSA."""
    if isinstance(key.key, Ed25519PublicKey):
        data = name.encode() + b"\n" + _ED25519 + key.key.public_bytes_raw()
        return hashlib.sha256(data).digest()[:_KEY_HASH_BYTES]
    return bytes.fromhex(key.keyid)[:_KEY_HASH_BYTES]


def sign(checkpoint: Checkpoint, signer: Signer) -> str:
    """The signed note; raises `BadInput` where the origin cannot name a key, or size or root are none."""
    name = checkpoint.origin
    if not (re.fullmatch(_NAME, name) and 0 <= checkpoint.size < _LARGEST_SIZE and len(checkpoint.root) == _HASH_BYTES):
        raise BadInput(Fault("checkpoint", repr(checkpoint)[:200], "a name without spaces, a size and a sha256"))
    signature = signer.sign(checkpoint.text.encode())
    return Note(checkpoint, (Signature(name, key_hash(name, signer.public), signature),)).text


def parse(note: str, subject: str) -> Note:
    """Read a signed checkpoint; raises `IntegrityBroken` on any other text or spelling. No key is asked."""
    match = _NOTE.fullmatch(note) if len(note) <= _LONGEST else None
    if match is None:
        raise _broken(subject, "text in another form", "a signed checkpoint")
    checkpoint = Checkpoint(match["origin"], int(match["size"]), _decode(match["root"], subject))
    lines = match["signatures"].split("\n")[:-1]
    return Note(checkpoint, tuple(_signature(line, subject) for line in lines))


def proof_text(proof: Proof) -> str:
    """The content of a `.tlog-proof` file."""
    hashes = "".join(f"{_base64(each)}\n" for each in proof.hashes)
    return f"{_PROOF_TYPE}\nindex {proof.index}\n{hashes}\n{proof.note.text}"


def parse_proof(text: str, subject: str) -> Proof:
    """Read a `.tlog-proof` file; raises `IntegrityBroken` on any other text. Its extra data, if any, is dropped."""
    match = _PROOF.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise _broken(subject, "text in another form", "a tlog-proof")
    hashes = tuple(_decode(each, subject) for each in match["hashes"].split())
    return Proof(int(match["index"]), hashes, parse(match["note"], subject))


def holds(proof: Proof, leaf_hash: bytes, key: PublicKey) -> bool:
    """Whether `key` signed the proof's checkpoint, and the proof leads from this leaf hash to its root."""
    found = proof.note.checkpoint
    return proof.note.signed_by(key) and tree.includes(leaf_hash, proof.index, found.size, proof.hashes, found.root)


def _signature(line: str, subject: str) -> Signature:
    _, name, encoded = line.split(" ")
    data = _decode(encoded, subject)
    if len(data) <= _KEY_HASH_BYTES:
        raise _broken(subject, "a signature line without a signature", "a key's hash and its signature")
    return Signature(name, data[:_KEY_HASH_BYTES], data[_KEY_HASH_BYTES:])


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str, subject: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise _broken(subject, "text that is not base64", "base64") from None
    if _base64(data) != text:  # base64 has several spellings of its last character
        raise _broken(subject, "base64 in another spelling", "its one canonical form")
    return data


def _broken(subject: str, found: str, expected: str) -> IntegrityBroken:
    return IntegrityBroken(Fault(subject, found, expected))
