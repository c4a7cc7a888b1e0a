"""Pauses before a model is asked again (A5)."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from mas.adapters.models.pauses import pause

SECOND = timedelta(seconds=1)


@given(failures=st.integers(1, 10_000), jitter=st.floats(0, 1))
def test_a5_a_pause_never_leaves_its_bounds(failures: int, jitter: float) -> None:
    assert SECOND / 2 <= pause(failures, None, jitter) <= 15 * SECOND


def test_a5_pauses_double_until_the_longest() -> None:
    assert [pause(n, None, 0.0) / SECOND for n in range(1, 7)] == [1, 2, 4, 8, 15, 15]


def test_a5_jitter_shortens_a_pause_of_our_own_and_never_one_that_is_wanted() -> None:
    assert pause(1, None, 1.0) == SECOND / 2
    assert pause(1, 10 * SECOND, 0.0) == 10 * SECOND
    assert pause(1, 10 * SECOND, 1.0) == 11 * SECOND
