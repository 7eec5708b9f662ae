"""`retroaudit verify`, with all that an auditor may have at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retroaudit.ledger import anchors, checkpoint, commits
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.head import head
from retroaudit.ledger.kinds import Heartbeat
from retroaudit.ledger.seal import Sealing, seal
from retroaudit.ledger.signing import Signer, load_signer, write_keys
from retroaudit.ledger.statement import instant
from retroaudit.storage.open import open_storage
from retroaudit.storage.protocol import Storage
from tests.ledger.conftest import at, id_of, record_body, run_of
from tests.test_cli import Call

HOSTILE = "\x1b[31mlending\x07\u202e"


class Place:
    """A store with three reports, and whoever keeps it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.keys = write_keys(root / "keys")
        self.signer: Signer = load_signer(self.keys.signing)
        self.store: Storage = open_storage((root / "store").as_uri(), create=True)
        for day in (1, 2, 3):
            self.seal(day)

    def seal(self, day: int) -> None:
        files = {"report.json": b"%d" % day}
        seal(self.store, Sealing(id_of(day), files, {}, run_of(day)), self.signer, at(24 * (day - 1)))

    @property
    def words(self) -> list[object]:
        return ["verify", "--store", self.store.url, "--key", self.keys.public]

    def cut(self) -> None:
        """Cut off the last commit and everything that it brought."""
        last = commits.read(self.store, head(self.store))
        gone = (commit_key(last.body.number), *(leaf.key for leaf in last.body.leaves))
        for key in gone:
            (self.root / "store" / key).unlink()
        for path in (self.root / "store" / "log" / "tile").rglob(str(last.body.size)):
            path.unlink()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_is_intact_is_told_with_its_head_and_what_was_not_checked(call: Call, place: Place) -> None:
    code, out, _ = call(*place.words)
    assert code == 0
    assert "✓ intact  checked 3 commits, 1 entry, 3 reports, 3 files" in out
    assert f"head: 4 entries, root {commits.read(place.store, 3).note.checkpoint.root.hex()} (commit 3" in out
    assert "note: no anchor" in out
    assert "not checked: inputs" in out


def test_json_has_everything(call: Call, place: Place) -> None:
    code, out, _ = call(*place.words, "--json")
    found = json.loads(out)
    assert code == 0
    told = {"intact", "checked", "judged_at", "problems", "notes", "head", "anchors", "unchecked", "saved"}
    assert set(found) == told
    at = json.loads(call(*place.words, "--json", "--at", "2026-07-10")[1])["judged_at"]
    assert at == "2026-07-10T00:00:00+00:00"
    assert found["head"]["checkpoint"] == commits.read(place.store, 3).body.note


def test_one_report_against_a_saved_checkpoint(call: Call, place: Place, tmp_path: Path) -> None:
    saved = tmp_path / "seen"
    assert call(*place.words, "--since", saved)[0] == 0
    place.seal(4)
    code, out, _ = call(*place.words, str(id_of(2)), "--checkpoint", saved)
    assert (code, "(the given checkpoint)" in out) == (0, True)
    code, out, _ = call(*place.words, str(id_of(4)), "--checkpoint", saved)
    assert (code, "newer than the checkpoint" in out) == (3, True)


def test_since_is_created_moves_on_and_stays_where_something_is_broken(
    call: Call, place: Place, tmp_path: Path
) -> None:
    saved = tmp_path / "seen"
    code, out, _ = call(*place.words, "--since", saved)
    assert (code, "which did not exist: nothing earlier was compared" in out) == (0, True)
    assert saved.read_text() == commits.read(place.store, 3).body.note
    assert "stays: the log is as you saw it" in call(*place.words, "--since", saved)[1]
    place.seal(4)
    assert "the log goes on from the one you saw before" in call(*place.words, "--since", saved)[1]
    seen = saved.read_text()
    assert seen == commits.read(place.store, 4).body.note
    place.cut()
    code, out, _ = call(*place.words, "--since", saved)
    assert (code, "the log was longer: its end was cut off" in out) == (3, True)
    assert "stays as it was: nothing broken is saved" in out
    assert saved.read_text() == seen


def test_a_second_place_sees_what_was_cut_off(call: Call, place: Place, tmp_path: Path) -> None:
    second = open_storage((tmp_path / "second").as_uri(), create=True)
    for number in (1, 2, 3):
        anchors.publish(commits.read(place.store, number).body.note, second)
    code, out, _ = call(*place.words, "--anchors", second.url, "--at", "2026-07-10")
    assert code == 0
    assert "newest anchor: a second place of 4 of 4 leaves, 5 days old (2026-07-04T12:00:00+00:00)" in out
    place.cut()
    assert call(*place.words)[0] == 0  # the case that no log can see by itself
    assert call(*place.words, "--anchors", second.url)[0] == 3


def test_the_moment_of_judgement_is_now_unless_it_is_named(call: Call, place: Place) -> None:
    body = Heartbeat(at=instant(at(50), "at"), next=instant(at(72), "next"))
    record_body(place.store, place.signer, body, recorded_at=at(50))
    assert call(*place.words, "--at", "2026-07-05")[0] == 0
    assert call(*place.words, "--at", "2026-07-05T12:00:00Z")[0] == 0
    for words in (["--at", "2026-07-05T12:00:01Z"], []):
        code, out, _ = call(*place.words, *words)
        assert (code, "the log fell silent" in out) == (3, True)
    said = "what was due is judged as of 2026-07-05T12:00:01+00:00"
    assert said in call(*place.words, "--at", "2026-07-05T12:00:01Z")[1]


def test_a_bundle_is_no_store(call: Call, place: Place) -> None:
    (place.root / "store" / "bundle.json").write_bytes(b"{}")
    for words in ([], [str(id_of(1))]):
        code, out, _ = call(*place.words, *words)
        assert code == 3
        assert "this is a bundle of one report, or somebody put something there" in out
        assert "python verify.py . --key public.pem" in out


def test_the_log_alone(call: Call, place: Place) -> None:
    (place.root / "store" / id_of(2).manifest_key).unlink()
    code, out, _ = call(*place.words, "--log-only")
    assert code == 0
    assert "✓ intact  checked 3 commits, 4 leaves" in out
    assert "not checked: entries, reports, files" in out
    assert call(*place.words)[0] == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--at", "soon"], "--at"),
        (["--log-only", "lending/2026-07-01/day/main"], "--log-only"),
        (["--checkpoint", "seen"], "--checkpoint"),
        (["lending/2026-07-01/day/main", "--checkpoint", "absent"], "no such file"),
        (["--tsa-roots", "absent"], "certificates"),
        (["no-id"], "report id"),
    ],
)
def test_words_that_cannot_be_followed_are_refused(call: Call, place: Place, words: list[str], said: str) -> None:
    code, _, err = call(*place.words, *words)
    assert (code, said in err) == (2, True)


def test_hostile_names_are_shown_and_never_obeyed(call: Call, place: Place) -> None:
    (place.root / "store" / "log" / HOSTILE).write_bytes(b"")
    code, out, _ = call(*place.words)
    assert code == 3
    assert "\\x1b[31mlending\\x07\\u202e" in out
    assert "\x1b[31m" not in out


def test_a_saved_file_of_another_log_is_refused_and_kept(call: Call, place: Place, tmp_path: Path) -> None:
    other = Place(tmp_path / "other")
    saved = tmp_path / "seen"
    anchors.save(saved, checkpoint.parse(commits.read(other.store, 2).body.note, "note"))
    before = saved.read_bytes()
    code, out, _ = call(*place.words, "--since", saved)
    assert (code, "it is of another log" in out) == (3, True)
    assert saved.read_bytes() == before
