"""Evidently's process: what it says when it cannot."""

import subprocess
import sys
from pathlib import Path

import pytest

from retroaudit.faults import BadInput
from retroaudit.report.evidently.beside import Child, beside
from tests.report.evidently.documents import mixed


def test_without_evidently_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "evidently.py").write_text("raise ImportError('not here')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with beside() as child, pytest.raises(BadInput, match=r"not here.*pip install 'retroaudit\[evidently\]'"):
        child.snapshot(mixed())


def test_it_ends_with_its_parents_interest_and_says_so() -> None:
    with beside() as child:
        pass
    assert child.process.returncode != 0
    with beside() as child:
        child.process.kill()
        child.process.wait()
        with pytest.raises(BadInput, match="its end: no word"):
            child.snapshot(mixed())


@pytest.mark.slow
def test_evidentlys_errors_are_faults_and_the_process_goes_on(child: Child, stored: bytes) -> None:
    with pytest.raises(BadInput, match="Evidently's page: found JSONDecodeError"):
        child.page(b"{")
    assert child.snapshot(mixed()) == stored


def test_the_door_imports_nothing_of_evidently_and_forbids_it_to_call_home() -> None:
    told = "import os, sys, retroaudit.report.evidently.beside; assert os.environ['DO_NOT_TRACK'] == '1'; "
    subprocess.run([sys.executable, "-c", told + "assert not {'evidently', 'pandas'} & set(sys.modules)"], check=True)
