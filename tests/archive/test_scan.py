"""Hostile files: each is refused by name, in little memory; plain ones are read whole."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable, Collection
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
SMALL = 2_000_000  # bytes that a hostile file has at most


def read(path: Path, names: set[str] | None = None, coded: Collection[str] = (), **limits: Any) -> pl.DataFrame:
    """The whole file through the bounded reader."""
    data = path.read_bytes()
    budget = Limits(**limits)
    found = footer(lambda start, length: data[start : start + length], len(data), path.name, budget)
    frames = list(scan.slices(path, path.name, found, names or found.columns, budget, coded))
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
    "json": pa.ExtensionArray.from_storage(pa.json_(), pa.array(["1", None, "2"])),
    "date": pa.array([0, None, 2], pa.date32()),
}


@pytest.mark.parametrize(
    "options", [{}, {"use_dictionary": False}, {"compression": "zstd", "data_page_version": "2.0"}]
)
@pytest.mark.parametrize("name", PLAIN)
def test_plain_columns_come_as_polars_reads_them(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    """The values are those of `pl.from_arrow`, an independent conversion of the same array."""
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({name: PLAIN[name]}), path, **options)
    array = getattr(PLAIN[name], "storage", PLAIN[name])
    expected = pl.from_arrow(pa.table({name: array}))
    assert isinstance(expected, pl.DataFrame)
    found = read(path)[name]
    if name == "time":  # comes as a naive time in UTC
        expected = expected.select(pl.col(name).dt.convert_time_zone("UTC").dt.replace_time_zone(None))
    assert found.cast(pl.String).to_list() == expected[name].cast(pl.String).to_list()


@pytest.mark.parametrize("zone", ["+05:30", "Mars/Phobos", "<script>"])
def test_a_zone_changes_no_instant(tmp_path: Path, zone: str) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"t": pa.array([1_000_000], pa.timestamp("us", zone))}), path)
    assert read(path)["t"].to_physical().to_list() == [1_000_000]


def test_bytes_become_text(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"b": pa.array([b"a", None, b"\xff<"])}), path)
    assert read(path)["b"].to_list() == ["a", None, "\\xff<"]


def test_nested_columns_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(
        pa.table(
            {"a": [1], "l": [[1, 2]], "s": [{"x": 1}], "m": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))}
        ),
        path,
    )
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
def test_slices_are_the_file(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], group: int, coded: bool
) -> None:
    path = tmp_path_factory.mktemp("slices") / "x.parquet"
    table = pa.table({"t": pa.array(values, pa.string()), "n": range(len(values))})
    pq.write_table(table, path, row_group_size=group, use_dictionary=coded, data_page_size=64)
    found = read(path)
    assert found["t"].to_list() == values
    assert found["n"].to_list() == list(range(len(values)))


@pytest.mark.parametrize(
    ("options", "coded", "stays"),
    [
        ({}, {"t", "n"}, True),
        ({}, {"n"}, False),
        ({"use_dictionary": False}, {"t"}, False),
        ({"dictionary_pagesize_limit": 100}, {"t"}, False),  # gives its dictionary up half-way
    ],
)
def test_text_of_small_dictionaries_stays_coded_where_that_is_asked(
    tmp_path: Path, options: dict[str, Any], coded: set[str], stays: bool
) -> None:
    path = tmp_path / "x.parquet"
    values = [None if row % 7 == 0 else f"value-{row % 50}" for row in range(5_000)]
    pq.write_table(pa.table({"t": values, "n": range(5_000)}), path, row_group_size=2_000, **options)
    found = read(path, coded=coded)
    assert isinstance(found["t"].dtype, pl.Categorical) == stays
    assert stays or found["t"].dtype == pl.String
    assert found["t"].cast(pl.String).to_list() == values


def plain(path: Path) -> bytes:
    pq.write_table(pa.table({"a": range(1000), "t": ["x" * 50] * 1000}), path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda _: b"", "a file of 0 bytes"),
        (lambda _: b"PAR1", "a file of 4 bytes"),
        (lambda data: data[: len(data) // 2], "a truncated Parquet file"),
        (lambda data: data[:-1], "a truncated Parquet file"),
        (lambda _: b"a,b\n1,2\n" * 10, "a file that is no Parquet"),
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
        assert "flipped.parquet" in str(error)  # noqa: PT017 -- either end is right


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ({"columns": 1}, r"2 columns, expected at most 1 \(limits.columns\)"),
        ({"rows": 999}, r"1000 rows, expected at most 999 \(limits.rows\)"),
        ({"cell_bytes": 49}, r"a cell of 50 bytes in column 't', expected at most 49 \(limits.cell_bytes\)"),
        ({"decoded_bytes": 58_000}, r"over 59000 bytes decoded, expected at most 58000 \(limits.decoded_bytes\)"),
    ],
)  # fmt: skip
def test_each_limit_names_file_found_and_limit(tmp_path: Path, limits: dict[str, Any], found: str) -> None:
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
    bad = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(struct.pack("<2i", 0, 2)), pa.py_buffer(b"\xff\xfe")]
    )
    pq.write_table(pa.table({"t": bad}), path, write_statistics=False)
    with pytest.raises(Unreadable, match="UTF8"):
        read(path)


# --- a few kilobytes that claim to be many gigabytes -----------------------------------------------------------------


def dictionary_bomb(path: Path) -> None:
    """One megabyte of text, 32,000 times: 32 GB."""
    indices = pa.array([0] * 32_000, pa.int32())
    pq.write_table(
        pa.table({"s": pa.DictionaryArray.from_arrays(indices, pa.array(["x" * 1_000_000]))}), path, compression="zstd"
    )


def run_length_bomb(path: Path, doublings: int = 8) -> None:
    """2^31 rows of one value, in runs: 256 row groups that all point to the same few bytes."""
    pq.write_table(pa.table({"s": pa.repeat(pa.scalar(7), 2**23)}), path, compression="zstd", row_group_size=2**23)
    data = path.read_bytes()
    length = struct.unpack("<I", data[-8:-4])[0]
    metadata = pq.read_metadata(path)
    for _ in range(doublings):
        metadata.append_row_groups(metadata)
    footer_file = path.with_suffix(".footer")
    metadata.write_metadata_file(footer_file)
    path.write_bytes(data[: -8 - length] + footer_file.read_bytes()[4:])


def many_rows_bomb(path: Path) -> None:
    """2^29 rows in the same way: within `limits.rows`, 4 GB decoded."""
    run_length_bomb(path, 6)


def zstd_bomb(path: Path) -> None:
    """450 MB of one letter in a single page."""
    block = pa.table({"s": ["x" * 1_000_000] * 450})
    pq.write_table(block, path, compression="zstd", use_dictionary=False, data_page_size=2**31 - 1)


def prefix_bomb(path: Path) -> None:
    """Values that each repeat the megabyte before (DELTA_BYTE_ARRAY): 2.5 GB in 5 kB."""
    schema = pa.schema([("s", pa.string())])
    options = {"compression": "zstd", "use_dictionary": False, "column_encoding": {"s": "DELTA_BYTE_ARRAY"}}
    block = pa.table({"s": ["x" * 1_000_000] * 500})
    with pq.ParquetWriter(path, schema, **options) as writer:
        for _ in range(5):
            writer.write_table(block)


def footer_bomb(path: Path) -> None:
    """A footer of 4 MB that names 1.3 million column chunks of three bytes each, hundreds of bytes once parsed."""
    group = bytes.fromhex("19 fc a08d06") + bytes.fromhex("26 00 00") * 100_000 + bytes.fromhex("16 00 16 00 00")
    schema = bytes.fromhex("19 2c 48 01 72 15 02 00 15 02 38 01 61 00")
    data = bytes.fromhex("15 02") + schema + bytes.fromhex("16 00 19 dc") + group * 13 + b"\0"
    path.write_bytes(b"PAR1" + data + struct.pack("<I", len(data)) + b"PAR1")


def column_bomb(path: Path) -> None:
    """Twelve thousand columns."""
    pq.write_table(pa.table({f"c{i}": pa.array([], pa.int8()) for i in range(12_000)}), path)


def cell_bomb(path: Path) -> None:
    """One cell of 100 MB."""
    pq.write_table(
        pa.table({"s": ["x" * 100_000_000]}), path, compression="zstd", use_dictionary=False, write_statistics=False
    )


BOMBS: dict[str, tuple[Callable[[Path], None], str]] = {
    "dictionary": (dictionary_bomb, "limits.decoded_bytes"),
    "run-length": (run_length_bomb, "limits.rows"),
    "many rows": (many_rows_bomb, "limits.decoded_bytes"),
    "zstd": (zstd_bomb, "held at once"),
    "prefix": (prefix_bomb, "limits.decoded_bytes"),
    "footer": (footer_bomb, ""),
    "columns": (column_bomb, "limits.columns"),
    "cell": (cell_bomb, "limits.cell_bytes"),
}
READER = """
import sys
from pathlib import Path
from retroaudit.archive.footer import footer
from retroaudit.archive.scan import slices
from retroaudit.faults import Unreadable
from retroaudit.spec.model import Limits
path = Path(sys.argv[1])
data, limits = path.read_bytes(), Limits(decoded_bytes=2_000_000_000)
try:
    found = footer(lambda start, length: data[start:start + length], len(data), path.name, limits)
    rows = sum(frame.height for frame in slices(path, path.name, found, found.columns, limits))
    print("read", rows)
except Unreadable as error:
    print("refused", error)
status = Path("/proc/self/status").read_text()  # getrusage would also count this process's parent
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_little_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bomb.parquet"
    make, why = BOMBS[name]
    make(path)
    assert path.stat().st_size < (SMALL if why else 2 * SMALL)
    done = subprocess.run([sys.executable, "-c", READER, str(path)], capture_output=True, text=True, check=True)
    verdict, peak = done.stdout.splitlines()
    assert verdict == "read 0" if not why else why in verdict and verdict.startswith("refused bomb.parquet: ")
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
