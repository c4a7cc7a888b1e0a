"""Quantities as the Kubernetes API writes them (D1, D4)."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.kubernetes.quantity import parse_cpu, parse_memory


@pytest.mark.parametrize(
    ("text", "millicores"),
    [
        ("1", 1000),
        ("250m", 250),
        ("0.5", 500),
        (".5", 500),
        ("2.", 2000),
        ("1e3", 1_000_000),
        ("123456789n", 124),
        ("1u", 1),
        ("0.1m", 1),
        ("0", 0),
        ("2k", 2_000_000),
        ("-250m", -250),
        (" 4 ", 4000),
    ],
)
def test_d4_cpu_is_millicores_rounded_up(text: str, millicores: int) -> None:
    assert parse_cpu(text) == millicores


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1Ki", 1024),
        ("1.5Gi", 1610612736),
        ("100M", 100_000_000),
        ("1E", 10**18),
        ("1E3", 1000),
        ("1e-3", 1),
        ("12Ei", 12 * 2**60),
        ("128974848000m", 128974848),
        ("31482304Ki", 31482304 * 1024),
        ("110", 110),
    ],
)
def test_d4_memory_is_bytes_rounded_up(text: str, count: int) -> None:
    assert parse_memory(text) == count


def test_numbers_that_are_no_text_are_read_too() -> None:
    assert parse_cpu(2) == 2000
    assert parse_cpu(0.25) == 250
    assert parse_memory(512) == 512


@pytest.mark.parametrize(
    "text", ["", "m", "1 Gi", "1gi", "0x10", "1e999", "1e99999999999", "9" * 60, "1Gi ;", "NaN"]
)
def test_what_is_no_quantity_raises_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"quantity|range"):
        parse_memory(text)


@given(
    st.fractions(min_value=0, max_value=10**6, max_denominator=1000),
    st.sampled_from([("", 1), ("k", 1000), ("Ki", 1024), ("Mi", 2**20), ("G", 10**9)]),
)
def test_rounding_never_loses_and_never_adds_a_whole_unit(
    value: Fraction, suffix: tuple[str, int]
) -> None:
    text = f"{float(value):.6f}"
    exact = Fraction(text) * suffix[1]
    assert exact <= parse_memory(text + suffix[0]) < exact + 1
