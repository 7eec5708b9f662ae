"""The standalone verifier, run as an auditor runs it: alone, on a copy of the test vectors' store."""

import base64
import hashlib
import importlib.util
import itertools
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

ROOT = Path(__file__).parents[3]
VERIFY = ROOT / "src/retroaudit/ledger/standalone/verify.py"
VECTORS = ROOT / "tests/ledger/vectors"
FIRST, SECOND = VECTORS / "keys/first.pem", VECTORS / "keys/second.pem"
COMMITS = "log/commits/000000"
INTACT, USAGE, BROKEN = 0, 2, 3


@pytest.fixture(scope="module")
def verify() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("standalone_verify", VERIFY)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    shutil.copytree(VECTORS / "store", tmp_path / "store")
    return tmp_path / "store"


def note_of(size: int) -> str:
    """The checkpoint of the vectors' store at a size."""
    commits = json.loads((VECTORS / "vectors.json").read_text())["commits"]
    return next(str(commit["checkpoint"]) for commit in commits if commit["size"] == size)


def run(path: Path, *options: str | Path, key: Path = FIRST) -> tuple[int, dict[str, Any], str]:
    """Exit status, what --json says, and the error output."""
    command = [sys.executable, "-I", str(VERIFY), str(path), "--key", str(key), "--json", *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def checked(module: ModuleType, path: Path, anchors: Path | None = None) -> list[dict[str, str]]:
    """The problems, in this process (for many runs)."""
    given = module.load_key(FIRST.read_bytes())
    problems: list[dict[str, str]] = module.check(path, given, None, anchors).problems
    return problems


def about(found: dict[str, Any], words: str) -> bool:
    return any(words in f"{problem['object']} {problem['meaning']}" for problem in found["problems"])


def test_the_vectors_store_is_intact() -> None:
    for key in (FIRST, SECOND):
        status, found, _ = run(VECTORS / "store", "--anchors", VECTORS / "place", key=key)
        assert status == INTACT, found["problems"]
        vectors = json.loads((VECTORS / "vectors.json").read_text())
        assert found["head"]["origin"] == vectors["origin"]
        assert found["head"]["size"] == len(vectors["leaves"])
        assert base64.b64decode(found["head"]["root"]).hex() == vectors["roots"][-1]
        assert found["checked"]["commits"] == len(vectors["commits"])


def test_people_read_what_was_checked_and_what_was_not() -> None:
    command = [sys.executable, "-I", str(VERIFY), str(VECTORS / "store"), "--key", str(FIRST)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == INTACT
    for words in ("INTACT: 0 problems", "11 commits", "Head:", "root:", "Not checked here:", "[C8]", "--anchors"):
        assert words in done.stdout


def test_the_vectors_moment_is_one_at_which_nothing_is_due() -> None:
    moment = json.loads((VECTORS / "vectors.json").read_text())["moment"]
    assert run(VECTORS / "store", "--at", moment)[0] == INTACT


def test_intermediate_values_are_the_vectors(verify: ModuleType) -> None:
    vectors = json.loads((VECTORS / "vectors.json").read_text())
    for item in vectors["encode"]:
        assert verify.encode(item["text"]) == item["encoded"]
    leaves = []
    for item in vectors["leaves"]:
        leaf = json.loads(item["canonical"])
        leaves.append(verify.leaf_hash(leaf["key"], leaf["sha256"]))
        assert leaves[-1].hex() == item["hash"]
    tree = verify.Verifier(VECTORS, verify.load_key(FIRST.read_bytes()))
    tree.leaves = leaves
    for size, root in enumerate(vectors["roots"]):
        assert tree.mth(0, size).hex() == root
    for index, path in enumerate(vectors["proofs"]):
        steps = [bytes.fromhex(step) for step in path]
        assert verify.climb(leaves[index], index, len(leaves), steps).hex() == vectors["roots"][-1]


# --- tampering ------------------------------


def every_object() -> list[str]:
    return sorted(str(path.relative_to(VECTORS / "store")) for path in (VECTORS / "store").rglob("*") if path.is_file())


def test_every_flipped_bit_is_found(verify: ModuleType, store: Path) -> None:
    assert not checked(verify, store)
    for key in every_object():
        data = (store / key).read_bytes()
        for n, position in enumerate((0, len(data) // 3, len(data) * 7 // 8, len(data) - 1)):
            (store / key).write_bytes(data[:position] + bytes([data[position] ^ 1 << 2 * n]) + data[position + 1 :])
            assert checked(verify, store), (key, position)
        (store / key).write_bytes(data)


@pytest.mark.parametrize("change", ["delete", "truncate", "empty", "append", "folder", "link", "random"])
def test_every_damaged_object_is_found(verify: ModuleType, store: Path, tmp_path: Path, change: str) -> None:
    last = f"{COMMITS}/000000000011"
    for key in every_object():
        path, data = store / key, (store / key).read_bytes()
        path.unlink()
        if change == "folder":
            path.mkdir()
        elif change == "link":
            (tmp_path / "outside").write_bytes(data)
            path.symlink_to(tmp_path / "outside")
        elif change != "delete":
            changed = {"truncate": data[:-1], "empty": b"", "append": data + b"\n", "random": os.urandom(len(data))}
            path.write_bytes(changed[change])
        problems = checked(verify, store)
        derived = "tile" in key and change in {"delete", "folder"}  # a missing tile is no problem
        if key == last and change in {"delete", "folder"}:
            assert "log/tile/0/000.p/23" in {problem["object"] for problem in problems}
        else:
            assert bool(problems) != derived, key
        if path.is_dir():
            path.rmdir()
        path.unlink(missing_ok=True)
        path.write_bytes(data)


def test_swapped_and_replayed_objects_are_found(verify: ModuleType, store: Path) -> None:
    keys = [key for key in every_object() if "tile" not in key]
    for one, other in itertools.pairwise(keys):
        first, second = (store / one).read_bytes(), (store / other).read_bytes()
        if first == second:
            continue
        (store / one).write_bytes(second)
        assert checked(verify, store), f"{other} replayed as {one}"
        (store / other).write_bytes(first)
        assert checked(verify, store), f"{one} and {other} swapped"
        (store / one).write_bytes(first)
        (store / other).write_bytes(second)


def test_renamed_objects_are_found(verify: ModuleType, store: Path) -> None:
    for key in every_object():
        moved = store / (key + "0")
        (store / key).rename(moved)
        assert bool(checked(verify, store)), key
        moved.rename(store / key)


@pytest.mark.parametrize(
    "key",
    [f"{COMMITS}/000000000000", f"{COMMITS}/000000000012", f"{COMMITS}/12", "log/commits/000001/000000000001",
     f"{COMMITS}/999999999999", "log/checkpoint", "log/tile/0/001", "log/tile/9/000.p/1", "log/tile/0/000.p/256",
     "log/tile/entries/000", "log/anchors/000000000023.tsr", "log/anchors/000000000099.tsr", "log/anchors/x"],
)  # fmt: skip
def test_what_does_not_belong_below_log_is_found(store: Path, key: str) -> None:
    path = store / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((store / COMMITS / "000000000011").read_bytes())
    status, found, _ = run(store)
    assert status == BROKEN
    assert about(found, key.rpartition("/")[2]) or about(found, COMMITS)


def test_a_token_with_the_imprint_is_named_as_unchecked(store: Path) -> None:
    path = store / "log/anchors/000000000023.tsr"
    path.parent.mkdir()
    path.write_bytes(b"0\x82" + hashlib.sha256(note_of(23).encode()).digest() + b"...")
    status, found, _ = run(store)
    assert status == INTACT
    assert any("000000000023.tsr" in text for text in found["unchecked"])


def cut(store: Path, last: int) -> None:
    """Remove the newest commits with the tiles that only they brought."""
    sizes = {commit["size"] for commit in json.loads((VECTORS / "vectors.json").read_text())["commits"][:last]}
    for path in (store / COMMITS).iterdir():
        if int(path.name) > last:
            path.unlink()
    for path in (store / "log/tile/0/000.p").iterdir():
        if int(path.name) not in sizes:
            path.unlink()


def test_a_cut_off_end_is_unseen_without_an_anchor(store: Path) -> None:
    cut(store, 4)
    status, found, _ = run(store, "--at", "2026-07-02T00:00:00+00:00")
    assert status == INTACT, found["problems"]
    assert any("cut off" in text for text in found["unchecked"])
    status, found, _ = run(store, "--at", "2026-07-02T00:00:00+00:00", "--anchors", VECTORS / "place")
    assert status == BROKEN
    assert about(found, "cut off or set back")


def test_an_anchor_of_another_history_is_found(verify: ModuleType, tmp_path: Path) -> None:
    (kept,) = (path for path in (VECTORS / "place").rglob("*") if path.is_file())
    for number, (old, new) in enumerate(
        [("\n9\n", "\n8\n"), ("retroaudit.dev/log/a", "retroaudit.dev/log/b"), ("exw", "exx")]
    ):
        place = tmp_path / str(number)
        place.mkdir()
        (place / "checkpoint").write_text(kept.read_text().replace(old, new))
        assert checked(verify, VECTORS / "store", place)
    (tmp_path / "empty").mkdir()
    assert checked(verify, VECTORS / "store", tmp_path / "empty")


def test_another_key_is_found(tmp_path: Path) -> None:
    for key in (ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())):
        pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / "other.pem").write_bytes(pem)
        status, found, _ = run(VECTORS / "store", key=tmp_path / "other.pem")
        assert status == BROKEN
        assert [problem["object"] for problem in found["problems"]] == ["the key you gave"]


@pytest.mark.parametrize(
    ("at", "last", "rule"),
    [("2026-07-15T00:00:00+00:00", 11, "[C5]"), ("2026-07-03T12:00:00+00:00", 3, "[C1]"),
     ("2026-07-12T00:00:00+00:00", 3, "[C2]"), ("2026-07-06T00:00:00+00:00", 11, "")],
)  # fmt: skip
def test_what_is_missing_at_a_moment_is_found(store: Path, at: str, last: int, rule: str) -> None:
    cut(store, last)
    status, found, _ = run(store, "--at", at)
    assert (status == BROKEN and about(found, rule)) if rule else status == INTACT


# --- bytes that nobody expects ------------------------------

GARBAGE = {
    "nothing": b"", "noise": bytes(range(256)) * 9, "null": b"null", "list": b"[]", "object": b"{}", "text": b'"x"',
    "deep": b"[" * 200_000, "deep and closed": b"[" * 400 + b"]" * 400, "number": b"9" * 10_000, "float": b"1e999",
    "nan": b"NaN", "surrogate": b'"\\ud800"', "twice": b'{"a":1,"a":2}', "utf-16": '{"a":1}'.encode("utf-16"),
    "bom": b"\xef\xbb\xbf{}", "members": b'{"payload":null,"payloadType":[],"signatures":{}}',
    "payload": b'{"payload":"bnVsbA==","payloadType":"application/vnd.in-toto+json","signatures":[null]}',
}  # fmt: skip


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_a_problem_and_no_traceback(store: Path, name: str) -> None:
    commit, entry = store / COMMITS / "000000000006", next((store / "entries").rglob("*.json"))
    commit.write_bytes(GARBAGE[name])
    assert run(store)[0] == BROKEN
    commit.write_bytes((VECTORS / "store" / COMMITS / "000000000006").read_bytes())
    entry.write_bytes(GARBAGE[name])
    assert run(store)[0] == BROKEN
    bundle = store.parent / "bundle"
    bundle.mkdir()
    (bundle / "bundle.json").write_bytes(GARBAGE[name])
    assert run(bundle)[0] == BROKEN


def test_having_checked_nothing_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "empty/log/commits").mkdir(parents=True)
    assert run(tmp_path / "empty")[0] == BROKEN
    assert run(tmp_path / "empty/log")[0] == BROKEN
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 cut off")
    assert run(tmp_path / "no.zip")[0] == BROKEN


def test_wrong_use_is_said_so(tmp_path: Path) -> None:
    store = VECTORS / "store"
    (tmp_path / "bad.pem").write_bytes(b"-----BEGIN PUBLIC KEY-----\nAAAA\n")
    cases: list[tuple[Path, list[str | Path], Path]] = [
        (tmp_path / "none", [], FIRST),
        (store, [], tmp_path / "none.pem"),
        (store, [], tmp_path / "bad.pem"),
        (store, [], tmp_path),
        (store, ["--at", "yesterday"], FIRST),
        (store, ["--at", "2026-07-02T12:00:00"], FIRST),
        (store, ["--anchors", tmp_path / "none"], FIRST),
        (store, ["--unknown"], FIRST),
        (tmp_path / ("x" * 300), [], FIRST),
    ]
    for path, options, key in cases:
        status, _, error = run(path, *options, key=key)
        assert status == USAGE
        assert "error:" in error


def test_a_folder_that_is_a_link_out_of_the_store_is_found(store: Path) -> None:
    shutil.move(store / "blobs", store.parent / "elsewhere")
    (store / "blobs").symlink_to(store.parent / "elsewhere")
    assert run(store)[0] == BROKEN
    (store / "log/tile/0/001").symlink_to("/")
    assert about(run(store)[1], "log/tile/0/001")


def test_a_pipe_in_place_of_a_file_does_not_wait(store: Path) -> None:
    path = store / COMMITS / "000000000007"
    path.unlink()
    os.mkfifo(path)
    assert run(store)[0] == BROKEN


# --- bundles ------------------------------


def make_bundle(folder: Path) -> Path:
    """A bundle of the vectors' superseding report, made from the format's description."""
    vectors, store = json.loads((VECTORS / "vectors.json").read_text()), VECTORS / "store"
    kinds = ("key", "plan", "erasure", "decision", "change", "hold", "void")
    proofs, report, size = {}, "Kredit 100% <b>\u00fcn\u00ef/2026-06-30/day/main/2", len(vectors["leaves"])
    for leaf in vectors["leaves"]:
        key = json.loads(leaf["canonical"])["key"]
        payload = base64.b64decode(json.loads((store / key).read_text())["payload"])
        statement = json.loads(payload)
        mine = report.startswith(str(statement["predicate"].get("report", "?"))[:-1])
        if not (mine or key.startswith(tuple(f"entries/v1/kind={kind}/" for kind in kinds))) or "/model=%e6" in key:
            continue
        path = "".join(
            base64.b64encode(bytes.fromhex(step)).decode() + "\n" for step in vectors["proofs"][leaf["index"]]
        )
        proofs[key] = f"c2sp.org/tlog-proof@v1\nindex {leaf['index']}\n{path}\n{note_of(size)}"
        blobs = [f"blobs/sha256/{s['digest']['sha256'][:2]}/{s['digest']['sha256']}" for s in statement["subject"]]
        wanted = "/rev=000002/" in key or "kind=plan/" in key
        for name in [key, *(blob for blob in blobs if wanted and (store / blob).exists())]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(store / name, folder / name)
        if statement["predicate"].get("report") == report:
            read = statement["predicate"]["audit"]["buildDefinition"]["resolvedDependencies"]
            (folder / "inputs.json").write_text(canonical(read))
    index = {
        "format": "https://retroaudit.dev/bundle/v1",
        "report": report,
        "checkpoint": note_of(size),
        "proofs": proofs,
    }
    (folder / "bundle.json").write_text(canonical(index))
    shutil.copy(SECOND, folder / "public.pem")
    return folder


def canonical(value: Any) -> str:
    """Canonical enough for these documents: their names are ASCII and their numbers are integers."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "bundle").mkdir()
    return make_bundle(tmp_path / "bundle")


def test_a_bundle_is_intact(bundle: Path, tmp_path: Path) -> None:
    for key in (FIRST, SECOND):
        status, found, _ = run(bundle, key=key)
        assert status == INTACT, found["problems"]
    assert found["checked"]["reports"] == 2
    assert found["head"]["size"] == 23
    for name, root in (("flat.zip", bundle), ("folder.zip", bundle.parent)):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for path in bundle.rglob("*"):
                archive.write(path, path.relative_to(root))
        assert run(tmp_path / name)[0] == INTACT
    data = (tmp_path / "flat.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[: len(data) // 2])
    assert run(tmp_path / "cut.zip")[0] == BROKEN


def test_every_damaged_object_of_a_bundle_is_found(verify: ModuleType, bundle: Path) -> None:
    assert not checked(verify, bundle)
    for path in sorted(path for path in bundle.rglob("*") if path.is_file()):
        data = path.read_bytes()
        for position in (0, len(data) // 2, len(data) - 2):
            path.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
            assert checked(verify, bundle), (path, position)
        path.unlink()
        assert checked(verify, bundle), path
        path.write_bytes(data)


def test_a_bundle_of_another_key_or_with_a_strange_file_is_found(bundle: Path, tmp_path: Path) -> None:
    other = ed25519.Ed25519PrivateKey.generate().public_key()
    pem = other.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "other.pem").write_bytes(pem)
    assert about(run(bundle, key=tmp_path / "other.pem")[1], "the key you gave")
    (bundle / "reports/v1/extra").write_bytes(b"{}")
    assert about(run(bundle)[1], "reports/v1/extra")


def test_tokens_of_a_bundle(bundle: Path) -> None:
    (bundle / "anchors").mkdir()
    (bundle / "anchors/000000000023.tsr").write_bytes(hashlib.sha256(note_of(23).encode()).digest())
    (bundle / "anchors/000000000009.tsr").write_bytes(b"of a smaller log: unchecked")
    status, found, _ = run(bundle, "--anchors", VECTORS / "place")
    assert status == INTACT, found["problems"]
    assert sum(".tsr" in text for text in found["unchecked"]) == 2
    (bundle / "anchors/000000000024.tsr").write_bytes(b"x")
    assert about(run(bundle)[1], "anchors/000000000024.tsr")


# --- somebody else's log that names your key ------------------------------


class Forger:
    """Writes leaves and a bundle with keys of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.leaves: list[tuple[str, bytes]] = []

    def add(self, kind: str, body: dict[str, Any], key: ed25519.Ed25519PrivateKey) -> None:
        text = canonical(body).encode()
        digest = {"sha256": hashlib.sha256(text).hexdigest()}
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": kind, "digest": digest, "annotations": {"size": len(text)}}],
            "predicateType": f"https://retroaudit.dev/{kind}/v1",
            "predicate": {"after": 0, "body": body, "recorded_at": "2026-07-01T12:00:00+00:00"},
        }
        payload, kind_of = canonical(statement).encode(), b"application/vnd.in-toto+json"
        message = b"DSSEv1 %d %s %d %s" % (len(kind_of), kind_of, len(payload), payload)
        signature = {"keyid": key_id(key), "sig": base64.b64encode(key.sign(message)).decode()}
        outer = {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": kind_of.decode(),
            "signatures": [signature],
        }
        self.put(f"entries/v1/kind={kind}/{digest['sha256']}.dsse.json", canonical(outer).encode())

    def put(self, name: str, data: bytes) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(data)
        self.leaves.append((name, data))

    def finish(self, origin: str, key: ed25519.Ed25519PrivateKey, verify: ModuleType) -> None:
        hashes = [verify.leaf_hash(name, hashlib.sha256(data).hexdigest()) for name, data in self.leaves]
        root = base64.b64encode(verify.node(*hashes)).decode()
        text = f"{origin}\n2\n{root}\n"
        key_hash = hashlib.sha256(origin.encode() + b"\n\1" + key.public_key().public_bytes_raw()).digest()[:4]
        note = f"{text}\n\u2014 {origin} {base64.b64encode(key_hash + key.sign(text.encode())).decode()}\n"
        proofs = {
            name: f"c2sp.org/tlog-proof@v1\nindex {n}\n{base64.b64encode(hashes[1 - n]).decode()}\n\n{note}"
            for n, (name, _) in enumerate(self.leaves)
        }
        index = {"format": "https://retroaudit.dev/bundle/v1", "report": "x", "checkpoint": note, "proofs": proofs}
        (self.folder / "bundle.json").write_text(canonical(index))


def key_id(key: ed25519.Ed25519PrivateKey) -> str:
    return hashlib.sha256(der(key)).hexdigest()


def der(key: ed25519.Ed25519PrivateKey) -> bytes:
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_body(key: ed25519.Ed25519PrivateKey, before: str) -> dict[str, Any]:
    possession = base64.b64encode(key.sign(f"retroaudit.dev/log key after {before}".encode())).decode()
    public = base64.b64encode(der(key)).decode()
    return {"keyid": key_id(key), "public": public, "expires": None, "by": "", "reason": "", "possession": possession}


@pytest.mark.parametrize("stolen", [True, False])
def test_a_forger_cannot_take_over_from_your_key(verify: ModuleType, tmp_path: Path, stolen: bool) -> None:
    """A forger copies the public entry of the first key, and lets a key of their own follow without its consent."""
    vectors, forger = json.loads((VECTORS / "vectors.json").read_text()), Forger(tmp_path)
    owner = serialization.load_pem_private_key((VECTORS / "keys/first.test-signing.pem").read_bytes(), None)
    assert isinstance(owner, ed25519.Ed25519PrivateKey)
    key = ed25519.Ed25519PrivateKey.generate()
    first = vectors["entries"][0]["key"]
    forger.put(first, (VECTORS / "store" / first).read_bytes())
    forger.add("key", key_body(key, key_id(owner)), owner if stolen else key)
    forger.finish(vectors["origin"], key, verify)
    about_keys = [p for p in checked(verify, tmp_path) if "[K" in p["meaning"]]
    assert bool(about_keys) != stolen  # with the owner's signature, it is a true change of keys


# --- what others have published ------------------------------


@pytest.mark.published
@pytest.mark.parametrize(
    ("bits", "text"),
    [("0000000000000000", "0"), ("8000000000000000", "0"), ("0000000000000001", "5e-324"),
     ("8000000000000001", "-5e-324"), ("7fefffffffffffff", "1.7976931348623157e+308"),
     ("ffefffffffffffff", "-1.7976931348623157e+308"), ("4340000000000000", "9007199254740992"),
     ("c340000000000000", "-9007199254740992"), ("4430000000000000", "295147905179352830000"),
     ("44b52d02c7e14af5", "9.999999999999997e+22"), ("44b52d02c7e14af6", "1e+23"),
     ("44b52d02c7e14af7", "1.0000000000000001e+23"), ("444b1ae4d6e2ef4e", "999999999999999700000"),
     ("444b1ae4d6e2ef4f", "999999999999999900000"), ("444b1ae4d6e2ef50", "1e+21"),
     ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"), ("3eb0c6f7a0b5ed8d", "0.000001"),
     ("41b3de4355555553", "333333333.3333332"), ("41b3de4355555554", "333333333.33333325"),
     ("41b3de4355555555", "333333333.3333333"), ("41b3de4355555556", "333333333.3333334"),
     ("41b3de4355555557", "333333333.33333343"), ("becbf647612f3696", "-0.0000033333333333333333"),
     ("43143ff3c1cb0959", "1424953923781206.2")],
)  # fmt: skip
def test_numbers_of_rfc_8785_appendix_b(verify: ModuleType, bits: str, text: str) -> None:
    assert verify.number(struct.unpack(">d", bytes.fromhex(bits))[0]) == text


@pytest.mark.published
def test_documents_of_rfc_8785(verify: ModuleType) -> None:
    given = r"""{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"""
    assert verify.canonical(json.loads(given)) == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    names = json.loads(r'{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}')
    assert verify.canonical(names) == '{"\\r":2,"1":4,"\x80":6,"\xf6":7,"\u20ac":1,"\U0001f600":5,"\ufb33":3}'


@pytest.mark.parametrize(
    "text",
    ['{"a":1,"a":1}', '{"b":1,"a":2}', "1.0", "-0", "1e5", "01", "NaN", "Infinity", "-Infinity", "1e999", " 1", "1\n",
     '"\\ud800"', '"\\u0041"', '"\\/"', '"\\u000A"', '"\x01"', "9007199254740993", "1E400", "[1,]", "", "9" * 5000,
     '"\\u00e9"', '{"a": 1}', "\ufeff1", "1000000000000000000000", "0.10", "1e+5", "1E+21", "tru", "[" * 5000],
)  # fmt: skip
def test_what_is_not_canonical_is_refused(verify: ModuleType, text: str) -> None:
    with pytest.raises(verify.Bad):
        verify.parse(text.encode())


def test_bytes_that_are_not_utf_8_are_refused(verify: ModuleType) -> None:
    for data in (b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', "1".encode("utf-32")):
        with pytest.raises(verify.Bad):
            verify.parse(data)


LEAVES = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"]


@pytest.mark.published
def test_the_tree_of_certificate_transparencys_tests(verify: ModuleType) -> None:
    """The leaves and roots of the reference implementation of RFC 6962 (merkle_tree_test)."""
    tree = verify.Verifier(VECTORS, verify.load_key(FIRST.read_bytes()))
    tree.leaves = [hashlib.sha256(b"\0" + leaf).digest() for leaf in LEAVES]
    roots = {
        0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    for size, root in roots.items():
        assert tree.mth(0, size).hex() == root


@pytest.mark.published
def test_audit_paths_of_rfc_6962(verify: ModuleType) -> None:
    """Section 2.1.3: d0 of seven leaves is proved by b, h, l; d3 by c, g, l; d4 by f, j, k; d6 by i, k."""
    a, b, c, d, e, f, j = (hashlib.sha256(b"\0d%d" % n).digest() for n in range(7))
    g, h, i = verify.node(a, b), verify.node(c, d), verify.node(e, f)
    k, ell = verify.node(g, h), verify.node(i, j)
    root = verify.node(k, ell)
    for leaf, index, path in ((a, 0, [b, h, ell]), (d, 3, [c, g, ell]), (e, 4, [f, j, k]), (j, 6, [i, k])):
        assert verify.climb(leaf, index, 7, path) == root
        assert verify.climb(leaf, index, 7, path[:-1]) != root
        assert verify.climb(leaf, index, 7, [*path, path[-1]]) is None
        assert verify.climb(leaf, index ^ 1, 7, path) != root
        assert verify.climb(leaf, index + 8, 7, path) is None
    assert verify.climb(a, 0, 1, []) == a
    assert verify.climb(a, 0, 0, []) is None
    assert verify.climb(a, 1, 1, []) is None


def test_signatures_of_p_256_have_a_small_s(verify: ModuleType) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = utils.decode_dss_signature(key.sign(b"message", ec.ECDSA(hashes.SHA256())))
    small, great = (utils.encode_dss_signature(r, value) for value in sorted((s, order - s)))
    assert verify.signed(key.public_key(), small, b"message")
    assert not verify.signed(key.public_key(), great, b"message")
    assert not verify.signed(key.public_key(), small + b"\0", b"message")
    assert not verify.signed(key.public_key(), b"", b"message")


def test_it_imports_nothing_of_the_project() -> None:
    text = VERIFY.read_text()
    assert "import retroaudit" not in text
    assert "from retroaudit" not in text


# --- a log's own key that writes what is not right ------------------------------


def resign(store: Path, change: dict[str, Any], name: str = "second") -> None:
    """Change the newest commit and sign it again, with a test key of the log."""
    key = serialization.load_pem_private_key((VECTORS / f"keys/{name}.test-signing.pem").read_bytes(), None)
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    path, kind = store / COMMITS / "000000000011", b"application/vnd.retroaudit.commit+json"
    commit = {**json.loads(base64.b64decode(json.loads(path.read_text())["payload"])), **change}
    payload = canonical({name: value for name, value in commit.items() if value != "left out"}).encode()
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    signature = {"keyid": key_id(key), "sig": base64.b64encode(key.sign(message)).decode()}
    outer = {"payload": base64.b64encode(payload).decode(), "payloadType": kind.decode(), "signatures": [signature]}
    path.write_text(canonical(outer))


def test_signing_again_what_stood_there_is_intact(store: Path) -> None:
    resign(store, {})
    assert run(store)[0] == INTACT


def test_a_commit_by_the_key_before_is_found(store: Path) -> None:
    resign(store, {}, "first")
    assert about(run(store)[1], "right to write it")


LEAF = {"key": "entries/v1/kind=void/../../../../etc/passwd", "sha256": "0" * 64}


@pytest.mark.parametrize(
    "change",
    [{"number": 12}, {"number": True}, {"number": 11.5}, {"previous": None}, {"previous": "0" * 64}, {"size": 24},
     {"size": 10**30}, {"frontier": []}, {"frontier": [None]}, {"time": "2026-07-01T00:00:00+00:00"},
     {"next_key": "0" * 64}, {"time": "2027-07-01T12:00:00+00:00"}, {"time": "2026-07-07T12:00:00Z"},
     {"time": "9999-12-31T23:59:59+00:00"},
     {"next_key": "left out"}, {"more": 1}, {"leaves": []}, {"leaves": [LEAF]}, {"leaves": [{"key": "", "sha256": ""}]},
     {"leaves": {}}, {"checkpoint": note_of(15)}, {"checkpoint": ""}, {"checkpoint": note_of(23) + "\n"},
     {"next_key": "a050837d85070582ccf7394b0988847cc312cb88259b894899f6f239cf1791a5"}],
)  # fmt: skip
def test_a_commit_that_is_signed_but_wrong_is_found(store: Path, change: dict[str, Any]) -> None:
    resign(store, change)
    assert run(store)[0] == BROKEN
