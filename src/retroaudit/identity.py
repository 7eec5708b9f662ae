"""What identifies an audit: its plan, the keys of its states, and its run key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785

from retroaudit.archive.cutoffs import Cutoffs
from retroaudit.archive.inputs import Inputs, Partition
from retroaudit.archive.pin import content_digest, control_digest, label_digest
from retroaudit.archive.read import kept_apart
from retroaudit.archive.rows import PREPARATION, numeric
from retroaudit.artefacts import REFERENCE, WINDOW, Kept, Merged, Pinned, Request, Work
from retroaudit.checks.all import CHECKS
from retroaudit.judgement.findings import POLICY_VERSION
from retroaudit.measures import account, arrivals
from retroaudit.measures.all import MEASURES
from retroaudit.measures.labelled import LABELLED
from retroaudit.measures.measure import Need
from retroaudit.measures.store import StateKey
from retroaudit.spec.digest import spec_digest, spec_document
from retroaudit.spec.model import Spec

MERGED = "merged-"  # what the content of a merged state begins with: it can be merged again
_DECIDING = (
    "time",
    "id",
    "version",
    "prediction",
    "score",
    "label",
    "positive",
)  # columns that decide which rows count
_OF_A_FILE = ("rows", "columns", "cell_bytes", "decoded_bytes")  # limits beyond which a file is not read


def digest(value: object) -> str:
    """Sha256 of a value's canonical JSON."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def plan_document(request: Request, needs: Iterable[Need]) -> bytes:
    """What will be tested, with which thresholds, over which window, as canonical JSON: the ledger's plan.json.

    The spec is named by its digest: its bytes are `spec_bytes`. The spec's patterns are expanded by now.
    """
    document = {
        "spec": spec_digest(request.spec),
        "window": request.window.key,
        "as_of": instant(request.as_of),
        "part": request.part,
        "needs": [[need.measure, *need.columns, *([_asked(need)] if _asked(need) else [])] for need in sorted(needs)],
        "versions": versions(),
    }
    return bytes(rfc8785.dumps(document))


def plan_digest(request: Request, needs: Iterable[Need]) -> str:
    """Sha256 of the plan's document: fixed before the first row is read."""
    return hashlib.sha256(plan_document(request, needs)).hexdigest()


def versions() -> dict[str, dict[str, int]]:
    """The versions of measures and checks: a number changes only with one of them."""
    return {
        "measures": {name: measure.version for name, measure in MEASURES.items()},
        "checks": {check.name: check.version for check in CHECKS},
    }


def series(pinned: Pinned) -> tuple[str, str, str, str]:
    """Model, window, kind and part: what the revisions of a report share."""
    window = pinned.inputs.window
    return pinned.spec.model, window.key, window.kind, pinned.part


def run_key(pinned: Pinned) -> dict[str, str]:
    """The digests that decide a report's bytes, by name; the commit of the code is not among them."""
    inputs = pinned.inputs
    reference = content_digest(inputs.reference) if inputs.reference else None
    rolling = {name: _contents(each) for name, each in inputs.rolling.items()}
    return {
        "inputs": digest({**_contents(inputs), "reference": reference, "rolling": rolling}),
        "versions": digest(versions()),
        "spec": spec_digest(pinned.spec),
        "policy": digest({"version": POLICY_VERSION}),
        "as_of": instant(inputs.as_of) or "",
    }


def _contents(inputs: Inputs) -> dict[str, Any]:
    partitions = [
        [partition.key, content_digest(partition), label_digest(partition), control_digest(partition)]
        for partition in inputs.partitions
    ]
    return {"partitions": partitions, "missing": list(inputs.missing)}


def cause(pinned: Pinned, previous: Mapping[str, str] | None) -> tuple[str, ...]:
    """Why there is a new revision: the parts of the run key that differ from the revision before."""
    if previous is None:
        return ()
    return tuple(sorted(name for name, value in run_key(pinned).items() if previous.get(name) != value))


@dataclass(frozen=True)
class StateKeys:
    """What decides a partition's states: its content, the measure, and the rules of which rows count.

    The states of labels that are kept apart depend on which labels were seen too; the others do not.
    """

    content: str
    numbers: frozenset[str]
    of_rows: Mapping[str, str]
    of_labels: Mapping[str, str]
    of_control: Mapping[str, str]

    def of(self, need: Need) -> StateKey:
        """The key of what a need is answered with."""
        types = {"types": ",".join("number" if name in self.numbers else "any" for name in need.reads)}
        own = {**self.of_rows, **types, **_asked(need), **(self.of_labels if need.measure in LABELLED else {})}
        return StateKey(self.content, need.measure, MEASURES[need.measure].version, need.columns, own)

    @property
    def account(self) -> StateKey:
        """The key of the partition's account."""
        own = {**self.of_rows, **self.of_labels, **self.of_control}
        return StateKey(self.content, account.NAME, account.VERSION, (), own)


def state_keys(spec: Spec, work: Work, cutoffs: Cutoffs) -> StateKeys:
    """The keys of a partition's states, its labels looked at as of these cut-offs."""
    document, partition = spec_document(spec), work.partition
    apart = kept_apart(spec, partition)
    rules = {
        "preparation": PREPARATION,
        "columns": {name: document["columns"][name] for name in _DECIDING},
        "time": document["time"],
        "start": instant(partition.start),
        "labels": "apart" if apart else spec.labels and document["labels"]["observed_when"],
        "limits": {name: document["limits"][name] for name in _OF_A_FILE},
    }
    moments = [instant(moment) for moment in cutoffs.moments]
    seen = {"objects": label_digest(partition), "cutoffs": moments, "spec": document["labels"]}
    return StateKeys(
        content=content_digest(partition),
        numbers=numeric(spec),
        of_rows={"rules": digest(rules)},
        of_labels={"labels": digest(seen)} if apart else {},
        of_control={"control": control_digest(partition)},
    )


def arrivals_key(spec: Spec, work: Work) -> StateKey:
    """The key of when the last label of a partition arrived."""
    own = {"labels": digest([spec.labels and spec.labels.arrived, spec.time.zone])}
    return StateKey(label_digest(work.partition), arrivals.NAME, arrivals.VERSION, (), own)


def contents(partition: Partition) -> tuple[str, ...]:
    """The contents under which states of a partition lie: its logs, and its labels."""
    return content_digest(partition), label_digest(partition)


def _asked(need: Need) -> dict[str, str]:
    """What is asked beyond measure and columns: nothing of most."""
    return {name: value for name, value in (("question", need.question), ("where", need.where)) if value}


def merged_key(need: Need, parts: Sequence[Kept]) -> StateKey:
    """The key of a merged state: the digests of what was merged, in any order."""
    content = f"{MERGED}{digest(sorted([kept.digest, -1 if kept.cutoff is None else kept.cutoff] for kept in parts))}"
    return StateKey(content, need.measure, MEASURES[need.measure].version, need.columns, _asked(need))


def states_digests(merged: Merged) -> dict[str, str]:
    """One digest a partition over all its states, by the partition's name in the report."""
    return {
        named(each.role, each.accounting.partition): digest(sorted(kept.digest for kept in each.states))
        for each in merged.measured
    }


def named(role: str, partition: str) -> str:
    """The partitions of rolling references are named with their role: one day may be in several."""
    return partition if role in {WINDOW, REFERENCE} else f"{role}/{partition}"


def spec_bytes(spec: Spec) -> bytes:
    """The resolved spec as canonical JSON: what was asked, for whoever reads the report later."""
    return bytes(rfc8785.dumps(spec_document(spec)))


def instant(moment: datetime | None) -> str | None:
    """A moment as ISO 8601; null where there is none."""
    return moment.isoformat() if moment else None
