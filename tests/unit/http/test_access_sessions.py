"""Sessions: how they begin and end, and how guessing gets slow (Q3, U3)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from mas.core.errors import Transient, UserError
from mas.http.access.attempts import OF_ONE
from mas.http.access.door import SESSION_LIFE, Visit
from support.access_book import token_entry
from support.access_world import ALICE, TOKENS, World, visit_from


async def test_u3_a_login_gives_a_session_that_names_its_owner() -> None:
    world = World()
    session = await world.login()
    async with world.http(cookies={"mas_session": session}) as http:
        told = (await http.get("/runs")).json()
    assert (told["name"], told["role"], told["session"]) == ("alice", "operator", True)
    assert told["origin"] == "page 192.0.2.7"
    (kept,) = world.book.sessions.kept.values()
    assert session not in repr(kept)
    assert ALICE not in repr(kept)
    assert [(one.name, action) for one, action, _ in world.book.notes] == [
        ("alice", "session.login")
    ]


async def test_u3_a_session_is_made_anew_and_never_taken_over() -> None:
    world = World()
    planted = "A" * 43
    first = await world.login(session=planted)
    second = await world.login(session=first)
    assert len({planted, first, second}) == 3
    async with world.http() as http:
        for gone in (planted, first):
            http.cookies.set("mas_session", gone)
            assert (await http.get("/runs")).status_code == 401
            http.cookies.clear()


@pytest.mark.parametrize(
    "later",
    [
        (TOKENS[1],),
        (token_entry("alice", "viewer", ALICE), TOKENS[1]),
        (token_entry("alicia", "operator", ALICE), TOKENS[1]),
        (token_entry("alice", "operator", "mas_new"), TOKENS[1]),
    ],
    ids=["removed", "another role", "another name", "renewed"],
)
async def test_u3_a_session_ends_with_its_token(later: Any) -> None:
    world = World()
    session = await world.login()
    async with world.http(world.new_door(tokens=later), cookies={"mas_session": session}) as http:
        assert (await http.get("/runs")).status_code == 401
    async with world.http(cookies={"mas_session": session}) as http:
        assert (await http.get("/runs")).status_code == 401, "it stays ended"


async def test_u3_a_session_ends_after_its_time_and_at_logout() -> None:
    world = World()
    one, other = await world.login(), await world.login()
    async with world.http(cookies={"mas_session": one}) as http:
        assert (await http.get("/runs")).status_code == 200
        world.time.seconds += SESSION_LIFE.total_seconds() + 1
        assert (await http.get("/runs")).status_code == 401
    world.time.seconds -= 100
    incoming = visit_from("192.0.2.7").incoming
    gone = await world.door.log_out(
        Visit(incoming=incoming, actor=visit_from("x").actor, proof="session", session=other)
    )
    assert "Max-Age=0" in gone
    async with world.http(cookies={"mas_session": other}) as http:
        assert (await http.get("/runs")).status_code == 401
    assert [action for _, action, _ in world.book.notes][-1] == "session.logout"


async def test_u3_two_servers_know_the_same_session_and_proof() -> None:
    world = World()
    session = await world.login()
    told = []
    for door in (world.door, world.new_door()):
        async with world.http(door, cookies={"mas_session": session}) as http:
            told.append((await http.get("/runs")).json())
    assert told[0] == told[1]
    assert told[0]["csrf"]


@pytest.mark.parametrize(
    "cookie",
    [
        "mas_session=",
        "mas_session=x",
        "mas_session=" + "A" * 42,
        "mas_session=" + "A" * 44,
        "mas_session=' OR 1=1 --",
        "mas_session=" + "é" * 43,
        "mas_session=\r\nX-Bad: 1",
        ";;;=;mas_session",
        "x" * 8000,
    ],
)
async def test_u3_a_cookie_that_we_have_not_made_is_nobody(cookie: str) -> None:
    async with World().http(headers={b"cookie": cookie.encode("latin-1")}) as http:
        answer = await http.get("/runs")
    assert answer.status_code == 401
    assert "x-bad" not in answer.headers


async def test_u3_wrong_tokens_wait_longer_each_time_and_right_ones_never() -> None:
    world = World()
    async with world.http() as http:

        async def attempt(token: str) -> httpx.Response:
            return await http.get("/api/runs", headers={"Authorization": f"Bearer {token}"})

        codes = [(await attempt("mas_guess")).status_code for _ in range(OF_ONE.free + 1)]
        assert codes == [401] * (OF_ONE.free + 1)
        slow = await attempt("mas_guess")
        assert slow.status_code == 429
        assert slow.json()["code"] == "too_many_attempts"
        assert slow.headers["retry-after"] == "1"
        assert (await attempt(ALICE)).status_code == 200
    noted = [one for one in world.book.notes if one[1] == "session.refused"]
    assert len(noted) == 1, "once a minute"
    assert noted[0][0].origin == "api 192.0.2.7"
    assert noted[0][0].name == "nobody"
    assert "mas_guess" not in repr(world.book.notes)


async def test_u3_guessing_at_the_login_is_not_even_looked_at_while_it_waits() -> None:
    world = World()
    codes = []
    for _ in range(30):
        with pytest.raises((UserError, Transient)) as caught:
            await world.login("mas_guess")
        codes.append(caught.value.code)
    looked_at = OF_ONE.free + 1
    assert codes == ["wrong_token"] * looked_at + ["too_many_attempts"] * (30 - looked_at)
    with pytest.raises(Transient):
        await world.login(ALICE)
    await world.login(ALICE, address="192.0.2.99")
    world.time.seconds += timedelta(hours=1).total_seconds()
    assert await world.login(ALICE)


async def test_u3_a_program_with_an_old_token_does_not_keep_people_from_the_login() -> None:
    world = World()
    async with world.http(headers={"Authorization": "Bearer mas_old"}) as http:
        for _ in range(30):
            await http.get("/metrics")
        assert (await http.get("/metrics")).status_code == 429
    assert await world.login(ALICE)


async def test_u3_guesses_from_everywhere_do_not_keep_people_from_the_login() -> None:
    world = World()
    for number in range(300):
        with pytest.raises((UserError, Transient)):
            await world.login("mas_guess", address=f"198.51.{number // 100}.{number % 100}")
    assert await world.login(ALICE)


async def test_u3_a_hundred_guesses_at_once_are_a_hundred_guesses() -> None:
    world = World()
    ended = await asyncio.gather(
        *(world.login("mas_guess") for _ in range(100)), return_exceptions=True
    )
    looked_at = [one for one in ended if isinstance(one, UserError)]
    assert len(looked_at) == OF_ONE.free + 1
