"""A server over streamable HTTP on loopback that wants a header; prints its port when it is up."""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
from mcp.server import MCPServer
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

WANTED = b"Bearer canary-token"
server = MCPServer("http")


@server.tool()
def greet(name: str) -> str:
    """Greet somebody."""
    return f"Hello {name}"


@server.tool(structured_output=False)
def large(megabytes: int) -> str:
    """Return many megabytes."""
    return "0123456789abcde\n" * (megabytes * 1_000_000 // 16)


class Door:
    """Lets in who brings the header."""

    def __init__(self, inside: ASGIApp) -> None:
        self._inside = inside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and dict(scope["headers"]).get(b"authorization") != WANTED:
            await PlainTextResponse("no", status_code=401)(scope, receive, send)
            return
        await self._inside(scope, receive, send)


async def main(*, port: int, json_response: bool) -> None:
    listener = socket.create_server(("127.0.0.1", port))
    app = Door(server.streamable_http_app(json_response=json_response))
    config = uvicorn.Config(app, log_level="critical", lifespan="on")
    print(listener.getsockname()[1], flush=True)
    await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    asyncio.run(main(port=int(sys.argv[1]), json_response="json" in sys.argv))
