"""`store init` asks before what cannot be undone, and `store check` says what is missing."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from retroaudit.commands import stores
from retroaudit.faults import BadInput
from retroaudit.ledger.kinds import Store
from retroaudit.ledger.read import logged
from retroaudit.ledger.signing import write_keys
from retroaudit.storage.open import open_store
from retroaudit.storage.s3 import S3Storage
from tests.servers import ARNS, AsRole

URL = "s3://audits"
ROLES = [word for role, arn in ARNS.items() for word in (f"--{role}", arn)]


def call(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(stores.commands, list(words), input=typed)


def printed(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call(*words, "--json").stdout)
    return found


@pytest.fixture
def bucket(as_admin: None) -> str:  # noqa: ARG001  (a fixture for its effect)
    """A bucket's address, and nothing there."""
    return f"s3://bucket-{secrets.token_hex(6)}"


@pytest.fixture
def key(tmp_path: Path) -> str:
    """A signing key's file."""
    return str(write_keys(tmp_path / "keys").signing)


def test_a_directory_says_how_long_it_keeps(tmp_path: Path, key: str) -> None:
    url = (tmp_path / "store").as_uri()
    made = printed("init", "--store", url, "--key", key, "--retain", "low=2y")
    assert (made["tenant"], made["days"], made["locked"]) == ("store", 0, False)
    assert made["retention_days"] == {"low": 731, "medium": 2557, "high": 3653}  # 730.5 days, rounded up
    assert printed("init", "--store", url, "--key", key)["at"] == made["at"]
    (entry,) = logged(open_store(url), "store")
    assert isinstance(entry.recorded.entry.body, Store)
    assert not entry.recorded.entry.body.locked
    found = call("check", "--store", url)
    assert found.exit_code == 0
    assert "low 731 days, medium 2,557 days, high 3,653 days; tenant store; not locked" in found.stdout
    nothing = call("relock", "--store", url, "--yes")
    assert (nothing.exit_code, "cannot lock: nothing was done" in nothing.stdout) == (0, True)


def test_another_key_than_the_logs_says_nothing(tmp_path: Path, key: str) -> None:
    url = (tmp_path / "store").as_uri()
    call("init", "--store", url, "--key", key)
    other = str(write_keys(tmp_path / "other").signing)
    failed = call("init", "--store", url, "--key", other, "--retain", "low=1d")
    assert isinstance(failed.exception, BadInput)
    assert len(list(logged(open_store(url), "store"))) == 1


def test_a_log_that_cannot_be_read_is_missing(tmp_path: Path, key: str) -> None:
    url = (tmp_path / "store").as_uri()
    call("init", "--store", url, "--key", key)
    (commit,) = (tmp_path / "store" / "log" / "commits").rglob("000000000001")
    commit.chmod(0o644)
    commit.write_bytes(b"{}")
    found = call("check", "--store", url)
    assert found.exit_code == 2
    assert "the log cannot be read" in found.stdout


def test_a_store_that_never_said_cannot_be_relocked(tmp_path: Path) -> None:
    failed = call("relock", "--store", tmp_path.as_uri(), "--yes")
    assert isinstance(failed.exception, BadInput)
    assert "a log that does not say how long it keeps" in str(failed.exception)


def test_a_directory_is_made_and_is_no_lock(tmp_path: Path) -> None:
    url = (tmp_path / "store").as_uri()
    assert call("check", "--store", url).exit_code == 2
    made = call("init", "--store", url)
    assert made.exit_code == 0
    assert "a directory, which cannot lock" in made.stdout
    found = call("check", "--store", url)
    assert found.exit_code == 0
    assert "whoever may write here can delete" in found.stdout
    assert (tmp_path / "store").is_dir()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--projected-gb-a-year", "1", "--models", "2"], "one of them"),
        (["--writer", "somebody"], "the ARN of one user or role"),
        (["--log", ARNS["log"], "--writer", ARNS["log"]], "one principal for each"),
        (["--retain-days", "0"], "1 to 36,500 days"),
        (["--retain", "low=1y"], "no --key"),
    ],
)
def test_options_that_do_not_fit_are_refused(words: list[str], expected: str) -> None:
    failed = call("init", "--store", URL, "--yes", *words)
    assert isinstance(failed.exception, BadInput)
    assert expected in str(failed.exception)


@pytest.mark.parametrize("text", ["low", "low=", "low=0d", "lowest=1y", "low=101y", "low=1.5y", "low=1m", "high=-1d"])
def test_a_time_to_keep_that_is_none_is_refused(text: str, tmp_path: Path, key: str) -> None:
    failed = call("init", "--store", (tmp_path / "store").as_uri(), "--key", key, "--retain", text)
    assert isinstance(failed.exception, BadInput)
    assert "low=3y, medium=2557d" in str(failed.exception)
    assert not (tmp_path / "store").exists()


def test_a_bucket_locks_for_as_long_as_the_longest_tier_needs(tmp_path: Path, key: str) -> None:
    del tmp_path
    failed = call("init", "--store", URL, "--key", key, "--retain-days", "3650")
    assert isinstance(failed.exception, BadInput)
    assert "3653 or more, the longest tier's" in str(failed.exception)


def test_bytes_are_projected_over_the_years_of_the_lock() -> None:
    """By hand: 300 models x 1 report x 365.25 days x 500 kB = 54.79 GB a year; ten years of 365.25 days hold ten."""
    a_year = stores._a_year(None, 300, 1.0)
    assert a_year == pytest.approx(54.7875e9)
    assert stores._a_year(2.5, None, 1.0) == 2.5e9
    assert stores._a_year(None, None, 1.0) is None
    held = stores._held(3653, a_year)
    assert (held["years"], held["bytes"] // 10**9) == (10.0, 547)
    assert stores._held(3650, None)["bytes"] is None


@pytest.mark.server
@pytest.mark.slow
def test_a_lock_is_asked_for(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["init", "--store", bucket, "--retain-days", "1", "--models", "300"]
    alone = call(*words)
    assert isinstance(alone.exception, BadInput)
    (fault,) = alone.exception.faults
    assert fault.subject == "--yes"
    assert "This cannot be undone" in fault.remedy
    assert "150.0 MB stay locked" in fault.remedy
    assert call(*words, "--json").exit_code == 1
    monkeypatch.setattr(stores, "_somebody_is_there", lambda: True)
    refused = call(*words, typed="n\n")
    assert refused.exit_code == 1
    assert "by anybody, the account's owner included" in refused.stderr
    assert call("check", "--store", bucket).exit_code == 2  # nothing was made
    agreed = call(*words, typed="y\n")
    assert agreed.exit_code == 0
    assert "is made, locked for 1 day" in agreed.stdout
    again = call(*words)  # nothing to ask
    assert "is there, locked for 1 day" in again.stdout


@pytest.mark.server
@pytest.mark.slow
def test_the_log_says_how_long_it_keeps_and_says_it_once(bucket: str, key: str, as_role: AsRole) -> None:
    silent = call("init", "--store", bucket, "--retain-days", "1", "--yes", *ROLES)
    assert "its log does not say yet how long it keeps: retroaudit store init --store" in silent.stdout
    before = call("check", "--store", bucket)
    assert before.exit_code == 2
    assert "the log does not say how long it keeps" in before.stdout
    words = ["init", "--store", bucket, "--key", key, "--yes"]
    days = ["--retain", "low=1d", "--retain", "medium=1w", "--retain", "high=2w", "--tenant", "bank"]
    made = printed(*words, *days)
    assert (made["days"], made["locked"], made["tenant"]) == (14, True, "bank")
    assert made["retention_days"] == {"low": 1, "medium": 7, "high": 14}
    again = printed(*words, "--tenant", "bank")  # what was said stays said
    assert (again["days"], again["locked"], again["at"]) == (14, False, made["at"])
    ledger = open_store(bucket)
    (entry,) = logged(ledger, "store")
    body = entry.recorded.entry.body
    assert isinstance(body, Store)
    assert (body.locked, body.retention_days) == (True, made["retention_days"])
    assert isinstance(ledger, S3Storage)
    locked = ledger.retention(entry.key)
    assert locked is not None
    assert locked.until is not None
    assert timedelta(days=13) < locked.until - datetime.now(UTC) < timedelta(days=15)
    assert printed("check", "--store", bucket)["right"] is True
    with as_role("log"):
        found = call("check", "--store", bucket)
        assert found.exit_code == 0
        assert "ask as auditor for these: lifecycle, policy, public" in found.stdout
        assert printed("check", "--store", bucket)["unseen"] == ["lifecycle", "policy", "public"]
    shorter = printed(*words, "--retain", "high=8d", "--tenant", "bank")
    assert shorter["retention_days"] == {"low": 1, "medium": 7, "high": 8}
    assert len(list(logged(ledger, "store"))) == 2


@pytest.mark.server
@pytest.mark.slow
def test_what_init_makes_check_finds_right(bucket: str, key: str) -> None:
    missing = printed("check", "--store", bucket)
    assert missing["right"] is False
    assert [each["what"] for each in missing["findings"]] == ["bucket"]
    made = printed("init", "--store", bucket, "--key", key, "--yes", *ROLES)
    assert (made["made"], made["locked"], made["days"]) == (True, True, 3653)  # ten years of 365.25 days
    assert (made["retention_days"], made["tenant"]) == ({"low": 1096, "medium": 2557, "high": 3653}, bucket[5:])
    found = printed("check", "--store", bucket)
    assert found["right"] is True
    states = {each["what"]: each["state"] for each in found["findings"]}
    assert states.pop("encryption") == "note"
    assert set(states.values()) == {"fine"}
    assert {"versions", "lock", "retention", "policy", "put-if-absent", "kept", "auditor role"} <= set(states)


@pytest.mark.slow
def test_a_module_can_be_run_and_a_key_given_as_text_is_not_shown(tmp_path: Path, key: str) -> None:
    """`python -m retroaudit`, as a process of its own."""
    text = Path(key).read_text()
    for options in ([], ["--json"]):
        words = ["store", "init", "--store", (tmp_path / "store").as_uri(), "--key", text, *options]
        done = subprocess.run(
            [sys.executable, "-m", "retroaudit", *words], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 2
        told = done.stdout + done.stderr
        assert "a key's own text" in told
        assert "env:NAME" in told
        assert not any(line in told for line in text.splitlines())
    assert not (tmp_path / "store").exists()
