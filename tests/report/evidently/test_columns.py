"""What a stored report says of drift, read for Evidently."""

from dataclasses import asdict

from retroaudit.report.evidently.columns import columns, undecided
from tests.report.evidently.documents import ATTACK, HOSTILE, document, judged, mixed


def test_columns_are_the_judged_distances_with_a_value_against_the_fixed_reference() -> None:
    found = {column.name: column for column in columns(mixed())}
    assert sorted(found) == sorted(["calm", "colour", "few", "moved", "open", *HOSTILE])
    assert (found["calm"].score, found["calm"].threshold, found["calm"].least) == (0.02, 0.1, False)
    assert (found["colour"].metric, found["colour"].threshold, found["colour"].least) == (
        "chisquare_pvalue",
        0.05,
        True,
    )
    assert (found["colour"].kind, found["calm"].kind) == ("cat", "num")


def test_bins_have_the_names_and_the_counts_of_the_report() -> None:
    bins = {column.name: asdict(column.bins) for column in columns(mixed())}
    assert bins["calm"] == {
        "labels": ["below 0", "0 to 1", "from 1"],
        "current": [0, 600, 400],
        "reference": [100, 500, 400],
    }
    assert bins["colour"]["labels"] == [ATTACK, "12", "null", "all others"]
    assert bins["few"]["current"] == []  # withheld


def test_an_unplotted_column_has_no_bins() -> None:
    assert columns(document([judged("score", 0.2)]))[0].bins.labels == ()


def test_whatever_is_neither_passed_nor_failed_is_named_with_the_reason() -> None:
    assert undecided(mixed()) == {
        "few": "insufficient: window: 12 rows, 100 are asked for",
        "gone": "skipped: the reference has no such column",
        "open": "inconclusive",
    }
