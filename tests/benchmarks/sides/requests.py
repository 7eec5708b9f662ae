"""What an audit asks of its archive and its states, counted call by call."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from retroaudit.artefacts import Run
from retroaudit.audit import audit
from retroaudit.intake import places, request
from retroaudit.ledger.signing import load_signer
from retroaudit.storage.protocol import ObjectInfo
from tests.benchmarks.sides.say import asked, say, versions
from tests.benchmarks.windows import FIRST


class Counted:
    """A storage that counts its calls, and the bytes that they move."""

    def __init__(self, name: str, storage: Any, calls: Counter[str]) -> None:
        self._name, self._storage, self._calls = name, storage, calls

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._storage, attribute)
        return self._counting(attribute, found) if callable(found) else found

    def _counting(self, attribute: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **named: Any) -> Any:
            given = call(*args, **named)
            moved = [each for each in (given, *args) if isinstance(each, bytes | ObjectInfo)]
            self._calls[f"{self._name} {attribute}"] += 1
            if attribute in {"read", "fetch", "put_if_absent"}:
                self._calls[f"{self._name} {attribute} bytes"] += sum(
                    each.size if isinstance(each, ObjectInfo) else len(each) for each in moved
                )
            return given

        return counted


def main() -> None:
    """Audit so many days from their rows."""
    wanted, now = asked(), datetime.now(UTC)
    root, calls = Path(wanted["root"]), Counter[str]()
    own = {name: (root / f"{name}-{wanted['days']}").as_uri() for name in ("store", "states")}
    end = FIRST + timedelta(days=wanted["days"])
    with tempfile.TemporaryDirectory() as spool:
        plain = places((root / "archive").as_uri(), own["store"], own["states"], Path(spool))
        counted = {name: Counted(name, getattr(plain, name), calls) for name in ("archive", "states")}
        where = replace(plain, **counted)  # type: ignore[arg-type]
        signer = load_signer(root / "keys" / "signing.pem")
        audit(request(root / "spec.yaml", f"{FIRST}/{end}", now), where, signer, Run(now, {}), lambda *_: None)
    say(asked=dict(calls), versions=versions("retroaudit"))


if __name__ == "__main__":
    main()
