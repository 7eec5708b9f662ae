"""What the demo says at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from retroaudit import telling
from retroaudit.artefacts import Sealed
from retroaudit.checks.metric import Verdict
from retroaudit.demo.compare import Row
from retroaudit.demo.run import Outcome
from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.verify import Verification

SEALED = Sealed(ReportId("lending", "2026-04-01", "day", "main", 1), Verdict.PASSED, (), "", "", "", 1, True, 1, 0)


def said(capsys: pytest.CaptureFixture[str], place: Path, *rows: Row, nights: int = 12) -> str:
    telling.outcome(Outcome(place, (SEALED,) * nights, SEALED, rows, Verification({}, (), ())))
    return capsys.readouterr().out


def test_it_ends_with_what_proves_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = said(capsys, tmp_path)
    assert f"retroaudit verify --store {(tmp_path / 'store').as_uri()} --key {tmp_path}/keys/public.pem" in out
    assert "nothing is planted" not in out  # nobody asked for incidents


def test_a_short_one_says_that_nothing_is_planted_yet(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A misspelt category, on nights 24 and 25, is the first of the planted truth."""
    out = said(capsys, tmp_path, Row("a category is misspelt", (), ()))
    assert "nothing is planted in the first 12 nights: the first incident is on night 24" in out
    later = said(capsys, tmp_path, Row("a category is misspelt", (24,), (24,)), nights=24)
    assert "nothing is planted" not in later
