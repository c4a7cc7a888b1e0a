"""When a failed or lost task is tried again (R4, R5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from mas.core.errors import MasError, Transient


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Bounded retries with a delay that grows by `factor`; only transient errors are retried."""

    max_failures: int = 3
    """The task fails for good with this failure; 1 means no retry."""
    first_delay: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    max_delay: timedelta = timedelta(minutes=1)
    max_crashes: int = 5
    """A task whose process died this often in a row, with no new record in between, fails:
    it may be the task that kills the process."""
    alone_after: int = 2
    """From so many such deaths on it is done with no other task beside it in the process, so that
    only the one that kills is blamed for the next death."""

    def delay(self, error: MasError, failures: int) -> timedelta | None:
        """How long to wait before the next attempt, or None when there is to be none.

        `failures` counts this one. What the error itself asks for (`retry_after`) is honoured.
        """
        if not isinstance(error, Transient) or failures >= self.max_failures:
            return None
        if error.retry_after is not None:
            return max(error.retry_after, timedelta())
        # Capped before it is multiplied: a large power would overflow a timedelta.
        growth = min(self.factor ** min(failures - 1, 64), self.max_delay / self.first_delay)
        return min(self.first_delay * growth, self.max_delay)
