"""How a sample refers to a row: by a salted hash, which tells nobody without the salt whose row it is."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from retroaudit.faults import BadInput, Fault

SALT_VARIABLE = "RETROAUDIT_REVIEW_SALT"
LENGTH = 32  # hex digits of a ref
_LEAST, _MOST = 16, 4096  # bytes of a salt
_EXPECTED = f"a secret of {_LEAST} to {_MOST} bytes"
_REMEDY = "Make one with `openssl rand -hex 32`, and keep it away from the samples: it is never stored with them."


def read_salt(file: Path | None, environment: Mapping[str, str]) -> bytes:
    """The salt of a file, else of the environment; line ends at its end are no part of it.

    Raises `BadInput`, never showing it, where there is none, or it is too short or too long.
    """
    if file is not None:
        return _checked("--salt", _read(file))
    text = environment.get(SALT_VARIABLE)
    if text is None:
        raise BadInput(Fault("--salt", "no salt", f"{_EXPECTED}, in a file or in {SALT_VARIABLE}", _REMEDY))
    return _checked(SALT_VARIABLE, text.encode("utf-8", "surrogateescape"))


def refs(salt: bytes, model: str, partition: str, ids: pl.Series, file: str, numbers: pl.Series) -> pl.Series:
    """A ref a row: the first 32 hex digits of HMAC-SHA256(salt, "model|partition|id").

    `ids` are texts. A row without an id is known by its place, "model|partition/file#number", which no id can imitate:
    neither models nor keys of partitions have a "|" or a "/" in them. Rows that share an id share the ref.
    """
    of_ids = hmac.new(salt, f"{model}|{partition}|".encode(), "sha256")
    of_places = hmac.new(salt, f"{model}|{partition}/{file}#".encode("utf-8", "surrogatepass"), "sha256")

    def ref(id_: str | None, number: int) -> str:
        hashed = (of_places if id_ is None else of_ids).copy()
        hashed.update(str(number).encode() if id_ is None else id_.encode())
        return hashed.digest()[: LENGTH // 2].hex()

    return pl.Series(list(map(ref, ids.to_list(), numbers.to_list())), dtype=pl.String)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST + 3)  # one byte too many, and the end of a line
    except OSError as error:
        raise BadInput(Fault("--salt", error.strerror or "an error", "a file that can be read")) from error


def _checked(where: str, data: bytes) -> bytes:
    salt = data.rstrip(b"\r\n")
    if not _LEAST <= len(salt) <= _MOST:
        raise BadInput(Fault(where, f"{min(len(salt), _MOST + 1)} bytes", _EXPECTED, _REMEDY))
    return salt
