"""What people put into the log: who and why are always said, and what is not there is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sealing.test_plan import plans, stopped
from tests.test_cli import Call
from tests.test_measuring import DAYS, LABELLED
from tests.world import World

ID = f"model/{DAYS[0]}/day/main"
SAID = ("--by=R. Owner", "--reason=ticket 4711")


@pytest.fixture
def words(filled: World, options: dict[str, str]) -> list[str]:
    """Where the store is, with a day audited in which something fails, and the key."""
    filled.audit({**LABELLED, "quality": {"ranges": {"amount": [0, 3]}}}, DAYS[0])
    return [options["store"], f"--key={filled.root / 'keys' / 'signing.pem'}"]


def bodies(call: Call, words: list[str], kind: str) -> list[dict[str, Any]]:
    found = json.loads(call("ledger", "log", words[0], f"--kind={kind}", "--json")[1])
    return [{name: value for name, value in each["body"].items() if name != "at"} for each in found]


def test_a_decision_is_about_a_report_or_one_of_its_findings(call: Call, words: list[str], filled: World) -> None:
    (finding, *_) = filled.report(f"{ID}/1")["findings"]
    one = ["ledger", "decide", ID, *words, "--decision=accepted", *SAID]
    assert call(*one)[0] == 0
    assert call(*one, f"--finding={finding['fingerprint']}", "--json")[0] == 0
    own = {"model": "model", "report": f"{ID}/1", "decision": "accepted", "by": "R. Owner", "reason": "ticket 4711"}
    assert bodies(call, words, "decision") == [
        {**own, "fingerprint": None},
        {**own, "fingerprint": finding["fingerprint"]},
    ]
    assert filled.verify().problems == ()
    code, _, err = call(*one, "--finding=none")
    assert code == 2
    assert finding["fingerprint"] in err


def test_a_change_names_what_it_was_and_what_it_is(call: Call, words: list[str], filled: World) -> None:
    change = ["ledger", "approve", "model", "--what=reference", *words, *SAID]
    assert call(*change, f"--after={'ab' * 32}")[0] == 0
    assert call(*change, f"--before={'ab' * 32}", f"--after={'cd' * 32}")[0] == 0
    found = bodies(call, words, "change")
    assert [(each["before"], each["after"]) for each in found] == [(None, "ab" * 32), ("ab" * 32, "cd" * 32)]
    assert filled.verify().problems == ()
    assert call(*change)[0] == 2
    assert call(*change, "--after=v2")[0] == 2


def test_an_erasure_is_of_a_spec_or_a_model(call: Call, words: list[str], filled: World) -> None:
    spec = filled.spec(LABELLED)
    erasure = ["ledger", "erasure", *words, *SAID]
    two = ["--partition=2026-07-02", "--partition=2026-07-01"]
    assert call(*erasure, *two, spec, "--rows=2")[0] == 0  # no audit has read the second day yet
    assert call(*erasure, "--partition=2026-07-01", "model")[0] == 0
    who = {"model": "model", "scope": "archive", "by": "R. Owner", "reason": "ticket 4711"}
    assert bodies(call, words, "erasure") == [
        {**who, "partitions": ["2026-07-01", "2026-07-02"], "rows": 2},
        {**who, "partitions": ["2026-07-01"], "rows": None},
    ]
    assert call(*erasure, *two, "No Model")[0] == 2
    assert call(*erasure, "--partition=2026-07-01", "model", "--rows=-1")[0] == 2


@pytest.mark.parametrize(
    ("model", "partition", "said"),
    [
        ("modle", "2026-07-01", "Nearest: model."),
        ("model", "2026-07-03", "name the model's spec"),
        ("model", "2026-07-1", "Nearest: 2026-07-01"),
        ("SPEC", "2026-07-32", "a day such as 2026-07-01"),
        ("SPEC", "yesterday", "a day such as 2026-07-01"),
    ],
)
def test_an_erasure_of_what_is_not_there_is_refused(
    call: Call, words: list[str], filled: World, model: str, partition: str, said: str
) -> None:
    before = filled.kinds()
    about = filled.spec(LABELLED) if model == "SPEC" else model
    code, _, err = call("ledger", "erasure", about, f"--partition={partition}", *words, *SAID)
    assert code == 2
    assert said in err
    assert filled.kinds() == before


def test_a_snapshots_partition_and_a_references_can_be_erased(call: Call, words: list[str]) -> None:
    assert call("ledger", "erasure", "model", "--partition=reference", *words, *SAID)[0] == 0


def left_open(world: World, monkeypatch: pytest.MonkeyPatch, day: str) -> str:
    """The key of a plan whose audit was killed before it had a report."""
    with stopped(monkeypatch, KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        world.audit(LABELLED, day)
    return plans(world)[-1].key


def test_a_void_is_of_a_plan_or_a_due_list_of_this_log(
    call: Call, words: list[str], filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = {each["kind"]: each["entry"] for each in json.loads(call("ledger", "log", words[0], "--json")[1])}
    plan = left_open(filled, monkeypatch, DAYS[1])
    void = ["ledger", "void", *words, *SAID]
    code, out, _ = call(*void, plan)
    assert code == 0
    assert f"void  model/{DAYS[1]}/day/main: plan, by R. Owner" in out
    assert bodies(call, words, "void") == [{"entry": plan, "by": "R. Owner", "reason": "ticket 4711"}]
    assert filled.verify().problems == ()
    for wrong in (entries["key"], entries["report"], entries["plan"].replace("model=model", "model=other"), "x", ""):
        code, _, err = call(*void, wrong)
        assert code == 2
        assert "ledger log" in err


def test_a_void_counts_once_and_never_for_a_plan_with_a_report(
    call: Call, words: list[str], filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported = plans(filled)[0].key
    plan = left_open(filled, monkeypatch, DAYS[1])
    assert call("ledger", "void", plan, *words, *SAID)[0] == 0
    before = filled.kinds()
    code, _, err = call("ledger", "void", plan, *words, "--by=another", "--reason=once more")
    assert code == 2
    assert "one that commit 4 voided" in err  # 1: the first plan, 2: its report, 3: the open plan, 4: the void
    code, _, err = call("ledger", "void", reported, *words, *SAID)
    assert code == 2
    assert f"retroaudit ledger decide {ID}/1" in err
    assert filled.kinds() == before


def test_a_hold_on_a_directory_is_recorded_and_told_to_be_no_more(call: Call, words: list[str], filled: World) -> None:
    code, out, _ = call("ledger", "hold", ID, "--on", *words, *SAID)
    assert code == 0
    assert "cannot hold" in out
    assert f"{ID}/1: put on hold, by R. Owner" in out
    found = json.loads(call("ledger", "hold", ID, "--off", *words, *SAID, "--json")[1])
    assert (found["report"], found["on"], found["objects"]) == (f"{ID}/1", False, None)
    assert [each["on"] for each in bodies(call, words, "hold")] == [True, False]
    assert filled.verify().problems == ()


@pytest.mark.parametrize(
    "command",
    [
        ["decide", ID, "--decision=accepted"],
        ["approve", "model", "--what=spec", f"--after={'ab' * 32}"],
        ["erasure", "model", "--partition=2026-07-01"],
        ["hold", ID, "--on"],
    ],
    ids=lambda command: command[0],
)
def test_nobody_is_no_answer(call: Call, words: list[str], filled: World, command: list[str]) -> None:
    before = filled.kinds()
    for missing in (["--by= ", "--reason=why"], ["--by=who", "--reason="], ["--by=who"], []):
        code, _, err = call("ledger", *command, *words, *missing)
        assert code == 2
        assert "--by" in err or "--reason" in err
    assert filled.kinds() == before


@pytest.mark.parametrize("command", ["decide", "hold"])
def test_a_report_that_is_not_there_names_the_nearest(call: Call, words: list[str], command: str) -> None:
    more = ["--decision=accepted"] if command == "decide" else ["--on"]
    code, _, err = call("ledger", command, "modl/2026-07-01/day/main", *more, *words, *SAID)
    assert code == 2
    assert ID in err


def test_hostile_words_are_shown_and_not_obeyed(call: Call, words: list[str], filled: World) -> None:
    reason = "--reason=\x1b[2J[red]{model.__class__}\u202eabc"
    assert call("ledger", "decide", ID, "--decision=[bold]ok", "--by={0}", reason, *words)[0] == 0
    code, out, _ = call("ledger", "log", words[0])
    assert code == 0
    assert "\x1b" not in out
    assert "[bold]ok, by {0}" in out
    assert filled.verify().problems == ()
