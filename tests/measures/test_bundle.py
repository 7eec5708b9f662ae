"""Several states as one object: what comes out is what went in, or nothing."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.measures.bundle import decode, digest, encode
from retroaudit.measures.measure import Need, State
from retroaudit.measures.run import measure

SCHEMA = {"cell": pl.Int64, "count": pl.Int64, "min": pl.Float64, "name": pl.String}
NUMBERS = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))
LINES = st.tuples(NUMBERS, NUMBERS, st.one_of(st.none(), st.floats()), st.one_of(st.none(), st.text()))
STATES = st.lists(LINES, max_size=4).map(lambda lines: pl.DataFrame(lines, schema=SCHEMA, orient="row"))
SEAL = "retroaudit-sha256:" + "0" * 64
ONE = pl.DataFrame({"x": [1.0, -0.0, float("nan"), None]})


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (pl.DataFrame({"x": [0.0]}), pl.DataFrame({"x": [-0.0]})),
        (pl.DataFrame({"x": [0]}), pl.DataFrame({"x": [None]}, schema={"x": pl.Int64})),
        (pl.DataFrame({"x": [0]}), pl.DataFrame({"x": [0]}, schema={"x": pl.Int8})),
        (pl.DataFrame({"x": [""]}), pl.DataFrame({"x": [None]}, schema={"x": pl.String})),
        (pl.DataFrame({"x": ["ab", "c"]}), pl.DataFrame({"x": ["a", "bc"]})),
        (pl.DataFrame({"x": ["[1]", "2"]}), pl.DataFrame({"x": ["[", "1]2"]})),
        (pl.DataFrame({"x": ["é"]}), pl.DataFrame({"x": ["e\u0301"]})),
        (pl.DataFrame({"x": [1]}), pl.DataFrame({"y": [1]})),
        (pl.DataFrame({"x": [1, 2]}), pl.DataFrame({"x": [2, 1]})),
        (pl.DataFrame({"x": [1], "y": [2]}), pl.DataFrame({"y": [2], "x": [1]})),
        (pl.DataFrame({"x": []}, schema={"x": pl.Int64}), pl.DataFrame({"y": []}, schema={"y": pl.Int64})),
    ],
)
def test_digests_differ_where_states_do(a: State, b: State) -> None:
    assert digest(a) != digest(b)


def test_the_digest_is_of_values_and_not_of_memory() -> None:
    state = pl.DataFrame({"x": [1.0, float("nan"), None], "s": ["a", None, "b"]})
    assert digest(pl.concat([state[:1], state[1:]], rechunk=False)) == digest(state)


@settings(max_examples=40)
@given(st.dictionaries(st.text("0123456789abcdef", min_size=1, max_size=4), STATES, min_size=1, max_size=4))
def test_every_state_comes_back_bit_for_bit(states: dict[str, State]) -> None:
    data, digests = encode(states)
    bundle = decode(data)
    assert bundle is not None
    assert {key: member.digest for key, member in bundle.members.items()} == digests
    found = bundle.states(list(states))
    assert {key: digest(state) for key, state in found.items()} == digests
    assert digests == {key: digest(state) for key, state in states.items()}
    assert encode(dict(reversed(states.items()))) == (data, digests)


@settings(max_examples=150)
@given(st.data())
def test_one_bit_or_a_cut_is_seen_before_anything_is_decoded(data: st.DataObject) -> None:
    whole, _ = encode({"a": ONE, "b": ONE[:1]})
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    assert decode(data.draw(st.sampled_from([whole[:place], flipped, whole + b"\0", whole[place + 1 :]]))) is None


@pytest.mark.parametrize(
    "data", [b"", b"PAR1", SEAL.encode(), SEAL.encode() * 2], ids=["empty", "magic", "seal", "two"]
)
def test_what_is_no_bundle_is_none(data: bytes) -> None:
    assert decode(data) is None


def test_values_and_names_that_look_like_the_seal_do_not_break_it() -> None:
    need = Need("cells", (SEAL,))
    state = measure([pl.DataFrame({SEAL: [SEAL, SEAL, "retroaudit-sha256:"]})], [need])[need]
    data, digests = encode({"a": state})
    bundle = decode(data)
    assert bundle is not None
    assert digest(bundle.states(["a"])["a"]) == digests["a"]
