"""The golden files beside FORMAT.md: made anew they are the same, and their values are recomputed by other means.

Nothing of ours computes an expected value here: json, hashlib and cryptography do, from the words of FORMAT.md.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from retroaudit.ledger.signing import load_public
from retroaudit.ledger.verify import Options, verify
from retroaudit.storage.local import LocalStorage
from tests.ledger.vectors import make

HERE = Path(make.__file__).resolve().parent
STORE = HERE / "store"
VALUES: dict[str, Any] = json.loads((HERE / "vectors.json").read_text())
COMMITS = {each["number"]: each for each in VALUES["commits"]}
LEAVES = [bytes.fromhex(each["hash"]) for each in VALUES["leaves"]]


def test_made_again_they_are_the_same_bytes(tmp_path: Path) -> None:
    make.write(tmp_path)
    there = {name: data for name, data in content(HERE).items() if not name.endswith((".py", ".pyc"))}
    assert content(tmp_path) == there
    assert len(there) > 60


def test_a_key_is_named_by_the_digest_of_its_der() -> None:
    for name in ("first", "second"):
        der = public(name).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert base64.b64decode(VALUES["keys"][name]["public"]) == der
        assert VALUES["keys"][name]["keyid"] == sha256(der)
    assert VALUES["origin"] == f"retroaudit.dev/log/{VALUES['keys']['first']['keyid'][:32]}"


def test_the_second_key_vouches_for_what_it_took_over() -> None:
    keys = {name: each["keyid"] for name, each in VALUES["keys"].items()}
    handing = next(number for number, each in COMMITS.items() if COMMITS[number + 1]["keyid"] != each["keyid"])
    before = STORE / "log/commits/000000" / f"{handing - 1:012d}"
    message = f"retroaudit.dev/log key after {keys['first']} at {sha256(before.read_bytes())}"
    assert VALUES["possession"]["message"] == message
    second = public("second")
    second.verify(base64.b64decode(VALUES["possession"]["sig"]), message.encode())  # raises where it is not signed
    (entry,) = [each for each in VALUES["entries"] if each["key"] == only_leaf(handing)]
    body = json.loads(entry["body"])
    assert (body["keyid"], body["possession"]) == (keys["second"], VALUES["possession"]["sig"])


def only_leaf(number: int) -> str:
    (key,) = [json.loads(each["canonical"])["key"] for each in VALUES["leaves"] if each["commit"] == number]
    return str(key)


def test_an_ecdsa_signature_has_one_form() -> None:
    """Verified, canonical DER, and the lower of the two values of s, which FORMAT.md demands."""
    given = VALUES["ecdsa"]
    key = load_der_public_key(base64.b64decode(given["public"]))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert given["keyid"] == sha256(base64.b64decode(given["public"]))
    for each in given["signatures"]:
        assert each["valid"] == is_lower(key, base64.b64decode(each["sig"]), given["message"].encode())
    assert [each["valid"] for each in given["signatures"]] == [True, False, False, False]
    signed, _, line = given["checkpoint"].partition("\n\n")
    found = base64.b64decode(line.split(" ")[2])
    assert found[:4].hex() == given["keyid"][:8]
    assert is_lower(key, found[4:], f"{signed}\n".encode())


def is_lower(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    r, s = decode_dss_signature(signature)
    return 2 * s < make.ORDER and encode_dss_signature(r, s) == signature


def test_text_is_encoded_as_the_page_says() -> None:
    for each in VALUES["encode"]:
        assert each["encoded"] == encoded(each["text"])
    assert {"~" in each["encoded"] for each in VALUES["encode"]} == {True, False}


@pytest.mark.parametrize("number", COMMITS)
def test_commits(number: int) -> None:
    expected = COMMITS[number]
    data = (STORE / f"log/commits/000000/{number:012d}").read_bytes()
    body = opened(data, expected["encoding"], "application/vnd.retroaudit.commit+json", expected["keyid"])
    assert sha256(data) == expected["sha256"]
    assert body["number"] == number
    assert body["previous"] == (COMMITS[number - 1]["sha256"] if number > 1 else None)
    assert body["size"] == expected["size"] == COMMITS.get(number - 1, {"size": 0})["size"] + len(body["leaves"])
    assert body["frontier"] == [each.hex() for each in frontier(LEAVES[: body["size"]])]
    assert body["next_key"] == COMMITS.get(number + 1, expected)["keyid"]
    assert body["checkpoint"] == expected["checkpoint"]
    own = [each for each in VALUES["leaves"] if each["commit"] == number]
    assert body["leaves"] == [json.loads(each["canonical"]) for each in own]


@pytest.mark.parametrize("number", COMMITS)
def test_checkpoints(number: int) -> None:
    expected = COMMITS[number]
    signed, _, signature = expected["checkpoint"].partition("\n\n")
    origin, size, root = signed.split("\n")
    assert (origin, int(size)) == (VALUES["origin"], expected["size"])
    assert base64.b64decode(root).hex() == VALUES["roots"][expected["size"]] == tree(LEAVES[: expected["size"]]).hex()
    dash, name, encoded_signature = signature.removesuffix("\n").split(" ")
    key, found = signed_with(expected["keyid"]), base64.b64decode(encoded_signature)
    assert (dash, name) == ("—", origin)
    assert found[:4] == hashlib.sha256(origin.encode() + b"\n\x01" + key.public_bytes_raw()).digest()[:4]
    key.verify(found[4:], f"{signed}\n".encode())


@pytest.mark.parametrize("index", range(len(LEAVES)))
def test_leaves_and_their_entries(index: int) -> None:
    leaf, entry = VALUES["leaves"][index], VALUES["entries"][index]
    data = (STORE / entry["key"]).read_bytes()
    assert leaf["index"] == index
    assert leaf["canonical"] == plain({"key": entry["key"], "sha256": sha256(data)})
    assert leaf["hash"] == hashlib.sha256(b"\0" + leaf["canonical"].encode()).hexdigest()
    assert VALUES["proofs"][index] == [each.hex() for each in path(index, LEAVES)]
    statement = opened(data, entry["encoding"], "application/vnd.in-toto+json")
    predicate, by = statement["predicate"], json.loads(data)["signatures"][0]["keyid"]
    assert by == COMMITS[predicate["after"] + 1]["keyid"]
    assert predicate["after"] < leaf["commit"]
    assert entry["key"] == place(statement)
    assert [each["name"] for each in statement["subject"]] == sorted(each["name"] for each in statement["subject"])
    for file in statement["subject"]:
        if file["name"] == kind(statement):
            body = plain(predicate["body"])
            assert (body, sha256(body.encode())) == (entry["body"], entry["body_sha256"])
            assert file["digest"]["sha256"] == entry["body_sha256"]
            assert file["annotations"]["size"] == len(body.encode())
        else:
            blob = (STORE / f"blobs/sha256/{file['digest']['sha256'][:2]}/{file['digest']['sha256']}").read_bytes()
            assert (sha256(blob), len(blob)) == (file["digest"]["sha256"], file["annotations"]["size"])


def test_roots_of_all_sizes() -> None:
    assert VALUES["roots"] == [tree(LEAVES[:size]).hex() for size in range(len(LEAVES) + 1)]


def test_tiles_hold_the_leaves_hashes() -> None:
    tiles = sorted((STORE / "log/tile").rglob("*.p/*"))
    assert {int(tile.name) for tile in tiles} == {each["size"] for each in COMMITS.values()}
    for tile in tiles:
        assert tile.read_bytes() == b"".join(LEAVES[: int(tile.name)])


def test_the_second_place_holds_one_of_the_checkpoints() -> None:
    (there,) = (each for each in (HERE / "place").rglob("*") if each.is_file())
    size = int(there.stem)
    (note,) = (each["checkpoint"] for each in COMMITS.values() if each["size"] == size)
    assert there.relative_to(HERE / "place") == Path(f"checkpoints/{encoded(VALUES['origin'])}/{size:012d}.checkpoint")
    assert there.read_text() == note


def test_every_kind_is_there_and_nothing_lies_outside_the_log() -> None:
    kinds = {re.split("[=/]", each["key"])[3] for each in VALUES["entries"] if each["key"].startswith("entries/")}
    rows = re.findall(
        r"^\| `([a-z]+)`", (HERE.parents[2] / "src/retroaudit/ledger/FORMAT.md").read_text(), re.MULTILINE
    )
    assert kinds == set(rows) - {"number", "previous", "leaves", "size", "frontier", "time", "checkpoint"}
    reports = [each["report"] for each in VALUES["entries"] if "report" in each]
    assert [name.rpartition("/")[2] for name in reports] == ["1", "2", "1"]
    rest = [name for name in content(STORE) if not name.startswith(("log/", "blobs/"))]
    assert sorted(rest) == sorted(each["key"] for each in VALUES["entries"])


@pytest.mark.parametrize("name", ["first", "second"])
def test_our_verifier_finds_them_intact_with_either_key(name: str) -> None:
    options = Options(at=datetime.fromisoformat(VALUES["moment"]), anchors=LocalStorage(HERE / "place"))
    found = verify(LocalStorage(STORE), load_public(HERE / "keys" / f"{name}.pem"), options=options)
    assert found.problems == ()
    assert found.checked["commits"] == len(COMMITS)
    assert found.checked["entries"] + found.checked["reports"] == len(LEAVES)


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its relative path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def plain(value: Any) -> str:
    """Canonical JSON of what has neither fractions nor names beyond the basic plane."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def encoded(text: str) -> str:
    kept = "".join(chr(b) if re.match(rb"[a-z0-9_-]", bytes([b])) else f"%{b:02x}" for b in text.encode())
    return kept if len(kept) <= 200 else f"{kept[:100]}~{sha256(text.encode())}"


def public(name: str) -> Ed25519PublicKey:
    key = load_pem_public_key((HERE / "keys" / f"{name}.pem").read_bytes())
    assert isinstance(key, Ed25519PublicKey)
    return key


def signed_with(keyid: str) -> Ed25519PublicKey:
    return public(next(name for name, key in VALUES["keys"].items() if key["keyid"] == keyid))


def opened(data: bytes, encoding: str, payload_type: str, keyid: str | None = None) -> Any:
    """An envelope's payload, its signature and forms checked."""
    envelope = json.loads(data)
    assert plain(envelope).encode() == data
    assert set(envelope) == {"payload", "payloadType", "signatures"}
    (signature,) = envelope["signatures"]
    payload = base64.b64decode(envelope["payload"], validate=True)
    signed = f"DSSEv1 {len(payload_type)} {payload_type} {len(payload)} ".encode() + payload
    assert signed == encoding.encode()
    assert signature["keyid"] == (keyid or signature["keyid"])
    signed_with(signature["keyid"]).verify(base64.b64decode(signature["sig"], validate=True), signed)
    assert plain(json.loads(payload)).encode() == payload
    return json.loads(payload)


def kind(statement: Any) -> str:
    found = re.fullmatch("https://retroaudit.dev/([a-z]+)/v1", statement["predicateType"])
    assert found
    return found[1]


def place(statement: Any) -> str:
    """Where FORMAT.md says that an entry lies."""
    predicate = statement["predicate"]
    if kind(statement) == "audit":
        model, window, audit, part, rev = (encoded(each) for each in predicate["report"].split("/"))
        return (
            f"reports/v1/model={model}/window={window}/audit={audit}/part={part}/rev={int(rev):06d}/manifest.dsse.json"
        )
    body = predicate["body"]
    about = {"plan": ["model", "window", "audit", "part"], "key": [], "store": [], "heartbeat": [], "void": []}
    fields = "".join(f"{name}={encoded(body[name])}/" for name in about.get(kind(statement), ["model"]))
    return f"entries/v1/kind={kind(statement)}/{fields}{sha256(plain(body).encode())}.dsse.json"


def tree(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1: MTH."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    k = largest(len(leaves))
    return hashlib.sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, section 2.1.1: PATH."""
    if len(leaves) == 1:
        return []
    k = largest(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), tree(leaves[k:])]
    return [*path(m - k, leaves[k:]), tree(leaves[:k])]


def frontier(leaves: list[bytes]) -> list[bytes]:
    """The trees of as many leaves as the set bits of their number say, the largest first."""
    found = []
    for bit in reversed(range(len(leaves).bit_length())):
        if len(leaves) >> bit & 1:
            start = len(leaves) >> bit + 1 << bit + 1
            found.append(tree(leaves[start : start + (1 << bit)]))
    return found


def largest(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k
