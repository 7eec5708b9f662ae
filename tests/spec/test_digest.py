"""The identity of a spec."""

from __future__ import annotations

import hashlib
import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.spec.digest import spec_digest, spec_document
from retroaudit.spec.load import parse

BLOCK = """\
model: lending
owner: o
logs:
  path: "logs/{date}/*.parquet"
columns: {time: t, id: i, label: y, prediction: p, features: {b: numeric, a: categorical}}
labels: {path: "l/{date}", delay: 30d}
limits: {rows: 1e9}
valid: {from: 2026-01-01}
groups: [g, [g, h]]
"""


def test_the_document_holds_durations_in_seconds_and_every_default() -> None:
    document = spec_document(parse(BLOCK, "s.yaml"))
    assert document["labels"]["delay"] == 30 * 24 * 3600
    assert document["valid"] == {"from": "2026-01-01", "to": None}
    assert document["confidence"] == 0.95
    assert document["groups"] == [["g"], ["g", "h"]]
    assert list(document["columns"]["features"]) == ["a", "b"]
    assert "extends" not in document
    assert json.loads(json.dumps(document)) == document


def test_the_digest_is_the_sha256_of_canonical_json() -> None:
    """Independent origin: RFC 8785 for a document of ASCII keys and short numbers is sorted, compact JSON."""
    document = spec_document(parse(BLOCK, "s.yaml"))
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert '0.0,"ranges"' in text  # json's spelling of the one whole float, which RFC 8785 writes as 0
    canonical = text.replace("0.0,", "0,").replace("1.0", "1").replace("0.0}", "0}")
    assert spec_digest(parse(BLOCK, "s.yaml")) == hashlib.sha256(canonical.encode()).hexdigest()


def test_the_way_of_writing_does_not_matter() -> None:
    digest = spec_digest(parse(BLOCK, "s.yaml"))
    data = yaml.safe_load(BLOCK)
    data["valid"] = {"from": "2026-01-01"}
    data["limits"] = {"rows": 10**9}
    data["labels"]["delay"] = "720h"
    assert spec_digest(parse(yaml.safe_dump(data, sort_keys=True), "s.yaml")) == digest
    assert spec_digest(parse("# a comment\n" + BLOCK + "privacy: {min_cell: 10}\ntier: medium\n", "s.yaml")) == digest
    moved = BLOCK.replace("owner: o\n", "extends: team\n").replace("groups: [g, [g, h]]\n", "")
    team = "owner: o\ngroups: [[g], [g, h]]\n"
    assert spec_digest(parse(moved, "s.yaml", {"team": team}.get)) == digest


@pytest.mark.parametrize(
    ("old", "new"),
    [("30d", "31d"), ("2026-01-01", "2026-01-02"), ("a: categorical", "a: numeric"), ("[g, h]", "[h, g]")],
)
def test_what_is_said_matters(old: str, new: str) -> None:
    assert spec_digest(parse(BLOCK.replace(old, new), "s.yaml")) != spec_digest(parse(BLOCK, "s.yaml"))


@settings(deadline=None)
@given(st.permutations(BLOCK.replace("logs:\n  path", "logs: {path").replace('quet"\n', 'quet"}\n').splitlines()))
def test_the_order_of_keys_does_not_matter(lines: list[str]) -> None:
    assert spec_digest(parse("\n".join(lines), "s.yaml")) == spec_digest(parse(BLOCK, "s.yaml"))
