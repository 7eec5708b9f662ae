"""The tampering corpus, a folder a case: both verifiers must find each, or both see nothing.

What no verifier can see is asserted as unseen, so that nobody claims it.
"""

from __future__ import annotations

import importlib
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pytest

from retroaudit.ledger import anchors, timestamps
from retroaudit.storage.local import LocalStorage
from tests.faults import figures
from tests.faults.attacker import PLACE
from tests.faults.standard import KEEPER, SUCCESSOR, Evidence, build, hours
from tests.faults.verifiers import Judged, judge

_CORPUS = Path(__file__).parent / "tampering"
_AT = hours(20)
_REPORTS = 8
CASES = sorted(path.parent.relative_to(_CORPUS).as_posix() for path in _CORPUS.rglob("tamper.py"))


@dataclass(frozen=True)
class Original:
    """The store before anything happens to it, and what others kept of it."""

    folder: Path
    evidence: Evidence

    def copy(self, to: Path) -> Path:
        """A copy to be tampered with, its second place beside it."""
        shutil.copytree(self.folder, to, dirs_exist_ok=True)
        return to / "store"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    folder = tmp_path_factory.mktemp("original")
    for name in ("store", PLACE):
        (folder / name).mkdir()
    evidence = build(LocalStorage(folder / "store", durable=False), _REPORTS)
    for note in (evidence.half, evidence.whole):
        anchors.publish(note.text, LocalStorage(folder / PLACE))
    return Original(folder, evidence)


@pytest.fixture(scope="module")
def stamped(original: Original, tmp_path_factory: pytest.TempPathFactory) -> Original:
    """The same with time-stamps of half of it and of all, by an authority that openssl plays."""
    from tests.ledger.test_timestamps import Authority, certify, elliptic  # noqa: PLC0415  (needs an extra, or skips)

    if shutil.which("openssl") is None:
        pytest.skip("no openssl: the tests' time-stamping authority is one")
    folder = tmp_path_factory.mktemp("stamped")
    shutil.copytree(original.folder, folder, dirs_exist_ok=True)
    root = certify("root", None, elliptic())
    authority = Authority.found(folder / "tsa", certify("tsa", root, elliptic(), stamps=True), (root,))
    for note in (original.evidence.half, original.evidence.whole):
        token = authority.answer(timestamps.request(note.text))
        timestamps.store(LocalStorage(folder / "store"), note.checkpoint.size, token)
    return Original(folder, original.evidence)


def load(case: str) -> ModuleType:
    """The case's `tamper.py`."""
    specification = importlib.util.spec_from_file_location("tamper", _CORPUS / case / "tamper.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def look(module: ModuleType, folder: Path) -> Judged:
    """Both verifiers, with the evidence that the case is about."""
    kept: str | None = getattr(module, "EVIDENCE", None)
    at: datetime = getattr(module, "AT", _AT)
    roots = folder / "tsa" / "roots.pem"
    place = folder / PLACE if kept == "place" else None
    pinned = getattr(module, "PINNED", KEEPER)
    return judge(folder / "store", pinned, at, place, roots if kept == "time-stamp" else None)


@pytest.mark.parametrize("case", CASES)
def test_a_case(case: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    module = load(case)
    stamps = getattr(module, "EVIDENCE", None) == "time-stamp"
    original: Original = request.getfixturevalue("stamped" if stamps else "original")
    module.tamper(original.copy(tmp_path))
    found = look(module, tmp_path)
    if module.EXPECTED is None:
        assert [found.main.problems, found.alone["problems"]] == [(), []]
        assert any(module.NOTED in note for note in found.main.notes), found.main.notes
        figures.note("tampering corpus", "directory", asserted_unseen_or_harmless=1)
    else:
        assert module.EXPECTED in found.meanings
        unseen_alone = hasattr(module, "ALONE")  # and why
        assert bool(found.alone["problems"]) is not unseen_alone, found.meanings
        figures.note("tampering corpus", "directory", found=1, found_alone_too=int(not unseen_alone))


@pytest.mark.parametrize("case", CASES)
def test_every_case_is_described(case: str) -> None:
    told = (_CORPUS / case / "README.md").read_text()
    assert all(f"**{word}.**" in told for word in ("What is done", "Rights it takes", "What verify says"))


@pytest.mark.parametrize("key", [KEEPER, SUCCESSOR], ids=["the first key", "the second key"])
def test_untouched(original: Original, tmp_path: Path, key: object) -> None:
    found = judge(original.copy(tmp_path), KEEPER if key is KEEPER else SUCCESSOR, _AT, tmp_path / PLACE)
    assert [found.main.problems, found.alone["problems"]] == [(), []]


def test_untouched_and_stamped(stamped: Original, tmp_path: Path) -> None:
    found = judge(stamped.copy(tmp_path), KEEPER, _AT, None, tmp_path / "tsa" / "roots.pem")
    assert [found.main.problems, found.alone["problems"]] == [(), []]
    assert [anchor.proved for anchor in found.main.anchors] == [True, True]
    assert sum("time-stamp" in each for each in found.alone["unchecked"]) == 2  # said, not passed over


@pytest.mark.parametrize("reports", [4, 6, 50])
def test_stores_of_other_sizes(tmp_path: Path, reports: int) -> None:
    (tmp_path / "store").mkdir()
    build(LocalStorage(tmp_path / "store", durable=False), reports)
    found = judge(tmp_path / "store", KEEPER, _AT)
    assert [found.main.problems, found.alone["problems"]] == [(), []]
