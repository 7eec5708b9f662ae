"""Ours: every commit of a log by bytes, signature, link and tree; or, with `hashing`, its bytes hashed alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

from retroaudit.ledger.coordinates import COMMITS
from retroaudit.ledger.signing import load_public
from retroaudit.ledger.verify import Options, verify
from retroaudit.storage.open import open_storage
from tests.benchmarks.sides.say import asked, say, timed, versions


def main() -> None:
    """Verify, or only read and hash the same objects."""
    wanted = asked()
    root = Path(wanted["root"])
    storage = open_storage((root / "store").as_uri())
    if wanted.get("hashing"):

        def read() -> int:
            return sum(len(hashlib.sha256(storage.read(info.key)).digest()) > 0 for info in storage.list(COMMITS))

        commits, seconds = timed(read)
        say(verifying=seconds, commits=commits, versions={})
        return
    key = load_public(root / "keys" / "public.pem")
    found, seconds = timed(lambda: verify(storage, key, options=Options(log_only=True)))
    problems = [problem.meaning for problem in found.problems]
    say(verifying=seconds, checked=dict(found.checked), problems=problems, versions=versions("retroaudit"))


if __name__ == "__main__":
    main()
