"""Who gets in with what, and what a page of others cannot make a browser do (Q3, U3)."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from mas.http.access.csrf import proof_for
from mas.http.access.headers import POLICY
from mas.http.guard import Guard
from support.access_book import SECRET
from support.access_world import ALICE, BASE, BOB, HTML, SAME, World, open_world, visit_from, who


@pytest.mark.parametrize(("token", "name"), [(ALICE, "alice"), (BOB, "bob")])
async def test_u3_a_token_says_who_it_is_and_from_where(token: str, name: str) -> None:
    async with World().http(headers={"Authorization": f"Bearer {token}"}) as http:
        told = (await http.get("/api/runs")).json()
        assert (told["name"], told["session"], told["csrf"]) == (name, False, "")
        assert told["origin"] == "api 192.0.2.7"
        assert (await http.post("/mcp")).json()["origin"] == "mcp 192.0.2.7"
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert (await http.post("/api/runs", headers=foreign)).status_code == 200


async def test_u3_people_are_sent_to_log_in_and_programs_are_told() -> None:
    async with World().http() as http:
        page = await http.get("/runs/r1?tab=diff&x=%EB%8F%84", headers=HTML)
        program = await http.get("/runs/r1")
        stream = await http.get("/api/runs/r1/events", headers={"Accept": "text/event-stream"})
        form = await http.post(
            "/runs/r1/cancel", headers={**HTML, "Referer": f"{BASE}/runs/r1"}, data={"csrf": "x"}
        )
        foreign = await http.post(
            "/runs/r1/cancel", headers={**HTML, "Referer": "http://[evil/runs"}, data={"a": "b"}
        )
        start = await http.get("/", headers=HTML)
    assert page.status_code == 303
    target = urlsplit(page.headers["location"])
    assert (target.netloc, target.path) == ("", "/login")
    assert parse_qs(target.query)["next"] == ["/runs/r1?tab=diff&x=%EB%8F%84"]
    assert form.headers["location"] == "/login?next=/runs/r1"
    assert foreign.headers["location"] == start.headers["location"] == "/login"
    for answer in (program, stream):
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "/\\evil.example", "/%0d%0aBad:1", "/\r\nX:1"]
)
async def test_u3_no_address_gets_a_header_or_another_host_into_the_redirect(path: str) -> None:
    sent: list[Any] = []
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"a=\r\nX-Bad: 1"}
    headers = [(b"host", b"mas.example"), (b"accept", b"text/html")]

    async def send(message: Any) -> None:
        sent.append(message)

    guard = Guard(who, door=World().door)
    await guard({**scope, "headers": headers, "client": ("192.0.2.7", 1)}, None, send)  # type: ignore[arg-type]
    location = dict(sent[0]["headers"])[b"location"]
    assert location.startswith(b"/login")
    assert b"\r" not in location
    assert b"\n" not in location
    assert b"evil" not in location


async def test_u3_what_stands_before_the_login_is_open_and_says_nobodys_name() -> None:
    async with World().http() as http:
        for path in ("/health", "/ready", "/static/mas.css", "/login", "/preferences", "/logo"):
            answer = await http.get(path)
            assert answer.status_code == 200, path
            assert "name" not in answer.json()
        for method, path in (
            ("POST", "/preferences"),
            ("GET", "/login/x"),
            ("GET", "/staticx"),
            ("GET", "/logout"),
            ("POST", "/logout"),
            ("POST", "/static/x"),
            ("GET", "/health/x"),
        ):
            assert (await http.request(method, path)).status_code == 401, path


async def test_u3_a_form_needs_the_proof_of_its_own_session() -> None:
    world = World()
    mine, theirs = await world.login(), await world.login(BOB)
    async with world.http(cookies={"mas_session": mine}) as http:
        proof = (await http.get("/runs")).json()["csrf"]
        http.cookies.set("mas_session", theirs)
        other = (await http.get("/runs")).json()["csrf"]
        http.cookies.clear()
        http.cookies.set("mas_session", mine)
        assert proof != other

        async def post(data: Any, **headers: str) -> httpx.Response:
            return await http.post("/runs/r/approve", data=data, headers=headers)

        assert (await post({"csrf": proof})).status_code == 200
        assert (await post({"csrf": proof}, **SAME, Origin=BASE)).status_code == 200
        assert (await post({"comment": "x"}, **{"X-CSRF-Token": proof})).status_code == 200
        wrong = [
            await post({"comment": "x"}),
            await post({"csrf": ""}),
            await post({"csrf": other}),
            await post({"csrf": proof[:-1]}),
            await post({"csrf": [proof, proof]}),
            await post({"csrf": proof}, **{"X-CSRF-Token": other}),
            await post({"csrf": proof}, Origin="https://evil.example"),
            await post({"csrf": proof}, Origin="null"),
            await post({"csrf": proof}, **{"Sec-Fetch-Site": "cross-site"}),
            await post({"csrf": proof}, **{"Sec-Fetch-Site": "same-site"}),
            await post({}),
        ]
    codes = [(answer.status_code, answer.json()["code"]) for answer in wrong]
    assert codes[:6] == [(403, "csrf")] * 6
    assert codes[6:10] == [(403, "cross_site")] * 4
    assert codes[10][0] in (403, 415)


@pytest.mark.parametrize("logged_in", [True, False], ids=["session", "loopback"])
async def test_u3_json_and_other_methods_only_from_our_own_pages(logged_in: bool) -> None:
    world = World() if logged_in else open_world()
    cookies = {"mas_session": await world.login()} if logged_in else {}
    base = BASE if logged_in else "http://localhost:8000"
    near = ("192.0.2.7" if logged_in else "127.0.0.1", 1)
    async with world.http(base=base, client=near, cookies=cookies) as http:
        assert (await http.post("/api/runs", json={})).status_code == 200
        assert (await http.post("/api/runs", json={}, headers=SAME)).status_code == 200
        assert (await http.delete("/api/lessons/1", headers={"Origin": base})).status_code == 200
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": base + ".evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"},
        ):
            for answer in (
                await http.post("/api/runs", json={}, headers=headers),
                await http.delete("/api/lessons/1", headers=headers),
                await http.get("/api/runs", headers=headers),
                await http.get(
                    "/api/runs/r/events", headers={**headers, "Accept": "text/event-stream"}
                ),
            ):
                assert answer.status_code == 403, headers
                assert answer.json()["code"] == "cross_site"
        assert (await http.post("/api/runs")).status_code == 415
        multipart = await http.post("/runs", files={"csrf": b"x"}, headers=SAME)
        assert multipart.status_code == 415


async def test_u3_a_link_from_a_mail_opens_the_page_that_it_names() -> None:
    world = World()
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    async with world.http(cookies={"mas_session": await world.login()}) as http:
        page = await http.get("/runs/r", headers={**link, "Sec-Fetch-Dest": "document", **HTML})
        frame = await http.get("/runs/r", headers={**link, "Sec-Fetch-Dest": "iframe", **HTML})
        form = await http.post("/runs/r", headers={**link, "Sec-Fetch-Dest": "document"})
    assert (page.status_code, frame.status_code, form.status_code) == (200, 403, 403)
    cookie = await world.door.log_in(visit_from("192.0.2.8"), ALICE)
    assert "SameSite=Lax" in cookie


async def test_u3_on_loopback_a_browser_gets_a_proof_of_its_own() -> None:
    world = open_world()
    async with world.http(base="http://localhost:8000", client=("127.0.0.1", 1)) as http:
        told = (await http.get("/", headers=HTML)).json()
        browser = http.cookies["mas_browser"]
        assert (told["name"], told["role"], told["origin"]) == ("local", "admin", "page 127.0.0.1")
        assert told["csrf"] == proof_for(SECRET, "mas_browser", browser)
        again = await http.get("/", headers=HTML)
        assert "set-cookie" not in again.headers
        assert (await http.post("/runs", data={"csrf": told["csrf"]})).status_code == 200
        for data in (
            {"csrf": "x"},
            {"text": "x"},
            {"csrf": proof_for(SECRET, "mas_session", browser)},
        ):
            assert (await http.post("/runs", data=data)).status_code == 403
        http.cookies.clear()
        assert (await http.post("/runs", data={"csrf": told["csrf"]})).status_code == 403
        assert "set-cookie" not in (await http.get("/api/runs")).headers, "programs get none"


async def test_u3_without_tokens_only_this_machine_is_let_in() -> None:
    async with open_world().http(base="http://localhost:8000", client=("192.0.2.7", 1)) as http:
        assert (await http.get("/health")).status_code == 421


async def test_u3_the_login_form_itself_cannot_be_sent_by_others() -> None:
    world = World()
    async with world.http() as http:
        page = await http.get("/login", headers=HTML)
        proof = proof_for(SECRET, "mas_browser", http.cookies["mas_browser"])
        assert "HttpOnly" in page.headers["set-cookie"]
        assert (await http.post("/login", data={"csrf": proof, "token": "x"})).status_code == 200
        assert (await http.post("/login", data={"token": "x"})).status_code == 403
        foreign = {"Origin": "https://evil.example"}
        refused = await http.post("/login", data={"csrf": proof}, headers=foreign)
    assert refused.status_code == 403


async def test_u3_over_https_cookies_are_bound_to_this_host() -> None:
    proxies = (ipaddress.ip_network("10.0.0.0/8"),)
    world = World(trusted_proxies=proxies)
    near = ("10.1.1.1", 1)
    secure = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.3"}
    async with world.http(client=near, headers=secure) as http:
        page = await http.get("/login", headers=HTML)
        told = page.json()
        cookie = page.headers["set-cookie"]
        assert cookie.startswith("__Host-mas_browser=")
        assert "; Secure" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
        assert (told["scheme"], told["client"]) == ("https", "198.51.100.3")
        assert "strict-transport-security" in page.headers
        session = await world.login()
        plain = await http.get("/runs", headers={"Cookie": f"mas_session={session}"})
        bound = await http.get("/runs", headers={"Cookie": f"__Host-mas_session={session}"})
        assert (plain.status_code, bound.status_code) == (401, 200)
    async with world.http(headers=secure) as http:
        page = await http.get("/login", headers=HTML)
        assert page.headers["set-cookie"].startswith("mas_browser=")
        assert "strict-transport-security" not in page.headers
        assert page.json()["client"] == "192.0.2.7"


@pytest.mark.parametrize("path", ["/runs", "/nothing", "/static/x", "/health", "/login"])
async def test_u3_every_answer_is_protected(path: str) -> None:
    async with World().http() as http:
        for answer in (await http.get(path), await http.get(path, headers={"Host": "a b"})):
            assert answer.headers["content-security-policy"] == POLICY
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            assert "camera=()" in answer.headers["permissions-policy"]
            kept = "cache-control" not in answer.headers
            assert kept == path.startswith("/static/") or answer.status_code == 421
            assert not any(name.startswith("access-control-") for name in answer.headers)
    assert "unsafe" not in POLICY


async def test_u3_a_stricter_answer_of_a_route_stays() -> None:
    async with World().http(headers={"Authorization": f"Bearer {ALICE}"}) as http:
        answer = await http.get("/workspace/file")
    assert answer.headers.get_list("content-security-policy") == ["default-src 'none'; sandbox"]


async def test_u3_only_hosts_that_are_allowed_are_answered() -> None:
    world = World(allowed_hosts=("mas.example",))
    async with world.http(headers={"Authorization": f"Bearer {ALICE}"}) as http:
        for host, status in (
            ("mas.example", 200),
            ("mas.example:8443", 200),
            ("localhost:8000", 200),
            ("evil.example", 421),
            ("mas.example@evil.example", 421),
            ("mas.example/evil", 421),
            ("", 421),
        ):
            assert (await http.get("/api/runs", headers={"Host": host})).status_code == status
        assert (await http.get("/health", headers={"Host": "10.2.3.4:8000"})).status_code == 200
        forwarded = {"Host": "evil.example", "X-Forwarded-Host": "mas.example"}
        assert (await http.get("/api/runs", headers=forwarded)).status_code == 421


async def test_u3_a_stream_is_handed_on_piece_by_piece() -> None:
    release = asyncio.Event()
    sent: list[Any] = []
    first = asyncio.Event()

    async def stream(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        await release.wait()
        await send({"type": "http.response.body", "body": b"two", "more_body": False})

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "http.response.body":
            first.set()

    headers = [(b"host", b"x.example"), (b"authorization", f"Bearer {ALICE}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/api/e", "headers": headers}
    guarded = asyncio.create_task(Guard(stream, door=World().door)(scope, None, send))  # type: ignore[arg-type]
    async with asyncio.timeout(60):
        await first.wait()
        assert [one.get("body") for one in sent] == [None, b"one"]
        release.set()
        await guarded
    assert sent[-1]["body"] == b"two"


async def test_u3_a_web_socket_is_closed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    guard = Guard(who, door=open_world().door)
    await guard({"type": "websocket", "path": "/", "headers": []}, None, send)  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1008}]
