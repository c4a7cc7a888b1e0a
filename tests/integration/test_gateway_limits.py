# ruff: noqa: E402 - what is imported below is there only with the extra "models"
"""Whom the model gateway lets in, and what it refuses (A8)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

for extra in ("anthropic", "openai", "uvicorn"):
    pytest.importorskip(extra, reason='needs the extra "models"')

import anthropic
import httpx2
import openai

from mas.core.budget import Budget
from mas.core.coding import Wire
from mas.core.errors import BudgetReached, UserError
from mas.testing.models import Fault, Reply, ScriptedModelServer, Tokens
from support.gateway_world import (
    LIMIT,
    MODELS,
    PATHS,
    Books,
    agent_at,
    agent_of,
    gateway_to,
    question,
)

SAID = Reply(text="Hello.", usage=Tokens(input=11, output=7))
BOTH: tuple[Wire, ...] = ("anthropic", "openai")
TIGHT = Budget(tokens=400)


def told(answer: httpx2.Response) -> str:
    return str(answer.json()["error"]["message"])


# The budget


@pytest.mark.parametrize("wire", BOTH)
async def test_a8_a_call_beyond_the_budget_is_refused_before_it_is_made(
    tmp_path: Path, wire: Wire
) -> None:
    async with (
        ScriptedModelServer([SAID]) as server,
        agent_at(server.url, tmp_path, wire, budget=TIGHT) as agent,
    ):
        allowed = await agent.post(PATHS[wire], question(wire))
        await agent.books.until_settled(1)
        refused = await agent.post(PATHS[wire], {**question(wire), "max_tokens": 1000})
    assert (allowed.status_code, refused.status_code) == (200, 400)
    assert "400 tokens" in told(refused)
    assert refused.headers["x-should-retry"] == "false"
    assert isinstance(agent.admission.refused, BudgetReached)
    assert len(server.requests) == 1


@pytest.mark.parametrize("wire", BOTH)
async def test_a8_clients_do_not_try_a_refused_call_again(tmp_path: Path, wire: Wire) -> None:
    async with (
        ScriptedModelServer([]) as server,
        agent_at(server.url, tmp_path, wire, budget=Budget(tokens=1)) as agent,
    ):
        turns: list[Any] = [{"role": "user", "content": "go"}]
        given: dict[str, Any] = {
            "api_key": agent.admission.token,
            "base_url": agent.admission.base_url,
            "timeout": LIMIT,
            "max_retries": 5,
        }
        if wire == "anthropic":
            async with anthropic.AsyncAnthropic(**given) as client:
                with pytest.raises(anthropic.BadRequestError, match="1 tokens"):
                    await client.messages.create(model="m", max_tokens=5, messages=turns)
        else:
            async with openai.AsyncOpenAI(**given) as other:
                with pytest.raises(openai.BadRequestError, match="1 tokens"):
                    await other.chat.completions.create(model="m", messages=turns)
        assert agent.books.promised == []
    assert server.requests == ()


async def test_a8_calls_under_way_count_as_promised(tmp_path: Path) -> None:
    async with (
        ScriptedModelServer([Fault(kind="hang")]) as server,
        gateway_to(server.url) as gateway,
        agent_of(gateway, tmp_path, budget=TIGHT) as agent,
    ):
        first = asyncio.create_task(agent.post("/v1/messages", question()))
        await server.wait_for_async(1)
        second = await agent.post("/v1/messages", question())
        assert second.status_code == 400
        first.cancel()
        await agent.books.until_settled(1)


# Tokens


@pytest.mark.parametrize("wire", BOTH)
async def test_a8_a_wrong_token_is_refused_in_the_protocol_s_form(
    tmp_path: Path, wire: Wire
) -> None:
    async with (
        ScriptedModelServer([]) as server,
        agent_at(server.url, tmp_path, wire) as agent,
    ):
        for headers in ({}, {"x-api-key": "no"}, {"authorization": "Bearer no"}):
            answer = await agent.client.post(
                agent.url(PATHS[wire]), json=question(wire), headers=headers
            )
            assert answer.status_code == 401
            assert (answer.json().get("type") == "error") == (wire == "anthropic")
            assert answer.headers["x-should-retry"] == "false"
    assert server.requests == ()


async def test_a8_a_token_ends_with_its_admission_and_may_come_back(tmp_path: Path) -> None:
    async with ScriptedModelServer([SAID, SAID]) as server, gateway_to(server.url) as gateway:
        async with agent_of(gateway, tmp_path) as agent:
            token, headers = agent.admission.token, agent.headers
            assert (await agent.post("/v1/messages", question())).status_code == 200
        async with httpx2.AsyncClient() as client:
            url = agent.url("/v1/messages")
            ended = await client.post(url, json=question(), headers=headers)
            assert ended.status_code == 401
            async with agent_of(gateway, tmp_path, token=token) as again:
                assert again.admission.token == token
                back = await client.post(url, json=question(), headers=headers)
                assert back.status_code == 200
        assert [file.name for file in again.files()] == ["00001.json", "00002.json"]


async def test_a8_two_agents_see_nothing_of_each_other(tmp_path: Path) -> None:
    async with (
        ScriptedModelServer([SAID]) as server,
        gateway_to(server.url) as gateway,
        agent_of(gateway, tmp_path / "1") as one,
        agent_of(gateway, tmp_path / "2", "openai") as two,
    ):
        assert one.admission.token != two.admission.token
        assert len(one.admission.token) >= 40
        await one.post("/v1/messages", question())
        await one.books.until_settled(1)
        assert (two.books.settled, two.files()) == ([], [])
        # The other's protocol is not served with this token.
        crossed = await two.post("/v1/messages", question())
        assert crossed.status_code == 404
        models = await two.client.get(two.url("/v1/models"), headers=two.headers)
        assert [model["id"] for model in models.json()["data"]] == [MODELS["openai"]]
        assert one.admission.token not in repr(one.admission)


async def test_a8_leaving_lets_go_of_calls_under_way_and_settles_them(tmp_path: Path) -> None:
    async with (
        ScriptedModelServer([Fault(kind="hang")]) as server,
        gateway_to(server.url) as gateway,
    ):
        async with httpx2.AsyncClient(timeout=LIMIT) as client:
            async with agent_of(gateway, tmp_path) as agent:
                asking = asyncio.create_task(
                    client.post(agent.url("/v1/messages"), json=question(), headers=agent.headers)
                )
                await server.wait_for_async(1)
            # It is in the books by the time that the admission is left.
            (done,) = agent.books.settled
            assert (await asking).status_code == 401
        await server.wait_for_hang_ups_async(1)
    assert (done.status, done.output_tokens) == (0, 0)
    assert done.input_tokens > 0


# What an agent may send


async def test_a8_only_what_is_needed_is_served(tmp_path: Path) -> None:
    async with (
        ScriptedModelServer([]) as server,
        agent_at(server.url, tmp_path) as agent,
    ):
        for method, path in (
            ("POST", "/v1/files"),
            ("POST", "/v1/messages/batches"),
            ("GET", "/v1/messages"),
            ("POST", "/v1/messages/../files"),
            ("POST", "//v1/messages"),
            ("GET", "/v1/models/another"),
            ("DELETE", "/v1/models"),
        ):
            answer = await agent.client.request(
                method, agent.url(path), headers=agent.headers, content=b""
            )
            assert (answer.status_code, method, path) == (404, method, path)
            assert answer.json()["type"] == "error"
        assert (await agent.client.head(agent.url("/"))).status_code == 200
        one = await agent.client.get(
            agent.url(f"/v1/models/{MODELS['anthropic']}"), headers=agent.headers
        )
        assert one.json()["id"] == MODELS["anthropic"]
    assert server.requests == ()


async def test_a8_a_body_that_is_no_request_is_refused(tmp_path: Path) -> None:
    bodies = [b"", b"[]", b"{", b'{"a": tru}', b"\xff\xfe", b"null", b'{"model": ' + b"[" * 100_000]
    async with (
        ScriptedModelServer([]) as server,
        agent_at(server.url, tmp_path) as agent,
    ):
        for body in bodies:
            answer = await agent.client.post(
                agent.url("/v1/messages"), content=body, headers=agent.headers
            )
            assert answer.status_code == 400
        packed = {**agent.headers, "content-encoding": "gzip"}
        answer = await agent.client.post(agent.url("/v1/messages"), content=b"x", headers=packed)
        assert answer.status_code == 415
    assert server.requests == ()


async def test_a8_a_body_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    async def much() -> Any:
        for _ in range(51):
            yield b"x" * 1024 * 1024

    async with (
        ScriptedModelServer([]) as server,
        agent_at(server.url, tmp_path) as agent,
    ):
        # Told before anything of it is sent: the head is enough.
        said = await _raw(
            agent.gateway.port,
            b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n"
            b"x-api-key: " + agent.admission.token.encode() + b"\r\n\r\n",
        )
        assert said.startswith(b"HTTP/1.1 413 ")
        try:
            answer = await agent.client.post(
                agent.url("/v1/messages"), content=much(), headers=agent.headers
            )
            assert answer.status_code == 413
        except httpx2.NetworkError:
            # The gateway does not wait for the rest of it.
            pass
    assert server.requests == ()


async def test_a8_tools_of_the_provider_can_be_forbidden(tmp_path: Path) -> None:
    own = {"tools": [{"name": "a", "input_schema": {}}, {"type": "bash_20250124", "name": "bash"}]}
    search = {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}
    remote = {"mcp_servers": [{"type": "url", "url": "https://x.invalid", "name": "x"}]}
    async with ScriptedModelServer([SAID, SAID]) as server, gateway_to(server.url) as gateway:
        async with agent_of(gateway, tmp_path, provider_tools=False) as agent:
            assert (await agent.post("/v1/messages", question() | own)).status_code == 200
            for more in (search, remote):
                refused = await agent.post("/v1/messages", question() | more)
                assert refused.status_code == 400
        async with agent_of(gateway, tmp_path) as agent:
            assert (await agent.post("/v1/messages", question() | search)).status_code == 200
    assert len(server.requests) == 2


async def test_a8_a_model_of_another_protocol_is_refused_at_admission(tmp_path: Path) -> None:
    async with gateway_to("http://127.0.0.1:9") as gateway:
        name = f"openai-here:{MODELS['openai']}"
        with pytest.raises(UserError) as refused:
            async with gateway.admit(name, "anthropic", Books(), kept=tmp_path):
                pytest.fail("admitted")
        assert refused.value.code == "coder_model"
        assert "anthropic-here" in refused.value.hint


async def _raw(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        await writer.drain()
        async with asyncio.timeout(LIMIT):
            return await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()
