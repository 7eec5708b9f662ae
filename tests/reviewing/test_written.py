"""A sample as bytes: sealed by its digest, and without whoever was erased."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from retroaudit.reviewing.written import Sample, parse
from tests.reviewing.conftest import Draw

REFS = st.lists(st.sampled_from(["a" * 32, "b" * 32, "c" * 32]), max_size=6)


def a_sample(refs: list[str]) -> Sample:
    return Sample({"erased": 0}, b"".join(json.dumps({"ref": ref}).encode() + b"\n" for ref in refs))


@given(REFS)
def test_a_sample_is_read_back_and_any_other_byte_is_none(refs: list[str]) -> None:
    sample = a_sample(refs)
    assert parse(sample.record, sample.lines, sample.digest) == sample
    assert parse(sample.record, sample.lines + b" ", sample.digest) is None
    assert parse(sample.record + b" ", sample.lines, sample.digest) is None


@given(REFS)
def test_without_a_person_the_others_stay_in_order(refs: list[str]) -> None:
    kept, gone = a_sample(refs).without("a" * 32)
    assert kept.lines == a_sample([ref for ref in refs if ref != "a" * 32]).lines
    assert gone == kept.about["erased"] == refs.count("a" * 32)


def test_lines_and_record_agree(draw: Draw) -> None:
    found = draw()
    lines = [json.loads(line) for line in found.lines.splitlines()]
    for name, counted in found.about["draws"].items():
        assert sum(line["draw"] == name for line in lines) == counted["drawn"]
        for stratum in counted["strata"]:
            shown = {key: value for key, value in stratum.items() if key not in {"rows", "drawn"}}
            if not shown["withheld"]:
                assert sum(line["draw"] == name and line["stratum"] == shown for line in lines) == stratum["drawn"]
    assert found.lines.splitlines() == sorted(found.lines.splitlines())
