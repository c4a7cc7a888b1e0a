"""A server reached over streamable HTTP.

No proxy and no password file of the machine is used: headers go to the address that is configured
and to nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import streamable_http_client

from mas.adapters.mcp.config import ServerConfig
from mas.adapters.mcp.limits import Limits

_CONNECT_SECONDS: Final = 20.0
_ERROR: Final = 400


class HttpLink:
    """One connection to a server."""

    def __init__(self, server: ServerConfig, *, limits: Limits) -> None:
        self._server = server
        self._limits = limits
        self._status = 0
        self.over = asyncio.Event()
        """Never set from here: only a call shows that such a server has gone."""

    def account(self) -> str:
        """The last refusal, for a sentence in brackets; empty: there was none."""
        if self._status < _ERROR:
            return ""
        about = {
            401: ", it wants to know who asks: see `headers` in mcp.json",
            403: ", it does not let this account in",
            404: ", there is no MCP server at this path",
        }
        return f"HTTP {self._status}{about.get(self._status, '')}"

    @asynccontextmanager
    async def streams(self) -> AsyncGenerator[TransportStreams]:
        """Open the connection, and close it with its session."""
        limit = self._limits.message_bytes
        async with (
            httpx2.AsyncClient(
                headers={**self._server.headers, "Accept-Encoding": "identity"},
                # How long an answer may take is for the call to say.
                timeout=httpx2.Timeout(_CONNECT_SECONDS, read=None),
                transport=_Bounded(limit),
                trust_env=False,
                event_hooks={"response": [self._saw]},
            ) as client,
            streamable_http_client(
                self._server.url, http_client=client, max_sse_event_size=limit
            ) as streams,
        ):
            yield streams

    async def _saw(self, response: httpx2.Response) -> None:
        """Remember the outcome of a message; asking for a stream may be refused by the rules."""
        if response.request.method == "POST":
            self._status = response.status_code


class _Bounded(httpx2.AsyncHTTPTransport):
    """Refuses a body that is too large while it comes in."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__()
        self._most = most_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.RemoteProtocolError("the answer is compressed, which was not asked for")
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            stream = response.stream
            if isinstance(stream, httpx2.AsyncByteStream):
                response.stream = _Counted(stream, self._most)
        return response


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, most_bytes: int) -> None:
        self._stream = stream
        self._most = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > self._most:
                # The session answers this very error to the request, and lives on.
                raise httpx2.StreamError(
                    f"more than {self._most / 1_000_000:,.0f} MB is not taken; ask for less"
                )
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
