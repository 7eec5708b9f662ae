"""NIST's Statistical Reference Datasets, univariate: certified mean and standard deviation, to every printed digit.

The data are decimals, most of which no float64 holds; as Parquet decimals they give every digit, and as floats those
digits that the nearest floats still hold. The lag-1 autocorrelation, certified too, depends on the order of rows,
which no mergeable state knows, and is not covered. https://www.itl.nist.gov/div898/strd/univ/homepage.html
"""

import json
import math
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from retroaudit.measures import moments
from retroaudit.measures.moments import Moments

DATA = Path(os.environ.get("RETROAUDIT_REFERENCE_DATA") or Path(__file__).parents[3] / "shared" / "data")
FOLDER = DATA / "nist_strd_univariate"
COVERED = {"count", "mean", "sd_n_minus_1"}


def references() -> list[Any]:
    """One case a published number that was reproduced by its collectors and that moments cover."""
    if not FOLDER.is_dir():
        reason = f"no reference data at {FOLDER}; set RETROAUDIT_REFERENCE_DATA"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="absent")]
    published = json.loads((FOLDER / "expected.json").read_text())["references"]
    cases = [each for each in published if each["reproduced"] is True and each["metric"] in COVERED]
    return [pytest.param(each, id=f"{each['subset']}-{each['metric']}") for each in cases]


def read(file: str) -> pl.Series:
    """The numbers below the rule that ends a data file's header, as decimals."""
    _, _, numbers = (FOLDER / "data" / file).read_text().rpartition("---")
    texts = numbers.split()
    return pl.Series("y", texts).str.to_decimal(scale=max(len(text.partition(".")[2]) for text in texts))


def measured(values: pl.Series, files: int = 3) -> Moments:
    """Moments of values that arrive in a number of files."""
    parts = [values.gather_every(files, first).to_frame("y").lazy() for first in range(files)]
    return moments.finish(moments.merge([moments.partial(part, ("y",)) for part in parts]))


def value_of(metric: str, found: Moments) -> float:
    assert found.mean is not None
    assert found.sample_variance is not None
    return {"count": found.n, "mean": found.mean, "sd_n_minus_1": math.sqrt(found.sample_variance)}[metric]


@pytest.mark.published
@pytest.mark.parametrize("reference", references())
def test_certified_values_to_every_printed_digit(reference: dict[str, Any]) -> None:
    value = value_of(reference["metric"], measured(read(reference["file"])))
    assert value == pytest.approx(reference["value"], rel=0, abs=reference["abs_tol"])
    decimals = len(reference["printed"].partition(".")[2])
    assert f"{value:.{decimals}f}" == reference["printed"]


@pytest.mark.parametrize("reference", references())
def test_certified_values_to_thirteen_digits_from_floats(reference: dict[str, Any]) -> None:
    value = value_of(reference["metric"], measured(read(reference["file"]).cast(pl.Float64)))
    assert value == pytest.approx(reference["value"], rel=1e-13)


@pytest.mark.parametrize("reference", references()[:1])
def test_no_certified_number_is_left_out(reference: dict[str, Any]) -> None:  # noqa: ARG001  # only skips with the rest
    assert len(references()) == 15  # five data sets, three numbers each


def numacc(low: str, middle: str, high: str) -> list[float]:
    """NIST's NumAcc2 to NumAcc4 by their construction: one middle, then 500 pairs of low and high; sd 0.1 exactly."""
    return [float(middle), *[float(low), float(high)] * 500]


def test_numacc4_the_hardest_to_the_digits_that_its_floats_hold() -> None:
    # NIST StRD, NumAcc4: certified sd 0.1. 10000000.1 has no float64; its neighbours are 1.9e-9 apart.
    values = numacc("10000000.1", "10000000.2", "10000000.3")
    sd = value_of("sd_n_minus_1", measured(pl.Series(values)))
    assert sd == pytest.approx(0.1, rel=0, abs=1e-9)


@pytest.mark.parametrize("base", [1_000_000, 10_000_000])
def test_a_naive_variance_would_not_pass(base: int) -> None:
    # NumAcc3 and NumAcc4. This is why the sums are exact: the textbook formula loses all but a few digits of 0.1.
    values = numacc(f"{base}.1", f"{base}.2", f"{base}.3")
    n = len(values)
    naive = (sum(value * value for value in values) - sum(values) ** 2 / n) / (n - 1)
    assert not math.isclose(math.sqrt(max(naive, 0)), 0.1, abs_tol=1e-4)
    assert value_of("sd_n_minus_1", measured(pl.Series(values))) == pytest.approx(0.1, rel=0, abs=1e-9)
