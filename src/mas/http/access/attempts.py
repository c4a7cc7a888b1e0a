"""Counting wrong tokens, so that guessing gets slow and the audit log stays readable."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

Ticks = Callable[[], float]
"""Seconds since some moment; never goes back."""

MOST_CLIENTS: Final = 4096
"""So many are kept in mind; who has not been seen for longest is forgotten first."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How many wrong tokens cost nothing, and how long the wait may get."""

    free: int
    longest: timedelta
    forget: timedelta
    """After so long without a wrong one everything starts anew."""


OF_ONE = Patience(free=5, longest=timedelta(minutes=15), forget=timedelta(hours=1))
OF_ALL = Patience(free=100, longest=timedelta(seconds=30), forget=timedelta(minutes=10))
"""Of all together that have got something wrong: guessing from many places gets slow, too."""


class Attempts:
    """Wrong tokens by client and in all. The wait doubles with each one."""

    def __init__(
        self, ticks: Ticks, *, of_one: Patience = OF_ONE, of_all: Patience = OF_ALL
    ) -> None:
        self._ticks = ticks
        self._of_one = of_one
        self._all = _Count(of_all)
        self._clients: OrderedDict[str, _Count] = OrderedDict()

    def wait(self, client: str) -> timedelta | None:
        """How long this client has to wait before its next attempt; None: not at all.

        One that has got nothing wrong yet never waits: strangers cannot shut it out.
        """
        one = self._clients.get(client)
        if one is None:
            return None
        now = self._ticks()
        until = max(self._all.until, one.until)
        return timedelta(seconds=until - now) if until > now else None

    def failed(self, client: str) -> None:
        """Count a wrong token."""
        now = self._ticks()
        one = self._clients.setdefault(client, _Count(self._of_one))
        self._clients.move_to_end(client)
        one.add(now)
        self._all.add(now)
        if len(self._clients) > MOST_CLIENTS:
            self._clients.popitem(last=False)

    def succeeded(self, client: str) -> None:
        """Forget what this client has got wrong before."""
        self._clients.pop(client, None)


class _Count:
    """Wrong tokens, and when the next attempt may be made."""

    __slots__ = ("_last", "_number", "_patience", "until")

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._number = 0
        self._last = 0.0
        self.until = 0.0

    def add(self, now: float) -> None:
        if now - self._last > self._patience.forget.total_seconds():
            self._number = 0
        self._last = now
        self._number += 1
        over = self._number - self._patience.free
        if over > 0:
            longest = self._patience.longest.total_seconds()
            # The exponent is held small: no number is needed that no clock has.
            self.until = now + min(2.0 ** min(over - 1, 32), longest)


class Seldom:
    """Lets one thing of a kind pass in a while."""

    def __init__(
        self, ticks: Ticks, *, every: timedelta = timedelta(minutes=1), most: int = 256
    ) -> None:
        self._ticks = ticks
        self._every = every.total_seconds()
        self._most = most
        self._passed: OrderedDict[str, float] = OrderedDict()

    def passes(self, kind: str) -> bool:
        """Whether it is this one's turn. More than `most` kinds at a time do not all pass."""
        now = self._ticks()
        while self._passed and now - next(iter(self._passed.values())) >= self._every:
            self._passed.popitem(last=False)
        if kind in self._passed or len(self._passed) >= self._most:
            return False
        self._passed[kind] = now
        return True
