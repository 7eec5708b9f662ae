"""What is compared of a validation's result: of each expectation its success, and the numbers that it is judged by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

FORMAT = {"result_format": "BASIC"}
_NUMBERS = ("observed_value", "element_count", "missing_count", "unexpected_count", "unexpected_percent")
Outcome = tuple[str, bool, dict[str, Any]]


def outcomes(result: Any) -> list[Outcome]:
    """Of GX's result of a suite, by expectation, in the order of its canonical text."""
    found = result.to_json_dict()["results"]
    return sorted(outcome(each["expectation_config"], each["success"], each["result"]) for each in found)


def outcome(expectation: Mapping[str, Any], success: Any, result: Mapping[str, Any]) -> Outcome:
    """Of one expectation."""
    kwargs = {name: _plain(value) for name, value in expectation["kwargs"].items() if name != "batch_id"}
    numbers = {name: result[name] for name in _NUMBERS if name in result}
    return json.dumps([expectation["type"], kwargs], sort_keys=True), bool(success), numbers


def _plain(value: Any) -> Any:
    """GX turns whole numbers into floats."""
    return float(value) if isinstance(value, int) else value
