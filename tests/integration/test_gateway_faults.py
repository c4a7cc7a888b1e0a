# ruff: noqa: E402 - what is imported below is there only with the extra "models"
"""What the model gateway does when something breaks, and where it listens (A8)."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import socket
import stat
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

for extra in ("anthropic", "openai", "uvicorn"):
    pytest.importorskip(extra, reason='needs the extra "models"')

import httpx2

from mas.adapters.models.gateway import Gateway
from mas.core.budget import Budget
from mas.core.coding import Wire
from mas.core.errors import UserError
from mas.testing.clock import ManualClock
from mas.testing.models import Fault, Reply, ScriptedModelServer, Tokens
from support.gateway_world import (
    KEY,
    LIMIT,
    MODELS,
    PATHS,
    STREAM_HEAD,
    Books,
    HandmadeProvider,
    agent_at,
    agent_of,
    gateway_to,
    question,
    response,
    settings,
)

SAID = Reply(text="Hello.", usage=Tokens(input=11, output=7))
BOTH: tuple[Wire, ...] = ("anthropic", "openai")
TIGHT = Budget(tokens=400)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="g", dir="/tmp") as folder:
        yield Path(folder)


def told(answer: httpx2.Response) -> str:
    return str(answer.json()["error"]["message"])


@pytest.mark.parametrize("wire", BOTH)
async def test_a8_a_provider_out_of_reach_is_told_in_the_protocol_s_form(
    tmp_path: Path, wire: Wire
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        async with gateway_to(url) as gateway, agent_of(gateway, tmp_path, wire) as agent:
            answer = await agent.post(PATHS[wire], question(wire))
            done = await agent.books.until_settled(1)
    assert answer.status_code == 502
    assert "cannot be reached" in told(answer)
    # Nobody has worked on it, so nothing is charged.
    assert (done.status, done.input_tokens, done.cost_micros) == (0, 0, 0)


@pytest.mark.parametrize("wire", BOTH)
async def test_a8_a_refused_key_is_noted_and_never_shown(tmp_path: Path, wire: Wire) -> None:
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY[:9]}**{KEY[-4:]}"}})

    async def play(asked: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response(401, body.encode()))

    async with (
        HandmadeProvider(play) as provider,
        agent_at(provider.url, tmp_path, wire) as agent,
    ):
        answer = await agent.post(PATHS[wire], question(wire))
        failure = agent.admission.failure
    assert (answer.status_code, answer.headers["x-should-retry"]) == (401, "false")
    assert "CANARY" in told(answer)
    assert KEY[-4:] not in answer.text
    assert isinstance(failure, UserError)
    assert failure.code == "model_key"


@pytest.mark.parametrize("status", [400, 403, 429, 500, 529])
async def test_a8_other_errors_are_the_provider_s_with_its_wish_to_wait(
    tmp_path: Path, status: int
) -> None:
    body = json.dumps({"type": "error", "error": {"type": "x", "message": f"wrong: {KEY}!"}})

    async def play(asked: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response(status, body.encode(), "retry-after: 7"))

    async with (
        HandmadeProvider(play) as provider,
        agent_at(provider.url, tmp_path) as agent,
    ):
        answer = await agent.post("/v1/messages", question(stream=True))
        done = await agent.books.until_settled(1)
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
    assert told(answer) == "wrong: ***!"
    assert (done.status, done.cost_micros) == (status, 0)


async def test_a8_a_redirect_is_not_followed_with_the_key(tmp_path: Path) -> None:
    async def play(asked: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response(307, b"", "location: http://127.0.0.1:9/"))

    async with (
        HandmadeProvider(play) as provider,
        agent_at(provider.url, tmp_path) as agent,
    ):
        answer = await agent.post("/v1/messages", question())
    assert answer.status_code == 502
    assert "location" not in answer.headers


async def test_a8_a_provider_that_says_nothing_is_given_up_in_time(tmp_path: Path) -> None:
    short_time = timedelta(seconds=1.5)
    async with ScriptedModelServer([Fault(kind="hang")]) as server:
        async with (
            gateway_to(server.url, timeout=short_time) as gateway,
            agent_of(gateway, tmp_path) as agent,
        ):
            answer = await agent.post("/v1/messages", question())
            done = await agent.books.until_settled(1)
        await server.wait_for_hang_ups_async(1)
    assert answer.status_code == 504
    assert done.input_tokens > 0


@pytest.mark.parametrize("wire", BOTH)
@pytest.mark.parametrize("stream", [False, True])
async def test_a8_an_answer_that_breaks_off_breaks_off_for_the_agent_too(
    tmp_path: Path, wire: Wire, stream: bool
) -> None:
    long = Reply(text="word " * 4000, usage=Tokens(input=11, output=5000))
    cut = Fault(kind="cut", reply=long, after_chars=2000)
    async with (
        ScriptedModelServer([cut]) as server,
        agent_at(server.url, tmp_path, wire) as agent,
    ):
        if stream:
            with pytest.raises(httpx2.RemoteProtocolError):
                await agent.post(PATHS[wire], question(wire, stream=True))
        else:
            try:
                answer = await agent.post(PATHS[wire], question(wire))
                assert answer.status_code == 502
            except httpx2.RemoteProtocolError:
                pass
        done = await agent.books.until_settled(1)
    # What was said counts, though the provider never came to its bill: 2000 letters.
    assert 400 <= done.output_tokens <= 1500
    assert done.input_tokens >= 11


async def test_a8_an_agent_that_goes_away_ends_the_provider_s_work(tmp_path: Path) -> None:
    gone, begun = asyncio.Event(), asyncio.Event()
    start = {
        "type": "message_start",
        "message": {"usage": {"input_tokens": 40, "output_tokens": 1}},
    }
    text = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "w " * 90},
    }

    async def play(asked: bytes, writer: asyncio.StreamWriter) -> None:
        for event in (start, text):
            writer.write((STREAM_HEAD if event is start else b"") + b"data: ")
            writer.write(json.dumps(event).encode() + b"\n\n")
        await writer.drain()
        begun.set()
        try:
            while True:
                writer.write(b": still here\n\n")
                await writer.drain()
                await asyncio.sleep(0)
        except ConnectionError:
            gone.set()

    async with (
        HandmadeProvider(play) as provider,
        agent_at(provider.url, tmp_path) as agent,
    ):
        async with agent.client.stream(
            "POST",
            agent.url("/v1/messages"),
            json=question(stream=True),
            headers=agent.headers,
        ) as answer:
            await begun.wait()
            await anext(answer.aiter_raw())
        async with asyncio.timeout(LIMIT):
            await gone.wait()
        done = await agent.books.until_settled(1)
    assert (done.status, done.input_tokens) == (200, 40)
    assert 60 <= done.output_tokens <= 90


async def test_a8_an_agent_that_goes_away_before_any_answer_is_settled(tmp_path: Path) -> None:
    async with (
        ScriptedModelServer([Fault(kind="hang")]) as server,
        gateway_to(server.url) as gateway,
        agent_of(gateway, tmp_path) as agent,
    ):
        asking = asyncio.create_task(agent.post("/v1/messages", question()))
        await server.wait_for_async(1)
        asking.cancel()
        await server.wait_for_hang_ups_async(1)
        done = await agent.books.until_settled(1)
    assert (done.status, done.output_tokens) == (0, 0)
    assert done.input_tokens > 0


async def test_a8_books_that_cannot_be_kept_refuse_the_call(tmp_path: Path) -> None:
    class Torn(Books):
        async def call(self, most: Any, body: Any) -> Any:
            raise UserError("The disk is full.")

    async with ScriptedModelServer([]) as server, gateway_to(server.url) as gateway:
        name = f"anthropic-here:{MODELS['anthropic']}"
        async with (
            gateway.admit(name, "anthropic", Torn(), kept=tmp_path) as admission,
            httpx2.AsyncClient() as client,
        ):
            answer = await client.post(
                f"{admission.base_url}/v1/messages",
                json=question(),
                headers={"x-api-key": admission.token},
            )
    assert answer.status_code == 503
    assert server.requests == ()


# Where it listens


async def test_a8_a_closed_sandbox_reaches_it_by_a_socket_as_any_user(
    tmp_path: Path, short: Path
) -> None:
    path = short / "gateway.sock"
    async with (
        ScriptedModelServer([SAID]) as server,
        gateway_to(server.url, socket=path) as gateway,
        agent_of(gateway, tmp_path) as agent,
    ):
        assert gateway.socket == path
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        transport = httpx2.AsyncHTTPTransport(uds=str(path))
        async with httpx2.AsyncClient(transport=transport) as client:
            url = agent.admission.base_url_at("127.0.0.1", 8419) + "/v1/messages"
            answer = await client.post(url, json=question(), headers=agent.headers)
            refused = await client.post(url, json=question())
    assert (answer.status_code, refused.status_code) == (200, 401)
    assert not path.exists()


async def test_a8_without_a_path_the_socket_is_in_a_folder_of_its_own(tmp_path: Path) -> None:
    async with gateway_to("http://127.0.0.1:9") as gateway:
        path = gateway.socket
        assert path.is_socket()
        assert [one.name for one in path.parent.iterdir()] == [path.name]
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o711
    assert not path.parent.exists()


async def test_a8_a_dead_process_s_socket_gives_way_and_a_living_one_s_does_not(
    short: Path,
) -> None:
    path = short / "gateway.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with gateway_to("http://127.0.0.1:9", socket=path):
        with pytest.raises(UserError) as refused:
            async with gateway_to("http://127.0.0.1:9", socket=path):
                pytest.fail("opened twice")
        assert refused.value.code == "gateway_address"
        assert path.is_socket()
    (short / "file").write_text("mine")
    for wrong in (short / "file", short / ("x" * 120), short / "no" / "folder"):
        with pytest.raises(UserError):
            async with gateway_to("http://127.0.0.1:9", socket=wrong):
                pytest.fail("opened")
    assert (short / "file").read_text() == "mine"


async def test_a8_a_gateway_leaves_nothing_open_and_no_signal_handler(tmp_path: Path) -> None:
    handlers = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    before = _open_files()
    async with (
        ScriptedModelServer([Fault(kind="hang")]) as server,
        httpx2.AsyncClient(timeout=LIMIT) as client,
    ):
        async with Gateway(settings(server.url), {"CANARY": KEY}, clock=ManualClock()) as gateway:
            assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == handlers
            held = gateway.admit(
                f"anthropic-here:{MODELS['anthropic']}", "anthropic", Books(), kept=tmp_path
            )
            admission = await held.__aenter__()
            asking = asyncio.create_task(
                client.post(
                    f"{admission.base_url}/v1/messages",
                    json=question(),
                    headers={"x-api-key": admission.token},
                )
            )
            await server.wait_for_async(1)
        # Closing ends what is under way, also where an admission was not left.
        assert (await asking).status_code == 401
        await held.__aexit__(None, None, None)
    gc.collect()
    assert _open_files() <= before


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
