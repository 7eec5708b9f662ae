"""The image and the compose file against the project: what they name is there, and is what the code reads."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

from retroaudit.orchestration import tasks

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())


def test_what_the_image_copies_is_there() -> None:
    copied = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if re.match(r"COPY (?!--from)", line)]
    names = [name for line in copied for name in line]
    assert {"requirements.lock", "pyproject.toml", "src", "dags"} <= set(names)
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_images_python_is_one_that_the_project_allows() -> None:
    versions = {(int(major), int(minor)) for major, minor in re.findall(r"FROM python:(\d+)\.(\d+)-slim", DOCKERFILE)}
    allowed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert allowed == ">=3.11,<3.14"
    assert len(versions) == 1
    assert (3, 11) <= min(versions) < (3, 14)


def test_the_image_installs_uv_from_the_lock() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    entry = re.search(r"^uv==.*?^    # via", lock, re.DOTALL | re.MULTILINE)
    assert entry is not None
    assert entry[0].count("--hash=sha256:") > 1


def test_the_service_sets_what_the_tasks_read() -> None:
    service = COMPOSE["services"]["airflow"]
    assert set(tasks.SETTINGS) <= set(service["environment"])
    assert service["environment"]["RETROAUDIT_SIGNING_KEY"] == f"/run/secrets/{service['secrets'][0]}"
    assert service["secrets"][0] in COMPOSE["secrets"]
    assert (ROOT / "docker" / service["build"]["context"] / service["build"]["dockerfile"]).exists()


def test_the_archive_is_read_only_and_the_key_is_not_in_the_store() -> None:
    service = COMPOSE["services"]["airflow"]
    mounts = {volume.split(":")[1]: volume.split(":")[2:] for volume in service["volumes"]}
    assert mounts["/data/archive"] == ["ro"]
    addresses = {name: url.removeprefix("file://") for name, url in service["environment"].items() if "file://" in url}
    assert set(addresses.values()) <= set(mounts)
    assert not any(COMPOSE["secrets"]["signing.pem"]["file"].startswith(f"..{path}") for path in mounts)


def test_ports_are_open_to_this_machine_alone() -> None:
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["services"]["airflow"]["ports"])
