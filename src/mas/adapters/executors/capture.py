"""Keeps what a command says within a limit, and counts all of it."""

from __future__ import annotations

from collections import deque
from typing import Final

_MARK: Final = b"\n... %d bytes left out ...\n"
_MARK_ROOM: Final = 48


class Capture:
    """Takes in any amount of output; keeps its beginning and its end, where errors stand."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = max(limit_bytes, 0)
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._marked = self._limit >= 4 * _MARK_ROOM
        self._head_limit = self._limit // 2 if self._marked else self._limit
        self.total_bytes = 0

    def add(self, data: bytes) -> None:
        """Take in the next piece."""
        self.total_bytes += len(data)
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if not data or not self._marked:
            return
        self._tail.append(data)
        self._tail_bytes += len(data)
        while self._tail_bytes - len(self._tail[0]) >= self._limit - self._head_limit:
            self._tail_bytes -= len(self._tail.popleft())

    def output(self) -> bytes:
        """What is kept, in at most as many bytes as the limit."""
        tail = b"".join(self._tail)
        if self.total_bytes <= self._limit:
            return bytes(self._head) + tail
        if not self._marked:
            return bytes(self._head)
        kept = tail[-(self._limit - self._head_limit - _MARK_ROOM) :]
        missing = self.total_bytes - len(self._head) - len(kept)
        return bytes(self._head) + _MARK % missing + kept
