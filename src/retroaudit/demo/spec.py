"""The spec of the demo's model."""

from __future__ import annotations

from importlib import resources


def spec_text() -> str:
    """`spec.yaml` as it stands beside this file: the audit of the archive that `write_archive` makes."""
    return resources.files("retroaudit.demo").joinpath("spec.yaml").read_text(encoding="utf-8")
