from __future__ import annotations

from pathlib import Path

import pytest

from retroaudit.faults import BadInput
from retroaudit.storage.connecting import encryption
from retroaudit.storage.open import open_storage, open_store
from retroaudit.storage.s3 import S3Storage


def test_a_directory_opens_and_says_where_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "with space#and é"
    folder.mkdir()
    storage = open_storage(folder.as_uri())
    assert storage.url == folder.as_uri()
    assert open_storage(storage.url) == storage


def test_create_makes_the_directory(tmp_path: Path) -> None:
    url = (tmp_path / "a" / "b").as_uri()
    with pytest.raises(BadInput, match="no such archive"):
        open_storage(url)
    assert open_storage(url, create=True).put_if_absent("x", b"1")
    assert open_storage(url).read("x") == b"1"


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for url in ((tmp_path / "file").as_uri(), (tmp_path / "file" / "below").as_uri()):
        for create in (False, True):
            with pytest.raises(BadInput, match="expected a directory"):
                open_storage(url, create=create)


def test_a_link_to_itself_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for url in ((tmp_path / "loop").as_uri(), (tmp_path / "loop" / "below").as_uri()):
        for create in (False, True):
            with pytest.raises(BadInput, match="expected a directory"):
                open_storage(url, create=create)


def test_a_plain_path_gets_the_url_to_write(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        open_storage(str(tmp_path))
    (fault,) = caught.value.faults
    assert fault.remedy == f"Write {tmp_path.as_uri()}"
    assert fault.expected == "file:///absolute/path or s3://bucket/prefix"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file://relative/path",
        "file:",
        "http://x/y",
        "s3://",
        "s3:///prefix",
        "s3://UPPER/x",
        "gs://b/p",
        "file:///x?y",
        "[",
        "//[",
        "\0",
        "file:///a\0b",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(BadInput):
        open_storage(url)


def test_a_secret_in_a_url_is_not_repeated() -> None:
    with pytest.raises(BadInput) as caught:
        open_storage("s3://key:hunter2@bucket/prefix")
    assert "hunter2" not in str(caught.value)


def test_a_ledger_is_opened_as_any_storage(tmp_path: Path) -> None:
    url = (tmp_path / "store").as_uri()
    with pytest.raises(BadInput, match="no such archive or store"):
        open_store(url)
    assert open_store(url, create=True).put_all({"x": b"1"}) == {"x": True}
    assert open_store(url).read("x") == b"1"
    with pytest.raises(BadInput, match="user info"):
        open_store("s3://key:hunter2@bucket/prefix")


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, {}),
        ({"RETROAUDIT_S3_SSE": "AES256"}, {"ServerSideEncryption": "AES256"}),
        (
            {"RETROAUDIT_S3_SSE": "aws:kms", "RETROAUDIT_S3_SSE_KMS_KEY": "key"},
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key"},
        ),
    ],
)
def test_encryption_is_what_the_environment_says(environ: dict[str, str], found: dict[str, str]) -> None:
    assert encryption(environ) == found


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({"RETROAUDIT_S3_SSE": "DES"}, "AES256, aws:kms, or nothing"),
        ({"RETROAUDIT_S3_SSE_KMS_KEY": "key"}, "RETROAUDIT_S3_SSE=aws:kms beside it"),
        ({"RETROAUDIT_S3_SSE": "AES256", "RETROAUDIT_S3_SSE_KMS_KEY": "key"}, "RETROAUDIT_S3_SSE=aws:kms beside it"),
    ],
)
def test_encryption_that_makes_no_sense_is_refused(environ: dict[str, str], fault: str) -> None:
    with pytest.raises(BadInput, match=fault):
        encryption(environ)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "retroaudit.storage.open"]


def test_a_ledger_in_a_bucket_without_a_lock_is_warned_of(s3: S3Storage, caplog: pytest.LogCaptureFixture) -> None:
    open_store(s3.url)
    open_storage(s3.url, create=True)  # no ledger
    assert warnings(caplog) == []
    open_store(s3.url, create=True)
    (message,) = warnings(caplog)
    assert message.startswith(f"{s3.url}: no Object Lock that these credentials see: what is sealed there can be")


@pytest.mark.server
def test_a_ledger_in_a_bucket_with_a_lock_is_not(lock_store: S3Storage, caplog: pytest.LogCaptureFixture) -> None:
    open_store(lock_store.url, create=True)
    assert warnings(caplog) == []
