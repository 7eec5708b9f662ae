"""The house has floors: a package imports only from its own room or from floors below; adapters stay at the rim."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "retroaudit"
FLOORS = (  # from the top down; names on one line do not know each other
    ("__main__",),
    ("cli",),
    ("commands",),
    ("telling",),
    ("demo", "orchestration", "console", "preflight", "backfill"),
    ("reviewing",),
    ("declaring",),
    ("explaining", "intake", "proposing", "replaying", "retention"),
    ("audit",),
    ("sealing",),
    ("profiling",),
    ("measuring",),
    ("identity",),
    ("artefacts", "provenance"),
    ("report",),
    ("judgement",),
    ("checks",),
    ("measures", "ledger"),
    ("archive",),
    ("spec",),
    ("storage",),
    ("faults", "progress"),
)
LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}
_S3 = {f"storage/{name}.py" for name in ("answers", "buckets", "connecting", "locking", "refusals", "s3")}
ADAPTERS = {  # library -> the only places that may import it
    "boto3": {*_S3, "ledger/kms.py"},
    "botocore": {*_S3, "ledger/kms.py"},
    "rfc3161_client": {"ledger/timestamps.py"},
    "urllib3": {"ledger/timestamps.py"},
    "airflow": {"orchestration/once.py", "orchestration/tasks.py"},
    "great_expectations": {
        f"checks/quality/gx/{name}.py"
        for name in ("__init__", "batch", "context", "domains", "engine", "rows", "types", "validate")
    },
    "evidently": {f"report/evidently/{name}.py" for name in ("page", "snapshot", "workspace")},
    "vl_convert": {"report/charts/svg.py"},
    "securesystemslib": set(),
    "pickle": set(),
}
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.name != "__init__.py" or path.parent != SOURCE)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "retroaudit":
                yield from (f"retroaudit.{alias.name}" for alias in node.names)


def room(dotted: str) -> str | None:
    parts = dotted.split(".")
    return parts[1] if parts[0] == "retroaudit" and len(parts) > 1 else None


def test_every_room_has_a_floor() -> None:
    rooms = {path.relative_to(SOURCE).parts[0].removesuffix(".py") for path in FILES}
    assert rooms == set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down(path: Path) -> None:
    own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    upwards = {
        name
        for name in imports(path)
        if (other := room(name)) and other in LEVEL and other != own and LEVEL[other] <= LEVEL[own]
    }
    assert upwards == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_adapters_stay_at_the_rim(path: Path) -> None:
    place = path.relative_to(SOURCE).as_posix()
    strays = {name for name in imports(path) if place not in ADAPTERS.get(name.split(".")[0], {place})}
    assert strays == set()


def test_the_test_can_fail(tmp_path: Path) -> None:
    stray = tmp_path / "stray.py"
    stray.write_text("import boto3\nfrom retroaudit import cli\nfrom retroaudit.report.html import render\n")
    assert set(imports(stray)) == {"boto3", "retroaudit", "retroaudit.cli", "retroaudit.report.html"}
    assert [room(name) for name in sorted(imports(stray))] == [None, None, "cli", "report"]
