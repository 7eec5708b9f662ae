"""Evidently's page of a stored snapshot."""

import json
import re
from html.parser import HTMLParser

import pytest

from retroaudit.report.evidently.beside import Child
from tests.report.evidently.documents import ATTACK, HOSTILE

pytestmark = pytest.mark.slow


class Tags(HTMLParser):
    """The scripts of a page, and every other start of a tag."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def page(child: Child, stored: bytes) -> str:
    return child.page(stored)


def test_hostile_names_stay_data(page: str) -> None:
    data = [line for line in page.splitlines() if re.match(r" +var (additional_graphs_)?metric_", line)]
    assert len(data) == 2
    assert not any(set("<>&\u2028\u2029") & set(line) for line in data)
    first = json.loads(data[0].partition(" = ")[2].rstrip(";"))
    rows = first["widgets"][0]["widgets"][3]["params"]["data"]
    assert set(HOSTILE) <= {row["column_name"] for row in rows}
    assert ATTACK not in page


def test_the_page_asks_nobody(page: str) -> None:
    parser = Tags()
    parser.feed(page)
    assert not [attributes for _, attributes in parser.tags if {"src", "href"} & set(attributes)]
    policy = next(attributes for _, attributes in parser.tags if "http-equiv" in attributes)
    assert str(policy["content"]).startswith("default-src 'none';")


def test_the_same_snapshot_gives_the_same_page(child: Child, stored: bytes, page: str) -> None:
    assert child.page(stored) == page
