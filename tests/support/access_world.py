"""A guarded application that says who is calling, with its door and a time of its own."""

from __future__ import annotations

import json
from typing import Any

import httpx

from mas.core.actors import Actor
from mas.http.access.door import Access, Door, Visit
from mas.http.access.incoming import Incoming
from mas.http.guard import Guard
from support.access_book import ManualTime, MemoryBook, token_entry

ALICE, BOB = "mas_alice-token", "mas_bob-token"
TOKENS = (token_entry("alice", "operator", ALICE), token_entry("bob", "viewer", BOB))
HTML = {"Accept": "text/html,application/xhtml+xml"}
SAME = {"Sec-Fetch-Site": "same-origin"}
BASE = "http://mas.example"


async def who(scope: Any, receive: Any, send: Any) -> None:
    """An application that says who is calling."""
    caller = scope["state"].get("caller")
    told = {"path": scope["path"], "scheme": scope["scheme"], "client": scope["client"][0]}
    if caller is not None:
        told |= {"name": caller.actor.name, "role": caller.actor.role, "csrf": caller.csrf}
        told |= {"origin": caller.actor.origin, "session": caller.session}
    headers = [(b"content-type", b"application/json")]
    if scope["path"] == "/workspace/file":
        headers.append((b"Content-Security-Policy", b"default-src 'none'; sandbox"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


class World:
    """A guarded application with its door."""

    def __init__(self, **access: Any) -> None:
        self.time = ManualTime()
        self.book = MemoryBook()
        self.door = self.new_door(**access)

    def new_door(self, **access: Any) -> Door:
        """Another process on the same journal."""
        given = Access(**{"tokens": TOKENS, **access})
        return Door(given, self.book, now=self.time.now, ticks=self.time.ticks)

    def http(self, door: Door | None = None, base: str = BASE, **more: Any) -> httpx.AsyncClient:
        guard = Guard(who, door=door or self.door)
        client = more.pop("client", ("192.0.2.7", 5000))
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(guard, client=client), base_url=base, **more
        )

    async def login(self, token: str = ALICE, *, address: str = "192.0.2.7", **kind: Any) -> str:
        """Log in; gives the session's id."""
        cookie = await self.door.log_in(visit_from(address, **kind), token)
        return cookie.partition(";")[0].partition("=")[2]


def visit_from(address: str, *, session: str | None = None) -> Visit:
    scope = {"type": "http", "method": "POST", "path": "/login", "headers": []}
    incoming = Incoming({**scope, "client": (address, 1), "scheme": "http"}, ())
    nobody = Actor(name="nobody", role="viewer", origin="page")
    return Visit(incoming=incoming, actor=nobody, proof="nobody", session=session)


def open_world() -> World:
    return World(tokens=())
