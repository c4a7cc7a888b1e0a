"""What work has used up: tokens, money, time (R1, R8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

MICROS_PER_USD = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Amounts that add up. Money is counted in millionths of a dollar, so that sums are exact."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    time: timedelta = timedelta()

    @property
    def tokens(self) -> int:
        """Input and output tokens together."""
        return self.input_tokens + self.output_tokens

    @property
    def cost_usd(self) -> float:
        """Cost in dollars, for people and JSON."""
        return self.cost_micros / MICROS_PER_USD

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_micros=self.cost_micros + other.cost_micros,
            time=self.time + other.time,
        )

    def to_json(self) -> dict[str, int | float]:
        """The shape of the `usage` field in every answer; `seconds` has three decimals."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_usd": self.cost_usd,
            "seconds": round(self.time.total_seconds(), 3),
        }


NOTHING = Usage()
