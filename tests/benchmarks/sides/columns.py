"""The columns of the data, by kind: what each side is told of them."""

from __future__ import annotations

from typing import Any

NUMBERS = tuple(f"num_{i:02d}" for i in range(15))
INTEGERS = tuple(f"int_{i:02d}" for i in range(3))
CATEGORIES = tuple(f"cat_{i:02d}" for i in range(4))
NUMERIC = (*NUMBERS, *INTEGERS)
FEATURES = (*NUMERIC, *CATEGORIES)
COLUMNS = (*FEATURES, "score", "prediction")
NUMERIC_METHOD, CATEGORICAL_METHOD, THRESHOLD = "wasserstein", "jensenshannon", 0.1

SPEC: dict[str, Any] = {
    "model": "bench",
    "owner": "bench@example.com",
    "columns": {
        "score": "score",
        "prediction": "prediction",
        "features": dict.fromkeys(NUMERIC, "numeric") | dict.fromkeys(CATEGORIES, "categorical"),
    },
    "reference": {"path": "reference/*.parquet"},
    "drift": {
        "numeric": {"method": NUMERIC_METHOD, "threshold": THRESHOLD},
        "categorical": {"method": CATEGORICAL_METHOD, "threshold": THRESHOLD},
    },
}
