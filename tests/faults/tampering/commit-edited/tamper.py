from __future__ import annotations

import base64
import json
from pathlib import Path

from retroaudit.ledger.envelope import canonical
from tests.faults.attacker import commit, overwrite

EXPECTED = "commit 4 was replaced: nobody signed these bytes"


def tamper(store: Path) -> None:
    path = commit(store, 4)
    envelope = json.loads(path.read_bytes())
    body = json.loads(base64.b64decode(envelope["payload"]))
    body["time"] = body["time"].replace("2026", "2027")
    envelope["payload"] = base64.b64encode(canonical(body, "commit")).decode()
    overwrite(path, canonical(envelope, "commit"))
