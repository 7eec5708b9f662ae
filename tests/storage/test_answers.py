"""What is asked again, for how long, and what is said in the end."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.storage.answers import Patience
from retroaudit.storage.protocol import Denied, ObjectInfo, settle
from retroaudit.storage.s3 import connect
from tests.storage.scripted import Answer, error, in_turn, point_at, scripted, serving

PASSING = [
    error(500, "InternalError"),
    error(502, "BadGateway"),
    error(503, "SlowDown"),
    error(503, "ServiceUnavailable"),
    error(409, "ConditionalRequestConflict"),
    error(409, "OperationAborted"),
    error(400, "RequestTimeout"),
]


@pytest.mark.parametrize("failure", PASSING, ids=lambda each: str(each.body))
def test_what_may_pass_is_asked_again(failure: Answer) -> None:
    with scripted(in_turn(failure, failure, Answer())) as there:
        assert there.storage.put_if_absent("x", b"1")
        assert [each.method for each in there.asked] == ["PUT"] * 3
    with scripted(in_turn(failure, error(412, "PreconditionFailed"))) as there:
        assert not there.storage.put_if_absent("x", b"1")


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket"])
def test_a_refusal_is_not_asked_again_and_is_told_by_its_kind_alone(code: str) -> None:
    with scripted(in_turn(error(403, code))) as there:
        with pytest.raises(BadInput) as caught:
            there.storage.put_if_absent("x", b"1")
        assert len(there.asked) == 1
    assert "the-secret" not in str(caught.value)
    assert code not in str(caught.value)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (error(503, "SlowDown"), "fewer requests"),
        (error(500, "InternalError"), "errors of the server"),
        (error(409, "ConditionalRequestConflict"), "no writer that wins"),
        (error(403, "RequestTimeTooSkewed"), "a clock that is off"),
        (Answer(200, b"<html>", {"Content-Type": "text/html"}), "answers that are not S3's"),
        (Answer(200, b"<a", length=9), "answers that are not S3's"),
    ],
)
def test_what_does_not_pass_ends_in_plain_words(failure: Answer, words: str) -> None:
    with scripted(in_turn(failure), seconds=0.2) as there, pytest.raises(BadInput, match=words):
        list(there.storage.list())


@pytest.mark.parametrize(
    ("status", "code", "found", "remedy"),
    [
        (403, "AccessDenied", "access denied", "use those of a role that has it"),
        (403, "RequestTimeTooSkewed", "a clock that is off", "Set the clock"),
        (400, "ExpiredToken", "credentials that have expired", "AWS_SESSION_TOKEN"),
        (400, "TokenRefreshRequired", "credentials that have expired", "AWS_SESSION_TOKEN"),
        (400, "InvalidToken", "a session token that the server does not take", "AWS_SESSION_TOKEN"),
        (400, "AuthorizationHeaderMalformed", "a bucket in another region", "AWS_DEFAULT_REGION"),
        (404, "NoSuchBucket", "no such bucket", "store init"),
        (403, "SignatureDoesNotMatch", "a secret key", "AWS_SECRET_ACCESS_KEY"),
        (400, "SomethingNew", "SomethingNew", "the bucket's policy"),
    ],
)
def test_each_refusal_has_words_and_a_remedy_of_its_own(status: int, code: str, found: str, remedy: str) -> None:
    with scripted(in_turn(error(status, code))) as there, pytest.raises(BadInput) as caught:
        list(there.storage.list())
    (fault,) = caught.value.faults
    assert found in fault.found
    assert remedy in fault.remedy
    assert "the-secret" not in str(fault)
    assert isinstance(caught.value, Denied) == (code == "AccessDenied")


def test_a_bucket_that_is_elsewhere() -> None:
    elsewhere = error(301, "PermanentRedirect")
    answer = Answer(301, elsewhere.body, {**elsewhere.headers, "x-amz-bucket-region": "eu-west-1"})
    with scripted(in_turn(answer)) as there, pytest.raises(BadInput, match=r"a bucket in another region.*ENDPOINT_URL"):
        list(there.storage.list())


def test_an_endpoint_that_wants_https_is_told_by_its_status() -> None:
    """The words of Go's net/http server, which MinIO and SeaweedFS are made with."""
    text = "<Error><Code>400</Code><Message>Client sent an HTTP request to an HTTPS server.</Message></Error>"
    answer = Answer(400, text.encode(), {"Content-Type": "application/xml"})
    with scripted(in_turn(answer)) as there, pytest.raises(BadInput, match=r"wants https.*https://"):
        list(there.storage.list())


@pytest.mark.parametrize(
    ("name", "value", "found", "remedy"),
    [
        ("AWS_DEFAULT_REGION", "no region", "a region that is none", "AWS_DEFAULT_REGION"),
        ("AWS_SECRET_ACCESS_KEY", None, "an access key without its secret key", "AWS_SECRET_ACCESS_KEY"),
        ("AWS_PROFILE", "nobody", "no such profile", "AWS_PROFILE"),
    ],
)
def test_what_boto3_refuses_by_itself_is_told_in_words(
    name: str, value: str | None, found: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at("http://127.0.0.1:9", monkeypatch)
    monkeypatch.setattr("retroaudit.storage.s3.OPENING_SECONDS", 0.2)
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(BadInput) as caught:
        connect("bucket", "")
    (fault,) = caught.value.faults
    assert found in fault.found
    assert remedy in fault.remedy


def test_https_against_an_endpoint_that_speaks_http(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(in_turn(Answer())) as (endpoint, asked):
        point_at(endpoint.replace("http://", "https://"), monkeypatch)
        with pytest.raises(BadInput, match=r"speaks http.*Write http://"):
            connect("bucket", "")
        assert asked == []


def test_an_answer_that_was_lost_is_settled_by_the_bytes() -> None:
    """The PUT arrives, its answer does not, and the server refuses what boto3 sends again."""
    answers = in_turn(error(500, "InternalError"), error(412, "PreconditionFailed"), Answer(200, b"mine"))
    with scripted(answers) as there:
        assert settle(there.storage, "x", b"mine") == b"mine"
        assert [each.method for each in there.asked] == ["PUT", "PUT", "GET"]


def test_a_truncated_object_is_read_again_and_never_believed(tmp_path: Path) -> None:
    cut, whole = Answer(200, b"half", length=8), Answer(200, b"half-all")
    with scripted(in_turn(cut, cut, whole)) as there:
        assert there.storage.read("x") == b"half-all"
    with scripted(in_turn(cut), seconds=0.2) as there, pytest.raises(BadInput, match="shorter than the server says"):
        there.storage.read("x")
    info = ObjectInfo("x", 8, datetime(2026, 7, 2, tzinfo=UTC), checksum="etag:etag")
    with scripted(in_turn(cut, whole)) as there:
        assert there.storage.fetch(info, tmp_path).read_bytes() == b"half-all"
    with scripted(in_turn(Answer(200, b"half"))) as there, pytest.raises(IntegrityBroken, match="4 bytes"):
        there.storage.fetch(info, tmp_path / "other")


def test_every_put_has_the_contents_sha256() -> None:
    with scripted(in_turn(Answer()), encryption={"ServerSideEncryption": "AES256"}) as there:
        there.storage.put_all({"x": b"1", "y": b"2"})
        for request in there.asked:
            digest = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
            assert request.headers["x-amz-checksum-sha256"] == digest
            assert request.headers["if-none-match"] == "*"
            assert request.headers["x-amz-server-side-encryption"] == "AES256"
            assert not any(name.startswith("x-amz-object-lock") for name in request.headers)


def test_an_object_is_retained_in_utc_where_the_bucket_locks() -> None:
    until = datetime(2036, 7, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    for locks, names in ((True, 2), (False, 0)):
        with scripted(in_turn(Answer()), locks=locks) as there:
            there.storage.put_if_absent("x", b"1", retain_until=until)
            (request,) = there.asked
            lock = {name: value for name, value in request.headers.items() if name.startswith("x-amz-object-lock")}
            assert len(lock) == names
            if locks:
                assert lock["x-amz-object-lock-mode"] == "COMPLIANCE"
                assert lock["x-amz-object-lock-retain-until-date"].startswith("2036-07-01T00:00:00")


def test_a_delete_marker_that_the_server_names_is_no_absent_object() -> None:
    marker = Answer(404, b"", {"x-amz-delete-marker": "true"})
    with scripted(in_turn(marker), append_only=True) as there:
        for meeting in (there.storage.head, there.storage.read, lambda key: there.storage.put_if_absent(key, b"1")):
            with pytest.raises(IntegrityBroken, match="x: found a delete marker: somebody deleted it"):
                meeting("x")
        assert {each.method for each in there.asked} == {"HEAD", "GET"}  # nothing was put
    with scripted(in_turn(marker)) as there:
        assert there.storage.head("x") is None


@given(seconds=st.floats(0, 1000), lag=st.floats(0, 100))
def test_patience_ends_by_time_whatever_each_attempt_takes(seconds: float, lag: float) -> None:
    """Pauses and attempts after the first failure, but for the attempt under way, never sum to more than `seconds`."""
    now = 0.0
    patience = Patience(seconds, clock=lambda: now)
    request: dict[str, Any] = {"context": {}}
    for attempt in count(1):
        slow: Any = (SimpleNamespace(status_code=503), {})
        pause = patience(response=slow, caught_exception=None, request_dict=request, attempts=attempt)
        if pause is None:
            break
        assert 0.05 <= pause <= 5
        now += pause
        assert now <= seconds
        now += lag
