"""How long to wait before a model is asked again."""

from __future__ import annotations

from datetime import timedelta

_FIRST = timedelta(seconds=1)
_LONGEST = timedelta(seconds=15)


def pause(failures: int, wanted: timedelta | None, jitter: float) -> timedelta:
    """The pause after so many failures (from 1): it doubles, from one second to fifteen.

    `jitter` from 0 to 1 makes it up to a half shorter, so that many who failed together do not
    come back together; what the provider has `wanted` is kept, and made up to a tenth longer.
    """
    if wanted is not None:
        return wanted * (1 + jitter / 10)
    # Bounded before it is used: a power of any size would not fit into a duration.
    doubled = _FIRST * float(2 ** min(failures - 1, 10))
    return min(doubled, _LONGEST) * (1 - jitter / 2)
