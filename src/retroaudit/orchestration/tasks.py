"""The stages of an audit as plain functions that take and give keys: what Airflow's tasks call.

Heavy libraries are imported inside, because Airflow parses a DAG file far more often than it runs one.
"""

from __future__ import annotations

import functools
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from retroaudit.faults import BadInput, Fault, IntegrityBroken

if TYPE_CHECKING:
    from retroaudit.artefacts import Places
    from retroaudit.ledger.signing import Signer

T = TypeVar("T")
P = ParamSpec("P")
_LOG = logging.getLogger(__name__)  # Airflow shows it with the task
SETTINGS = ("RETROAUDIT_ARCHIVE", "RETROAUDIT_STORE", "RETROAUDIT_STATES", "RETROAUDIT_SIGNING_KEY")
_GROUP_BYTES = 2 * 1024**3  # about a minute of measuring: Airflow's 5 s a task stay under a tenth
_MOST_GROUPS = 1000  # Airflow's max_map_length is 1024


def final(stage: Callable[P, T]) -> Callable[P, T]:
    """A stage whose bad input and broken integrity fail at once: trying again would only delay the message."""

    @functools.wraps(stage)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return stage(*args, **kwargs)
        except (BadInput, IntegrityBroken) as error:
            from airflow.sdk.exceptions import AirflowFailException

            raise AirflowFailException(str(error)) from error

    return run


@final
def pin(spec_path: str, **context: Any) -> str:
    """Pin the run's window; gives the key of what will be read."""
    from retroaudit.audit import pin as pin_stage
    from retroaudit.intake import request

    params = context.get("params") or {}
    asked = request(Path(spec_path), window_of(context), datetime.now(UTC), as_of=params.get("as_of"))
    with _places() as places:
        return _keep(places, pin_stage(asked, places))


def window_of(context: Mapping[str, Any]) -> str:
    """The run's window: the explicit parameter, else the partition's key, else the data interval's day.

    A manual run has none of the last two: it must name its window.
    """
    named = (context.get("params") or {}).get("window")
    run = context.get("dag_run")
    start = getattr(run, "data_interval_start", None)
    end = getattr(run, "data_interval_end", None)
    key = named or getattr(run, "partition_key", None)
    if key:
        return str(key)
    if start and end and end > start:
        return f"{start:%Y-%m-%d}/{end:%Y-%m-%d}"
    raise BadInput(
        Fault(
            "the run's window",
            "none",
            "a partition key or the parameter window",
            'Trigger with {"window": "2026-07-01"}.',
        )
    )


@final
def plan(pinned: str) -> str:
    """Seal what will be tested; gives the same key. What follows takes it from here: no row is read before."""
    from retroaudit import provenance
    from retroaudit.artefacts import Pinned, Run, utc_now
    from retroaudit.sealing.plan import seal_plan

    with _places() as places:
        run = Run(utc_now(), provenance.facts())
        receipt = seal_plan(_take(places, pinned, Pinned), places.store, _signer(), run)
    _LOG.info("the plan is in commit %d: %s", receipt.commit, receipt.key)
    return pinned


@final
def groups(pinned: str) -> list[list[str]]:
    """The partitions of the window and of its references in groups worth a task each, by the bytes that they hold."""
    from retroaudit.artefacts import Pinned

    with _places() as places:
        work = _take(places, pinned, Pinned).work()
    sizes = [(each.name, sum(o.info.size for o in each.partition.logs)) for each in work]
    return pack(sizes, max(_GROUP_BYTES, sum(size for _, size in sizes) // _MOST_GROUPS + 1))


def pack(sizes: Sequence[tuple[str, int]], most: int) -> list[list[str]]:
    """Neighbours packed together until a group holds `most` bytes; a larger one stands alone."""
    packed: list[list[str]] = []
    room = 0
    for key, size in sizes:
        if not packed or size > room:
            packed.append([])
            room = most
        packed[-1].append(key)
        room -= size
    return packed


@final
def measure(pinned: str, group: list[str]) -> list[str]:
    """Measure a group of partitions; gives the keys of what they yielded."""
    from retroaudit import audit
    from retroaudit.artefacts import Pinned
    from retroaudit.progress import logged

    with _places() as places:
        plan = _take(places, pinned, Pinned)
        work = [each for each in plan.work() if each.name in set(group)]
        measured = audit.measure(plan, work, places, logged(_LOG.info, time.monotonic))
        return [_keep(places, each) for each in measured]


@final
def merge(pinned: str, measured: Sequence[Sequence[str]]) -> str:
    """Merge the states of all groups into the window's."""
    from retroaudit import audit
    from retroaudit.artefacts import Measured, Pinned

    with _places() as places:
        plan = _take(places, pinned, Pinned)
        yielded = [_take(places, key, Measured) for group in measured[:] for key in group]  # one request, no probing
        return _keep(places, audit.merge(plan, yielded, places))


@final
def check(pinned: str, merged: str) -> str:
    """Run the checks over the merged states."""
    from retroaudit import audit
    from retroaudit.artefacts import Merged, Pinned

    with _places() as places:
        plan, whole = _take(places, pinned, Pinned), _take(places, merged, Merged)
        return _keep(places, audit.check(plan, whole, places.states))


@final
def judge(pinned: str, checked: str) -> str:
    """Turn metrics into verdicts and findings."""
    from retroaudit import audit
    from retroaudit.artefacts import Checked, Pinned

    with _places() as places:
        return _keep(places, audit.judge(_take(places, pinned, Pinned).spec, _take(places, checked, Checked)))


@final
def report(pinned: str, merged: str, checked: str, judged: str) -> str:
    """Write the report's files."""
    from retroaudit import audit
    from retroaudit.artefacts import Checked, Judged, Merged, Pinned
    from retroaudit.report.write import evidently

    with _places() as places:
        plan, whole = _take(places, pinned, Pinned), _take(places, merged, Merged)
        found, decided = _take(places, checked, Checked), _take(places, judged, Judged)
        with evidently(plan.spec) as child:
            return _keep(places, audit.report(plan, whole, found, decided, places.store, child))


@final
def seal(pinned: str, merged: str, judged: str, written: str, **context: Any) -> dict[str, Any]:
    """Seal the report; gives its id, verdict and the digest of its manifest."""
    from retroaudit import provenance
    from retroaudit.artefacts import Judged, Merged, Pinned, Run, Written, utc_now
    from retroaudit.sealing.report import seal as seal_report

    run = Run(utc_now(), provenance.facts(_airflow_facts(context)))
    with _places() as places:
        plan, whole = _take(places, pinned, Pinned), _take(places, merged, Merged)
        decided, files = _take(places, judged, Judged), _take(places, written, Written)
        return seal_report(plan, whole, decided, files, places, _signer(), run).summary()


def _airflow_facts(context: Mapping[str, Any]) -> dict[str, str]:
    run, task_instance = context.get("dag_run"), context.get("ti")
    named = {
        "dag_id": getattr(run, "dag_id", None),
        "run_id": getattr(run, "run_id", None),
        "run_type": getattr(run, "run_type", None),
        "partition_key": getattr(run, "partition_key", None),
        "try_number": getattr(task_instance, "try_number", None),
    }
    return {name: str(value) for name, value in named.items() if value is not None}


@contextmanager
def _places() -> Iterator[Places]:
    from retroaudit.intake import places

    archive, store, states = (_setting(name) for name in SETTINGS[:3])
    with tempfile.TemporaryDirectory(prefix="retroaudit-") as spool:
        yield places(archive, store, states, Path(spool))


def _signer() -> Signer:
    from retroaudit.ledger.signers import open_signer

    return open_signer(_setting("RETROAUDIT_SIGNING_KEY"))


def _setting(name: str) -> str:
    value = os.environ.get(name)
    if value:
        return value
    raise BadInput(
        Fault(f"the worker's environment variable {name}", "nothing", "an address or a path", "See dags/README.md.")
    )


def _keep(places: Places, value: object) -> str:
    from retroaudit.artefacts import save

    return save(places.states, value)


def _take(places: Places, key: str, kind: type[T]) -> T:
    from retroaudit.artefacts import load

    return load(places.states, key, kind)
