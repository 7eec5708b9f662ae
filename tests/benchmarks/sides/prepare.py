"""Write the spec and the keys of a benchmark's directory."""

from __future__ import annotations

from pathlib import Path

import yaml
from typer.core import TyperGroup
from typer.main import get_command

from retroaudit.cli import app
from retroaudit.ledger.signing import write_keys
from retroaudit.spec.model import Drift
from tests.benchmarks.sides.columns import SPEC
from tests.benchmarks.sides.say import asked, say


def main() -> None:
    """One spec with the logs' path that is asked for, and one that asks for Evidently's snapshot too."""
    wanted = asked()
    root = Path(wanted["root"])
    features = {"features": SPEC["columns"]["features"]}
    columns = features if wanted.get("features_only") else SPEC["columns"]
    plain = {**SPEC, "logs": {"path": wanted["logs"]}, "columns": columns}
    if "{date}" in wanted["logs"]:  # days are links to a few files: the rows' own times may stray that far
        plain |= {"columns": {**columns, "time": "event_time"}, "time": {"slack": "200d"}}
    (root / "spec.yaml").write_text(yaml.safe_dump(plain))
    with_evidently = {**plain, "drift": {**SPEC["drift"], "evidently": True}}
    (root / "spec-evidently.yaml").write_text(yaml.safe_dump(with_evidently))
    write_keys(root / "keys")
    say(evidently="evidently" in Drift.model_fields and _shows_evidently())


def _shows_evidently() -> bool:
    group = get_command(app)
    return isinstance(group, TyperGroup) and any(
        "--evidently" in option.opts for option in group.commands["show"].params
    )


if __name__ == "__main__":
    main()
