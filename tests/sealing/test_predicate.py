"""The manifest's predicate has the shape of SLSA's provenance, v1.1, and names every object that was read."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from retroaudit import provenance
from retroaudit.artefacts import Run
from retroaudit.audit import audit
from retroaudit.declaring.writing import declare
from retroaudit.intake import places, request
from retroaudit.ledger.kinds import Store
from retroaudit.ledger.read import find
from retroaudit.progress import silent
from tests.memory import InMemory
from tests.test_floors import SOURCE
from tests.test_measuring import DAYS, LABELLED, filled
from tests.world import NOON, World

__all__ = ["filled"]


class Keeping(InMemory):
    """Remembers until when each object is to be kept."""

    def __init__(self) -> None:
        super().__init__()
        self.until: dict[str, datetime | None] = {}

    def put_if_absent(self, key: str, data: bytes, *, retain_until: datetime | None = None) -> bool:
        self.until.setdefault(key, retain_until)
        return super().put_if_absent(key, data)


class Clock:
    """A second later each time it is asked."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def found(filled: World) -> dict[str, Any]:
    """The predicate of a report of three days, as it is read back."""
    where = places(filled.archive.as_uri(), (filled.root / "store").as_uri(), None, filled.root)
    run = Run(NOON, provenance.facts({"dag_id": "nightly", "run_id": "scheduled__1"}), Clock())
    asked = request(filled.spec({**LABELLED, "tier": "high"}), "2026-07-01/2026-07-04", NOON)
    sealed = audit(asked, where, filled.signer, run, silent)
    return dict(find(filled.store, str(sealed.report)).predicate)


def test_its_fields_are_those_of_the_format(found: dict[str, Any]) -> None:
    """https://slsa.dev/spec/v1.1/provenance: buildDefinition and runDetails with their required fields."""
    assert set(found) == {
        *("verdict", "findings", "tier", "plan", "other_plans", "changed_verdicts", "explained_by"),
        *("buildDefinition", "runDetails"),
    }
    definition, details = found["buildDefinition"], found["runDetails"]
    assert set(definition) == {"buildType", "externalParameters", "internalParameters", "resolvedDependencies"}
    names = {"model", "window", "kind", "part", "as_of", "spec", "policy", "plan", "archive"}
    assert set(definition["externalParameters"]) == names
    assert set(details) == {"builder", "metadata", "byproducts", "execution"}
    assert set(details["builder"]["version"]) == {
        *("retroaudit", "commit", "lock_sha256", "environment_sha256", "libraries", "python", "image")
    }
    assert set(details["execution"]) == {"rows_read", "reused", "platform", "host", "orchestration"}


def test_every_object_is_a_dependency_with_its_digest(found: dict[str, Any], filled: World) -> None:
    dependencies = found["buildDefinition"]["resolvedDependencies"]
    paths = {path.as_uri(): path for path in filled.archive.rglob("*.parquet")}
    assert {each["uri"] for each in dependencies} == set(paths)
    for each in dependencies:
        data = paths[each["uri"]].read_bytes()
        assert each["digest"] == {"sha256": hashlib.sha256(data).hexdigest()}
        assert each["annotations"]["size"] == len(data)
    roles = sorted((each["annotations"]["role"], each["annotations"]["partition"]) for each in dependencies)
    assert roles == sorted([*(("logs", day) for day in (*DAYS, "reference")), *(("labels", day) for day in DAYS)])


def test_times_and_the_run_are_those_of_the_execution(found: dict[str, Any]) -> None:
    metadata = found["runDetails"]["metadata"]
    assert metadata["invocationId"] == "scheduled__1"
    assert metadata["startedOn"] == NOON.isoformat()
    assert metadata["finishedOn"] == (NOON + timedelta(seconds=2)).isoformat()  # the plan was the first second


def test_the_lock_is_that_of_the_checkout_or_what_the_image_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(provenance.LOCK_VARIABLE, raising=False)
    lock = (SOURCE.parents[1] / "requirements.lock").read_bytes()
    assert provenance.facts()["builder"]["lock_sha256"] == hashlib.sha256(lock).hexdigest()
    monkeypatch.setenv(provenance.LOCK_VARIABLE, "ab" * 32)
    assert provenance.facts()["builder"]["lock_sha256"] == "ab" * 32
    monkeypatch.delenv(provenance.LOCK_VARIABLE)
    monkeypatch.setattr(provenance, "_CHECKOUT", SOURCE / "nowhere")
    assert provenance.facts()["builder"]["lock_sha256"] is None


@pytest.mark.parametrize(("tier", "days"), [("low", 30), ("high", 3650), ("medium", 3650)])
def test_what_is_sealed_is_kept_as_long_as_the_store_says_for_its_tier(filled: World, tier: str, days: int) -> None:
    """A tier that the store does not name is kept for the longest of those that it does."""
    where = places(filled.archive.as_uri(), (filled.root / "store").as_uri(), None, filled.root)
    memory = Keeping()
    own: dict[str, Any] = {"retention_days": {"low": 30, "high": 3650}, "locked": True, "at": NOON.isoformat()}
    older = Store(tenant="bank", **{**own, "retention_days": {"low": 1, "medium": 1, "high": 1}})
    declare(memory, [older], filled.signer, NOON)
    declare(memory, [Store(tenant="bank", **own)], filled.signer, NOON)
    before = set(memory.objects)
    asked = request(filled.spec({**LABELLED, "tier": tier}), DAYS[0], NOON)
    audit(asked, replace(where, store=memory), filled.signer, Run(NOON, {}, lambda: NOON), silent)
    kept = {until for key, until in memory.until.items() if key not in before and not key.startswith("log/")}
    assert kept == {NOON + timedelta(days=days, hours=2)}  # clocks may differ


def test_without_a_word_on_retention_nothing_is_locked(filled: World) -> None:
    where = places(filled.archive.as_uri(), (filled.root / "store").as_uri(), None, filled.root)
    memory = Keeping()
    asked = request(filled.spec(LABELLED), DAYS[0], NOON)
    audit(asked, replace(where, store=memory), filled.signer, Run(NOON, {}, lambda: NOON), silent)
    assert {until for key, until in memory.until.items() if not key.startswith("log/")} == {None}
