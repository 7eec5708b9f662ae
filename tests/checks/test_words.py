"""Names from data in reasons."""

from retroaudit.checks.words import listing, quoted, too_few


def test_names_are_quoted_and_cut_to_sixty_characters() -> None:
    assert quoted("a") == '"a"'
    assert quoted(None) == "null"
    assert quoted("null") == '"null"'
    assert quoted("x" * 60) == f'"{"x" * 60}"'
    assert quoted("x" * 10_000) == f'"{"x" * 59}…"'


def test_lists_say_how_many_more_there_are() -> None:
    assert listing([], 2) == ""
    assert listing(["a", "b"], 2) == "a, b"
    assert listing(["a", "b", "c", "d"], 2) == "a, b and 2 more"


def test_too_few_names_both_numbers() -> None:
    assert too_few(3, 100) == "3 rows are too few: 100 are needed"
