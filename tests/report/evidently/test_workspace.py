"""A stored report as a run of an Evidently workspace, listed by Evidently's own API."""

from pathlib import Path

import pytest

from retroaudit.report.evidently.beside import Child
from tests.report.evidently import elsewhere
from tests.report.evidently.documents import document, judged

pytestmark = pytest.mark.slow


def test_runs_are_listed_where_retroaudit_is_not(child: Child, stored: bytes, tmp_path: Path) -> None:
    first = child.add(stored, tmp_path / "ws", "lending")
    assert child.add(stored, tmp_path / "ws", "lending") == first  # the same report again
    second = child.snapshot(document([judged("x", 0.2)], report="lending/2026-05/month/main/1"))
    other = child.add(second, tmp_path / "ws", "lending")
    listed = elsewhere.run(elsewhere.LIST, tmp_path / "ws")
    assert listed == {"lending": {first: "lending/2026-04/month/main/1", other: "lending/2026-05/month/main/1"}}
