"""Progress in words: what is done, how fast, and how long it still takes."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.progress import Progress, Step, logged, sentence, timed


class Clock:
    """A clock that goes when it is told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    ("step", "seconds", "said"),
    [  # by hand: 8 partitions read in 20 s are 2.5 s each, and 16 are still to come
        (Step("measure", 12, 28, 24_000_000, reused=4), 20, "measure 12 of 28, 4 from states, 1.2 M rows/s, 0:40 left"),
        (Step("pin"), 3, "pin"),
        (Step("measure", 0, 91), 0, "measure 0 of 91"),
        (Step("measure", 4, 91, reused=4), 1, "measure 4 of 91, 4 from states"),  # nothing was read: nothing is known
        (Step("measure", 91, 91, 9_100, reused=0), 91, "measure 91 of 91, 100 rows/s"),
        (Step("measure", 1, 5, 640, bytes=85_000_000), 1, "measure 1 of 5, 640 rows/s, 85 MB/s, 0:04 left"),
        (Step("measure", 1, 5, bytes=500), 1, "measure 1 of 5, 500 B/s, 0:04 left"),
        (Step("windows", 1, 301, 12_345), 36, "windows 1 of 301, 343 rows/s, 3:00:00 left"),
        (Step("windows", 1, 30), 25, "windows 1 of 30, 12:05 left"),
    ],
)
def test_a_step_in_words(step: Step, seconds: float, said: str) -> None:
    assert sentence(step, seconds) == said


@given(st.integers(1, 10**14), st.floats(0.01, 10**6))
def test_a_rate_is_right_to_five_percent(rows: int, seconds: float) -> None:
    found = re.fullmatch(r"read, ([0-9.]+) ?([kMGT]?) rows/s", sentence(Step("read", rows=rows), seconds))
    assert found
    factor = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[found[2]]
    assert float(found[1]) * factor == pytest.approx(rows / seconds, rel=0.05, abs=0.05)


def test_seconds_count_from_where_a_stage_began(clock: Clock) -> None:
    told: list[tuple[str, float]] = []
    advance = timed(lambda step, seconds: told.append((step.stage, seconds)), clock)
    for stage, now in (("pin", 5), ("measure", 8), ("measure", 10), ("merge", 11)):
        clock.now = now
        advance(Step(stage))
    assert told == [("pin", 0), ("measure", 0), ("measure", 2), ("merge", 0)]


def run(advance: Progress, clock: Clock, partitions: int, each: float) -> None:
    advance(Step("pin"))
    for done in range(partitions + 1):
        advance(Step("measure", done, partitions))
        clock.now += each
    advance(Step("seal"))


def test_log_lines_come_at_stages_and_now_and_then(clock: Clock) -> None:
    lines: list[str] = []
    run(logged(lines.append, clock, every=5), clock, 12, each=1)
    assert lines == [
        "pin",
        "measure 0 of 12",
        "measure 5 of 12, 0:07 left",
        "measure 10 of 12, 0:02 left",
        "measure 12 of 12",
        "seal",
    ]


@given(st.integers(1, 50), st.floats(0, 20))
def test_a_stage_is_never_logged_too_often_and_always_to_its_end(partitions: int, each: float) -> None:
    clock = Clock()
    spoken: list[tuple[float, str]] = []
    run(logged(lambda line: spoken.append((clock.now, line)), clock), clock, partitions, each)
    middle = [now for now, line in spoken if line.startswith("measure")][:-1]
    assert all(after - before > 4.999 for before, after in pairwise(middle))
    assert [line.split(",")[0] for _, line in spoken][-2:] == [f"measure {partitions} of {partitions}", "seal"]
