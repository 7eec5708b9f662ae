"""What the states of orders are kept by, file by file, as an audit keeps those of partitions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retroaudit.checks.quality.gx.batch import of_files
from retroaudit.checks.quality.gx.validate import compile as compile_suite
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import Need
from retroaudit.measures.store import StateKey, StateStore
from retroaudit.storage.open import open_storage

HASHES, DISTINCT = "hashes", "distinct"


class Orders:
    """The files and the suite that are asked for, and where their states are."""

    def __init__(self, wanted: Mapping[str, Any]) -> None:
        self.files = sorted(Path(wanted["files"]).iterdir())
        self.columns = of_files(self.files).columns
        self.suite = json.loads(Path(wanted["suite"]).read_text())["expectations"]
        self.store = StateStore(open_storage(Path(wanted["states"]).as_uri(), create=True, durable=False))

    def needs(self) -> list[Need]:
        """What the suite needs."""
        return sorted({need for each in compile_suite(self.suite, self.columns) for need in each.needs})


def key(content: str, need: Need) -> StateKey:
    """The key of a file's state, or of that of all files."""
    parameters = {"question": need.question, "where": need.where}
    return StateKey(content, need.measure, MEASURES[need.measure].version, need.columns, parameters)
