"""Reads off an answer what it has used, while it goes by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from mas.adapters.models.gateway.events import EventCutter, object_of
from mas.adapters.models.gateway.wires import Kind

_LARGEST: Final = 32 * 1024 * 1024
"""Bytes of an event, or of an answer that is no stream; nothing is read off larger ones."""
_MOST_TOKENS: Final = 1_000_000_000


@dataclass(kw_only=True)
class Counted:
    """Tokens as the provider has counted them; None: it has not said."""

    plain_input: int | None = None
    """For the protocol of Anthropic without those of the cache, else with them."""
    output: int | None = None
    cache_read: int = 0
    cache_write: int = 0
    finished: bool = False
    """`output` is the whole answer's, not that of its beginning."""


class UsageReader:
    """Takes in a copy of an answer's bytes."""

    def __init__(self, kind: Kind, *, streams: bool) -> None:
        self._kind = kind
        self._streams = streams
        self._cutter = EventCutter()
        self._whole = bytearray()
        self._lost = False
        self.counted = Counted()

    @property
    def input(self) -> int | None:
        """All tokens that went in, those of the cache too."""
        counted = self.counted
        if counted.plain_input is None or self._kind != "messages":
            return counted.plain_input
        return counted.plain_input + counted.cache_read + counted.cache_write

    def feed(self, piece: bytes) -> None:
        """Take in the next bytes."""
        if self._lost:
            return
        if not self._streams:
            self._whole += piece
            self._lost = len(self._whole) > _LARGEST
            return
        for event in self._cutter.feed(piece):
            # Most events carry a few letters of text, and need not be decoded.
            if b'"usage"' in event:
                self._look(object_of(event))
        self._lost = len(self._cutter.rest) > _LARGEST

    def end(self) -> None:
        """Nothing more comes."""
        if not self._streams and not self._lost:
            try:
                self._look(msgspec.json.decode(bytes(self._whole)))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                self._lost = True
        self._whole.clear()

    def _look(self, value: object) -> None:
        if not isinstance(value, Mapping):
            return
        for holder in (value, value.get("message"), value.get("response")):
            usage = holder.get("usage") if isinstance(holder, Mapping) else None
            if isinstance(usage, Mapping):
                self._take(usage)
                # The first message of a stream tells the output of a single token.
                began = self._streams and value.get("type") == "message_start"
                self.counted.finished |= not began

    def _take(self, usage: Mapping[str, Any]) -> None:
        counted, chat = self.counted, self._kind == "chat"
        input_tokens = _count(usage.get("prompt_tokens" if chat else "input_tokens"))
        output = _count(usage.get("completion_tokens" if chat else "output_tokens"))
        if self._kind == "messages":
            read = _count(usage.get("cache_read_input_tokens"))
            write = _count(usage.get("cache_creation_input_tokens"))
        else:
            details = usage.get("prompt_tokens_details" if chat else "input_tokens_details")
            inner = details if isinstance(details, Mapping) else {}
            read = _count(inner.get("cached_tokens"))
            write = _count(inner.get("cache_write_tokens"))
        # Numbers grow over a stream, and a later event leaves out or sets to nothing what was said.
        if input_tokens is not None:
            counted.plain_input = max(counted.plain_input or 0, input_tokens)
        if output is not None:
            counted.output = max(counted.output or 0, output)
        counted.cache_read = max(counted.cache_read, read or 0)
        counted.cache_write = max(counted.cache_write, write or 0)


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return min(value, _MOST_TOKENS)
