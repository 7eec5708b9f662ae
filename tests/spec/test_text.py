"""YAML: plain values mean what they say; bombs, tags and broken text are refused, quickly and by line."""

from __future__ import annotations

import math
import re
import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.spec.text import LIMIT_BYTES, read
from retroaudit.spec.tree import Complaint, plain


def values(text: str) -> Any:
    reported: list[tuple[int, Complaint]] = []
    tree = read(text, "x.yaml", lambda line, complaint: reported.append((line, complaint)))
    assert reported == []
    return plain(tree)


def complained(text: str) -> list[tuple[int, Complaint]]:
    reported: list[tuple[int, Complaint]] = []
    read(text, "x.yaml", lambda line, complaint: reported.append((line, complaint)))
    return reported


@pytest.mark.parametrize(
    ("text", "value"),
    [  # the core schema of YAML 1.2.2, 10.3.2, without octal, hexadecimal, infinity and NaN
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("1e9", 1e9),
        ("-1.5", -1.5),
        (".5", 0.5),
        ("12", 12),
        ("007", "007"),
        ("0x1F", "0x1F"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("2026-07-01", "2026-07-01"),
        ('"12"', "12"),
        ("'null'", "null"),
        ("<<", "<<"),
        ("１２", "１２"),  # noqa: RUF001 - full-width digits are not digits here
    ],
)
def test_what_unquoted_words_mean(text: str, value: object) -> None:
    found = values(f"a: {text}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_null_leaves_a_key_out() -> None:
    assert values("a: null\nb:\nc: ~\nd: [null]") == {"d": [None]}


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n"])
def test_an_empty_file_is_an_empty_mapping(text: str) -> None:
    if text == "---\n":
        with pytest.raises(BadInput, match="a mapping of keys"):
            values(text)
    else:
        assert values(text) == {}


def test_aliases_are_followed_and_merge_keys_are_not() -> None:
    assert values("a: &x {k: 1}\nb: *x\nc: {<<: *x}") == {"a": {"k": 1}, "b": {"k": 1}, "c": {"<<": {"k": 1}}}


def test_faults_that_leave_the_rest_readable() -> None:
    text = 'a: 1\n? [x]\n: 2\na: 3\nb: 99999999999999999999\nc: 1e999\nd: "\\ud800"\ne: {f: 1,\n  f: 2}\n"\\udfff": 1\n'
    assert [(line, complaint.path) for line, complaint in complained(text)] == [
        (2, ()),
        (4, ("a",)),
        (5, ("b",)),
        (6, ("c",)),
        (7, ("d",)),
        (9, ("e", "f")),
        (10, ()),
    ]


def _laughs() -> str:
    """A billion laughs: nine levels of nine."""
    names = "abcdefghij"
    steps = (f"{names[at]}: &{names[at]} [{','.join(['*' + names[at - 1]] * 9)}]\n" for at in range(1, 10))
    return "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(steps)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_laughs(), "more values once aliases are followed"),
        ("a: &a [*a]", "leads back to itself"),
        ("a: &a {b: *a}", "leads back to itself"),
        ("a: " + "[" * 100_000, "deeper nesting"),
        ("a: " + "{a: " * 100_000, "deeper nesting"),
        ("a:\n" + "".join(" " * depth + "-\n" for depth in range(500)), "deeper nesting"),
        ("a: [" + "x," * 60_000 + "]", "more values"),
        ("a: " + "x" * LIMIT_BYTES, "a larger file"),
        ("a: " + "é" * (LIMIT_BYTES // 2), "a larger file"),
        ("a: !!python/object/apply:os.system [ls]", "the tag"),
        ("a: !mine 1", "the tag"),
        ("a: !!str 1", "the tag"),
        ("a: ! 1", "the tag"),
        ("!!omap a: 1", "the tag"),
        ("- 1", "a list of 1"),
        ("only text", "'only text'"),
        ("a: 1\n---\nb: 2", "another document"),
        ("a: [", "no YAML"),
        ("\ta: 1", "no YAML"),
        ("a: *nothing", "undefined alias"),
        ("a: \x00", "no YAML"),
        ("a: \ud800", "no YAML"),
        ('a: "\\UFFFFFFFF"', "no YAML"),
        ("%YAML 1." + "9" * 5_000 + "\n---\na: 1", "no YAML"),
    ],
)
def test_what_cannot_be_read_is_refused_soon(text: str, said: str) -> None:
    started = time.monotonic()
    with pytest.raises(BadInput) as caught:
        values(text)
    (fault,) = caught.value.faults
    assert said in fault.found
    assert fault.subject.startswith("x.yaml:")
    assert len(str(fault)) < 500
    assert time.monotonic() - started < 30


def test_errors_name_the_line() -> None:
    with pytest.raises(BadInput, match=r"^x\.yaml:3: "):
        values("a: 1\nb: 2\n\tc: 3\n")
    with pytest.raises(BadInput, match=r"^x\.yaml:2: "):
        values("a: 1\nb: \x07\n")


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read(text, "x.yaml", lambda _line, _complaint: None)
    except BadInput as refused:
        assert len(refused.faults) == 1  # noqa: PT017 - both ways are right


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab*@ '\"<>", max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), JSON, max_size=4))
def test_what_is_written_is_what_is_read(data: dict[str, object]) -> None:
    text = yaml.safe_dump(data, default_style='"', allow_unicode=False)
    text = text.replace('!!null "null"', "null").replace('!!bool "true"', "true").replace('!!bool "false"', "false")
    text = re.sub(r'!!int "(-?[0-9]+)"', r"\1", text)
    assert values(text) == _without_nulls(data)


def _without_nulls(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_nulls(value) for key, value in data.items() if value is not None}
    return [_without_nulls(value) for value in data] if isinstance(data, list) else data


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_exactly(number: float) -> None:
    found = values(f"a: {number!r}")["a"]
    assert found == number
    assert math.copysign(1, found) == math.copysign(1, number)
