"""Check a copy of a retroaudit store, or a bundle exported from one, with this one file and a public key.

    python verify.py PATH --key public.pem [--at TIME] [--anchors DIR] [--json]

PATH is a folder with log/commits (a store) or bundle.json (a bundle; unpack a .zip first). It needs `cryptography`.
Exit status: 0 nothing is wrong, 3 problems, 2 wrong use. Written from FORMAT.md alone; K1, C1 and so on are its rules.
"""

import argparse
import hashlib
import json
import os
import re
import sys
from base64 import b64decode, b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache, reduce
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key, load_pem_public_key

URL, STATEMENT, SPKI = "https://retroaudit.dev/", "application/vnd.in-toto+json", PublicFormat.SubjectPublicKeyInfo
KINDS = {  # the bodies of entries: member:type, where ? allows null, + and * are lists, @ stands in the entry's key
    "key": "keyid:sha256 public:base64 expires:time? by:text reason:text possession:base64?",
    "store": "tenant:text retention_days:days locked:flag at:time",
    "plan": "@model:text @window:text @audit:text @part:text plan:sha256 as_of:time?",
    "due": "@model:text audit:text part:text windows:window+",
    "heartbeat": "at:time next:time",
    "decision": "@model:text report:text fingerprint:text? decision:text by:text reason:text at:time",
    "erasure": "@model:text scope:archive|states|review partitions:text* rows:count? by:text reason:text at:time",
    "change": "@model:text what:reference|policy|spec before:sha256? after:sha256? by:text reason:text at:time",
    "void": "entry:text by:text reason:text at:time",
    "hold": "@model:text report:text on:flag by:text reason:text at:time",
    "sample": "@model:text report:text commitment:sha256 at:time",
}
OBJECTS = KINDS | {
    "envelope": "payload:base64 payloadType:text signatures:signature+",
    "signature": "keyid:sha256 sig:base64",
    "commit": "number:count previous:sha256? leaves:leaf+ size:count frontier:sha256* time:time next_key:sha256 "
    "checkpoint:text",
    "leaf": "key:text sha256:sha256",
    "statement": "_type:https://in-toto.io/Statement/v1 subject:subject* predicateType:text predicate:object",
    "subject": "name:text digest:digest annotations:annotations",
    "digest": "sha256:sha256",
    "annotations": "size:count",
    "report": "report:text supersedes:text? run_key:texts sealed_at:time after:count audit:audit",
    "audit": "verdict:text findings:count tier:low|medium|high plan:sha256 other_plans:other* buildDefinition:object",
    "entry": "after:count body:object recorded_at:time",
    "window": "window:text due:time",
    "bundle": f"format:{URL}bundle/v1 report:text checkpoint:text proofs:texts",
}
TYPES: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "flag": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "count": lambda value: type(value) is int and value >= 0,
    "sha256": lambda value: isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None,
    "base64": lambda value: isinstance(value, str) and b64encode(b64decode(value)).decode() == value,
    "time": lambda value: value.endswith("+00:00") and datetime.fromisoformat(value).isoformat() == value,
    "texts": lambda value: isinstance(value, dict) and all(map(TYPES["text"], value.values())),
    "days": lambda value: value.keys() <= {"low", "medium", "high"} and all(map(TYPES["count"], value.values())),
    "other": lambda value: isinstance(value, dict) and TYPES["sha256"](value.get("plan")),
}
COMMIT = re.compile(r"log/commits/([0-9]{6})/(?!0{12})\1[0-9]{6}")
TILE = re.compile(r"log/tile/([0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
NOTE = re.compile("((\\S+)\n(0|[1-9][0-9]{0,15})\n(\\S+)\n)\n\u2014 (\\S+) (\\S+)\n")
PROOF = re.compile(r"c2sp\.org/tlog-proof@v1\nindex (0|[1-9][0-9]{0,15})\n((?:\S+\n)*)\n(.*)", re.DOTALL)
IN_BUNDLE = {"key": 0, "void": 0, "decision": 0, "hold": 0, "erasure": 1, "change": 1, "plan": 2, "audit": 4}
BESIDE = {"bundle.json", "public.pem", "inputs.json", "README.md", "verify.py"}
HALF_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 // 2  # of P-256
LIMIT, WIDTH, SAFE, LONG, BROKEN = 1 << 28, 256, 1 << 53, 200, 3
WRONG = (ValueError, LookupError, TypeError, AttributeError, OSError, RuntimeError, OverflowError, UnsupportedAlgorithm)
MEANINGS = {
    "K1": "the log may be somebody else's, made up or taken over: its keys do not lead from its first key to yours",
    "K2": "the entry was not signed by the key that had the right to sign it when it was written",
    "C1": "a report that was due is not in the log",
    "C2": "an audit was planned more than seven days before, and there is no report of it",
    "C3": "the report's plan was not in the log before it: it may have been chosen with the results known",
    "C4": "the report hides that other audits of its window had been planned before its own",
    "C5": "the log has fallen silent: what should have been written since is not there",
    "C6": "it speaks of something that is not in the log before it",
    "C7": "a revision is missing, repeated or out of order",
    "commit": "the history was changed: a commit was altered, removed, repeated or moved",
    "leaf": "the entry is not the one that was committed, or it counts twice",
    "tile": "proofs made from this tile fail, or the log was longer",
    "anchor": "the log was changed, cut off or set back after this was kept, or this is not of this log",
    "nothing": "nothing was checked, so nothing is proved",
}


class Bad(ValueError):
    """What is there is not what the format says: (expected, found), short and harmless to a terminal."""

    def __init__(self, expected: object, found: object) -> None:
        super().__init__(*(text[:LONG] + "..." * (len(text) > LONG) for text in map(ascii, (expected, found))))


# --- bytes and texts


def sha256(data: bytes) -> str:
    """The SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """The canonical JSON of a document."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def integer(text: str) -> int:
    """An integer of canonical JSON."""
    if abs(int(text)) >= SAFE:
        raise Bad("an integer within 2^53-1", text)
    return int(text)


def refuse(text: str) -> NoReturn:
    """Refuse a number that is no integer."""
    raise Bad("an integer", text)


def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of canonical JSON."""
    if not all(name.isascii() for name, _ in pairs):
        raise Bad("ASCII names", [name for name, _ in pairs])
    return dict(pairs)


def parse(data: bytes) -> Any:
    """What a canonical document says; a name that stands twice would not be written again as it was."""
    text = data.decode()
    value = json.loads(text, parse_int=integer, parse_float=refuse, parse_constant=refuse, object_pairs_hook=members)
    if canonical(value) != data:
        raise Bad("canonical JSON", data)
    return value


@cache
def types(kind: str) -> dict[str, str]:
    """The members of an object and their types."""
    return dict(member.lstrip("@").split(":", 1) for member in OBJECTS[kind].split())


def fit(value: Any, kind: str, at: str = "") -> Any:
    """The value, if it is of this kind: an object's, a type's name, one of some words; or a list of them (* +)."""
    if kind.endswith("?") and value is None:
        return value
    kind = kind.removesuffix("?")
    if kind.endswith(("*", "+")):
        if not isinstance(value, list) or len(value) < (kind[-1] == "+"):
            raise Bad(f"{at}a list: {kind}", value)
        for item in value:
            fit(item, kind[:-1], at)
    elif kind in OBJECTS:
        if not isinstance(value, dict) or (kind != "audit" and value.keys() != types(kind).keys()):
            raise Bad(f"{at}{kind} of {OBJECTS[kind]}", value)
        for name, of in types(kind).items():
            if name in value:
                fit(value[name], of, f"{at}{name}: ")
    elif not TYPES.get(kind, kind.split("|").__contains__)(value):
        raise Bad(f"{at}{kind}", value)
    return value


def encode(text: str) -> str:
    """A text as a segment of a key."""
    done = re.sub(rb"[^a-z0-9_-]", lambda byte: b"%%%02x" % ord(byte[0]), text.encode()).decode()
    return done if len(done) <= LONG else f"{done[:100]}~{sha256(text.encode())}"


# --- keys, signatures and the tree

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey


def key_id(key: PublicKey) -> str:
    """The id of a public key."""
    return sha256(key.public_bytes(Encoding.DER, SPKI))


def usable(key: object) -> PublicKey:
    """The key, if it is of one of the two kinds."""
    if not isinstance(key, PublicKey) or not isinstance(getattr(key, "curve", ec.SECP256R1()), ec.SECP256R1):
        raise Bad("a public key of Ed25519 or P-256", type(key).__name__)
    return key


def signed(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the key signed the message."""
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
            return True
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(signature)
        return s <= HALF_ORDER and utils.encode_dss_signature(r, s) == signature
    except (InvalidSignature, ValueError):
        return False


def noted(key: PublicKey, note: re.Match[str]) -> bool:
    """Whether the key signed the checkpoint, under its own key hash."""
    start, signature = bytes.fromhex(key_id(key)), b64decode(note[6])
    if isinstance(key, ed25519.Ed25519PublicKey):
        start = hashlib.sha256(note[2].encode() + b"\n\1" + key.public_bytes_raw()).digest()
    return signature[:4] == start[:4] and signed(key, signature[4:], note[1].encode())


def read_note(text: str) -> re.Match[str]:
    """A checkpoint: [1] what is signed, [2] origin, [3] size, [4] root, [6] key hash and signature."""
    note = NOTE.fullmatch(text)
    if not note or note[2] != note[5] or not TYPES["base64"](note[4]) or not TYPES["base64"](note[6]):
        raise Bad("a checkpoint with one signature", text)
    return note


class Envelope(NamedTuple):
    """A DSSE envelope: what it says, and its signature over a message."""

    payload: Any
    keyid: str
    signature: bytes
    message: bytes


def envelope(data: bytes, kind: str) -> Envelope:
    """Read an envelope of this payload type."""
    outer = fit(parse(data), "envelope")
    if outer["payloadType"] != kind or len(outer["signatures"]) != 1:
        raise Bad(f"{kind} with one signature", outer)
    payload, signature = b64decode(outer["payload"]), outer["signatures"][0]
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    return Envelope(parse(payload), signature["keyid"], b64decode(signature["sig"]), message)


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees (RFC 6962)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def leaf_hash(key: str, digest: str) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\0" + canonical({"key": key, "sha256": digest})).digest()


def fold(frontier: Iterable[bytes]) -> str:
    """The root (base64) over perfect subtrees, the largest first."""
    return b64encode(reduce(lambda right, left: node(left, right), reversed([*frontier]))).decode()


def climb(value: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root to which an audit path leads from a leaf's hash; None if the path is too long or short (RFC 9162)."""
    last = size - 1
    for step in path:
        if last <= 0:
            return None
        if index % 2 or index == last:
            value = node(step, value)
            while index and not index % 2:
                index, last = index >> 1, last >> 1
        else:
            value = node(value, step)
        index, last = index >> 1, last >> 1
    return value if last == index == 0 else None


class Entry(NamedTuple):
    """What the rules need of an entry: `series` are those of model, window, kind and part that its key names."""

    key: str
    index: int
    kind: str
    after: int
    recorded: str
    series: tuple[str, ...]
    body: dict[str, Any]


def read_entry(key: str, index: int, statement: Any) -> tuple[Entry, dict[str, tuple[str, int]]]:
    """An entry, if all in it is as it should be and it lies in its place; and its files."""
    subject, said = fit(statement, "statement")["subject"], statement["predicate"]
    files = {item["name"]: (item["digest"]["sha256"], item["annotations"]["size"]) for item in subject}
    kind = statement["predicateType"].removeprefix(URL).removesuffix("/v1")
    if statement["predicateType"] != f"{URL}{kind}/v1" or [item["name"] for item in subject] != sorted(files):
        raise Bad("a predicateType of retroaudit.dev, and subjects sorted by name, each once", statement)
    if kind == "audit":
        *series, rev = fit(said, "report")["report"].split("/")
        before = None if rev == "1" else "/".join([*series, str(int(rev) - 1)])
        if len(series) != 4 or not re.fullmatch("[1-9][0-9]{0,5}", rev) or said["supersedes"] != before:  # noqa: PLR2004
            raise Bad(f"report: model/window/kind/part/rev, and supersedes: {before}", said)
        place = "reports/v1/model={}/window={}/audit={}/part={}/".format(*map(encode, series))
        audit, place = said["audit"], f"{place}rev={int(rev):06d}/manifest.dsse.json"
        others = [other["plan"] for other in audit.get("other_plans", [])]
        body = {"report": said["report"], "plan": audit.get("plan"), "others": others}
    else:
        body = fit(fit(said, "entry")["body"], kind if kind in KINDS else "")
        names, text = re.findall(r"@(\w+)", KINDS[kind]), canonical(body)
        series = [body[name] for name in names]
        if files.pop(kind, None) != (sha256(text), len(text)):
            raise Bad(f"a subject {kind} with sha256 {sha256(text)} and size {len(text)}, the body's", subject)
        if kind == "plan" and files.get("plan.json", ("",))[0] != body["plan"]:
            raise Bad("a subject plan.json with the sha256 that is the body's plan", subject)
        middle = "".join(f"{name}={encode(body[name])}/" for name in names)
        place = f"entries/v1/kind={kind}/{middle}{sha256(text)}.dsse.json"
    if place != key:
        raise Bad(f"this place: {place}", key)
    return Entry(key, index, kind, said["after"], said.get("recorded_at", ""), tuple(series), body), files


class Reader:
    """Plain files below a folder, by their keys."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def open(self, key: str) -> BufferedReader:
        """A file to which no link leads."""
        path = self.root / key
        if not path.is_relative_to(self.root) or path.resolve() != path or not path.is_file():
            raise Bad("a plain file", "a link, a folder or nothing")
        return path.open("rb")

    def read(self, key: str) -> bytes:
        """The bytes of a document."""
        with self.open(key) as file:
            data = file.read(LIMIT + 1)
        if len(data) > LIMIT:
            raise Bad(f"at most {LIMIT} bytes", "more")
        return data

    def names(self, below: str) -> list[str]:
        """The keys of all that lies below a folder and is no folder."""

        def fail(error: OSError) -> NoReturn:
            raise error

        walk = os.walk(self.root / below, onerror=fail)
        paths = (Path(folder, name) for folder, folders, files in walk for name in folders + files)
        return sorted(p.relative_to(self.root).as_posix() for p in paths if p.is_symlink() or not p.is_dir())


class Verifier:
    """Checks a folder; holds what was found: problems, counts, the head, and what could not be checked."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.counts, self.unchecked = reader, Counter[str](), list[str]()
        self.problems: dict[tuple[str, str, str, str], None] = {}  # (rule, object, expected, found), each once
        self.head: dict[str, Any] = {"origin": None, "size": 0, "root": None}
        self.keys: dict[str, tuple[PublicKey, str | None]] = {}  # and when they expire
        self.terms: list[tuple[int, str]] = []  # (number of the first commit, key id)
        self.notes: dict[int, str] = {}  # checkpoints of the commits by their size
        self.leaves: dict[str, tuple[int, str]] = {}  # of the commits: (index, sha256)
        self.tree: list[list[bytes]] = [[]]  # hashes of perfect subtrees by their height
        self.entries: list[Entry] = []
        self.blobs: dict[str, int] = {}

    def problem(self, rule: str, name: str, bad: Bad) -> None:
        """Keep a problem."""
        self.problems[rule, ascii(name)[1:-1], *bad.args] = None

    def same(self, rule: str, name: str, expected: object, found: object) -> None:
        """Keep a problem where what was found is not what was expected."""
        if expected != found:
            self.problem(rule, name, Bad(expected, found))

    @contextmanager
    def guard(self, rule: str, name: str) -> Iterator[None]:
        """Turn whatever goes wrong with an object into a problem."""
        try:
            yield
        except Bad as bad:
            self.problem(rule, name, bad)
        except WRONG as error:
            self.problem(rule, name, Bad("what can be read", f"{type(error).__name__}: {error}"))

    # --- what stores and bundles share

    def by(self, rule: str, name: str, keyid: str, sealed: Envelope) -> None:
        """Check whose signature an envelope has."""
        if sealed.keyid != keyid or not signed(self.keys[keyid][0], sealed.signature, sealed.message):
            self.problem(rule, name, Bad(f"a signature by key {keyid}", f"another, under {sealed.keyid}"))

    def signer(self, number: int) -> str:
        """The key in whose term a commit is."""
        return next(keyid for first, keyid in reversed(self.terms) if first <= number)

    def checkpoint(self, rule: str, name: str, text: str, size: int, root: str, keys: Iterable[str]) -> None:
        """Check a checkpoint: of this log, size and root, and signed by one of the keys."""
        note, origin = read_note(text), f"retroaudit.dev/log/{self.terms[0][1][:32]}"
        self.same(rule, f"{name}: checkpoint", f"{origin}\n{size}\n{root}\n", note[1])
        if not any(noted(self.keys[keyid][0], note) for keyid in keys):
            self.problem(rule, name, Bad(f"a checkpoint signed by {keys}", text))

    def k1(self, number: int, commit: dict[str, Any], keyid: str) -> None:
        """Check that a commit introduces the log's first key, the key to which it hands over, and no other."""
        leaves = [leaf for leaf in commit["leaves"] if leaf["key"].startswith("entries/v1/kind=key/")]
        before = self.signer(number) if number > 1 else None
        wanted = [keyid] * (number == 1) + [commit["next_key"]] * (commit["next_key"] != (before or keyid))
        if len(leaves) != len(wanted) or (number == 1 and leaves[0] != commit["leaves"][0]):
            raise Bad(f"key entries for {wanted}", leaves)
        for leaf, new in zip(leaves, wanted, strict=True):
            sealed = envelope(self.reader.read(leaf["key"]), STATEMENT)
            body = read_entry(leaf["key"], 0, sealed.payload)[0].body
            der, possession = b64decode(body["public"]), body["possession"]
            key, message = usable(load_der_public_key(der)), f"retroaudit.dev/log key after {before}".encode()
            if not new == body["keyid"] == sha256(der) == key_id(key) or new in self.keys:
                raise Bad(f"a key entry for the new key {new}", body)
            if (before is None) != (possession is None) or (before and not signed(key, b64decode(possession), message)):
                raise Bad("a signature of the new key over the id of the key before; null for the first", possession)
            self.keys[new] = (key, body["expires"])
            self.terms.append((number + 1 if before else 1, new))
            before = new

    def commit(self, number: int) -> dict[str, Any] | None:
        """Check of a commit what it shows alone; None where the walk must stop."""
        name, commit = commit_key(number), None
        with self.guard("commit", name):
            data = self.reader.read(name)
            sealed = envelope(data, "application/vnd.retroaudit.commit+json")
            said = fit(sealed.payload, "commit")
            with self.guard("K1", name):
                self.k1(number, said, sealed.keyid)
                if self.terms[-1][1] != said["next_key"]: raise
            ...
        return commit
