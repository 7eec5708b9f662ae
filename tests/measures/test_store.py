"""The state store: what is put comes back bit for bit, or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import IntegrityBroken
from retroaudit.measures.measure import Need, State
from retroaudit.measures.run import measure
from retroaudit.measures.store import StateKey, StateStore, digest
from retroaudit.storage.protocol import ObjectInfo

NAME = "<script>'\"\n" + "x" * 10_000
ROWS = pl.DataFrame({NAME: [0.1, -0.0, float("nan"), 5e-324, None], "s": ["a", "\x00", None, "é", "e\u0301"]})
NEEDS = (
    Need("rows"),
    Need("cells", (NAME, "s")),
    *(Need(m, (NAME,)) for m in ("counts", "grid", "moments", "categories")),
)
STATES = measure([ROWS], NEEDS)
KEY = StateKey("sha256:00", "grid", 1, ("x",), {"as_of": "2026-07-01"})


class Memory:
    """A storage in memory."""

    url = "memory:///"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        return (info for key in sorted(self.objects) if key.startswith(prefix) and (info := self.head(key)))

    def head(self, key: str) -> ObjectInfo | None:
        data = self.objects.get(key)
        return None if data is None else ObjectInfo(key, len(data), datetime(2026, 7, 1, tzinfo=UTC))

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        assert version is None
        return self.objects[key][start : None if length is None else start + length]

    def fetch(self, info: ObjectInfo, spool: Path) -> Path:
        path = spool / "object"
        path.write_bytes(self.objects[info.key])
        return path

    def put_if_absent(self, key: str, data: bytes) -> bool:
        return self.objects.setdefault(key, data) is data


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.measure)
def test_round_trip(need: Need) -> None:
    store = StateStore(Memory())
    key = StateKey("sha256:00", need.measure, 1, need.columns)
    assert store.get(key) is None
    given_digest = store.put(key, STATES[need])
    found = store.get(key)
    assert found is not None
    assert digest(found) == given_digest == digest(STATES[need])
    assert found.schema == STATES[need].schema
    assert store.put(key, found) == given_digest


def test_a_key_is_a_path_that_tells_measure_and_version() -> None:
    assert KEY.path == f"states/grid-v1/{KEY.digest[:2]}/{KEY.digest}.parquet"
    # printf '%s' '{"columns":["x"],"content":"c","measure":"grid","parameters":{},"version":1}' | sha256sum
    assert StateKey("c", "grid", 1, ("x",)).digest == "a17913741eff99be01c680abdd3516c93af29271444b530e7619b2c2a6e79a7f"


@pytest.mark.parametrize(
    "other",
    [
        replace(KEY, content="sha256:01"),
        replace(KEY, measure="moments"),
        replace(KEY, version=2),
        replace(KEY, columns=("x", "y")),
        replace(KEY, columns=()),
        replace(KEY, parameters={}),
        replace(KEY, parameters={"as_of": "2026-07-02"}),
    ],
)
def test_whatever_decides_a_state_is_in_its_key(other: StateKey) -> None:
    assert other.path != KEY.path


def test_parameters_have_no_order() -> None:
    assert replace(KEY, parameters={"a": "1", "b": "2"}).path == replace(KEY, parameters={"b": "2", "a": "1"}).path


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (pl.DataFrame({"x": [0.0]}), pl.DataFrame({"x": [-0.0]})),
        (pl.DataFrame({"x": [0]}), pl.DataFrame({"x": [None]}, schema={"x": pl.Int64})),
        (pl.DataFrame({"x": [0]}), pl.DataFrame({"x": [0]}, schema={"x": pl.Int8})),
        (pl.DataFrame({"x": [""]}), pl.DataFrame({"x": [None]}, schema={"x": pl.String})),
        (pl.DataFrame({"x": ["ab", "c"]}), pl.DataFrame({"x": ["a", "bc"]})),
        (pl.DataFrame({"x": ["[1]", "2"]}), pl.DataFrame({"x": ["[", "1]2"]})),
        (pl.DataFrame({"x": [1]}), pl.DataFrame({"y": [1]})),
        (pl.DataFrame({"x": [1, 2]}), pl.DataFrame({"x": [2, 1]})),
        (pl.DataFrame({"x": []}, schema={"x": pl.Int64}), pl.DataFrame({"y": []}, schema={"y": pl.Int64})),
    ],
)
def test_digests_differ_where_states_do(a: State, b: State) -> None:
    assert digest(a) != digest(b)


def test_the_digest_is_of_values_and_not_of_memory() -> None:
    state = STATES[Need("grid", (NAME,))]
    assert digest(pl.concat([state[:1], state[1:]], rechunk=False)) == digest(state)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_object_is_absent(data: st.DataObject) -> None:
    memory = Memory()
    store = StateStore(memory)
    state = STATES[Need("grid", (NAME,))]
    store.put(KEY, state)
    whole = memory.objects[KEY.path]
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytes([whole[place] ^ data.draw(st.integers(1, 255))])
    memory.objects[KEY.path] = data.draw(st.sampled_from([whole[:place], whole[:place] + flipped + whole[place + 1 :]]))
    assert store.get(KEY) is None


def test_values_that_look_like_the_seal_do_not_break_it() -> None:
    name = "retroaudit-sha256:" + "0" * 64
    need = Need("cells", (name,))
    store = StateStore(Memory())
    state = measure([pl.DataFrame({name: [name, name, "retroaudit-sha256:"]})], [need])[need]
    assert store.put(KEY, state) == digest(state)
    found = store.get(KEY)
    assert found is not None
    assert found.equals(state)


def test_a_state_under_another_key_is_absent() -> None:
    memory = Memory()
    other = replace(KEY, content="sha256:01")
    StateStore(memory).put(KEY, STATES[Need("rows")])
    memory.objects[other.path] = memory.objects[KEY.path]
    assert StateStore(memory).get(other) is None


def test_another_state_under_the_same_key_is_refused() -> None:
    memory = Memory()
    store = StateStore(memory)
    store.put(KEY, STATES[Need("rows")])
    with pytest.raises(IntegrityBroken, match="a state with digest"):
        store.put(KEY, STATES[Need("counts", (NAME,))])
    memory.objects[KEY.path] = b"PAR1"
    with pytest.raises(IntegrityBroken, match="a damaged object"):
        store.put(KEY, STATES[Need("rows")])
