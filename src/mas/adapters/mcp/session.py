"""One server's session: started on first use, ended when it is closed, started again when it died.

A session is opened and closed by one task, its owner. Calls are sends and waits on the session's
streams and may come from any task, so that cancelling a caller cancels just its request.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx2
from mcp.client._input_required import InputRequiredRoundsExceededError
from mcp.client.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    UNSUPPORTED_PROTOCOL_VERSION,
    Implementation,
    Tool,
    ToolListChangedNotification,
)
from pydantic import ValidationError

from mas import __version__
from mas.adapters.mcp.config import ServerConfig
from mas.adapters.mcp.http import HttpLink
from mas.adapters.mcp.limits import Limits
from mas.adapters.mcp.log import BoundedLog, Mask
from mas.adapters.mcp.offers import Listed, Offer, offers_of
from mas.adapters.mcp.results import to_output
from mas.adapters.mcp.stdio import CannotStart, StdioLink
from mas.adapters.tools.family import RawOutput, failed
from mas.core.language import plain
from mas.core.values import JsonValue

_MOST_PAGES: Final = 200
_TERMINATED: Final = "Session terminated"
_PAUSE_PER_START: Final = 5
"""How much longer than a failed start took the server is then left alone."""
_LONGEST_PAUSE: Final = timedelta(minutes=10)
_CLOSE_LIMIT: Final = timedelta(seconds=15)


class ServerDown(Exception):
    """The server cannot be used just now; the text is a sentence that says why."""


class _Life:
    """One life of a session, from a start to its end."""

    def __init__(self, link: StdioLink | HttpLink) -> None:
        self.link = link
        self.begun = asyncio.get_running_loop().time()
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.owner: asyncio.Task[None] | None = None
        self.client: Client | None = None
        self.offers: dict[str, Offer] = {}
        self.stale = False
        self.note = ""

    @property
    def over(self) -> asyncio.Event:
        """Set when this life is to end, or has."""
        return self.link.over

    @property
    def ended(self) -> bool:
        """Whether a new life is needed; one that has not begun may still change its link."""
        if self.owner is None or self.owner.done():
            return True
        return self.ready.done() and self.over.is_set()


class ServerSession:
    """The session of one configured server, through all its lives."""

    def __init__(
        self, server: ServerConfig, *, log_folder: Path, mask: Mask, limits: Limits
    ) -> None:
        # What the library logs quotes what servers sent, with whatever secrets are in it.
        logging.getLogger("mcp.client").setLevel(logging.CRITICAL)
        self._server = server
        self._limits = limits
        self._mask = mask
        file = log_folder / f"mcp-{server.alias}.log"
        self._log = BoundedLog(file, most_bytes=limits.log_bytes, mask=mask)
        self._life: _Life | None = None
        self._starting = asyncio.Lock()
        self._falls: deque[float] = deque()
        self._pause_until = 0.0
        # Older servers hang or exit when the first message is not `initialize`; over HTTP one
        # request does the next no harm.
        self._mode = "auto" if server.kind == "http" else "legacy"
        self._closed = False
        self._fault = ""
        """How it last failed, a sentence."""
        self.problem = ""
        """What is wrong just now, a sentence; empty: nothing."""

    async def offers(self) -> Mapping[str, Offer]:
        """The server's tools, by the names under which MAS offers them.

        Raises:
            ServerDown: It did not start, or does not answer.
        """
        life = await self._living()
        if life.stale and life.client is not None:
            life.stale = False
            try:
                async with asyncio.timeout(self._server.start_limit.total_seconds()):
                    await self._list(life, life.client)
            except (MCPError, TimeoutError, ValidationError) as exc:
                life.stale = True
                self.problem = self._sentence(f"does not list its tools ({self._reason(exc)})")
        return life.offers

    async def offers_or_none(self) -> Mapping[str, Offer]:
        """As `offers`; none while the server is down, and `problem` says why."""
        try:
            return await self.offers()
        except ServerDown as exc:
            self.problem = str(exc)
            return {}

    async def call(
        self, name: str, arguments: Mapping[str, JsonValue], *, limit: timedelta
    ) -> RawOutput:
        """Call a tool by its offered name. Whatever goes wrong is a failed output."""
        try:
            life = await self._living()
        except ServerDown as exc:
            return failed(f"{exc} {name} was not called.")
        offer = life.offers.get(name)
        if offer is None or life.client is None:
            return failed(f"The MCP server {self._server.name} has no tool {name} any more.")
        limit = min(limit, self._server.call_limit)
        try:
            async with asyncio.timeout(limit.total_seconds()):
                result = await life.client.call_tool(offer.called, dict(arguments))
        except TimeoutError:
            return failed(
                f"{name} did not end within {limit.total_seconds():g} seconds and was told to "
                "stop. It may have taken effect: look before you call it again."
            )
        except MCPError as exc:
            if exc.code == CONNECTION_CLOSED or _lost_session(exc):
                return await self._after_death(life, name)
            said = plain(self._mask(exc.message), limit=1_000)
            return failed(f"The MCP server refused {name}: {said}")
        except InputRequiredRoundsExceededError:
            return failed(f"{name} keeps asking a person for input, which cannot be given here.")
        except (RuntimeError, ValidationError) as exc:
            return failed(
                f"{name} answered what does not fit its own description: "
                f"{plain(self._mask(str(exc)), limit=500)}"
            )
        return to_output(result)

    async def close(self) -> None:
        """End the session and everything that it started; it does not start again."""
        self._closed = True
        async with self._starting:
            if self._life is not None:
                await self._end(self._life)
        self._log.close()

    async def _living(self) -> _Life:
        """The session, started where it does not live; several callers wait for one start."""
        async with self._starting:
            if self._closed:
                raise ServerDown(self._sentence("has been closed"))
            life = self._life
            if life is None or life.ended:
                if life is not None:
                    await self._end(life)
                self._may_start()
                life = self._life = _Life(self._link())
                life.owner = asyncio.create_task(self._own(life))
        # A caller who gives up takes nothing from the others who wait.
        await asyncio.shield(life.ready)
        return life

    def _link(self) -> StdioLink | HttpLink:
        if self._server.kind == "http":
            return HttpLink(self._server, limits=self._limits)
        return StdioLink(self._server, limits=self._limits, log=self._log)

    def _may_start(self) -> None:
        now = asyncio.get_running_loop().time()
        window = self._limits.restart_window.total_seconds()
        while self._falls and self._falls[0] <= now - window:
            self._falls.popleft()
        wait = self._pause_until - now
        if len(self._falls) > self._limits.restarts:
            wait = max(wait, self._falls[0] + window - now)
        if wait > 0:
            raise ServerDown(f"{self._fault} It is left alone for another {wait:.0f} seconds.")

    async def _own(self, life: _Life) -> None:
        """Open the session, wait for its end, close it: all in this one task."""
        try:
            try:
                await self._live(life)
            except Exception as exc:
                if life.ready.done() or not self._knows_only_newer(exc):
                    raise
                self._mode = "auto"
                life.link = self._link()
                await self._live(life)
        except asyncio.CancelledError:
            if not self._closed:
                raise
        except Exception as exc:  # noqa: BLE001 - a foreign server may fail in every way
            self._fell(life, exc)
        else:
            if not self._closed:
                self._fell(life, None)
        finally:
            life.over.set()
            if not life.ready.done():
                life.ready.set_exception(ServerDown(self.problem or self._sentence("was closed")))
                life.ready.exception()  # whoever waited has it; nobody need have

    async def _live(self, life: _Life) -> None:
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(self._server.start_limit.total_seconds()):
                client = await stack.enter_async_context(self._client(life))
                await self._list(life, client)
            life.client = client
            self.problem = life.note
            life.ready.set_result(None)
            await life.over.wait()

    def _knows_only_newer(self, exc: Exception) -> bool:
        """Whether a server refused the handshake because it speaks only protocols without one."""
        first = _first(exc)
        refused = (UNSUPPORTED_PROTOCOL_VERSION, METHOD_NOT_FOUND, INVALID_REQUEST)
        return self._mode == "legacy" and isinstance(first, MCPError) and first.code in refused

    def _client(self, life: _Life) -> Client:
        async def heed(message: object) -> None:
            if isinstance(message, ToolListChangedNotification):
                life.stale = True

        return Client(
            life.link.streams(),
            cache=None,
            mode=self._mode,
            message_handler=heed,
            client_info=Implementation(name="mas", version=__version__),
        )

    async def _list(self, life: _Life, client: Client) -> None:
        tools: list[Tool] = []
        cursor: str | None = None
        try:
            for _ in range(_MOST_PAGES):
                page = await client.list_tools(cursor=cursor)
                tools += page.tools
                cursor = page.next_cursor
                if cursor is None or len(tools) > self._limits.tools:
                    break
        except MCPError as exc:
            if exc.code != METHOD_NOT_FOUND:
                raise
        life.note = ""
        if cursor is not None or len(tools) > self._limits.tools:
            tools = tools[: self._limits.tools]
            life.note = self._sentence(f"lists too many tools; the first {len(tools):,} are used")
        life.offers = offers_of(self._server, [_listed(tool) for tool in tools])

    def _fell(self, life: _Life, exc: Exception | None) -> None:
        now = asyncio.get_running_loop().time()
        self._falls.append(now)
        if life.ready.done():
            text = f"ended ({life.link.account() or self._reason(exc)})"
        else:
            known = "; ".join(filter(None, (self._reason(exc), life.link.account())))
            text = f"did not start ({known})"
            # A server that nobody mends holds up its callers for a small share of the time only.
            pause = min(_PAUSE_PER_START * (now - life.begun), _LONGEST_PAUSE.total_seconds())
            self._pause_until = now + pause
        self._fault = self.problem = self._sentence(text)

    async def _after_death(self, life: _Life, name: str) -> RawOutput:
        await self._end(life)
        if self._closed:
            return failed(f"{name} was given up: MAS is closing its servers.")
        said = self._fault or self._sentence("ended")
        try:
            await self._living()
        except ServerDown as exc:
            again = f"It could not be started again: {exc}"
        else:
            again = "It has been started again."
        return failed(
            f"{said} That was while it did {name}, which was not repeated, because it may have "
            f"taken effect: look before you call it again. {again}"
        )

    async def _end(self, life: _Life) -> None:
        """Let the owner close the session; one that does not is cancelled."""
        owner = life.owner
        if owner is None:
            return
        # One that has ended already is left to its tidying: a cancellation would cut that short.
        if not life.ready.done() and not life.over.is_set():
            owner.cancel()
        life.over.set()
        done, _ = await asyncio.wait({owner}, timeout=_CLOSE_LIMIT.total_seconds())
        if not done:
            owner.cancel()
            await asyncio.wait({owner}, timeout=_CLOSE_LIMIT.total_seconds())

    def _sentence(self, what: str) -> str:
        return f"The MCP server {self._server.name} {what}."

    def _reason(self, exc: BaseException | None) -> str:
        """Why, as words in brackets, with secrets masked."""
        exc = _first(exc)
        match exc:
            case None:
                return "it closed its output"
            case TimeoutError():
                return f"no answer within {self._server.start_limit.total_seconds():g} seconds"
            case MCPError(code=code) if code == CONNECTION_CLOSED:
                return "the connection was closed"
            case httpx2.ConnectError() | httpx2.ConnectTimeout():
                return f"nobody answers at {self._server.shown}"
            case ValidationError():
                return "what it answers is no MCP"
            case CannotStart() | MCPError():
                return plain(self._mask(str(exc)), limit=300)
        return plain(self._mask(f"{type(exc).__name__}: {exc}"), limit=300)


def _first(exc: BaseException | None) -> BaseException | None:
    """What stands behind the groups that task groups make."""
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    return exc


def _lost_session(exc: MCPError) -> bool:
    """A server over HTTP that was started anew does not know the session any more."""
    return exc.code == INVALID_REQUEST and exc.message == _TERMINATED


def _listed(tool: Tool) -> Listed:
    hints = tool.annotations
    return Listed(
        name=tool.name,
        description=tool.description or tool.title or "",
        schema=tool.input_schema,
        reads=hints.read_only_hint if hints else None,
        destroys=hints.destructive_hint if hints else None,
        idempotent=hints.idempotent_hint if hints else None,
    )
