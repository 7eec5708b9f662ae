"""Check a copy of a retroaudit store, or a bundle exported from one, with this one file and a public key.

    python verify.py PATH --key public.pem [--at TIME] [--anchors DIR] [--json]

PATH is a folder (or a .zip of one) with log/commits (a store) or bundle.json (a bundle). It needs `cryptography`.
Exit status: 0 nothing is wrong, 3 problems, 2 wrong use. Written from FORMAT.md alone; [K1] and so on are its rules.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import tempfile
import zipfile
import zlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from io import BufferedReader
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

WHY = " by:text reason:text at:time"
BODIES = {  # what each kind of entry says: name:type, ? allows null, * marks what stands in the key
    "key": "keyid:sha256 public:base64 expires:time? by:text reason:text possession:base64?",
    "store": "tenant:text retention_days:days locked:flag at:time",
    "plan": "*model:text *window:text *audit:text *part:text plan:sha256 as_of:time?",
    "due": "*model:text audit:text part:text windows:some",
    "heartbeat": "at:time next:time",
    "decision": "*model:text report:text fingerprint:text? decision:text" + WHY,
    "erasure": "*model:text scope:archive|states|review partitions:list rows:count?" + WHY,
    "change": "*model:text what:reference|policy|spec before:sha256? after:sha256?" + WHY,
    "void": "entry:text" + WHY,
    "hold": "*model:text report:text on:flag" + WHY,
    "sample": "*model:text report:text commitment:sha256 at:time",
}
COMMIT = "number:count previous:sha256? leaves:some size:count frontier:list time:time next_key:sha256 checkpoint:text"
STATEMENT = "_type:https://in-toto.io/Statement/v1 subject:some predicateType:text predicate:object"
REPORT = "report:text supersedes:text? run_key:object sealed_at:time after:count audit:object"
AUDIT = "verdict:text findings:count tier:low|medium|high plan:sha256 other_plans:list buildDefinition:object"
TIERS = {"low", "medium", "high"}
BUNDLE = "format:https://retroaudit.dev/bundle/v1 report:text checkpoint:text proofs:object"
KEY = re.compile(r"(?:entries|reports)/v1(?:/(?!\.)[A-Za-z0-9_.=%~-]+)+")
COMMIT_KEY = re.compile(r"log/commits/[0-9]{6}/(?!0{12})([0-9]{12})")
TILE = re.compile(r"log/tile/([0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
TOKEN = re.compile(r"(?:.*/)?([0-9]{12})\.tsr", re.DOTALL)
NOTE = re.compile("((\\S+)\n(0|[1-9][0-9]{0,18})\n(\\S+)\n)\n\u2014 (\\S+) (\\S+)\n")
PROOF = re.compile(r"c2sp\.org/tlog-proof@v1\nindex (0|[1-9][0-9]{0,18})\n((?:\S+\n)*)\n(.*)", re.DOTALL)
HALF_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 // 2  # of P-256
LIMIT, WIDTH, LONG, SAFE, INTACT, USAGE, BROKEN = 1 << 28, 256, 200, 1 << 53, 0, 2, 3
MEANINGS = {
    "bytes": "it is damaged, was replaced or is not there: what it should prove is not proved",
    "nothing": "nothing was checked, so nothing is proved",
    "stray": "something lies where only the log lies, and is no part of it",
    "chain": "the order of the log was changed: a commit was altered, removed, replaced, repeated or moved",
    "twice": "one entry counts twice in the log",
    "leaf": "the entry is not the one that was committed: it was changed, or another was put in its place",
    "signature": "it was not written by the key that had the right to write it then [K1] [K2]",
    "note": "the log's signed head is not that of these leaves, or is not signed by the key whose turn it was",
    "given": "[K1] the log is not that of the key you hold: it may be somebody else's, made up as a whole",
    "handover": "[K1] nothing proves that the log was handed over to this key",
    "expired": "[K1] the key signed when it was no longer to be used",
    "blob": "a file is not what was sealed, or is not there",
    "tile": "stored hashes of the tree are not the log's: proofs made from them fail, or the log was longer",
    "anchor": "what was kept elsewhere does not fit this log: the log was changed, cut off or set back since",
    "proof": "the proof does not show that this entry is in the log",
    "extra": "a file of the bundle does not say what the signed documents say",
    "C1": "[C1] a report that was due is not in the log",
    "C2": "[C2] an audit was planned more than seven days before, and no report of it is in the log",
    "C3": "[C3] the report's plan was not in the log before it: it may have been chosen with the results known",
    "C4": "[C4] the report hides that other audits of its window had been planned before its own",
    "C5": "[C5] the log has fallen silent: what should have been written since is not there",
    "C6": "[C6] it speaks of something that is not in the log before it",
    "C7": "[C7] a revision is missing, repeated or out of order",
}


class Bad(Exception):
    """What is there is not what the format says: (expected, found)."""


def sha256(data: bytes) -> str:
    """The SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def number(value: float) -> str:
    """A double as ECMAScript writes it (RFC 8785): Python's digits are the same, but exponents begin elsewhere."""
    mantissa, _, power = repr(value).removesuffix(".0").partition("e")
    if value - value != 0:
        raise Bad("a finite number", mantissa)
    if power and -7 < int(power) < 21:  # noqa: PLR2004
        return f"{Decimal(repr(value)):f}"
    return f"{mantissa}e{int(power):+d}" if power else mantissa if value else "0"


WRITE = json.JSONEncoder(ensure_ascii=False).encode


def canonical(value: Any) -> str:
    """The canonical form (RFC 8785) of a parsed document."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{WRITE(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    inexact = isinstance(value, float) or (isinstance(value, int) and abs(value) >= SAFE)
    return number(float(value)) if inexact else WRITE(value)


def parse(data: bytes) -> Any:
    """What canonical JSON says. A name that stands twice, NaN, -0 or 1.0 would not be written again as it was."""
    try:
        value = json.loads(data.decode())
        if canonical(value).encode() == data:
            return value
    except (ValueError, RecursionError, OverflowError) as error:
        raise Bad("canonical JSON", f"{type(error).__name__}: {error}") from None
    raise Bad("canonical JSON (RFC 8785), byte for byte", data)


def time(text: str) -> datetime:
    """The time that a text says."""
    return datetime.fromisoformat(text)


def again(value: Any, rewrite: Callable[[str], str]) -> bool:
    """Whether a text reads and writes again as itself: it is in its only spelling."""
    try:
        return isinstance(value, str) and rewrite(value) == value
    except ValueError:
        return False


TESTS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "flag": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "some": lambda value: isinstance(value, list) and value != [],
    "object": lambda value: isinstance(value, dict),
    "count": lambda value: type(value) is int and value >= 0,
    "days": lambda value: (
        isinstance(value, dict) and all(map(TESTS["count"], value.values())) and value.keys() <= TIERS
    ),
    "sha256": lambda value: isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None,
    "base64": lambda value: again(value, lambda text: b64encode(b64decode(text)).decode()),
    "time": lambda value: again(value, lambda text: time(text[:-6] + "+00:00").isoformat()),
}


def fit(value: Any, members: str, *, more: bool = False) -> Any:
    """The value, if it is an object of these members ("a|b": one of these words); with `more`, of others too."""
    wanted = dict(item.lstrip("*").split(":", 1) for item in members.split())
    if not isinstance(value, dict) or wanted.keys() - value.keys() or (value.keys() - wanted.keys() and not more):
        raise Bad(f"an object of {', '.join(wanted)}", sorted(value) if isinstance(value, dict) else value)
    for name, kind in wanted.items():
        test = TESTS.get(kind.rstrip("?"), kind.split("|").__contains__)
        if not (value[name] is None and kind.endswith("?")) and not test(value[name]):
            raise Bad(f"{name}: {kind}", value[name])
    return value


def encode(text: str) -> str:
    """A text as a segment of a key."""
    done = re.sub(rb"[^a-z0-9_-]", lambda byte: b"%%%02x" % ord(byte[0]), text.encode()).decode()
    return done if len(done) <= LONG else f"{done[:100]}~{sha256(text.encode())}"


PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey


def key_id(key: PublicKey) -> str:
    """The id of a public key."""
    return sha256(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def load_key(data: bytes) -> PublicKey:
    """A public key of one of the two kinds from PEM, or from DER in its one spelling."""
    pem = data.lstrip().startswith(b"-----")
    try:
        key = (serialization.load_pem_public_key if pem else serialization.load_der_public_key)(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Bad("a public key", data) from None
    if not isinstance(key, PublicKey) or getattr(key, "curve", ec.SECP256R1).name != ec.SECP256R1.name:
        raise Bad("a key of Ed25519 or P-256", type(key).__name__)
    if not pem and key_id(key) != sha256(data):
        raise Bad("a key in canonical DER", data)
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


def read_note(text: str) -> re.Match[str]:
    """A checkpoint with one signature: [1] what is signed, [2] origin, [3] size, [4] root, [6] signature."""
    note = NOTE.fullmatch(text)
    if not note or note[2] != note[5] or not TESTS["base64"](note[4]) or not TESTS["base64"](note[6]):
        raise Bad("a checkpoint with one signature", text)
    return note


def noted(key: PublicKey, note: re.Match[str]) -> bool:
    """Whether the key signed the checkpoint, under its own key hash."""
    digest, signature = bytes.fromhex(key_id(key)), b64decode(note[6])
    if isinstance(key, ed25519.Ed25519PublicKey):
        digest = hashlib.sha256(note[2].encode() + b"\n\x01" + key.public_bytes_raw()).digest()
    return signature[:4] == digest[:4] and signed(key, signature[4:], note[1].encode())


@dataclass(frozen=True)
class Entry:
    """An entry or manifest; `files` are (name, sha256, size), `series` the model, window, audit and part it names."""

    key: str
    index: int
    kind: str
    body: dict[str, Any]
    predicate: dict[str, Any]
    series: tuple[str, ...]
    files: list[tuple[str, str, int]]
    envelope: tuple[str, bytes, bytes]


def envelope(data: bytes, kind: str) -> tuple[Any, tuple[str, bytes, bytes]]:
    """The payload of a DSSE envelope, and (key id, signature, what is signed)."""
    outer = fit(parse(data), "payload:base64 payloadType:text signatures:some")
    if outer["payloadType"] != kind or len(outer["signatures"]) != 1:
        raise Bad(f"{kind} with one signature", (outer["payloadType"], len(outer["signatures"])))
    signature, payload = fit(outer["signatures"][0], "keyid:sha256 sig:base64"), b64decode(outer["payload"])
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    return parse(payload), (signature["keyid"], b64decode(signature["sig"]), message)


def read_entry(key: str, data: bytes, index: int) -> Entry:
    """An entry or manifest, if all in it is as it should be and it lies in its place."""
    statement, seal = envelope(data, "application/vnd.in-toto+json")
    kind = fit(statement, STATEMENT)["predicateType"].removeprefix("https://retroaudit.dev/").removesuffix("/v1")
    files = []
    for item in statement["subject"]:
        fit(item, "name:text digest:object annotations:object")
        size = fit(item["annotations"], "size:count")["size"]
        files.append((item["name"], fit(item["digest"], "sha256:sha256")["sha256"], size))
    names = [name for name, _, _ in files]
    if statement["predicateType"] != f"https://retroaudit.dev/{kind}/v1" or names != sorted(set(names)):
        raise Bad("a predicateType of retroaudit.dev, and subjects sorted by name, each once", (kind, names))
    body = predicate = statement["predicate"]
    if kind == "audit":
        place, series = report_place(body)
    else:
        body = fit(predicate, "after:count body:object recorded_at:time")["body"]
        place, series = entry_place(kind, body, files)
    if place != key:
        raise Bad(f"this place: {place}", key)
    return Entry(
        key, index, kind, body, predicate, series, [file for file in files if file[0] != kind or kind == "audit"], seal
    )


def report_place(body: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The key of a report's manifest, and the report's series."""
    *series, rev = fit(body, REPORT)["report"].split("/")
    names = ("model", "window", "audit", "part")
    if len(series) != len(names) or not re.fullmatch("[1-9][0-9]{0,8}", rev):
        raise Bad("report: model/window/kind/part/rev", body["report"])
    before = None if rev == "1" else "/".join([*series, str(int(rev) - 1)])
    if body["supersedes"] != before or not all(isinstance(text, str) for text in body["run_key"].values()):
        raise Bad(f"supersedes: {before}, and a run_key of texts", (body["supersedes"], body["run_key"]))
    fit(fit(body["audit"], AUDIT, more=True)["buildDefinition"], "resolvedDependencies:list", more=True)
    for other in body["audit"]["other_plans"]:
        fit(other, "plan:sha256", more=True)
    middle = "/".join(f"{name}={encode(value)}" for name, value in zip(names, series, strict=True))
    return f"reports/v1/{middle}/rev={int(rev):06d}/manifest.dsse.json", tuple(series)


def entry_place(kind: str, body: dict[str, Any], files: list[tuple[str, str, int]]) -> tuple[str, tuple[str, ...]]:
    """The key of an entry, and the part of the series in it."""
    if kind not in BODIES:
        raise Bad(f"an entry of {', '.join(BODIES)}", kind)
    text = canonical(fit(body, BODIES[kind])).encode()
    if (kind, sha256(text), len(text)) not in files:
        raise Bad(f"a subject {kind} with {sha256(text)} and size {len(text)}, the body's", files)
    if kind == "plan" and ("plan.json", body["plan"]) not in [file[:2] for file in files]:
        raise Bad(f"a subject plan.json with {body['plan']}", files)
    if kind == "key" and key_id(load_key(b64decode(body["public"]))) != body["keyid"]:
        raise Bad("keyid: the id of the public key", body["keyid"])
    for window in body["windows"] if kind == "due" else []:
        fit(window, "window:text due:time")
    names = re.findall(r"\*(\w+)", BODIES[kind])
    middle = "".join(f"{name}={encode(body[name])}/" for name in names)
    return f"entries/v1/kind={kind}/{middle}{sha256(text)}.dsse.json", tuple(body[name] for name in names)


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees (RFC 6962)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def leaf_hash(key: str, digest: str) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\0" + canonical({"key": key, "sha256": digest}).encode()).digest()


def commit_key(number_: int) -> str:
    """The key of a commit."""
    return f"log/commits/{number_ // 1_000_000:06d}/{number_:012d}"


def climb(value: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root to which an audit path leads from a leaf's hash; None if the path has a wrong length (RFC 9162)."""
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


class Verifier:
    """Checks a folder; holds what was found: problems, counts, the head, and what could not be checked."""

    def __init__(self, root: Path, given: PublicKey) -> None:
        self.root, self.given, self.counts = root.resolve(), given, Counter[str]()
        self.problems: list[dict[str, str]] = []
        self.unchecked: list[str] = []
        self.head: dict[str, Any] = {"origin": None, "size": 0, "root": None, "time": None}
        self.keys: dict[str, PublicKey] = {}  # of the key entries
        self.expires: dict[str, str | None] = {}
        self.chain: list[str] = []  # the keys whose turn it was: of each commit, or of each key entry in a bundle
        self.entries: list[Entry] = []
        self.blobs: dict[str, int] = {}
        self.leaves: list[bytes] = []
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.notes: dict[int, str] = {}  # checkpoints by their size

    # -- what every check needs

    def problem(self, meaning: str, name: str, expected: object, found: object) -> None:
        """Report a problem, in words that are short and harmless to a terminal."""
        short = [text if len(text) <= LONG else f"{text[:LONG]}..." for text in map(ascii, (expected, found))]
        self.problems.append(
            {"object": ascii(name)[1:-1], "expected": short[0], "found": short[1], "meaning": MEANINGS[meaning]}
        )

    def same(self, meaning: str, name: str, expected: object, found: object) -> bool:
        """Report a problem where what was found is not what was expected."""
        if expected != found:
            self.problem(meaning, name, expected, found)
        return expected == found

    def attempt(self, meaning: str, name: str, check: Callable[..., Any], *args: Any) -> Any:
        """Do a check; report what it stumbles over."""
        try:
            return check(name, *args)
        except Bad as bad:
            self.problem(meaning, name, *bad.args)
        except OSError as error:
            self.problem(meaning, name, "a file that can be read", error)
        return None

    def open(self, key: str) -> BufferedReader:
        """A plain file of the folder, not one that a link leads to."""
        try:
            path = self.root / key
            if path.resolve() == path and path.is_file():
                return path.open("rb")
            found = "a link" if path.is_symlink() else "no plain file" if path.exists() else "nothing"
        except (OSError, ValueError, RuntimeError) as error:
            found = str(error)
        raise Bad("a file", found)

    def read(self, key: str) -> bytes:
        """The bytes of a document."""
        with self.open(key) as file:
            data = file.read(LIMIT + 1)
        if len(data) > LIMIT:
            raise Bad(f"at most {LIMIT} bytes", "more")
        return data

    def names(self, below: str) -> list[str]:
        """The keys of all files and links below a folder."""
        found = []
        for folder, folders, files in os.walk(self.root / below, onerror=self.unlisted):
            paths = [Path(folder, name) for name in folders + files]
            found += [
                path.relative_to(self.root).as_posix() for path in paths if path.is_symlink() or not path.is_dir()
            ]
        return sorted(found)

    def unlisted(self, error: OSError) -> None:
        """Report a folder that cannot be listed; that it is missing shows elsewhere."""
        if not isinstance(error, FileNotFoundError):
            self.problem("bytes", str(error.filename), "a folder that can be listed", str(error))

    def by(self, name: str, signer: str, envelope: tuple[str, bytes, bytes]) -> None:
        """Check whose signature an envelope has."""
        keyid, signature, message = envelope
        if keyid != signer or signer not in self.keys or not signed(self.keys[signer], signature, message):
            self.problem("signature", name, f"a valid signature by key {signer}", f"another, under key id {keyid}")

    def noted(self, name: str, text: str, signer: str, note: re.Match[str]) -> None:
        """Check a checkpoint's text and signature."""
        self.same("note", name, text, note[1])
        if signer not in self.keys or not noted(self.keys[signer], note):
            self.problem("note", name, f"a checkpoint signed by key {signer}", note[0])

    def handed(self, name: str, keyid: str, before: str | None, entries: list[Entry]) -> None:
        """Check that one of these entries introduces the key, which itself says that it comes after the key before."""
        message = f"retroaudit.dev/log key after {before}".encode()
        for entry in entries:
            possession = entry.body.get("possession")
            shown = (
                possession and signed(self.keys[keyid], b64decode(possession), message) if keyid in self.keys else False
            )
            if entry.kind == "key" and entry.body["keyid"] == keyid and (shown if before else possession is None):
                return
        self.problem("handover", name, f"a key entry for {keyid} after {before}, and its possession", "none that holds")

    def entry(self, key: str, index: int, digest: str) -> Entry | None:
        """Read an entry and its key."""
        if not KEY.fullmatch(key):
            raise Bad("the key of an entry or manifest", key)
        data = self.read(key)
        if not self.same("leaf", key, digest, sha256(data)):
            return None
        entry = read_entry(key, data, index)
        if entry.kind == "key":
            self.keys[entry.body["keyid"]] = load_key(b64decode(entry.body["public"]))
            self.expires[entry.body["keyid"]] = entry.body["expires"]
        self.entries.append(entry)
        self.counts["reports" if entry.kind == "audit" else "other entries"] += 1
        return entry

    def blob(self, key: str, name: str, digest: str, size: int) -> None:
        """Check a file of an entry."""
        if digest not in self.blobs:
            with self.open(key) as file:
                self.same("blob", key, digest, hashlib.file_digest(file, "sha256").hexdigest())
                self.blobs[digest] = os.fstat(file.fileno()).st_size
            self.counts["files"] += 1
        self.same("blob", name, f"{size} bytes", f"{self.blobs[digest]} bytes")

    def files(self, entry: Entry) -> None:
        """Check the files of an entry."""
        for name, digest, size in entry.files:
            self.attempt("blob", f"blobs/sha256/{digest[:2]}/{digest}", self.blob, f"{entry.key}: {name}", digest, size)

    def token(self, name: str) -> None:
        """Check of a time-stamp token that its imprint is in it."""
        size, data = int(name[-16:-4]), self.read(name)
        self.unchecked.append(f"{name}: who signed the time-stamp, and its time")
        if size > self.head["size"]:
            self.problem("anchor", name, f"a log of at least {size} leaves", self.head["size"])
        elif size in self.notes and hashlib.sha256(self.notes[size].encode()).digest() not in data:
            self.problem("anchor", name, f"the SHA-256 of the checkpoint of {size} leaves", "a token without it")
        elif size not in self.notes and self.leaves:
            self.problem("anchor", name, "a size of one of the commits", size)

    def anchor(self, name: str, place: "Verifier") -> None:
        """Check a checkpoint that was kept elsewhere."""
        note = read_note(place.read(name).decode(errors="replace"))
        size = int(note[3])
        self.counts["anchors"] += 1
        self.same("anchor", name, self.head["origin"], note[2])
        if size > self.head["size"]:
            self.problem("anchor", name, f"a log of at least {size} leaves", self.head["size"])
        elif self.leaves or size == self.head["size"]:
            self.same(
                "anchor", name, note[4], b64encode(self.mth(0, size)).decode() if self.leaves else self.head["root"]
            )
        else:
            self.unchecked.append(f"{name}: a bundle does not show the log at that size")
        if not any(noted(self.keys[keyid], note) for keyid in self.chain if keyid in self.keys):
            self.problem("anchor", name, "a checkpoint signed by a key of the log", note[0])

    def anchors(self, place: "Verifier") -> None:
        """Check all that was kept in a folder elsewhere."""
        names = place.names("")
        for name in names:
            if TOKEN.fullmatch(name):
                self.unchecked.append(f"{name} (in the place of anchors): the time-stamp")
            else:
                self.attempt("anchor", name, self.anchor, place)
        if not names:
            self.problem("nothing", "the place of anchors", "a checkpoint", "an empty folder")

    # -- a store

    def mth(self, start: int, end: int) -> bytes:
        """The hash of the tree over some of the leaves (RFC 6962, 2.1)."""
        if end - start <= 1:
            return self.leaves[start] if end > start else hashlib.sha256(b"").digest()
        half = 1 << (end - start - 1).bit_length() - 1
        if (start, end) in self.nodes:
            return self.nodes[start, end]
        value = node(self.mth(start, start + half), self.mth(start + half, end))
        if end - start == 2 * half:
            self.nodes[start, end] = value
        return value

    def frontier(self) -> list[str]:
        """The perfect subtrees of the tree, the largest first."""
        found, start, size = [], 0, len(self.leaves)
        for bit in reversed(range(size.bit_length())):
            if size >> bit & 1:
                found.append(self.mth(start, start + (1 << bit)).hex())
                start += 1 << bit
        return found

    def store(self, at: datetime | None) -> None:
        """Check a copy of a whole store."""
        names = self.names("log")
        numbers = [int(name[-12:]) for name in names if COMMIT_KEY.fullmatch(name)]
        self.last: dict[str, Any] = {"sha256": None, "next_key": None, "time": "0001-01-01T00:00:00+00:00"}
        self.seen: set[str] = set()
        for number_ in range(1, max(numbers, default=0) + 1):
            name = commit_key(number_)
            if not self.attempt("chain", name, self.commit, number_):
                self.unchecked.append(
                    f"what comes after the last readable commit ({name} is not), and rules [C1] to [C6]"
                )
                break
        else:
            self.rules()
            self.complete(at or time(self.last["time"]))
        for name in names:
            self.attempt("bytes", name, self.derived)
        self.same("nothing", "log/commits", True, self.counts["commits"] > 0)
        if self.chain and key_id(self.given) not in {*self.chain, self.last["next_key"]}:
            self.problem("given", "the key you gave", f"one of {sorted(set(self.chain))}", key_id(self.given))
        self.unchecked.append("[C8] locks and older versions: a copy of a storage does not carry them")

    def commit(self, name: str, number_: int) -> bool:
        """Check a commit and all that it brought."""
        data = self.read(name)
        commit, seal = envelope(data, "application/vnd.retroaudit.commit+json")
        note = read_note(fit(commit, COMMIT)["checkpoint"])
        leaves = [fit(leaf, "key:text sha256:sha256") for leaf in commit["leaves"]]
        signer = self.last["next_key"] or seal[0]
        self.chain.append(signer)
        entries = [self.leaf(number_, **leaf) for leaf in leaves]
        state = {
            "number": number_,
            "previous": self.last["sha256"],
            "size": len(self.leaves),
            "frontier": self.frontier(),
        }
        for member, value in state.items():
            self.same("chain", f"{name}: {member}", value, commit[member])
        if time(commit["time"]) < time(self.last["time"]):
            self.problem("chain", f"{name}: time", f"not before {self.last['time']}", commit["time"])
        self.turn(name, number_, commit, entries)
        self.by(name, signer, seal)
        origin, root = f"retroaudit.dev/log/{self.chain[0][:32]}", b64encode(self.mth(0, len(self.leaves))).decode()
        self.noted(name, f"{origin}\n{len(self.leaves)}\n{root}\n", signer, note)
        self.notes[len(self.leaves)] = note[0]
        self.last = {**commit, "sha256": sha256(data)}
        self.head = {"origin": origin, "size": len(self.leaves), "root": root, "time": commit["time"]}
        self.counts["commits"] += 1
        return True

    def leaf(self, number_: int, key: str, sha256: str) -> Entry | None:
        """Check a leaf: that it is alone, its entry, the right of the key that signed it [K2], its files."""
        if key in self.seen:
            self.problem("twice", key, "one leaf", f"another, of index {len(self.leaves)}")
        self.seen.add(key)
        self.leaves.append(leaf_hash(key, sha256))
        entry: Entry | None = self.attempt("bytes", key, self.entry, len(self.leaves) - 1, sha256)
        if entry:
            after = entry.predicate["after"]
            if after < number_:
                self.by(key, self.chain[after], entry.envelope)
            else:
                self.problem("signature", key, f"after: less than {number_}", after)
            self.files(entry)
        return entry

    def turn(self, name: str, number_: int, commit: dict[str, Any], entries: list[Entry | None]) -> None:
        """Check that it was the key's turn, and who is next [K1]."""
        signer, read = self.chain[-1], [entry for entry in entries if entry]
        if number_ == 1:
            self.handed(name, signer, None, read[:1] if entries[0] else [])
        if commit["next_key"] != signer:
            self.handed(name, commit["next_key"], signer, read)
        end = self.expires.get(signer)
        if end and time(commit["time"]) >= time(end):
            self.problem("expired", name, f"a time before {end}", commit["time"])

    def derived(self, name: str) -> None:
        """Check a key under log/ that is no commit."""
        tile = TILE.fullmatch(name)
        if re.fullmatch(r"log/anchors/[0-9]{12}\.tsr", name):
            self.token(name)
        elif tile and int(tile[3] or 1) < WIDTH:
            span, first, width = WIDTH ** int(tile[1]), int(re.sub("[x/]", "", tile[2])) * WIDTH, int(tile[3] or WIDTH)
            data, last = self.read(name), min(first + width, len(self.leaves) // span)
            self.same("tile", name, f"{width} hashes", f"{len(data) / 32:g} hashes")
            wanted = b"".join(self.mth(n * span, (n + 1) * span) for n in range(first, last))
            self.same("tile", name, f"the hashes {sha256(wanted)}", f"the hashes {sha256(data)}")
            self.counts["tiles"] += 1
        elif not (commit := COMMIT_KEY.fullmatch(name)) or name != commit_key(int(commit[1])):
            self.problem("stray", name, "a commit, a tile or a time-stamp", "something else")

    # -- a bundle

    def bundle(self) -> None:
        """Check a bundle."""
        index = fit(parse(self.read("bundle.json")), BUNDLE)
        note = read_note(index["checkpoint"])
        self.head.update(origin=note[2], size=int(note[3]), root=note[4])
        self.notes[int(note[3])] = note[0]
        for key, proof in index["proofs"].items():
            self.attempt("bytes", key, self.member, proof, note)
        for key in sorted({*self.names("entries"), *self.names("reports")} - index["proofs"].keys()):
            self.problem("proof", key, "a proof in bundle.json", "none")
        self.entries.sort(key=lambda entry: entry.index)
        for entry in self.entries:
            first = entry.index == 0 and entry.kind == "key"
            allowed = [entry.body["keyid"]] if first and not self.chain else self.chain
            self.by(
                entry.key, entry.envelope[0] if entry.envelope[0] in allowed else "of the log by then", entry.envelope
            )
            if entry.kind == "key":
                self.handed(entry.key, entry.body["keyid"], self.chain[-1] if self.chain else None, [entry])
                self.chain.append(entry.body["keyid"])
            if entry.kind == "plan" or (entry.body.get("report") == index["report"] and entry.kind == "audit"):
                self.files(entry)
        origin = f"retroaudit.dev/log/{(self.chain or ['?'])[0][:32]}"
        self.noted("bundle.json: checkpoint", f"{origin}\n{note[3]}\n{note[4]}\n", (self.chain or ["?"])[-1], note)
        if key_id(self.given) not in self.chain:
            self.problem("given", "the key you gave", f"one of {self.chain}", key_id(self.given))
        self.beside(index["report"])
        self.rules(bundle=True)
        for name in self.names("anchors"):
            if TOKEN.fullmatch(name):
                self.attempt("anchor", name, self.token)
            else:
                self.problem("stray", name, "a time-stamp", "something else")
        self.unchecked.append(
            "what is not in a bundle: commits, times of the log, other reports, [K2] in full, [C1] [C2] [C5] [C8]"
        )

    def member(self, key: str, proof: Any, note: re.Match[str]) -> None:
        """Check that an entry of the bundle is in the log."""
        found = PROOF.fullmatch(proof) if isinstance(proof, str) else None
        path = found[2].split() if found else []
        if not found or found[3] != note[0] or not all(map(TESTS["base64"], path)):
            raise Bad("a proof of the bundle's checkpoint", proof)
        digest = sha256(self.read(key)) if KEY.fullmatch(key) else ""
        root = climb(leaf_hash(key, digest), int(found[1]), int(note[3]), [b64decode(step) for step in path])
        if self.same("proof", key, note[4], b64encode(root or b"").decode()):
            self.entry(key, int(found[1]), digest)

    def beside(self, report: str) -> None:
        """Check that the report is there, and what lies beside bundle.json."""
        found = [entry for entry in self.entries if entry.kind == "audit" and entry.body["report"] == report]
        if not found:
            self.problem("nothing", "bundle.json", f"the report {report}", "none that holds")
            return
        read = found[0].body["audit"]["buildDefinition"]["resolvedDependencies"]
        self.same(
            "extra", "inputs.json", read, self.attempt("extra", "inputs.json", lambda name: parse(self.read(name)))
        )
        key = self.attempt("extra", "public.pem", lambda name: key_id(load_key(self.read(name))))
        self.same("extra", "public.pem", self.chain[-1] if self.chain else None, key)

    # -- completeness

    def of(self, kind: str) -> list[Entry]:
        """The entries of a kind."""
        return [entry for entry in self.entries if entry.kind == kind]

    def rules(self, *, bundle: bool = False) -> None:
        """[C3], [C4], [C6] and [C7]."""
        plans: dict[tuple[str, ...], list[Entry]] = {}
        for plan in self.of("plan"):
            plans.setdefault(plan.series[:2], []).append(plan)
        counts = Counter[tuple[str, ...]]()
        for report in self.of("audit"):
            counts[report.series] += 1
            self.same("C7", report.key, counts[report.series], int(report.body["report"].rpartition("/")[2]))
            self.planned(report, plans.get(report.series[:2], []))
        places = {entry.body["report"]: entry.index for entry in reversed(self.of("audit"))}
        places |= {entry.key: entry.index for entry in self.entries}
        for entry in self.of("void") + self.of("decision"):
            named = entry.body["entry" if entry.kind == "void" else "report"]
            if (
                not (bundle and named not in places and entry.kind == "decision")
                and places.get(named, entry.index) >= entry.index
            ):
                self.problem("C6", entry.key, f"{named} before it", places.get(named))

    def planned(self, report: Entry, plans: list[Entry]) -> None:
        """[C3] and [C4] of a report; the plans are those of its model and window."""
        audit = report.body["audit"]
        own = [plan.index for plan in plans if (plan.series, plan.body["plan"]) == (report.series, audit["plan"])]
        if not own or own[0] > report.index:
            self.problem("C3", report.key, f"an entry before it for its plan {audit['plan']}", own)
            return
        wanted = {plan.body["plan"] for plan in plans if plan.index < own[0]} - {audit["plan"]}
        if missing := wanted - {other["plan"] for other in audit["other_plans"]}:
            self.problem("C4", report.key, f"other_plans with {sorted(missing)}", audit["other_plans"])

    def complete(self, moment: datetime) -> None:
        """[C1], [C2] and [C5] of a store."""
        place = {entry.key: entry.index for entry in self.entries}
        void = {e.body["entry"] for e in self.of("void") if place.get(e.body["entry"], e.index) < e.index}
        reports = {report.series for report in self.of("audit")}
        for due in self.of("due"):
            for window in due.body["windows"] if due.key not in void else []:
                series = (due.body["model"], window["window"], due.body["audit"], due.body["part"])
                if time(window["due"]) <= moment and series not in reports:
                    self.problem("C1", due.key, f"a report of {'/'.join(series)}, due {window['due']}", "none")
        closed = {(report.series, report.body["audit"]["plan"]) for report in self.of("audit")}
        for plan in self.of("plan"):
            age = moment - time(plan.predicate["recorded_at"])
            if age > timedelta(days=7) and plan.key not in void and (plan.series, plan.body["plan"]) not in closed:
                self.problem("C2", plan.key, f"a report of plan {plan.body['plan']}", "none")
        beats = self.of("heartbeat")
        if beats and time(beats[-1].body["next"]) < moment:
            self.problem(
                "C5", beats[-1].key, f"a heartbeat by {beats[-1].body['next']}", f"none until {moment.isoformat()}"
            )
        elif not beats:
            self.unchecked.append("[C5]: the log has no heartbeat")


def unpack(path: Path, folder: Path) -> Path:
    """Unpack a .zip, and find the folder of the bundle in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(set(names)) != len(names):
                raise Bad("each name once", "one name twice")
            archive.extractall(folder)
    except (OSError, ValueError, RuntimeError, NotImplementedError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise Bad("a folder, or a .zip that can be unpacked", f"{type(error).__name__}: {error}") from None
    inner = sorted(folder.iterdir())
    return inner[0] if len(inner) == 1 and inner[0].is_dir() and inner[0].name != "log" else folder


def check(path: Path, given: PublicKey, at: datetime | None, anchors: Path | None) -> Verifier:
    """Check what lies at a path."""
    with tempfile.TemporaryDirectory() as folder:
        out = Verifier(path if path.is_dir() else Path(folder), given)
        try:
            out.root = path.resolve() if path.is_dir() else unpack(path, Path(folder).resolve())
            if (out.root / "bundle.json").exists() and not (out.root / "log").exists():
                out.bundle()
            else:
                out.store(at)
        except Bad as bad:
            out.problem("bytes", str(path), *bad.args)
        except OSError as error:
            out.problem("bytes", str(path), "a folder or .zip that can be read", str(error))
        if anchors:
            out.anchors(Verifier(anchors, given))
        else:
            out.unchecked.append("whether the newest commits were cut off or all was set back: give --anchors for that")
        out.same("nothing", str(path), True, len(out.entries) > 0)
    return out


def main() -> int:
    """Read the command line, check, print."""
    parser = argparse.ArgumentParser(description="Check a copy of a retroaudit store, or a bundle.")
    parser.add_argument("path", type=Path, help="a folder or .zip with log/commits or bundle.json")
    parser.add_argument("--key", type=Path, required=True, help="one of the log's public keys (PEM), from elsewhere")
    parser.add_argument("--at", type=time, help="the moment of judgement, with its zone")
    parser.add_argument("--anchors", type=Path, help="a folder with checkpoints that were kept elsewhere")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()
    if args.at and not args.at.tzinfo:
        parser.error("--at: needs a zone, as in 2026-07-02T12:00:00+00:00")
    try:
        if not (args.path.is_dir() or args.path.is_file()) or (args.anchors and not args.anchors.is_dir()):
            parser.error(f"nothing at {args.path}, or no folder at {args.anchors}")
        given = load_key(args.key.read_bytes())
    except (OSError, Bad) as error:
        parser.error(f"the path or --key {args.key} (a public key, PEM, is wanted) cannot be read: {error}")
    out = check(args.path, given, args.at, args.anchors)
    found = {"intact": not out.problems, "problems": out.problems, "checked": dict(out.counts)}
    found |= {"head": out.head, "unchecked": out.unchecked}
    if args.json:
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
        return BROKEN if out.problems else INTACT
    for problem in out.problems:
        sys.stdout.write(
            "PROBLEM {object}\n  expected: {expected}\n  found:    {found}\n  meaning:  {meaning}\n".format(**problem)
        )
    lines = [f"{'BROKEN' if out.problems else 'INTACT'}: {len(out.problems)} problems", "Checked:"]
    lines += [f"  {count} {name}" for name, count in out.counts.items()] + ["Head:"]
    lines += [f"  {name}: {value!a}" for name, value in out.head.items()] + ["Not checked here:"]
    sys.stdout.write("\n".join([*lines, *(f"  {ascii(text)[1:-1]}" for text in out.unchecked)]) + "\n")
    return BROKEN if out.problems else INTACT


if __name__ == "__main__":
    sys.exit(main())
