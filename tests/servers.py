"""Two S3 servers on loopback: moto for the happy path, SeaweedFS for what only a real server shows."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from moto.server import ThreadedMotoServer

from retroaudit.storage import founding
from retroaudit.storage.roles import ROLES
from retroaudit.storage.s3 import S3Storage, connect

_START_SECONDS = 60
ARNS = {role: f"arn:aws:iam::000000000000:user/{role}" for role in ROLES}  # as SeaweedFS names its identities
AsRole = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True)
class Server:
    """A server's address, and the access and secret keys of `admin` and of each role by name."""

    endpoint: str
    keys: dict[str, tuple[str, str]]


def _point_aws_at(endpoint: str, access: str, secret: str, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("AWS_ENDPOINT_URL", endpoint)
    patch.setenv("AWS_ACCESS_KEY_ID", access)
    patch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_CONFIG_FILE"):
        patch.delenv(name, raising=False)


def _bucket(*, versioned: bool) -> str:
    name = f"bucket-{secrets.token_hex(6)}"
    client = boto3.session.Session().client("s3")  # the default session would keep older credentials
    client.create_bucket(Bucket=name)
    if versioned:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def moto(moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _point_aws_at(moto_endpoint, "key", "the-secret", monkeypatch)


@pytest.fixture(params=[False, True], ids=["plain", "versioned"])
def s3(moto: None, request: pytest.FixtureRequest) -> S3Storage:  # noqa: ARG001  (a fixture for its effect)
    return connect(_bucket(versioned=request.param), "some/prefix")


@pytest.fixture(scope="session")
def seaweedfs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One process for the session. Only `admin` has rights: writer, log and auditor get theirs by bucket policy."""
    folder = tmp_path_factory.mktemp("seaweedfs")
    keys = {name: (f"{name.upper()}{secrets.token_hex(6)}", secrets.token_hex(20)) for name in ("admin", *ROLES)}
    identities = [
        {
            "name": name,
            "credentials": [{"accessKey": access, "secretKey": secret}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"] if name == "admin" else [],
        }
        for name, (access, secret) in keys.items()
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    ports = _free_ports(4)
    process = _start(folder, ports)
    endpoint = f"http://127.0.0.1:{ports[0]}"
    try:
        _wait_until_it_writes(process, endpoint, *keys["admin"])
        yield Server(endpoint, keys)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # a clean exit takes 16 s, and the data are thrown away
        process.wait()


@pytest.fixture(scope="session")
def seaweedfs_endpoint(seaweedfs_server: Server) -> tuple[str, str, str]:
    """Its address and the administrator's keys."""
    return seaweedfs_server.endpoint, *seaweedfs_server.keys["admin"]


@pytest.fixture
def as_admin(seaweedfs_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_* point at the real server, as its administrator."""
    _point_aws_at(seaweedfs_server.endpoint, *seaweedfs_server.keys["admin"], monkeypatch)


@pytest.fixture
def as_role(seaweedfs_server: Server) -> AsRole:
    """`with` it and a role ("writer", "log", "auditor", "admin"), AWS_* hold that role's keys for what is opened."""

    @contextmanager
    def pointed(role: str) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            _point_aws_at(seaweedfs_server.endpoint, *seaweedfs_server.keys[role], patch)
            yield

    return pointed


@pytest.fixture
def lock_store(as_admin: None) -> S3Storage:  # noqa: ARG001  (a fixture for its effect)
    """A new store as `retroaudit store init` makes it, locked for a day, its three roles granted; opened as admin.

    Its policy denies deletion to everybody: `lift_policy` first, where a test is to tamper. Locks stay.
    """
    url = f"s3://bucket-{secrets.token_hex(6)}/audits"
    founding.found(founding.plan(url, days=1), ARNS, race=False)
    return connect(*url.removeprefix("s3://").split("/"), append_only=True)


def lift_policy(storage: S3Storage) -> None:
    """What an administrator gone astray would do first: nothing but locks protects the store from now on."""
    storage.client.delete_bucket_policy(Bucket=storage.bucket)


@pytest.fixture(params=[False, True], ids=["plain", "versioned"])
def seaweedfs(
    as_admin: None,  # noqa: ARG001  (a fixture for its effect)
    request: pytest.FixtureRequest,
) -> S3Storage:
    return connect(_bucket(versioned=request.param), "some/prefix")


def _free_ports(count: int) -> list[int]:
    """Ports p that are free together with p + 10000, where SeaweedFS puts its gRPC."""
    ports: list[int] = []
    for port in range(21000 + secrets.randbelow(4000), 40000):
        if _is_free(port) and _is_free(port + 10000):
            ports.append(port)
            if len(ports) == count:
                break
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _start(folder: Path, ports: list[int]) -> subprocess.Popen[bytes]:
    s3_port, master, volume, filer = ports
    (folder / "data").mkdir()
    writing, filing = secrets.token_hex(20), secrets.token_hex(20)
    keys = {  # without them its filer's port deletes locked data
        "WEED_JWT_SIGNING_KEY": writing,
        "WEED_JWT_SIGNING_READ_KEY": writing,
        "WEED_JWT_FILER_SIGNING_KEY": filing,
        "WEED_JWT_FILER_SIGNING_READ_KEY": filing,
        "WEED_S3_SSE_KEY": secrets.token_hex(20),
    }
    with (folder / "weed.log").open("wb") as log:
        return subprocess.Popen(
            [
                str(Path(sys.executable).parent / "weed"),
                "-logtostderr=true",
                "server",
                f"-dir={folder}/data",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                f"-master.port={master}",
                "-master.telemetry=false",
                "-master.electionTimeout=1s",
                "-master.volumeSizeLimitMB=64",
                f"-volume.port={volume}",
                "-volume.max=500",
                "-volume.preStopSeconds=0",
                "-filer",
                f"-filer.port={filer}",
                f"-filer.localSocket={folder}/filer.sock",
                "-s3",
                f"-s3.port={s3_port}",
                f"-s3.config={folder}/s3.json",
                f"-s3.localSocket={folder}/s3.sock",
                "-filer.disableDirListing",
                "-filer.exposeDirectoryData=false",
                "-s3.allowDeleteBucketNotEmpty=false",
                "-s3.autoCreateBucket=false",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
            ],
            cwd=folder,
            env={**os.environ, **keys, "HOME": str(folder), "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait_until_it_writes(process: subprocess.Popen[bytes], endpoint: str, access: str, secret: str) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        region_name="us-east-1",
    )
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="x", Body=b"x")
        except (BotoCoreError, ClientError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
