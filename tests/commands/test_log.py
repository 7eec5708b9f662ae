"""`ledger log`, `due` and `heartbeat` as people and schedulers meet them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from retroaudit.ledger.signing import write_keys
from tests.sealing.test_plan import stopped
from tests.test_cli import Call
from tests.test_measuring import DAYS, LABELLED
from tests.world import World

SCHEDULED = {**LABELLED, "schedule": {"day": True}}


@pytest.fixture
def words(filled: World, options: dict[str, str]) -> list[str]:
    """Where the store is, with two days audited, and the key."""
    for day in DAYS[:2]:
        filled.audit(LABELLED, day)
    return [options["store"], f"--key={filled.root / 'keys' / 'signing.pem'}"]


def printed(call: Call, *words: object) -> list[dict[str, Any]]:
    code, out, err = call(*words, "--json")
    assert code == 0, err
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_the_log_is_told_in_its_order(call: Call, words: list[str]) -> None:
    found = printed(call, "ledger", "log", words[0])
    assert [each["kind"] for each in found] == ["key", "plan", "report", "plan", "report"]
    assert [each["index"] for each in found] == list(range(5))
    assert [each["commit"] for each in found] == [1, 1, 2, 3, 4]
    code, out, _ = call("ledger", "log", words[0])
    assert code == 0
    for each in found:
        assert each["entry"] in out
    assert f"model/{DAYS[0]}/day/main/1: passed" in out


def test_kinds_and_models_are_chosen(
    call: Call, words: list[str], filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stopped(monkeypatch, KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        filled.audit({**LABELLED, "model": "other"}, DAYS[0])
    (plan,) = printed(call, "ledger", "log", words[0], "--model=other", "--kind=plan")
    assert plan["body"]["model"] == "other"
    said = ["--by=owner", "--reason=wrong"]
    assert call("ledger", "void", plan["entry"], *words, *said)[0] == 0
    assert [each["kind"] for each in printed(call, "ledger", "log", words[0], "--model=other")] == [*("plan", "void")]
    assert len(printed(call, "ledger", "log", words[0], "--kind=plan", "--kind=report")) == 5
    assert "no such entries" in call("ledger", "log", words[0], "--model=nobody")[1]
    code, _, err = call("ledger", "log", words[0], "--kind=plans")
    assert code == 2
    assert "plans" in err
    assert "heartbeat" in err


def test_what_is_due_is_recorded_once(call: Call, words: list[str], filled: World) -> None:
    spec = filled.spec(SCHEDULED)
    due = ["ledger", "due", spec, *words, "--window=2026-07", "--grace=0d"]
    (days,) = printed(call, *due)
    assert (days["audit"], len(days["windows"]), days["created"]) == ("day", 31, True)
    assert days["windows"][0] == {"window": "2026-07-01", "due": "2026-08-01T00:00:00+00:00"}  # its end and 30 days
    assert [each["created"] for each in printed(call, *due)] == [False]
    code, out, _ = call(*due)
    assert code == 0
    assert "31 audits of kind day, 2026-07-01 to 2026-07-31" in out
    assert "recorded before" in out


def test_an_audit_that_never_ran_is_found(call: Call, words: list[str], filled: World) -> None:
    """The plan said three nights; two were audited, and no hash would miss the third."""
    call("ledger", "due", filled.spec(SCHEDULED), *words, "--window=2026-07-01/2026-07-04", "--grace=0d")
    (problem,) = filled.verify().problems
    assert DAYS[2] in f"{problem.object} {problem.meaning} {problem.expected}"
    filled.audit(LABELLED, DAYS[2], now=datetime.now(UTC))
    assert filled.verify().problems == ()


def test_a_heartbeat_promises_the_next(call: Call, words: list[str], filled: World) -> None:
    assert printed(call, "ledger", "heartbeat", *words, "--next=1d")[0]["created"] is True
    (beat,) = printed(call, "ledger", "log", words[0], "--kind=heartbeat")
    at, following = (datetime.fromisoformat(beat["body"][name]) for name in ("at", "next"))
    assert following - at == timedelta(days=1)
    assert filled.verify().problems == ()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["due", "SPEC", "--window=2026-07"], "schedule"),
        (["due", "SPEC", "--window=yesterday"], "schedule"),
        (["due", "SPEC", "--window=2026-07", "--grace=soon"], "--grace"),
        (["heartbeat", "--next=never"], "--next"),
    ],
)
def test_wrong_words_are_bad_input(call: Call, words: list[str], filled: World, more: list[str], said: str) -> None:
    before = filled.kinds()
    code, _, err = call("ledger", *(filled.spec(LABELLED) if each == "SPEC" else each for each in more), *words)
    assert code == 2
    assert said in err
    assert filled.kinds() == before


def test_a_wrong_place_or_key_records_nothing(call: Call, words: list[str], filled: World) -> None:
    nowhere = (filled.root / "nowhere").as_uri()
    assert call("ledger", "heartbeat", f"--store={nowhere}", words[1], "--next=1d")[0] == 2
    assert not (filled.root / "nowhere").exists()
    other = write_keys(filled.root / "other").signing
    code, _, err = call("ledger", "heartbeat", words[0], f"--key={other}", "--next=1d")
    assert code == 2
    assert "key" in err
    code, _, err = call("ledger", "heartbeat", words[0], "--next=1d")
    assert code == 2
    assert "keygen" in err
    assert filled.verify().problems == ()


def test_a_recording_command_says_what_the_log_says(call: Call, words: list[str], filled: World) -> None:
    erasure = ["ledger", "erasure", filled.spec(SCHEDULED), "--rows=1", "--by=D", "--reason=815", *words]
    sentences = {
        "erasure": "model: 1 row of 2026-07-01, 2026-07-02 in the archive, by D",
        "due": "model: 1 audit of kind day, 2026-07-03, part main",
        "void": "model: due list, by D",
    }
    said = call(*erasure, *(f"--partition={day}" for day in DAYS[:2]))[1]
    said += call("ledger", "due", filled.spec(SCHEDULED), "--window=2026-07-03", *words)[1]
    (due,) = printed(call, "ledger", "log", words[0], "--kind=due")
    said += call("ledger", "void", due["entry"], "--by=D", "--reason=wrong", *words)[1]
    told = call("ledger", "log", words[0])[1]
    for kind, sentence in sentences.items():
        assert f"{kind}  {sentence}" in said
        assert sentence in told
    (plan, _) = printed(call, "ledger", "log", words[0], "--kind=plan")
    assert f"plan {plan['body']['plan'][:12]}\n" in told
