"""Suites as files: where they are looked for, and what is said of those that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from retroaudit.faults import BadInput
from retroaudit.spec.digest import from_document, spec_document
from retroaudit.spec.load import load, parse
from retroaudit.spec.suite import find_suite, parse_suite

SPEC = "model: lending\nowner: a@b.c\nlogs: {path: logs/*.parquet}\ncolumns: {}\nquality: {suite: lending.json}\n"
NOT_NULL = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "x", "mostly": 0.9}}


def written(**parts: Any) -> bytes:
    return json.dumps({"name": "lending", "expectations": [NOT_NULL], "meta": {}, **parts}).encode()


def faults(data: bytes) -> list[str]:
    with pytest.raises(BadInput) as raised:
        parse_suite(data, "lending.json")
    return [str(fault) for fault in raised.value.faults]


@pytest.mark.parametrize("place", ["dags/audits", "dags/audits/expectations", "dags/expectations", "expectations"])
def test_a_suite_lies_beside_its_spec_or_in_a_folder_of_suites_at_or_above_it(tmp_path: Path, place: str) -> None:
    spec = tmp_path / "dags" / "audits" / "lending.yaml"
    for folder in (spec.parent, tmp_path / place):
        folder.mkdir(parents=True, exist_ok=True)
    spec.write_text(SPEC)
    (tmp_path / place / "lending.json").write_bytes(written())
    suite = load(spec).quality.suite
    assert suite is not None
    assert (suite.name, suite.expectations[0].kwargs) == ("lending", {"column": "x", "mostly": 0.9})


def test_the_nearest_suite_is_taken(tmp_path: Path) -> None:
    (tmp_path / "audits" / "expectations").mkdir(parents=True)
    (tmp_path / "expectations").mkdir()
    for folder in (tmp_path / "expectations", tmp_path / "audits" / "expectations"):
        (folder / "a.json").write_bytes(written())
    assert find_suite("a.json", tmp_path / "audits") == tmp_path / "audits" / "expectations" / "a.json"


@pytest.mark.parametrize("name", ["", "..", "../a.json", "/etc/passwd", "a/../../b.json", "absent.json"])
def test_a_name_that_leads_elsewhere_or_nowhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=r"quality\.suite"):
        find_suite(name, tmp_path)


def test_faults_of_spec_and_suite_are_told_together_each_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "lending.yaml").write_text(SPEC + "tier: huge\n")
    (tmp_path / "lending.json").write_bytes(written(expectations=[{"type": 3}, {"type": "a", "severity": "bad"}]))
    with pytest.raises(BadInput) as raised:
        load(tmp_path / "lending.yaml")
    assert [fault.subject for fault in raised.value.faults] == [
        "lending.yaml:6 tier",
        "lending.json expectations[0].type",
        "lending.json expectations[1].severity",
    ]


@pytest.mark.parametrize("named", ["3", "{name: x}", "[lending.json]"])
def test_only_the_name_of_a_file_is_a_suite(named: str) -> None:
    with pytest.raises(BadInput, match=r"lending\.yaml:5 quality\.suite.*the name of a suite's file"):
        parse(SPEC.replace("lending.json", named), "lending.yaml")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[1", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "a mapping with name and expectations"),
        (b'{"name": "x"}', "a list of expectations"),
        (written(meta={"great_expectations_version": "0.18.19"}), "of Great Expectations 0.18.19"),
        (written(expectations=[{"expectation_type": "x"}]), "'expectation_type', which suites had before 1.0"),
        (written(expectation_suite_name="x"), "'expectation_suite_name', which suites had before 1.0"),
        (written(expectations=[5]), "expectations[0]"),
        (written(expectations=[{"type": "a", "kwargs": []}]), "expectations[0].kwargs"),
        (written(expectations=[NOT_NULL] * 5_001), "at most 5000"),
    ],
)
def test_what_is_no_suite_is_said_in_words(data: bytes, said: str) -> None:
    assert any(said in fault for fault in faults(data))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (2**63 - 1, "kwargs.max_value is 9223372036854775807"),
        (float("nan"), "finite"),
        ("\ud800", "surrogate"),
        ([[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]], "nested deeper"),
    ],
)
def test_a_value_that_cannot_be_sealed_is_a_fault_of_its_expectation_alone(value: object, said: str) -> None:
    odd = {"type": "expect_column_max_to_be_between", "kwargs": {"column": "x", "max_value": value}, "meta": {"a": 1}}
    found, whole = parse_suite(written(expectations=[odd, NOT_NULL]), "lending.json")["expectations"]
    assert said in found["fault"]
    assert (found["type"], found["kwargs"]) == (odd["type"], {"column": "x"})
    assert whole == NOT_NULL


def test_numbers_are_as_they_will_be_sealed() -> None:
    """RFC 8785 writes 1.0 as 1: a replay reads that, and must ask the same."""
    document = parse_suite(written(expectations=[{"type": "a", "kwargs": {"value_set": [1.0, 0.0, 1.5]}}]), "x.json")
    assert [type(value) for value in document["expectations"][0]["kwargs"]["value_set"]] == [int, int, float]


def test_a_suite_is_part_of_what_a_spec_says(tmp_path: Path) -> None:
    """It is sealed with the report, and read back from there: the file may be gone."""
    (tmp_path / "lending.yaml").write_text(SPEC)
    (tmp_path / "lending.json").write_bytes(written(notes="not ours", id="9"))
    spec = load(tmp_path / "lending.yaml")
    document = json.loads(json.dumps(spec_document(spec)))
    assert from_document(document) == spec
    assert document["quality"]["suite"]["expectations"][0]["kwargs"] == {"column": "x", "mostly": 0.9}
