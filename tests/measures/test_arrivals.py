"""When the last label arrived, as a state."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from retroaudit.archive.arrivals import NEVER
from retroaudit.archive.times import microseconds
from retroaudit.measures import arrivals

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@given(st.integers(NEVER, 2**63 - 1))
def test_every_moment_comes_back(last: int) -> None:
    assert arrivals.finish(arrivals.state(last)) == last


def test_labels_are_over_at_their_last_arrival() -> None:
    """As `labels.lookup` has it: a label that arrives at the cut-off is seen."""
    last, tick = microseconds(NOON), timedelta(microseconds=1)
    assert [arrivals.over(last, NOON + by) for by in (-tick, 0 * tick, tick)] == [False, True, True]


def test_labels_without_a_time_are_over_always_and_unknown_ones_never() -> None:
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert arrivals.over(NEVER, first)
    assert not arrivals.over(None, NOON)
    assert not arrivals.over(2**63 - 1, datetime(9999, 12, 31, tzinfo=UTC))
