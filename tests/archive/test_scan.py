"""Hostile files: each is refused by name, in little memory; plain ones are read whole."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.archive import pages, scan
from retroaudit.archive.footer import footer
from retroaudit.faults import Unreadable
from retroaudit.spec.model import Limits

MEMORY = 1_500  # MB that a process may ever take over a hostile file, interpreter and libraries included
SMALL = 300_000  # bytes that a hostile file has at most


def read(path: Path, columns: set[str] | None = None, **limits: int) -> pl.DataFrame:
    """The whole file through the bounded reader."""
    data = path.read_bytes()
    budget = Limits(**limits)
    found = footer(lambda start, length: data[start : start + length], len(data), path.name, budget)
    frames = list(scan.slices(path, path.name, found, columns or found.columns, budget))
    return pl.concat(frames) if frames else pl.DataFrame()


PLAIN = {
    "int": pa.array([1, None, -3]),
    "uint64": pa.array([1, None, 2**64 - 1], pa.uint64()),
    "float": pa.array([1.5, None, float("nan")]),
    "half": pa.array([1.5, None, 2.5], pa.float16()),
    "decimal": pa.array([Decimal("1.50"), None, Decimal("2.25")]),
    "bool": pa.array([True, None, False]),
    "text": pa.array(["a", None, "ü"]),
    "large": pa.array(["a", None, "ü"], pa.large_string()),
    "view": pa.array(["a", None, "ü"], pa.string_view()),
    "category": pa.array(["a", None, "a"]).dictionary_encode(),
    "time": pa.array([0, None, 2], pa.timestamp("ns", "Europe/Berlin")),
    "date": pa.array([0, None, 2], pa.date32()),
}


@pytest.mark.parametrize("options", [{}, {"use_dictionary": False}, {"compression": "zstd", "data_page_version": "2.0"}])
@pytest.mark.parametrize("name", PLAIN)
def test_plain_columns_come_as_polars_reads_them(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    """The values are those of `pl.from_arrow`, an independent conversion of the same array."""
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({name: PLAIN[name]}), path, **options)
    expected = pl.from_arrow(pa.table({name: PLAIN[name]}))
    assert isinstance(expected, pl.DataFrame)
    assert read(path)[name].to_list() == pytest.approx(expected[name].to_list(), nan_ok=True)


def test_bytes_become_text(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"b": pa.array([b"a", None, b"\xff<"])}), path)
    assert read(path)["b"].to_list() == ["a", None, "\\xff<"]


def test_nested_columns_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": [1], "l": [[1, 2]], "s": [{"x": 1}], "m": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))}), path)
    assert read(path).columns == ["a"]
    assert read(path, {"l"}).height == 1


@pytest.mark.parametrize("name", ["a.b", 'qu"ote', "line\nbreak", "x" * 10_000, "<script>", "*", ""])
def test_hostile_column_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({name: [1], "a": [2]}), path)
    assert read(path, {name}).to_dict(as_series=False) == {name: [1]}
    assert read(path, {"a"}).to_dict(as_series=False) == {"a": [2]}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=200),
    st.integers(1, 50),
    st.booleans(),
)
def test_slices_are_the_file(tmp_path_factory: pytest.TempPathFactory, values: list[Any], group: int, coded: bool) -> None:
    path = tmp_path_factory.mktemp("slices") / "x.parquet"
    table = pa.table({"t": pa.array(values, pa.string()), "n": range(len(values))})
    pq.write_table(table, path, row_group_size=group, use_dictionary=coded, data_page_size=64)
    found = read(path)
    assert found["t"].to_list() == values
    assert found["n"].to_list() == list(range(len(values)))


def plain(path: Path) -> bytes:
    pq.write_table(pa.table({"a": range(1000), "t": ["x" * 50] * 1000}), path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda data: b"", "a file of 0 bytes"),
        (lambda data: b"PAR1", "a file of 4 bytes"),
        (lambda data: data[: len(data) // 2], "a truncated Parquet file"),
        (lambda data: data[:-1], "a truncated Parquet file"),
        (lambda data: b"a,b\n1,2\n" * 10, "a file that is no Parquet"),
        (lambda data: b"PARE" + data[4:-4] + b"PARE", "an encrypted Parquet file"),
        (lambda data: data[:-8] + struct.pack("<I", 2**31) + b"PAR1", "a footer of 2147483648 bytes"),
        (lambda data: data[:-8] + struct.pack("<I", 5) + b"PAR1", "damage"),
        (lambda data: data[:-30] + b"\xff" * 22 + data[-8:], "damage"),
        (lambda data: data[:4] + b"\xff" * 60 + data[64:], "no page header"),
        (lambda data: b"PAR1" + data[200:], "a truncated Parquet file|damage|page"),
    ],
)  # fmt: skip
def test_what_is_no_whole_parquet_is_named(tmp_path: Path, damage: Callable[[bytes], bytes], found: str) -> None:
    path = tmp_path / "bad.parquet"
    path.write_bytes(damage(plain(path)))
    with pytest.raises(Unreadable, match=f"bad.parquet: found .*({found})"):
        read(path)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_flipped_byte_is_read_or_named(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "flipped.parquet"
    whole = bytearray(plain(path))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole)
    try:
        assert read(path, rows=10_000).height <= 10_000
    except Unreadable as error:
        assert "flipped.parquet" in str(error)


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ({"columns": 1}, r"2 columns, expected at most 1 \(limits.columns\)"),
        ({"rows": 999}, r"1000 rows, expected at most 999 \(limits.rows\)"),
        ({"cell_bytes": 49}, r"a cell of 50 bytes in column 't', expected at most 49 \(limits.cell_bytes\)"),
        ({"decoded_bytes": 58_000}, r"over 59000 bytes decoded, expected at most 58000 \(limits.decoded_bytes\)"),
    ],
)  # fmt: skip
def test_each_limit_names_file_found_and_limit(tmp_path: Path, limits: dict[str, int], found: str) -> None:
    """1,000 rows of an integer (8 bytes) and a text of 50 bytes with its separator: 59,000 bytes."""
    path = tmp_path / "big.parquet"
    plain(path)
    with pytest.raises(Unreadable, match=f"big.parquet: found {found}"):
        read(path, **limits)


def test_repeated_names_and_invalid_text(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]), path)
    with pytest.raises(Unreadable, match="given twice"):
        read(path)
    bad = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(struct.pack("<2i", 0, 2)), pa.py_buffer(b"\xff\xfe")])
    pq.write_table(pa.table({"t": bad}), path, write_statistics=False)
    with pytest.raises(Unreadable, match="UTF8"):
        read(path)


# --- a few kilobytes that claim to be many gigabytes -----------------------------------------------------------------


def dictionary_bomb(path: Path) -> None:
    """One megabyte of text, 32,000 times: 32 GB."""
    indices = pa.array([0] * 32_000, pa.int32())
    pq.write_table(pa.table({"s": pa.DictionaryArray.from_arrays(indices, pa.array(["x" * 1_000_000]))}), path, compression="zstd")


def run_length_bomb(path: Path) -> None:
    """2^31 rows of one value, in runs: 3,000 row groups that are all the same bytes cannot be told from real ones."""
    with pq.ParquetWriter(path, pa.schema([("s", pa.bool_())]), compression="zstd") as writer:
        block = pa.table({"s": pa.repeat(pa.scalar(value=True), 2**26)})
        for _ in range(32):
            writer.write_table(block, row_group_size=2**26)


def zstd_bomb(path: Path) -> None:
    """1.2 GB of zeros in one page of numbers."""
    block = pa.table({"s": pa.repeat(pa.scalar(0.0), 150_000_000)})
    pq.write_table(block, path, compression="zstd", use_dictionary=False, row_group_size=2**31, data_page_size=2**31 - 1)


def prefix_bomb(path: Path) -> None:
    """Values that each repeat the megabyte before (DELTA_BYTE_ARRAY): 12 GB in 1,000 rows a group."""
    schema = pa.schema([("s", pa.string())])
    options = {"compression": "zstd", "use_dictionary": False, "column_encoding": {"s": "DELTA_BYTE_ARRAY"}}
    block = pa.table({"s": ["x" * 1_000_000] * 500})
    with pq.ParquetWriter(path, schema, **options) as writer:
        for _ in range(24):
            writer.write_table(block)


def column_bomb(path: Path) -> None:
    """Twelve thousand columns."""
    pq.write_table(pa.table({f"c{i}": pa.array([], pa.int8()) for i in range(12_000)}), path)


def cell_bomb(path: Path) -> None:
    """One cell of 300 MB."""
    pq.write_table(pa.table({"s": ["x" * 300_000_000]}), path, compression="zstd", use_dictionary=False, write_statistics=False)


BOMBS: dict[str, tuple[Callable[[Path], None], str]] = {
    "dictionary": (dictionary_bomb, "limits.decoded_bytes"),
    "run-length": (run_length_bomb, "limits.rows"),
    "zstd": (zstd_bomb, "held at once"),
    "prefix": (prefix_bomb, "limits.decoded_bytes"),
    "columns": (column_bomb, "limits.columns"),
    "cell": (cell_bomb, "limits.cell_bytes"),
}
READER = """
import resource, sys
from pathlib import Path
from retroaudit.archive.footer import footer
from retroaudit.archive.scan import slices
from retroaudit.faults import Unreadable
from retroaudit.spec.model import Limits
path = Path(sys.argv[1])
data = path.read_bytes()
try:
    found = footer(lambda start, length: data[start:start + length], len(data), path.name, Limits())
    rows = sum(frame.height for frame in slices(path, path.name, found, found.columns, Limits()))
    print("read", rows)
except Unreadable as error:
    print("refused", error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_little_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bomb.parquet"
    make, why = BOMBS[name]
    make(path)
    assert path.stat().st_size < (SMALL if name != "columns" else 4_000_000)
    done = subprocess.run([sys.executable, "-c", READER, str(path)], capture_output=True, text=True, check=True)
    verdict, peak = done.stdout.splitlines()
    print(name, path.stat().st_size, verdict, peak)
    assert verdict.startswith("refused bomb.parquet: ")
    assert why in verdict
    assert int(peak) < MEMORY


# --- the headers of pages ---------------------------------------------------------------------------------------------


def test_pages_are_walked_as_arrow_wrote_them(tmp_path: Path) -> None:
    """Values and sizes add up to what the footer, written by Arrow, says of the chunk."""
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"t": [f"v{i % 500}" for i in range(50_000)]}), path, data_page_size=1000)
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    with path.open("rb") as file:
        walked = list(
            pages.walk(file, "x", chunk.dictionary_page_offset, chunk.total_compressed_size, chunk.num_values)
        )
    assert walked[0].kind == pages.DICTIONARY_PAGE
    assert walked[0].values == 500
    assert len(walked) > 10
    assert sum(page.values for page in walked[1:]) == 50_000
    assert all(page.by_dictionary for page in walked[1:])


@given(st.binary(max_size=60))
def test_any_bytes_are_pages_or_damage(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "header"
    path.write_bytes(data)
    with path.open("rb") as file:
        try:
            found = list(pages.walk(file, "k", 0, len(data), 10**6))
        except Unreadable as error:
            assert error.faults[0].subject == "k"  # noqa: PT017 -- either end is right
        else:
            assert all(page.uncompressed >= 0 and page.compressed >= 0 for page in found)
