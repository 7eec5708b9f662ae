"""The state store: what is put comes back bit for bit, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl
import pytest

from retroaudit.faults import IntegrityBroken
from retroaudit.measures import bundle
from retroaudit.measures.measure import Need, State
from retroaudit.measures.run import measure
from retroaudit.measures.store import ALONE, StateKey, StateStore, digest
from tests.memory import InMemory

NAME = "<script>'\"\n" + "x" * 10_000
ROWS = pl.DataFrame({NAME: [0.1, -0.0, float("nan"), 5e-324, None], "s": ["a", "\x00", None, "é", "e\u0301"]})
NEEDS = (
    Need("rows"),
    Need("cells", (NAME, "s")),
    *(Need(m, (name,)) for m in ("counts", "grid", "moments", "categories") for name in (NAME, "s")),
)
STATES = {StateKey("00", need.measure, 1, need.columns): state for need, state in measure([ROWS], NEEDS).items()}
KEY = StateKey("00", "grid", 1, ("x",), {"as_of": "2026-07-01"})
ONE, OTHER = pl.DataFrame({"x": [1]}), pl.DataFrame({"x": [2]})


@pytest.fixture
def memory() -> InMemory:
    return InMemory()


@pytest.fixture
def store(memory: InMemory) -> StateStore:
    return StateStore(memory)


def only(memory: InMemory, folder: str = "") -> str:
    (path,) = (key for key in memory.objects if key.startswith(folder))
    return path


def sealed(states: Mapping[StateKey, State]) -> bytes:
    """A whole object of these states: whoever may write can make one, since the seal is no secret."""
    return bundle.encode({key.digest: state for key, state in states.items()})[0]


def test_round_trip(store: StateStore, memory: InMemory) -> None:
    assert store.find(STATES) == {}
    put = store.put(STATES)
    assert put == store.find(STATES) == {key: digest(state) for key, state in STATES.items()}
    found = store.get(put)
    assert {key: state.schema for key, state in found.items()} == {key: s.schema for key, s in STATES.items()}
    assert {key: digest(state) for key, state in found.items()} == put
    there = dict(memory.objects)
    assert store.put(found) == put
    assert memory.objects == there


def test_states_of_one_measure_share_an_object(store: StateStore, memory: InMemory) -> None:
    store.put(STATES)
    assert len(memory.objects) == len({(key.measure, str(state.schema)) for key, state in STATES.items()}) < len(STATES)


def test_a_key_lies_below_its_content_and_measure() -> None:
    assert KEY.folder == "states/00/grid-v1/"
    # printf '%s' '{"columns":["x"],"content":"c","measure":"grid","parameters":{},"version":1}' | sha256sum
    assert StateKey("c", "grid", 1, ("x",)).digest == "a17913741eff99be01c680abdd3516c93af29271444b530e7619b2c2a6e79a7f"


@pytest.mark.parametrize(
    "other",
    [
        replace(KEY, content="01"),
        replace(KEY, measure="moments"),
        replace(KEY, version=2),
        replace(KEY, columns=("x", "y")),
        replace(KEY, columns=()),
        replace(KEY, parameters={}),
        replace(KEY, parameters={"as_of": "2026-07-02"}),
    ],
)
def test_whatever_decides_a_state_is_in_its_key(other: StateKey, store: StateStore, memory: InMemory) -> None:
    assert other.digest != KEY.digest
    store.put({KEY: ONE})
    memory.objects[f"{other.folder}0.parquet"] = memory.objects[only(memory)]  # the object of another key
    assert store.find([other]) == {}


def test_parameters_have_no_order() -> None:
    a, b = (replace(KEY, parameters=dict(pairs)) for pairs in ([("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")]))
    assert (a, a.digest) == (b, b.digest)


def test_columns_that_run_together_are_two() -> None:
    assert replace(KEY, columns=('a","b',)).digest != replace(KEY, columns=("a", "b")).digest


def test_damage_counts_as_absent_and_gives_way(store: StateStore, memory: InMemory) -> None:
    digests = store.put({KEY: ONE})
    path = only(memory)
    whole = memory.objects[path]
    for damaged in (whole[:-1], b"", b"PAR1", whole[:9] + bytes([whole[9] ^ 1]) + whole[10:]):
        memory.objects[path] = damaged
        assert store.find([KEY]) == {}
        with pytest.raises(IntegrityBroken, match="nothing, or a damaged object"):
            store.get(digests)
        assert store.put({KEY: ONE}) == digests
        assert memory.objects == {path: whole}


def test_another_state_under_the_same_key_is_refused(store: StateStore) -> None:
    store.put({KEY: ONE})
    with pytest.raises(IntegrityBroken, match="states of other digests"):
        store.put({KEY: OTHER})


def test_an_object_of_other_keys_in_its_place_is_refused(store: StateStore, memory: InMemory) -> None:
    store.put({KEY: ONE})
    memory.objects[only(memory)] = sealed({replace(KEY, columns=("y",)): ONE})
    assert store.find([KEY]) == {}
    with pytest.raises(IntegrityBroken, match="states of other digests"):
        store.put({KEY: ONE})


def test_a_state_with_another_digest_is_not_the_one_that_is_wanted(store: StateStore) -> None:
    store.put({KEY: ONE})
    with pytest.raises(IntegrityBroken, match="states/00/grid-v1"):
        store.get({KEY: digest(OTHER)})


def test_a_state_that_lies_about_its_digest_is_found(store: StateStore, memory: InMemory) -> None:
    """The footer of a forged object may claim any digest; what counts is that of the lines."""
    wanted = store.put({KEY: ONE})
    claimed, digest_of = digest(ONE), bundle.digest
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "digest", lambda state: claimed if state.equals(OTHER) else digest_of(state))
        memory.objects[only(memory)] = sealed({KEY: OTHER})
    assert store.find([KEY]) == wanted
    with pytest.raises(IntegrityBroken, match="states/00/grid-v1"):
        store.get(wanted)


def test_of_two_objects_with_the_same_key_the_one_that_is_wanted_is_taken(store: StateStore, memory: InMemory) -> None:
    wanted = store.put({KEY: ONE})
    for name in ("0.parquet", "z.parquet"):  # before and after it in the listing
        memory.objects[f"{KEY.folder}{name}"] = sealed({KEY: OTHER})
    assert store.get(wanted)[KEY].equals(ONE)


def test_overlapping_objects_answer_together(store: StateStore, memory: InMemory) -> None:
    x, y, z = (replace(KEY, columns=(name,)) for name in "xyz")
    first, second = store.put({x: ONE, y: OTHER}), store.put({y: OTHER, z: ONE})
    assert len(memory.objects) == 2
    assert store.find([x, y, z]) == first | second
    assert {key: state["x"].to_list() for key, state in store.get(first | second).items()} == {x: [1], y: [2], z: [1]}


def test_states_without_lines_are_states(store: StateStore) -> None:
    x, y = (replace(KEY, columns=(name,)) for name in "xy")
    digests = store.put({x: ONE.clear(), y: ONE})
    found = store.get(digests)
    assert (found[x].height, found[x].schema, found[y].height) == (0, ONE.schema, 1)


def test_nothing_asked_is_nothing_read(store: StateStore, memory: InMemory) -> None:
    memory.objects["states/00/grid-v1/0.parquet"] = b"never read"
    assert (store.put({}), store.find([]), store.get({})) == ({}, {}, {})


LARGE = pl.DataFrame({"x": range(ALONE)})


def test_a_large_state_lies_alone_and_is_read_only_where_it_is_wanted(store: StateStore, memory: InMemory) -> None:
    """Finding it takes a listing; asking for another state of its folder does not touch it."""
    beside = replace(KEY, columns=("y",))
    digests = store.put({KEY: LARGE, beside: ONE})
    assert len(memory.objects) == 2
    (path,) = [name for name in memory.objects if "-" in name.rpartition("/")[2]]
    memory.objects[path] = b"damaged"
    assert store.find([KEY, beside]) == digests
    assert store.get({beside: digests[beside]})[beside].equals(ONE)
    with pytest.raises(IntegrityBroken, match="prune --damaged"):
        store.get({KEY: digests[KEY]})


def test_a_large_state_comes_back_and_another_of_its_key_is_refused(store: StateStore, memory: InMemory) -> None:
    digests = store.put({KEY: LARGE})
    assert store.put({KEY: LARGE}) == digests
    assert store.get(digests)[KEY].equals(LARGE)
    with pytest.raises(IntegrityBroken, match="another state"):
        store.put({KEY: LARGE.reverse()})
    assert len(memory.objects) == 1
