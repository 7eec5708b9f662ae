"""One report of a log, proven: ours from tiles and a checkpoint, or, with `whole`, from every leaf of the log."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from retroaudit.ledger import checkpoint, tree
from retroaudit.ledger.read import find, leaves
from retroaudit.ledger.signing import load_public
from retroaudit.ledger.verify import Options, verify
from retroaudit.storage.open import open_storage
from tests.benchmarks.sides.ledger_build import REPORT
from tests.benchmarks.sides.say import asked, say, timed, versions


class ByPlace:
    """A storage that counts its calls by the place that they ask for."""

    def __init__(self, storage: Any, calls: Counter[str]) -> None:
        self._storage, self._calls = storage, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._storage, name)
        if not callable(found):
            return found

        def call(*args: Any, **named: Any) -> Any:
            key = args[0] if args and isinstance(args[0], str) else ""
            self._calls[f"{name} {'/'.join(key.split('/')[: 2 if key.startswith('log/') else 1])}"] += 1
            return found(*args, **named)

        return call


def main() -> None:
    """Prove the report in the middle against the checkpoint that somebody kept."""
    wanted, calls = asked(), Counter[str]()
    root = Path(wanted["root"])
    storage: Any = ByPlace(open_storage((root / "store").as_uri()), calls)
    note = checkpoint.parse((root / "checkpoint").read_text(), "checkpoint")
    key = load_public(root / "keys" / "public.pem")
    if wanted.get("whole"):
        proven, seconds = timed(lambda: _whole(storage, note))
    else:
        found, seconds = timed(lambda: verify(storage, key, str(REPORT), options=Options(checkpoint=note)))
        proven = not found.problems
    say(proving=seconds, proven=proven, requests=dict(calls), versions=versions("retroaudit"))


def _whole(storage: Any, note: checkpoint.Note) -> bool:
    """Without tiles: the whole tree from the leaves of all commits."""
    entry = find(storage, str(REPORT))
    hashes = [leaf.hash for _, _, leaf in leaves(storage)]
    return tree.root_of(hashes) == note.checkpoint.root and bool(entry)


if __name__ == "__main__":
    main()
