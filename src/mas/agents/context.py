"""What a model is shown: sizes in tokens, context cut to fit, and data marked as data (Q2, D10)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from mas.agents.reasoner import Block

STAGE_TOKENS = 4_000
"""Instructions and context of one stage stay below this, unless the instructions alone do not."""

_LEAST_TOKENS = 1_000
_BLOCK_TOKENS = 12
"""What title and marks of one block cost."""

_WIDE = re.compile(r"[ᄀ-\U0010ffff]")
_MARK = re.compile(r"<(?=\s*/?\s*data\b)", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_IN_TITLE = re.compile(r"[^\w .,:/()-]+")


def estimate_tokens(text: str) -> int:
    """About as many tokens as a provider would count: one for a wide character (Hangul, Han,
    emoji), one for 3.5 others."""
    if text.isascii():
        return math.ceil(len(text) / 3.5)
    wide = len(_WIDE.findall(text))
    return math.ceil(wide + (len(text) - wide) / 3.5)


def room_beside(instructions: str) -> int:
    """Tokens that are left for the context of a stage with these instructions."""
    return max(_LEAST_TOKENS, STAGE_TOKENS - estimate_tokens(instructions))


def fit(blocks: Iterable[Block], tokens: int) -> tuple[Block, ...]:
    """Return the blocks cut to about `tokens` together; short ones stay whole.

    The longest are cut, all to the same size, and say how much of them is shown. Empty ones are
    left out.
    """
    kept = [block for block in blocks if block.text.strip()]
    sizes = [estimate_tokens(block.text) for block in kept]
    cap = _cap(sizes, tokens - _BLOCK_TOKENS * len(kept))
    return tuple(
        block if size <= cap else Block(title=block.title, text=cut(block.text, cap))
        for block, size in zip(kept, sizes, strict=True)
    )


def cut(text: str, tokens: int) -> str:
    """Return the beginning of a text, with the total, in at most `tokens`."""
    if estimate_tokens(text) <= tokens:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if estimate_tokens(text[:middle] + _cut_mark(middle, len(text))) <= tokens:
            low = middle
        else:
            high = middle - 1
    return text[:low] + _cut_mark(low, len(text))


def data(title: str, text: str) -> str:
    """Mark a text as data. Nothing inside can end the mark or begin another one."""
    safe = _MARK.sub("&lt;", _UNPRINTABLE.sub(" ", text))
    return f'<data title="{_IN_TITLE.sub(" ", title).strip()}">\n{safe}\n</data>'


def to_context(blocks: Sequence[Block], tokens: int) -> str:
    """All blocks, marked and cut to `tokens`, as one text."""
    return "\n\n".join(data(block.title, block.text) for block in fit(blocks, tokens))


def first_line(text: str, limit: int = 200) -> str:
    """The first line that says something, cut at `limit` characters."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _cap(sizes: Sequence[int], tokens: int) -> int:
    """The largest size such that blocks cut to it have room together."""
    left, count = max(tokens, 0), len(sizes)
    for size in sorted(sizes):
        if size * count > left:
            return left // count
        left -= size
        count -= 1
    return max(sizes, default=0)


def _cut_mark(shown: int, total: int) -> str:
    return f"\n... cut: {shown:,} of {total:,} characters shown"
