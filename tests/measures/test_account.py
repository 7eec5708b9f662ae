"""A partition's account as a state: every field comes back as it was, nothing apart from something empty too."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.archive.inputs import Accounting
from retroaudit.measures import account
from retroaudit.measures.store import StateKey, StateStore
from tests.memory import InMemory

COUNTS = st.integers(0, 10**12)
TABLES = st.dictionaries(st.text(), COUNTS, max_size=4)
ACCOUNTS = st.builds(
    Accounting,
    partition=st.just("2026-07-01"),
    objects=st.just(3),
    read=COUNTS,
    counted=COUNTS,
    excluded=TABLES,
    control=st.none() | COUNTS,
    labels=TABLES,
    control_fault=st.text(),
    control_by_version=st.none() | TABLES,
    duplicate_ids=st.none() | COUNTS,
    null_ids=st.none() | COUNTS,
)
PLAIN = Accounting("2026-07-01", 3, 10, 10)


@given(ACCOUNTS, st.lists(TABLES, min_size=1, max_size=4))
def test_every_account_comes_back_at_each_cut_off(whole: Accounting, labels: list[dict[str, int]]) -> None:
    accounts = [replace(whole, labels=each) for each in labels]
    state = account.state(accounts)
    assert [account.finish(state, "2026-07-01", 3, cutoff) for cutoff in range(len(labels))] == accounts


@pytest.mark.parametrize("name", [each.name for each in fields(Accounting)])
def test_no_field_is_forgotten(name: str) -> None:
    """A field that is new must be kept, or be said by the partition itself, or keep its account out of the store."""
    elsewhere = {"partition", "objects", "unreadable"}
    assert (name in {*account._NUMBERS, *account._TABLES, account._LABELS, account._FAULT}) is (name not in elsewhere)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"control_by_version": None}, {"control_by_version": {}}),
        ({"control_by_version": {}}, {"control_by_version": {"": 0}}),
        ({"control": None}, {"control": 0}),
        ({"duplicate_ids": None}, {"duplicate_ids": 0}),
        ({"excluded": {"late": 1}}, {"labels": {"late": 1}}),
        ({"excluded": {"late": 0}}, {}),
        ({"control_fault": "late"}, {"excluded": {"late": 1}}),
    ],
)
def test_accounts_that_differ_are_different_states(a: dict[str, object], b: dict[str, object]) -> None:
    accounts = [Accounting("2026-07-01", 3, 10, 10, **own) for own in (a, b)]  # type: ignore[arg-type]
    assert not account.state(accounts[:1]).equals(account.state(accounts[1:]))


def test_the_order_of_a_table_is_no_difference() -> None:
    a, b = (Accounting("d", 1, 3, 0, dict(pairs)) for pairs in ([("a", 1), ("b", 2)], [("b", 2), ("a", 1)]))
    assert account.state([a]).equals(account.state([b]))


def test_through_the_store() -> None:
    store, key = StateStore(InMemory()), StateKey("00", account.NAME, account.VERSION)
    hostile = Accounting("d", 1, 2, 1, {"": 1}, None, {"\x00": 1}, None, "a\nfault", {"<script>": 2, "": 3}, 0, None)
    found = store.get(store.put({key: account.state([hostile])}))[key]
    assert account.finish(found, "d", 1, 0) == hostile
