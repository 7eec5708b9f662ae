"""`review sample`, `show` and `erase`: no row on the terminal, nothing gone unless it is said twice."""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from retroaudit.ledger.read import logged
from tests.test_cli import Call
from tests.test_measuring import DAYS, LABELLED
from tests.world import World

pytestmark = pytest.mark.slow

ID = f"model/{DAYS[0]}/day/main"
DOCUMENT = {**LABELLED, "privacy": {"values": "masked"}}


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a salt nor a place of this machine's environment is meant."""
    for name in ("RETROAUDIT_REVIEW", "RETROAUDIT_REVIEW_SALT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def place(filled: World, options: dict[str, str]) -> Path:
    """The review place, to be made; the day is audited, and a salt is there."""
    filled.audit(DOCUMENT, DAYS[0])
    (filled.root / "salt").write_text("0123456789abcdef\n")
    options["review"] = f"--review={(filled.root / 'review').as_uri()}"
    options["salt"] = f"--salt={filled.root / 'salt'}"
    return filled.root / "review"


@pytest.fixture
def words(place: Path, options: dict[str, str]) -> list[str]:
    """The words of a sample of 30 rows."""
    assert place
    return ["review", "sample", ID, *options.values(), "--rows=30"]


def printed(call: Call, *words: object) -> dict[str, Any]:
    code, out, err = call(*words, "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def files(place: Path) -> set[Path]:
    return {path for path in place.rglob("*") if path.is_file()}


def drawn(place: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in place.rglob("*.jsonl") for line in path.read_text().splitlines()]


def test_a_sample_is_drawn_once_and_told_without_a_row(call: Call, words: list[str], place: Path) -> None:
    code, out, _ = call(*words)
    assert code == 0
    assert "masked" in out
    first = {path: path.read_bytes() for path in files(place)}
    assert len(first) == 2
    rows = drawn(place)
    assert len(rows) == 30
    found = printed(call, *words)
    assert {path: path.read_bytes() for path in files(place)} == first
    assert (place / f"{found['key']}.jsonl").read_text().count("\n") == 30
    for text in (out, json.dumps(found)):
        assert not any(row["ref"] in text for row in rows)
        assert "0123456789abcdef" not in text


def test_the_salt_may_come_from_the_environment(
    call: Call, words: list[str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = printed(call, *words)
    monkeypatch.setenv("RETROAUDIT_REVIEW_SALT", "0123456789abcdef")
    assert printed(call, *(word for word in words if "--salt" not in word)) == found
    assert len(files(place)) == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--salt=/nowhere"], "a file that can be read"),
        (["--rows=0", "--failing=0"], "above 0"),
        (["--full"], "privacy.values: masked"),
    ],
)
def test_wrong_words_are_bad_input(call: Call, words: list[str], place: Path, more: list[str], said: str) -> None:
    code, _, err = call(*words, *more)
    assert code == 2
    assert said in err
    assert not place.exists()


def test_without_a_salt_nothing_is_read(call: Call, words: list[str], place: Path) -> None:
    code, _, err = call(*(word for word in words if "--salt" not in word))
    assert code == 2
    assert "RETROAUDIT_REVIEW_SALT" in err
    assert not place.exists()


@pytest.mark.parametrize("inside", ["store", "archive", "states"])
def test_samples_are_no_part_of_what_is_sealed_or_read(
    call: Call, words: list[str], options: dict[str, str], inside: str
) -> None:
    other = options[inside].removeprefix(f"--{inside}=")
    code, _, err = call(*words, f"--review={other}/review")
    assert code == 2
    assert "a place of its own" in err


def test_show_lists_what_is_there(call: Call, words: list[str], options: dict[str, str], place: Path) -> None:
    key = printed(call, *words)["key"]
    (sample,) = printed(call, "review", "show", options["review"])["samples"]
    assert (sample["key"], sample["report"], sample["masking"], sample["rows"]) == (key, f"{ID}/1", "masked", 30)
    assert sample["size"] == sum(path.stat().st_size for path in files(place))
    _, out, _ = call("review", "show", options["review"])
    assert "1 sample" in out
    assert f"{ID}/1" in out


@pytest.mark.parametrize("which", [[ID], [f"{ID}/1"], ["--model=model"], ["--older-than=0d"]])
def test_erase_is_dry_unless_said_twice(
    call: Call, words: list[str], options: dict[str, str], place: Path, which: list[str]
) -> None:
    call(*words)
    before = files(place)
    erase = ["review", "erase", *which, options["review"]]
    code, out, _ = call(*erase)
    assert code == 0
    assert "dry run" in out
    assert "30 rows in 1 sample would go" in out
    assert files(place) == before
    assert printed(call, *erase, "--yes")["erased"] is True
    assert files(place) == set()
    assert "nothing to remove" in call(*erase, "--yes")[1]


@pytest.mark.parametrize("which", [[f"{ID}/2"], ["--model=mod"], [ID, "--older-than=1d"]])
def test_what_is_not_meant_stays(
    call: Call, words: list[str], options: dict[str, str], place: Path, which: list[str]
) -> None:
    call(*words)
    assert printed(call, "review", "erase", *which, options["review"], "--yes")["samples"] == []
    assert len(files(place)) == 2


def test_one_person_goes_and_the_others_stay(
    call: Call, words: list[str], options: dict[str, str], place: Path
) -> None:
    call(*words)
    before = drawn(place)
    ref = before[7]["ref"]
    erase = ["review", "erase", f"--ref={ref}", options["review"]]
    assert "1 rows in 1 sample would go" in call(*erase)[1]
    assert drawn(place) == before
    (gone,) = printed(call, *erase, "--yes")["samples"]
    assert gone["rows"] == 1
    assert drawn(place) == [row for row in before if row["ref"] != ref]
    assert not any(ref.encode() in path.read_bytes() for path in files(place))


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ([], "--older-than or --ref"),
        ([ID, "--model=model"], "one of them"),
        (["--ref=nobody"], "32 hex digits"),
        (["--older-than=1y"], "a duration"),
        (["a/b"], "model/window/kind/part"),
    ],
)
def test_wrong_choices_are_bad_input(
    call: Call, words: list[str], options: dict[str, str], place: Path, which: list[str], said: str
) -> None:
    call(*words)
    code, _, err = call("review", "erase", *which, options["review"], "--yes")
    assert code == 2
    assert said in err
    assert len(files(place)) == 2


SAID = ("--by=D. Protection", "--reason=request 815")


@pytest.fixture
def key(filled: World, words: list[str]) -> str:
    assert words
    return f"--key={filled.root / 'keys' / 'signing.pem'}"


def test_the_ledger_commits_to_a_sample_and_erasing_it_leaves_every_proof(
    call: Call, words: list[str], options: dict[str, str], place: Path, filled: World, key: str
) -> None:
    found = printed(call, *words, key)
    (entry,) = logged(filled.store, "sample")
    body = entry.recorded.entry.body.model_dump()
    assert (found["committed"], body["report"]) == (entry.key, f"{ID}/1")
    lines, record, salt = ((place / f"{found['key']}{end}").read_bytes() for end in (".jsonl", ".json", ".salt"))
    assert hmac.new(salt, record + lines, "sha256").hexdigest() == body["commitment"]
    assert len(bytes.fromhex(salt.decode())) == 32
    assert printed(call, *words, key)["committed"] == entry.key  # the same sample, once
    assert "committed" in found
    erase = ["review", "erase", ID, options["review"], options["store"], key, "--yes"]
    code, _, err = call(*erase)
    assert code == 2
    assert "--by" in err
    assert len(files(place)) == 3
    (declared,) = printed(call, *erase, *SAID)["declared"]
    assert files(place) == set()
    assert filled.kinds() == ["plan", "report", "sample", "erasure"]
    said = next(iter(logged(filled.store, "erasure"))).recorded.entry.body.model_dump()
    assert "kind=erasure" in declared
    assert (said["model"], said["scope"], said["partitions"], said["rows"]) == ("model", "review", [DAYS[0]], 30)
    assert filled.verify().problems == ()
    assert printed(call, *erase, *SAID)["declared"] == []  # of nothing, nothing


def test_a_persons_rows_are_declared_by_their_number(
    call: Call, words: list[str], options: dict[str, str], place: Path, filled: World, key: str
) -> None:
    printed(call, *words, key)
    ref = drawn(place)[7]["ref"]
    erase = ["review", "erase", f"--ref={ref}", options["review"], options["store"], key, *SAID, "--yes"]
    printed(call, *erase)
    (entry,) = logged(filled.store, "erasure")
    assert entry.recorded.entry.body.model_dump()["rows"] == 1
    store = filled.root / "store"
    assert not any(ref.encode() in path.read_bytes() for path in store.rglob("*") if path.is_file())
    assert not list(place.rglob("*.salt"))  # the commitment is dead: the sample that it was to is gone
    assert filled.verify().problems == ()


def test_a_key_without_a_ledger_erases_nothing(
    call: Call, words: list[str], options: dict[str, str], place: Path, key: str
) -> None:
    printed(call, *words)
    code, _, err = call("review", "erase", ID, options["review"], key, *SAID, "--yes")
    assert code == 2
    assert "--store" in err
    assert len(files(place)) == 2


def test_who_and_why_without_a_key_erase_nothing(
    call: Call, words: list[str], options: dict[str, str], place: Path
) -> None:
    printed(call, *words)
    code, _, err = call("review", "erase", ID, options["review"], options["store"], *SAID, "--yes")
    assert code == 2
    assert "--key" in err
    assert len(files(place)) == 2


def test_without_a_key_it_says_that_nothing_is_declared(call: Call, words: list[str], options: dict[str, str]) -> None:
    assert "none: with --key" in call(*words)[1]
    assert "does not declare it" in call("review", "erase", ID, options["review"], "--yes")[1]


def test_what_is_damaged_is_declared_as_its_place_has_it(
    call: Call, words: list[str], options: dict[str, str], place: Path, filled: World, key: str
) -> None:
    printed(call, *words)
    (path,) = place.rglob("*.json")
    path.chmod(0o644)
    path.write_bytes(b"{}")
    printed(call, "review", "erase", "--older-than=0d", options["review"], options["store"], key, *SAID, "--yes")
    (entry,) = logged(filled.store, "erasure")
    body = entry.recorded.entry.body.model_dump()
    assert (body["model"], body["partitions"], body["rows"]) == ("model", [DAYS[0]], 0)
