"""Check a copy of a retroaudit store, or a bundle exported from one, with this one file and a public key.

    python verify.py PATH --key public.pem [--at TIME] [--anchors DIR] [--json]

PATH is a folder with log/commits (a store) or bundle.json (a bundle; unpack a .zip first). It needs `cryptography`.
Exit status: 0 nothing is wrong, 3 problems, 2 wrong use. Written from FORMAT.md alone; K1, C1 and so on are its rules.
"""

import argparse
import hashlib
import json
import re
import sys
from base64 import b64decode, b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import reduce
from pathlib import Path
from types import SimpleNamespace as Entry
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

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
    "commit": "number:count previous:sha256? leaves:leaf+ size:count frontier:sha256+ time:time next_key:sha256 "
    "checkpoint:text",
    "leaf": "key:text sha256:sha256",
    "statement": "_type:https://in-toto.io/Statement/v1 subject:subject* predicateType:text predicate:object",
    "subject": "name:text digest:digest annotations:sized",
    "report": "report:text supersedes:text? run_key:texts sealed_at:time after:count audit:audit",
    "audit": "verdict:text findings:count tier:low|medium|high plan:sha256 other_plans:other* buildDefinition:object",
    "entry": "after:count body:object recorded_at:time",
    "window": "window:text due:time",
    "bundle": "format:https://retroaudit.dev/bundle/v1 report:text checkpoint:text proofs:texts",
}
FIELDS = {kind: dict(item.lstrip("@").split(":", 1) for item in text.split()) for kind, text in OBJECTS.items()}
TYPES: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "flag": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "count": lambda value: type(value) is int and value >= 0,
    "sha256": lambda value: isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None,
    "base64": lambda value: isinstance(value, str) and b64encode(b64decode(value)).decode() == value,
    "time": lambda value: value.endswith("+00:00") and datetime.fromisoformat(value).isoformat() == value,
    "texts": lambda value: all(map(TYPES["text"], value.values())),
    "days": lambda value: value.keys() <= {"low", "medium", "high"} and all(map(TYPES["count"], value.values())),
    "digest": lambda value: value.keys() == {"sha256"} and TYPES["sha256"](value["sha256"]),
    "sized": lambda value: value.keys() == {"size"} and TYPES["count"](value["size"]),
    "other": lambda value: isinstance(value, dict) and TYPES["sha256"](value["plan"]),
}
COMMIT, ENTRY = "application/vnd.retroaudit.commit+json", "application/vnd.in-toto+json"
COMMIT_KEY = re.compile(r"log/commits/([0-9]{6})/(?!0{12})\1[0-9]{6}")
TILE = re.compile(r"log/tile/([0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
NOTE = re.compile("((\\S+)\n(0|[1-9][0-9]{0,15})\n(\\S+)\n)\n\u2014 (\\S+) (\\S+)\n")
PROOF = re.compile(r"c2sp\.org/tlog-proof@v1\nindex (0|[1-9][0-9]{0,15})\n((?:\S+\n)*)\n(.*)", re.DOTALL)
HALF_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 // 2  # of P-256
WRONG = (ValueError, LookupError, TypeError, AttributeError, OSError, RuntimeError, OverflowError, MemoryError)
BUNDLED = {"key": 0, "void": 0, "decision": 0, "hold": 0, "erasure": 1, "change": 1, "plan": 2, "audit": 4}
WIDTH, SAFE, LONG, BROKEN = 256, 1 << 53, 200, 3
canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class Bad(ValueError):
    """What is there is not what the format says: (expected, found)."""


def must(ok: object, expected: object, found: object) -> None:
    """Stop at what is not what the format says, in words that are short and harmless to a terminal."""
    if not ok:
        raise Bad(*(text[:LONG] + "..." * (len(text) > LONG) for text in map(ascii, (expected, found))))


def sha256(data: bytes | str) -> str:
    """The SHA-256 in hex."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def plain(value: Any) -> bool:
    """Whether the names of all members are ASCII, and all numbers small integers."""
    if isinstance(value, dict):
        return all(name.isascii() and plain(item) for name, item in value.items())
    return all(map(plain, value)) if isinstance(value, list) else not isinstance(value, int) or abs(value) < SAFE


def parse(data: bytes) -> Any:
    """What a canonical document says; a fraction is no int, and -0 or a name that stands twice come out otherwise."""
    value = json.loads(data.decode(), parse_float=int, parse_constant=int)
    must(canonical(value).encode() == data and plain(value), "canonical JSON", data)
    return value


def fits(value: Any, kind: str) -> bool:
    """Whether a value is of a kind: an object, a type, one of some words; or null (?), or a list of them (* +)."""
    if kind[-1] in "*+":
        return isinstance(value, list) and len(value) >= (kind[-1] == "+") and all(fits(v, kind[:-1]) for v in value)
    if kind in FIELDS:
        named = isinstance(value, dict) and (kind == "audit" or value.keys() == FIELDS[kind].keys())
        return named and all(fits(value[name], of) for name, of in FIELDS[kind].items() if name in value)
    return (value is None and kind[-1] == "?") or TYPES.get(kind.rstrip("?"), kind.split("|").__contains__)(value)


def fit(value: Any, kind: str) -> Any:
    """The value, if it is of this kind."""
    wrong = [f"{n}: {k}" for n, k in FIELDS.get(kind, {}).items() if n in (value or {}) and not fits(value[n], k)]
    must(fits(value, kind), wrong or f"{kind}: {OBJECTS.get(kind)}", value)
    return value


def encode(text: str) -> str:
    """A text as a segment of a key."""
    done = re.sub(rb"[^a-z0-9_-]", lambda byte: b"%%%02x" % ord(byte[0]), text.encode()).decode()
    return done if len(done) <= LONG else f"{done[:100]}~{sha256(text)}"


def pack(key: Any, encoding: form.Encoding = form.Encoding.DER) -> bytes:
    """The bytes of a public key, if it is of one of the two kinds."""
    good = isinstance(key, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey)
    must(good and getattr(key, "curve", ec.SECP256R1()).name == "secp256r1", "a key of Ed25519 or P-256", key)
    return bytes(key.public_bytes(encoding, form.PublicFormat.SubjectPublicKeyInfo))


def signed(key: Any, signature: bytes, message: bytes) -> bool:
    """Whether the key signed the message."""
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            return key.verify(signature, message) is None
        r, s = utils.decode_dss_signature(signature)
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        return s <= HALF_ORDER and utils.encode_dss_signature(r, s) == signature
    except (InvalidSignature, ValueError):
        return False


def noted(key: Any, text: str) -> bool:
    """Whether the key signed the checkpoint, under its own key hash."""
    note, start = NOTE.fullmatch(text), hashlib.sha256(pack(key)).digest()
    if not note or note[2] != note[5] or not TYPES["base64"](note[6]):
        return False
    if isinstance(key, ed25519.Ed25519PublicKey):
        start = hashlib.sha256(note[2].encode() + b"\n\1" + key.public_bytes_raw()).digest()
    return b64decode(note[6])[:4] == start[:4] and signed(key, b64decode(note[6])[4:], note[1].encode())


def envelope(data: bytes, kind: str) -> tuple[Any, str, bytes, bytes]:
    """What an envelope of this payload type says; key id, signature and message."""
    outer = fit(parse(data), "envelope")
    must((outer["payloadType"], len(outer["signatures"])) == (kind, 1), f"{kind} with one signature", outer)
    payload, signature = b64decode(outer["payload"]), outer["signatures"][0]
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    return parse(payload), signature["keyid"], b64decode(signature["sig"]), message


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees (RFC 6962)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def leaf_hash(key: str, digest: str) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\0" + canonical({"key": key, "sha256": digest}).encode()).digest()


def fold(frontier: Iterable[bytes]) -> str:
    """The root (base64) over perfect subtrees, the largest first."""
    return b64encode(reduce(lambda right, left: node(left, right), reversed([*frontier]))).decode()


def climb(value: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root to which an audit path leads from a leaf's hash (RFC 6962, 2.1.1)."""
    must(index < size and (size > 1) == bool(path), "an audit path of the right length", path)
    if size == 1:
        return value
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return node(climb(value, index, half, path[:-1]), path[-1])
    return node(path[-1], climb(value, index - half, size - half, path[:-1]))


def read_entry(key: str, index: int, statement: Any) -> tuple[Entry, dict[str, tuple[str, int]]]:
    """An entry and its files, if all in it is as it should be and it lies in its place; `series` as in its key."""
    subject, said = fit(statement, "statement")["subject"], statement["predicate"]
    files = {item["name"]: (item["digest"]["sha256"], item["annotations"]["size"]) for item in subject}
    kind = re.sub("https://retroaudit.dev/(.*)/v1", r"\1", statement["predicateType"], flags=re.DOTALL)
    must(statement["predicateType"] == f"https://retroaudit.dev/{kind}/v1", "a type of retroaudit.dev", kind)
    must([item["name"] for item in subject] == sorted(files), "subjects sorted by name, each once", subject)
    if kind == "audit":
        model, window, audit, part, rev = series = fit(said, "report")["report"].split("/")
        must(re.fullmatch("[1-9][0-9]{0,5}", rev), "a decimal revision", rev)
        before = "/".join([*series[:4], str(int(rev) - 1)]) if rev != "1" else None
        must(said["supersedes"] == before, f"supersedes: {before}", said["supersedes"])
        place = f"model={encode(model)}/window={encode(window)}/audit={encode(audit)}/part={encode(part)}/rev={rev:0>6}"
        place, seen, body = f"reports/v1/{place}/manifest.dsse.json", said["audit"], {"report": said["report"]}
        body |= {"plan": seen.get("plan"), "others": {other["plan"] for other in seen.get("other_plans", [])}}
    else:
        must(kind in KINDS, f"one of {[*KINDS]}", kind)
        body, names = fit(fit(said, "entry")["body"], kind), re.findall(r"@(\w+)", KINDS[kind])
        own = (sha256(canonical(body)), len(canonical(body).encode()))
        must(files.pop(kind, None) == own, f"a subject {kind}: {own}, as the body is", subject)
        must(kind != "plan" or files["plan.json"][0] == body["plan"], "plan.json with the body's plan", subject)
        place = "".join(f"{name}={encode(body[name])}/" for name in names)
        place, series = f"entries/v1/kind={kind}/{place}{own[0]}.dsse.json", [body[name] for name in names]
    must(place == key, f"this place: {place}", key)
    recorded = said.get("recorded_at")
    return Entry(
        key=key, index=index, kind=kind, after=said["after"], at=recorded, series=(*series[:4],), body=body
    ), files


class Reader:
    """Plain files below a folder, by their keys."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def path(self, key: str) -> Path:
        """A file to which no link leads."""
        path = self.root / key
        plain_file = path.is_relative_to(self.root) and path.resolve() == path and path.is_file()
        must(plain_file, "a plain file", "a link, a folder or nothing")
        return path

    def read(self, key: str) -> bytes:
        """The bytes of a document."""
        return self.path(key).read_bytes()

    def names(self, below: str = "") -> list[str]:
        """The keys of all that lies below a folder and is no folder."""
        found = []
        for path in sorted((self.root / below).iterdir()):
            name = path.relative_to(self.root).as_posix()
            found += self.names(name) if path.is_dir() and not path.is_symlink() else [name]
        return found


class Verifier:
    """Checks a folder; holds what was found: problems, counts, the head, and what could not be checked."""

    def __init__(self, root: Path) -> None:
        self.reader, self.counts, self.unchecked = Reader(root), Counter[str](), list[str]()
        self.problems: dict[tuple[str, str, str, str], None] = {}  # (rule, object, expected, found), each once
        self.head: dict[str, Any] = {"origin": None, "size": 0, "root": None}
        self.report: str | None = None  # of a bundle
        self.keys, self.expires = dict[str, Any](), dict[str, str | None]()
        self.terms = list[tuple[int, str]]()  # (number of the first commit, key id)
        self.commits = dict[int, tuple[int, str]]()  # size: (number, checkpoint)
        self.leaves = dict[str, tuple[int, str]]()  # of the commits: (index, sha256)
        self.tree = [list[bytes]()]  # hashes of the perfect subtrees by their height
        self.of = defaultdict[str, list[Entry]](list)  # entries by kind
        self.blobs = dict[str, int]()

    @contextmanager
    def guard(self, rule: str, name: str) -> Iterator[None]:
        """Turn whatever goes wrong with an object into a problem."""
        try:
            yield
        except (*WRONG, UnsupportedAlgorithm) as error:
            bad = error.args if isinstance(error, Bad) else ("what can be read", ascii(error)[:LONG])
            self.problems[rule, ascii(name)[1:-1], *bad] = None

    def same(self, rule: str, name: str, expected: object, found: object) -> None:
        """Keep a problem where what was found is not what was expected."""
        with self.guard(rule, name):
            must(expected == found, expected, found)

    def signer(self, number: int) -> str:
        """The key in whose term a commit is."""
        return next(keyid for first, keyid in reversed(self.terms) if first <= number)

    def by(self, rule: str, name: str, number: int, seal: tuple[str, bytes, bytes]) -> None:
        """Check that the key in whose term a commit is signed an envelope."""
        valid = signed(self.keys[self.signer(number)], *seal[1:])
        self.same(rule, f"{name}: (key, signature valid)", (self.signer(number), True), (seal[0], valid))

    def checkpoint(self, rule: str, name: str, text: str, size: int, root: str, keys: Iterable[str]) -> None:
        """Check a checkpoint: of this log, size and root, and signed by one of the keys."""
        signed_text = f"retroaudit.dev/log/{self.terms[0][1][:32]}\n{size}\n{root}\n"
        self.same(rule, f"{name}: checkpoint", signed_text, text.partition("\n\n")[0] + "\n")
        self.same(rule, f"{name}: checkpoint signed", True, any(noted(self.keys[keyid], text) for keyid in keys))

    def k1(self, number: int, commit: dict[str, Any], keyid: str) -> None:
        """The log may be somebody else's, made up or taken over: its keys do not lead from its first key to yours."""
        leaves = [leaf for leaf in commit["leaves"] if leaf["key"].startswith("entries/v1/kind=key/")]
        before = self.terms[-1][1] if number > 1 else None
        wanted = [keyid] * (number == 1) + [commit["next_key"]] * (commit["next_key"] != (before or keyid))
        must(len(leaves) == len(wanted), f"key entries for {wanted}", leaves)
        must(number > 1 or leaves[0] == commit["leaves"][0], "a key entry as the first leaf", commit["leaves"])
        for leaf, new in zip(leaves, wanted, strict=True):
            body = read_entry(leaf["key"], 0, envelope(self.reader.read(leaf["key"]), ENTRY)[0])[0].body
            der, possession = b64decode(body["public"]), b64decode(body["possession"] or "")
            key: Any = form.load_der_public_key(der)
            must(body["keyid"] == new == sha256(der) == sha256(pack(key)) and new not in self.keys, new, body)
            shown = signed(key, possession, f"retroaudit.dev/log key after {before}".encode())
            must(shown if before else body["possession"] is None, f"possession of the key after {before}", body)
            self.keys[new], self.expires[new] = key, body["expires"]
            self.terms.append((number + 1 if before else 1, new))
            before = new

    def commit(self, number: int, last: dict[str, Any] | None) -> dict[str, Any]:
        """Check a commit; in a store also its leaves, and that it follows the one before."""
        name = commit_key(number)
        data = self.reader.read(name)
        commit, *seal = envelope(data, COMMIT)
        size, leaves, wanted = fit(commit, "commit")["size"], commit["leaves"], {"number": number}
        with self.guard("K1", name):
            self.k1(number, commit, seal[0])
        must(self.terms and self.terms[-1][1] == commit["next_key"], "a way to the next key", "none")
        if last:
            for leaf in leaves:
                self.leaf(leaf["key"], leaf["sha256"], number)
            total, end = len(self.tree[0]), self.expires[self.signer(number)]
            wanted |= {"previous": last["sha256"], "size": total, "frontier": [h.hex() for h in self.frontier(total)]}
            wanted["time"] = max(commit["time"], last["time"])  # times in their one spelling are sorted as texts
            must(not end or commit["time"] < end, f"a time before {end}, when the key expires", commit["time"])
        else:
            self.leaves |= {leaf["key"]: (n, leaf["sha256"]) for n, leaf in enumerate(leaves, size - len(leaves))}
        for member, value in wanted.items():
            self.same("commit", f"{name}: {member}", value, commit[member])
        self.by("K1", name, number, (seal[0], seal[1], seal[2]))
        root = fold(map(bytes.fromhex, commit["frontier"]))
        self.checkpoint("commit", name, commit["checkpoint"], size, root, [self.signer(number)])
        self.commits[size] = (number, commit["checkpoint"])
        self.head = {"origin": commit["checkpoint"].split("\n")[0], "size": size, "root": root, "time": commit["time"]}
        self.counts["commits"] += 1
        return {"number": number, "sha256": sha256(data), "time": commit["time"]}

    def leaf(self, key: str, digest: str, number: int) -> None:
        """The entry is not the one that was committed, or it counts twice."""
        index, height = len(self.tree[0]), 0
        self.tree[0].append(leaf_hash(key, digest))
        while len(self.tree[height]) % 2 == 0:
            self.tree += [[] for _ in range(height + 2 - len(self.tree))]
            self.tree[height + 1].append(node(*self.tree[height][-2:]))
            height += 1
        with self.guard("leaf", key):
            must(self.leaves.setdefault(key, (index, digest))[0] == index, "one leaf", "another before it")
            self.entry(key, digest, index, number)

    def frontier(self, size: int) -> list[bytes]:
        """The perfect subtrees that make up the tree of the first leaves, the largest first."""
        return [self.tree[n][(size >> n) - 1] for n in reversed(range(size.bit_length())) if size >> n & 1]

    def entry(self, key: str, digest: str, index: int, number: int) -> None:
        """Check an entry, which a commit up to this number holds; its right [K2]; its files."""
        data = self.reader.read(key)
        must(sha256(data) == digest, f"sha256 {digest}", sha256(data))
        statement, *seal = envelope(data, ENTRY)
        entry, files = read_entry(key, index, statement)
        self.of[entry.kind].append(entry)
        self.counts["reports" if entry.kind == "audit" else "other entries"] += 1
        self.k2(entry, number, (seal[0], seal[1], seal[2]))
        whole = self.report is None or entry.kind == "plan"
        for name, (sha, size) in files.items() if whole or entry.body.get("report") == self.report else ():
            with self.guard("blob", f"blobs/sha256/{sha[:2]}/{sha}"):
                self.same("blob", f"{key}: size of {name}", size, self.blobs.get(sha) or self.blob(sha))

    def k2(self, entry: Entry, number: int, seal: tuple[str, bytes, bytes]) -> None:
        """The entry was not signed by the key that had the right to sign it when it was written."""
        self.same("K2", f"{entry.key}: after", min(entry.after, number - 1), entry.after)
        self.by("K2", entry.key, entry.after + 1, seal)

    def blob(self, digest: str) -> int:
        """Check a file by its sha256; its size."""
        with self.reader.path(f"blobs/sha256/{digest[:2]}/{digest}").open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            must(found == digest, f"sha256 {digest}", found)
            return self.blobs.setdefault(digest, file.tell())

    def store(self, moment: str | None) -> None:
        """Check a copy of a store."""
        names, last = self.reader.names("log"), {"number": 0, "sha256": None, "time": ""}
        for number in range(1, max((int(name[-12:]) for name in names if COMMIT_KEY.fullmatch(name)), default=0) + 1):
            with self.guard("commit", commit_key(number)):
                last = self.commit(number, last)
            if last["number"] != number:
                self.unchecked.append(f"C1 to C7, and all from {commit_key(number)} on: this commit cannot be read")
                break
        else:
            self.rules(moment or last["time"], self.c1, self.c2, self.c5)
        for name in names:
            with self.guard("derived", name):
                self.derived(name)
        self.unchecked.append("C8: a copy of a storage carries no locks and no older versions")

    def derived(self, name: str) -> None:
        """What lies below log/ is no commit, or not what follows from the commits."""
        tile = TILE.fullmatch(name)
        if tile and int(tile[3] or 1) < WIDTH:
            first, width, height = int(re.sub("[x/]", "", tile[2])) * WIDTH, int(tile[3] or WIDTH), 8 * int(tile[1])
            wanted = [level[first : first + width] for level in self.tree[height : height + 1]] or [[]]
            must(len(wanted[0]) == width, f"{width} hashes of the log", f"{len(wanted[0])} hashes of the log")
            self.same("derived", name, sha256(b"".join(wanted[0])), sha256(self.reader.read(name)))
            self.counts["tiles"] += 1
        elif re.fullmatch(r"log/anchors/[0-9]{12}\.tsr", name):
            self.unchecked.append(f"{name}: who signed this time-stamp, and its time, are unchecked here")
            imprint = sha256(self.commits[int(name[-16:-4])][1])
            must(bytes.fromhex(imprint) in self.reader.read(name), f"the imprint {imprint}", "a token without it")
        else:
            must(COMMIT_KEY.fullmatch(name), "a commit, a tile or a time-stamp", "something else")

    def bundle(self) -> None:
        """The bundle does not say what its signed documents say."""
        index, names = fit(parse(self.reader.read("bundle.json")), "bundle"), self.reader.names()
        self.report, proofs, text = index["report"], index["proofs"], index["checkpoint"]
        known = {"bundle.json", "public.pem", "inputs.json", "README.md", "verify.py", *proofs}
        for name in filter(COMMIT_KEY.fullmatch, names):
            with self.guard("commit", name):
                self.commit(int(name[-12:]), None)
                must(int(name[-12:]) in (1, self.terms[-1][0] - 1), "commit 1 or a change of keys", "another")
                known.add(name)
        last, size, root = self.terms[-1][1], int(text.split("\n")[1]), text.split("\n")[2]
        self.checkpoint("bundle", "bundle.json", text, size, root, [last])
        self.head = {"origin": text.split("\n")[0], "size": size, "root": root, "report": self.report}
        for key, proof in proofs.items():
            with self.guard("proof", key):
                self.proof(key, proof, text)
        for entries in self.of.values():
            entries.sort(key=lambda entry: entry.index)
        (report,) = [entry for entry in self.of["audit"] if entry.body["report"] == self.report]
        for entry in [entry for entries in self.of.values() for entry in entries]:
            if entry.series[: (parts := BUNDLED.get(entry.kind, 9))] != report.series[:parts]:
                known.remove(entry.key)
        planned = {plan.body["plan"] for plan in self.of["plan"]}
        self.same("C4", f"{report.key}: plans in other_plans and not here", set(), report.body["others"] - planned)
        audit = parse(b64decode(parse(self.reader.read(report.key))["payload"]))["predicate"]["audit"]
        inputs = canonical(audit.get("buildDefinition", {}).get("resolvedDependencies", [])).encode()
        for name, data in ("inputs.json", inputs), ("public.pem", pack(self.keys[last], form.Encoding.PEM)):
            with self.guard("bundle", name):
                self.same("bundle", name, data, self.reader.read(name))
        known |= {f"blobs/sha256/{digest[:2]}/{digest}" for digest in self.blobs}
        for name in sorted({*names} - known):
            token = re.fullmatch(r"anchors/([0-9]{12})\.tsr", name)
            self.same(
                "bundle", name, "a file of this bundle", token and int(token[1]) <= size and "a file of this bundle"
            )
            self.unchecked += [f"{name}: this time-stamp is unchecked here"] if token else []
        self.rules("")
        self.unchecked.append("what a bundle does not show: expiry of keys, C1, C2, C5, C8, what came later")

    def proof(self, key: str, proof: str, note: str) -> None:
        """The proof does not show that this entry is in the log."""
        found, digest = PROOF.fullmatch(proof), sha256(self.reader.read(key))
        must(found and found[3] == note, "a proof of the bundle's checkpoint", proof)
        assert found
        index, path = int(found[1]), [b64decode(fit(step, "base64")) for step in found[2].split()]
        root = climb(leaf_hash(key, digest), index, int(note.split("\n")[1]), path)
        must(b64encode(root).decode() == note.split("\n")[2], f"the root {note}", root)
        if key in self.leaves or key.startswith("entries/v1/kind=key/"):
            self.same("K1", f"{key}: place and sha256", self.leaves.get(key), (index, digest))
        self.entry(key, digest, index, min((n for size, (n, _) in self.commits.items() if size > index), default=SAFE))

    def anchors(self, place: Reader) -> None:
        """The log was changed, cut off or set back since this was kept, or this is not of this log."""
        folder = f"checkpoints/{encode(self.head['origin'])}/"
        names = [name for name in place.names(folder) if re.fullmatch(r"[0-9]{12}\.checkpoint", name[len(folder) :])]
        must(names, f"checkpoints in {folder}", "none")
        for name in names:
            with self.guard("anchors", name):
                size, whole = int(name[-23:-11]), self.report is None
                if whole or size == self.head["size"]:
                    must(size <= self.head["size"], f"a log of at least {size} leaves", self.head["size"])
                    root = fold(self.frontier(size)) if whole else self.head["root"]
                    self.checkpoint("anchors", name, place.read(name).decode(), size, root, self.keys)
                    self.counts["anchors"] += 1
                else:
                    self.unchecked.append(f"{name}: the bundle does not show the log at this size")

    def rules(self, moment: str, *more: Callable[[str], None]) -> None:
        """Check completeness: of a bundle, what it shows."""
        self.voids = {void.body["entry"]: void.index for void in self.of["void"]}
        self.plans = defaultdict[tuple[str, ...], list[Entry]](list)
        for plan in self.of["plan"]:
            self.plans[plan.series[:2]].append(plan)
        for rule in (self.c3, self.c4, self.c6, self.c7, *more):
            rule(moment)

    def void(self, entry: Entry) -> bool:
        """Whether a later entry says that this one counts no more."""
        return self.voids.get(entry.key, -1) > entry.index

    def c1(self, moment: str) -> None:
        """A report that was due is not in the log."""
        done = {report.series for report in self.of["audit"]}
        for due in self.of["due"]:
            for item in due.body["windows"] if not self.void(due) else []:
                series = (due.body["model"], item["window"], due.body["audit"], due.body["part"])
                if item["due"] <= moment and series not in done:
                    self.same("C1", f"{due.key}: {item}", f"a report of {series}", "none")

    def c2(self, moment: str) -> None:
        """An audit was planned more than seven days before, and there is no report of it."""
        done = {(report.series, report.body["plan"]) for report in self.of["audit"]}
        for plan in self.of["plan"]:
            age = datetime.fromisoformat(moment) - datetime.fromisoformat(plan.at)
            if age > timedelta(days=7) and not self.void(plan) and (plan.series, plan.body["plan"]) not in done:
                self.same("C2", plan.key, "a report of it, or a void", "none")

    def own(self, report: Entry) -> list[int]:
        """The indices of the entries of a report's plan."""
        same = [plan for plan in self.plans[report.series[:2]] if plan.series == report.series]
        return [plan.index for plan in same if plan.body["plan"] == report.body["plan"]]

    def c3(self, _: str) -> None:
        """The report's plan was not in the log before it: it may have been chosen with the results known."""
        for report in self.of["audit"]:
            if min(self.own(report), default=report.index) >= report.index:
                self.same("C3", report.key, f"an entry before it for its plan {report.body['plan']}", "none")

    def c4(self, _: str) -> None:
        """The report hides that other audits of its window had been planned before its own."""
        for report in self.of["audit"]:
            first = min(self.own(report), default=0)
            before = {plan.body["plan"] for plan in self.plans[report.series[:2]] if plan.index < first}
            missing = before - report.body["others"] - {report.body["plan"]}
            self.same("C4", f"{report.key}: planned before and not in other_plans", set(), missing)

    def c5(self, moment: str) -> None:
        """The log has fallen silent: what should have been written since is not there."""
        for beat in self.of["heartbeat"][-1:]:
            self.same("C5", f"{beat.key}: next", max(moment, beat.body["next"]), beat.body["next"])

    def c6(self, _: str) -> None:
        """It speaks of something that is not in the log before it."""
        named = {("report", e.body["report"]): e.index for e in reversed(self.of["audit"])}
        named |= {("entry", e.key): e.index for e in self.of["plan"] + self.of["due"]}
        for kind, member in ("void", "entry"), ("decision", "report"), ("hold", "report"):
            for entry in self.of[kind]:
                if named.get((member, entry.body[member]), entry.index) >= entry.index:
                    self.same("C6", entry.key, f"{entry.body[member]} before it", "none")

    def c7(self, _: str) -> None:
        """A revision is missing, repeated or out of order."""
        counts = Counter[tuple[str, ...]]()
        for report in self.of["audit"]:
            counts[report.series] += 1
            self.same("C7", report.key, str(counts[report.series]), report.body["report"].rpartition("/")[2])


def commit_key(number: int) -> str:
    """The key of a commit."""
    return f"log/commits/{number // 1_000_000:06d}/{number:012d}"


def check(root: Path, given: str, moment: str | None = None, place: Path | None = None) -> Verifier:
    """Check what lies in a folder, with the id of the key that one was given."""
    out = Verifier(root)
    with out.guard("bytes", str(root)):
        if (root / "bundle.json").exists():
            out.bundle()
        else:
            out.store(moment)
    out.same("K1", "the key you gave is one of the log's", True, given in {keyid for _, keyid in out.terms})
    out.same("nothing", "entries were checked", True, any(out.of.values()))
    with out.guard("anchors", str(place)):
        if place:
            out.anchors(Reader(place))
        else:
            out.unchecked.append("whether the newest commits were cut off or all was set back: give --anchors for that")
    return out


def main() -> int:
    """Read the command line, check, print."""
    parser = argparse.ArgumentParser(description="Check a copy of a retroaudit store, or a bundle.")
    parser.add_argument("path", type=Path, help="a folder with log/commits or bundle.json")
    parser.add_argument("--key", type=Path, required=True, help="one of the log's public keys (PEM), from elsewhere")
    parser.add_argument("--at", help="the moment of judgement, such as 2026-07-02T12:00:00+00:00")
    parser.add_argument("--anchors", type=Path, help="a folder with checkpoints that were kept elsewhere")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()
    try:
        given, moment = sha256(pack(form.load_pem_public_key(args.key.read_bytes()))), args.at and fit(args.at, "time")
        must(args.path.is_dir() and (args.anchors or args.path).is_dir(), "folders", [args.path, args.anchors])
    except (*WRONG, UnsupportedAlgorithm) as error:
        parser.error(f"--key wants a public key (PEM), --at a time, the others folders: {error}")
    out = check(args.path, given, moment, args.anchors)
    problems = [
        dict(zip(("rule", "object", "expected", "found"), problem, strict=True))
        | {"meaning": getattr(Verifier, problem[0].lower(), Verifier).__doc__}
        for problem in out.problems
    ]
    found = {"intact": not problems, "problems": problems, "checked": out.counts, "head": out.head}
    found["unchecked"] = out.unchecked
    if args.json:
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
        return BROKEN if problems else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
