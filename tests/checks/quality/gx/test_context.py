"""GX's own workflow over our data source, as its users have it: project, suite, checkpoint, Data Docs, reload."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import great_expectations as gx
import polars as pl
import pytest
from great_expectations import expectations as gxe
from great_expectations.exceptions.exceptions import BuildBatchRequestError

from retroaudit.checks.quality.gx.context import files, get_context

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

FRAME = pl.DataFrame({"a": [1, 2, 3, None, 7], "b": ["x", "y", "y", None, "z"]})
SUITE = [
    gxe.ExpectColumnValuesToBeBetween(column="a", min_value=1, max_value=2, severity="warning", meta={"k": "because"}),
    gxe.ExpectColumnValuesToNotBeNull(column="b", mostly=0.5),
    gxe.ExpectColumnValuesToBeUnique(column="b"),
    gxe.ExpectColumnValuesToBeIncreasing(column="a"),
    gxe.ExpectColumnMeanToBeBetween(column="b", min_value=1, max_value=2),
    gxe.ExpectColumnMedianToBeBetween(column="nowhere", min_value=1),
    gxe.ExpectColumnProportionOfUniqueValuesToBeBetween(column="b", min_value=0.7),
]


@pytest.fixture
def project(tmp_path: Path) -> Any:
    """A project on disk with a suite, and a batch definition of two files and one of frames."""
    for name in ("one", "two"):
        FRAME.write_parquet(tmp_path / f"{name}.parquet")
    context = get_context(mode="file", project_root_dir=tmp_path / "project")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_polars("archive")
    suite = context.suites.add(gx.ExpectationSuite("suite", expectations=[copy.copy(each) for each in SUITE]))
    assets = (source.add_parquet_asset("files", path=str(tmp_path / "*.parquet")), source.add_frame_asset("frame"))
    for asset in assets:
        data = asset.add_batch_definition("all")
        context.validation_definitions.add(gx.ValidationDefinition(name=asset.name, data=data, suite=suite))
    return context


def results(run: Any) -> dict[str, Any]:
    return {result.expectation_config.type: result for result in run.results}


def test_a_frame_is_judged_in_every_result_format(project: Any) -> None:
    validation = project.validation_definitions.get("frame")
    rows: dict[str, Any] = {"dataframe": FRAME}
    basic = results(validation.run(batch_parameters=rows, result_format="BASIC"))["expect_column_values_to_be_between"]
    assert basic.result["partial_unexpected_list"] == [3, 7]
    assert "partial_unexpected_index_list" not in basic.result
    summary = results(validation.run(batch_parameters=rows, result_format="SUMMARY"))[
        "expect_column_values_to_be_unique"
    ]
    assert summary.result["partial_unexpected_counts"] == [{"value": "y", "count": 2}]
    assert summary.result["partial_unexpected_index_list"] == [1, 2]
    complete = {"result_format": "COMPLETE", "unexpected_index_column_names": ["b"], "include_unexpected_rows": True}
    found = results(validation.run(batch_parameters=rows, result_format=complete))["expect_column_values_to_be_between"]
    assert found.result["unexpected_index_list"] == [{"a": 3, "b": "y"}, {"a": 7, "b": "z"}]
    assert found.result["unexpected_rows"].to_dict("list") == {"a": [3, 7], "b": ["y", "z"]}
    assert found.expectation_config.meta == {"k": "because"}
    assert found.expectation_config.severity == "warning"


def test_each_failure_is_told_with_its_own_message(project: Any) -> None:
    found = results(project.validation_definitions.get("files").run())
    told = {name: str(result.exception_info) for name, result in found.items()}
    assert "there is no column 'nowhere'" in told["expect_column_median_to_be_between"]
    assert "dtype" in told["expect_column_mean_to_be_between"]
    assert found["expect_column_values_to_not_be_null"].success
    assert not found["expect_column_values_to_be_increasing"].success
    assert found["expect_column_values_to_be_increasing"].result["partial_unexpected_list"] == [1]
    assert found["expect_column_proportion_of_unique_values_to_be_between"].result == {"observed_value": 3 / 8}


def test_a_checkpoint_writes_data_docs_and_the_project_is_read_again(project: Any, tmp_path: Path) -> None:
    docs = gx.checkpoint.UpdateDataDocsAction(name="docs")
    definition = project.validation_definitions.get("files")
    project.checkpoints.add(gx.Checkpoint(name="nightly", validation_definitions=[definition], actions=[docs]))
    assert not project.checkpoints.get("nightly").run().success
    pages = [page for page in (tmp_path / "project").rglob("*.html") if "validations" in page.parts]
    assert len(pages) == 1
    assert "expect_column" not in pages[0].name
    assert "archive-files" in pages[0].name
    again = get_context(mode="file", project_root_dir=tmp_path / "project").checkpoints.get("nightly").run()
    (result,) = again.run_results.values()
    assert results(result)["expect_column_values_to_be_between"].result["element_count"] == 10


def test_a_batch_shows_its_head_and_columns(project: Any) -> None:
    batch = project.data_sources.get("archive").get_asset("files").get_batch_definition("all").get_batch()
    assert batch.columns() == ["a", "b"]
    assert batch.head(n_rows=2).data.to_dict("list") == {"a": [1.0, 2.0], "b": ["x", "y"]}


@pytest.mark.parametrize("parameters", [{}, {"dataframe": [1]}, {"other": FRAME}])
def test_a_frame_asset_takes_a_polars_frame(project: Any, parameters: dict[str, Any]) -> None:
    data = project.data_sources.get("archive").get_asset("frame").get_batch_definition("all")
    with pytest.raises(BuildBatchRequestError):
        data.get_batch(batch_parameters=parameters)


def test_a_path_is_a_file_a_folder_or_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    names = [tmp_path / "a.parquet", tmp_path / "b" / "c.parquet"]
    for name in names:
        FRAME.write_parquet(name)
    assert files(str(tmp_path)) == names
    assert files(str(names[0])) == names[:1]
    assert files(str(tmp_path / "*" / "*.parquet")) == names[1:]
    assert files(str(tmp_path / "none*")) == []
