# ruff: noqa: E402 - what is imported below is there only with the extra "models"
"""What goes through the model gateway, and how it is counted (A8)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

for extra in ("anthropic", "openai", "uvicorn"):
    pytest.importorskip(extra, reason='needs the extra "models"')

import anthropic
import httpx2
import openai

from mas.core.coding import Wire
from mas.testing.models import Call, Reply, ScriptedModelServer, Tokens
from support.gateway_world import (
    KEY,
    LIMIT,
    MODELS,
    PATHS,
    STREAM_HEAD,
    Agent,
    HandmadeProvider,
    agent_at,
    agent_of,
    gateway_to,
    question,
    response,
)

TOKENS = Tokens(input=11, output=7, cache_read=100, cache_write=20)
SAID = Reply(text="Hello there, 안녕하세요. " * 30, usage=TOKENS)
BOTH: tuple[Wire, ...] = ("anthropic", "openai")
STREAMS = [False, True]


@pytest.fixture(autouse=True)
def _no_vendor_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_CUSTOM_HEADERS", "OPENAI_CUSTOM_HEADERS", "OPENAI_ORG_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("wire", BOTH)
@pytest.mark.parametrize("stream", STREAMS)
async def test_a8_an_answer_is_byte_for_byte_the_provider_s(
    tmp_path: Path, wire: Wire, stream: bool
) -> None:
    reply = Reply(text=SAID.text, calls=(Call(name="read", arguments={"a": "ä"}),), usage=TOKENS)
    asked = question(wire, stream=stream)
    async with ScriptedModelServer([reply]) as direct, httpx2.AsyncClient() as client:
        plain = await client.post(direct.url + PATHS[wire], json=asked)
    async with (
        ScriptedModelServer([reply]) as server,
        agent_at(server.url, tmp_path, wire) as agent,
    ):
        through = await agent.post(PATHS[wire], asked)
    assert through.status_code == plain.status_code == 200
    assert through.content == plain.content
    assert through.headers["content-type"] == plain.headers["content-type"]
    assert server.requests[0].body == asked


@pytest.mark.parametrize("wire", BOTH)
@pytest.mark.parametrize("stream", STREAMS)
async def test_a8_tokens_and_cost_are_those_that_the_provider_counts(
    tmp_path: Path, wire: Wire, stream: bool
) -> None:
    async with (
        ScriptedModelServer([SAID]) as server,
        agent_at(server.url, tmp_path, wire) as agent,
    ):
        await agent.post(PATHS[wire], question(wire, stream=stream))
        done = await agent.books.until_settled(1)
    assert (done.input_tokens, done.output_tokens) == (131, 7)
    assert (done.cache_read_tokens, done.cache_write_tokens) == (100, 20)
    # 11 plain at 2, 100 read at 1, 20 written at 4, 7 out at 10 dollars a million.
    assert (done.cost_micros, done.priced, done.status) == (
        11 * 2 + 100 + 20 * 4 + 7 * 10,
        True,
        200,
    )
    assert agent.books.promised[0].output_tokens == 100
    assert agent.books.promised[0].cost_micros >= 100 * 10
    assert done.model == agent.admission.target.name


async def test_a8_the_anthropic_client_works_with_a_token_alone(tmp_path: Path) -> None:
    script = [
        Reply(calls=(Call(name="read", arguments={"path": "a"}),), usage=TOKENS),
        Reply(text="Done.", usage=TOKENS),
    ]
    tools: list[Any] = [{"name": "read", "input_schema": {"type": "object"}}]
    async with (
        ScriptedModelServer(script, key=KEY) as server,
        agent_at(server.url, tmp_path) as agent,
        anthropic.AsyncAnthropic(
            api_key=agent.admission.token,
            base_url=agent.admission.base_url,
            max_retries=0,
            timeout=LIMIT,
        ) as client,
    ):
        asked: dict[str, Any] = {"model": MODELS["anthropic"], "max_tokens": 50}
        turns: list[Any] = [{"role": "user", "content": "go"}]
        async with client.messages.stream(**asked, messages=turns, tools=tools) as stream:
            first = await stream.get_final_message()
        second = await client.messages.create(**asked, messages=turns)
        counted = await client.messages.count_tokens(model=MODELS["anthropic"], messages=turns)
        models = [one.id async for one in client.models.list()]
    assert first.content[0].type == "tool_use"
    assert second.content[0].type == "text"
    assert counted.input_tokens > 0
    assert models == [MODELS["anthropic"]]
    # Counting tokens is no call that anybody pays for.
    assert len(agent.books.settled) == 2


async def test_a8_the_openai_client_works_with_a_token_alone(tmp_path: Path) -> None:
    async with (
        ScriptedModelServer([SAID, SAID], key=KEY) as server,
        gateway_to(server.url) as gateway,
        agent_of(gateway, tmp_path, "openai") as agent,
        openai.AsyncOpenAI(
            api_key=agent.admission.token,
            base_url=agent.admission.base_url,
            max_retries=0,
            timeout=LIMIT,
        ) as client,
    ):
        turns: list[Any] = [{"role": "user", "content": "go"}]
        whole = await client.chat.completions.create(model="gpt-4o", messages=turns)
        said = ""
        stream = await client.chat.completions.create(model="gpt-4o", messages=turns, stream=True)
        async for chunk in stream:
            # This client did not ask for the number of tokens, and indexes what it gets.
            said += chunk.choices[0].delta.content or ""
        models = [one.id async for one in client.models.list()]
    assert whole.choices[0].message.content == said == SAID.text
    assert models == ["gpt-4o"]
    assert [one.input_tokens for one in agent.books.settled] == [131, 131]
    assert server.asked[1].counts_streamed_usage


async def test_a8_responses_are_counted_too(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 30,
        "input_tokens_details": {"cached_tokens": 10},
        "output_tokens": 5,
        "total_tokens": 35,
    }
    events = [
        {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "delta": "Hi"},
        {"type": "response.completed", "response": {"status": "completed", "usage": usage}},
    ]
    sent = b"".join(
        b"event: " + one["type"].encode() + b"\r\ndata: " + json.dumps(one).encode() + b"\r\n\r\n"
        for one in events
    )

    async def play(body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + sent)

    async with (
        HandmadeProvider(play) as provider,
        agent_at(provider.url, tmp_path, "openai") as agent,
    ):
        asked = {"model": "gpt-4o", "input": "hi", "stream": True, "max_output_tokens": 9}
        through = await agent.post("/v1/responses", asked)
        done = await agent.books.until_settled(1)
    assert through.content == sent
    assert provider.heads[0].startswith(b"POST /v1/responses ")
    assert (done.input_tokens, done.output_tokens, done.cache_read_tokens) == (30, 5, 10)
    assert agent.books.promised[0].output_tokens == 9


@pytest.mark.parametrize("wire", BOTH)
async def test_a8_the_first_event_arrives_while_the_provider_still_speaks(
    tmp_path: Path, wire: Wire
) -> None:
    heard = asyncio.Event()
    first, second = b'data: {"n": 1}\n\n', b'data: {"n": 2}\n\n'

    async def play(body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + first)
        await heard.wait()
        writer.write(second)

    async with (
        HandmadeProvider(play) as provider,
        agent_at(provider.url, tmp_path, wire) as agent,
        agent.client.stream(
            "POST",
            agent.url(PATHS[wire]),
            json=question(wire, stream=True),
            headers=agent.headers,
        ) as answer,
    ):
        pieces = answer.aiter_raw()
        got = await anext(pieces)
        assert got == first
        heard.set()
        assert b"".join([piece async for piece in pieces]) == second


async def test_a8_whatever_model_is_named_the_admitted_one_is_asked(tmp_path: Path) -> None:
    async with (
        ScriptedModelServer([SAID]) as server,
        agent_at(server.url, tmp_path) as agent,
    ):
        asked = {**question(), "model": "a-model-that-costs-more"}
        answer = await agent.post("/v1/messages?beta=true", asked)
    assert answer.status_code == 200
    assert server.asked[0].model == MODELS["anthropic"]
    assert server.requests[0].path == "/v1/messages?beta=true"
    assert {**asked, "model": MODELS["anthropic"]} == server.requests[0].body


async def test_a8_a_field_that_is_given_twice_brings_no_other_model(tmp_path: Path) -> None:
    async with (
        ScriptedModelServer([SAID]) as server,
        agent_at(server.url, tmp_path) as agent,
    ):
        plain = json.dumps(question())
        twice = plain[:-1] + ', "model": "dear"}'
        twice = '{"model": "dearer", ' + twice[1:]
        await agent.client.post(agent.url("/v1/messages"), content=twice, headers=agent.headers)
    assert server.asked[0].model == MODELS["anthropic"]


async def test_a8_of_headers_only_what_the_protocol_needs_goes_to_the_provider(
    tmp_path: Path,
) -> None:
    async def play(body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(
            response(
                200, b"{}", "set-cookie: a=b", "anthropic-organization-id: o", "retry-after: 3"
            )
        )

    async with (
        HandmadeProvider(play) as provider,
        agent_at(provider.url, tmp_path) as agent,
    ):
        more = {
            "anthropic-beta": "some-beta",
            "cookie": "c=d",
            "proxy-authorization": "Basic abc",
            "x-forwarded-for": "1.2.3.4",
            "authorization": f"Bearer {agent.admission.token}",
            "accept-encoding": "gzip",
        }
        first = await agent.post("/v1/messages", question(), more)
        await agent.post("/v1/messages", question())
    head, second = (one.decode().lower() for one in provider.heads)
    assert f"x-api-key: {KEY}\r\n" in head
    assert "anthropic-beta: some-beta\r\n" in head
    assert "accept-encoding: identity\r\n" in head
    assert "host: 127.0.0.1" in head
    for absent in ("cookie", "proxy-", "forwarded", "authorization", agent.admission.token.lower()):
        assert absent not in head + second
    assert first.headers["retry-after"] == "3"
    assert not {"set-cookie", "anthropic-organization-id"} & set(first.headers)


async def test_a8_ten_agents_with_three_calls_each_get_their_own_answers(tmp_path: Path) -> None:
    def echo(request: Any) -> Reply:
        return Reply(text=request.last.text, usage=TOKENS)

    async def work(agent: Agent, number: int) -> list[str]:
        answers = await asyncio.gather(
            *(
                agent.post("/v1/messages", question(stream=False, text=f"{number}/{call}"))
                for call in range(3)
            )
        )
        return [one.json()["content"][0]["text"] for one in answers]

    async with ScriptedModelServer(echo) as server, gateway_to(server.url) as gateway:

        async def one(number: int) -> None:
            async with agent_of(gateway, tmp_path / str(number)) as agent:
                said = await work(agent, number)
                assert said == [f"{number}/{call}" for call in range(3)]
                assert len(agent.books.settled) == len(agent.files()) == 3

        await asyncio.gather(*(one(number) for number in range(10)))


async def test_a8_an_agent_that_reads_slowly_holds_the_provider_back(tmp_path: Path) -> None:
    piece = b"data: " + b"x" * 65_536 + b"\n\n"
    written, held = 0, asyncio.Event()

    async def play(body: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(STREAM_HEAD)
        for _ in range(1000):
            writer.write(piece)
            try:
                async with asyncio.timeout(1):
                    await writer.drain()
            except TimeoutError:
                # Nobody takes it any more: 64 MB do not pile up in between.
                held.set()
                return
            written += len(piece)

    async with (
        HandmadeProvider(play) as provider,
        agent_at(provider.url, tmp_path) as agent,
        agent.client.stream(
            "POST",
            agent.url("/v1/messages"),
            json=question(stream=True),
            headers=agent.headers,
        ) as answer,
    ):
        # Held on to: a reader that is given up would close the connection.
        pieces = answer.aiter_raw(1024)
        await anext(pieces)
        async with asyncio.timeout(LIMIT):
            await held.wait()
    assert written < 40 * 1024 * 1024
