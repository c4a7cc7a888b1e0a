"""What every configured model keeps to, over both protocols and real connections (A5)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mas.adapters.models.registry import ConfiguredModels
from mas.adapters.models.settings import Endpoint, ModelSettings, Price
from mas.core.errors import MasError, Permanent, Transient, UserError
from mas.core.models import Model, ModelRequest, Said, ToolCall, ToolOffer
from mas.testing.models import Call, Fault, Reply, ScriptedModelServer, Tokens
from mas.testing.models import ModelRequest as Asked
from mas.testing.models.script import FaultKind, ScriptLike

KEY = "test-key-0123456789"
CANARY = "canary-5f2d9c71"
FIRST = {"anthropic": "anthropic:claude-sonnet-5", "openai": "openai:gpt-4o"}
OTHER = {"anthropic": "openai:gpt-4o", "openai": "anthropic:claude-sonnet-5"}
SOON = timedelta(seconds=1.5)
HELLO = Reply(text="Hello", usage=Tokens(input=11, output=7, cache_read=100, cache_write=20))
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"tool": {"type": "string"}, "adopt": {"type": "boolean"}},
    "required": ["tool", "adopt"],
    "additionalProperties": False,
}
VERDICT = {"tool": "tekton", "adopt": False}
LIST = ToolOffer(
    name="files__list",
    description="Lists files.",
    schema={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
PLAIN = ModelRequest(
    instructions="You are the planner.", conversation=(Said(author="user", text="Tekton?"),)
)
TYPED = ModelRequest(
    instructions="You are the planner.",
    conversation=(Said(author="user", text="Tekton?"),),
    output=SCHEMA,
    output_name="Verdict",
)


class Naps:
    """A clock on which pauses are over at once, and kept in mind."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 1, 2, tzinfo=UTC)

    async def sleep(self, delay: timedelta) -> None:
        self.taken.append(delay.total_seconds())
        await asyncio.sleep(0)


@dataclass(frozen=True)
class World:
    """A model of one protocol, the server that plays it, and the pauses that were taken."""

    model: Model
    server: ScriptedModelServer
    naps: Naps


Open = Callable[..., World]


@pytest.fixture(params=["anthropic", "openai"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def opened(protocol: str) -> AsyncIterator[Open]:
    """Opens worlds; everything is closed after the test."""
    async with AsyncExitStack() as stack:

        def open_world(
            script: ScriptLike,
            settings: ModelSettings | None = None,
            *,
            name: str = "",
            fallback: bool = False,
            environment: dict[str, str] | None = None,
            server_key: str = "",
        ) -> World:
            server = stack.enter_context(ScriptedModelServer(script, key=server_key))
            naps = Naps()
            given = settings or ModelSettings()
            if fallback:
                given = replace(given, fallbacks=(OTHER[protocol],))
            models = ConfiguredModels(
                given, {**keys(server), **(environment or {})}, clock=naps, jitter=lambda: 0.0
            )
            stack.push_async_callback(models.aclose)
            model = models.for_role("planner", wanted=name or FIRST[protocol])
            assert model is not None
            return World(model, server, naps)

        yield open_world


def keys(server: ScriptedModelServer) -> dict[str, str]:
    return {
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": server.anthropic_url,
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": server.openai_url,
        "GROQ_API_KEY": KEY,
        "GROQ_BASE_URL": server.openai_url,
        "VLLM_API_URL": server.url,
        "OLLAMA_HOST": server.url.removeprefix("http://"),
    }


# Answers


async def test_a5_a_text_comes_with_all_that_it_has_used(opened: Open, protocol: str) -> None:
    world = opened([HELLO])
    reply = await world.model.ask(PLAIN)
    assert (reply.text, reply.stop, reply.model) == ("Hello", "end", FIRST[protocol])
    assert (reply.input_tokens, reply.output_tokens) == (131, 7)
    assert reply.cache_read_tokens == 100
    assert reply.cost_micros > 0
    assert reply.priced
    assert reply.tried == ()
    assert world.server.problems == ()


async def test_a5_a_streamed_text_comes_in_pieces_that_make_the_answer(opened: Open) -> None:
    world = opened([replace(HELLO, text="It came piece by piece."), HELLO])
    pieces: list[str] = []
    reply = await world.model.ask(PLAIN, on_text=pieces.append)
    assert len(pieces) > 1
    assert "".join(pieces) == reply.text == "It came piece by piece."
    assert (reply.input_tokens, reply.output_tokens) == (131, 7)
    await world.model.ask(PLAIN)
    assert [one.streaming for one in world.server.requests] == [True, False]


async def test_a5_a_model_calls_tools_and_reads_what_they_gave(opened: Open) -> None:
    world = opened([Reply(calls=(Call(name="files__list", arguments={"path": "src"}),)), HELLO])
    request = ModelRequest(
        instructions="You are the coder.",
        conversation=(Said(author="user", text="Look."),),
        tools=(LIST,),
    )
    reply = await world.model.ask(request)
    assert reply.stop == "calls"
    (call,) = reply.calls
    assert (call.tool, call.arguments) == ("files__list", {"path": "src"})
    again = ModelRequest(
        instructions=request.instructions,
        conversation=(
            *request.conversation,
            Said(author="model", text="I look.", calls=reply.calls),
            Said(author="tool", text="There is no src.", answers=call.id, failed=True),
        ),
        tools=request.tools,
    )
    assert (await world.model.ask(again)).text == "Hello"
    asked = world.server.asked[-1]
    assert [one.role for one in asked.messages] == ["user", "assistant", "tool"]
    assert asked.messages[1].calls == ("files__list",)
    assert "There is no src." in asked.last.text
    assert [tool.name for tool in asked.tools] == ["files__list"]


async def test_a5_several_calls_at_once_are_answered_together(opened: Open) -> None:
    world = opened([HELLO])
    calls = tuple(ToolCall(id=f"c{n}", tool="files__list", arguments={"path": ""}) for n in (1, 2))
    request = ModelRequest(
        instructions="You are the coder.",
        conversation=(
            Said(author="user", text="Look."),
            Said(author="model", calls=calls),
            Said(author="tool", text="one", answers="c1"),
            Said(author="tool", text="", answers="c2"),
            Said(author="user", text="Hurry."),
        ),
        tools=(LIST,),
    )
    assert (await world.model.ask(request)).text == "Hello"
    assert world.server.problems == ()


# Typed output


@pytest.mark.parametrize("typed", ["native", "tool", "prompt"])
async def test_a5_typed_output_is_the_object_in_every_way_of_asking(
    opened: Open, protocol: str, typed: Any
) -> None:
    world = opened(
        lambda asked: (
            Reply(output=VERDICT)
            if typed != "prompt"
            else Reply(text='Sure:\n```json\n{"tool": "tekton", "adopt": false}\n```')
        ),
        ModelSettings(typed={FIRST[protocol]: typed}),
    )
    reply = await world.model.ask(TYPED)
    assert reply.output == VERDICT
    assert reply.problem == ""
    assert "tekton" in reply.text
    assert reply.calls == ()
    (asked,) = world.server.asked
    assert asked.wants_json is (typed == "native")
    assert bool(asked.tools) is (typed == "tool")
    assert ('"adopt"' in asked.system) is (typed == "prompt")


async def test_a5_an_answer_that_is_no_json_comes_with_what_is_wrong(opened: Open) -> None:
    world = opened([Reply(text="I would rather not.")])
    reply = await world.model.ask(TYPED)
    assert reply.output is None
    assert reply.problem == "The answer holds no JSON object."
    assert reply.text == "I would rather not."


async def test_a5_a_refused_way_of_typed_output_is_left_for_the_next_and_not_tried_again(
    opened: Open,
) -> None:
    def play(asked: Asked) -> Reply | Fault:
        if asked.wants_json:
            return Fault(kind="status", status=400, message="response_format is not supported")
        if asked.tools:
            return Fault(kind="status", status=400, message="this model does not support tools")
        return Reply(text='{"tool": "tekton", "adopt": false}')

    world = opened(play)
    assert (await world.model.ask(TYPED)).output == VERDICT
    assert len(world.server.asked) == 3
    assert (await world.model.ask(TYPED)).output == VERDICT
    assert len(world.server.asked) == 4
    assert world.naps.taken == []


async def test_a5_a_way_that_was_set_is_not_left(opened: Open, protocol: str) -> None:
    refusal = Fault(kind="status", status=400, message="response_format is not supported")
    world = opened([refusal], ModelSettings(typed={FIRST[protocol]: "native"}))
    with pytest.raises(Permanent) as caught:
        await world.model.ask(TYPED)
    assert caught.value.code == "model_rejected"
    assert "response_format is not supported" in caught.value.message


async def test_a5_a_wrong_schema_is_given_as_it_came_for_the_reader_to_judge(
    opened: Open,
) -> None:
    world = opened([Fault(kind="wrong_schema", reply=Reply(output=VERDICT))])
    reply = await world.model.ask(TYPED)
    assert reply.output is not None
    assert reply.output != VERDICT


async def test_a5_an_endless_answer_is_marked_as_cut_off(opened: Open) -> None:
    world = opened([Fault(kind="overlong", characters=50_000)])
    reply = await world.model.ask(TYPED)
    assert reply.stop == "length"
    assert reply.output is None
    assert reply.problem


@pytest.mark.parametrize(
    ("name", "costs"),
    [("groq:llama-3.3-70b-versatile", True), ("vllm:Qwen/Qwen3-8B", False), ("ollama:m:8b", False)],
)
async def test_a5_compatible_providers_answer_with_text_and_typed_output(
    opened: Open, name: str, costs: bool
) -> None:
    world = opened([HELLO, Reply(output=VERDICT)], name=name)
    reply = await world.model.ask(PLAIN)
    assert (reply.text, reply.model, reply.cost_micros > 0) == ("Hello", name, costs)
    assert (await world.model.ask(TYPED)).output == VERDICT
    assert world.server.problems == ()
    asked = world.server.asked[-1]
    assert asked.model == name.partition(":")[2]
    # A server that holds tokens to a schema does not show it to the model.
    assert ('"adopt"' in asked.system) is name.startswith(("vllm", "ollama"))


async def test_a5_a_call_that_groq_could_not_read_is_asked_for_again(opened: Open) -> None:
    told = {"message": "Failed to call a function.", "code": "tool_use_failed"}
    world = opened(
        [Fault(kind="status", status=400, body={"error": told}), Reply(output=VERDICT)],
        name="groq:llama-3.3-70b-versatile",
    )
    reply = await world.model.ask(TYPED)
    assert reply.output == VERDICT
    assert len(reply.tried) == 1
    assert all(one.tools for one in world.server.asked)


# Faults


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (401, "invalid x-api-key", "model_key"),
        (403, "not allowed", "model_key"),
        (404, "model: no such one", "model_unknown"),
        (400, "prompt is too long: 250000 tokens > 200000 maximum", "model_too_large"),
        (402, "no credit", "model_quota"),
    ],
)
async def test_a5_a_mistake_in_the_settings_is_told_at_once(
    opened: Open, protocol: str, status: int, message: str, code: str
) -> None:
    if status == 400 and protocol == "openai":
        message = "This model's maximum context length is 128000 tokens."
    world = opened([Fault(kind="status", status=status, message=message)])
    with pytest.raises(UserError) as caught:
        await world.model.ask(PLAIN)
    assert caught.value.code == code
    assert caught.value.hint
    assert FIRST[protocol] in caught.value.message
    assert len(world.server.asked) == 1
    assert world.naps.taken == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
async def test_a5_what_passes_is_tried_again_after_growing_pauses(
    opened: Open, status: int
) -> None:
    world = opened([Fault(kind="status", status=status)] * 3 + [HELLO])
    reply = await world.model.ask(PLAIN)
    assert reply.text == "Hello"
    assert len(reply.tried) == 3
    assert world.naps.taken == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "model_overloaded"), (529, "model_overloaded"), (500, "model_unreachable")],
)
async def test_a5_what_does_not_pass_ends_after_four_calls(
    opened: Open, status: int, code: str
) -> None:
    world = opened([Fault(kind="status", status=status)] * 9)
    with pytest.raises(Transient) as caught:
        await world.model.ask(PLAIN)
    assert caught.value.code == code
    assert len(world.server.asked) == 4


async def test_a5_the_pause_that_a_provider_wants_is_kept(opened: Open) -> None:
    limited = Fault(kind="status", status=429, retry_after=timedelta(seconds=7))
    world = opened([limited, HELLO])
    assert (await world.model.ask(PLAIN)).text == "Hello"
    assert world.naps.taken == [7.0]


async def test_a5_a_pause_that_is_too_long_goes_to_the_fall_back_at_once(
    opened: Open, protocol: str
) -> None:
    limited = Fault(kind="status", status=429, retry_after=timedelta(hours=1))
    world = opened([limited, HELLO], fallback=True)
    reply = await world.model.ask(PLAIN)
    assert reply.model == OTHER[protocol]
    assert world.naps.taken == []
    lone = opened([limited])
    with pytest.raises(Transient) as caught:
        await lone.model.ask(PLAIN)
    assert caught.value.retry_after == timedelta(hours=1)


async def test_a5_a_server_that_hangs_is_left_in_time_and_its_connection_closed(
    opened: Open,
) -> None:
    world = opened([Fault(kind="hang")], ModelSettings(timeout=SOON))
    with pytest.raises(Transient) as caught:
        await world.model.ask(PLAIN)
    assert caught.value.code == "model_timeout"
    await world.server.wait_for_hang_ups_async(1)


async def test_a5_a_call_that_is_cancelled_leaves_no_connection_open(opened: Open) -> None:
    world = opened([Fault(kind="hang")])
    call = asyncio.create_task(world.model.ask(PLAIN))
    await world.server.wait_for_async(1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await world.server.wait_for_hang_ups_async(1)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("kind", ["cut", "close", "malformed", "stream_error"])
async def test_a5_an_answer_that_breaks_off_is_asked_for_again(
    opened: Open, kind: FaultKind, streamed: bool
) -> None:
    world = opened([Fault(kind=kind, status=529), HELLO])
    pieces: list[str] = []
    reply = await world.model.ask(PLAIN, on_text=pieces.append if streamed else None)
    assert reply.text == "Hello"
    assert len(reply.tried) == 1
    assert "".join(pieces).endswith("Hello" if streamed else "")


@pytest.mark.parametrize("streamed", [False, True])
async def test_a5_an_answer_that_cannot_be_read_twice_is_an_error(
    opened: Open, streamed: bool
) -> None:
    world = opened([Fault(kind="malformed")] * 4)
    with pytest.raises(Permanent) as caught:
        await world.model.ask(PLAIN, on_text=[].append if streamed else None)
    assert caught.value.code == "model_nonsense"
    assert len(world.server.asked) == 2


async def test_a5_a_page_of_a_proxy_in_place_of_an_answer_is_an_error(opened: Open) -> None:
    page = Fault(kind="status", status=502, body="<html>Bad gateway</html>")
    world = opened([page] * 4)
    with pytest.raises(Transient) as caught:
        await world.model.ask(PLAIN)
    assert caught.value.code == "model_unreachable"


async def test_a5_a_server_that_is_down_is_told_with_its_address(
    opened: Open, protocol: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Nobody listens there, and nobody else gets it.
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        variable = f"{protocol.upper()}_BASE_URL"
        world = opened([], environment={variable: address})
        with pytest.raises(Transient) as caught:
            await world.model.ask(PLAIN)
    assert caught.value.code == "model_unreachable"
    assert address in caught.value.message
    assert len(world.naps.taken) == 3


# Fall-backs


@pytest.mark.parametrize("status", [401, 404, 500, 529])
async def test_a5_a_fall_back_answers_after_every_failure_and_says_why_it_had_to(
    opened: Open, protocol: str, status: int
) -> None:
    first = FIRST[protocol].partition(":")[2]
    world = opened(
        lambda asked: Fault(kind="status", status=status) if asked.model == first else HELLO,
        fallback=True,
    )
    reply = await world.model.ask(PLAIN)
    assert (reply.text, reply.model) == ("Hello", OTHER[protocol])
    assert reply.tried
    assert all(FIRST[protocol] in told for told in reply.tried)


async def test_a5_with_no_fall_back_left_the_mistake_of_a_person_is_told(
    opened: Open, protocol: str
) -> None:
    first = FIRST[protocol].partition(":")[2]
    world = opened(
        lambda asked: Fault(kind="status", status=500 if asked.model == first else 401),
        fallback=True,
    )
    with pytest.raises(UserError) as caught:
        await world.model.ask(PLAIN)
    assert caught.value.code == "model_key"
    assert OTHER[protocol] in caught.value.message


async def test_a5_a_fall_back_without_a_key_is_told_of_only_when_it_is_needed(
    opened: Open, protocol: str
) -> None:
    missing = OTHER[protocol].partition(":")[0].upper()
    world = opened(
        [HELLO, *[Fault(kind="status", status=500)] * 4],
        fallback=True,
        environment={f"{missing}_API_KEY": ""},
    )
    assert (await world.model.ask(PLAIN)).tried == ()
    with pytest.raises(UserError, match=f"{missing}_API_KEY is not set"):
        await world.model.ask(PLAIN)


# Budgets


@pytest.mark.parametrize(
    "text", ["Tekton 도입 여부를 결정해줘. " * 200, "a1-{}[]:," * 500, "🙂" * 200]
)
async def test_r8_the_most_that_is_told_before_a_call_is_not_less_than_it_uses(
    opened: Open, text: str
) -> None:
    world = opened([Reply(text="x" * 4000), Reply(output=VERDICT)])
    for request in (PLAIN, TYPED):
        asked = ModelRequest(
            instructions=text,
            conversation=(Said(author="user", text=text),),
            tools=(LIST,),
            output=request.output,
        )
        most = world.model.most(asked)
        used = (await world.model.ask(asked)).usage
        assert most.input_tokens >= used.input_tokens
        assert most.output_tokens >= used.output_tokens
        assert most.cost_micros >= used.cost_micros > 0


async def test_r8_the_most_is_that_of_the_dearest_fall_back(opened: Open, protocol: str) -> None:
    prices = {OTHER[protocol]: Price(input=1000.0, output=1000.0)}
    alone = opened([]).model.most(PLAIN)
    beside = opened([], ModelSettings(prices=prices), fallback=True).model.most(PLAIN)
    assert beside.cost_micros > alone.cost_micros


async def test_a5_a_price_that_was_set_goes_before_the_list(opened: Open, protocol: str) -> None:
    own = Price(input=1.0, output=2.0, cache_read=0.5)
    world = opened([HELLO], ModelSettings(prices={FIRST[protocol]: own}))
    reply = await world.model.ask(PLAIN)
    plain = 131 - 100
    assert reply.cost_micros == plain + 50 + 14
    assert reply.priced


async def test_a5_a_model_without_a_known_price_says_so(opened: Open, protocol: str) -> None:
    world = opened([HELLO], name=f"{protocol}:{'claude' if protocol == 'anthropic' else 'gpt'}-x")
    reply = await world.model.ask(PLAIN)
    assert (reply.cost_micros, reply.priced) == (0, False)


async def test_a5_a_server_on_this_machine_costs_nothing(opened: Open, protocol: str) -> None:
    with ScriptedModelServer([HELLO]) as server:
        endpoint = Endpoint(protocol=protocol, base_url=server.url)  # type: ignore[arg-type]
        world = opened([], ModelSettings(endpoints={"mine": endpoint}), name="mine:gpt-4o")
        reply = await world.model.ask(PLAIN)
        assert server.problems == ()
    assert (reply.model, reply.cost_micros, reply.priced) == ("mine:gpt-4o", 0, True)
    assert world.model.most(PLAIN).cost_micros == 0


async def test_a5_a_server_that_counts_no_tokens_is_counted_by_their_length(
    opened: Open,
) -> None:
    world = opened([Reply(text="Hello", usage=Tokens(input=0, output=0))])
    reply = await world.model.ask(PLAIN)
    assert reply.input_tokens > 0
    assert reply.output_tokens > 0


async def test_a5_what_stays_the_same_is_cached_and_comes_first(
    opened: Open, protocol: str
) -> None:
    world = opened([HELLO])
    await world.model.ask(
        ModelRequest(
            instructions="You are the coder.",
            conversation=(Said(author="user", text="Look."),),
            tools=(LIST,),
        )
    )
    body: Any = world.server.asked[0].body
    if protocol == "anthropic":
        assert body["system"][-1]["cache_control"]["type"] == "ephemeral"
        assert body["tools"][-1]["cache_control"]["type"] == "ephemeral"
    else:
        assert body["messages"][0]["content"] == "You are the coder."


# Secrets and many at once


async def test_q3_nothing_of_the_process_but_the_key_reaches_a_provider(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
        "OPENAI_ADMIN_KEY",
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
        "AWS_SECRET_ACCESS_KEY",
    ):
        monkeypatch.setenv(name, CANARY)
    for vendor in ("ANTHROPIC", "OPENAI"):
        headers = f"X-Canary: {CANARY}\nAuthorization: Bearer {CANARY}\nX-Api-Key: {CANARY}"
        monkeypatch.setenv(f"{vendor}_CUSTOM_HEADERS", headers)
        monkeypatch.setenv(f"{vendor}_BASE_URL", f"http://{CANARY}.invalid")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    world = opened(
        [HELLO, HELLO, Reply(output=VERDICT)],
        environment={"GITHUB_TOKEN": CANARY, "DATABASE_URL": f"postgres://u:{CANARY}@h/d"},
        server_key=KEY,
    )
    await world.model.ask(PLAIN)
    await world.model.ask(PLAIN, on_text=lambda _: None)
    await world.model.ask(TYPED)
    sent = [one.to_json() for one in world.server.requests]
    assert len(sent) == 3
    assert CANARY not in str(sent)
    assert all(one.has_key for one in world.server.requests)


async def test_q3_a_key_that_a_provider_echoes_is_masked_in_the_error(opened: Open) -> None:
    world = opened([Fault(kind="status", status=401, message=f"Incorrect key: {KEY}")])
    with pytest.raises(MasError) as caught:
        await world.model.ask(PLAIN)
    assert KEY not in str(caught.value)
    assert "Incorrect key" in str(caught.value)


async def test_a5_a_redirect_is_not_followed_with_the_key(opened: Open, protocol: str) -> None:
    with ScriptedModelServer([HELLO]) as elsewhere:
        listener = await asyncio.start_server(_redirecting(elsewhere.url), "127.0.0.1", 0)
        async with listener:
            port = listener.sockets[0].getsockname()[1]
            variable = f"{protocol.upper()}_BASE_URL"
            world = opened([], environment={variable: f"http://127.0.0.1:{port}"})
            with pytest.raises(MasError):
                await world.model.ask(PLAIN)
        assert elsewhere.requests == ()


def _redirecting(to: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 307 Elsewhere\r\nLocation: {to}/v1/messages\r\n"
        writer.write(f"{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    return answer


async def test_a5_many_calls_at_once_do_not_get_in_each_others_way(opened: Open) -> None:
    world = opened(lambda asked: Reply(text=asked.last.text.upper()))
    asked = [
        ModelRequest(instructions="Echo.", conversation=(Said(author="user", text=f"word{n}"),))
        for n in range(30)
    ]
    replies = await asyncio.gather(*map(world.model.ask, asked))
    assert [reply.text for reply in replies] == [f"WORD{n}" for n in range(30)]
