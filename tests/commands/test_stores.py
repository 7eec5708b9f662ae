"""`store init` asks before what cannot be undone, and `store check` says what is missing."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from retroaudit.commands import stores
from retroaudit.faults import BadInput
from tests.servers import ARNS

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
    ],
)
def test_options_that_do_not_fit_are_refused(words: list[str], expected: str) -> None:
    failed = call("init", "--store", URL, "--yes", *words)
    assert isinstance(failed.exception, BadInput)
    assert expected in str(failed.exception)


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
def test_what_init_makes_check_finds_right(bucket: str) -> None:
    missing = printed("check", "--store", bucket)
    assert missing["right"] is False
    assert [each["what"] for each in missing["findings"]] == ["bucket"]
    made = printed("init", "--store", bucket, "--retain-days", "1", "--yes", *ROLES)
    assert (made["made"], made["locked"], made["days"]) == (True, True, 1)
    found = printed("check", "--store", bucket)
    assert found["right"] is True
    states = {each["what"]: each["state"] for each in found["findings"]}
    assert states.pop("encryption") == "note"
    assert set(states.values()) == {"fine"}
    assert {"versions", "lock", "retention", "policy", "put-if-absent", "race", "auditor role"} <= set(states)
    assert call("check", "--store", bucket).exit_code == 0
