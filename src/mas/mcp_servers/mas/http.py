"""The door over streamable HTTP, one request at a time: any replica serves any of them (U4).

Nothing is kept between requests, so there are no sessions and no stream to resume: a client that
loses its connection asks `run_status`. Who may use it is found by the guard of the server, which
every request passes before; what the protocol asks for in addition, the check of `Origin`, is here.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from mas.core.errors import UserError
from mas.http.problems import problem
from mas.mcp_servers.mas.server import MasServer


class HttpDoor:
    """The door as an ASGI application."""

    def __init__(self, server: MasServer) -> None:
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; when its client goes away, calls end and runs go on."""
        refused = _refused(scope)
        if refused is not None:
            answer = problem(refused)
            if refused.code == "wrong_method":
                answer.headers["Allow"] = "POST"
            await answer(scope, receive, send)
            return
        # One for each request: it needs no task that would have to live as long as the server.
        manager = StreamableHTTPSessionManager(self._server.lowlevel, stateless=True)
        async with manager.run():
            await manager.handle_request(scope, receive, send)


def _refused(scope: Scope) -> UserError | None:
    if scope["method"] != "POST":
        return UserError(
            "There is nothing to listen to or to end here: each request is answered by itself.",
            hint="Send a message of the Model Context Protocol with POST.",
            code="wrong_method",
        )
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        # A page of another site must not reach the server through the browser of its reader.
        return UserError(
            "The request comes from a page of another site.",
            hint="Connect with an MCP client, or from a page of this server.",
            code="cross_site",
        )
    return None
