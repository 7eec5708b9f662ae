"""An S3 server that answers what a test tells it to: lies, failures, half an object."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from retroaudit.storage.answers import Patience
from retroaudit.storage.connecting import client_of
from retroaudit.storage.s3 import S3Storage


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """A status, and what goes with it; a `length` beyond the body's is a connection that breaks off."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


Answering = Callable[[Asked], Answer]


def error(status: int, code: str) -> Answer:
    """What S3 says when it refuses; its message holds what must never be shown."""
    text = f"<Error><Code>{code}</Code><Message>the-secret</Message></Error>"
    return Answer(status, text.encode(), {"Content-Type": "application/xml"})


def in_turn(*answers: Answer) -> Answering:
    """Each answer once, and the last for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serving(answering: Answering) -> Iterator[tuple[str, list[Asked]]]:
    """The server's address, and what it was asked so far."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            asked.append(request)
            answer = answering(request)
            self.send_response_only(answer.status)
            for name, value in (
                {"ETag": '"etag"', "Last-Modified": "Thu, 02 Jul 2026 12:00:00 GMT"} | dict(answer.headers)
            ).items():
                self.send_header(name, value)
            length = len(answer.body) if answer.length is None else answer.length
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)
            self.close_connection = length != len(answer.body)

        do_GET = do_HEAD = do_PUT = handle_any  # noqa: N815  (the library's names)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Scripted:
    """A storage whose server follows a script, and what that server was asked."""

    storage: S3Storage
    asked: list[Asked]


@contextmanager
def scripted(answering: Answering, *, seconds: float = 5.0, **properties: Any) -> Iterator[Scripted]:
    """An `S3Storage` of such a server; `properties` are the storage's fields, `seconds` its patience."""
    with serving(answering) as (endpoint, asked), pytest.MonkeyPatch.context() as patch:
        point_at(endpoint, patch)
        patience = Patience(seconds)
        client = client_of("bucket", patience)
        given = {"versioned": False, "patience": patience, **properties}
        yield Scripted(S3Storage(client, "bucket", "", **given), asked)


def point_at(endpoint: str, patch: pytest.MonkeyPatch) -> None:
    """AWS_* name this server."""
    patch.setenv("AWS_ENDPOINT_URL", endpoint)
    patch.setenv("AWS_ACCESS_KEY_ID", "key")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
