"""What S3 servers answer: in our words, and asked again while what failed may pass."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
)
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError

from retroaudit.faults import BadInput, Fault
from retroaudit.storage.protocol import Denied
from retroaudit.storage.refusals import DENIED, kind_of, refusal

ABSENT: Final = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound", "MethodNotAllowed"})  # a delete marker
REFUSED: Final = frozenset({"403", "AccessDenied", "NotImplemented", "MethodNotAllowed"})
EXISTS: Final = frozenset({"412", "PreconditionFailed"})
BEYOND_END: Final = frozenset({"416", "InvalidRange"})
_PASSING_STATUS: Final = frozenset({429, 500, 502, 503, 504})
_PASSING: Final = frozenset(
    {
        "ConditionalRequestConflict",  # two writers at once, and neither has won yet
        "OperationAborted",
        "RequestTimeout",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
    }
)
_CUT_SHORT: Final = (IncompleteReadError, ReadTimeoutError, ResponseStreamingError)
_FIRST_PAUSE: Final = 0.05  # seconds, doubled each time
_LONGEST_PAUSE: Final = 5.0
_chance = secrets.SystemRandom()
T = TypeVar("T")


class Patience:
    """Decides, within boto3, whether a request is sent again: for `seconds` from its first failure, never by count.

    Pauses double from 50 ms to 5 s at most, each shortened by chance: writers that collided part.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock

    def __call__(
        self,
        *,
        response: tuple[Any, Mapping[str, Any]] | None,
        caught_exception: Exception | None,
        request_dict: Mapping[str, Any],
        attempts: int,
        **_: object,
    ) -> float | None:
        """Seconds to wait before the request goes out again; None: give up, or there is no need."""
        if not (_is_passing(caught_exception) if response is None else _is_passing_answer(*response)):
            return None
        since = request_dict["context"].setdefault("retroaudit_since", self._clock())
        return self._pause(since, attempts)

    def through(self, call: Callable[[], T]) -> T:
        """What the call gives, asked again while answers break off: boto3 itself only asks until they begin."""
        since, attempts = self._clock(), 1
        while True:
            try:
                return call()
            except _CUT_SHORT:
                pause = self._pause(since, attempts)
                if pause is None:
                    raise
                time.sleep(pause)
                attempts += 1

    def _pause(self, since: float, attempts: int) -> float | None:
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempts, 10))
        pause = _chance.uniform(longest / 2, longest)
        return pause if self._clock() - since + pause <= self.seconds else None


def code(error: ClientError) -> str:
    """The error's code as the server names it; for a HEAD, its status."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def marks_deletion(error: ClientError) -> bool:
    """Whether the server says that what is absent was deleted. AWS says so; not every server does."""
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("x-amz-delete-marker")).lower() == "true"


@contextmanager
def as_faults(subject: str) -> Iterator[None]:
    """The server's refusal in our words: its kind alone, since the text of an error may hold secrets."""
    try:
        yield
    except (ClientError, BotoCoreError, ResponseParserError, OSError) as error:  # OSError: the spool
        found = refusal(kind := kind_of(error))
    else:
        return
    kind_of_fault = Denied if kind in DENIED else BadInput
    raise kind_of_fault(Fault(subject, found.words, "a bucket that can be used", found.remedy)) from None


def _is_passing_answer(http: Any, parsed: Mapping[str, Any]) -> bool:
    return bool(http.status_code in _PASSING_STATUS or parsed.get("Error", {}).get("Code") in _PASSING)


def _is_passing(error: Exception | None) -> bool:
    return isinstance(error, NoConnection | HTTPClientError) and not isinstance(error, SSLError)
