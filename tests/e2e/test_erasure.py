"""An erasure upstream, from the archive to the auditor: it changes an input, and it invalidates nothing."""

from __future__ import annotations

import json

import polars as pl
import pytest

from tests.commands.conftest import call
from tests.test_cli import Call
from tests.test_measuring import DAYS, LABELLED, filled
from tests.world import World

__all__ = ["call", "filled"]
pytestmark = pytest.mark.slow

ID = f"model/{DAYS[0]}/day/main"
SAID = ("--by=D. Protection", "--reason=request 815")


def test_two_people_are_erased_and_every_report_stays_valid(call: Call, filled: World) -> None:
    """Their rows and labels go from the archive, their states go, the day is audited anew, and all is proven."""
    filled.archive.mkdir(exist_ok=True)
    assert filled.signer
    key = f"--key={filled.root}/keys/signing.pem"
    archive, store, states = (f"--{name}={(filled.root / name).as_uri()}" for name in ("archive", "store", "states"))
    run = ["run", filled.spec(LABELLED), archive, store, states, key, f"--window={DAYS[0]}"]
    assert call(*run)[0] == 0
    gone = ["r7", "r8"]
    for folder in ("logs", "labels"):
        name = f"{folder}/date={DAYS[0]}/part-0.parquet"
        filled.put(name, pl.read_parquet(filled.archive / name).filter(~pl.col("id").is_in(gone)))
    erased = call("states", "erase", ID, store, states, f"--partition={DAYS[0]}", key, *SAID, "--yes")
    assert erased[0] == 0
    declared = ["ledger", "erasure", filled.root / "spec.yaml", f"--partition={DAYS[0]}", "--rows=2"]
    assert call(*declared, store, key, *SAID)[0] == 0
    code, out, _ = call(*run)
    assert code == 0
    assert f"supersedes {ID}/1: changed inputs" in out
    assert "explained by the erasure declared on" in out
    assert f"(2 rows of {DAYS[0]})" in out
    found = json.loads(call(*run, "--json")[1])
    assert (found["report"], found["created"]) == (f"{ID}/2", False)
    assert [(each["partitions"], each["rows"]) for each in found["explained_by"]] == [([DAYS[0]], 2)]
    counted = [filled.report(f"{ID}/{rev}")["inputs"]["totals"]["rows"]["counted"] for rev in (1, 2)]
    assert counted == [4000, 3998]
    assert filled.kinds() == ["plan", "report", "erasure", "erasure", "report"]
    for words in ([], [f"{ID}/1"], [f"{ID}/2"]):
        verified = call("verify", *words, store, f"--key={filled.root}/keys/public.pem", "--json")
        assert (verified[0], json.loads(verified[1])["problems"]) == (0, [])
    for text in gone:
        quoted = f'"{text}"'.encode()
        assert not any(quoted in path.read_bytes() for path in (filled.root / "store").rglob("*") if path.is_file())
