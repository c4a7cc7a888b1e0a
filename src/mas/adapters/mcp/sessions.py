"""The tools of all configured MCP servers, as one family for the toolbox (O2)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mas.adapters.mcp.config import McpConfig, ServerConfig
from mas.adapters.mcp.limits import Limits
from mas.adapters.mcp.log import Mask
from mas.adapters.tools.family import RawOutput, failed, matching
from mas.core.calls import Assessment, CallContext, ToolSpec
from mas.core.values import JsonValue

if TYPE_CHECKING:
    from mas.adapters.mcp.session import ServerSession


def _as_it_is(text: str) -> str:
    return text


class McpFamily:
    """MCP servers, each started when one of its tools is first asked for.

    Opened with its app; leaving it ends every server with all its processes.
    """

    def __init__(
        self,
        config: McpConfig,
        *,
        log_folder: Path,
        mask: Mask = _as_it_is,
        limits: Limits | None = None,
    ) -> None:
        """Nothing is started. `mask` takes secrets out of logs and messages."""
        self._config = config
        self._log_folder = log_folder
        self._mask = mask
        self._limits = limits or Limits()
        self._sessions: dict[str, ServerSession] = {}
        self._down: dict[str, str] = {}
        """What cannot be used, by the name of its server."""
        self._by_name = {server.name: server for server in config.servers}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End every server, side by side."""
        await asyncio.gather(*(session.close() for session in self._sessions.values()))

    async def specs(self, patterns: Collection[str] | None) -> tuple[ToolSpec, ...]:
        """The tools whose names match one of the patterns; all with None.

        Starts the servers whose tools a pattern could mean, and no others. One that does not
        start is left out; `problems` says why.
        """
        wanted = [
            server
            for server in self._config.servers
            if patterns is None or any(_could_mean(one, server.alias) for one in patterns)
        ]
        listed = await asyncio.gather(*(self._specs_of(server) for server in wanted))
        return matching((spec for specs in listed for spec in specs), patterns)

    def assess(self, spec: ToolSpec, arguments: Mapping[str, JsonValue]) -> Assessment | None:
        """The tool's own risk holds: what a foreign tool makes of its arguments is not known."""
        del arguments
        tool = spec.name.partition(".")[2]
        return Assessment(
            risk=spec.risk, effect=f"Calls {tool} of the MCP server {spec.origin}, as shown."
        )

    async def call(
        self, spec: ToolSpec, arguments: Mapping[str, JsonValue], context: CallContext
    ) -> RawOutput:
        """Call a tool; its server is started where it does not run.

        A server that dies meanwhile is started again, and the call is not repeated.
        """
        server = self._by_name.get(spec.origin)
        session = self._session(server) if server else None
        if session is None:
            why = self._down.get(spec.origin, f"There is no MCP server {spec.origin} any more.")
            return failed(f"{why} {spec.name} was not called.")
        return await session.call(spec.name, arguments, limit=context.deadline)

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the file, and with servers that were started; a sentence each."""
        texts = [problem.text for problem in self._config.problems]
        texts += self._down.values()
        texts += [session.problem for session in self._sessions.values() if session.problem]
        return tuple(map(self._mask, texts))

    def problem_of(self, server: str) -> str:
        """What is wrong with one server, by its name in the file; empty: nothing is known."""
        session = self._sessions.get(server)
        named = [one.text for one in self._config.problems if one.server == server]
        texts = [*named, self._down.get(server, ""), session.problem if session else ""]
        return self._mask(" ".join(filter(None, texts)))

    async def _specs_of(self, server: ServerConfig) -> tuple[ToolSpec, ...]:
        session = self._session(server)
        if session is None:
            return ()
        offers = await session.offers_or_none()
        return tuple(offer.spec for offer in offers.values())

    def _session(self, server: ServerConfig) -> ServerSession | None:
        """The session of a server; the MCP library is imported only now."""
        if server.name not in self._sessions:
            try:
                module = import_module("mas.adapters.mcp.session")
            except ModuleNotFoundError as exc:
                self._down[server.name] = (
                    f"The MCP server {server.name} cannot be started: the package {exc.name} is "
                    "not installed. Install mas[mcp]."
                )
                return None
            session: ServerSession = module.ServerSession(
                server, log_folder=self._log_folder, mask=self._mask, limits=self._limits
            )
            self._sessions[server.name] = session
        return self._sessions[server.name]


def _could_mean(pattern: str, alias: str) -> bool:
    """Whether a pattern could match a tool of the server, judged by what it begins with."""
    prefix = f"{alias}."
    wild = min((at for at in map(pattern.find, "*?[") if at >= 0), default=len(pattern))
    literal = pattern[:wild]
    if wild == len(pattern):
        return literal.startswith(prefix)
    return literal.startswith(prefix) or prefix.startswith(literal)
