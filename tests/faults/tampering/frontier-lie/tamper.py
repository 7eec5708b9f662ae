from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import edit_commit, lie_about_tree
from tests.faults.standard import SUCCESSOR

EXPECTED = "the tree of commit 11 is not that of the entries before it"


def tamper(store: Path) -> None:
    edit_commit(store, 11, lambda body: lie_about_tree(body, SUCCESSOR), SUCCESSOR)
