"""The commands that read, remove and make again, on S3: archive, store and states behind one server."""

from __future__ import annotations

import json

import pytest

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
