"""Loading: the whole grammar, every fault at once with its line, defaults, and what hostile files get."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.spec.load import load, parse
from retroaudit.spec.model import Spec
from retroaudit.spec.support import NOT_YET

WHOLE = Path(__file__).with_name("whole.yaml").read_text(encoding="utf-8")
SMALL = """\
model: lending
owner: lending-risk@example.com
logs:
  path: "inference/date={date}/*.parquet"
columns:
  time: event_time
  prediction: prediction
"""


def suite(name: str) -> dict[str, Any]:
    """What stands in the file of a suite."""
    return {"name": name, "expectations": []}


def refusal(text: str, **defaults: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        parse(text, "lending.yaml", lambda name: defaults.get(name.replace("-", "_")), suite)
    return caught.value


def subjects(text: str, **defaults: str) -> list[str]:
    return [fault.subject for fault in refusal(text, **defaults).faults]


def test_a_small_spec_is_the_defaults_of_the_model() -> None:
    spec = parse(SMALL, "lending.yaml")
    assert spec == Spec.model_validate(yaml.safe_load(SMALL))
    assert (spec.tier, spec.task, spec.confidence, spec.privacy.min_cell) == ("medium", "binary", 0.95, 10)


def test_the_design_whole_is_refused_for_what_nothing_honours_yet_and_nothing_else() -> None:
    faults = refusal(WHOLE, credit_team="tier: low\n").faults
    line = {text.split(":")[0].strip(): number for number, text in enumerate(WHOLE.splitlines(), 1)}
    assert [fault.subject for fault in faults] == [
        f"lending.yaml:{line['ready']} logs.ready",
        f"lending.yaml:{line['attributes']} attributes",
        f"lending.yaml:{line['subject']} columns.subject",
        f"lending.yaml:{line['decision']} columns.decision",
        f"lending.yaml:{line['latency_ms']} columns.latency_ms",
        f"lending.yaml:{line['consumer']} columns.consumer",
        f"lending.yaml:{line['consumers']} consumers",
        f"lending.yaml:{line['fields']} fields",
        f"lending.yaml:{line['policy']} policy",
        f"lending.yaml:{line['schedule']} schedule.month",
        f"lending.yaml:{line['schedule']} schedule.quarter",
    ]
    assert all("not supported yet" in fault.found for fault in faults)


def test_the_design_without_what_nothing_honours_yet_says_all_the_rest() -> None:
    cut = re.sub(r"(?m)^(attributes|consumers|fields|quality|policy):.*\n", "", WHOLE)
    cut = re.sub(r"(?m)^  (ready|subject|decision|latency_ms|consumer):.*\n", "", cut)
    cut = cut.replace(", month: true, quarter: true", "")
    spec = parse(cut, "lending.yaml", {"credit-team": "tier: low\nconfidence: 0.9\n"}.get)
    assert spec.tier == "high"  # the spec's own
    assert spec.confidence == 0.9  # the team's
    assert spec.labels is not None
    assert (spec.labels.delay, spec.labels.mature_after) == (timedelta(days=30), timedelta(days=90))
    assert spec.labels.observed_when == {"prediction": 0}
    assert spec.groups == (("gender",), ("age_band",), ("gender", "age_band"))
    assert [(v.name, v.from_, v.to) for v in spec.versions] == [
        ("1.4.0", date(2026, 1, 1), date(2026, 8, 1)),
        ("1.5.0", date(2026, 8, 1), None),
    ]
    assert (spec.limits.rows, spec.limits.bytes) == (10**9, 10**12)
    assert spec.columns.features == {"num_00": "numeric", "cat_*": "categorical"}
    assert spec.valid.from_ == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("task", "multiclass"),
        ("task", "regression"),
        ("logs.ready", {"marker": "_SUCCESS"}),
        ("attributes", {"path": "people/*.parquet", "id": "person"}),
        ("columns.subject", "person"),
        ("columns.weight", "w"),
        ("columns.decision", "done"),
        ("columns.latency_ms", "ms"),
        ("columns.consumer", "who"),
        ("consumers", ["web"]),
        ("fields", {"trace": "trace_id"}),
        ("policy", "default.yaml"),
        ("schedule.month", True),
        ("schedule.quarter", True),
    ],
)
def test_each_key_that_nothing_honours_yet_is_refused_by_name(key: str, value: object) -> None:
    assert key in NOT_YET
    (fault,) = refusal(_with(key, value)).faults
    assert fault.subject.endswith(f" {key}")
    assert "not supported yet" in fault.found


@pytest.mark.parametrize("key", sorted(NOT_YET))
def test_null_is_never_refused(key: str) -> None:
    assert parse(_with(key, None), "lending.yaml")


def test_defaults_of_unsupported_keys_are_not_refused() -> None:
    said = "task: binary\nconsumers: []\nprivacy: {values: counts}\nschedule: {month: false, quarter: false}\n"
    assert parse(SMALL + said, "lending.yaml") == parse(SMALL, "lending.yaml")
    assert parse(SMALL + "fields: {}\n", "lending.yaml")


def test_other_keys_of_observed_when_are_not_supported_yet() -> None:
    labels = 'labels: {path: "l/{date}.parquet", observed_when: {\n  decision: 0}}\n'
    faults = refusal(SMALL + "  id: i\n  label: y\n" + labels).faults
    assert "lending.yaml:11 labels.observed_when.decision" in [fault.subject for fault in faults]
    assert any("not supported yet" in fault.found for fault in faults)


MANY = """\
model: Lending Model
ownr: somebody
logs:
  path: "/inference/{date}/{date}/**.parquet"
  contrl: "control/{date}.parquet"
columns:
  time: event_time
  time: other_time
  predictoin: prediction
  score: 5
  features: {age: numerical}
versions:
  - {name: 1.4, from: 2026-01-01}
  - {name: b, from: 2026-02-30}
groups: [gender, [gender, 3]]
quality:
  null_rate: 1.5
  ranges: {age: [1, 2, 3]}
fairness: {min_rows: many}
limits: {rows: 1e9, bytes: 1.5}
time: {zone: Europe/Berln, slack: 5 minutes}
valid: {from: 2026-07-01, to: 2026-07-01}
policy: strict.yaml
confidence: yes
"""


def test_every_fault_of_a_file_is_in_one_report() -> None:
    faults = refusal(MANY).faults
    assert {fault.subject for fault in faults} == {
        "lending.yaml:1 owner",
        "lending.yaml:1 model",
        "lending.yaml:2 ownr",
        "lending.yaml:4 logs.path",
        "lending.yaml:5 logs.contrl",
        "lending.yaml:8 columns.time",
        "lending.yaml:9 columns.predictoin",
        "lending.yaml:10 columns.score",
        "lending.yaml:11 columns.features.age",
        "lending.yaml:13 versions[0].name",
        "lending.yaml:14 versions[1].from",
        "lending.yaml:15 groups[1][1]",
        "lending.yaml:17 quality.null_rate",
        "lending.yaml:18 quality.ranges.age",
        "lending.yaml:19 fairness.min_rows",
        "lending.yaml:20 limits.bytes",
        "lending.yaml:21 time.zone",
        "lending.yaml:21 time.slack",
        "lending.yaml:22 valid.to",
        "lending.yaml:23 policy",
        "lending.yaml:24 confidence",
    }
    assert sum(fault.subject == "lending.yaml:4 logs.path" for fault in faults) == 3  # slash, ** and {date} twice
    lines = [int(fault.subject.split(":")[1].split()[0]) for fault in faults]
    assert lines == sorted(lines)


def test_messages_are_plain_and_name_the_nearest_key() -> None:
    said = str(refusal(MANY))
    assert "columns.predictoin: found an unknown key, expected one of time, id," in said
    for near in ("prediction", "owner", "control", "numeric", "Europe/Berlin"):
        assert f"Did you mean '{near}'?" in said
    assert "versions[0].name: found 1.4, expected text. Quote it if it is text." in said
    assert "time.slack: found '5 minutes', expected a duration" in said
    assert "found '2026-02-30', expected a day such as 2026-07-01" in said
    for foreign in ("pydantic", "Input should", "errors.", "http", "Value error"):
        assert foreign not in said


def test_a_misspelt_key_has_no_echo() -> None:
    """`groups` needs columns.prediction, but a misspelt one is the only thing to mend."""
    text = SMALL.replace("prediction:", "predicton:") + "groups: [g]\n"
    assert subjects(text) == ["lending.yaml:7 columns.predicton"]


def test_a_fault_hides_no_rule_that_does_not_read_it() -> None:
    text = SMALL + 'labels: {path: "l/{date}", delay: soon}\n'
    assert sorted(subjects(text)) == [
        "lending.yaml:5 columns.id",
        "lending.yaml:5 columns.label",
        "lending.yaml:8 labels.delay",
    ]


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(-2, 2)
    | st.sampled_from(["", "x", "30d", "{date}", "@"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["path", "name", "from", "to", "x", "prediction", "<<", "a b"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path in a document, the root's keys first."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    for key in keys:
        yield (*above, key)
        yield from _places(value[key], (*above, key))


DOCUMENT = yaml.load(WHOLE.replace("extends: credit-team\n", ""), Loader=yaml.BaseLoader)  # noqa: S506 - builds only text


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(_places(DOCUMENT), key=str)), ANYTHING), min_size=1, max_size=3))
def test_whatever_stands_at_a_key_is_read_or_refused_with_lines(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    document = copy.deepcopy(DOCUMENT)
    for (*above, last), value in changes:
        part = document
        for step in above:
            part = part[step] if isinstance(part, dict | list) and step in _keys(part) else {}
        if last in _keys(part):
            part[last] = value
    faults = refusal(yaml.dump(document, Dumper=Plain, sort_keys=False)).faults
    assert all(re.match(r"lending\.yaml:[0-9]+", fault.subject) for fault in faults)
    assert all(fault.found and fault.expected and str(fault).isprintable() for fault in faults)
    assert not any("a value that this key allows" in fault.expected for fault in faults)  # every refusal has its words


class Plain(yaml.SafeDumper):
    """Writes every value out where it stands, without anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return isinstance(data, object)


def _keys(part: Any) -> Any:
    return range(len(part)) if isinstance(part, list) else part if isinstance(part, dict) else ()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_misspelt_key_is_a_fault_with_its_line(data: st.DataObject) -> None:
    lines = WHOLE.splitlines()
    keyed = [(at, found) for at, line in enumerate(lines) if (found := re.match(r"(\s*)([a-z_]+):", line))]
    at, found = data.draw(st.sampled_from(keyed))
    key, letter = found[2], data.draw(st.sampled_from("xqzw"))
    cut = data.draw(st.integers(0, len(key)))
    wrong = key[:cut] + letter + key[cut + 1 :] + letter
    changed = [*lines[:at], lines[at].replace(key, wrong, 1), *lines[at + 1 :]]
    faults = refusal("\n".join(changed), credit_team="").faults
    named = [
        fault for fault in faults if fault.subject.startswith(f"lending.yaml:{at + 1} ") and wrong in fault.subject
    ]
    assert [fault.found for fault in named] == ["an unknown key"]


def test_extends_lays_the_spec_over_its_defaults() -> None:
    team = "extends: all\ndrift: {numeric: {threshold: 0.2}}\ngroups: [gender]\ntier: low\nfairness: {min_rows: 7}\n"
    everyone = "drift: {numeric: {method: ks, threshold: 0.3}}\ngroups: [age, region]\nconfidence: 0.9\n"
    given_ = {"team": team, "all": everyone}
    spec = parse(SMALL + "extends: team\ntier: high\nfairness: null\n", "lending.yaml", given_.get)
    assert (spec.drift.numeric.method, spec.drift.numeric.threshold) == ("ks", 0.2)  # mappings are merged
    assert spec.groups == (("gender",),)  # lists are replaced
    assert (spec.tier, spec.confidence) == ("high", 0.9)
    assert spec.fairness.min_rows == 100  # null takes back what the team gave


def test_faults_of_defaults_name_their_file_and_line() -> None:
    faults = refusal(
        SMALL + "extends: team\nteir: low\n", team="\n\ndrift:\n  numeric: {threshold: 0}\ntier: hgih\n"
    ).faults
    assert [fault.subject for fault in faults] == [
        "lending.yaml:9 teir",
        "_defaults/team.yaml:4 drift.numeric.threshold",
        "_defaults/team.yaml:5 tier",
    ]


def test_defaults_that_are_missing_or_circular() -> None:
    missing = refusal(SMALL + "extends: team\n")
    assert str(missing).startswith("lending.yaml:8 extends: found 'team', expected a file _defaults/team.yaml")
    circular = refusal(SMALL + "extends: a\n", a="extends: b\n", b="\nextends: a\n")
    assert str(circular).startswith(
        "_defaults/b.yaml:2 extends: found 'a', expected no way round in a circle: a → b → a"
    )
    assert subjects(SMALL + "extends: ../../secret\n") == ["lending.yaml:8 extends"]
    assert subjects(SMALL + "extends: 5\n") == ["lending.yaml:8 extends"]


def test_load_reads_the_file_and_its_defaults(tmp_path: Path) -> None:
    (tmp_path / "_defaults").mkdir()
    (tmp_path / "_defaults/team.yaml").write_text("tier: high\n")
    (tmp_path / "lending.yaml").write_text(SMALL + "extends: team\n")
    assert load(tmp_path / "lending.yaml").tier == "high"
    (tmp_path / "other").mkdir()
    (tmp_path / "other/team.yaml").write_text("tier: low\n")
    assert load(tmp_path / "lending.yaml", defaults=tmp_path / "other").tier == "low"


def test_load_refuses_what_is_no_file_of_text(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a spec's YAML file that can be read"):
        load(tmp_path / "absent.yaml")
    with pytest.raises(BadInput, match="a spec's YAML file that can be read"):
        load(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"model: caf\xe9\n")
    with pytest.raises(BadInput, match=r"latin\.yaml at byte 10: found bytes that are no UTF-8"):
        load(tmp_path / "latin.yaml")
    (tmp_path / "large.yaml").write_bytes("é".encode() * 600_000)
    with pytest.raises(BadInput, match="a larger file"):
        load(tmp_path / "large.yaml")


def test_a_spec_survives_json_whole() -> None:
    """Stages hand the spec to each other as JSON (Airflow's tasks do)."""
    labels = 'labels: {path: "l/{date}.parquet", delay: 30d, mature_after: 13w, observed_when: {prediction: 0}}\n'
    text = SMALL + "  id: i\n  version: v\n  positive: [yes, 1]\n  label: y\n" + labels
    text += "versions: [{name: a, from: 2026-01-01}]\nvalid: {to: 2027-01-01}\n"
    spec = parse(text, "lending.yaml")
    assert Spec.model_validate_json(spec.model_dump_json(by_alias=True)) == spec
    assert Spec.model_validate_json(spec.model_dump_json()) == spec


def _with(key: str, value: object) -> str:
    """The small spec with one more key."""
    data = yaml.safe_load(SMALL)
    *above, last = key.split(".")
    part = data
    for step in above:
        part = part.setdefault(step, {"path": "train.parquet"} if step == "reference" else {})
    part[last] = value
    return str(yaml.safe_dump(data))
