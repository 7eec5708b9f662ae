from __future__ import annotations

import json
import operator
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import BadInput, Fault
from retroaudit.ledger import commits
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.read import reports
from retroaudit.ledger.seal import seal
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.verify import Verification, verify
from retroaudit.progress import Step
from retroaudit.storage.open import open_storage
from retroaudit.storage.protocol import WORKSHOP
from tests.ledger.conftest import NOON, Memory, id_of, run_of, seal_day

DAYS = 4
FLIPS = 1000


@pytest.fixture(scope="module")
def sealed(signer: Signer) -> dict[str, bytes]:
    memory = Memory()
    for day in range(1, DAYS + 1):
        seal_day(memory, signer, day)
    return memory.objects


@pytest.fixture
def store(sealed: dict[str, bytes]) -> Memory:
    return Memory(dict(sealed))


def _meanings(outcome: Verification) -> str:
    return "\n".join(problem.meaning for problem in outcome.problems)


def _keys(store: Memory, prefix: str) -> list[str]:
    return sorted(key for key in store.objects if key.startswith(prefix))


def test_an_untouched_store_is_intact(store: Memory, signer: Signer) -> None:
    said: list[Step] = []
    outcome = verify(store, signer.public, progress=said.append)
    assert (outcome.problems, outcome.notes) == ((), ())
    assert dict(outcome.checked) == {"commits": DAYS, "reports": DAYS, "files": 3 * DAYS}
    assert len(said) == 2 * DAYS
    assert outcome.summary()["intact"] is True


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


def test_every_deleted_object_is_found_but_the_last_commit(sealed: dict[str, bytes], signer: Signer) -> None:
    for gone in sorted(sealed):
        outcome = verify(Memory({key: data for key, data in sealed.items() if key != gone}), signer.public)
        assert bool(outcome.problems) == (gone != commit_key(DAYS)), gone


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


def test_every_rename_is_found_but_the_last_commits(sealed: dict[str, bytes], signer: Signer) -> None:
    for key in sorted(sealed):
        renamed = {(k + "x" if k == key else k): data for k, data in sealed.items()}
        assert verify(Memory(renamed), signer.public).problems, key


def test_a_deleted_commit_is_named(store: Memory, signer: Signer) -> None:
    del store.objects[commit_key(2)]
    assert "commit 2 was deleted: commit 3 is there" in _meanings(verify(store, signer.public))
    del store.objects[commit_key(3)]
    assert "commits 2 to 3 were deleted: commit 4 is there" in _meanings(verify(store, signer.public))


def test_a_commit_number_out_of_all_bounds_is_one_gap(store: Memory, signer: Signer) -> None:
    store.objects[commit_key(999_999_999_999)] = b"garbage"
    assert "commits 5 to 999999999998 were deleted" in _meanings(verify(store, signer.public))


def test_a_replaced_commit_is_named(store: Memory, signer: Signer) -> None:
    before = commits.read(store, 1)
    forged = commits.follow(before, (commits.Leaf(id_of(9).manifest_key, "0" * 64),), before.body.origin)
    store.objects[commit_key(2)] = commits.sign(forged, signer)  # whoever does this has the key
    assert "commit 2 was replaced after commit 3 was signed" in _meanings(verify(store, signer.public))


def test_a_commit_that_nobody_signed_is_named(store: Memory, signer: Signer) -> None:
    document = json.loads(store.objects[commit_key(4)])
    other = json.loads(store.objects[commit_key(3)])
    store.objects[commit_key(4)] = rfc8785.dumps({**document, "signatures": other["signatures"]})
    assert "commit 4 was replaced: nobody signed these bytes" in _meanings(verify(store, signer.public))


def test_a_replayed_commit_is_named(store: Memory, signer: Signer) -> None:
    store.objects[commit_key(5)] = store.objects[commit_key(4)]
    assert "commit 5 was replaced by a copy of commit 4" in _meanings(verify(store, signer.public))


def test_a_replayed_leaf_is_named(store: Memory, signer: Signer) -> None:
    head = commits.read(store, DAYS)
    commits.append(store, commits.read(store, 1).body.leaves[0], signer, head)
    assert "a replay" in _meanings(verify(store, signer.public))


def test_a_tree_that_forgot_a_report_is_named(store: Memory, signer: Signer) -> None:
    head = commits.read(store, DAYS)
    honest = commits.follow(head, (commits.Leaf(id_of(9).manifest_key, "0" * 64),), head.body.origin)
    lie = commits.follow(None, honest.leaves, head.body.origin)
    forged = commits.Body(honest.number, honest.previous, honest.leaves, lie.size, lie.frontier, honest.origin)
    store.objects[commit_key(honest.number)] = commits.sign(forged, signer)
    assert "reports were dropped or forged" in _meanings(verify(store, signer.public))


def test_a_log_that_lost_its_beginning_is_named(store: Memory, signer: Signer) -> None:
    moved = {commit_key(number - 1): store.objects[commit_key(number)] for number in range(2, DAYS + 1)}
    del store.objects[commit_key(DAYS)]
    assert "commit 1 is not the first" in _meanings(verify(Memory({**store.objects, **moved}), signer.public))


def test_the_log_of_another_store_is_named(store: Memory, signer: Signer) -> None:
    other = commits.follow(commits.read(store, DAYS), (commits.Leaf("x", "0" * 64),), "elsewhere.example")
    store.objects[commit_key(DAYS + 1)] = commits.sign(other, signer)
    assert "belongs to another log" in _meanings(verify(store, signer.public))


def test_a_report_in_anothers_place_is_named(store: Memory, signer: Signer) -> None:
    key = id_of(9).manifest_key
    store.objects[key] = store.objects[id_of(1).manifest_key]
    leaf = commits.Leaf(key, commits.read(store, 1).body.leaves[0].sha256)
    commits.append(store, leaf, signer, commits.read(store, DAYS))
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
    assert problem.object == f"commit 1 and {2 * DAYS - 1} more"
    assert problem.meaning.startswith(
        f"signed by key {signer.public.keyid}, not by the key given {stranger.public.keyid}"
    )


def test_a_manifest_signed_by_somebody_else_is_found(store: Memory, signer: Signer, stranger: Signer) -> None:
    elsewhere = Memory()
    receipt = seal(elsewhere, id_of(9), {"report.json": b"{}"}, {}, run_of(9), stranger, sealed_at=NOON)
    store.objects |= {key: data for key, data in elsewhere.objects.items() if not key.startswith("log/")}
    commits.append(
        store, commits.Leaf(receipt.manifest_key, receipt.manifest_sha256), signer, commits.read(store, DAYS)
    )
    (problem,) = verify(store, signer.public).problems
    assert problem.found == f"key {stranger.public.keyid}"


def test_nothing_checked_is_a_problem(signer: Signer) -> None:
    (problem,) = verify(Memory(), signer.public).problems
    assert (problem.expected, problem.found) == ("something to check", "nothing")


def test_one_report_is_checked_alone_with_the_whole_log(store: Memory, signer: Signer) -> None:
    for key in _keys(store, "blobs/"):
        if store.objects[key] == b'{"day":2}':
            del store.objects[key]
    assert verify(store, signer.public, str(id_of(2))).problems
    for text in (str(id_of(1)), "lending/2026-07-01/day/main"):
        outcome = verify(store, signer.public, text)
        assert (outcome.problems, dict(outcome.checked)) == ((), {"commits": DAYS, "reports": 1, "files": 3})
    del store.objects[commit_key(2)]
    assert verify(store, signer.public, str(id_of(1))).problems


def test_the_newest_revision_is_what_an_id_without_one_means(store: Memory, signer: Signer) -> None:
    seal_day(store, signer, 1, rev=2, spec="b")
    del store.objects[id_of(1).manifest_key]
    assert not verify(store, signer.public, "lending/2026-07-01/day/main").problems


def test_a_report_that_is_not_in_the_log_is_a_problem(store: Memory, signer: Signer) -> None:
    assert "no such report is in the log" in _meanings(verify(store, signer.public, "lending/2026-07-09/day/main/1"))
    with pytest.raises(BadInput):
        verify(store, signer.public, "lending")


def test_what_belongs_to_nothing_is_noted(store: Memory, signer: Signer) -> None:
    for number in range(5):
        store.objects[f"blobs/sha256/00/{number}"] = b""
    store.objects["README"] = b""
    outcome = verify(store, signer.public)
    assert outcome.problems == ()
    orphans, strangers = outcome.notes
    assert orphans.endswith("and 2 more: in no report: left over from a crash, harmless")
    assert strangers == "README: unknown to the ledger"


def test_what_no_listing_shows_is_noted(tmp_path: Path, signer: Signer) -> None:
    storage = open_storage((tmp_path / "store").as_uri(), create=True)
    for day in (1, 2, 3):
        seal_day(storage, signer, day)
    hidden = open_storage((tmp_path / "store" / WORKSHOP).as_uri())
    seal_day(hidden, signer, 9)
    (tmp_path / "store" / commit_key(4)).mkdir()
    outcome = verify(storage, signer.public)
    assert (outcome.problems, dict(outcome.checked)) == ((), {"commits": 3, "reports": 3, "files": 9})
    names = [".retroaudit/.retroaudit", ".retroaudit/blobs", ".retroaudit/log"]  # and .retroaudit/reports, the commit
    meaning = "in no listing: a write that broke off, or put there by somebody else"
    assert outcome.notes == (f"{', '.join(names)} and 2 more: {meaning}",)


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


def test_a_cut_off_tail_is_unseen(sealed: dict[str, bytes], signer: Signer) -> None:
    """The case no log can see without an anchor elsewhere: asserted, so that nobody claims it."""
    shorter = Memory()
    for day in range(1, DAYS):
        seal_day(shorter, signer, day)
    assert shorter.objects.items() < sealed.items()
    outcome = verify(shorter, signer.public)
    assert (outcome.problems, outcome.notes) == ((), ())


def test_a_commit_cut_off_alone_looks_like_a_crash(store: Memory, signer: Signer) -> None:
    del store.objects[commit_key(DAYS)]
    outcome = verify(store, signer.public)
    assert outcome.problems == ()
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

    for name in ("read", "head", "list"):
        with monkeypatch.context() as patch:
            patch.setattr(store, name, refuse)
            outcome = verify(store, signer.public)
        assert any("access denied" in problem.found for problem in outcome.problems), name


def test_a_leaf_that_points_out_of_the_store_is_a_problem(store: Memory, signer: Signer) -> None:
    commits.append(store, commits.Leaf("../../etc/passwd", "0" * 64), signer, commits.read(store, DAYS))
    assert verify(store, signer.public).problems
