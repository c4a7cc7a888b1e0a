"""Amounts as people read them."""

from __future__ import annotations

import math


def cpu_text(millicores: int, *, up: bool = False) -> str:
    """`250m` below one core, else cores with at most two decimals (`1.5`); zero is `0`.

    `up` rounds to the next hundredth instead of the nearest, for amounts that have to suffice.
    """
    if abs(millicores) < 1000:
        return f"{millicores}m" if millicores else "0"
    return _decimal(millicores / 1000, digits=2, up=up)


def memory_text(size: int, *, up: bool = False) -> str:
    """Bytes in the largest binary unit that keeps them readable: `512Mi`, `1.5Gi`.

    `up` rounds to the next tenth instead of the nearest, for amounts that have to suffice.
    """
    value = float(size)
    for unit in ("", "Ki", "Mi", "Gi", "Ti", "Pi"):
        if abs(value) < 1024 or unit == "Pi":
            return _decimal(value, digits=1, up=up) + unit
        value /= 1024
    raise AssertionError("unreachable")


def resource_text(resource: str, amount: int, *, up: bool = False) -> str:
    """An amount of a resource as quotas name it (`requests.cpu`, `limits.memory`, `pods`)."""
    if "cpu" in resource:
        return cpu_text(amount, up=up)
    if "memory" in resource or "storage" in resource:
        return memory_text(amount, up=up)
    return str(amount)


def _decimal(value: float, *, digits: int, up: bool) -> str:
    scale = 10**digits
    rounded = math.ceil(value * scale) / scale if up else value
    text = f"{rounded:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
