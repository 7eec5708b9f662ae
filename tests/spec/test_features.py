"""Patterns over the columns of an archive."""

from __future__ import annotations

import fnmatch
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.spec.features import best, expand, limit_for, matches, range_for
from retroaudit.spec.load import parse
from retroaudit.spec.model import Spec

_NAMES = ("event", "y_pred", "model_version", "gender", "num_00", "num_01", "num_id", "cat_b", "cat_a", "Cat_c")
COLUMNS = dict.fromkeys(_NAMES, "String")


def spec(features: str = "{}", *, quality: str = "{}", roles: str = "", more: str = "") -> Spec:
    text = f"model: m\nowner: o\nlogs: {{path: '{{date}}.parquet'}}\ngroups: [gender]\nquality: {quality}\n{more}"
    return parse(text + f"columns:\n  time: event\n  prediction: y_pred\n{roles}  features: {features}\n", "m.yaml")


def test_patterns_become_names_in_order() -> None:
    found = expand(spec("{'num_*': numeric, 'cat_*': categorical}"), COLUMNS)
    assert list(found.columns.features.items()) == [
        ("cat_a", "categorical"),
        ("cat_b", "categorical"),
        ("num_00", "numeric"),
        ("num_01", "numeric"),
        ("num_id", "numeric"),
    ]


def test_names_win_over_patterns_and_long_patterns_over_short_ones() -> None:
    features = "{'*': categorical, 'num_*': numeric, num_id: categorical}"
    found = expand(spec(features), COLUMNS).columns.features
    assert found == {
        "Cat_c": "categorical",
        "cat_a": "categorical",
        "cat_b": "categorical",
        "model_version": "categorical",
        "num_00": "numeric",
        "num_01": "numeric",
        "num_id": "categorical",
    }


def test_columns_with_a_role_or_in_a_group_are_features_only_by_name() -> None:
    roles = "  version: model_version\n"
    assert "model_version" not in expand(spec("{'*': categorical}", roles=roles), COLUMNS).columns.features
    named = expand(spec("{'*': categorical, gender: categorical}", roles=roles), COLUMNS).columns.features
    assert "gender" in named
    assert "event" not in named


def test_expanding_twice_changes_nothing() -> None:
    once = expand(spec("{'*': numeric}"), COLUMNS)
    assert expand(once, COLUMNS) == once


def test_all_wrong_names_are_reported_at_once_with_the_nearest() -> None:
    asked = spec(
        "{'nmu_*': numeric, cat_z: categorical, 'event*': numeric}",
        quality="{ranges: {num_0O: [0, 1]}, null_rate: {'x*': 0.1}}",
        roles="  version: model_versoin\n  score: <script>\n",
    )
    with pytest.raises(BadInput) as caught:
        expand(asked, {name: kind for name, kind in COLUMNS.items() if name != "gender"})
    faults = {fault.subject: fault for fault in caught.value.faults}
    assert set(faults) == {
        "columns.version",
        "columns.score",
        "groups[0]",
        "columns.features.nmu_*",
        "columns.features.cat_z",
        "columns.features.event*",  # its only column has a role
        "quality.ranges.num_0O",
        "quality.null_rate.x*",
    }
    assert faults["columns.version"].remedy == "Did you mean 'model_version'?"
    assert faults["quality.ranges.num_0O"].remedy in {"Did you mean 'num_00'?", "Did you mean 'num_01'?"}
    assert faults["columns.features.cat_z"].remedy in {"Did you mean 'cat_a'?", "Did you mean 'cat_b'?"}
    assert "It has 'Cat_c', 'cat_a'" in faults["columns.score"].remedy


def test_a_label_is_looked_for_in_the_logs_only_without_labels() -> None:
    inside = spec(roles="  id: num_id\n  label: outcome\n")
    with pytest.raises(BadInput, match=r"columns\.label"):
        expand(inside, COLUMNS)
    apart = spec(roles="  id: num_id\n  label: outcome\n", more="labels: {path: 'l/{date}'}\n")
    assert expand(apart, COLUMNS).columns.label == "outcome"


def test_hostile_column_names() -> None:
    names = ["<script>alert(1)</script>", "a\nb", "x" * 10_000, "'\"", "[a]", "$(rm)"]
    found = expand(spec("{'*': categorical}"), COLUMNS | dict.fromkeys(names, "String"))
    assert set(names) <= set(found.columns.features)
    with pytest.raises(BadInput) as caught:
        expand(spec("{xxxx: numeric}"), COLUMNS | dict.fromkeys(names, "String"))
    assert len(str(caught.value)) < 700
    assert str(caught.value).isprintable()


def test_limits_by_name_and_pattern() -> None:
    asked = spec(
        quality="{null_rate: {'*': 0.3, 'num_*': 0.2, num_00: 0.1}, ranges: {'num_*': [0, 1], num_01: [5, 6]}}"
    )
    assert [limit_for(asked, name) for name in ("cat_a", "num_01", "num_00")] == [0.3, 0.2, 0.1]
    assert [range_for(asked, name) for name in ("cat_a", "num_01", "num_00")] == [None, (5.0, 6.0), (0.0, 1.0)]
    assert limit_for(spec(quality="{null_rate: 0.25}"), "any") == 0.25
    assert limit_for(spec(quality="{null_rate: 0}"), "any") == 0
    assert limit_for(spec(), "any") is None
    assert range_for(spec(), "any") is None


@settings(deadline=None)
@given(st.lists(st.text("ab*", max_size=4), unique=True), st.text("ab", max_size=4), st.randoms())
def test_the_order_of_patterns_never_matters(patterns: list[str], name: str, random: object) -> None:
    shuffled = sorted(patterns, key=lambda _: random.random())  # type: ignore[attr-defined]  # hypothesis's Random
    assert best(patterns, name) == best(shuffled, name)


@settings(deadline=None)
@given(st.text("aB*.", max_size=6), st.text("aAbB.\n", max_size=8))
def test_a_star_stands_for_any_text(pattern: str, name: str) -> None:
    """Independent origin: the standard library's fnmatch, whose other wildcards are not in this alphabet."""
    assert matches(pattern, name) == fnmatch.fnmatchcase(name, pattern)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_every_name_fits_itself_and_the_star(name: str) -> None:
    assert matches("*", name)
    assert matches(re.sub(r"\*", "*", name), name)


def test_matching_is_quick_on_names_made_to_be_slow() -> None:
    started = time.monotonic()
    assert not matches("*a" * 50 + "b", "a" * 10_000)
    assert time.monotonic() - started < 1
