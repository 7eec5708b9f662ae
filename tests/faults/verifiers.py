"""Both verifiers over one store: ours, and the stand-alone one in a process without our code."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from retroaudit.ledger.checking.outcome import Verification
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.verify import Options, verify
from retroaudit.storage.local import LocalStorage

_ALONE = Path(__file__).parents[2] / "src" / "retroaudit" / "ledger" / "standalone" / "verify.py"


@dataclass(frozen=True)
class Judged:
    """What each of them says."""

    main: Verification
    alone: dict[str, Any]

    @property
    def meanings(self) -> str:
        """What the main one says that its problems mean."""
        return "\n".join(each.meaning for each in self.main.problems)


def judge(store: Path, key: Signer, at: datetime, place: Path | None = None, roots: Path | None = None) -> Judged:
    """Ask both about all of a store, with the checkpoints in a second place where it is named."""
    from retroaudit.ledger.timestamps import load_roots  # noqa: PLC0415  (its extra is optional)

    anchors = LocalStorage(place) if place else None
    options = Options(at=at, anchors=anchors, tsa_roots=load_roots(roots) if roots else None)
    return Judged(verify(LocalStorage(store), key.public, options=options), _alone(store, key, at, place))


def _alone(store: Path, key: Signer, at: datetime, place: Path | None) -> dict[str, Any]:
    pem = store.parent / "key.pem"
    pem.write_bytes(key.public.pem)
    words = [sys.executable, "-I", str(_ALONE), str(store), "--key", str(pem), "--at", at.isoformat(), "--json"]
    if place:
        words += ["--anchors", str(place)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode in {0, 3}, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["intact"] is (done.returncode == 0)
    return found
