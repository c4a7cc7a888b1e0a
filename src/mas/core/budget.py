"""One budget for all agents of a run: amounts are reserved before and settled after (R8)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from mas.core.errors import BudgetReached
from mas.core.usage import MICROS_PER_USD, NOTHING, Usage


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits; None is no limit. `cost_micros` is in millionths of a dollar."""

    tokens: int | None = None
    cost_micros: int | None = None
    time: timedelta | None = None


NO_BUDGET = Budget()


@dataclass(frozen=True, kw_only=True)
class Account:
    """A budget with what is spent and what is promised to calls that are under way.

    Every change gives a new account. Where several processes share one, the change is made
    inside the transaction that stores it, so that two calls never promise the same amount.
    """

    budget: Budget
    spent: Usage = NOTHING
    reserved: Usage = NOTHING

    def reserve(self, most: Usage) -> Account:
        """Promise up to `most` to a call that is about to be made.

        Raises:
            BudgetReached: It might go beyond a limit; nothing is promised, and the call must
                not be made.
        """
        after = replace(self, reserved=self.reserved + most)
        over = after.over()
        if over is not None:
            raise BudgetReached(
                f"The budget of {over} does not allow the next step.",
                hint="Start it again with a larger budget; what was done so far is kept.",
            )
        return after

    def settle(self, most: Usage, actual: Usage) -> Account:
        """Replace a promise by what the call really used, also when that was more."""
        return replace(self, spent=self.spent + actual, reserved=_less(self.reserved, most))

    def over(self) -> str | None:
        """The limit that spent and promised amounts together go beyond, in words; else None."""
        total = self.spent + self.reserved
        limit = self.budget
        if limit.tokens is not None and total.tokens > limit.tokens:
            return f"{limit.tokens} tokens"
        if limit.cost_micros is not None and total.cost_micros > limit.cost_micros:
            return f"{limit.cost_micros / MICROS_PER_USD:g} USD"
        if limit.time is not None and total.time > limit.time:
            return f"{limit.time.total_seconds():g} seconds"
        return None


def _less(amount: Usage, taken: Usage) -> Usage:
    return Usage(
        input_tokens=amount.input_tokens - taken.input_tokens,
        output_tokens=amount.output_tokens - taken.output_tokens,
        cost_micros=amount.cost_micros - taken.cost_micros,
        time=amount.time - taken.time,
    )
