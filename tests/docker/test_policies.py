"""The policies that `docker/policies` shows are the package's own, and are what its README lists."""

from __future__ import annotations

import json
import re
from pathlib import Path

from retroaudit.storage import roles

SHOWN = Path(__file__).parents[2] / "docker" / "policies"
PLACEHOLDERS = {"bucket", "prefix", "days", *roles.ROLES}


def test_the_folder_is_the_packages() -> None:
    assert SHOWN.is_symlink()
    assert SHOWN.resolve() == Path(roles.__file__).parent / "policies"


def test_the_readme_lists_every_policy() -> None:
    listed = set(re.findall(r"^\| `(\w+\.json)` \|", (SHOWN / "README.md").read_text(), re.MULTILINE))
    assert listed == {path.name for path in SHOWN.glob("*.json")}
    assert {f"{role}.json" for role in roles.ROLES} < listed


def test_each_is_a_policy_with_known_placeholders_and_ids_of_its_own() -> None:
    ids: list[str] = []
    for path in sorted(SHOWN.glob("*.json")):
        policy = json.loads(path.read_text())
        assert policy["Version"] == "2012-10-17"
        ids += [statement["Sid"] for statement in policy["Statement"]]
        assert set(re.findall(r"\$\{(\w+)\}", path.read_text())) <= PLACEHOLDERS
    assert len(ids) == len(set(ids))
