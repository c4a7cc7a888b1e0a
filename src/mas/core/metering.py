"""Metering the model calls of agents that run in processes of their own (A8, R8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from mas.core.usage import Usage


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One model call that went through the gateway, as the journal keeps it."""

    model: str
    """`provider:name` of the model that was asked."""
    status: int
    """HTTP status of the answer; 0: the connection broke."""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_micros: int = 0
    priced: bool = True
    recorded_as: str = ""
    """Where request and answer are kept for replay: a name in the agent's folder of exchanges."""

    @property
    def usage(self) -> Usage:
        """What the call has used."""
        return Usage(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cost_micros=self.cost_micros,
        )


class Meter(Protocol):
    """Holds the calls of one agent to the budgets of its run and task, and records them."""

    async def call(self, most: Usage, body: Callable[[], Awaitable[Exchange]]) -> Exchange:
        """Reserve `most`, make the call, settle it with what it has used.

        Raises:
            BudgetReached: The budget does not allow it; `body` did not run.
        """
        ...
