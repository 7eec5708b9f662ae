"""Compiled loops: where nothing can be cached they are compiled all the same, and no command loads them in vain."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from retroaudit.measures import kernels


def test_without_a_directory_for_the_cache_they_are_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    # as Numba does where neither the package nor the user's cache directory can be written
    def njit(*, nogil: bool, cache: bool = False) -> Callable[..., Any]:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: (nogil, function)

    monkeypatch.setattr(numba, "njit", njit)
    compiled: object = kernels._compiled(abs)
    assert compiled == (True, abs)


def test_cells_go_into_tables_of_every_size() -> None:
    # by hand: 2,000 powers of two, three times each, from a table of 512 slots
    values = np.ldexp(1.0, np.arange(-1000, 1000)).repeat(3)
    slots, bits, shift, used = kernels.add(
        values.view(np.int64), *kernels.table(0), 5_000, np.zeros(3, np.int64), kernels.no_sums()
    )
    assert (shift, used, len(slots)) == (0, 2_000, 2**bits)
    assert set(slots[slots[:, 0] > 0, 0].tolist()) == {3}


def test_importing_the_command_line_does_not_import_numba() -> None:
    code = "import sys, retroaudit.cli; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
