"""The commands that read, remove and make again, on S3: archive, store and states behind one server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from retroaudit.declaring.writing import declare
from retroaudit.ledger.coordinates import blob_key
from retroaudit.ledger.kinds import Store
from retroaudit.ledger.read import find
from retroaudit.ledger.signing import write_keys
from retroaudit.storage.open import open_storage
from retroaudit.storage.s3 import S3Storage
from tests.test_cli import Call
from tests.test_measuring import DAYS, LABELLED, WEEK
from tests.world import World

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("server")]


def test_explain_run_replay_and_erase(call: Call, filled: World, s3: S3Storage) -> None:
    objects = {path.relative_to(filled.archive).as_posix(): path for path in filled.archive.rglob("*.parquet")}
    for key, path in objects.items():
        s3.put_if_absent(f"archive/{key}", path.read_bytes())
    archive, store, states = (f"--{name}={s3.url}/{name}" for name in ("archive", "store", "states"))
    run = ["run", filled.spec(LABELLED), archive, store, states, "--window", WEEK]
    code, out, _ = call(*run, "--explain", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["requests"] == len(objects)  # each is copied whole
    assert found["fetched"] == sum(path.stat().st_size for path in objects.values())
    assert not list(s3.list("store/"))
    code, out, _ = call(*run, "--key", write_keys(filled.root / "keys").signing, "--json")
    sealed = json.loads(out)
    assert (code, sealed["rows_read"]) == (0, found["rows"])
    for places in ((archive,), (states,)):
        assert call("replay", sealed["report"], store, *places)[0] == 0
    erased = json.loads(call("states", "erase", sealed["report"], store, states, "--yes", "--json")[1])
    assert erased["partitions"] == ["reference/reference", *(f"window/{day}" for day in DAYS)]
    kept = open_storage(f"{s3.url}/states").list()
    assert {info.key.partition("/")[0] for info in kept} <= {"digests"}
    assert call("replay", sealed["report"], store, states)[0] == 2
    assert call("replay", sealed["report"], store, archive)[0] == 0


def test_what_is_sealed_is_kept_for_its_tier_and_a_hold_goes_beyond(
    call: Call, filled: World, lock_store: S3Storage
) -> None:
    """On a real server with Object Lock: retain-until from the log's own settings, a legal hold, and what lifts it."""
    world = World(filled.root, store_url=lock_store.url)
    now = datetime.now(UTC)
    kept = Store(tenant="bank", retention_days={"medium": 3}, locked=True, at=now.isoformat())
    declare(lock_store, [kept], world.signer, now)
    reports = [world.audit(LABELLED, day, now=now) for day in DAYS[:2]]
    entry = find(lock_store, str(reports[0].report))
    own = {entry.manifest_key, *(blob_key(file.sha256) for file in entry.files)}
    for key in own:
        found = lock_store.retention(key)
        assert found is not None
        assert found.until is not None
        assert found.mode == "COMPLIANCE"
        assert timedelta(0) <= found.until - (now + timedelta(days=3)) < timedelta(hours=3)
    words = [f"--store={lock_store.url}", f"--key={filled.root}/keys/signing.pem", "--by=legal", "--reason=case 12"]

    def hold(report: object, word: str) -> int:
        code, out, err = call("ledger", "hold", report, word, *words, "--json")
        assert code == 0, err
        return int(json.loads(out)["objects"])

    def held() -> set[str]:
        states = {key: lock_store.retention(key) for key in own}
        return {key for key, state in states.items() if state and state.legal_hold}

    assert hold(reports[0].report, "--on") >= len(own)
    assert held() == own
    hold(reports[1].report, "--on")
    hold(reports[0].report, "--off")
    shared = {blob_key(file.sha256) for file in find(lock_store, str(reports[1].report)).files} & own
    assert shared  # spec.json
    assert held() == shared
    assert world.verify().problems == ()
