"""Fixtures of the archive's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archive.small import Archive


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """A fresh, empty archive."""
    return Archive(tmp_path)
