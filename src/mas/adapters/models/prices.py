"""What calls cost, out of the list that comes with the library; nothing is downloaded."""

from __future__ import annotations

import math
from decimal import Decimal

from genai_prices import Usage as Tokens
from genai_prices import calc_price

from mas.adapters.models.settings import Price
from mas.adapters.models.targets import Target

_MILLION = 1_000_000
_ELSEWHERE = ("endpoint", "ollama", "vllm")
"""Families that tell nothing of the price; the address may."""


class PriceTag:
    """The price of one model."""

    def __init__(self, target: Target, own: Price | None) -> None:
        """`own` is what the person has set; it goes before everything else."""
        self._target = target
        self._own = own

    def cost_micros(
        self, *, input: int, output: int, cache_read: int = 0, cache_write: int = 0
    ) -> int | None:
        """Millionths of a dollar, rounded up; None where no price is known.

        `input` holds all tokens that went in, those of the cache too.
        """
        if self._own is not None:
            return math.ceil(_own_cost(self._own, input, output, cache_read, cache_write))
        if self._target.free:
            return 0
        price = self._listed(input, output, cache_read, cache_write)
        return None if price is None else math.ceil(price * _MILLION)

    def most_micros(self, *, input: int, output: int) -> int:
        """The most that so many tokens can cost, however much of the input a cache takes; 0 where
        no price is known."""
        plain = self.cost_micros(input=input, output=output)
        written = self.cost_micros(input=input, output=output, cache_write=input)
        return max(plain or 0, written or 0)

    def _listed(self, input: int, output: int, cache_read: int, cache_write: int) -> Decimal | None:
        tokens = Tokens(
            input_tokens=input,
            output_tokens=output,
            # Not more than there are: a server that counts them apart would make it negative.
            cache_read_tokens=min(cache_read, input) or None,
            cache_write_tokens=min(cache_write, max(input - cache_read, 0)) or None,
        )
        target = self._target
        try:
            if target.family in _ELSEWHERE:
                price = calc_price(tokens, target.model, provider_api_url=target.base_url)
            else:
                price = calc_price(tokens, target.model, provider_id=target.family)
        except (LookupError, ValueError):
            return None
        return price.total_price


def _own_cost(price: Price, input: int, output: int, cache_read: int, cache_write: int) -> float:
    """In micros: dollars per million tokens are micros per token."""
    plain = max(input - cache_read - cache_write, 0)
    read = price.input if price.cache_read is None else price.cache_read
    write = price.input if price.cache_write is None else price.cache_write
    cost = plain * price.input + cache_read * read + cache_write * write + output * price.output
    # A float's last digit must not make a whole number one more.
    return round(cost, 6)
