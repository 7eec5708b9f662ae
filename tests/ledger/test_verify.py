from __future__ import annotations

import json
import operator
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import BadInput, Fault
from retroaudit.ledger import anchors, checkpoint, commits
from retroaudit.ledger.checkpoint import Checkpoint
from retroaudit.ledger.commits import Body, Leaf
from retroaudit.ledger.coordinates import TILES, anchor_key, commit_key
from retroaudit.ledger.envelope import wrap
from retroaudit.ledger.read import reports
from retroaudit.ledger.seal import Sealing, seal
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.verify import Options, Verification, verify
from retroaudit.progress import Step
from retroaudit.storage.open import open_storage
from retroaudit.storage.protocol import WORKSHOP, ObjectInfo
from tests.ledger.conftest import NOON, Memory, at, id_of, run_of, seal_day

DAYS = 4
FLIPS = 1000
UNSEALED = Leaf(id_of(9).manifest_key, "0" * 64)


@pytest.fixture(scope="module")
def sealed(signer: Signer) -> dict[str, bytes]:
    memory = Memory()
    for day in range(1, DAYS + 1):
        seal_day(memory, signer, day, sealed_at=at(24 * (day - 1)))
    return memory.objects


@pytest.fixture
def store(sealed: dict[str, bytes]) -> Memory:
    return Memory(dict(sealed))


def _meanings(outcome: Verification) -> str:
    return "\n".join(problem.meaning for problem in outcome.problems)


def _append(store: Memory, signer: Signer, *leaves: Leaf) -> None:
    """Commit leaves, whatever they name."""
    last = commits.read(store, DAYS)
    store.objects[commit_key(DAYS + 1)] = commits.follow(last, leaves, signer, at(96))
    store.objects = {key: data for key, data in store.objects.items() if not key.startswith(TILES)}


def _signed(body: Body, signer: Signer) -> bytes:
    return wrap(commits._payload(body), commits.PAYLOAD_TYPE, signer)


def _keys(store: Memory, prefix: str) -> list[str]:
    return sorted(key for key in store.objects if key.startswith(prefix))


def test_an_untouched_store_is_intact(store: Memory, signer: Signer) -> None:
    said: list[Step] = []
    outcome = verify(store, signer.public, progress=said.append)
    assert outcome.problems == ()
    counts = {"commits": DAYS, "entries": 1, "reports": DAYS, "files": 3 * DAYS, "tiles": DAYS}
    assert dict(outcome.checked) == counts
    assert len(said) == DAYS
    summary = outcome.summary()
    assert summary["intact"] is True
    assert json.loads(json.dumps(summary)) == summary
    head = commits.read(store, DAYS)
    assert summary["head"]["checkpoint"] == head.body.note
    assert (summary["head"]["commit"], summary["head"]["size"]) == (DAYS, DAYS + 1)


def test_every_flipped_bit_is_found(sealed: dict[str, bytes], signer: Signer) -> None:
    chance = random.Random(42)  # noqa: S311  (a sample that is the same each time)
    keys = sorted(key for key, data in sealed.items() if data)
    for number in range(FLIPS):
        key = keys[number % len(keys)]  # small objects as often as large ones
        bit = chance.randrange(8 * len(sealed[key]))
        flipped = bytearray(sealed[key])
        flipped[bit // 8] ^= 1 << bit % 8
        outcome = verify(Memory({**sealed, key: bytes(flipped)}), signer.public)
        assert outcome.problems, f"bit {bit} of {key}"


def test_every_deleted_object_is_found_but_tiles(sealed: dict[str, bytes], signer: Signer) -> None:
    for gone in sorted(sealed):
        outcome = verify(Memory({key: data for key, data in sealed.items() if key != gone}), signer.public)
        assert bool(outcome.problems) == (not gone.startswith(TILES)), gone
        if gone.startswith(TILES):
            of_this_size = gone.endswith(f".p/{DAYS + 1}")
            assert any(note.startswith("1 tile is missing") for note in outcome.notes) == of_this_size


def test_every_truncated_or_lengthened_object_is_found(sealed: dict[str, bytes], signer: Signer) -> None:
    for key, data in sealed.items():
        for changed in {data[:-1], data[: len(data) // 2], b"", data + b"\n", data + data[:1]} - {data}:
            assert verify(Memory({**sealed, key: changed}), signer.public).problems, key


def test_every_swap_of_two_objects_is_found(sealed: dict[str, bytes], signer: Signer) -> None:
    keys = sorted(sealed)
    for one in keys:
        for other in keys:
            if sealed[one] != sealed[other]:
                swapped = {**sealed, one: sealed[other], other: sealed[one]}
                assert verify(Memory(swapped), signer.public).problems, (one, other)


def test_every_rename_is_found(sealed: dict[str, bytes], signer: Signer) -> None:
    for key in sorted(sealed):
        renamed = {(k + "x" if k == key else k): data for k, data in sealed.items()}
        assert verify(Memory(renamed), signer.public).problems, key


def test_a_deleted_commit_is_named(store: Memory, signer: Signer) -> None:
    when = f"deleted after {NOON.isoformat()}"
    del store.objects[commit_key(2)]
    assert f"commit 2 was {when}: commit 3 is there" in _meanings(verify(store, signer.public))
    del store.objects[commit_key(3)]
    assert f"commits 2 to 3 were {when}: commit 4 is there" in _meanings(verify(store, signer.public))


def test_a_commit_number_out_of_all_bounds_is_one_gap(store: Memory, signer: Signer) -> None:
    store.objects[commit_key(999_999_999_999)] = b"garbage"
    assert f"commits 5 to 999999999998 were deleted after {at(72).isoformat()}" in _meanings(
        verify(store, signer.public)
    )


def test_a_replaced_commit_is_named_with_the_day_after_which(store: Memory, signer: Signer) -> None:
    forged = commits.follow(commits.read(store, 1), [UNSEALED], signer, at(24))
    store.objects[commit_key(2)] = forged  # whoever does this has the key
    meanings = _meanings(verify(store, signer.public))
    assert f"commit 2 was replaced after {at(48).isoformat()}, when commit 3 was signed" in meanings


def test_a_commit_that_nobody_signed_is_named(store: Memory, signer: Signer) -> None:
    document = json.loads(store.objects[commit_key(4)])
    other = json.loads(store.objects[commit_key(3)])
    store.objects[commit_key(4)] = rfc8785.dumps({**document, "signatures": other["signatures"]})
    assert "commit 4 was replaced: nobody signed these bytes" in _meanings(verify(store, signer.public))


def test_a_replayed_commit_is_named(store: Memory, signer: Signer) -> None:
    store.objects[commit_key(5)] = store.objects[commit_key(4)]
    assert "commit 5 was replaced by a copy of commit 4" in _meanings(verify(store, signer.public))


def test_a_replayed_leaf_is_named(store: Memory, signer: Signer) -> None:
    _append(store, signer, commits.read(store, 1).body.leaves[1])
    assert "a replay" in _meanings(verify(store, signer.public))


def test_a_leaf_that_stands_twice_in_one_commit_is_named(store: Memory, signer: Signer) -> None:
    leaf = Leaf(id_of(9).manifest_key, "0" * 64)
    _append(store, signer, leaf, leaf)
    assert "a replay" in _meanings(verify(store, signer.public))


def test_a_tree_that_forgot_a_report_is_named(store: Memory, signer: Signer) -> None:
    last = commits.read(store, DAYS)
    lie = commits.parse(commits.follow(None, [UNSEALED], signer, at(96)), "lie")
    note = commits.parse(commits.follow(None, [UNSEALED], signer, at(96)), "lie").body.note
    forged = replace(lie.body, number=DAYS + 1, previous=last.sha256, note=note)
    store.objects[commit_key(DAYS + 1)] = _signed(forged, signer)
    assert "some were dropped or forged" in _meanings(verify(store, signer.public))


def test_a_log_that_lost_its_beginning_is_named(store: Memory, signer: Signer) -> None:
    moved = {commit_key(number - 1): store.objects[commit_key(number)] for number in range(2, DAYS + 1)}
    del store.objects[commit_key(DAYS)]
    outcome = verify(Memory({**store.objects, **moved}), signer.public)
    assert "commit 1 was replaced by a copy of commit 2" in _meanings(outcome)


def test_two_ledgers_in_one_place_are_named(store: Memory, signer: Signer, stranger: Signer) -> None:
    other = Memory()
    for day in range(1, DAYS + 2):
        seal_day(other, stranger, day)
    store.objects[commit_key(DAYS + 1)] = other.objects[commit_key(DAYS + 1)]
    meanings = _meanings(verify(store, signer.public))
    assert f"commit {DAYS + 1} belongs to another log: two ledgers were mixed in one place" in meanings


def test_a_ledger_inside_anothers_place_is_noted(store: Memory, signer: Signer, stranger: Signer) -> None:
    other = Memory()
    seal_day(other, stranger, 1)
    store.objects |= {f"tenant/{key}": data for key, data in other.objects.items()}
    outcome = verify(store, signer.public)
    assert outcome.problems == ()
    assert any(note.startswith("tenant/: another ledger lies here") for note in outcome.notes)


def test_a_commit_older_than_the_one_before_is_named(store: Memory, signer: Signer) -> None:
    last = commits.read(store, DAYS)
    following = commits.parse(commits.follow(last, [UNSEALED], signer, at(96)), "next").body
    store.objects[commit_key(DAYS + 1)] = _signed(replace(following, time=NOON), signer)
    assert f"commit {DAYS + 1} claims to be older than the commit before it" in _meanings(verify(store, signer.public))


def test_a_report_in_anothers_place_is_named(store: Memory, signer: Signer) -> None:
    key = id_of(9).manifest_key
    store.objects[key] = store.objects[id_of(1).manifest_key]
    _append(store, signer, Leaf(key, commits.read(store, 1).body.leaves[1].sha256))
    assert "the report lending/2026-07-01/day/main/1 was put in another's place" in _meanings(
        verify(store, signer.public)
    )


def test_a_damaged_file_is_named_once(store: Memory, signer: Signer) -> None:
    for key in _keys(store, "blobs/"):
        if store.objects[key] == b'{"day":2}':
            store.objects[key] = b'{"day":3}'
    (problem,) = verify(store, signer.public).problems
    assert problem.object == "report.json of lending/2026-07-02/day/main/1"
    assert problem.meaning == "report.json was deleted, replaced or damaged after it was sealed"


def test_the_wrong_key_is_one_problem_not_one_an_object(store: Memory, signer: Signer, stranger: Signer) -> None:
    (problem,) = verify(store, stranger.public).problems
    assert problem.object == "the log"
    assert problem.meaning.startswith(
        f"signed by key {signer.public.keyid}, not by the key given {stranger.public.keyid}"
    )


def test_a_manifest_signed_by_somebody_else_is_found(store: Memory, signer: Signer, stranger: Signer) -> None:
    elsewhere = Memory()
    receipt = seal(elsewhere, Sealing(id_of(9), {"report.json": b"{}"}, {}, run_of(9)), stranger, NOON)
    manifest = receipt.manifest_key
    blobs = {key: data for key, data in elsewhere.objects.items() if key.startswith("blobs/")}
    store.objects |= {**blobs, manifest: elsewhere.objects[manifest]}
    _append(store, signer, Leaf(manifest, receipt.manifest_sha256))
    (problem,) = verify(store, signer.public).problems
    assert problem.found == f"key {stranger.public.keyid}"


def test_nothing_checked_is_a_problem(signer: Signer) -> None:
    (problem,) = verify(Memory(), signer.public).problems
    assert (problem.expected, problem.found) == ("something to check", "nothing")


def test_what_belongs_to_nothing_is_noted(store: Memory, signer: Signer) -> None:
    for number in range(5):
        store.objects[f"blobs/sha256/00/{number}"] = b""
    store.objects["README"] = b""
    outcome = verify(store, signer.public)
    assert outcome.problems == ()
    meaning = "in no report: left over from a crash, or put there by somebody; harmless"
    assert any(note.endswith(f"and 2 more: {meaning}") for note in outcome.notes)
    assert "README: unknown to the ledger" in outcome.notes


def test_what_no_listing_shows_is_noted(tmp_path: Path, signer: Signer) -> None:
    storage = open_storage((tmp_path / "store").as_uri(), create=True)
    for day in (1, 2, 3):
        seal_day(storage, signer, day)
    hidden = open_storage((tmp_path / "store" / WORKSHOP).as_uri())
    seal_day(hidden, signer, 9)
    (tmp_path / "store" / commit_key(4)).mkdir()
    outcome = verify(storage, signer.public)
    assert (outcome.problems, outcome.checked["commits"], outcome.checked["reports"]) == ((), 3, 3)
    names = [".retroaudit/.retroaudit", ".retroaudit/blobs", ".retroaudit/entries"]  # and log, reports, the commit
    meaning = "in no listing: a write that broke off, or put there by somebody else"
    assert f"{', '.join(names)} and 3 more: {meaning}" in outcome.notes


@pytest.mark.parametrize("broken", [commit_key(2), id_of(1).manifest_key], ids=["commit", "manifest"])
def test_a_link_to_itself_is_a_problem_and_no_traceback(tmp_path: Path, signer: Signer, broken: str) -> None:
    storage = open_storage((tmp_path / "store").as_uri(), create=True)
    for day in (1, 2, 3):
        seal_day(storage, signer, day)
    path = tmp_path / "store" / broken
    path.unlink()
    path.symlink_to(path.name)
    outcome = verify(storage, signer.public)
    assert any(broken in problem.found for problem in outcome.problems)
    with pytest.raises(BadInput, match=broken):
        reports(storage)


def test_what_is_put_into_the_log_is_a_problem(store: Memory, signer: Signer) -> None:
    store.objects["log/commits/000000/README"] = b""
    assert "something was put into the log" in _meanings(verify(store, signer.public))


def _without_newest(sealed: dict[str, bytes]) -> Memory:
    """The store as it was before the last day."""
    before = commits.parse(sealed[commit_key(DAYS - 1)], "before")
    newest = commits.parse(sealed[commit_key(DAYS)], "newest")
    gone = {commit_key(DAYS), *(leaf.key for leaf in newest.body.leaves), f"{TILES}0/000.p/{newest.body.size}"}
    files = {each.sha256 for each in reports(Memory(dict(sealed)))[-1].files if each.name != "empty"}
    left = {key: data for key, data in sealed.items() if key not in gone and key.rpartition("/")[2] not in files}
    assert commits.read(Memory(left), DAYS - 1).sha256 == before.sha256
    return Memory(left)


def test_a_log_that_grows_meanwhile_is_intact(store: Memory, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listings go by name: the commit comes after commits were listed, its tile before tiles are."""
    real, grown = store.list, list(store.list())

    def listed(prefix: str = "") -> Iterator[ObjectInfo]:
        for info in grown if not prefix else real(prefix):
            if info.key.startswith(TILES) and commit_key(DAYS + 1) not in store.objects:
                seal_day(store, signer, 9, sealed_at=at(96))
                yield ObjectInfo(f"{TILES}0/000.p/{DAYS + 2}", 32 * (DAYS + 2), NOON)
            yield info

    monkeypatch.setattr(store, "list", listed)
    outcome = verify(store, signer.public)
    assert outcome.problems == ()
    assert outcome.checked["commits"] == DAYS + 1


def test_a_cut_off_tail_is_unseen(sealed: dict[str, bytes], signer: Signer) -> None:
    """The case no log can see without an anchor elsewhere: asserted, so that nobody claims it."""
    outcome = verify(_without_newest(sealed), signer.public)
    assert outcome.problems == ()
    assert any(note.startswith("no anchor: that the newest commits were cut off") for note in outcome.notes)


def test_a_cut_off_tail_contradicts_what_the_auditor_saw(sealed: dict[str, bytes], signer: Signer) -> None:
    saw = commits.parse(sealed[commit_key(DAYS)], "newest").note
    outcome = verify(_without_newest(sealed), signer.public, None, options=Options(since=saw))
    assert "the log was longer: its end was cut off" in _meanings(outcome)
    one = verify(_without_newest(sealed), signer.public, str(id_of(1)), options=Options(since=saw))
    assert "the log was longer: its end was cut off" in _meanings(one)


def test_a_cut_off_tail_contradicts_a_second_place(sealed: dict[str, bytes], signer: Signer) -> None:
    place = Memory()
    for number in range(1, DAYS + 1):
        anchors.publish(commits.parse(sealed[commit_key(number)], "commit").body.note, place)
    options = Options(anchors=place)
    outcome = verify(Memory(dict(sealed)), signer.public, options=options)
    assert outcome.problems == ()
    assert [(each.size, each.proved) for each in outcome.anchors] == [(day + 1, True) for day in range(1, DAYS + 1)]
    assert "the log was longer: its end was cut off" in _meanings(
        verify(_without_newest(sealed), signer.public, options=options)
    )
    one = verify(_without_newest(sealed), signer.public, str(id_of(1)), options=options)
    assert "the log was longer: its end was cut off" in _meanings(one)


def test_a_cut_off_tail_contradicts_a_time_stamp(sealed: dict[str, bytes], signer: Signer) -> None:
    store = _without_newest(sealed)
    store.objects[anchor_key(DAYS + 1)] = b"whatever it says, it is of a size that the log does not have"
    assert "the log was longer: its end was cut off" in _meanings(verify(store, signer.public))


def test_a_commit_cut_off_alone_is_seen_by_its_tiles(store: Memory, signer: Signer) -> None:
    del store.objects[commit_key(DAYS)]
    outcome = verify(store, signer.public)
    assert "the log was longer, and its end was cut off" in _meanings(outcome)
    assert any("a commit that was cut off" in note for note in outcome.notes)
    assert len(reports(store)) == DAYS - 1


@settings(max_examples=100)
@given(data=st.data())
def test_garbage_never_stops_the_verifier(sealed: dict[str, bytes], signer: Signer, data: st.DataObject) -> None:
    objects = dict(sealed)
    for key in data.draw(st.lists(st.sampled_from(sorted(sealed)), min_size=1, max_size=3, unique=True)):
        objects[key] = data.draw(st.binary(max_size=40).filter(partial(operator.ne, sealed[key])))
    assert verify(Memory(objects), signer.public).problems


@pytest.mark.parametrize("make", [lambda: b"[" * 100_000, lambda: b"9" * 10_000, lambda: b'{"payload":"\\ud800"}'])
def test_hostile_json_never_stops_the_verifier(store: Memory, signer: Signer, make: Callable[[], bytes]) -> None:
    for key in (commit_key(2), id_of(1).manifest_key):
        assert verify(Memory({**store.objects, key: make()}), signer.public).problems


def test_a_store_that_cannot_be_read_is_a_problem(
    store: Memory, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> bytes:
        raise BadInput(Fault("s3://bucket", "access denied", "a bucket"))

    for name in ("read", "list"):
        with monkeypatch.context() as patch:
            patch.setattr(store, name, refuse)
            outcome = verify(store, signer.public)
        assert any("access denied" in problem.found for problem in outcome.problems), name


def test_a_leaf_that_points_out_of_the_store_is_a_problem(store: Memory, signer: Signer) -> None:
    _append(store, signer, Leaf("../../etc/passwd", "0" * 64))
    assert verify(store, signer.public).problems


def test_what_somebody_put_there_is_not_taken_for_a_deletion(store: Memory, signer: Signer) -> None:
    """Who can put objects and nothing else must not be able to have the keeper accused of having taken some away."""
    planted = (commit_key(DAYS + 1), commit_key(DAYS + 7), f"{TILES}0/000.p/250", anchor_key(3), anchor_key(300))
    for key in planted:
        outcome = verify(Memory({**store.objects, key: b"garbage"}), signer.public)
        assert outcome.problems, key
        for problem in outcome.problems:
            assert "somebody put " in problem.meaning, (key, problem)


def test_foreign_notes_in_a_second_place_are_passed_over(
    sealed: dict[str, bytes], store: Memory, signer: Signer, stranger: Signer
) -> None:
    note = commits.parse(sealed[commit_key(DAYS)], "commit").note
    origin, size = note.checkpoint.origin, note.checkpoint.size
    place = Memory()
    anchors.publish(note.text, place)
    for planted in (1000, 2):  # beyond the log, and of another root
        forged = checkpoint.sign(Checkpoint(origin, planted, b"\1" * 32), stranger)
        place.objects[anchors.key(origin, planted)] = forged.encode()
    place.objects[anchors.key(origin, 3)] = b"garbage"
    place.objects[anchors.key(origin, 4)] = note.text.encode()  # moved
    outcome = verify(store, signer.public, options=Options(anchors=place))
    assert outcome.problems == ()
    assert [(each.size, each.proved) for each in outcome.anchors] == [(size, True)]
    for planted, why in (
        (1000, "no key of this log that"),
        (2, "no key of this"),
        (3, "no checkpoint"),
        (4, "no checkpoint"),
    ):
        (line,) = [line for line in outcome.notes if anchors.key(origin, planted) in line]
        assert why in line
    cut = verify(_without_newest(sealed), signer.public, options=Options(anchors=place))
    assert "the log was longer: its end was cut off" in _meanings(cut)
    del place.objects[anchors.key(origin, size)]
    assert "it is no evidence" in _meanings(verify(store, signer.public, options=Options(anchors=place)))
