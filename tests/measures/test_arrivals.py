"""When the last label arrived, as a state."""

from hypothesis import given
from hypothesis import strategies as st

from retroaudit.archive.arrivals import NEVER
from retroaudit.measures import arrivals


@given(st.integers(NEVER, 2**63 - 1))
def test_every_moment_comes_back(last: int) -> None:
    assert arrivals.finish(arrivals.state(last)) == last
