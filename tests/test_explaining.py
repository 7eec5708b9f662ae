"""What is said before it is read is what is read."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from retroaudit import audit
from retroaudit.artefacts import Places
from retroaudit.explaining import Pass, passes
from retroaudit.intake import places, request
from tests.test_measuring import DAYS, LABELLED, WEEK, Reads, filled, reads
from tests.world import NOON, World

__all__ = ["filled", "reads"]

ROLES = {"time", "id", "version", "prediction", "score", "label"}
ROLLING: dict[str, Any] = {
    **LABELLED,
    "reference": {"path": "reference/*.parquet", "window": ["previous", "trailing", "year-ago"], "trailing": "2d"},
}


def where(world: World) -> Places:
    """The places of `World.audit`."""
    return places(world.archive.as_uri(), (world.root / "store").as_uri(), None, world.root / "spool")


def explained(world: World, document: dict[str, Any], window: str, **options: Any) -> tuple[Pass, ...]:
    asked = request(world.spec(document), window, NOON, **options)
    return passes(audit.pin(asked, where(world)), where(world))


def wider(document: dict[str, Any]) -> dict[str, Any]:
    columns = {**document["columns"], "features": {**document["columns"]["features"], "extra": "numeric"}}
    return {**document, "columns": columns}


@pytest.mark.parametrize("document", [LABELLED, ROLLING], ids=["fixed", "rolling"])
def test_what_is_explained_is_what_is_read(filled: World, reads: Reads, document: dict[str, Any]) -> None:
    """Columns by object, and rows, of each step of a life: first, again, a span, a new column, an early cut-off."""
    steps: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
        (document, DAYS[2], {}),
        (document, DAYS[2], {}),
        (document, WEEK, {}),
        (wider(document), WEEK, {}),
        (wider(document), WEEK, {"as_of": "2026-07-12"}),
    ]
    for asked, window, options in steps:
        said = explained(filled, asked, window, **options)
        reads.asked.clear()
        sealed = filled.audit(asked, window, **options)
        columns = {name: each.columns for each in said for name in each.partitions if each.rows}
        logs = [
            (key, {name for name in names if not name.startswith("@")})
            for key, names in reads.asked
            if not key.startswith("labels")
        ]
        folders = {f"logs/date={day}": set(names) for day, names in columns.items() if day != "reference"}
        folders |= {"reference": set(columns["reference"])} if "reference" in columns else {}
        assert {key.rpartition("/")[0]: names for key, names in logs} == folders
        assert len(logs) == len(folders)  # nothing twice
        assert sum(each.rows for each in said) == sealed.rows_read
        assert any(each.with_labels for each in said) is any(key.startswith("labels") for key, _ in reads.asked)


def test_passes_of_a_first_audit(filled: World) -> None:
    window, reference = explained(filled, LABELLED, WEEK)
    assert (window.role, window.partitions, window.with_labels, window.rows) == ("window", DAYS, True, 12_000)
    assert set(window.columns) == ROLES | {"amount", "channel", "group"}
    assert (reference.partitions, reference.with_labels, reference.rows) == (("reference",), False, 3_000)
    assert (window.states_there, reference.states_there) == (0, 0)
    assert (window.fetched, window.requests) == (0, 0)  # local files are not fetched
    assert window.states_new % len(DAYS) == 0


def test_nothing_is_a_pass_of_no_bytes(filled: World) -> None:
    filled.audit(LABELLED, WEEK)
    for each in explained(filled, LABELLED, WEEK):
        assert (each.columns, each.with_labels, each.rows, each.bytes, each.states_new) == ((), False, 0, 0, 0)
        assert each.states_there > 0


def test_bytes_are_those_of_the_columns_as_they_are_stored(filled: World) -> None:
    """Arrow's own metadata says how large the new column's chunks are."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    filled.audit(LABELLED, DAYS[0])
    window, reference = explained(filled, wider(LABELLED), DAYS[0])
    for found, key in ((window, f"logs/date={DAYS[0]}"), (reference, "reference")):
        metadata = pq.read_metadata(filled.archive / key / "part-0.parquet")
        at = metadata.schema.names.index("extra")
        chunks = [metadata.row_group(number).column(at) for number in range(metadata.num_row_groups)]
        assert (found.columns, found.bytes) == (("extra",), sum(chunk.total_compressed_size for chunk in chunks))


def test_two_references_that_share_a_day_read_it_once(filled: World) -> None:
    said = {each.role: each for each in explained(filled, ROLLING, DAYS[2])}
    assert (said["previous"].partitions, said["previous"].rows) == ((DAYS[1],), 4_000)
    trailing = [each for each in explained(filled, ROLLING, DAYS[2]) if each.role == "trailing"]
    assert [(each.partitions, each.rows) for each in trailing] == [((DAYS[0],), 4_000), ((DAYS[1],), 0)]


def test_explaining_puts_nothing_and_reads_no_rows(filled: World, reads: Reads) -> None:
    explained(filled, LABELLED, WEEK)
    assert reads.asked == []
    kept = [info.key for info in where(filled).states.list()]
    assert all(key.startswith("digests/") for key in kept)


def test_a_file_that_cannot_be_read_has_no_rows_to_tell(filled: World) -> None:
    (filled.archive / f"logs/date={DAYS[1]}/part-0.parquet").write_bytes(b"PAR1 no Parquet PAR1")
    window, _ = explained(filled, LABELLED, WEEK)
    assert (window.partitions, window.rows) == (DAYS, 8_000)


def test_a_column_that_no_file_has_costs_nothing(filled: World) -> None:
    filled.audit(LABELLED, DAYS[0])
    columns = {**LABELLED["columns"], "features": {**LABELLED["columns"]["features"], "extra": "numeric"}}
    frame = pl.read_parquet(filled.archive / "reference/part-0.parquet")
    filled.put("reference/part-0.parquet", frame.drop("extra"))
    reference = explained(filled, {**LABELLED, "columns": columns}, DAYS[0])[1]
    assert "extra" in reference.columns
    assert reference.rows == 3_000
