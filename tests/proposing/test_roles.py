"""Roles by type, name and values: what is sure, what stays open, and what the other columns are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from retroaudit.proposing.roles import Roles, called_id, words
from tests.proposing.world import DAYS, decisions, proposal

FEW_IDS = pl.int_range(pl.len()) % 40


def roles(root: Path, **columns: Any) -> Roles:
    """Of two days with these columns added, or replaced."""
    return proposal(root, {day: decisions(8, day).with_columns(**columns) for day in DAYS[:2]}).roles


@pytest.mark.parametrize(
    ("name", "expected"),
    [("customerId", True), ("request_id", True), ("UUID", True), ("idle", False), ("id_type", False), ("paid", False)],
)
def test_names_of_ids(name: str, expected: bool) -> None:
    assert called_id(name) == expected


def test_words_of_a_name() -> None:
    assert words("eventTime_UTC2") == ["event", "time", "utc", "2"]


def test_each_guess_has_its_reason(tmp_path: Path) -> None:
    found = roles(tmp_path, y_true=pl.col("prediction"))
    assert {role: guess.column for role, guess in found.guesses.items()} == {
        "time": "event_time",
        "id": "request_id",
        "version": "model_version",
        "prediction": "prediction",
        "score": "score",
        "label": "y_true",
    }
    assert all(guess.sure and guess.why for guess in found.guesses.values())
    assert "y_true" not in found.features


def test_a_score_by_half_its_name_is_a_comment(tmp_path: Path) -> None:
    found = proposal(tmp_path, {day: decisions(8, day).rename({"score": "default_prob"}) for day in DAYS[:2]})
    guess = found.roles.guesses["score"]
    assert (guess.column, guess.sure) == ("default_prob", False)
    assert "\n  # score: default_prob\n" in found.spec
    assert found.roles.features["default_prob"] == "numeric"


def test_a_score_is_a_share(tmp_path: Path) -> None:
    assert "score" not in roles(tmp_path, score=pl.col("score") * 100).guesses


def test_more_than_two_predictions_are_open(tmp_path: Path) -> None:
    found = roles(tmp_path, prediction=pl.int_range(pl.len()) % 3)
    assert not found.guesses["prediction"].sure
    assert "more than two values" in found.guesses["prediction"].why


def test_an_id_that_repeats_is_a_code_or_no_feature(tmp_path: Path) -> None:
    found = roles(
        tmp_path,
        branch_id=FEW_IDS,
        customer_id=pl.int_range(pl.len()) // 2,
        status_code=FEW_IDS // 2 * 100,
        remark=pl.format("said {} words", pl.int_range(pl.len()) // 2 * 7919 % 1000),
    )
    assert found.features["branch_id"] == found.features["status_code"] == "categorical"
    assert "name is that of an id" in found.left_out["customer_id"]
    assert found.features["remark"] == "categorical"
    assert "no value occurs twice" in found.left_out["trace"]


def test_an_id_is_not_one_that_repeats(tmp_path: Path) -> None:
    twice = pl.format("req-{}", pl.int_range(pl.len()) // 2 + 10**7)
    found = roles(tmp_path, request_id=twice, trace=twice)
    assert "id" not in found.guesses


def test_attributes_are_named_as_a_comment_alone(tmp_path: Path) -> None:
    gender = pl.when(pl.col("returning")).then(pl.lit("f")).otherwise(pl.lit("m")).alias("Gender")
    found = proposal(tmp_path, {day: decisions(8, day).with_columns(gender) for day in DAYS[:2]})
    assert found.roles.attributes == ("Gender",)
    assert "\n# groups:\n# - Gender\n" in found.spec
