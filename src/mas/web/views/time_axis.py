"""The time of a run as an axis on which waiting takes little room. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WIDTH = 1000
"""Units of the whole axis."""

FOLDED_SHARE = 0.2
"""Of the axis: a time without work that is longer is folded."""
_FOLD_WIDTH = 30
"""Units of a folded time."""
_SHORTEST = timedelta(microseconds=1)
FOLDED_FROM = timedelta(seconds=5)
"""Shorter times are never folded."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """From one moment to another."""

    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class Fold:
    """A time in which nobody worked, drawn narrow. `x` is its middle."""

    x: float
    length: timedelta


class TimeAxis:
    """Where a moment stands between 0 and `WIDTH`."""

    def __init__(self, whole: Span, busy: Iterable[Span]) -> None:
        """
        Args:
            whole: From the start of the run to its end, or to now.
            busy: When anybody worked; what is between may be folded.
        """
        self._start = whole.start
        end = max(whole.end, whole.start + _SHORTEST)
        idle = _between(_merged(busy, whole.start, end), whole.start, end)
        total = end - whole.start
        least = max(total * FOLDED_SHARE, FOLDED_FROM)
        folded = [span for span in idle if span.end - span.start > least]
        kept = total - sum((span.end - span.start for span in folded), timedelta())
        room = WIDTH - _FOLD_WIDTH * len(folded)
        self._knots: list[tuple[datetime, float]] = [(whole.start, 0.0)]
        self.folds: tuple[Fold, ...] = ()
        x, at = 0.0, whole.start
        for span in folded:
            x += room * ((span.start - at) / kept) if kept else 0.0
            self._knots.append((span.start, x))
            fold = Fold(x=x + _FOLD_WIDTH / 2, length=span.end - span.start)
            self.folds = (*self.folds, fold)
            x, at = x + _FOLD_WIDTH, span.end
            self._knots.append((at, x))
        self._knots.append((end, float(WIDTH)))

    def x(self, moment: datetime) -> float:
        """Where a moment stands; what is outside stands at an end."""
        before, at = self._knots[0]
        if moment <= before:
            return 0.0
        for knot, x in self._knots[1:]:
            if moment <= knot:
                share = (moment - before) / (knot - before) if knot > before else 1.0
                return at + share * (x - at)
            before, at = knot, x
        return float(WIDTH)


def _merged(spans: Iterable[Span], first: datetime, last: datetime) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        start, end = max(span.start, first), min(span.end, last)
        if end < start:
            continue
        if merged and start <= merged[-1].end:
            merged[-1] = Span(start=merged[-1].start, end=max(merged[-1].end, end))
        else:
            merged.append(Span(start=start, end=end))
    return merged


def _between(busy: Sequence[Span], first: datetime, last: datetime) -> list[Span]:
    idle = []
    at = first
    for span in busy:
        if span.start > at:
            idle.append(Span(start=at, end=span.start))
        at = max(at, span.end)
    if last > at:
        idle.append(Span(start=at, end=last))
    return idle
