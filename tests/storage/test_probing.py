"""Servers that break put-if-absent are found out, each by what it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from retroaudit.faults import BadInput
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.probing import is_probe, require_one_winner, require_put_if_absent
from tests.memory import InMemory
from tests.storage.scripted import Answer, Answering, Asked, error, scripted


def _keeping(*, ignores_condition: bool = False, refuses_all: bool = False, forgets: bool = False) -> Answering:
    """A small S3 that keeps its word but for what is named."""
    kept: dict[str, bytes] = {}

    def answer(asked: Asked) -> Answer:
        if asked.method == "PUT":
            if refuses_all or (asked.path in kept and not ignores_condition):
                return error(412, "PreconditionFailed")
            kept[asked.path] = asked.body
            return Answer()
        if asked.path not in kept:
            return Answer(404) if asked.method == "HEAD" else error(404, "NoSuchKey")
        return Answer(200, b"other" if forgets else kept[asked.path])

    return answer


def test_a_server_that_keeps_its_word_is_taken_and_the_probe_is_put_once() -> None:
    with scripted(_keeping()) as there:
        for _ in range(2):
            require_put_if_absent(there.storage)
            require_one_winner(there.storage)
        assert {each.path for each in there.asked if "race" not in each.path} == {"/bucket/.retroaudit/put-if-absent"}


@pytest.mark.parametrize(
    ("lies", "found"),
    [
        ({"ignores_condition": True}, "overwrites in spite of If-None-Match"),
        ({"refuses_all": True}, "refuses If-None-Match for an absent key"),
        ({"forgets": True}, "does not keep what was put first"),
    ],
)
def test_a_server_that_lies_is_refused(lies: dict[str, bool], found: str) -> None:
    with scripted(_keeping(**lies)) as there, pytest.raises(BadInput, match=found):
        require_put_if_absent(there.storage)


@pytest.mark.parametrize(
    ("lies", "found"),
    [
        ({"ignores_condition": True}, "8 of 8 racing writers who won"),
        ({"refuses_all": True}, "0 of 8 racing writers who won"),
        ({"forgets": True}, "other bytes than the winner's"),
    ],
)
def test_a_race_has_one_winner_or_the_server_is_refused(lies: dict[str, bool], found: str) -> None:
    with scripted(_keeping(**lies)) as there, pytest.raises(BadInput, match=found):
        require_one_winner(there.storage)


def test_directories_and_memory_pass(tmp_path: Path) -> None:
    for storage in (LocalStorage(tmp_path.resolve()), InMemory()):
        require_put_if_absent(storage)
        require_one_winner(storage)


def test_only_the_probes_own_keys_are_probes() -> None:
    assert is_probe(".retroaudit/put-if-absent")
    assert is_probe(".retroaudit/race-0123456789abcdef")
    for other in (".retroaudit/race-", ".retroaudit/race-0123456789abcdef/x", "race-0123456789abcdef", ".retroaudit/x"):
        assert not is_probe(other)
