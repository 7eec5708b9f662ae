"""The same audit on S3: archive and store in buckets of a real server, read by version, sealed and verified."""

from __future__ import annotations

import pytest

from retroaudit.storage.s3 import S3Storage
from tests.e2e.test_replay import LABELLED, fill, sha
from tests.world import World

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("server")]
DAY = "2026-07-01"


def test_an_audit_on_s3_gives_the_metrics_of_the_local_one(world: World, seaweedfs: S3Storage) -> None:
    fill(world)
    local = world.report(world.audit(LABELLED, DAY).report)
    for path in world.archive.rglob("*.parquet"):
        seaweedfs.put_if_absent(f"archive/{path.relative_to(world.archive).as_posix()}", path.read_bytes())
    remote = World(world.root / "remote", f"{seaweedfs.url}/archive", f"{seaweedfs.url}/store")
    remote.root.mkdir()
    sealed = remote.audit(LABELLED, DAY)
    document = remote.report(sealed.report)
    for section in ("metrics", "histograms", "findings", "summary"):
        assert document[section] == local[section]
    objects = [each for partition in document["inputs"]["partitions"] for each in partition["logs"]]
    assert all(each["version"] or each["checksum"] for each in objects)
    again = remote.audit(LABELLED, DAY)
    assert (again.created, sha(remote, again.report)) == (False, sha(remote, sealed.report))
    verification = remote.verify()
    assert (verification.problems, verification.checked["reports"]) == ((), 1)
