"""The facts of an execution that a manifest records: code, libraries, host. Nothing here reaches `report.json`."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from retroaudit import __version__

LOCK_VARIABLE = "RETROAUDIT_LOCK_SHA256"
_CHECKOUT = Path(__file__).parents[2]
_LIBRARIES = ("polars", "pyarrow", "numpy", "scipy", "pydantic", "rfc8785", "cryptography", "vl-convert-python")
_GIT_SECONDS = 5


def facts(orchestration: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What ran (`builder`: version, commit, lock, libraries, image) and where (`execution`: platform, host).

    `orchestration` names the scheduler's run. What cannot be known is null.
    """
    return {
        "builder": {
            "retroaudit": __version__,
            "commit": _commit(),
            "lock_sha256": _lock_digest(),
            "environment_sha256": _environment_digest(),
            "libraries": {name: metadata.version(name) for name in _LIBRARIES},
            "python": platform.python_version(),
            "image": os.environ.get("RETROAUDIT_IMAGE"),
        },
        "execution": {
            "platform": platform.platform(),
            "host": platform.node(),
            "orchestration": dict(orchestration or {}),
        },
    }


def _lock_digest() -> str | None:
    """Sha256 of the lock file: as the image's builder named it, else that of the checkout, else unknown."""
    named = os.environ.get(LOCK_VARIABLE)
    if named:
        return named
    try:
        return hashlib.sha256((_CHECKOUT / "requirements.lock").read_bytes()).hexdigest()
    except OSError:
        return None


def _environment_digest() -> str:
    """Sha256 over the sorted `name==version` of every installed distribution: the lock as it is in force."""
    installed = sorted({f"{d.metadata['Name'].lower()}=={d.version}" for d in metadata.distributions()})
    return hashlib.sha256("\n".join(installed).encode()).hexdigest()


def _commit() -> str | None:
    """The commit of the code: what the image's builder named, else that of the checkout, else unknown."""
    named = os.environ.get("RETROAUDIT_COMMIT")
    if named:
        return named
    try:
        done = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_GIT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
