"""Reading `text/event-stream` in tests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One server-sent event."""

    id: str
    event: str
    data: Any


class Parser:
    """Puts lines together to events, as a browser does."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}
        self.comments: list[str] = []
        self.retry = ""

    def take(self, line: str) -> Sent | None:
        """An event, when this line ends one."""
        if line.startswith(":"):
            self.comments.append(line)
        elif line:
            name, _, value = line.partition(": ")
            if name == "retry":
                self.retry = value
            else:
                self._fields[name] = value
        elif "data" in self._fields:
            told, self._fields = self._fields, {}
            return Sent(id=told["id"], event=told["event"], data=json.loads(told["data"]))
        return None


def sent(lines: Iterable[str]) -> Iterator[Sent]:
    """The events in lines."""
    parser = Parser()
    for line in lines:
        if (one := parser.take(line)) is not None:
            yield one


async def sent_later(lines: AsyncIterator[str]) -> AsyncIterator[Sent]:
    """The events in lines that are still to come."""
    parser = Parser()
    async for line in lines:
        if (one := parser.take(line)) is not None:
            yield one
