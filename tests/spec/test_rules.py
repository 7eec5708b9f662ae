"""Rules between keys: each one broken alone, at its line; and none of them by a good spec."""

from __future__ import annotations

import pytest

from retroaudit.faults import BadInput
from retroaudit.spec.load import parse

DATED = """\
model: lending
owner: o
logs: {path: "logs/{date}/*.parquet"}
columns:
  time: t
  id: i
  version: v
  prediction: p
  score: s
  label: y
"""
LABELS = 'labels: {path: "labels/{date}/*.parquet"}\n'


def faults(text: str) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as caught:
        parse(text, "s.yaml")
    return [(fault.subject.removeprefix("s.yaml:"), str(fault)) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "more",
    [
        "",
        LABELS,
        "groups: [g, [g, h], [h]]\n",
        "versions: [{name: a, from: 2026-01-01, to: 2026-02-01}, {name: b, from: 2026-01-15}]\n",  # overlapping
        "valid: {from: 2026-01-01}\n",
        "time: {zone: Europe/Berlin, slack: 1h}\n",
        "quality: {ranges: {a: [0, 0], 'b*': [-1, 1e9]}, null_rate: {a: 0.5}}\n",
        "fairness: {impact_ratio: [1, 1], reference_group: {g: x}}\ngroups: [g]\n",
        "reference: {path: 'train/*.parquet'}\n",
        "reference: {window: previous}\n",
        "reference: {path: 'r/*', window: [same-weekday, trailing, year-ago], trailing: 7d}\n",
        "reference: {path: 'r/*', date: 2026-06-30, max_age: 180d}\n",
        "reference: {path: 'r/{version}/*', max_age: 180d}\nversions: [{name: a, from: 2026-01-01}]\n",
        "labels: {path: 'l/{date}.parquet', arrived: t, delay: 30d, mature_after: 90d}\n",
        "labels: {path: 'l/{date}.parquet', observed_when: {prediction: 1}}\n",
        "schedule: {day: true}\n",
        "drift: {numeric: {method: ks}, categorical: {method: chisquare, threshold: 0.05}}\n",
        "drift: {numeric: {method: psi, threshold: 2}, categorical: {method: jensenshannon, threshold: 0.8}}\n",
        "drift: {numeric: {method: wasserstein, threshold: 1.5}}\n",
        "drift: {numeric: {method: kl_div, threshold: 3}, categorical: {method: homogeneity, threshold: 0.01}}\n",
        "drift: {missing: null, out_of_range: 0, unseen: 1, vanished: null, label: 0.02, concept: null}\n",
    ],
)
def test_good_specs_pass(more: str) -> None:
    assert parse(DATED + more, "s.yaml").model == "lending"


@pytest.mark.parametrize(
    ("more", "place", "said"),
    [
        ("groups: [[g, g]]", "11 groups[0]", "each attribute once"),
        ("groups: [[]]", "11 groups[0]", "an empty group"),
        ("groups:\n- [g, h]\n- [h, g]", "13 groups[1]", "each group once"),
        ("groups: ['@version']", "11 groups[0]", "begin with @"),
        ("fairness: {reference_group: {gendr: f}}\ngroups: [gender]", "11 fairness.reference_group.gendr", "'gender'"),
        ("fairness: {impact_ratio: [1.1, 1.2]}", "11 fairness.impact_ratio", "equality must be allowed"),
        ("fairness: {impact_ratio: [0.8, 0.9]}", "11 fairness.impact_ratio", "equality must be allowed"),
        ("fairness: {impact_ratio: [-1, 2]}", "11 fairness.impact_ratio", "equality must be allowed"),
        ("quality: {ranges: {a: [2, 1]}}", "11 quality.ranges.a", "[lowest, highest]"),
        ("quality: {null_rate: {'@x': 0.5}}", "11 quality.null_rate[", "begin with @"),
        ("versions: [{name: a, from: 2026-02-01, to: 2026-02-01}]", "11 versions[0].to", "a day after from"),
        ("versions:\n- {name: a, from: 2026-01-01}\n- {name: a, from: 2026-02-01}", "13 versions[1].name", "once"),
        ("valid: {from: 2026-02-01, to: 2026-01-01}", "11 valid.to", "a day after from"),
        ("drift: {categorical: {method: chisquare}}", "11 drift.categorical", "the least p-value that is no drift"),
        ("drift: {categorical: {method: chisquare, threshold: 1.5}}", "11 drift.categorical.threshold", "less than 1,"),
        ("drift: {categorical: {method: jensenshannon, threshold: 0.84}}", "11 drift.categorical", "than 0.8326,"),
        ("drift: {numeric: {method: jensenshannon, threshold: 1}}", "11 drift.numeric.threshold", "than 0.8326,"),
        ("drift: {categorical: {method: homogeneity}}", "11 drift.categorical", "the least p-value that is no drift"),
        ("drift: {numeric: {method: ks_pvalue}}", "11 drift.numeric.threshold", "the least p-value that is no drift"),
        ("drift: {categorical: {method: TVD, threshold: 1}}", "11 drift.categorical.threshold", "less than 1, as TVD"),
        ("drift: {numeric: {method: hellinger, threshold: 2}}", "11 drift.numeric.threshold", "less than 1,"),
        ("drift: {missing: 2}", "11 drift.missing", "at most 1"),
        ("drift: {numeric: {method: ks, threshold: 1}}", "11 drift.numeric.threshold", "less than 1, as ks is"),
        ("drift: {categorical: {method: chisquare, threshold: 0}}", "11 drift.categorical.threshold", "more than 0"),
        ("time: {zone: Europe/Berlni}", "11 time.zone", "'Europe/Berlin'"),
        ("labels: {path: 'labels/*.parquet'}", "11 labels.path", "as in logs.path"),
        ("labels: {path: 'l/{date}.parquet', observed_when: {}}", "11 labels.observed_when.prediction", "0 or 1"),
        ("labels: {path: 'l/{date}.parquet', observed_when: {prediction: 2}}", "11 labels.observed", "0 or 1"),
        ("labels: {path: 'l/{date}.parquet', observed_when: {prediction: true}}", "11 labels.observed", "0 or 1"),
        ("labels: {path: 'l/{date}.parquet', arrived: y}", "11 labels.arrived", "columns.label already"),
        ("reference: {}", "11 reference.path", "the path of the reference's files"),
        ("reference: {path: 'train/{date}.parquet'}", "11 reference.path", "one snapshot"),
        ("reference: {path: 'r/{version}/{version}'}\nversions: [{name: a, from: 2026-01-01}]", "11 ref", "once"),
        ("reference: {path: 'r/{version}/*'}", "11 reference.path", "versions to be declared"),
        ("reference: {path: 'r/{vers}/*'}", "11 reference.path", "no braces but those of {date} and {version}"),
        ("reference: {window: previous, max_age: 180d}", "11 reference.max_age", "the fixed reference that may age"),
        ("reference: {window: [previous, previous]}", "11 reference.window", "each rolling reference once"),
        ("reference: {window: trailing, trailing: 0d}", "11 reference.trailing", "one day or more"),
        ("reference: {window: trailing, trailing: 36h}", "11 reference.trailing", "in whole days"),
        ("labels: {path: 'l/{version}/{date}'}", "11 labels.path", "no braces but those of {date}"),
    ],
)
def test_each_rule_names_its_key_and_line(more: str, place: str, said: str) -> None:
    ((subject, text),) = faults(DATED + more + "\n")
    assert subject.startswith(place)
    assert said in text


@pytest.mark.parametrize(
    ("old", "new", "more", "place"),
    [
        ("  time: t\n", "", "", "4 columns.time"),
        ("  id: i\n", "", LABELS, "4 columns.id"),
        ("  label: y\n", "", LABELS, "4 columns.label"),
        ("  prediction: p\n", "", "groups: [g]\n", "4 columns.prediction"),
        ("  version: v\n", "", "versions: [{name: a, from: 2026-01-01}]\n", "4 columns.version"),
        ("score: s", "score: p", "", "9 columns.score"),
        ("label: y", "label: p", "", "10 columns.label"),
        ("label: y", "label: i", LABELS, "10 columns.label"),
        ("score: s", "score: '@s'", "", "9 columns.score"),
        ("score: s", "score: ''", "", "9 columns.score"),
        ("label: y", "positive: []", "", "10 columns.positive"),
        ("  label: y\n", "  features: {'@x': numeric}\n", "", "10 columns.features['@x']"),
    ],
)
def test_columns(old: str, new: str, more: str, place: str) -> None:
    assert [subject for subject, _ in faults(DATED.replace(old, new) + more)] == [place]


def test_the_labels_column_is_of_the_labels_files_and_may_have_the_name_of_a_column_of_the_logs() -> None:
    assert parse(DATED.replace("label: y", "label: p") + LABELS, "s.yaml").columns.label == "p"


def test_a_person_and_a_request_may_be_the_same_column() -> None:
    """`subject` itself is not supported yet; that it equals `id` is no second fault."""
    assert [subject for subject, _ in faults(DATED + "  subject: i\n")] == ["11 columns.subject"]


def test_a_snapshot_has_no_days_to_speak_of() -> None:
    text = DATED.replace("{date}", "all")
    assert parse(text, "s.yaml").logs.path == "logs/all/*.parquet"
    assert parse(text.replace("  time: t\n", ""), "s.yaml").columns.time is None
    more = "labels: {path: 'l.parquet', delay: 1d, mature_after: 1d}\ntime: {slack: 1h}\nschedule: {day: true}\n"
    assert [subject for subject, _ in faults(text + more)] == [
        "11 labels.delay",
        "11 labels.mature_after",
        "12 time.slack",
        "13 schedule.day",
    ]
    assert [subject for subject, _ in faults(text.replace('parquet"', "parquet\", control: 'c/{date}'"))] == [
        "3 logs.control"
    ]
    assert [subject for subject, _ in faults(text + "reference: {window: previous}\n")] == ["11 reference.window"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/logs/{date}", "without a leading slash"),
        ("logs/../{date}", "no segment that is empty, . or .."),
        ("../{date}", "no segment that is empty, . or .."),
        ("logs//{date}", "no segment that is empty, . or .."),
        ("logs/{date}/", "no segment that is empty, . or .."),
        ("./{date}", "no segment that is empty, . or .."),
        ("logs/**/{date}", "** is no pattern here"),
        ("logs/{date}/[ab]", "* as the only pattern"),
        ("logs/{date}/a?", "* as the only pattern"),
        ("logs/{date}/{hour}", "no braces but those of {date}"),
        ("logs/{date}/{date}", "{date} once"),
        ("logs\\\\{date}", "forward slashes"),
        ("logs/{date}\\n", "printable characters"),
        ("{date}/" + "x" * 2_000, "at most 1,000 characters"),
    ],
)
def test_paths_stay_below_the_archive(path: str, said: str) -> None:
    ((subject, text),) = faults(DATED.replace("logs/{date}/*.parquet", path))
    assert subject == "3 logs.path"
    assert said in text
    assert len(text) < 400


def test_an_address_is_no_path() -> None:
    assert any("not an address" in text for _, text in faults(DATED.replace("logs/", "s3://bucket/")))


def test_hostile_names_are_names() -> None:
    names = ["<script>alert(1)</script>", "a'b\"c", "line\nbreak", "x" * 10_000, "; DROP TABLE", "日本語", "\x1b[31m"]
    features = "".join(f"    {_quoted(name)}: numeric\n" for name in names)
    spec = parse(DATED + "  features:\n" + features, "s.yaml")
    assert list(spec.columns.features) == names
    ranges = "".join(f"    {_quoted(name)}: [2, 1]\n" for name in names)
    found = faults(DATED + "quality:\n  ranges:\n" + ranges)
    assert [subject.split()[0] for subject, _ in found] == ["13", "14", "15", "16", "18", "19", "20"]
    assert all(text.isprintable() and len(text) < 300 for _, text in found)


def _quoted(name: str) -> str:
    """A double-quoted YAML key of any length (an implicit key may have 1,024 characters, so it is an explicit one)."""
    text = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\x1b", "\\e")
    return f'? "{text}"\n    ' if len(text) > 1_000 else f'"{text}"'
