"""Round numbers for bins and axes."""

from __future__ import annotations

import math
from fractions import Fraction

_STEPS = ((1, 0), (2, 0), (25, -1), (5, 0), (10, 0))  # 1, 2, 2.5, 5 and 10 as digits and power
_FINEST = 1e-9  # of the magnitude: finer steps would not tell neighbours apart
_LEAST = 1e-300


def round_numbers(low: float, high: float, most: int) -> list[float]:
    """Multiples of a round step that enclose `low <= x <= high`, which are at most `most` steps apart.

    The step is the smallest of 1, 2, 2.5, 5 x 10^k that is enough; each number is the nearest double to its
    decimal. Where low equals high there are two numbers around it. What is beyond the doubles is left out.
    """
    least = max(high / most - low / most, max(abs(low), abs(high)) * _FINEST, _LEAST)
    power = math.floor(math.log10(least))
    digits, power = next(
        (digits, power + shift) for digits, shift in _STEPS if float(f"{digits}e{power + shift}") >= least * (1 - 1e-9)
    )
    width = digits * Fraction(10) ** power  # exact: a quotient of doubles could round to the next number
    first, last = math.floor(Fraction(low) / width), math.floor(Fraction(high) / width) + 1
    numbers = {float(f"{number * digits}e{power}") for number in range(first, last + 1)}
    return sorted(number for number in numbers if math.isfinite(number))
