"""Check a copy of a retroaudit store, or an exported bundle, with this one file, `cryptography` and a public key:
python verify.py PATH --key public.pem [--at TIME] [--anchors DIR] [--json]. PATH holds log/commits or bundle.json, DIR
checkpoints kept elsewhere; TIME, as 2026-07-02T12:00:00+00:00, is the moment of judgement, else now. It ends with 0:
nothing is wrong, 3: problems, 2: wrong use. Written from FORMAT.md alone; K1, C1 and so on are its rules.
"""

import argparse
import hashlib
import json
import re
import sys
from base64 import b64decode, b64encode
from bisect import bisect, insort
from collections import Counter, defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from types import SimpleNamespace as _Entry
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

# Bodies of 11 kinds of entries, then other objects: name:type, else text; ? allows null, * + are lists, @ in the key
_TABLE = r"""key keyid:sha256 public:base64 expires:time? by reason:reason possession:base64?; store tenant
retention_days:days locked:flag at:time; plan @model @window @audit @part plan:sha256 as_of:time?; due @model audit part
windows:window+; heartbeat at:time next:time; decision @model report:id fingerprint:text? decision by reason:reason
at:time; erasure @model scope:archive|states|review partitions:text* rows:count? by reason:reason at:time; change @model
what:reference|policy|spec before:sha256? after:sha256? by reason:reason at:time; void entry:[\s\S]{0,2000} by
reason:reason at:time; hold @model report:id on:flag by reason:reason at:time; sample @model report:id commitment:sha256
at:time; envelope payload:base64 payloadType:any signatures:signature+; signature keyid:sha256 sig:base64; commit
number:count previous:sha256? leaves:leaf+ size:count frontier:sha256+ time:time next_key:sha256 checkpoint:any; leaf
key:any sha256:sha256; digest sha256:sha256; sized size:count; window window due:time; statement _type:in-toto
subject:subject* predicateType:type predicate:object; subject name:any digest:digest annotations:sized; entry
after:count body:object recorded_at:time; report report:any supersedes:any? run_key:texts sealed_at:time after:count
audit:audit; audit verdict:any findings:count tier:low|medium|high plan:sha256 other_plans:other*
buildDefinition:object; bundle format:bundle/v1 report:any checkpoint:any proofs:texts; other plan:sha256"""
_ROWS = [row.split() for row in _TABLE.split(";")]
_FIELDS = {kind: dict(f"{item.lstrip('@')}:text".split(":")[:2] for item in items) for kind, *items in _ROWS}
_NAMED = {kind: [item[1:] for item in items if item[0] == "@"] for kind, *items in _ROWS[:11]}
_TEXTS = {"sha256": "[0-9a-f]{64}", "any": "(?s:.*)", "text": "(?s:.{0,200})", "reason": "(?s:.{1,2000})"}
_TEXTS |= {"in-toto": r"https://in-toto\.io/Statement/v1", "bundle/v1": r"https://retroaudit\.dev/bundle/v1"}
_TEXTS |= {"type": rf"https://retroaudit\.dev/(audit|{'|'.join(_NAMED)})/v1", "id": "(?s:.{0,900})"}
_TYPES: dict[str, Any] = {"flag": lambda v: isinstance(v, bool), "object": lambda v: isinstance(v, dict)}
_TYPES |= {"count": lambda v: type(v) is int and v >= 0, "texts": lambda v: {*map(type, v.values())} <= {str}}
_TYPES |= {"base64": lambda v: isinstance(v, str) and b64encode(b64decode(v)).decode() == v}
_TYPES |= {"time": lambda v: v.endswith("+00:00") and datetime.fromisoformat(v).isoformat() == v}
_TYPES |= {"days": lambda v: all(k in {"low", "medium", "high"} and type(n) is int and n > 0 for k, n in v.items())}
_TILE = re.compile(r"log/tile/([0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]?|[0-9]{2,3}))?")
_COMMIT, _TOKEN = map(re.compile, (r"log/commits/([0-9]{6})/(?!0{12})\1[0-9]{6}", r"(?:log/)?anchors/([0-9]{12})\.tsr"))
_NOTE = re.compile("((\\S+)\n(0|[1-9][0-9]{0,15})\n(\\S+)\n)\n\u2014 \\2 (\\S+)\n")
_PROOF = re.compile(r"\Ac2sp\.org/tlog-proof@v1\nindex (0|[1-9][0-9]{0,15})\n((?:\S+\n)*)\n(.*)", re.DOTALL)
_SAFE, _LONG, _ORDER = 1 << 53, 200, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
_BUNDLED = {"key": 0, "void": 0, "decision": 0, "hold": 0, "erasure": 1, "change": 1, "plan": 2, "audit": 4}
_canonical = json.JSONEncoder(allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _must(ok: object, expected: object, found: object) -> None:
    if not ok:  # in words that are short and harmless to a terminal
        raise ValueError(*(text[:_LONG] + "..." * (len(text) > _LONG) for text in map(ascii, (expected, found))))


def _hash(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _parse(data: bytes) -> Any:  # a fraction is refused; what else is not allowed comes out otherwise
    hooks: Any = {"parse_float": int, "parse_int": lambda text: n if abs(n := int(text)) < _SAFE else None}
    hooks["object_pairs_hook"] = lambda pairs: dict(pairs) if all(name.isascii() for name, _ in pairs) else None
    value = json.loads(data.decode(), **hooks)
    _must(_canonical(value).encode() == data, "canonical JSON", data)
    return value


def _fit(value: Any, kind: str) -> Any:  # refuse what is not this object, type or text; or null (?), or a list (* +)
    base, mark, fields = kind.rstrip("?*+"), kind[-1], _FIELDS.get(kind, {})
    if mark in "*+":
        _must(isinstance(value, list) and len(value) >= (mark == "+"), f"a list: {kind}", value)
        return [_fit(item, base) for item in value]
    if fields:
        _must(isinstance(value, dict) and (kind in {"audit", "other"} or value.keys() == fields.keys()), fields, value)
        return value | {name: _fit(value[name], of) for name, of in fields.items() if name in value}
    test: Any = _TYPES.get(base, lambda text: re.fullmatch(_TEXTS.get(base, base), text))
    _must((value is None and mark == "?") or test(value), kind, value)
    return value


def _encode(text: str) -> str:
    done = re.sub(rb"[^a-z0-9_-]", lambda byte: b"%%%02x" % ord(byte[0]), text.encode()).decode()
    return done if len(done) <= _LONG else f"{done[:100]}~{_hash(text.encode()).hex()}"


def _pack(key: Any, to: str = "DER") -> bytes:
    good = isinstance(key, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey)
    _must(good and getattr(key, "curve", ec.SECP256R1()).name == "secp256r1", "a key of Ed25519 or P-256", key)
    return bytes(key.public_bytes(getattr(serialization.Encoding, to), serialization.PublicFormat.SubjectPublicKeyInfo))


def _signed(key: Any, signature: bytes, message: bytes) -> bool:
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            return key.verify(signature, message) is None
        r, s = utils.decode_dss_signature(signature)
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        return s <= _ORDER // 2 and utils.encode_dss_signature(r, s) == signature
    except Exception:  # noqa: BLE001 - whatever is wrong with it
        return False


def _noted(key: Any, text: str) -> bool:  # the key signed the checkpoint, under its own key hash
    if not (note := _NOTE.fullmatch(text)) or not _TYPES["base64"](note[5]):
        return False
    seal, ed = b64decode(note[5]), isinstance(key, ed25519.Ed25519PublicKey)
    own = _hash(note[2].encode(), b"\n\1", key.public_bytes_raw()) if ed else _hash(_pack(key))
    return seal[:4] == own[:4] and _signed(key, seal[4:], note[1].encode())


def _fold(frontier: list[bytes]) -> str:  # the root (base64) over perfect subtrees, the largest first
    return b64encode(reduce(lambda right, left: _hash(b"\1", left, right), reversed(frontier))).decode()


def _climb(value: bytes, index: int, size: int, path: list[bytes]) -> bytes:  # the root to which an audit path leads
    _must(index < size and (size > 1) == bool(path), "an audit path of the right length", path)
    half = 1 << (size - 1).bit_length() - 1 if size > 1 else 0
    if index < half:
        return _hash(b"\1", _climb(value, index, half, path[:-1]), path[-1])
    return _hash(b"\1", path[-1], _climb(value, index - half, size - half, path[:-1])) if half else value


def _names(root: Path, folder: str = "") -> list[str]:  # the keys of all that lies there and is no folder
    return sorted(str(p.relative_to(root)) for p in (root / folder).rglob("*") if p.is_symlink() or not p.is_dir())


class _Verifier:
    def __init__(self, root: Path) -> None:
        self.root, self.report, self.unchecked = root.resolve(), "", list[str]()  # the report of a bundle
        self.problems: dict[tuple[str, str, str, str], None] = {}  # (rule, object, expected, found), each once
        self.head: dict[str, Any] = {"of": "whole store", "origin": None, "size": 0, "root": None}
        self.keys, self.terms = dict[str, Any](), list[tuple[int, str]]()  # id: (key, expires); (its first leaf, id)
        self.commits = list[tuple[int, int, str, str]]()  # (size, number, time, checkpoint)
        self.leaves, self.last = dict[str, tuple[int, str]](), ("", "")  # (index, sha256); (sha256, time) of a commit
        self.tree, self.blobs = [list[bytes]() for _ in range(64)], dict[str, int]()  # by height; sizes by sha256
        self.of = defaultdict[str, list[_Entry]](list)  # entries by kind, in the order of the log

    @contextmanager
    def guard(self, rule: str, name: str) -> Any:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever goes wrong with an object is a problem, and no traceback
            ours = type(error) is ValueError and error.args[1:]
            self.problems[rule, ascii(name)[1:-1], *(error.args if ours else ("what can be read", ascii(error)))] = None

    def same(self, rule: str, name: str, expected: object, found: object) -> None:
        with self.guard(rule, name):
            _must(found is True or expected == found, expected, found)  # True: as expected, which then is in words

    def read(self, key: str) -> bytes:  # from a file to which no link leads
        path = self.root / key
        _must(path.is_relative_to(self.root) and path.resolve() == path and path.is_file(), "a plain file", "another")
        return path.read_bytes()

    def opened(self, data: bytes, name: str) -> list[Any]:  # what it says, its key id, signature and message
        kind, outer = f"application/{name}+json", _fit(_parse(data), "envelope")
        _must((outer["payloadType"], len(outer["signatures"])) == (kind, 1), f"{kind} with one signature", outer)
        payload, signature = b64decode(outer["payload"]), outer["signatures"][0]
        message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
        return [_parse(payload), signature["keyid"], b64decode(signature["sig"]), message]

    def checkpoint(self, name: str, text: str, size: int, root: str, keys: list[str]) -> None:
        said = f"retroaudit.dev/log/{self.terms[0][1][:32]}\n{size}\n{root}\n"
        good = text.startswith(f"{said}\n") and any(_noted(self.keys[keyid][0], text) for keyid in keys)
        self.same("checkpoint", name, f"{said}, signed by the log's key", good or text)

    def commit(self, name: str, whole: bool) -> None:
        number, data = int(name[-12:]), self.read(name)
        commit, *seal = self.opened(data, "vnd.retroaudit.commit")
        size, leaves, time, new = _fit(commit, "commit")["size"], commit["leaves"], commit["time"], commit["next_key"]
        _must((first := number == 1) != bool(self.terms), "commit 1 first", number)
        signer, start = self.terms[-1][1] if self.terms else seal[0], len(self.tree[0]) if whole else size - len(leaves)
        held = [leaf for leaf in leaves if leaf["key"].startswith("entries/v1/kind=key/")]
        with self.guard("K1", name):  # a key is taken in where it is right, only
            good = held == leaves[: first or new != signer] and (new == signer or not (first or leaves[1:]))
            _must(good, f"a key entry for {new} where it is new, there alone", leaves)
            for leaf in held:
                entry, _ = self.parsed(leaf["key"], 0, self.read(leaf["key"]))
                key, body = serialization.load_der_public_key(b64decode(entry.body["public"])), entry.body
                good = b64decode(body["public"]) == _pack(key) and body["keyid"] == new == _hash(_pack(key)).hex()
                text, proof = f"retroaudit.dev/log key after {signer} at {commit['previous']}", body["possession"]
                good &= proof is None if first else _signed(key, b64decode(proof), text.encode())
                _must(good and entry.after == number - 1 and new not in self.keys, f"a new key; {text}", body)
                self.keys[new] = (key, body["expires"])
                self.terms.append((0 if first else size, new))
        _must(self.terms and self.terms[-1][1] == new and (whole or held), "a way to the next key", "none")
        for index, leaf in enumerate(leaves, start):
            known, height = self.leaves.setdefault(leaf["key"], (index, leaf["sha256"])), 0
            self.same("leaf", f"{leaf['key']}: its only index", index, known[0])
            self.tree[0].append(_hash(b"\0", _canonical(leaf).encode()))
            while len(self.tree[height]) % 2 == 0:
                height += 1
                self.tree[height].append(_hash(b"\1", *self.tree[height - 1][-2:]))
        wanted: dict[str, Any] = {"number": number}
        if whole:  # times in their one spelling are sorted as texts
            total, end = start + len(leaves), self.keys[signer][1]
            wanted |= {"previous": self.last[0] or None, "size": total, "time": max(time, self.last[1])}
            wanted["frontier"] = [value.hex() for value in self.frontier(total)]
            self.same("K1", f"{name}: time", f"before {end}", not end or time < end or signer != new or time)
        self.same("commit", name, wanted, {member: commit[member] for member in wanted})
        self.same("K1", name, f"by {signer}", (seal[0] == signer and _signed(self.keys[signer][0], *seal[1:])) or seal)
        root, self.last = _fold([*map(bytes.fromhex, commit["frontier"])]), (_hash(data).hex(), time)
        self.checkpoint(name, commit["checkpoint"], size, root, [signer])
        self.head |= {"origin": commit["checkpoint"].split("\n")[0], "size": size, "root": root, "time": time}
        self.commits.append((start + len(leaves), number, time, commit["checkpoint"]))

    def frontier(self, size: int) -> list[bytes]:  # of the tree of the first leaves, the largest subtree first
        return [self.tree[n][(size >> n) - 1] for n in reversed(range(size.bit_length())) if size >> n & 1]

    def parsed(self, key: str, index: int, data: bytes) -> tuple[_Entry, list[Any]]:  # where it is right, in its place
        statement, *seal = self.opened(data, "vnd.in-toto")
        subject, said = _fit(statement, "statement")["subject"], statement["predicate"]
        files = {item["name"]: (item["digest"]["sha256"], item["annotations"]["size"]) for item in subject}
        _must([item["name"] for item in subject] == sorted(files), "subjects sorted by name, each once", subject)
        if (kind := statement["predicateType"].split("/")[3]) == "audit":
            *values, rev = _fit(said, "report")["report"].split("/")
            before = f"{'/'.join(values)}/{int(rev) - 1}" if rev != "1" else None
            _must(re.fullmatch("[1-9][0-9]{0,5}", rev) and said["supersedes"] == before, f"supersedes: {before}", said)
            names, body, top, last = _NAMED["plan"], said["audit"] | said, "reports/v1", f"rev={rev:0>6}/manifest"
        else:
            names, body = _NAMED[kind], _fit(_fit(said, "entry")["body"], kind)
            own, values = _canonical(body).encode(), [body[name] for name in names]
            top, last = f"entries/v1/kind={kind}", _hash(own).hex()
            _must(files.pop(kind, None) == (last, len(own)), f"a subject {kind} of {(last, len(own))}", subject)
            _must(kind != "plan" or files["plan.json"][0] == body["plan"], "plan.json with the body's plan", subject)
        middle = [f"{name}={_encode(value)}" for name, value in zip(names, values, strict=True)]
        _must(key == (place := "/".join([top, *middle, f"{last}.dsse.json"])), f"this place: {place}", key)
        at, others = said.get("recorded_at") or said["sealed_at"], {o["plan"] for o in body.get("other_plans", [])}
        more = {"after": said["after"], "at": at, "others": others, "series": tuple(values), "plan": body.get("plan")}
        return _Entry(key=key, index=index, kind=kind, files=files, body=body, **more), seal

    def entry(self, key: str, digest: str, index: int) -> None:
        _must(_hash(data := self.read(key)).hex() == digest, f"sha256 {digest}", _hash(data).hex())
        entry, seal = self.parsed(key, index, data)
        _, number, time, _ = (self.commits[bisect(self.commits, (index, _SAFE, "", "")) :] or [(0, _SAFE, "", "")])[0]
        insort(self.of[entry.kind], entry, key=lambda other: other.index)
        self.same("K2", f"{key}: after", min(entry.after, number - 1), entry.after)
        owner = next(keyid for first, keyid in reversed(self.terms) if first <= index)
        self.same("K2", key, f"by {owner}", (seal[0] == owner and _signed(self.keys[owner][0], *seal[1:])) or seal)
        late = not self.report and datetime.fromisoformat(entry.at) - datetime.fromisoformat(time) > timedelta(hours=1)
        self.same("K3", key, "a time not more than an hour after its commit's", not late or entry.at)
        entry.at = time
        mine = entry.kind == "plan" or (entry.kind == "audit" and entry.body["report"] == self.report)
        for sha, size in entry.files.values() if mine or not self.report else ():
            with self.guard("blob", place := f"blobs/sha256/{sha[:2]}/{sha}"):
                if sha not in self.blobs:
                    _must(_hash(content := self.read(place)).hex() == sha, "content of this name", "other")
                    self.blobs[sha] = len(content)
                _must(self.blobs[sha] == size, f"{size} bytes", self.blobs[sha])

    def store(self, moment: str) -> None:
        names = _names(self.root, "log")
        for number in range(1, max((int(name[-12:]) for name in names if _COMMIT.fullmatch(name)), default=0) + 1):
            with self.guard("commit", name := f"log/commits/{number // 1_000_000:06d}/{number:012d}"):
                self.commit(name, True)
            if len(self.commits) != number:  # what comes after it cannot be judged
                break
        for key, (index, digest) in self.leaves.items():
            with self.guard("leaf", key):
                self.entry(key, digest, index)
        self.rules(moment)
        notes = {size: _hash(note.encode()) for size, _, _, note in self.commits}
        for name in names:
            with self.guard("derived", name):
                if tile := _TILE.fullmatch(name):
                    first, width = int(re.sub("[x/]", "", tile[2])) * 256, int(tile[3] or 256)
                    wanted = [h for level in self.tree[8 * int(tile[1]) :][:1] for h in level[first : first + width]]
                    _must(len(wanted) == width and self.read(name) == b"".join(wanted), "the tree's hashes", "others")
                elif token := _TOKEN.fullmatch(name):
                    _must(notes[int(token[1])] in self.read(name), "the imprint of its commit's checkpoint", "none")
                    self.unchecked.append(f"{name}: who signed this time-stamp, and its time")
                else:
                    _must(_COMMIT.fullmatch(name), "a commit, a tile or a time-stamp", "something else")
        self.head["judged at"] = moment
        self.unchecked.append("C8: a copy of a storage carries no locks and no older versions")

    def bundle(self) -> None:
        index, names = _fit(_parse(self.read("bundle.json")), "bundle"), _names(self.root)
        self.report, proofs, text = index["report"], index["proofs"], index["checkpoint"]
        known = {"bundle.json", "public.pem", "inputs.json", "README.md", "verify.py", *proofs}
        for name in filter(_COMMIT.fullmatch, names):
            with self.guard("commit", name):
                self.commit(name, False)
                known.add(name)
        (origin, count, root), last = text.split("\n")[:3], self.terms[-1][1]
        self.checkpoint("bundle.json", text, size := int(count), root, [last])
        for key, proof in proofs.items():
            with self.guard("proof", key):
                ((place, steps, note),), digest = _PROOF.findall(proof), _hash(self.read(key)).hex()
                path = [b64decode(_fit(step, "base64")) for step in steps.split()]
                leaf = _hash(b"\0", _canonical({"key": key, "sha256": digest}).encode())
                climbed = b64encode(_climb(leaf, int(place), size, path)).decode()
                _must((note, climbed) == (text, root), f"a proof of the bundle's checkpoint and {root}", climbed)
                if key in self.leaves or key.startswith("entries/v1/kind=key/"):
                    self.same("K1", f"{key}: place and sha256", self.leaves.get(key), (int(place), digest))
                self.entry(key, digest, int(place))
        (report,) = [entry for entry in self.of["audit"] if entry.body["report"] == self.report]
        about = f"bundle of {self.report}, verdict {report.body.get('verdict')}"
        self.head = {"of": about, "origin": origin, "size": size, "root": root}
        for kind, entries in self.of.items():
            known -= {e.key for e in entries if e.series[: (n := _BUNDLED.get(kind, 9))] != report.series[:n]}
        self.same("C4", f"{report.key}: plans not here", set(), report.others - {plan.plan for plan in self.of["plan"]})
        inputs = _canonical(report.body.get("buildDefinition", {}).get("resolvedDependencies", [])).encode()
        for name, data in ("inputs.json", inputs), ("public.pem", _pack(self.keys[last][0], "PEM")):
            with self.guard("bundle", name):
                _must(self.read(name) == data, data, "other bytes")
        known |= {f"blobs/sha256/{digest[:2]}/{digest}" for digest in self.blobs}
        known |= {name for name in names if _TOKEN.fullmatch(name) and int(name[-16:-4]) <= size}
        for name in sorted({*names} - known):
            self.same("bundle", name, "a file that belongs to this bundle", "another")
        self.rules("")
        self.unchecked.append("time-stamps, README.md, verify.py; expiry of keys, K3, C1, C2, C5, C8, what came later")

    def rules(self, now: str) -> None:  # C1 to C7; a bundle has no moment, and shows no C1, C2 and C5
        of, plans, counts, done = self.of, defaultdict[Any, list[_Entry]](list), Counter[Any](), set[Any]()
        voids = {void.body["entry"]: void.index for void in of["void"]}
        for plan in of["plan"]:
            plans[plan.series[:2]].append(plan)
        for report in of["audit"]:
            around, first = plans[report.series[:2]], (report.series, report.plan)
            start = min((plan.index for plan in around if (plan.series, plan.plan) == first), default=_SAFE)
            hidden = {plan.plan for plan in around if plan.index < start < _SAFE} - {report.plan, *report.others}
            self.same("C4", f"{report.key}: planned audits that it does not name", set(), hidden)
            self.unchecked += [] if of["plan"] else [f"C3: {report.key}: no plan was ever entered"]
            self.same("C3", report.key, "its plan, entered before it", start < report.index or not of["plan"] or "none")
            counts[report.series] += 1
            done |= {report.series, first}
            self.same("C7", report.key, str(counts[report.series]), report.body["report"].rpartition("/")[2])
        for entry in of["due"] + of["plan"] if now else []:
            b, week = entry.body, datetime.fromisoformat(now) - timedelta(days=7)
            late: list[Any] = [(entry.series, entry.plan)] * (datetime.fromisoformat(entry.at) < week)
            if entry.kind == "due":
                late = [(b["model"], w["window"], b["audit"], b["part"]) for w in b["windows"] if w["due"] <= now]
            for missing in [item for item in late if item not in done and voids.get(entry.key, -1) < entry.index]:
                self.same("C1" if entry.kind == "due" else "C2", entry.key, f"a report of {missing}, or a void", "none")
        if now and of["heartbeat"] and of["heartbeat"][-1].body["next"] < now:
            self.same("C5", of["heartbeat"][-1].key, "another heartbeat by its `next`", "none: the log fell silent")
        known = {("audit", report.body["report"]): report.index for report in reversed(of["audit"])}
        known |= {("void", entry.key): entry.index for entry in of["plan"] + of["due"]}
        for entry in of["void"] + of["decision"] + of["hold"]:
            what = ("void", entry.body["entry"]) if entry.kind == "void" else ("audit", entry.body["report"])
            self.same("C6", entry.key, f"before it {what[1]}", known.get(what, _SAFE) < entry.index or "none")


def check(root: Path, given: str, moment: str | None = None, place: Path | None = None) -> _Verifier:
    """Check what lies in a folder, with the id of the key that one was given."""
    out = _Verifier(root)
    with out.guard("bytes", str(root)):
        out.bundle() if (root / "bundle.json").exists() else out.store(moment or datetime.now(UTC).isoformat())
    out.same("K1", "the key you gave", "one of the log's", given in {keyid for _, keyid in out.terms} or "another")
    out.same("nothing", str(root), "entries to check", any(out.of.values()) or "none")
    out.unchecked += [] if place else ["a log that was cut off or set back: give --anchors"]
    with out.guard("anchors", str(place)):  # checkpoints of this log
        kept, at, end = _Verifier(place or root), f"checkpoints/{_encode(str(out.head['origin']))}", out.head["size"]
        names = {name for name in _names(kept.root, at) if place and re.search(r"/[0-9]{12}\.checkpoint\Z", name)}
        texts = {name: kept.read(name).decode(errors="replace") for name in names}
        own = {n for n, text in texts.items() if any(_noted(key, text) for key, _ in out.keys.values())}
        own = {n for n in own if f"\n{(size := int(n[-23:-11]))}\n" in texts[n] and (not out.report or size == end)}
        out.unchecked += [f"{name}: no checkpoint of this log, or misnamed" for name in sorted(names - own)]
        _must(own or out.report or not place, f"checkpoints of this log in {at}", "none")
        for name, size in [(name, int(name[-23:-11])) for name in sorted(own)]:
            with out.guard("anchors", name):
                _must(size <= end, f"a log of {size} leaves: it was cut off or set back", end)
                top = out.head["root"] if out.report else _fold(out.frontier(size))
                out.checkpoint(f"{name}, kept elsewhere", texts[name], size, top, [*out.keys])
    return out


if __name__ == "__main__":
    parser, path = argparse.ArgumentParser(description=__doc__), {"type": Path}
    more: dict[str, Any] = {"--key": path | {"required": True}, "--anchors": path, "--json": {"action": "store_true"}}
    for name, how in ({"path": path, "--at": {}} | more).items():
        parser.add_argument(name, **how)
    args = parser.parse_args()
    try:
        given = _hash(_pack(serialization.load_pem_public_key(args.key.read_bytes()))).hex()
        _must(args.path.is_dir() and (args.anchors or args.path).is_dir(), "folders; unpack a .zip first", args.path)
        moment = args.at and _fit(args.at, "time")
    except Exception as error:  # noqa: BLE001 - whatever is wrong with them
        parser.error(f"--key wants a public key (PEM), --at a time, the others folders: {error}")
    out = check(args.path, given, moment, args.anchors)
    found = [dict(zip(("rule", "object", "expected", "found"), problem, strict=True)) for problem in out.problems]
    counts = {kind: len(entries) for kind, entries in out.of.items()} | {"commits": len(out.commits)}
    told = {"intact": not found, "problems": found, "checked": counts, "head": out.head, "unchecked": out.unchecked}
    lines = ["PROBLEM [{rule}] {object}\n  expected: {expected}\n  found:    {found}".format(**p) for p in found]
    lines += [f"{'BROKEN' if found else 'INTACT'}: {len(found)} problems", f"Checked: {counts}"]
    lines += [f"Head: {name}: {value!a}" for name, value in out.head.items()]
    lines += [f"Not checked here: {ascii(item)[1:-1]}" for item in out.unchecked]
    sys.stdout.write((json.dumps(told, indent=1) if args.json else "\n".join(lines)) + "\n")
    sys.exit(3 if found else 0)
