"""Who gets in: names of this machine, tokens, JSON bodies of a sane size (F6, U3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from mas.http.access import bodies
from mas.http.access.bodies import BODY_LIMIT_BYTES
from mas.http.access.door import Access, Door
from mas.http.guard import Guard
from mas.http.server_sent_events import ServerSentEvents
from support.access_book import MemoryBook, token_entry

TOKEN = "mas_0123456789abcdef-token"
JSON = {"Content-Type": "application/json"}


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """An application that says how it was called."""
    whole, more = b"", True
    while more:
        message = await receive()
        whole += message.get("body", b"")
        more = message.get("more_body", False)
    body = b"%s %d" % (scope["method"].encode(), len(whole))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def client(token: str | None = None, base: str = "http://127.0.0.1:8000") -> httpx.AsyncClient:
    tokens = (token_entry("ci", "admin", token),) if token else ()
    guarded = Guard(echo, door=Door(Access(tokens=tokens), MemoryBook()))
    return httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url=base)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.9.9.9",
        "[::1]",
        "[::1]:80",
        "LOCALHOST",
    ],
)
async def test_u3_names_of_this_machine_are_answered(host: str) -> None:
    async with client() as http:
        assert (await http.get("/x", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "10.0.0.1",
        "0.0.0.0",
        "[::2]",
        "[::1",
        "127.0.0.1@evil.example",
        "::1",
        "localhost evil",
    ],
)
async def test_u3_a_page_of_a_foreign_name_does_not_reach_the_api(host: str) -> None:
    async with client() as http:
        answer = await http.get("/x", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json()["code"] == "wrong_host"


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
async def test_u3_without_tokens_nobody_comes_in_through_a_proxy(header: str) -> None:
    async with client() as http:
        answer = await http.get("/x", headers={header: "203.0.113.9"})
    assert answer.status_code == 403
    assert answer.json()["code"] == "open_behind_proxy"
    async with client(TOKEN) as http:
        given = {header: "203.0.113.9", "Authorization": f"Bearer {TOKEN}"}
        assert (await http.get("/x", headers=given)).status_code == 200


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Bearer  {TOKEN} "])
async def test_u3_the_token_opens_the_api_under_any_name(given: str) -> None:
    async with client(TOKEN, "http://mas.example") as http:
        assert (await http.get("/x", headers={"Authorization": given})).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        "Bearer \xff",
        f"Bearer {TOKEN[:-1]}",
    ],
)
@pytest.mark.parametrize("path", ["/orchestrate", "/workspace", "/api/runs", "/health/x"])
async def test_u3_without_the_token_nothing_is_said(given: str | None, path: str) -> None:
    headers = {} if given is None else {"Authorization": given.encode("latin-1")}
    async with client(TOKEN) as http:
        answer = await http.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in answer.text


@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_u3_probes_need_no_token(path: str) -> None:
    async with client(TOKEN, "http://10.1.2.3:8000") as http:
        assert (await http.get(path)).status_code == 200


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "text/json",
        "text/plain; application/json",
        "application/jsonx",
    ],
)
async def test_u3_what_a_form_of_a_foreign_page_can_send_is_refused(kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    async with client() as http:
        answer = await http.post("/x", content=b"{}", headers=headers)
    assert answer.status_code == 415


@pytest.mark.parametrize("path", ["/api/runs", "/orchestrate", "/mcp", "/api/runs/x/cancel"])
async def test_u3_forms_belong_to_pages_and_not_to_the_api(path: str) -> None:
    async with client(TOKEN) as http:
        http.headers["Authorization"] = f"Bearer {TOKEN}"
        answer = await http.post(path, data={"prompt": "x"})
    assert answer.status_code == 415


async def test_u3_json_with_a_charset_is_json() -> None:
    async with client() as http:
        answer = await http.post(
            "/x", content=b"{}", headers={"Content-Type": "application/JSON; charset=utf-8"}
        )
    assert answer.text == "POST 2"


async def in_pieces(total: int) -> AsyncIterator[bytes]:
    for _ in range(total // 65536):
        yield b"x" * 65536


async def test_q1_a_body_that_is_too_large_is_refused_by_its_announced_length() -> None:
    async with client() as http:
        answer = await http.post("/x", content=b"x" * (BODY_LIMIT_BYTES + 1), headers=JSON)
    assert answer.status_code == 413


async def test_q1_a_body_of_unknown_length_is_counted() -> None:
    async with client() as http:
        fits = await http.post("/x", content=in_pieces(BODY_LIMIT_BYTES), headers=JSON)
        too_large = await http.post("/x", content=in_pieces(BODY_LIMIT_BYTES * 2), headers=JSON)
    assert fits.text == f"POST {BODY_LIMIT_BYTES}"
    assert too_large.status_code == 413


async def test_q1_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_TIME", timedelta(milliseconds=20))

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with client() as http, asyncio.timeout(60):
        answer = await http.post("/x", content=never(), headers=JSON)
    assert answer.status_code == 408


async def test_f6_head_is_answered_as_get() -> None:
    async with client() as http:
        assert (await http.head("/x")).status_code == 200


async def test_u3_every_answer_tells_browsers_not_to_guess() -> None:
    async with client() as http:
        for answer in (await http.get("/x"), await http.post("/x")):
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "access-control-allow-origin" not in answer.headers


async def test_u3_head_of_a_stream_ends_it_and_closes_what_it_would_have_sent() -> None:
    closed = asyncio.Event()

    async def pieces() -> AsyncGenerator[bytes, None]:
        try:
            yield b"retry: 2000\n\n"
            await asyncio.Event().wait()
        finally:
            closed.set()

    guarded = Guard(ServerSentEvents(pieces()), door=Door(Access(), MemoryBook()))
    transport = httpx.ASGITransport(guarded)
    async with (
        asyncio.timeout(60),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http,
    ):
        answer = await http.head("/x")
    assert closed.is_set()
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
