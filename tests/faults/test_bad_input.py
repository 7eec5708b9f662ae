"""Bad input, each kind: what is refused is refused whole, in words; what can be excluded is excluded and said."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from retroaudit import cli
from retroaudit.ledger.signing import write_keys
from tests.world import SPEC, World, decisions, metric, metrics

DAY = "2026-07-01"
LOGS = f"logs/date={DAY}/part-0.parquet"


@pytest.fixture
def run(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`retroaudit run` on the world, as a person calls it: (exit code, standard output, standard error)."""
    keys = write_keys(world.root / "keys")

    def call(spec: dict[str, Any] = SPEC, **options: str) -> tuple[int, str, str]:
        given = {
            "archive": world.archive.as_uri(),
            "store": (world.root / "store").as_uri(),
            "window": DAY,
            "key": str(keys.signing),
        } | options
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        monkeypatch.setattr("sys.argv", ["retroaudit", "run", str(world.spec(spec)), *words])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return (int(stopped.value.code or 0), *capsys.readouterr())

    return call


def changed(**parts: Any) -> dict[str, Any]:
    spec = copy.deepcopy(SPEC)
    for name, value in parts.items():
        spec[name] = {**spec.get(name, {}), **value} if isinstance(value, dict) else value
    return spec


def refused(result: tuple[int, str, str], world: World, *words: str) -> None:
    """Exit 2, a message with its four parts, nothing sealed."""
    code, _, err = result
    assert code == 2, err
    for word in ("found", "expected", *words):
        assert word in err
    store = world.root / "store"
    assert not store.exists() or not [path for path in store.rglob("*") if path.is_file()]


def test_a_clean_day_passes(world: World, run: Callable[..., Any]) -> None:
    world.put(LOGS, decisions())
    code, out, err = run()
    assert code == 0, out + err
    assert "passed" in out


def test_no_such_archive(world: World, run: Callable[..., Any]) -> None:
    refused(run(archive="file:///no/such/archive"), world, "no such archive")


def test_a_pattern_that_matches_nothing(world: World, run: Callable[..., Any]) -> None:
    world.put("log/date=2026-07-01/part-0.parquet", decisions())
    refused(run(), world, "log/date=2026-07-01/part-0.parquet")


@pytest.mark.parametrize("window", ["2026-07-01/2026-07-01", "2026-07-02/2026-07-01"])
def test_an_empty_window(world: World, run: Callable[..., Any], window: str) -> None:
    world.put(LOGS, decisions())
    refused(run(window=window), world)


@pytest.mark.parametrize("window", ["yesterday", "2026-13-01", "2026-Q5", "2026-07-01T00:00", "", "../.."])
def test_a_window_that_is_none(world: World, run: Callable[..., Any], window: str) -> None:
    world.put(LOGS, decisions())
    refused(run(window=window), world, "window")


def test_wrong_column_names_all_at_once_with_the_nearest(world: World, run: Callable[..., Any]) -> None:
    world.put(LOGS, decisions())
    columns = {"prediction": "predicton", "features": {"amonut": "numeric"}}
    refused(run(changed(columns=columns)), world, "predicton", "prediction", "amonut", "amount")


def test_a_store_that_cannot_be_written(world: World, run: Callable[..., Any]) -> None:
    world.put(LOGS, decisions())
    (world.root / "store").write_text("a file stands where the store should be")
    code, _, err = run()
    assert code == 2
    assert "expected a directory" in err


@pytest.mark.parametrize("content", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_is_none(world: World, run: Callable[..., Any], tmp_path: Path, content: str) -> None:
    world.put(LOGS, decisions())
    key = tmp_path / "wrong.pem"
    key.write_text(content)
    refused(run(key=str(key)), world, "wrong.pem")


def test_the_public_key_does_not_sign(world: World, run: Callable[..., Any]) -> None:
    world.put(LOGS, decisions())
    refused(run(key=str(world.root / "keys" / "public.pem")), world, "public.pem")


def test_faults_as_json(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    write_keys(world.root / "keys")
    words = ["run", str(world.spec(SPEC)), "--archive", "file:///no/such", "--store", "file:///no/such"]
    monkeypatch.setattr("sys.argv", ["retroaudit", *words, "--window", DAY, "--json"])
    monkeypatch.setenv("RETROAUDIT_SIGNING_KEY", str(world.root / "keys" / "signing.pem"))
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    (fault,) = json.loads(capsys.readouterr().out)["faults"]
    assert set(fault) == {"subject", "found", "expected", "remedy"}


# --- what is read, and excluded with its reason ----------------------------------------------------------------------


def test_a_window_without_rows_fails(world: World) -> None:
    world.put(LOGS, decisions().clear())
    sealed = world.audit(SPEC, DAY)
    assert sealed.verdict == "failed"
    assert metric(world.report(sealed.report), metric="empty_partitions")["verdict"] == "failed"


def test_a_spec_that_asks_for_nothing_fails_because_nothing_was_checked(world: World) -> None:
    world.put(LOGS, decisions())
    nothing = {"logs": SPEC["logs"], "columns": {"time": "time", "id": "id"}}
    sealed = world.audit(nothing, DAY)
    assert sealed.verdict == "failed"
    assert metric(world.report(sealed.report), metric="checked_metrics")["verdict"] == "failed"


def test_a_missing_day_is_a_finding(world: World) -> None:
    world.put(LOGS, decisions())
    sealed = world.audit(SPEC, "2026-07-02")
    assert sealed.verdict == "failed"
    missing = metric(world.report(sealed.report), metric="missing_partitions")
    assert (missing["value"], missing["verdict"]) == (1, "failed")
    assert "2026-07-02" in missing["reason"]


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("label", [2, 3], "label_invalid"),
        ("prediction", [2, -1], "prediction_invalid"),
        ("score", [1.5, -0.1], "score_invalid"),
        ("score", [float("nan"), float("inf")], "score_invalid"),
        ("time", [None, None], "time_missing"),
    ],
)
def test_values_outside_their_domain_are_excluded_and_found(
    world: World, column: str, values: list[Any], reason: str
) -> None:
    frame = decisions()
    head = frame.head(2).with_columns(pl.Series(column, values, dtype=frame.schema[column]))
    world.put(LOGS, pl.concat([head, frame.tail(-2)]))
    sealed = world.audit(SPEC, DAY)
    document = world.report(sealed.report)
    totals = document["inputs"]["totals"]["rows"]
    assert (totals["read"], totals["counted"], totals["excluded"]) == (4000, 3998, {reason: 2})
    excluded = metric(document, metric="excluded_rows", slice={"reason": reason})
    assert (excluded["value"], excluded["verdict"]) == (2, "failed")
    assert any(finding["metric"] == "excluded_rows" for finding in document["findings"])


def test_rows_of_another_day_are_not_counted(world: World) -> None:
    world.put(LOGS, pl.concat([decisions(), decisions(10, "2026-07-03")]))
    totals = world.report(world.audit(SPEC, DAY).report)["inputs"]["totals"]["rows"]
    assert totals["excluded"] == {"outside_partition": 10}


@pytest.mark.parametrize("damage", ["truncated", "text", "empty"])
def test_a_partition_that_cannot_be_read_is_excluded_whole(world: World, damage: str) -> None:
    world.put(LOGS, decisions())
    path = world.put("logs/date=2026-07-02/part-0.parquet", decisions(day="2026-07-02"))
    world.put("logs/date=2026-07-02/part-1.parquet", decisions(day="2026-07-02"))
    whole = path.read_bytes()
    path.write_bytes({"truncated": whole[: len(whole) // 2], "text": b"a,b\n1,2\n", "empty": b""}[damage])
    sealed = world.audit(SPEC, "2026-07-01/2026-07-03")
    document = world.report(sealed.report)
    unreadable = metric(document, metric="unreadable_partitions")
    assert (unreadable["value"], unreadable["verdict"], sealed.verdict) == (1, "failed", "failed")
    assert document["inputs"]["totals"]["rows"]["counted"] == 4000
    assert document["inputs"]["totals"]["objects"] == {"listed": 3, "read": 1, "excluded": {"unreadable": 2}}
    (bad,) = (p for p in document["inputs"]["partitions"] if p["rows"]["unreadable"])
    assert "part-0.parquet" in bad["rows"]["unreadable"]


def test_null_nan_and_inf_are_a_normal_audit_with_honest_verdicts(world: World) -> None:
    frame = decisions().with_columns(
        pl.when(pl.int_range(pl.len()) < 400).then(float("nan")).otherwise("amount").alias("amount"),
        pl.lit(None, dtype=pl.String).alias("channel"),
    )
    world.put(LOGS, frame)
    sealed = world.audit(SPEC, DAY)
    document = world.report(sealed.report)
    assert sealed.verdict == "failed"
    assert metric(document, metric="nan_rate", subject="amount")["value"] == pytest.approx(0.1)
    assert metric(document, metric="null_rate", subject="channel")["value"] == 1.0
    assert {m["verdict"] for m in metrics(document, metric="null_rate", subject="channel")} == {"failed"}


HOSTILE = (
    "<script>alert(1)</script>",
    "a'\"`;--",
    "line\nbreak\r\n\t",
    "x" * 10_000,
    "../../etc",
    "{{ 7*7 }}",
    "\u202eabc",
)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_names_and_values_are_a_normal_audit(world: World, text: str) -> None:
    frame = decisions().with_columns(
        pl.lit(text).alias("channel"), pl.col("amount").alias(text), pl.lit(text).alias("version")
    )
    frame = frame.with_columns(pl.when(pl.col("group") == "g0").then(pl.lit(text)).otherwise("group").alias("group"))
    world.put(LOGS, frame)
    spec = changed(columns={"features": {"*": "numeric", "channel": "categorical"}})
    sealed = world.audit(spec, DAY)
    document = world.report(sealed.report)
    assert metric(document, metric="null_rate", subject=text)["verdict"] == "passed"
    assert sealed.verdict == "passed"
    page = world.page(sealed.report)
    assert "<script" not in page
    assert world.verify().problems == ()


# --- what must not pass for want of data ------------------------------------------------------------------------------


def spec_with_control() -> dict[str, Any]:
    return changed(logs={"control": "control/{date}.parquet"})


def test_a_missing_night_that_somebody_else_counted(world: World) -> None:
    """The one case that control totals are for: no log at all, and a gateway that counted 4,000 requests."""
    world.put(LOGS, decisions())
    world.put("control/2026-07-01.parquet", pl.DataFrame({"rows": [4000]}))
    world.put("control/2026-07-02.parquet", pl.DataFrame({"rows": [4000]}))
    document = world.report(world.audit(spec_with_control(), "2026-07-01/2026-07-03").report)
    day = metric(document, metric="control_difference", slice={"date": "2026-07-02"})
    assert (day["value"], day["verdict"]) == (-4000, "failed")
    assert document["inputs"]["missing"] == ["2026-07-02"]
    assert document["inputs"]["population"]["evidence"] == "contradicted"


@pytest.mark.parametrize(
    ("content", "verdict"),
    [(None, "insufficient"), (pl.DataFrame({"rows": [-1]}), "failed"), (pl.DataFrame({"other": [1]}), "failed")],
)
def test_control_totals_that_are_asked_for_and_useless(
    world: World, content: pl.DataFrame | None, verdict: str
) -> None:
    world.put(LOGS, decisions())
    world.put("control/2026-06-30.parquet", pl.DataFrame({"rows": [1]}))
    if content is not None:
        world.put("control/2026-07-01.parquet", content)
    assert world.audit(spec_with_control(), DAY).verdict == verdict


def test_a_reference_that_cannot_be_read(world: World) -> None:
    world.put(LOGS, decisions())
    path = world.put("reference/part-0.parquet", decisions())
    path.write_bytes(path.read_bytes()[:500])
    sealed = world.audit(changed(reference={"path": "reference/*.parquet"}), DAY)
    assert sealed.verdict == "failed"
    assert metric(world.report(sealed.report), metric="unreadable_reference")["value"] == 1


def test_rows_that_repeat_are_found(world: World) -> None:
    world.put(LOGS, decisions())
    world.put(f"logs/date={DAY}/part-0-copy.parquet", decisions())
    sealed = world.audit(SPEC, DAY)
    assert sealed.verdict == "failed"
    assert metric(world.report(sealed.report), metric="duplicate_ids")["value"] == 4000


def test_one_stray_row_does_not_hide_an_unfair_model(world: World) -> None:
    """A third group of one person must not take the verdict of the other two with it."""
    unfair = decisions().with_columns(
        pl.when(pl.col("group") == "g1").then(pl.lit(0, pl.Int8)).otherwise("prediction").alias("prediction")
    )
    stray = unfair.head(1).with_columns(pl.lit("somebody").alias("group"), pl.lit("stray").alias("id"))
    world.put(LOGS, pl.concat([unfair, stray]))
    sealed = world.audit(SPEC, DAY)
    assert sealed.verdict == "failed"
    assert sealed.findings
    for name in ("report.json", "report.html", "metrics.parquet"):
        assert b"somebody" not in world.file(sealed.report, name)


def test_the_page_of_a_missing_day_counts_the_days_that_were_seen(world: World) -> None:
    world.put(LOGS, decisions())
    world.put("control/2026-07-02.parquet", pl.DataFrame({"rows": [4000]}))
    page = world.page(world.audit(spec_with_control(), "2026-07-02").report)
    tile = page[page.index(">days<") :][:200]
    assert ">0<" in tile
    assert "of 1 in the window" in tile
