"""Kubernetes quantities (`250m`, `1.5Gi`, `2e3`) as whole numbers, rounded up as the API does."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

_QUANTITY = re.compile(
    r"(?P<sign>[+-]?)(?P<number>\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})"
    r"(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?\d{1,3}))?"
)
_SUFFIXES: dict[str, Fraction] = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    **{suffix: Fraction(1000**power) for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Fraction(1024**power) for power, suffix in enumerate("KMGTPE", start=1)},
}
_LARGEST_EXPONENT = 30


def parse_cpu(text: str | int | float) -> int:
    """Millicores of a CPU quantity, rounded up.

    Raises:
        ValueError: The text is no quantity.
    """
    return _scaled(str(text), 1000)


def parse_memory(text: str | int | float) -> int:
    """Bytes of a memory or storage quantity, rounded up. Reads plain counts (`pods`) as well.

    Raises:
        ValueError: The text is no quantity.
    """
    return _scaled(str(text), 1)


@lru_cache(maxsize=65536)
def _scaled(text: str, factor: int) -> int:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:40]!r} is no quantity")
    value = Fraction(match["number"]) * _SUFFIXES[match["suffix"] or ""] * factor
    if match["exponent"]:
        exponent = int(match["exponent"])
        if abs(exponent) > _LARGEST_EXPONENT:
            raise ValueError(f"{text[:40]!r} is out of range")
        value *= Fraction(10) ** exponent
    if match["sign"] == "-":
        value = -value
    return -(-value.numerator // value.denominator)
