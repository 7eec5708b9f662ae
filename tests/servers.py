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
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from moto.server import ThreadedMotoServer

from retroaudit.storage.s3 import S3Storage, connect

_START_SECONDS = 60


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
def seaweedfs_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    folder = tmp_path_factory.mktemp("seaweedfs")
    access, secret = f"ADMIN{secrets.token_hex(8).upper()}", secrets.token_hex(20)
    identity = {
        "name": "admin",
        "credentials": [{"accessKey": access, "secretKey": secret}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = _free_ports(4)
    process = _start(folder, ports)
    endpoint = f"http://127.0.0.1:{ports[0]}"
    try:
        _wait_until_it_writes(process, endpoint, access, secret)
        yield endpoint, access, secret
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # a clean exit takes 16 s, and the data are thrown away
        process.wait()


@pytest.fixture(params=[False, True], ids=["plain", "versioned"])
def seaweedfs(
    seaweedfs_endpoint: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> S3Storage:
    _point_aws_at(*seaweedfs_endpoint, monkeypatch)
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
    keys = {f"WEED_JWT_{name}": secrets.token_hex(20) for name in ("SIGNING_KEY", "FILER_SIGNING_KEY")}
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
