"""The standalone verifier, run as an auditor runs it: alone, on a copy of the test vectors' store."""

import base64
import hashlib
import importlib.util
import itertools
import json
import os
import shutil
import subprocess
import sys
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
MOMENT = json.loads((VECTORS / "vectors.json").read_text())["moment"]
OWNER = "a050837d85070582ccf7394b0988847cc312cb88259b894899f6f239cf1791a5"  # the id of the first key


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
    options = options if "--at" in options else (*options, "--at", MOMENT)
    command = [sys.executable, "-I", str(VERIFY), str(path), "--key", str(key), "--json", *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def checked(
    module: ModuleType, path: Path, anchors: Path | None = None, given: str = OWNER, moment: str = MOMENT
) -> list[tuple[str, ...]]:
    """The problems, in this process (for many runs): rule, object, expected, found."""
    return list(module.check(path, given, moment, anchors).problems)


def about(found: dict[str, Any], words: str) -> bool:
    return any(words in " ".join(problem.values()) for problem in found["problems"])


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
    command = [sys.executable, "-I", str(VERIFY), str(VECTORS / "store"), "--key", str(FIRST), "--at", MOMENT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == INTACT
    for words in (
        "INTACT: 0 problems",
        "'commits': 11",
        "whole store",
        "judged at",
        "root:",
        "Not checked here:",
        "C8",
        "--anchors",
    ):
        assert words in done.stdout


def test_without_a_moment_it_is_judged_now(verify: ModuleType) -> None:
    out = verify.check(VECTORS / "store", OWNER)
    assert {problem[0] for problem in out.problems} == {"C5"}  # the clock of the vectors stands still
    assert out.head["judged at"] > "2026-07-10"


def test_intermediate_values_are_the_vectors(verify: ModuleType) -> None:
    vectors = json.loads((VECTORS / "vectors.json").read_text())
    for item in vectors["encode"]:
        assert verify._encode(item["text"]) == item["encoded"]
    leaves = []
    for item in vectors["leaves"]:
        leaf = json.loads(item["canonical"])
        leaves.append(verify._hash(b"\0", verify._canonical(leaf).encode()))
        assert leaves[-1].hex() == item["hash"]
    for size, root in enumerate(vectors["roots"]):
        assert not size or base64.b64decode(verify._fold(frontier(leaves[:size]))).hex() == root
    for index, path in enumerate(vectors["proofs"]):
        steps = [bytes.fromhex(step) for step in path]
        assert verify._climb(leaves[index], index, len(leaves), steps).hex() == vectors["roots"][-1]


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
            assert "log/tile/0/000.p/23" in {problem[1] for problem in problems}
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
    changes = [("\n9\n", "\n8\n"), ("retroaudit.dev/log/a", "retroaudit.dev/log/b"), ("exw", "exx")]
    for number, (old, new) in enumerate(changes):
        place = tmp_path / str(number) / kept.relative_to(VECTORS / "place")
        place.parent.mkdir(parents=True)
        place.write_text(kept.read_text())
        assert not checked(verify, VECTORS / "store", tmp_path / str(number))
        place.write_text(kept.read_text().replace(old, new))
        assert checked(verify, VECTORS / "store", tmp_path / str(number))
        place.rename(place.with_name("000000000008.checkpoint"))
        place.with_name("000000000008.checkpoint").write_text(kept.read_text())
        assert checked(verify, VECTORS / "store", tmp_path / str(number))
    (tmp_path / "empty").mkdir()
    assert checked(verify, VECTORS / "store", tmp_path / "empty")


def test_another_key_is_found(tmp_path: Path) -> None:
    for key in (ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())):
        pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / "other.pem").write_bytes(pem)
        status, found, _ = run(VECTORS / "store", key=tmp_path / "other.pem")
        assert status == BROKEN
        assert [problem["rule"] for problem in found["problems"]] == ["K1"]


@pytest.mark.parametrize(
    ("at", "last", "rule"),
    [("2026-07-15T00:00:00+00:00", 11, "C5"), ("2026-07-03T12:00:00+00:00", 3, "C1"),
     ("2026-07-12T00:00:00+00:00", 3, "C2"), ("2026-07-06T00:00:00+00:00", 11, "")],
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
        (FIRST, [], FIRST),
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


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "bundle").mkdir()
    vectors = json.loads((VECTORS / "vectors.json").read_text())
    keys = [json.loads(leaf["canonical"])["key"] for leaf in vectors["leaves"]]
    return write_bundle(tmp_path / "bundle", VECTORS / "store", keys, note_of(len(keys)), RICH, SECOND.read_bytes())


def test_a_bundle_is_intact(bundle: Path) -> None:
    for key in (FIRST, SECOND):
        status, found, _ = run(bundle, key=key)
        assert status == INTACT, found["problems"]
    assert found["checked"]["audit"] == 2
    assert found["head"]["size"] == 23
    assert found["head"]["of"].startswith(f"bundle of {RICH}, verdict ")


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
    assert any("time-stamps" in text for text in found["unchecked"])
    (bundle / "anchors/000000000024.tsr").write_bytes(b"x")
    assert about(run(bundle)[1], "anchors/000000000024.tsr")


# --- what others have published ------------------------------


def test_canonical_documents_are_read(verify: ModuleType) -> None:
    named = r'{"-":-1,"1":9007199254740991,"a":{"r":null},"b":"\u000f\n\\\"/'
    text = named + '\u20ac\x7f\U0001f600"}'
    assert verify._canonical(verify._parse(text.encode())) == text


@pytest.mark.parametrize(
    "text",
    ['{"a":1,"a":1}', '{"b":1,"a":2}', "1.0", "-0", "1e5", "01", "NaN", "Infinity", "-Infinity", "1e999", " 1", "1\n",
     '"\\ud800"', '"\\u0041"', '"\\/"', '"\\u000A"', '"\x01"', "9007199254740993", "1E400", "[1,]", "", "9" * 5000,
     '"\\u00e9"', '{"a": 1}', "\ufeff1", "1000000000000000000000", "0.10", "1.5",
     "9007199254740992", "-9007199254740992",
     '{"\u00e9":1}', "1e+5", "1E+21", "tru", "[" * 5000],
)  # fmt: skip
def test_what_is_not_canonical_is_refused(verify: ModuleType, text: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        verify._parse(text.encode())


def test_bytes_that_are_not_utf_8_are_refused(verify: ModuleType) -> None:
    for data in (b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', "1".encode("utf-32")):
        with pytest.raises(UnicodeDecodeError):
            verify._parse(data)


LEAVES = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"]


@pytest.mark.published
def test_the_tree_of_certificate_transparencys_tests(verify: ModuleType) -> None:
    """The leaves and roots of the reference implementation of RFC 6962 (merkle_tree_test)."""
    leaves = [hashlib.sha256(b"\0" + leaf).digest() for leaf in LEAVES]
    roots = {
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
        assert base64.b64decode(verify._fold(frontier(leaves[:size]))).hex() == root


@pytest.mark.published
def test_audit_paths_of_rfc_6962(verify: ModuleType) -> None:
    """Section 2.1.3: d0 of seven leaves is proved by b, h, l; d3 by c, g, l; d4 by f, j, k; d6 by i, k."""
    a, b, c, d, e, f, j = (hashlib.sha256(b"\0d%d" % n).digest() for n in range(7))
    g, h, i = node(a, b), node(c, d), node(e, f)
    k, ell = node(g, h), node(i, j)
    root = node(k, ell)
    for leaf, index, path in ((a, 0, [b, h, ell]), (d, 3, [c, g, ell]), (e, 4, [f, j, k]), (j, 6, [i, k])):
        assert verify._climb(leaf, index, 7, path) == root
        for wrong, number in ((path[:-1], index), ([*path, path[-1]], index), (path, index ^ 1), (path, index + 8)):
            assert climbs(verify, leaf, number, 7, wrong) != root
    assert climbs(verify, a, 0, 1, []) == a
    assert climbs(verify, a, 0, 0, []) is None
    assert climbs(verify, a, 1, 1, []) is None


def climbs(verify: ModuleType, leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    try:
        return bytes(verify._climb(leaf, index, size, path))
    except (ValueError, IndexError):
        return None


def test_the_vectors_signatures_of_p_256(verify: ModuleType) -> None:
    vector = json.loads((VECTORS / "vectors.json").read_text())["ecdsa"]
    key = serialization.load_der_public_key(base64.b64decode(vector["public"]))
    assert hashlib.sha256(verify._pack(key)).hexdigest() == vector["keyid"]
    for item in vector["signatures"]:
        assert verify._signed(key, base64.b64decode(item["sig"]), vector["message"].encode()) == item["valid"]
    assert verify._noted(key, vector["checkpoint"])
    assert not verify._noted(key, vector["checkpoint"].replace("\n23\n", "\n22\n"))


def test_signatures_of_p_256_have_a_small_s(verify: ModuleType) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = utils.decode_dss_signature(key.sign(b"message", ec.ECDSA(hashes.SHA256())))
    small, great = (utils.encode_dss_signature(r, value) for value in sorted((s, order - s)))
    assert verify._signed(key.public_key(), small, b"message")
    assert not verify._signed(key.public_key(), great, b"message")
    assert not verify._signed(key.public_key(), small + b"\0", b"message")
    assert not verify._signed(key.public_key(), b"", b"message")


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
    assert about(run(store)[1], "K1")


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


# --- logs and bundles of our own ------------------------------

RICH = "Kredit 100% <b>\u00fcn\u00ef/2026-06-30/day/main/2"
Key = ed25519.Ed25519PrivateKey


def canonical(value: Any) -> str:
    """Canonical enough for these documents: their names are ASCII and their numbers are integers."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def der(key: Key) -> bytes:
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pem(key: Key) -> bytes:
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_id(key: Key) -> str:
    return digest_of(der(key))


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def tree(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1."""
    half = 1 << max(len(leaves) - 1, 0).bit_length() - 1 if len(leaves) > 1 else 0
    return node(tree(leaves[:half]), tree(leaves[half:])) if half else leaves[0]


def frontier(leaves: list[bytes]) -> list[bytes]:
    largest = 1 << len(leaves).bit_length() - 1 if leaves else 0
    return [tree(leaves[:largest]), *frontier(leaves[largest:])] if leaves else []


def path_of(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1."""
    if len(leaves) <= 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return [*path_of(index, leaves[:half]), tree(leaves[half:])]
    return [*path_of(index - half, leaves[half:]), tree(leaves[:half])]


def seal(kind: str, document: dict[str, Any], key: Key) -> bytes:
    payload, kind_ = canonical(document).encode(), kind.encode()
    message = b"DSSEv1 %d %s %d %s" % (len(kind_), kind_, len(payload), payload)
    signature = {"keyid": key_id(key), "sig": b64(key.sign(message))}
    return canonical({"payload": b64(payload), "payloadType": kind, "signatures": [signature]}).encode()


def sign_note(origin: str, leaves: list[bytes], key: Key) -> str:
    text = f"{origin}\n{len(leaves)}\n{b64(tree(leaves))}\n"
    start = hashlib.sha256(origin.encode() + b"\n\1" + key.public_key().public_bytes_raw()).digest()[:4]
    return f"{text}\n\u2014 {origin} {b64(start + key.sign(text.encode()))}\n"


def write_bundle(folder: Path, store: Path, keys: list[str], note: str, report: str, public: bytes) -> Path:
    """A bundle from a store's leaves, as the format's description says."""
    model, window, audit, part, _ = report.split("/")
    leaves = [leaf_of(key, (store / key).read_bytes()) for key in keys]
    proofs, plans, wanted = {}, set[str](), []
    for key in keys:
        statement = json.loads(base64.b64decode(json.loads((store / key).read_text())["payload"]))
        body = statement["predicate"].get("body", statement["predicate"])
        kind = statement["predicateType"].split("/")[3]
        mine = {
            "audit": body.get("report", "").rpartition("/")[0] == f"{model}/{window}/{audit}/{part}",
            "key": True, "plan": (body.get("model"), body.get("window")) == (model, window),
            "erasure": body.get("model") == model, "change": body.get("model") == model,
            "void": body.get("entry") in plans,
        }  # fmt: skip
        mine |= {"decision": mine["audit"], "hold": mine["audit"]}
        if not mine.get(kind):
            continue
        plans |= {key} if kind == "plan" else set()
        index = keys.index(key)
        steps = "".join(b64(step) + "\n" for step in path_of(index, leaves))
        proofs[key] = f"c2sp.org/tlog-proof@v1\nindex {index}\n{steps}\n{note}"
        blobs = [f"blobs/sha256/{s['digest']['sha256'][:2]}/{s['digest']['sha256']}" for s in statement["subject"]]
        own = kind == "audit" and body["report"] == report
        wanted += [key, *(blob for blob in blobs if (own or kind == "plan") and (store / blob).exists())]
        if own:
            read = body["audit"].get("buildDefinition", {}).get("resolvedDependencies", [])
            (folder / "inputs.json").write_text(canonical(read))
    for path in sorted((store / "log/commits").rglob("0*")):
        commit = json.loads(base64.b64decode(json.loads(path.read_text())["payload"])) if path.is_file() else None
        if commit and any("/kind=key/" in leaf["key"] for leaf in commit["leaves"]):
            wanted.append(str(path.relative_to(store)))
    for name in wanted:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(store / name, folder / name)
    index_file = {"format": "https://retroaudit.dev/bundle/v1", "report": report, "checkpoint": note, "proofs": proofs}
    (folder / "bundle.json").write_text(canonical(index_file))
    (folder / "public.pem").write_bytes(public)
    return folder


def leaf_of(key: str, data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + canonical({"key": key, "sha256": digest_of(data)}).encode()).digest()


EARLY = "2026-07-02T00:00:00+00:00"  # when no plan of a log of our own is late


class Log:
    """A small store that a test signs itself; whatever the test wants to be wrong, it says."""

    clock = "2026-07-01T12:00:00+00:00"

    def __init__(self, folder: Path, key: Key | None = None, expires: str | None = None) -> None:
        self.folder, self.key, self.first = folder, key or Key.generate(), True
        self.last: str | None = None
        self.owner, self.keys, self.number = self.key, list[str](), 0
        self.pending = [self.change(self.key, None, expires)]

    def put(self, name: str, data: bytes) -> str:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(data)
        return name

    def entry(self, kind: str, body: dict[str, Any], names: str = "", after: int | None = None,
              key: Key | None = None, files: dict[str, bytes] | None = None) -> str:  # fmt: skip
        text = canonical(body).encode()
        middle = "".join(f"{name}={body[name]}/" for name in names.split())
        said = {"body": body, "recorded_at": self.clock}
        place = f"entries/v1/kind={kind}/{middle}{digest_of(text)}.dsse.json"
        return self.write(kind, place, said, {kind: text}, files or {}, after, key)

    def write(self, kind: str, place: str, said: dict[str, Any], own: dict[str, bytes], files: dict[str, bytes],
              after: int | None, key: Key | None) -> str:  # fmt: skip
        for data in files.values():
            self.put(f"blobs/sha256/{digest_of(data)[:2]}/{digest_of(data)}", data)
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [
                {"name": name, "digest": {"sha256": digest_of(data)}, "annotations": {"size": len(data)}}
                for name, data in sorted((own | files).items())
            ],
            "predicateType": f"https://retroaudit.dev/{kind}/v1",
            "predicate": said | {"after": self.number if after is None else after},
        }
        return self.put(place, seal("application/vnd.in-toto+json", statement, key or self.key))

    def change(self, key: Key, before: str | None, expires: str | None = None) -> str:
        text = f"retroaudit.dev/log key after {before} at {self.last}"
        possession = b64(key.sign(text.encode())) if before else None
        body = {"keyid": key_id(key), "public": b64(der(key)), "expires": expires, "by": "", "reason": "why"}
        return self.entry("key", body | {"possession": possession})

    def plan(self, plan: bytes, part: str = "p") -> str:
        body = {"model": "m", "window": "w", "audit": "k", "part": part, "plan": digest_of(plan), "as_of": None}
        return self.entry("plan", body, "model window audit part", files={"plan.json": plan})

    def report(self, rev: int, plan: bytes, others: tuple[bytes, ...] = ()) -> str:
        audit = {"plan": digest_of(plan), "other_plans": [{"plan": digest_of(other), "why": 1} for other in others]}
        said = {"report": f"m/w/k/p/{rev}", "supersedes": f"m/w/k/p/{rev - 1}" if rev > 1 else None, "run_key": {},
                "sealed_at": self.clock, "audit": audit}  # fmt: skip
        place = f"reports/v1/model=m/window=w/audit=k/part=p/rev={rev:06d}/manifest.dsse.json"
        return self.write("audit", place, said, {}, {"report.json": b"report %d" % rev}, None, None)

    def about(self, kind: str, report: str) -> str:
        more: dict[str, Any] = {"on": True} if kind == "hold" else {"decision": "accepted", "fingerprint": None}
        body: dict[str, Any] = {
            "model": "m",
            "report": report,
            "by": "",
            "reason": "why",
            "at": "2026-07-01T12:00:00+00:00",
        }
        return self.entry(kind, body | more, "model")

    def void(self, entry: str) -> str:
        body = {"entry": entry, "by": "", "reason": "why", "at": "2026-07-01T12:00:00+00:00"}
        return self.entry("void", body)

    def commit(self, *keys: str, following: Key | None = None, signer: Key | None = None) -> None:
        new = [*self.pending, *keys]
        signer, self.pending, self.keys, self.number = signer or self.key, [], self.keys + new, self.number + 1
        hashes = self.hashes()
        document = {
            "number": self.number,
            "previous": self.last,
            "leaves": [{"key": key, "sha256": digest_of((self.folder / key).read_bytes())} for key in new],
            "size": len(self.keys),
            "frontier": [value.hex() for value in frontier(hashes)],
            "time": self.clock,
            "next_key": key_id(following or self.key),
            "checkpoint": sign_note(self.origin, hashes, signer),
        }
        data = seal("application/vnd.retroaudit.commit+json", document, signer)
        self.put(f"{COMMITS}/{self.number:012d}", data)
        self.last, self.key = digest_of(data), following or self.key

    def hand_over(self, key: Key) -> None:
        self.commit(self.change(key, key_id(self.key)), following=key)

    def hashes(self) -> list[bytes]:
        return [leaf_of(key, (self.folder / key).read_bytes()) for key in self.keys]

    @property
    def origin(self) -> str:
        return f"retroaudit.dev/log/{key_id(self.owner)[:32]}"

    def bundle(self, folder: Path, report: str = "m/w/k/p/1") -> Path:
        folder.mkdir()
        note = sign_note(self.origin, self.hashes(), self.key)
        return write_bundle(folder, self.folder, self.keys, note, report, pem(self.key))


def rules_of(verify: ModuleType, log: Log, given: Key | None = None) -> tuple[set[str], set[str]]:
    """The rules that a log breaks, as a store and as a bundle of its first report."""
    keyid = key_id(given or log.owner)
    bundle = log.bundle(log.folder.parent / "own-bundle")
    found = [checked(verify, path, given=keyid, moment=EARLY) for path in (log.folder, bundle)]
    store, exported = ({problem[0] for problem in problems} for problems in found)
    return store, exported


def ordinary(log: Log) -> None:
    """A log in which all is right."""
    log.commit(log.plan(b"1"))
    log.commit(log.plan(b"2"))
    log.commit(log.report(1, b"1"))
    log.commit(log.report(2, b"2", (b"1",)), log.about("hold", "m/w/k/p/1"), log.about("decision", "m/w/k/p/1"))
    log.hand_over(Key.generate())
    log.commit(log.void(next(key for key in log.keys if "kind=plan" in key)))


def test_a_log_of_our_own_is_intact(verify: ModuleType, tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    ordinary(log)
    assert rules_of(verify, log) == (set(), set())
    assert not checked(verify, tmp_path / "log", given=key_id(log.key))  # the newest next_key counts
    assert checked(verify, tmp_path / "log", given=key_id(Key.generate()))


def broken(log: Log, rule: str) -> None:
    """Break one rule of completeness."""
    if rule == "C3 later":
        log.commit(log.report(1, b"1"))
        log.commit(log.plan(b"1"))
    elif rule == "C3 of another part":
        log.commit(log.plan(b"1", "q"))
        log.commit(log.report(1, b"1"))
    elif rule.startswith("C4"):
        log.commit(log.plan(b"2", "q" if "part" in rule else "p"))
        log.commit(*([log.void(log.keys[-1])] if "void" in rule else [log.plan(b"0")]))
        log.commit(log.plan(b"1"))
        log.commit(log.report(1, b"1", (b"0",)))
    elif rule.startswith("C6"):
        log.commit(log.plan(b"1"))
        early = log.about("hold" if "hold" in rule else "decision", "m/w/k/p/1")
        log.commit(early if "void" not in rule else log.void("entries/v1/kind=plan/none"))
        log.commit(log.report(1, b"1"))
    else:
        log.commit(log.plan(b"1"))
        log.commit(log.report(2, b"1"))
        log.commit(log.report(1, b"1"))


@pytest.mark.parametrize(
    "rule",
    ["C3 later", "C3 of another part", "C4", "C4 of another part", "C4 of a void one", "C6 decision",
     "C6 hold", "C7"],
)  # fmt: skip
def test_a_log_that_breaks_a_rule_is_found(verify: ModuleType, tmp_path: Path, rule: str) -> None:
    log = Log(tmp_path / "log")
    broken(log, rule)
    assert rules_of(verify, log) == ({rule[:2]}, {rule[:2]})


def test_a_void_of_nothing_and_of_itself_is_found(verify: ModuleType, tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    broken(log, "C6 void")
    assert {problem[0] for problem in checked(verify, log.folder, given=key_id(log.owner))} == {"C6"}


@pytest.mark.parametrize("after", [0, 1])
def test_a_retired_key_may_not_sign_what_is_held_after_the_handover(
    verify: ModuleType, tmp_path: Path, after: int
) -> None:
    log, new = Log(tmp_path / "log"), Key.generate()
    log.commit(log.plan(b"1"), log.report(1, b"1"))
    log.hand_over(new)
    body = {"model": "m", "report": "m/w/k/p/1", "on": True, "by": "", "reason": "x", "at": "2026-07-01T12:00:00+00:00"}
    log.commit(log.entry("hold", body, "model", after=1 + after, key=log.owner))
    assert rules_of(verify, log) == ({"K2"}, {"K2"})


def test_a_possession_is_of_the_log_that_the_key_takes_over(verify: ModuleType, tmp_path: Path) -> None:
    log, new = Log(tmp_path / "log"), Key.generate()
    log.commit(log.plan(b"1"), log.report(1, b"1"))
    change = log.change(new, key_id(log.key))
    log.commit(log.about("hold", "m/w/k/p/1"))
    log.commit(change, following=new)
    assert all("K1" in found for found in rules_of(verify, log))


def test_commit_1_does_not_hand_over(verify: ModuleType, tmp_path: Path) -> None:
    log, new = Log(tmp_path / "log"), Key.generate()
    log.commit(log.plan(b"1"), log.report(1, b"1"), log.change(new, key_id(log.key)), following=new)
    assert "K1" in {problem[0] for problem in checked(verify, log.folder, given=key_id(log.owner))}


@pytest.mark.parametrize(("at", "rules"), [("13:00:00", set()), ("13:00:01", {"K3"}), ("09:00:00", set())])
def test_an_entry_from_the_future_is_found(verify: ModuleType, tmp_path: Path, at: str, rules: set[str]) -> None:
    log = Log(tmp_path / "log")
    log.clock = f"2026-07-01T{at}+00:00"
    first, report = log.plan(b"1"), log.report(1, b"1")
    log.clock = "2026-07-01T12:00:00+00:00"
    log.commit(first, report)
    assert rules_of(verify, log) == (rules, set())


@pytest.mark.parametrize(
    ("expires", "rules"), [("2026-07-01T12:00:00+00:00", {"K1"}), ("2026-07-01T12:00:00.000001+00:00", set())]
)
def test_an_expired_key_is_found(verify: ModuleType, tmp_path: Path, expires: str, rules: set[str]) -> None:
    log = Log(tmp_path / "log", expires=expires)
    log.commit(log.plan(b"1"), log.report(1, b"1"))
    assert rules_of(verify, log) == (rules, set())


@pytest.mark.parametrize("more", [False, True])
def test_an_expired_key_may_sign_a_handover_alone(verify: ModuleType, tmp_path: Path, more: bool) -> None:
    log, new = Log(tmp_path / "log", expires="2026-07-01T13:00:00+00:00"), Key.generate()
    log.commit(log.plan(b"1"), log.report(1, b"1"))
    log.clock = "2026-07-01T14:00:00+00:00"
    extra = [log.about("hold", "m/w/k/p/1")] if more else []
    log.commit(log.change(new, key_id(log.key)), *extra, following=new)
    for found in rules_of(verify, log):  # a commit that hands over holds nothing else
        assert ("K1" in found) if more else not found


@pytest.mark.parametrize(
    "change",
    [{"reason": ""}, {"reason": "x" * 2001}, {"by": "x" * 201}, {"report": "x" * 901}, {"on": 1}, {"more": None}],
)
def test_a_body_out_of_its_limits_is_found(verify: ModuleType, tmp_path: Path, change: dict[str, Any]) -> None:
    log = Log(tmp_path / "log")
    body = {"model": "m", "report": "m/w/k/p/1", "on": True, "by": "", "reason": "x", "at": "2026-07-01T12:00:00+00:00"}
    log.commit(log.plan(b"1"), log.report(1, b"1"))
    log.commit(log.entry("hold", body, "model"))
    assert not checked(verify, log.folder, given=key_id(log.owner))
    log.commit(log.entry("hold", body | change, "model"))
    assert [problem[0] for problem in checked(verify, log.folder, given=key_id(log.owner))] == ["leaf"]


def test_a_plan_without_its_file_is_found(verify: ModuleType, tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    body = {"model": "m", "window": "w", "audit": "k", "part": "p", "plan": digest_of(b"1"), "as_of": None}
    for files in ({}, {"plan.json": b"2"}, {"other.json": b"1"}):
        log.pending.append(log.entry("plan", body, "model window audit part", files=files))
        log.commit(log.report(1, b"1"))
        assert "leaf" in {problem[0] for problem in checked(verify, log.folder, given=key_id(log.owner))}
        log = Log(tmp_path / f"log{len(files)}{[*files]}")


def test_a_log_without_any_plan_is_noted(verify: ModuleType, tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    log.commit(log.report(1, b"1"))
    assert rules_of(verify, log) == (set(), set())
    assert any("C3" in text for text in verify.check(log.folder, key_id(log.owner)).unchecked)


def test_an_entry_that_was_written_after_its_commit_is_found(verify: ModuleType, tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    log.number = 1
    early = log.plan(b"1")
    log.number = 0
    log.commit(early, log.report(1, b"1"))
    assert "K2" in rules_of(verify, log)[0]


def test_a_leaf_that_stands_twice_is_found(verify: ModuleType, tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    log.commit(log.plan(b"1"))
    log.commit(log.keys[-1])
    found = checked(verify, log.folder, given=key_id(log.owner), moment=EARLY)
    assert [problem[0] for problem in found] == ["leaf"]


@pytest.mark.parametrize("how", ["planted first", "planted later", "not consented", "no possession", "known", "two"])
def test_a_forged_takeover_is_found(verify: ModuleType, tmp_path: Path, how: str) -> None:
    """A forger has the owner's key entry, which is public, and keys of their own."""
    owner = serialization.load_pem_private_key((VECTORS / "keys/first.test-signing.pem").read_bytes(), None)
    assert isinstance(owner, Key)
    forger, log = Key.generate(), Log(tmp_path / "log", owner)
    if how == "planted first":  # the owner's entry is the first leaf of a log that the forger signs
        log.commit(log.plan(b"1"), log.report(1, b"1"), signer=forger)
        log.key = forger
    elif how == "planted later":
        log = Log(tmp_path / "forged", forger)
        log.put(name := Log(tmp_path / "log", owner).pending[0], (tmp_path / "log" / name).read_bytes())
        log.commit(name, log.plan(b"1"), log.report(1, b"1"))
    elif how == "not consented":  # the handover is signed by the forger
        log.commit(log.plan(b"1"), log.report(1, b"1"))
        log.commit(log.change(forger, key_id(owner)), following=forger, signer=forger)
    elif how == "no possession":
        log.commit(log.plan(b"1"), log.report(1, b"1"))
        log.commit(log.change(forger, None), following=forger)
    elif how == "known":  # a key that the log had before
        log.commit(log.plan(b"1"), log.report(1, b"1"))
        log.hand_over(forger)
        log.hand_over(owner)
    else:
        log.commit(log.plan(b"1"), log.report(1, b"1"))
        other = log.change(Key.generate(), key_id(owner))
        log.commit(other, log.change(forger, key_id(owner)), following=forger)
    for found in rules_of(verify, log, owner):
        assert "K1" in found


def test_what_does_not_belong_into_a_bundle_is_found(verify: ModuleType, tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    ordinary(log)
    bundle = log.bundle(tmp_path / "bundle")
    for name in (f"{COMMITS}/000000000002", "anchors/000000000099.tsr", "anchors/x", "more.txt", "blobs/sha256/aa/b"):
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / name).write_bytes((log.folder / COMMITS / "000000000002").read_bytes())
        assert name in {problem[1] for problem in checked(verify, bundle, given=key_id(log.owner))}
        (bundle / name).unlink()
    for name in ("README.md", "verify.py"):
        (bundle / name).write_text("for people")
    assert not checked(verify, bundle, given=key_id(log.owner))
