"""What a run has used of what it may use. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mas.core.language import Language
from mas.core.run import Run
from mas.core.usage import MICROS_PER_USD
from mas.web.formats import duration, money, number
from mas.web.wording import Wording

_AMBER, _RED = 0.8, 0.95


@dataclass(frozen=True, kw_only=True)
class Used:
    """One amount. `value` and `most` are what a meter takes; `most` None: there is no limit."""

    name: str
    text: str
    label: str
    value: float
    most: float | None
    low: float = 0.0
    high: float = 0.0
    since: datetime | None = None
    """From when on it counts by itself."""
    of: str = ""
    """The limit behind an amount that counts by itself."""


def used(run: Run, *, language: Language, now: datetime) -> tuple[Used, ...]:
    """Cost, tokens and time; cost and tokens only where there are any, or a limit."""
    t = Wording(language)
    made = []
    budget, usage = run.budget, run.usage
    if usage.cost_micros or budget.cost_micros is not None:
        made.append(
            _used(
                t,
                "cost",
                usage.cost_micros / MICROS_PER_USD,
                None if budget.cost_micros is None else budget.cost_micros / MICROS_PER_USD,
                money(usage.cost_micros),
                "" if budget.cost_micros is None else money(budget.cost_micros),
            )
        )
    if usage.tokens or budget.tokens is not None:
        limit = "" if budget.tokens is None else number(budget.tokens)
        made.append(_used(t, "tokens", usage.tokens, budget.tokens, number(usage.tokens), limit))
    time = _time(run, now)
    # Without a limit the time stands beside the status already.
    if time is not None and budget.time is not None:
        limit = duration(budget.time, language)
        made.append(
            _used(
                t,
                "time",
                round(time.total_seconds(), 1),
                budget.time.total_seconds(),
                duration(time, language),
                limit,
                since=None if run.status.ended else run.started_at,
            )
        )
    return tuple(made)


def _time(run: Run, now: datetime) -> timedelta | None:
    """Wall time from the start of planning."""
    if run.started_at is None:
        return None
    if run.usage.time:
        return run.usage.time
    return max((run.finished_at or now) - run.started_at, timedelta())


def _used(
    t: Wording,
    key: str,
    value: float,
    most: float | None,
    amount: str,
    limit: str,
    *,
    since: datetime | None = None,
) -> Used:
    name = t(f"usage.{key}")
    return Used(
        name=name,
        text=amount,
        label=t("usage.of", name=name, amount=amount, limit=limit) if limit else name,
        value=value,
        most=most,
        low=0.0 if most is None else most * _AMBER,
        high=0.0 if most is None else most * _RED,
        since=since,
        of=limit,
    )
