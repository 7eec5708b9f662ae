from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.storage.open import open_storage, open_store
from retroaudit.storage.probing import require_put_if_absent
from retroaudit.storage.protocol import WORKSHOP, Lockable, Storage, Versioned, unchanged
from retroaudit.storage.s3 import S3Storage

KEYS = ["a/x", "a-b/x", "a.b", "a b+c%41&d", "é/ü", "\N{GRINNING FACE}", "\uffee", "a/model=%4cending/x"]


def _overwrite(storage: S3Storage, key: str, data: bytes) -> None:
    storage.client.put_object(Bucket=storage.bucket, Key=f"{storage.prefix}/{key}", Body=data)


def _behaves_like_a_storage(storage: S3Storage) -> None:
    assert storage.put_if_absent("a/x", b"first")
    assert not storage.put_if_absent("a/x", b"second")
    for key in KEYS[1:]:
        assert storage.put_if_absent(key, key.encode())
    storage.client.put_object(Bucket=storage.bucket, Key="some/prefixed-not-below", Body=b"")
    listed = list(storage.list())
    assert [info.key for info in listed] == sorted(KEYS, key=lambda key: key.encode())
    assert [storage.head(info.key) for info in listed] == listed
    assert all(storage.read(info.key, version=info.version) for info in listed)
    assert [info.key for info in storage.list("a/")] == ["a/model=%4cending/x", "a/x"]
    assert storage.read("a/x") == b"first"
    assert storage.read("a/x", start=1, length=3) == b"irs"
    assert storage.read("a/x", start=3) == b"st"
    assert storage.read("a/x", start=99) == b""
    assert storage.read("a/x", length=0) == b""
    assert storage.head("nothing") is None
    with pytest.raises(BadInput, match="no such object"):
        storage.read("nothing")


def _pinned_means_pinned(storage: S3Storage, spool: Path) -> None:
    storage.put_if_absent("x", b"first")
    (pinned,) = storage.list()
    path = storage.fetch(pinned, spool)
    assert path.read_bytes() == b"first"
    _overwrite(storage, "x", b"other")
    path.unlink()
    if storage.versioned:
        assert storage.fetch(pinned, spool).read_bytes() == b"first"
        assert storage.read("x", version=pinned.version) == b"first"
        assert unchanged(storage, pinned)
        assert [info.size for info in storage.list()] == [5]  # the latest version alone
    else:
        assert not unchanged(storage, pinned)
        with pytest.raises(IntegrityBroken, match="as pinned"):
            storage.fetch(pinned, spool)
    assert storage.read("x") == b"other"
    storage.client.delete_object(Bucket=storage.bucket, Key=f"{storage.prefix}/x")
    assert list(storage.list()) == []
    assert storage.head("x") is None


def _one_writer_wins(storage: S3Storage, writers: int) -> None:
    start = threading.Barrier(writers)

    def put(number: int) -> bool:
        start.wait()
        return storage.put_if_absent("contended", str(number).encode())

    with ThreadPoolExecutor(writers) as threads:
        won = list(threads.map(put, range(writers)))
    assert won.count(True) == 1
    assert storage.read("contended") == str(won.index(True)).encode()


def _versions_of(storage: S3Storage, key: str) -> list[str]:
    """Every version and delete marker of a key, by its whole name."""
    answer = storage.client.list_object_versions(Bucket=storage.bucket, Prefix=f"{storage.prefix}/{key}")
    each: list[Any] = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
    return [found["Key"] for found in each]


def _erased_is_gone(storage: S3Storage) -> None:
    for data in (b"first", b"second"):
        _overwrite(storage, "a/x", data)
    _overwrite(storage, "a/xy", b"its neighbour stays")
    storage.client.delete_object(Bucket=storage.bucket, Key=f"{storage.prefix}/a/x")
    _overwrite(storage, "a/x", b"third")
    assert [storage.erase("a/x"), storage.erase("a/x"), storage.erase("never")] == [True, False, False]
    assert (storage.head("a/x"), [info.key for info in storage.list()]) == (None, ["a/xy"])
    assert _versions_of(storage, "a/x") == [f"{storage.prefix}/a/xy"]
    assert storage.put_if_absent("a/x", b"fourth")
    assert storage.read("a/x") == b"fourth"


def test_erased_is_gone_with_all_its_versions(s3: S3Storage) -> None:
    _erased_is_gone(s3)


def test_an_object_of_which_only_a_delete_marker_is_left_is_erased_whole(s3: S3Storage) -> None:
    s3.put_if_absent("x", b"1")
    s3.client.delete_object(Bucket=s3.bucket, Key=f"{s3.prefix}/x")
    s3.erase("x")
    assert _versions_of(s3, "x") == []


def _older_versions_go_too(storage: S3Storage) -> None:
    storage.put_if_absent("x", b"old")
    storage.client.put_bucket_versioning(Bucket=storage.bucket, VersioningConfiguration={"Status": "Suspended"})
    suspended = S3Storage(storage.client, storage.bucket, storage.prefix, versioned=False)
    _overwrite(suspended, "x", b"new")
    assert suspended.erase("x")
    assert _versions_of(suspended, "x") == []


def test_versions_from_before_versioning_was_suspended_are_erased(s3: S3Storage) -> None:
    _older_versions_go_too(s3)


def test_moto_behaves_like_a_storage(s3: S3Storage) -> None:
    _behaves_like_a_storage(s3)


def test_pinned_means_pinned(s3: S3Storage, tmp_path: Path) -> None:
    _pinned_means_pinned(s3, tmp_path / "spool")


def test_an_object_that_went_away_is_not_fetched(s3: S3Storage, tmp_path: Path) -> None:
    s3.put_if_absent("x", b"1")
    (pinned,) = s3.list()
    for version in [pinned.version] if pinned.version else [None]:
        extra: dict[str, Any] = {"VersionId": version} if version else {}
        s3.client.delete_object(Bucket=s3.bucket, Key=f"{s3.prefix}/x", **extra)
    with pytest.raises(IntegrityBroken, match="no longer there"):
        s3.fetch(pinned, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_hostile_keys_never_leave_the_spool(s3: S3Storage, tmp_path: Path) -> None:
    _overwrite(s3, "a//..%2f../x", b"1")
    (pinned,) = s3.list()
    assert s3.fetch(pinned, tmp_path).parent == tmp_path


def _puts_many(storage: S3Storage) -> None:
    storage.put_if_absent("a/3", b"first")
    many = {f"a/{number}": str(number).encode() for number in range(40)}
    created = storage.put_all(many)
    assert list(created) == list(many)
    assert [key for key, new in created.items() if not new] == ["a/3"]
    assert {info.key: storage.read(info.key) for info in storage.list()} == many | {"a/3": b"first"}
    assert storage.put_all({}) == {}


def _names_versions(storage: S3Storage) -> None:
    _overwrite(storage, "a/x", b"1")
    _overwrite(storage, "a/x", b"22")
    storage.client.delete_object(Bucket=storage.bucket, Key=f"{storage.prefix}/a/x")
    _overwrite(storage, "a/x", b"333")
    _overwrite(storage, "a-b", b"4444")
    _overwrite(storage, "b", b"5")
    found = [(each.key, each.size, each.deleted) for each in storage.versions("a")]
    latest = [("a-b", 4, False), ("a/x", 3, False)]
    kept = [("a-b", 4, False), ("a/x", 1, False), ("a/x", 2, False), ("a/x", 0, True), ("a/x", 3, False)]
    assert found == (kept if storage.versioned else latest)
    for each in storage.versions():
        assert each.modified.tzinfo is UTC
        assert each.deleted or len(storage.read(each.key, version=each.version)) == each.size


def test_many_are_put_at_once(s3: S3Storage) -> None:
    _puts_many(s3)


def test_versions_are_named_by_key_oldest_first(s3: S3Storage) -> None:
    _names_versions(s3)
    assert isinstance(s3, Versioned)
    assert isinstance(s3, Lockable)


def test_a_delete_marker_is_no_absent_object_in_a_ledger(s3: S3Storage) -> None:
    ledger = open_store(s3.url)
    ledger.put_if_absent("log/commits/1", b"1")
    s3.client.delete_object(Bucket=s3.bucket, Key=f"{s3.prefix}/log/commits/1")
    _overwrite(s3, "log/commits/10", b"")
    assert ledger.head("log/commits/2") is None
    if not s3.versioned:
        assert ledger.head("log/commits/1") is None  # nothing tells it
        return
    assert s3.head("log/commits/1") is None
    for meeting in (ledger.head, ledger.read, lambda key: ledger.put_if_absent(key, b"2")):
        with pytest.raises(IntegrityBroken, match="somebody deleted it"):
            meeting("log/commits/1")
    assert len(_versions_of(s3, "log/commits/1")) == 3


def test_folder_markers_and_the_workshop_are_not_listed(s3: S3Storage) -> None:
    for key in ("", "folder/", f"{WORKSHOP}/log/commits/000000/000000000001"):
        _overwrite(s3, key, b"")
    require_put_if_absent(s3)
    assert list(s3.list()) == []
    assert list(s3.strays()) == [f"{WORKSHOP}/log/commits/000000/000000000001", "folder/"]
    assert s3.head(f"{WORKSHOP}/put-if-absent") is not None


def test_a_url_opens_the_prefix(s3: S3Storage) -> None:
    storage: Storage = open_storage(s3.url + "/", create=True)
    assert storage.url == s3.url == f"s3://{s3.bucket}/some/prefix"
    storage.put_if_absent("x", b"1")
    assert s3.read("x") == b"1"
    assert "the-secret" not in repr(s3)


def test_a_bucket_that_is_not_there_is_bad_input(moto: None) -> None:  # noqa: ARG001  (a fixture for its effect)
    with pytest.raises(BadInput, match="no such bucket"):
        open_storage("s3://no-such-bucket/x")


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "not a url"])
def test_an_endpoint_that_does_not_answer_is_bad_input(
    moto: None,  # noqa: ARG001  (a fixture for its effect)
    endpoint: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setattr("retroaudit.storage.s3.OPENING_SECONDS", 0.2)
    with pytest.raises(BadInput, match="endpoint") as caught:
        open_storage("s3://bucket/x")
    assert "the-secret" not in str(caught.value)


def test_missing_credentials_are_bad_input(moto: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # noqa: ARG001
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(BadInput, match="no credentials"):
        open_storage("s3://bucket/x")


def test_what_may_not_be_erased_is_not_said_to_be() -> None:
    class Refuses:
        def get_paginator(self, _: str) -> Any:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "the-secret"}}, "ListObjectVersions")

    client: Any = Refuses()
    with pytest.raises(BadInput, match="access denied"):
        S3Storage(client, "bucket", "", versioned=True).erase("x")


@pytest.mark.server
def test_a_real_server_behaves_like_a_storage(seaweedfs: S3Storage) -> None:
    _behaves_like_a_storage(seaweedfs)


@pytest.mark.server
def test_a_real_server_erases_all_versions(seaweedfs: S3Storage) -> None:
    _erased_is_gone(seaweedfs)


@pytest.mark.server
def test_a_real_server_erases_versions_from_before_versioning_was_suspended(seaweedfs: S3Storage) -> None:
    _older_versions_go_too(seaweedfs)


@pytest.mark.server
def test_a_real_server_keeps_what_was_pinned(seaweedfs: S3Storage, tmp_path: Path) -> None:
    _pinned_means_pinned(seaweedfs, tmp_path / "spool")


@pytest.mark.server
@pytest.mark.slow
def test_one_of_16_writers_wins_on_a_real_server(seaweedfs: S3Storage) -> None:
    require_put_if_absent(seaweedfs)
    _one_writer_wins(seaweedfs, 16)


@pytest.mark.server
def test_a_real_server_names_versions(seaweedfs: S3Storage) -> None:
    _names_versions(seaweedfs)


@pytest.mark.server
def test_a_real_server_takes_many_at_once(seaweedfs: S3Storage) -> None:
    _puts_many(seaweedfs)


def test_a_storage_can_be_a_key_and_equals_itself(s3: S3Storage) -> None:
    assert {s3: 1}[s3] == 1
