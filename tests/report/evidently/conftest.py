"""One process of Evidently for all tests: its import takes seconds."""

from collections.abc import Iterator

import pytest

from retroaudit.report.evidently.beside import Child, beside
from tests.report.evidently.documents import mixed


@pytest.fixture(scope="session")
def child() -> Iterator[Child]:
    with beside() as started:
        yield started


@pytest.fixture(scope="session")
def stored(child: Child) -> bytes:
    """The snapshot of `documents.mixed`."""
    return child.snapshot(mixed())
