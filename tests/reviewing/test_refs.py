"""Refs are HMACs that anybody with the salt can make, and the salt is a secret of some length."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from retroaudit.faults import BadInput
from retroaudit.reviewing.refs import SALT_VARIABLE, read_salt, refs
from tests.reviewing.conftest import SALT


def made(*ids: str | None, file: str = "logs/a.parquet", numbers: list[int] | None = None) -> list[str]:
    places = pl.Series(numbers or range(len(ids)))
    return refs(SALT, "lending", "2026-07-01", pl.Series(ids, dtype=pl.String), file, places).to_list()


def test_refs_are_what_openssl_makes() -> None:
    """`printf 'lending|2026-07-01|r7' | openssl dgst -sha256 -hmac 0123…`, and of 'lending|2026-07-01/logs/…#3'."""
    assert made("r7") == ["d2bea9e4d3513fc0e6078e7d742e56c8"]
    assert made(None, numbers=[3]) == ["6c6270d5db5298ca33ec92307559f519"]


def test_one_id_is_one_ref_wherever_it_stands() -> None:
    assert made("a", "b", "a") == [*made("a", "b", file="other", numbers=[8, 9]), *made("a")]


def test_no_id_imitates_a_place() -> None:
    hostile = ("logs/a.parquet#0", "/logs/a.parquet#0", "|", "", "\0")
    assert len({*made(*hostile), *made(None, None)}) == len(hostile) + 2


def test_a_file_and_the_environment_say_the_same_salt(tmp_path: Path) -> None:
    (tmp_path / "salt").write_bytes(SALT + b"\n")
    assert read_salt(tmp_path / "salt", {}) == read_salt(None, {SALT_VARIABLE: SALT.decode()}) == SALT
    (tmp_path / "crlf").write_bytes(b"another secret, long enough\r\n")
    assert read_salt(tmp_path / "crlf", {SALT_VARIABLE: SALT.decode()}) == b"another secret, long enough"


@pytest.mark.parametrize("salt", [b"", b"\n" * 40, b"fifteen bytes..", b"x" * 5000])
def test_a_salt_that_is_none_is_refused_and_not_shown(tmp_path: Path, salt: bytes) -> None:
    (tmp_path / "salt").write_bytes(salt)
    with pytest.raises(BadInput, match="16 to 4096 bytes") as caught:
        read_salt(tmp_path / "salt", {})
    assert "fifteen" not in str(caught.value)


def test_no_salt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=SALT_VARIABLE):
        read_salt(None, {})
    with pytest.raises(BadInput, match="a file that can be read"):
        read_salt(tmp_path / "nowhere", {SALT_VARIABLE: SALT.decode()})
