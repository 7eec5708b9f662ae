from __future__ import annotations

from tests.faults.results import page


def line(test: str, *, nightly: bool = False, row: str = "bit flips", **counts: int) -> dict[str, object]:
    return {"row": row, "store": "memory", "nightly": nightly, "test": test, "counts": counts}


def test_counts_are_summed_over_tests_and_the_newest_of_each_counts() -> None:
    found = page([line("a", flips=7, unseen=1), line("b", flips=1000, unseen=0), line("a", flips=10, unseen=0)])
    assert "| memory | 1,010 flips, 0 unseen | not run |\n" in found


def test_the_nightly_column_is_its_own() -> None:
    found = page([line("a", flips=7), line("b", nightly=True, flips=8), line("c", row="tampering corpus", found=2)])
    assert "| memory | 7 flips | 8 flips |\n" in found
    assert found.index("bit flips") < found.index("| memory | 2 found | not run |")
