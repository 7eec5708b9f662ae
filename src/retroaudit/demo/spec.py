"""The spec of the demo's model, and the suite that it names."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable


def spec_text() -> str:
    """`spec.yaml` as it stands beside this file: the audit of the archive that `write_archive` makes."""
    return _file("spec.yaml").read_text(encoding="utf-8")


def suite_bytes() -> bytes:
    """`lending.json` as it stands beside this file: what a night's logs must look like, for Great Expectations."""
    return _file("lending.json").read_bytes()


def _file(name: str) -> Traversable:
    return resources.files("retroaudit.demo").joinpath(name)
