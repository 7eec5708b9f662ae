"""Nightly audits: one DAG for each spec in `dags/audits/`, auditing the day before.

Each stage of an audit is a task; `plan` seals what will be tested before a row is read; partitions are measured in
groups by dynamic mapping; only keys and digests pass through XCom. Addresses and the signing key come from the
environment: RETROAUDIT_ARCHIVE, RETROAUDIT_STORE, RETROAUDIT_STATES, RETROAUDIT_SIGNING_KEY.

Runbook: `dags/README.md`.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import DAG, CronPartitionTimetable, Param, task

from retroaudit.orchestration import tasks
from retroaudit.orchestration.specs import Card, cards


def nightly(card: Card) -> DAG:
    """The DAG of one spec. A spec with faults keeps its DAG: its first task fails, naming them all."""
    with DAG(
        dag_id=f"nightly_audit_{card.name}",
        description=f"Audit of the day before for {card.name}",
        doc_md=__doc__,
        schedule=CronPartitionTimetable("0 0 * * *", timezone=card.zone, key_format="%Y-%m-%d", run_offset=-1)
        if card.due
        else None,
        start_date=datetime(2020, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=4,
        dagrun_timeout=timedelta(hours=12),
        default_args={
            "owner": card.owner,
            "retries": 2,
            "retry_delay": timedelta(minutes=5),
            "execution_timeout": timedelta(hours=6),
        },
        tags=["retroaudit", "nightly", f"tier:{card.tier}"],
        params={
            "window": Param(None, type=["null", "string"], description="2026-07-01, 2026-07, 2026-Q3 or A/B"),
            "as_of": Param(None, type=["null", "string"], description="Labels known by then"),
        },
    ) as dag:
        pinned = task(tasks.plan)(task(multiple_outputs=False)(tasks.pin)(str(card.path)))
        groups = task(multiple_outputs=False)(tasks.groups)(pinned)
        measure = task(map_index_template="{{ task.op_kwargs['group'] | join(', ') | truncate(60) }}")(tasks.measure)
        measured = measure.partial(pinned=pinned).expand(group=groups)
        merged = task(trigger_rule="none_failed")(tasks.merge)(pinned, measured)
        checked = task(tasks.check)(pinned, merged)
        judged = task(tasks.judge)(pinned, checked)
        written = task(tasks.report)(pinned, merged, checked, judged)
        task(multiple_outputs=False)(tasks.seal)(pinned, merged, judged, written)
    return dag


for _card in cards(Path(__file__).parent / "audits"):
    globals()[f"nightly_audit_{_card.name}"] = nightly(_card)
