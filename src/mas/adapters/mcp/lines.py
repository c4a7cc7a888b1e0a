"""Cuts what a server prints into lines, with a bound on the memory that a line may take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_KEPT: Final = 512
_ID: Final = rb'"id"\s*:\s*(\d{1,18}|"[^"\\]{1,100}")'
_AT_START: Final = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?' + _ID)
_AT_END: Final = re.compile(_ID + rb'\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$')


@dataclass(frozen=True, kw_only=True)
class TooLong:
    """A line that was thrown away but for its beginning and end."""

    head: bytes
    tail: bytes
    size: int

    def answers(self) -> int | str | None:
        """The id of the request that it answered, where that can be told."""
        found = _AT_START.match(self.head) or _AT_END.search(self.tail)
        if found is None:
            return None
        value = found[1]
        return int(value) if value[:1].isdigit() else value[1:-1].decode("utf-8", "replace")


class Lines:
    """Collects chunks and gives whole lines, without their ends; blank ones are left out."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._line = bytearray()
        self._dropped = 0
        """Bytes of the present line beyond what is kept; 0 while the line is whole."""

    def feed(self, chunk: bytes) -> Iterator[bytes | TooLong]:
        """The lines that end in this chunk."""
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            self._add(chunk[start:end])
            yield from self._end()
            start = end + 1
        self._add(chunk[start:])

    def rest(self) -> Iterator[bytes | TooLong]:
        """What came after the last line end."""
        yield from self._end()

    def _add(self, part: bytes) -> None:
        self._line += part
        if self._dropped:
            surplus = max(0, len(self._line) - 2 * _KEPT)
        elif len(self._line) > self._most:
            surplus = len(self._line) - 2 * _KEPT
        else:
            return
        if surplus > 0:
            del self._line[_KEPT : _KEPT + surplus]
            self._dropped += surplus

    def _end(self) -> Iterator[bytes | TooLong]:
        line, dropped = bytes(self._line), self._dropped
        self._line = bytearray()
        self._dropped = 0
        if dropped:
            yield TooLong(head=line[:_KEPT], tail=line[-_KEPT:], size=len(line) + dropped)
        elif line.strip():
            yield line
