"""Fixtures that all tests share, and the count of published numbers at the end of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.world import REFERENCE_DATA, World

pytest_plugins = ["tests.servers"]

settings.register_profile("shared", deadline=None, derandomize=True)  # no clock in a test, no luck in a gate
settings.load_profile("shared")


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of published results; tests that need it skip where a machine does not have it."""
    if not REFERENCE_DATA.is_dir():
        pytest.skip(f"no published results at {REFERENCE_DATA}: set RETROAUDIT_REFERENCE_DATA")
    return REFERENCE_DATA


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A fresh world for one test."""
    return World(tmp_path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many published numbers were recomputed: none where the data is there would be a lie by silence."""
    ran = sum(
        "published" in report.keywords for report in terminalreporter.stats.get("passed", []) if report.when == "call"
    )
    terminalreporter.write_line(f"published cases recomputed: {ran}")
