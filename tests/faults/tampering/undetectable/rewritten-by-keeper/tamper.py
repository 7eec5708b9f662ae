from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.faults.attacker import Written, rewrite

EXPECTED = None
NOTED = "no anchor"


def tamper(store: Path) -> None:
    def without_decision(told: list[Written]) -> list[Written]:
        leaves = tuple(leaf for leaf in told[-1].leaves if "kind=decision" not in leaf.key)
        for leaf in set(told[-1].leaves) - set(leaves):
            (store / leaf.key).unlink()
        return [*told[:-1], replace(told[-1], leaves=leaves)]

    rewrite(store, without_decision)
