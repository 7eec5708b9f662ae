"""The page: safe whatever the data says, the same bytes each time, and readable without any of its parts."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from retroaudit.checks.metric import Metric, Threshold, Verdict
from retroaudit.judgement.findings import findings
from retroaudit.judgement.verdicts import decide
from retroaudit.report.document import build
from retroaudit.report.html import render
from tests.report.night import HOSTILE, all_metrics
from tests.report.sample import SPEC, accounting, header, histograms, inputs, sample

VOID = {"meta", "br", "path", "rect", "line", "circle"}


class Page(HTMLParser):
    """What a browser sees: elements with their attributes, and text."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.style = ""
        self.feed(data.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.text.append(data)

    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}


@pytest.fixture(scope="module")
def page() -> bytes:
    return render(sample())


def test_two_renderings_are_equal_and_small(page: bytes) -> None:
    assert render(sample()) == page
    assert len(page) < 1_000_000


def test_elements_are_balanced_and_none_is_active(page: bytes) -> None:
    seen = Page(page)
    assert seen.open == []
    assert not seen.tags() & {
        "script",
        "img",
        "iframe",
        "object",
        "embed",
        "link",
        "form",
        "base",
        "foreignobject",
        "image",
        "use",
    }


def test_no_attribute_styles_acts_or_leads_outside(page: bytes) -> None:
    for _, attributes in Page(page).elements:
        assert not [name for name in attributes if name == "style" or name.startswith("on") or name.endswith(":href")]
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")


def test_the_policy_allows_exactly_the_one_style(page: bytes) -> None:
    seen = Page(page)
    policies = [each["content"] for tag, each in seen.elements if tag == "meta" and "http-equiv" in each]
    digest = base64.b64encode(hashlib.sha256(seen.style.encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    ]
    assert [tag for tag, _ in seen.elements].count("style") == 1
    assert "url(" not in seen.style
    assert "@import" not in seen.style


def test_hostile_text_is_shown_as_text(page: bytes) -> None:
    text = "".join(Page(page).text)
    assert HOSTILE[0] in text
    assert HOSTILE[5] in text  # a template's expression, neither run nor lost
    assert b"<script" not in page
    assert b"\x00" not in page
    assert "\N{RIGHT-TO-LEFT OVERRIDE}".encode() not in page
    assert b"x" * 200 not in page


def test_landmarks_language_and_title(page: bytes) -> None:
    seen = Page(page)
    assert {"header", "main", "nav", "footer", "title", "h1"} <= seen.tags()
    assert ("html", {"lang": "en"}) in seen.elements
    ids = [each["id"] for _, each in seen.elements if "id" in each]
    assert len(ids) == len(set(ids))
    targets = {(each["href"] or "")[1:] for tag, each in seen.elements if tag == "a"}
    assert targets <= set(ids)


def test_every_plot_has_words_and_every_class_has_a_style(page: bytes) -> None:
    seen = Page(page)
    drawn = [each for tag, each in seen.elements if tag == "svg" and each.get("aria-hidden") != "true"]
    assert len(drawn) > 20
    assert all(each["role"] == "img" and each["aria-label"] for each in drawn)
    used = {name for tag, each in seen.elements if tag in VOID | {"text"} for name in (each.get("class") or "").split()}
    assert {name for name in used if f".{name}" not in seen.style} == set()


def test_the_verdict_and_what_failed_come_first(page: bytes) -> None:
    text = " ".join("".join(Page(page).text).split())
    # the sample's verdicts: 173 passed, 8 failed, 2 inconclusive; 28 insufficient, which are not checked (law 4)
    assert (
        "The audit of lending over 1 April 2026 to 30 June 2026 failed: of 183 checked metrics, 8 failed, 2 could not "
        "be decided either way and 173 passed; 28 more could not be checked (too few rows: 100 are asked for)." in text
    )
    assert text.index("Impact ratio, gender = male, age_band = 18-29") < text.index("Drift")
    assert "retroaudit verify lending/2026-Q2/quarter/main/0 --store URL --key public.pem" in text


@pytest.mark.parametrize(
    "metrics",
    [
        [],
        [Metric(check="drift", metric="ks", subject="x", verdict=Verdict.SKIPPED, reason="there is no reference")],
        [Metric(check="a new check", metric="odd", value=1.0)],
        [metric for metric in all_metrics() if metric.check not in {"fairness", "drift"}],
        [Metric(check="fairness", metric="tpr", slice=(("sex", None),), verdict=Verdict.INSUFFICIENT)],
        [Metric(check="versions", metric="version_rate", slice=(("version", "1"),), value=1.0)],
    ],
)
def test_a_report_with_little_in_it_renders(metrics: list[Metric]) -> None:
    document = build(
        header=header(verdict="failed"), inputs=inputs(), accounting=(), states={}, metrics=metrics, findings=()
    )
    assert Page(render(document)).open == []
    assert "No metric failed." in render(document).decode()


def _text(**parts: Any) -> str:
    values: dict[str, Any] = {"header": header(), "inputs": inputs(), "accounting": (), "states": {}, "findings": ()}
    return " ".join("".join(Page(render(build(**{**values, **parts}))).text).split())


def test_what_could_not_be_checked_has_its_own_reason() -> None:
    awaited = [
        Metric(check="performance", metric=name, verdict=Verdict.INSUFFICIENT, reason="labels are due on 1 August")
        for name in ("tpr", "fpr")
    ]
    text = _text(metrics=awaited)
    assert "nothing was checked" in text
    assert "2 more could not be checked (labels are due on 1 August)." in text
    assert "too few rows" not in text
    other = Metric(check="drift", metric="ks", subject="x", verdict=Verdict.INSUFFICIENT, reason="there is no value")
    assert "3 more could not be checked (the tables give each reason)." in _text(metrics=[*awaited, other])


def test_the_number_of_findings_is_not_that_of_failed_metrics() -> None:
    """Three days on which the same thing failed are one finding."""
    failed = [
        decide(Metric(check="drift", metric="ks", slice=(("date", day),), value=1.0, threshold=Threshold(max=0.1)))
        for day in ("2026-04-01", "2026-04-02", "2026-04-03")
    ]
    assert "findings1of 3 failed metrics" in _text(metrics=failed, findings=findings(SPEC, failed))


def test_names_that_are_parts_of_hashes_are_explained() -> None:
    kept = {"column": "a", "kind": "categorical", "values": ["#7"], "exact": True, "current": [9, 0], "reference": None}
    drawn = [Metric(check="drift", metric="jensenshannon", subject="a", value=0.0)]
    sentence = "each name with # stands for all values that share the beginning of a hash"
    assert sentence in _text(metrics=drawn, histograms=[{**kept, "exact": False}])
    assert sentence not in _text(metrics=drawn, histograms=[kept])


def test_thousands_of_groups_make_no_large_page() -> None:
    groups = [
        Metric(check="fairness", metric=metric, slice=(("shop", f"{shop}"),), value=0.5, threshold=Threshold(0.8, 1.2))
        for metric in ("selection_rate", "impact_ratio")
        for shop in range(3000)
    ]
    document = build(
        header=header(),
        inputs=inputs(),
        accounting=(),
        states={},
        metrics=[decide(each) for each in groups],
        findings=(),
    )
    page = render(document)
    assert len(page) < 1_000_000
    text = " ".join("".join(Page(page).text).split())
    assert "Impact ratio: the worst 12 of 3 000 groups" in text
    assert "5 952 more are in metrics.parquet and report.json." in text  # 2 x 3,000 less 48 of the card
    assert len(document["metrics"]) == 6000


def test_histograms_that_are_withheld_or_empty_render() -> None:
    empty: list[dict[str, Any]] = [
        {"column": "a", "kind": "numeric", "edges": [], "current": [0], "reference": None},
        {"column": "b", "kind": "numeric", "edges": [1.0], "current": [3, 40], "reference": [0, 10]},
        {"column": "c", "kind": "categorical", "values": [], "exact": True, "current": [0], "reference": [12]},
        {"column": "d", "kind": "categorical", "values": [None], "exact": False, "current": None, "reference": [5, 0]},
        {"column": "e", "kind": "numeric", "edges": [-1e308, 1e308], "current": [0, 9, 0], "reference": [0, 0, 0]},
    ]
    metrics = [Metric(check="drift", metric="ks", subject="a", value=0.0)]
    document = build(
        header=header(),
        inputs=inputs(),
        accounting=accounting(),
        states={},
        metrics=metrics,
        findings=(),
        histograms=empty,
    )
    assert b"has too few rows" in render(document)


def test_at_most_twelve_plots_in_a_check() -> None:
    many = [{**histograms()[0], "column": f"x{number}"} for number in range(30)]
    metrics = [Metric(check="drift", metric="ks", subject="x29", value=0.5, verdict=Verdict.FAILED)]
    document = build(
        header=header(), inputs=inputs(), accounting=(), states={}, metrics=metrics, findings=(), histograms=many
    )
    text = render(document).decode()
    assert text.count("Distribution of x") == 12
    assert "Distribution of x29" in text  # what failed is drawn
    assert re.search(r"18 more are not drawn", text)
