"""A side's two ends: one JSON document in, one out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any


def asked() -> dict[str, Any]:
    """What the harness asks of this process."""
    return dict(json.loads(sys.argv[1]))


def say(**found: Any) -> None:
    """What this process found: the last line of its output."""
    sys.stdout.write(f"\n{json.dumps(found)}\n")


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What `work` gives, and its seconds."""
    begun = time.perf_counter()
    found = work()
    return found, time.perf_counter() - begun


def versions(*names: str) -> dict[str, str | None]:
    """The versions of installed packages."""
    return {name: _version(name) for name in names}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
