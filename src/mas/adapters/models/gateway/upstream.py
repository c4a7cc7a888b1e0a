"""The way to the provider: one client, without redirects, cookies or settings of the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

import httpx2

from mas.adapters.models.gateway.headers import upwards
from mas.adapters.models.http import open_client
from mas.adapters.models.targets import Target

_CONNECT_SECONDS: Final = 10.0


class UpstreamFailed(Exception):
    """The provider did not answer, or broke off; the text is told to the agent.

    `late` where it took too long, `sent` where the request may have reached it.
    """

    def __init__(self, message: str, *, late: bool = False, sent: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.late = late
        self.sent = sent


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer whose headers are there."""

    status: int
    headers: Mapping[str, str]
    """By names in lower case."""
    pieces: AsyncIterator[bytes]
    """The body as it comes. Raises UpstreamFailed where it breaks off."""


class Upstream:
    """Sends requests to providers."""

    def __init__(self, environment: Mapping[str, str], *, timeout: timedelta) -> None:
        """`timeout` is for the first byte of an answer, and for the silence between two pieces."""
        self._environment = environment
        self._seconds = timeout.total_seconds()
        self._client: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        """Raises UserError where a proxy or certificate cannot be used (`model_setting`)."""
        self._client = open_client(self._environment, timeout=timedelta(seconds=self._seconds))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @asynccontextmanager
    async def ask(
        self, target: Target, path: str, *, query: bytes, headers: Mapping[str, str], body: bytes
    ) -> AsyncIterator[Answer]:
        """Send a request; leaving the context before the end lets go of the answer.

        Raises:
            UpstreamFailed: There is no answer.
        """
        client = self._client
        if client is None:
            raise UpstreamFailed("The model gateway is closing.", sent=False)
        url = httpx2.URL(target.base_url + path)
        # Not made by the client, which would put in its own headers and another agent's cookies.
        request = httpx2.Request(
            "POST",
            url.copy_with(query=query) if query else url,
            headers=upwards(headers, target),
            content=body,
            extensions={"timeout": self._limits()},
        )
        async with AsyncExitStack() as stack:
            response = await self._send(client, request, target)
            stack.push_async_callback(response.aclose)
            yield Answer(
                status=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                pieces=_pieces(response, target),
            )

    async def _send(
        self, client: httpx2.AsyncClient, request: httpx2.Request, target: Target
    ) -> httpx2.Response:
        try:
            async with asyncio.timeout(self._seconds):
                return await client.send(request, stream=True, auth=None)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as exc:
            raise UpstreamFailed(f"{target.name} cannot be reached.", sent=False) from exc
        except (TimeoutError, httpx2.TimeoutException) as exc:
            raise UpstreamFailed(f"{target.name} does not answer in time.", late=True) from exc
        except httpx2.HTTPError as exc:
            raise UpstreamFailed(f"{target.name} breaks off without an answer.") from exc

    def _limits(self) -> dict[str, float | None]:
        limits = httpx2.Timeout(self._seconds, connect=min(_CONNECT_SECONDS, self._seconds))
        return limits.as_dict()


async def _pieces(response: httpx2.Response, target: Target) -> AsyncIterator[bytes]:
    try:
        async with aclosing(response.aiter_raw()) as pieces:
            async for piece in pieces:
                yield piece
    except httpx2.TimeoutException as exc:
        raise UpstreamFailed(f"{target.name} falls silent in its answer.", late=True) from exc
    except (httpx2.HTTPError, httpx2.StreamError) as exc:
        raise UpstreamFailed(f"{target.name} breaks off in its answer.") from exc
