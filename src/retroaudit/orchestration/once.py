"""One night through the real DAG, in this process: `python -m retroaudit.orchestration.once DEMO DAGS`.

Airflow runs on a sqlite database of its own below DEMO. The night was sealed before, in process; the DAG computes
it anew, and sealing compares the bytes: the same bytes are found sealed, others stop the run.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from rich.console import Console

DAG_ID = "nightly_audit_lending"


def main(arguments: list[str]) -> int:
    """Run the demo's last night through its DAG; 0 where the DAG gave the sealed bytes."""
    demo, dags = (Path(argument).resolve() for argument in arguments)
    outcome = json.loads((demo / "outcome.json").read_text())
    settings = environment(demo, dags)
    os.environ.update(settings)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Airflow: {DAG_ID} for {outcome['last_night']} …")
    sealed = run(dags, outcome["last_night"])
    same = sealed["report_json_sha256"] == outcome["last_report_sha256"]
    console.print(f"  report.json in process  {outcome['last_report_sha256']}")
    console.print(f"  report.json by the DAG  {sealed['report_json_sha256']}")
    console.print("  ✓ the same bytes" if same else "  ✗ the bytes differ", style="green" if same else "bold red")
    return 0 if same else 1


def environment(demo: Path, dags: Path) -> dict[str, str]:
    """Airflow on sqlite below the demo's directory, quiet, with the demo's places."""
    return {
        "AIRFLOW_HOME": str(demo / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "RETROAUDIT_ARCHIVE": (demo / "archive").as_uri(),
        "RETROAUDIT_STORE": (demo / "store").as_uri(),
        "RETROAUDIT_STATES": (demo / "states").as_uri(),
        "RETROAUDIT_SIGNING_KEY": str(demo / "keys" / "signing.pem"),
    }


def run(dags: Path, window: str) -> dict[str, str]:
    """Run the DAG by `dag.test`; gives what its last task returned. Raises where the run did not succeed."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    initdb()
    bag = DagBag(str(dags / "nightly_audit.py"))
    finished = bag.dags[DAG_ID].test(run_conf={"window": window})
    if finished.state != "success":
        states = {instance.task_id: str(instance.state) for instance in finished.get_task_instances()}
        sys.exit(f"the DAG run ended as {finished.state}: {states}; its log is above")
    (last,) = (instance for instance in finished.get_task_instances() if instance.task_id == "seal")
    return dict(last.xcom_pull(task_ids="seal"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
