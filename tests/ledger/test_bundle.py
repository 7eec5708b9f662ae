"""Bundles: what is in them, that they prove themselves, and that nothing false is handed on."""

from __future__ import annotations

import base64
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt  # rich brings it

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger import entries
from retroaudit.ledger._evidence import Evidence, gather
from retroaudit.ledger._standing import Log
from retroaudit.ledger.bundle import _anchors, bundle, verifier
from retroaudit.ledger.coordinates import ReportId, blob_key
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.kinds import Plan
from retroaudit.ledger.packing import pack
from retroaudit.ledger.recording import record, rotate
from retroaudit.ledger.seal import seal_all
from retroaudit.ledger.signing import PublicKey, Signer, load_public, load_signer
from tests.ledger.conftest import Memory, at, beat, id_of, record_body
from tests.ledger.vectors import make, story
from tests.ledger.vectors.story import AWKWARD, LONG, PART

HERE = Path(make.__file__).parent
VALUES: dict[str, Any] = json.loads((HERE / "vectors.json").read_text())
MAIN = f"{AWKWARD}/2026-06-30/day/main"
WEEKLY = f"{LONG}/2026-06-29_2026-07-05/week/{PART}/1"
BESIDE = {"README.md", "bundle.json", "inputs.json", "public.pem", "verify.py"}


@pytest.fixture
def store() -> Memory:
    """The test vectors' store, in memory."""
    folder = HERE / "store"
    files = (path for path in folder.rglob("*") if path.is_file())
    return Memory({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})


@pytest.fixture
def key() -> PublicKey:
    return load_public(HERE / "keys" / "first.pem")


def test_it_holds_what_the_format_says_and_the_stores_own_bytes(store: Memory, key: PublicKey) -> None:
    made = bundle(store, MAIN, key)
    voided = [each["key"] for each in VALUES["entries"] if "withdrawn" in each.get("body", "")]
    mine = ("reports/", "change/", "decision/", "erasure/", "hold/", "plan/")
    expected = [
        each["key"]
        for each in VALUES["entries"]
        if each["key"].startswith("entries/v1/kind=key/")
        or ("model=%4bredit" in each["key"] and each["key"].replace("entries/v1/kind=", "").startswith(mine))
    ]
    assert len(voided) == 1
    assert sorted(name for name in made if name.startswith(("reports/", "entries/"))) == sorted(expected + voided)
    assert {name for name in made if "/" not in name} == BESIDE
    kept = {name: data for name, data in made.items() if name not in BESIDE}
    assert kept == {name: store.objects[name] for name in kept}
    assert len([name for name in kept if name.startswith("blobs/")]) == 3 + 3 + 1  # files, plans, their one spec
    assert made["public.pem"] == (HERE / "keys" / "second.pem").read_bytes()
    assert made["verify.py"] == verifier()


def test_proofs_are_those_that_the_vectors_name(store: Memory, key: PublicKey) -> None:
    """The vectors' proofs are RFC 6962's PATH by its recursive definition: tests/ledger/test_vectors.py."""
    made = bundle(store, MAIN, key)
    document = json.loads(made["bundle.json"])
    note = VALUES["commits"][-1]["checkpoint"]
    assert set(document) == {"format", "report", "checkpoint", "proofs"}
    assert (document["format"], document["report"]) == ("https://retroaudit.dev/bundle/v1", f"{MAIN}/2")
    assert document["checkpoint"] == note
    assert set(document["proofs"]) == {name for name in made if name.startswith(("reports/", "entries/"))}
    places = {each["key"]: index for index, each in enumerate(VALUES["entries"])}
    for name, proof in document["proofs"].items():
        index = places[name]
        hashes = "".join(base64.b64encode(bytes.fromhex(each)).decode() + "\n" for each in VALUES["proofs"][index])
        assert proof == f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n{note}"


def test_inputs_are_the_manifests(store: Memory, key: PublicKey) -> None:
    made = bundle(store, f"{MAIN}/1", key)
    (name,) = (name for name in made if name.endswith("rev=000001/manifest.dsse.json"))
    statement = json.loads(base64.b64decode(json.loads(made[name])["payload"]))
    assert (
        json.loads(made["inputs.json"]) == (statement["predicate"]["audit"]["buildDefinition"]["resolvedDependencies"])
    )


def test_the_page_tells_the_history_and_what_became_of_every_plan(store: Memory, key: PublicKey) -> None:
    page = bundle(store, f"{MAIN}/1", key)["README.md"].decode()
    assert "revision 2 has taken its place" in page
    assert "under legal hold" in page
    assert re.search(r"drift psi amount: passed → failed", page)
    assert "changed: inputs, plan; explained by erasure" in page
    fates = re.findall(r"^\| `[0-9a-f]{12}` \| .* \| ([^|]*) \|$", page, re.MULTILINE)
    assert [fate.split(" ")[0] for fate in fates] == ["report", "void:", "report"]
    assert VALUES["keys"]["second"]["keyid"] in page


def test_text_from_data_is_no_markup(store: Memory, key: PublicKey) -> None:
    html = (
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .render(bundle(store, MAIN, key)["README.md"].decode())
    )
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= {
        *("h1", "h2", "p", "em", "strong", "code", "pre", "ul", "li"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert "[see](https://example.com) &lt;script&gt;alert(1)&lt;/script&gt; | `x`" in html
    assert "ticket #17: a person's right to erasure" in html


def test_a_plan_that_nothing_closed_is_open(store: Memory, key: PublicKey, second: Signer) -> None:
    planned = story.plan(id_of(1), None)
    body = planned.entry.body.model_dump() | {"model": AWKWARD, "window": "2026-06-30"}
    entry = Entry(Plan(**body), planned.entry.files)
    files = {file.sha256: planned.files[file.name] for file in entry.files}
    record(store, [entry], files, second, story.moment(7))
    assert "**open**" in bundle(store, MAIN, key)["README.md"].decode()


@pytest.fixture
def second() -> Signer:
    return load_signer(HERE / "keys" / "second.test-signing.pem")


@pytest.fixture
def first() -> Signer:
    return load_signer(HERE / "keys" / "first.test-signing.pem")


def test_the_log_may_grow_without_more_to_read(memory: Memory, first: Signer) -> None:
    """Ten times the log: a few steps more in finding its end, and tiles; nothing is read along it."""
    report = begun(memory, first)
    requests = []
    for first_hour, last_hour in ((2, 22), (22, 222)):
        for hour in range(first_hour, last_hour):
            record_body(memory, first, beat(hour), recorded_at=at(hour))
        memory.asked.clear()
        bundle(memory, report, first.public)
        requests.append(len(memory.asked))
    assert requests[1] <= requests[0] + 30


def begun(storage: Memory, signer: Signer) -> str:
    """A log with a plan and its report."""
    planned = story.plan(id_of(1), None)
    files = {file.sha256: planned.files[file.name] for file in planned.entry.files}
    record(storage, [planned.entry], files, signer, at(0))
    sealing = story.audit(id_of(1), planned, [], 1, rows=1)
    seal_all(storage, [sealing], signer, at(1))
    return str(id_of(1))


def test_no_checkpoint_is_the_handing_over_ones(memory: Memory, first: Signer, second: Signer) -> None:
    """Its key is not the last that the log names, and the bundle's checkpoint must be the last one's."""
    report = begun(memory, first)
    rotate(memory, first, second, "me", "yearly", None, at(2))
    before = bundle(memory, report, first.public)
    assert before["public.pem"] == first.public.pem
    assert json.loads(before["bundle.json"])["checkpoint"].split("\n")[1] == "3"
    assert sum(name.startswith("entries/v1/kind=key/") for name in before) == 1
    record_body(memory, second, beat(3), recorded_at=at(3))
    after = bundle(memory, report, first.public)
    assert after["public.pem"] == second.public.pem
    assert json.loads(after["bundle.json"])["checkpoint"].split("\n")[1] == "5"
    assert sum(name.startswith("entries/v1/kind=key/") for name in after) == 2


def test_what_no_commit_names_is_left_out(store: Memory, key: PublicKey, second: Signer, stranger: Signer) -> None:
    expected = bundle(store, MAIN, key)
    body = story.erasure(id_of(1)).model_copy(update={"model": AWKWARD, "at": story.text(8)})
    crashed = Entry(body)
    store.objects[crashed.key] = entries.sign(Recorded(crashed, at(0), 11), second)
    assert bundle(store, MAIN, key) == expected

    about = evidence(store)
    for kind in ("key", "void", "plan/model=%4bredit%20100%25%20%3cb%3e%c3%bcn%c3%af/window=2026-06-30/audit=x/part=y"):
        store.objects[f"entries/v1/kind={kind}/{'0' * 64}.dsse.json"] = b"garbage"
    foreign = Entry(beat(0))
    store.objects[foreign.key.replace("heartbeat", "key")] = entries.sign(Recorded(foreign, at(0), 10**6), stranger)
    assert evidence(store) == about


def evidence(store: Memory) -> Evidence:
    return gather(Log(store), ReportId.parse(f"{MAIN}/2"))


def test_an_entry_that_another_took_the_place_of_is_not_passed_over(
    store: Memory, key: PublicKey, stranger: Signer
) -> None:
    name = next(name for name in store.objects if "kind=plan" in name and "%4bredit" in name)
    recorded, _ = entries.parse(store.objects[name], name)
    store.objects[name] = entries.sign(Recorded(recorded.entry, at(0), 10**6), stranger)
    with pytest.raises(IntegrityBroken):
        bundle(store, MAIN, key)


@pytest.mark.parametrize("kind", ["decision", "erasure", "void", "change", "hold", "key"])
def test_an_entry_with_other_bytes_is_refused(store: Memory, key: PublicKey, kind: str) -> None:
    for name in [name for name in store.objects if f"kind={kind}/" in name]:
        store.objects[name] += b" "
    with pytest.raises(IntegrityBroken):
        bundle(store, MAIN, key)


@pytest.mark.parametrize("spoil", [b"", b"other bytes"])
def test_a_file_with_other_bytes_is_refused(store: Memory, key: PublicKey, spoil: bytes) -> None:
    made = bundle(store, MAIN, key)
    blobs = [name for name in made if name.startswith("blobs/")]
    for name in blobs:
        kept, store.objects[name] = store.objects[name], spoil
        with pytest.raises(IntegrityBroken):
            bundle(store, MAIN, key)
        store.objects[name] = kept


def test_another_key_is_refused(store: Memory, stranger: Signer) -> None:
    with pytest.raises(IntegrityBroken):
        bundle(store, MAIN, stranger.public)


def test_a_report_that_is_not_there(store: Memory, key: PublicKey) -> None:
    with pytest.raises(BadInput, match="no such report"):
        bundle(store, f"{MAIN}/3", key)


def test_without_tiles_proofs_are_made_of_commits(store: Memory, key: PublicKey) -> None:
    expected = bundle(store, MAIN, key)
    store.objects = {name: data for name, data in store.objects.items() if not name.startswith("log/tile/")}
    assert bundle(store, MAIN, key) == expected


def test_a_false_tile_makes_no_bundle(store: Memory, key: PublicKey) -> None:
    name = "log/tile/0/000.p/23"
    store.objects[name] = bytes(len(store.objects[name]))
    with pytest.raises(IntegrityBroken):
        bundle(store, MAIN, key)


def test_time_stamps_up_to_the_checkpoint_go_with_it(store: Memory, key: PublicKey) -> None:
    before = bundle(store, MAIN, key)
    sizes = {"000000000009.tsr": True, "000000000023.tsr": True, "000000000024.tsr": False}
    for name in (*sizes, "9.tsr", "00000000009x.tsr", "٠٠٠٠٠٠٠٠٠٠٠٩.tsr"):
        store.objects[f"log/anchors/{name}"] = name.encode()
    found = dict(_anchors(store, 23))
    assert found == {f"anchors/{name}": name.encode() for name, wanted in sizes.items() if wanted}
    assert not [name for name in before if name.startswith("anchors/")]


# What its receiver does: the stand-alone verifier, in a process that imports nothing of ours.


def ask(folder: Path, key: Path, asked: Path | None = None) -> tuple[int, str]:
    """Its exit code and words; `asked` is what it looks at, if not its own folder."""
    words = [sys.executable, "-I", str(folder / "verify.py"), str(asked or folder), "--key", str(key)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def packed(store: Memory, key: PublicKey, tmp_path: Path) -> Path:
    pack(bundle(store, MAIN, key), tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.mark.parametrize("report", [f"{MAIN}/1", f"{MAIN}/2", WEEKLY])
@pytest.mark.parametrize("name", ["first", "second"])
def test_its_verifier_finds_it_intact(store: Memory, key: PublicKey, tmp_path: Path, report: str, name: str) -> None:
    pack(bundle(store, report, key), tmp_path / "bundle")
    code, said = ask(tmp_path / "bundle", HERE / "keys" / f"{name}.pem")
    assert code == 0, said


def test_its_verifier_refuses_a_key_that_is_not_the_logs(packed: Path, keys: Path) -> None:
    code, said = ask(packed, keys / "public.pem")
    assert code != 0, said


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
def test_its_verifier_finds_every_flipped_bit_and_missing_file(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight places of every file; README.md is for people alone and may differ, and so may white space of a PEM."""
    broken = asked_here(packed, monkeypatch)
    unseen = []
    for name in sorted({*files_of(packed)} - {"README.md", "verify.py"}):
        path = packed / name
        data = path.read_bytes()
        for place in sorted({*range(0, len(data), -(-len(data) // 8)), len(data) - 1}):
            path.write_bytes(flipped(data, place))
            if not broken() and (name, data[place]) != ("public.pem", ord("\n")):
                unseen.append(f"{name} at {place}")
        path.unlink()
        if not broken():
            unseen.append(f"{name} gone")
        path.write_bytes(data)
    assert unseen == []
    assert not broken()


def asked_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Whether the bundle's own verifier finds it broken, asked in this process: hundreds of times in seconds."""
    spec = importlib.util.spec_from_file_location("standing_alone", folder / "verify.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "standing_alone", module)
    spec.loader.exec_module(module)
    given = load_public(HERE / "keys" / "first.pem").keyid
    return lambda: bool(module.check(folder, given).problems)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def _another_proof(document: dict[str, Any]) -> None:
    first, second, *_ = sorted(document["proofs"])
    document["proofs"][first], document["proofs"][second] = document["proofs"][second], document["proofs"][first]


def _another_report(document: dict[str, Any]) -> None:
    document["report"] = f"{MAIN}/1"


def _another_checkpoint(document: dict[str, Any]) -> None:
    document["checkpoint"] = VALUES["commits"][-2]["checkpoint"]


def _one_proof_less(document: dict[str, Any]) -> None:
    del document["proofs"][min(document["proofs"])]


def _one_member_more(document: dict[str, Any]) -> None:
    document["more"] = None


@pytest.mark.parametrize(
    "change", [_another_proof, _another_report, _another_checkpoint, _one_proof_less, _one_member_more]
)
def test_its_verifier_finds_a_false_index(packed: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = packed / "bundle.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    code, said = ask(packed, HERE / "keys" / "first.pem")
    assert code != 0, said


def test_its_verifier_finds_a_revision_left_out_with_its_proof(packed: Path) -> None:
    """Revisions are 1, 2, … [C7]."""
    path = packed / "bundle.json"
    document = json.loads(path.read_text())
    for name in [name for name in document["proofs"] if "rev=000001" in name]:
        left = {**document, "proofs": {key: proof for key, proof in document["proofs"].items() if key != name}}
        _leave_out(packed, name, path, left)
        code, said = ask(packed, HERE / "keys" / "first.pem")
        assert code != 0, said


def _leave_out(folder: Path, name: str, path: Path, document: Mapping[str, Any]) -> None:
    (folder / name).unlink()
    path.write_text(json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def test_two_manifests_that_change_places_are_found(packed: Path) -> None:
    first, second = (packed / name for name in files_of(packed) if name.endswith("manifest.dsse.json"))
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)
    code, said = ask(packed, HERE / "keys" / "first.pem")
    assert code != 0, said


def test_blobs_lie_where_their_hashes_say(packed: Path) -> None:
    for name in (name for name in files_of(packed) if name.startswith("blobs/")):
        assert name == blob_key(name.rpartition("/")[2])
