"""What a long run is doing: steps, the sentence that says one, and log lines for where nobody watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_PREFIXES = ("", "k", "M", "G", "T")
_THOUSAND, _TEN, _MINUTE = 1000, 10, 60


@dataclass(frozen=True)
class Step:
    """How far a stage is: `done` of its `total` parts (0: it is not counted), `reused` of them without reading.

    Parts are an audit's partitions, a backfill's windows, a log's commits. `rows` and `bytes` were read since the
    stage began.
    """

    stage: str
    done: int = 0
    total: int = 0
    rows: int = 0
    reused: int = 0
    bytes: int = 0


Progress = Callable[[Step], None]


def silent(_: Step) -> None:
    """Tell nobody."""


def sentence(step: Step, seconds: float) -> str:
    """A step in words: "measure 12 of 91, 4 from states, 1.2 M rows/s, 0:40 left".

    `seconds` have passed since the stage began. The time left supposes that every part still to come must be read, at
    the pace of those that were; it is left out while none was.
    """
    parts = [f"{step.stage} {step.done} of {step.total}" if step.total else step.stage]
    if step.reused:
        parts.append(f"{step.reused} from states")
    if step.rows and seconds > 0:
        parts.append(f"{_scaled(step.rows / seconds).strip()} rows/s")
    if step.bytes and seconds > 0:
        parts.append(f"{_scaled(step.bytes / seconds)}B/s")
    read = step.done - step.reused
    if read > 0 and seconds > 0 and step.done < step.total:
        parts.append(f"{_clock(seconds / read * (step.total - step.done))} left")
    return ", ".join(parts)


def timed(tell: Callable[[Step, float], None], clock: Callable[[], float]) -> Progress:
    """A progress that tells each step with the seconds since its stage began; `clock` gives seconds."""
    stage: str | None = None
    began = 0.0

    def advance(step: Step) -> None:
        nonlocal stage, began
        now = clock()
        if step.stage != stage:
            stage, began = step.stage, now
        tell(step, now - began)

    return advance


def logged(log: Callable[[str], None], clock: Callable[[], float], *, every: float = 5.0) -> Progress:
    """A progress as log lines: where a stage begins or ends, and in between one in `every` seconds at most."""
    stage: str | None = None
    spoken = 0.0

    def tell(step: Step, seconds: float) -> None:
        nonlocal stage, spoken
        ended = 0 < step.total <= step.done
        if step.stage == stage and not ended and seconds - spoken < every:
            return
        stage, spoken = step.stage, seconds
        log(sentence(step, seconds))

    return timed(tell, clock)


def _scaled(value: float) -> str:
    """Two or three digits and a prefix: "1.2 M", "85 k", "640 "."""
    power = 0
    while value >= _THOUSAND and power < len(_PREFIXES) - 1:
        value, power = value / _THOUSAND, power + 1
    return f"{value:.{int(value < _TEN)}f} {_PREFIXES[power]}"


def _clock(seconds: float) -> str:
    """0:40, 12:05 or 3:00:00."""
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
