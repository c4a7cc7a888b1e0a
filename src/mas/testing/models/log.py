"""What a server was asked, and waiting for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from mas.core.values import JsonObject, JsonValue
from mas.testing.models.request import ModelRequest, Protocol

KEY_HEADERS = frozenset(
    {"authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "proxy-authorization"}
)
MASK = "***"
Seen = TypeVar("Seen")


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One HTTP request, as it arrived."""

    number: int
    """From 1, in the order of arrival."""
    method: str
    path: str
    """As it was sent, with its query."""
    headers: Mapping[str, str]
    """Names in lower case. A key is masked: that it was there can be seen, what it was cannot."""
    body: JsonValue
    """Decoded; text where it is no JSON, None where nothing was sent."""
    at: datetime
    protocol: Protocol
    request: ModelRequest | None = None
    """What the model was asked; None for everything else, such as a list of models."""

    @property
    def has_key(self) -> bool:
        """Whether a key was sent."""
        return any(name in KEY_HEADERS for name in self.headers)

    @property
    def streaming(self) -> bool:
        """Whether the answer was to be a stream."""
        return self.request is not None and self.request.streaming

    def to_json(self) -> JsonObject:
        """The line of a record file."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "method": self.method,
            "path": self.path,
            "protocol": self.protocol,
            "streaming": self.streaming,
            "has_key": self.has_key,
            "headers": dict(self.headers),
            "body": self.body,
        }


def mask_keys(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with names in lower case and without any key."""
    return {
        name.lower(): MASK if name.lower() in KEY_HEADERS else value
        for name, value in headers.items()
    }


def now() -> datetime:
    return datetime.now(UTC)


class Log:
    """Keeps what happened; threads and event loops can wait for it without polling."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waking: list[Callable[[], None]] = []
        self._requests: tuple[Recorded, ...] = ()
        self._problems: tuple[str, ...] = ()
        self._hang_ups = 0

    @property
    def requests(self) -> tuple[Recorded, ...]:
        with self._changed:
            return self._requests

    @property
    def problems(self) -> tuple[str, ...]:
        with self._changed:
            return self._problems

    @property
    def hang_ups(self) -> int:
        with self._changed:
            return self._hang_ups

    def add(self, to_recorded: Callable[[int], Recorded]) -> Recorded:
        """Keep a request, which is made with the number that it gets."""
        with self._changed:
            recorded = to_recorded(len(self._requests) + 1)
            self._requests += (recorded,)
            self._wake()
            return recorded

    def add_problem(self, problem: str) -> None:
        with self._changed:
            self._problems += (problem,)
            self._wake()

    def add_hang_up(self) -> None:
        with self._changed:
            self._hang_ups += 1
            self._wake()

    def wait(self, look: Callable[[], Seen | None], limit: timedelta, what: str) -> Seen:
        """Return what `look` sees as soon as it sees something.

        Raises:
            TimeoutError: It has not happened within `limit`.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: look() is not None, limit.total_seconds()):
                raise TimeoutError(self._missed(what, limit))
            seen = look()
            assert seen is not None  # noqa: S101 - just seen, under the same lock
            return seen

    async def wait_async(
        self, look: Callable[[], Seen | None], limit: timedelta, what: str
    ) -> Seen:
        """As `wait`, for a running event loop."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()

        def wake() -> None:
            # The loop of a waiter that was given up can be closed by now.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(woken.set)

        with self._changed:
            self._waking.append(wake)
        try:
            async with asyncio.timeout(limit.total_seconds()):
                while (seen := self._look(look)) is None:
                    await woken.wait()
                    woken.clear()
                return seen
        except TimeoutError as exc:
            raise TimeoutError(self._missed(what, limit)) from exc
        finally:
            with self._changed:
                self._waking.remove(wake)

    def _look(self, look: Callable[[], Seen | None]) -> Seen | None:
        with self._changed:
            return look()

    def _wake(self) -> None:
        self._changed.notify_all()
        for wake in self._waking:
            wake()

    def _missed(self, what: str, limit: timedelta) -> str:
        return (
            f"{what} did not happen within {limit.total_seconds():g} s; "
            f"there were {len(self._requests)} requests, {self._hang_ups} hang-ups "
            f"and these problems: {list(self._problems)}"
        )
