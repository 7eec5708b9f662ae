"""Stores as `store init` makes them, on a server that locks: who can do what there, and what is refused."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.storage import founding
from retroaudit.storage.checking import FINE, MISSING, NOTE, UNSEEN, check, is_right, is_wrong
from retroaudit.storage.open import open_storage, open_store
from retroaudit.storage.protocol import Denied
from retroaudit.storage.s3 import S3Storage, connect
from tests.servers import ARNS, AsRole, lift_policy
from tests.storage.scripted import Answer, Asked, point_at, serving

SHARED = ("reports", "blobs", "entries", ".retroaudit")
LOGS = ("log/commits", "log/tile", "log/anchors")
MAY_PUT = {"writer": {*SHARED}, "log": {*SHARED, *LOGS}, "auditor": set[str]()}


def states(url: str) -> dict[str, str]:
    return {each.what: each.state for each in check(url)}


@pytest.fixture
def no_race(monkeypatch: pytest.MonkeyPatch) -> None:
    """The race takes seconds on SeaweedFS, and tests of policies need it not."""
    monkeypatch.setattr("retroaudit.storage.founding.require_one_winner", lambda _: None)


def refused(call: Any, **words: Any) -> bool:
    try:
        call(**words)
    except ClientError as error:
        return error.response["Error"]["Code"] == "AccessDenied"
    return False


def founded(prefix: str) -> S3Storage:
    """A new store with its roles, at this prefix of a bucket of its own; as the administrator."""
    bucket = f"bucket-{secrets.token_hex(6)}"
    founding.found(founding.plan(f"s3://{bucket}/{prefix}", days=1), ARNS, race=False)
    return connect(bucket, prefix, append_only=True)


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.usefixtures("as_admin")
@pytest.mark.parametrize("prefix", ["audits", ""])
def test_each_role_may_do_what_it_must_and_nothing_else(prefix: str, as_role: AsRole) -> None:
    made = founded(prefix)
    made.put_if_absent("reports/sealed", b"1")
    sealed = {"Bucket": made.bucket, "Key": f"{prefix}/reports/sealed".lstrip("/")}
    (version,) = made.versions("reports/")
    for role, folders in MAY_PUT.items():
        with as_role(role):
            store = open_store(made.url)
            assert isinstance(store, S3Storage)
            until = datetime.now(UTC) + timedelta(days=2)
            for folder in (*SHARED, *LOGS, "log", "elsewhere"):
                key = f"{folder}/by-{role}"
                if folder in folders:
                    assert store.put_all({key: b"1"}, retain_until=until) == {key: True}
                else:
                    with pytest.raises(Denied, match=r"access denied.*These credentials lack a right there"):
                        store.put_if_absent(key, b"1")
            assert store.read("reports/sealed") == b"1"
            assert store.read("reports/sealed", version=version.version) == b"1"
            assert store.head("reports/absent") is None
            assert "reports/sealed" in {info.key for info in store.list()}
            assert (version.key, version.version) in {(each.key, each.version) for each in store.versions()}
            client: Any = store.client
            assert refused(client.delete_object, **sealed)
            assert refused(client.delete_object, **sealed, VersionId=version.version)
            assert refused(client.put_bucket_policy, Bucket=store.bucket, Policy="{}")
            assert refused(client.delete_bucket_policy, Bucket=store.bucket)
            suspended = {"Status": "Suspended"}
            assert refused(client.put_bucket_versioning, Bucket=store.bucket, VersioningConfiguration=suspended)
            if role == "log":  # so that `ledger hold` is a role's
                store.hold("reports/sealed", on=True)
                store.hold("reports/sealed", on=False)
            else:
                with pytest.raises(Denied):
                    store.hold("reports/sealed", on=True)
    with as_role("auditor"):
        auditor: Any = open_store(made.url)
        assert auditor.read("log/commits/by-log") == b"1"
        assert auditor.retention("log/commits/by-log").mode == "COMPLIANCE"
        assert is_right(check(made.url))
        raced = {each.what: each for each in check(made.url, race=True)}
        assert (raced["race"].state, raced["race"].words) == (NOTE, "not tried: these credentials may not")
    with as_role("log"):
        found = check(made.url)
        assert {each.what for each in found if each.state == UNSEEN} == {"policy", "public", "lifecycle"}
        assert not is_right(found)
        assert not is_wrong(found)


@pytest.mark.server
def test_a_nightly_check_leaves_no_object_but_the_one_probe(lock_store: S3Storage) -> None:
    before = {each.key for each in lock_store.versions()}
    for _ in range(2):
        check(lock_store.url)
    assert {each.key for each in lock_store.versions()} == before == {".retroaudit/put-if-absent"}


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.usefixtures("as_admin")
def test_writers_race_in_a_new_bucket_before_it_locks() -> None:
    url = f"s3://bucket-{secrets.token_hex(6)}/audits"
    for _ in range(2):
        founding.found(founding.plan(url, days=1), {})
    store: Any = open_store(url)
    (raced,) = (each.key for each in store.versions(".retroaudit/race-"))
    assert store.retention(raced) is None


@pytest.mark.server
def test_what_is_locked_stays_though_the_administrator_goes_astray(lock_store: S3Storage) -> None:
    until = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)
    lock_store.put_if_absent("log/commits/1", b"default")
    lock_store.put_if_absent("log/commits/2", b"longer", retain_until=until)
    retention, longer = lock_store.retention("log/commits/1"), lock_store.retention("log/commits/2")
    assert retention is not None
    assert longer is not None
    assert (retention.mode, retention.legal_hold) == ("COMPLIANCE", False)
    assert retention.until is not None
    assert timedelta(hours=23) < retention.until - datetime.now(UTC) < timedelta(hours=25)  # the fixture's one day
    assert (longer.mode, longer.until) == ("COMPLIANCE", until)
    lift_policy(lock_store)
    client: Any = lock_store.client
    for found in lock_store.versions("log/"):
        named = {"Bucket": lock_store.bucket, "Key": f"{lock_store.prefix}/{found.key}", "VersionId": found.version}
        assert refused(client.delete_object, **named)
        assert refused(client.delete_object, **named, BypassGovernanceRetention=True)
        sooner = {"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(seconds=5)}
        assert refused(client.put_object_retention, **named, Retention=sooner)
    client.delete_object(Bucket=lock_store.bucket, Key=f"{lock_store.prefix}/log/commits/2")  # a marker can be put
    for meeting in (lock_store.head, lock_store.read, lambda key: lock_store.put_if_absent(key, b"forged")):
        with pytest.raises(IntegrityBroken, match="somebody deleted it"):
            meeting("log/commits/2")
    (oldest, marker) = lock_store.versions("log/commits/2")
    assert (oldest.deleted, marker.deleted) == (False, True)
    assert lock_store.read("log/commits/2", version=oldest.version) == b"longer"
    hidden = {"Bucket": lock_store.bucket, "Key": f"{lock_store.prefix}/{marker.key}"}
    client.delete_object(**hidden, VersionId=marker.version)  # as policies/README.md says
    assert lock_store.read("log/commits/2") == b"longer"


@pytest.mark.server
def test_a_legal_hold_is_set_and_lifted(lock_store: S3Storage) -> None:
    lock_store.put_if_absent("reports/x", b"1")
    for on in (True, False):
        lock_store.hold("reports/x", on=on)
        found = lock_store.retention("reports/x")
        assert found is not None
        assert found.legal_hold is on
    with pytest.raises(BadInput, match="no such object"):
        lock_store.retention("reports/absent")
    with pytest.raises(BadInput):
        lock_store.hold("reports/absent", on=True)


@pytest.mark.server
@pytest.mark.usefixtures("no_race")
def test_a_right_bucket_is_left_as_it_is_and_a_lock_is_only_made_longer(lock_store: S3Storage) -> None:
    again = founding.plan(lock_store.url, days=1)
    assert (again.exists, again.locks) == (True, False)
    policy = lock_store.client.get_bucket_policy(Bucket=lock_store.bucket)["Policy"]
    founding.found(again, ARNS)
    assert lock_store.client.get_bucket_policy(Bucket=lock_store.bucket)["Policy"] == policy
    founding.found(founding.plan(lock_store.url, days=2), {})  # the roles stay
    assert lock_store.client.get_bucket_policy(Bucket=lock_store.bucket)["Policy"] == policy
    with pytest.raises(BadInput, match="found 1, expected 2 or more"):
        founding.plan(lock_store.url, days=1)
    longer = founding.plan(lock_store.url, days=1, at_least=True)
    assert (longer.days, longer.locks) == (2, False)
    beside = f"s3://{lock_store.bucket}/another"
    founding.found(founding.plan(beside, days=2), {})
    assert is_right(check(beside))
    assert states(lock_store.url)["writer role"] == FINE
    lock_store.put_if_absent("log/commits/000000/000000000001", b"")
    for nested in (f"{lock_store.url}/below", f"s3://{lock_store.bucket}"):
        with pytest.raises(BadInput, match="another ledger at"):
            founding.plan(nested, days=2)


@pytest.mark.server
@pytest.mark.usefixtures("no_race")
def test_a_bucket_without_lock_or_versions_is_refused_and_what_is_missing_is_named(
    seaweedfs: S3Storage, as_role: AsRole
) -> None:
    with pytest.raises(BadInput, match="a bucket without Object Lock, expected a bucket with versions and"):
        founding.plan(seaweedfs.url, days=1)
    found = states(seaweedfs.url)
    assert [what for what, state in found.items() if state == MISSING] == [
        *([] if seaweedfs.versioned else ["versions"]),
        "lock",
        "retention",
        "policy",
    ]
    seaweedfs.put_if_absent("x", b"1", retain_until=datetime.now(UTC) + timedelta(days=1))
    assert seaweedfs.retention("x") is None
    with as_role("writer"), pytest.raises(BadInput, match="access denied, expected the bucket's administrator"):
        founding.plan(seaweedfs.url, days=1)


@pytest.mark.server
@pytest.mark.usefixtures("no_race")
def test_a_policy_that_was_changed_is_named(lock_store: S3Storage) -> None:
    lift_policy(lock_store)
    expiring: Any = {"Rules": [{"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}}]}
    lock_store.client.put_bucket_lifecycle_configuration(Bucket=lock_store.bucket, LifecycleConfiguration=expiring)
    found = {each.what: each for each in check(lock_store.url)}
    assert found["policy"].words == "the policy lacks NobodyDeletes, NobodyDeletesTheBucket; `store init` adds it"
    assert {found[what].state for what in ("policy", "lifecycle")} == {MISSING}
    assert found["writer role"].state == NOTE
    founding.found(founding.plan(lock_store.url, days=1), ARNS)
    assert states(lock_store.url)["policy"] == FINE


@pytest.mark.server
@pytest.mark.usefixtures("no_race")
def test_objects_are_encrypted_where_the_environment_says_so(as_admin: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.setenv("RETROAUDIT_S3_SSE", "AES256")
    url = f"s3://bucket-{secrets.token_hex(6)}"
    founding.found(founding.plan(url, days=1), {})
    store = open_store(url)
    assert isinstance(store, S3Storage)
    store.put_if_absent("x", b"1")
    assert store.client.head_object(Bucket=store.bucket, Key="x")["ServerSideEncryption"] == "AES256"
    assert store.read("x") == b"1"
    assert states(url)["encryption"] == FINE


@pytest.mark.parametrize(
    ("url", "days", "found"),
    [
        ("s3://bucket", 0, "found 0, expected 1 to 36,500"),
        ("s3://bucket", 36_501, "found 36501, expected 1 to 36,500"),
        ("s3://bucket/a*b", 1, "a prefix of letters"),
        ("s3://bucket/${x}", 1, "a prefix of letters"),
        ("s3://key:hunter2@bucket", 1, "user info"),
        ("ftp://bucket", 1, "file:///absolute/path or s3://"),
    ],
)
def test_what_cannot_be_a_store_is_refused(url: str, days: int, found: str) -> None:
    with pytest.raises(BadInput, match=found) as caught:
        founding.plan(url, days)
    assert "hunter2" not in str(caught.value)


def test_a_directory_is_made_and_says_what_it_cannot_do(tmp_path: Path) -> None:
    url = (tmp_path / "store").as_uri()
    assert [(each.what, each.state) for each in check(url)] == [("directory", MISSING)]
    assert not is_right(check(url))
    for exists in (False, True):
        plan = founding.plan(url, days=3650)
        assert (plan.exists, plan.locks, plan.days) == (exists, False, 0)
        founding.found(plan, {})
    assert is_right(check(url))
    assert (states(url)["lock"], states(url)["versions"]) == (NOTE, NOTE)
    open_storage(url).put_if_absent("log/commits/000000/000000000001", b"")
    with pytest.raises(BadInput, match="another ledger at"):
        founding.found(founding.plan(f"{url}/below", days=1), {})


def test_nothing_checked_is_not_right() -> None:
    assert not is_right([])
    assert is_wrong([])


@pytest.mark.parametrize(("seconds", "words"), [(3600, "behind"), (-3600, "ahead of"), (30, "it is right")])
def test_a_clock_that_is_off_is_named(seconds: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(asked: Asked) -> Answer:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        return Answer(200, b"{}" if "policy" in asked.path else b"<x/>", {"Date": date})

    monkeypatch.setattr("retroaudit.storage.checking._behaviour", lambda _, **__: iter(()))
    monkeypatch.setattr("retroaudit.storage.checking.OPENING_SECONDS", 0.1)
    with serving(answer) as (endpoint, _):
        point_at(endpoint, monkeypatch)
        (clock,) = (each for each in check("s3://bucket") if each.what == "clock")
    assert words in clock.words
    assert clock.state == (FINE if abs(seconds) < 60 else MISSING)
