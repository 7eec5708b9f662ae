"""Row conditions as GX has them, read and held against what GX's pandas engine selects by them."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from retroaudit.checks.quality.row_conditions import DEEPEST, LONGEST, Unsupported, where_of, words
from retroaudit.measures.values import Rows
from retroaudit.measures.where import mask

FRAME = pl.DataFrame({"a": [1.0, 2.0, None, 4.0], "b c": ["x", None, "y", "it's `q`"], "f": [True, False, True, False]})
GX = "great_expectations"
PANDAS = [
    "a > 1 & a < 4",
    "a>1 |a<1",
    "a != 1",
    "not a > 1",
    "~(a > 1) and f",
    "a in [1, 2]",
    "a not in (1,)",
    "1 < a <= 4",
    "-1 < a",
    "a == -4 or a == +4",
    "a == [1, 2]",
    "a != [1, 2]",
    "a == a",
    "a != a",
    "f",
    "not f",
    "~f",
    "a == True",
    "a.isnull()",
    "~a.isna()",
    "a.notna() and `b c`.notnull()",
    "a.isin([1, 2])",
    "`b c` == 'x' or `b c` == \"y\"",
    "`b c` in ['x', 'y']",
    "'x' == `b c`",
    "`b c` >= 'x'",
    '`b c` == "it\'s `q`"',
    "`b c` == 1",
    "a < 1 | a > 3 & f",
]


@pytest.mark.parametrize("text", PANDAS)
def test_text_selects_what_pandas_selects(text: str) -> None:
    rows = FRAME.to_pandas().query(text, engine="python").index.to_list()
    assert mask(Rows(FRAME), where_of(text, "pandas")).arg_true().to_list() == rows


NULLITY = {"type": "nullity", "column": {"name": "b c"}, "is_null": False}
ABOVE = {"type": "comparison", "column": {"name": "a"}, "operator": ">", "parameter": 1}
AMONG = {"type": "comparison", "column": {"name": "b c"}, "operator": "IN", "parameter": ["x", "y"]}
OBJECTS: list[dict[str, Any]] = [
    ABOVE,
    AMONG,
    {**AMONG, "operator": "NOT_IN"},
    {**ABOVE, "operator": "!="},
    NULLITY,
    {**NULLITY, "is_null": True},
    {"type": "and", "conditions": [ABOVE, NULLITY]},
    {"type": "or", "conditions": [{"type": "and", "conditions": [ABOVE, NULLITY]}, AMONG]},
    {"type": "pass_through", "pass_through_filter": "a > 1 and f"},
]


@pytest.mark.filterwarnings("ignore")  # GX's own
@pytest.mark.parametrize("condition", OBJECTS, ids=json.dumps)
def test_objects_select_what_gx_selects(condition: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "false")
    execution = pytest.importorskip("great_expectations.execution_engine")
    engine = execution.PandasExecutionEngine(batch_data_dict={"batch": FRAME.to_pandas()})
    rows = engine.get_domain_records({"row_condition": condition}).index.to_list()
    assert mask(Rows(FRAME), where_of(condition)).arg_true().to_list() == rows


@pytest.mark.parametrize(
    ("text", "column", "sign", "value"),
    [
        ('col("b c") == "x"', "b c", "==", "x"),
        ("col(\"a\") != 'x y'", "a", "!=", "x y"),
        ('col("a") > -1.5', "a", ">", -1.5),
        ('col("a") <= 3', "a", "<=", 3),
        ('col("a") >= date("2024-01-01")', "a", ">=", "2024-01-01"),
    ],
)
def test_text_for_the_parser_of_gx(text: str, column: str, sign: str, value: object) -> None:
    assert json.loads(where_of(text, GX)) == {"column": column, "operator": sign, "value": value}


@pytest.mark.parametrize("text", ['col("a").notnull()', 'col("a").notNull()'])
def test_nullity_for_the_parser_of_gx(text: str) -> None:
    assert where_of(text, GX) == '{"column":"a","operator":"not_null"}'


def test_no_condition_is_every_row_and_text_is_canonical() -> None:
    assert where_of(None) == where_of("", "pandas") == ""
    assert where_of("`é`  ==  1", "pandas") == '{"column":"é","operator":"==","value":1}'


def test_a_condition_as_deep_as_allowed_is_asked() -> None:
    where = where_of("~" * (DEEPEST - 1) + "(a == 1)", "pandas")
    assert mask(Rows(FRAME), where).to_list() == [False, True, True, True]


NESTED: dict[str, Any] = ABOVE
for _ in range(60):
    NESTED = {"type": "and", "conditions": [NESTED]}


@pytest.mark.parametrize(
    ("condition", "parser", "why"),
    [
        ("a > b", "pandas", "a constant was expected where 'b' stands"),
        ("a + 1 > 2", "pandas", r"a column was expected where 'a \+ 1' stands"),
        ("~a > 1", "pandas", "a column was expected where '~a' stands"),
        ("a.str.len() > 1", "pandas", "a column was expected"),
        ("a.str.contains('x')", "pandas", "a column was expected where 'a.str' stands"),
        ("a.between(1, 2)", "pandas", "it calls between"),
        ("__import__('os').system('x')", "pandas", "a column was expected"),
        ("a is None", "pandas", "it compares by identity"),
        ("a == None", "pandas", "a constant was expected where 'None' stands"),
        ("a in 1", "pandas", "column 'a' cannot be compared with 1 by in"),
        ("a > [1]", "pandas", r"cannot be compared with \[1\] by >"),
        ("@limit > 1", "pandas", "cannot be read"),
        ("a >", "pandas", "cannot be read"),
        ("a > 1\0", "pandas", "cannot be read"),
        ("(" * 300 + "a" + ")" * 300, "pandas", "cannot be read"),
        ("~" * 9_000 + "a", "pandas", "more than 50 deep|cannot be read"),
        ("~" * 900 + "(a==1)", "pandas", "nested more than 50 deep"),
        ("~" * 50 + "(a==1)", "pandas", "nested more than 50 deep"),
        (NESTED, None, "nested more than 50 deep"),
        ("a" * (LONGEST + 1), "pandas", "more than 10,000 characters"),
        ("a > 1", None, "needs the condition_parser"),
        ("a > 1", "spark", "needs the condition_parser"),
        ("a > 1", GX, "a column was expected where 'a' stands"),
        ('col("a") > 1 and col("a") < 3', GX, "GX reads one comparison"),
        ({"type": "sql"}, None, "of no type that GX 1.24 has"),
        ({**ABOVE, "operator": "~"}, None, "of no type that GX 1.24 has"),
        ({**ABOVE, "parameter": {"a": 1}}, None, "cannot be compared with"),
        ({"type": "and", "conditions": [7]}, None, "of no type that GX 1.24 has"),
    ],
)
def test_everything_else_is_told(condition: Any, parser: str | None, why: str) -> None:
    with pytest.raises(Unsupported, match=why):
        where_of(condition, parser)


@pytest.mark.parametrize(
    "odd", [{"type": "nullity"}, {"type": "comparison", "operator": "=="}, {"type": "and", "conditions": 3}, {}, 7, [1]]
)
def test_an_object_that_is_no_condition_is_said_to_be_none(odd: Any) -> None:
    with pytest.raises(Unsupported):
        where_of(odd)


def test_a_condition_in_words() -> None:
    asked = where_of("(channel == 'web' and age > 30) or not city.isnull()", "pandas")
    assert words(asked) == '(channel == "web" and age > 30) or not (city is null)'
    assert words(where_of("~(a > 1) and b.notnull()", "pandas")) == "not (a > 1) and b is not null"
