"""Programs for a process that has Evidently and not retroaudit."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_BLOCK = "import sys, json; sys.modules['retroaudit'] = None\n"

LOAD = """
from evidently.core.report import Snapshot
run = Snapshot.load(sys.argv[1])
print(json.dumps({"name": run.get_name(), "time": str(run._timestamp), **run.dict()}, default=str))
"""

METHODS = """
from evidently.legacy.calculations import stattests
print(json.dumps([[t.name, t.display_name] for t in vars(stattests).values() if isinstance(t, stattests.StatTest)]))
"""

LIST = """
import asyncio
from evidently.ui.service.storage.local.base import JsonFileProjectMetadataStorage
from evidently.ui.workspace import Workspace
place, server = Workspace.create(sys.argv[1]), JsonFileProjectMetadataStorage(sys.argv[1])
listed = {}
for project in place.list_projects():
    served = {each.id: each.name for each in asyncio.run(server.list_snapshots(project.id))}  # as `evidently ui` does
    assert sorted(served) == sorted(place.list_runs(project.id))
    listed[project.name] = {str(run): name for run, name in served.items()}
print(json.dumps(listed))
"""

PRESET = """
import pandas
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
now, before = (pandas.DataFrame(side) for side in json.load(open(sys.argv[1])))
numbers = [name for name in now if now[name].dtype.kind == "f"]
kinds = DataDefinition(numerical_columns=numbers, categorical_columns=[name for name in now if name not in numbers])
sides = [Dataset.from_pandas(side, data_definition=kinds) for side in (now, before)]
pins = {"num_method": "wasserstein", "cat_method": "jensenshannon", "num_threshold": 0.1, "cat_threshold": 0.1}
run = Report([DataDriftPreset(**pins)], include_tests=True).run(*sides)
print(json.dumps(run.dict(), default=str))
"""


def run(program: str, *arguments: Path) -> Any:
    """What the program prints as JSON on its last line."""
    command = [sys.executable, "-I", "-W", "ignore", "-c", _BLOCK + program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"DO_NOT_TRACK": "1"})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
