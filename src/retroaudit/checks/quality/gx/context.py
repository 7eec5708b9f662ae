"""Great Expectations' projects over Polars: its contexts, with a data source for frames and for Parquet files.

    context = get_context(mode="file", project_root_dir=path)
    source = context.data_sources.add_polars("archive")
    july = source.add_parquet_asset("july", path="july/*.parquet").add_batch_definition("all")
    frame = source.add_frame_asset("frame").add_batch_definition("all")  # its rows come as batch_parameters

GX knows a plug-in only once it is imported: `get_context` here, unlike GX's own, loads projects that name this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar, Literal

import great_expectations as gx
import polars as pl
from great_expectations.core.batch import BatchMarkers, LegacyBatchDefinition
from great_expectations.core.batch_spec import BatchSpec
from great_expectations.core.id_dict import IDDict
from great_expectations.datasource.fluent.batch_request import BatchRequest
from great_expectations.datasource.fluent.interfaces import Batch as GxBatch
from great_expectations.datasource.fluent.interfaces import DataAsset, Datasource
from great_expectations.exceptions.exceptions import BuildBatchRequestError

from retroaudit.checks.quality.gx.batch import Batch, of_files, of_frame
from retroaudit.checks.quality.gx.engine import Held, PolarsExecutionEngine
from retroaudit.measures.measure import Need
from retroaudit.measures.run import measure

FRAME = "dataframe"  # the batch parameter that holds a frame, as GX names it


class _Asset(DataAsset):  # type: ignore[misc]
    """A table of one batch."""

    def test_connection(self) -> None:
        """Nothing to connect to."""

    def get_batch_parameters_keys(self, partitioner: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """The batch parameters that are taken."""
        return ()

    def build_batch_request(
        self, options: dict[str, Any] | None = None, batch_slice: Any = None, partitioner: Any = None
    ) -> BatchRequest:
        """A request for the batch.

        Raises:
            BuildBatchRequestError: Other parameters than the asset takes are given, or parts of the table asked for.
        """
        keys = self.get_batch_parameters_keys()
        if batch_slice is not None or partitioner is not None or set(options or {}) != set(keys):
            takes = " and ".join(f"batch_parameters={{{key!r}: …}}" for key in keys) or "no batch parameters"
            raise BuildBatchRequestError(message=f"the asset {self.name!r} is one batch and takes {takes}")
        return BatchRequest(datasource_name=self.datasource.name, data_asset_name=self.name, options=options or {})

    def get_batch_identifiers_list(self, batch_request: BatchRequest) -> list[dict[str, Any]]:
        """What tells the batches apart."""
        return [IDDict(batch_request.options)]

    def get_batch(self, batch_request: BatchRequest) -> GxBatch:
        """The batch, of which nothing is read yet but its schema."""
        return GxBatch(
            datasource=self.datasource,
            data_asset=self,
            batch_request=batch_request,
            data=Held(self.datasource.get_execution_engine(), self._batch(batch_request.options)),
            metadata=self._get_batch_metadata_from_batch_request(batch_request, ignore_options=(FRAME,)),
            batch_markers=BatchMarkers({"ge_load_time": datetime.now(UTC).isoformat()}),
            batch_spec=BatchSpec(self.dict(include={"type", "path"})),
            batch_definition=LegacyBatchDefinition(
                datasource_name=self.datasource.name,
                data_connector_name="polars",
                data_asset_name=self.name,
                batch_identifiers=IDDict({}),
            ),
        )

    def _batch(self, options: dict[str, Any]) -> Batch:
        raise NotImplementedError


class FrameAsset(_Asset):
    """A Polars frame, given as the batch parameter `dataframe`."""

    type: Literal["frame"] = "frame"

    def get_batch_parameters_keys(self, partitioner: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """The frame."""
        return (FRAME,)

    def _batch(self, options: dict[str, Any]) -> Batch:
        if not isinstance(options[FRAME], pl.DataFrame | pl.LazyFrame):
            raise BuildBatchRequestError(message=f"{FRAME} has to be a Polars frame")
        return of_frame(options[FRAME])


class ParquetAsset(_Asset):
    """Parquet files as one table: a file, a folder with all files below it, or a pattern such as `july/*.parquet`.

    They are read a slice at a time, in the order of their names.
    """

    type: Literal["parquet"] = "parquet"
    path: str

    def _batch(self, options: dict[str, Any]) -> Batch:  # noqa: ARG002
        found = files(self.path)
        if not found:
            raise FileNotFoundError(f"no Parquet files at {self.path}")
        return of_files(found)


def files(path: str) -> list[Path]:
    """The Parquet files that a path names, in the order of their names."""
    found = Path(path)
    if found.is_dir():
        return sorted(found.rglob("*.parquet"))
    if found.is_file():
        return [found]
    return sorted(Path(found.anchor or ".").glob(str(found.relative_to(found.anchor))))


class PolarsDatasource(Datasource):  # type: ignore[misc]
    """The data source type `polars`."""

    asset_types: ClassVar[Sequence[Any]] = [FrameAsset, ParquetAsset]

    type: Literal["polars"] = "polars"
    assets: list[FrameAsset | ParquetAsset] = []  # noqa: RUF012  # pydantic copies it

    @property
    def execution_engine_type(self) -> Any:
        """The engine over states."""
        return PolarsExecutionEngine

    def test_connection(self, test_assets: bool = True) -> None:
        """Nothing to connect to."""


def get_context(**options: Any) -> Any:
    """GX's `get_context` with the data source type `polars`; GX's own figures of use are sent only if asked for."""
    Thread(target=_load_kernels).start()  # compiled code takes a second to load: it is there by the time rows are
    return gx.get_context(**options)


def _load_kernels() -> None:
    measure([pl.DataFrame({"x": [1]})], [Need("grid", ("x",)), Need("distinct", ("x",))])
