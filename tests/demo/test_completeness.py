"""The demo's ledger knows what was owed before the first night, and when the next word was promised."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from retroaudit.demo.run import run_demo
from retroaudit.ledger.coordinates import entry_kind
from retroaudit.ledger.kinds import DueList, Heartbeat
from retroaudit.ledger.read import leaves, logged
from retroaudit.ledger.signing import load_public
from retroaudit.ledger.verify import Options, verify
from retroaudit.progress import silent
from retroaudit.storage.open import open_store

pytestmark = pytest.mark.slow


def test_what_is_owed_comes_first_and_the_promise_last(tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    outcome = run_demo(demo, days=2, rows=1000, seed=1, incidents=False, progress=silent)
    store, key = open_store((demo / "store").as_uri()), load_public(demo / "keys" / "public.pem")
    kinds = [entry_kind(leaf.key) for _, _, leaf in leaves(store)]
    assert kinds == ["key", "due", *["plan", "report"] * 3, "heartbeat"]
    owed, beat = (each.recorded.entry.body for each in logged(store, "due", "heartbeat"))
    assert isinstance(owed, DueList)
    assert [each.window for each in owed.windows] == ["2026-04-01", "2026-04-02"]
    assert outcome.verification.problems == ()
    assert isinstance(beat, Heartbeat)
    promised = datetime.fromisoformat(beat.next)
    later = verify(store, key, None, silent, Options(at=promised + timedelta(seconds=1)))
    assert len(later.problems) == 1
    assert "silent" in later.problems[0].meaning
