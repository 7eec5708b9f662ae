"""The nightly DAG: what Airflow sees of it, and one night through it for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from retroaudit.demo.run import run_demo
from retroaudit.demo.spec import spec_text, suite_bytes
from retroaudit.spec.digest import spec_digest
from retroaudit.spec.load import load, parse
from retroaudit.spec.suite import parse_suite

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("airflow")]
ROOT = Path(__file__).parents[2]

LOOK = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
print(json.dumps({
    "errors": {str(k): v for k, v in bag.import_errors.items()},
    "heavy": sorted({"polars", "pyarrow", "pandas", "scipy", "great_expectations", "evidently"} & set(sys.modules)),
    "dags": {d.dag_id: {
        "owner": d.owner, "tags": sorted(d.tags), "timeout": d.dagrun_timeout.total_seconds(), "doc": d.doc_md,
        "schedule": type(d.timetable).__name__, "tasks": sorted(d.task_ids), "catchup": d.catchup,
        "task_timeouts": [t.execution_timeout.total_seconds() for t in d.tasks],
        "retries": [t.retries for t in d.tasks],
    } for d in bag.dags.values()},
}))
"""


def airflow(home: Path, program: str, *arguments: str) -> str:
    """Run a program in a process of its own: Airflow reads its settings when it is imported."""
    env = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_spec_has_its_dag(tmp_path: Path) -> None:
    """Owner, tags, timeouts and runbook are there, and parsing imports nothing heavy."""
    seen = json.loads(airflow(tmp_path, LOOK, str(ROOT / "dags" / "nightly_audit.py")).splitlines()[-1])
    assert seen["errors"] == {}
    assert seen["heavy"] == []
    assert set(seen["dags"]) == {f"nightly_audit_{path.stem}" for path in (ROOT / "dags" / "audits").glob("*.yaml")}
    for dag in seen["dags"].values():
        assert dag["owner"] == "lending-risk@example.com"
        assert dag["tags"] == ["nightly", "retroaudit", "tier:high"]
        assert dag["timeout"] == 12 * 3600
        assert "Runbook: `dags/README.md`" in dag["doc"]
        assert dag["schedule"] == "CronPartitionTimetable"
        assert dag["catchup"] is False
        assert dag["tasks"] == sorted(["pin", "plan", "groups", "measure", "merge", "check", "judge", "report", "seal"])
        assert set(dag["task_timeouts"]) == {6 * 3600.0}
        assert set(dag["retries"]) == {2}


def test_the_demos_spec_and_the_dags_spec_say_the_same() -> None:
    shipped = load(ROOT / "dags" / "audits" / "lending.yaml")
    demo = parse(spec_text(), "spec.yaml", suites=lambda name: parse_suite(suite_bytes(), name))
    assert spec_digest(shipped) == spec_digest(demo)


@pytest.mark.slow
def test_a_night_through_the_dag_has_the_bytes_of_the_one_in_process(tmp_path: Path) -> None:
    """`dag.test` on sqlite: sealing finds the sealed bytes, or refuses others."""
    demo = tmp_path / "demo"
    run_demo(demo, days=2, rows=5_000, seed=3, incidents=True, progress=lambda _: None)
    outcome = json.loads((demo / "outcome.json").read_text())
    program = "import sys; from retroaudit.orchestration.once import main; sys.exit(main(sys.argv[1:]))"
    said = airflow(demo / "airflow", program, str(demo), str(ROOT / "dags"))
    assert said.count(outcome["last_report_sha256"]) == 2
    assert "the same bytes" in said
