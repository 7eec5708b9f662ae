"""What the tests of commands share with those of the whole command line."""

from __future__ import annotations

import pytest

from tests.test_cli import call
from tests.test_measuring import filled
from tests.world import World

__all__ = ["call", "filled"]


@pytest.fixture(autouse=True)
def no_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test says where things lie: what this machine's environment names is not meant."""
    for name in ("ARCHIVE", "STORE", "STATES", "SIGNING_KEY"):
        monkeypatch.delenv(f"RETROAUDIT_{name}", raising=False)


@pytest.fixture
def options(filled: World) -> dict[str, str]:
    """`--archive=…`, `--store=…` and `--states=…` of what `filled.audit` uses, by name."""
    folders = {"archive": "archive", "store": "store", "states": "spool/states"}
    return {name: f"--{name}={(filled.root / folder).as_uri()}" for name, folder in folders.items()}
