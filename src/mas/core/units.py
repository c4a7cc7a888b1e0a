"""Amounts as people read them."""

from __future__ import annotations


def cpu_text(millicores: int) -> str:
    """`250m` below one core, else cores with at most two decimals (`1.5`); zero is `0`."""
    if abs(millicores) < 1000:
        return f"{millicores}m" if millicores else "0"
    return f"{millicores / 1000:.2f}".rstrip("0").rstrip(".")


def memory_text(size: int) -> str:
    """Bytes in the largest binary unit that keeps them readable: `512Mi`, `1.5Gi`."""
    value = float(size)
    for unit in ("", "Ki", "Mi", "Gi", "Ti", "Pi"):
        if abs(value) < 1024 or unit == "Pi":
            return f"{value:.1f}".rstrip("0").rstrip(".") + unit
        value /= 1024
    raise AssertionError("unreachable")
