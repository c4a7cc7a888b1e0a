# ruff: noqa: E402 - what is imported below is there only with the extra "models"
"""The vendors' own clients and pydantic-ai against the scripted model server (A5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal

import pytest

for extra in ("anthropic", "openai", "pydantic_ai"):
    pytest.importorskip(extra, reason='needs the extra "models"')

import anthropic
import httpx2
import openai
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, PromptedOutput, ToolOutput
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelHTTPError,
    ModelRateLimitError,
    UnexpectedModelBehavior,
)
from pydantic_ai.models import Model, override_allow_model_requests
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.usage import RunUsage

from mas.testing.models import (
    Call,
    Fault,
    ModelRequest,
    Reply,
    ScriptedModelServer,
    Tokens,
    When,
)
from mas.testing.models.script import FaultKind, ScriptLike

KEY = "test-key"
CLAUDE = "claude-sonnet-5"
GPT = "gpt-4o"
Name = Literal["anthropic", "openai"]
BOTH: tuple[Name, ...] = ("anthropic", "openai")
TURNS: list[Any] = [{"role": "user", "content": "hello"}]
TOKENS = Tokens(input=11, output=7, cache_read=100, cache_write=20)
VENDOR_SETTINGS = ("ANTHROPIC_CUSTOM_HEADERS", "OPENAI_CUSTOM_HEADERS", "OPENAI_ORG_ID")
SHORT_SECONDS = 1.5


class Verdict(BaseModel):
    """What the model is to decide."""

    tool: str
    adopt: bool


@pytest.fixture(autouse=True)
def _no_vendor_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VENDOR_SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _models_may_be_asked() -> Iterator[None]:
    with override_allow_model_requests(True):
        yield


class Clients:
    """A server, and both vendors' clients for it."""

    def __init__(self, server: ScriptedModelServer, timeout: float = 10.0) -> None:
        self.anthropic = anthropic.AsyncAnthropic(
            api_key=KEY, base_url=server.anthropic_url, max_retries=0, timeout=timeout
        )
        self.openai = openai.AsyncOpenAI(
            api_key=KEY, base_url=server.openai_url, max_retries=0, timeout=timeout
        )

    async def __aenter__(self) -> Clients:
        return self

    async def __aexit__(self, *ended: object) -> None:
        await self.anthropic.close()
        await self.openai.close()

    def model(self, name: Name) -> Model:
        """A model of pydantic-ai that uses this vendor's client."""
        if name == "anthropic":
            return AnthropicModel(
                CLAUDE, provider=AnthropicProvider(anthropic_client=self.anthropic)
            )
        return OpenAIChatModel(GPT, provider=OpenAIProvider(openai_client=self.openai))

    async def ask(self, name: Name, *, stream: bool) -> None:
        """Ask for a text, and read all of the answer."""
        if name == "anthropic":
            said: Any = await self.anthropic.messages.create(
                model=CLAUDE, max_tokens=100, messages=TURNS, stream=stream
            )
        else:
            said = await self.openai.chat.completions.create(
                model=GPT, messages=TURNS, stream=stream
            )
        if stream:
            async for _ in said:
                pass


# The vendors' clients


async def test_a5_anthropic_text_with_usage_and_cache() -> None:
    async with (
        ScriptedModelServer([Reply(text="Hello", usage=TOKENS)]) as server,
        Clients(server) as clients,
    ):
        said = await clients.anthropic.messages.create(model=CLAUDE, max_tokens=100, messages=TURNS)
    assert [one.type for one in said.content] == ["text"]
    assert (said.stop_reason, said.model) == ("end_turn", CLAUDE)
    assert said.usage.input_tokens == 11
    assert said.usage.output_tokens == 7
    assert said.usage.cache_read_input_tokens == 100
    assert said.usage.cache_creation_input_tokens == 20
    assert server.requests[0].has_key
    assert server.requests[0].headers["anthropic-version"]


async def test_a5_anthropic_stream_of_text_and_a_tool() -> None:
    text = "I shall look at the nodes. 노드를 보겠습니다. " * 20
    arguments = {"path": "/tmp/노드", "deep": {"lines": [1, 2, 3]}}
    script = [Reply(text=text, calls=(Call(name="read", arguments=arguments),), usage=TOKENS)]
    tools: list[Any] = [{"name": "read", "input_schema": {"type": "object"}}]
    async with (
        ScriptedModelServer(script) as server,
        Clients(server) as clients,
        clients.anthropic.messages.stream(
            model=CLAUDE, max_tokens=100, messages=TURNS, tools=tools
        ) as stream,
    ):
        pieces = [piece async for piece in stream.text_stream]
        said = await stream.get_final_message()
    assert "".join(pieces) == text
    assert len(pieces) > 10
    call = said.content[1]
    assert call.type == "tool_use"
    assert (call.name, call.input) == ("read", arguments)
    assert said.stop_reason == "tool_use"
    assert (said.usage.input_tokens, said.usage.output_tokens) == (11, 7)
    assert said.usage.cache_read_input_tokens == 100
    assert server.requests[0].streaming


async def test_a5_anthropic_models_and_token_counts_take_no_step() -> None:
    async with (
        ScriptedModelServer([], models=(CLAUDE, "claude-other")) as server,
        Clients(server) as clients,
    ):
        names = [one.id async for one in clients.anthropic.models.list()]
        one = await clients.anthropic.models.retrieve(CLAUDE)
        counted = await clients.anthropic.messages.count_tokens(model=CLAUDE, messages=TURNS)
    assert names == [CLAUDE, "claude-other"]
    assert one.id == CLAUDE
    assert counted.input_tokens == 1
    assert server.problems == ()


async def test_a5_openai_text_with_usage_and_cache() -> None:
    async with (
        ScriptedModelServer([Reply(text="Hello", usage=TOKENS)]) as server,
        Clients(server) as clients,
    ):
        said = await clients.openai.chat.completions.create(model=GPT, messages=TURNS)
    assert said.choices[0].message.content == "Hello"
    assert said.choices[0].finish_reason == "stop"
    assert said.usage is not None
    assert (said.usage.prompt_tokens, said.usage.completion_tokens) == (131, 7)
    assert said.usage.prompt_tokens_details is not None
    assert said.usage.prompt_tokens_details.cached_tokens == 100
    assert server.requests[0].headers["authorization"] == "***"


@pytest.mark.parametrize("usage", [True, False])
async def test_a5_openai_stream_of_text_and_tools(usage: bool) -> None:
    text = "노드를 보겠습니다. " * 20
    calls = (Call(name="read", arguments={"path": "a"}), Call(name="list", arguments={}))
    script = [Reply(text=text, calls=calls, usage=TOKENS)]
    async with ScriptedModelServer(script) as server, Clients(server) as clients:
        stream = await clients.openai.chat.completions.create(
            model=GPT, messages=TURNS, stream=True, stream_options={"include_usage": usage}
        )
        chunks = [chunk async for chunk in stream]
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(one.delta.content or "" for one in choices) == text
    parts = [part for one in choices for part in one.delta.tool_calls or ()]
    assert [(one.index, one.function.name) for one in parts if one.id and one.function] == [
        (0, "read"),
        (1, "list"),
    ]
    first = "".join(
        (one.function.arguments or "") for one in parts if one.function and one.index == 0
    )
    assert json.loads(first) == {"path": "a"}
    assert choices[-1].finish_reason == "tool_calls"
    counted = [chunk.usage.total_tokens for chunk in chunks if chunk.usage]
    assert counted == ([138] if usage else [])


async def test_a5_openai_typed_output_by_schema_and_by_forced_tool() -> None:
    verdict = {"tool": "tekton", "adopt": False}
    schema = Verdict.model_json_schema()
    async with (
        ScriptedModelServer([Reply(output=verdict)] * 3) as server,
        Clients(server) as clients,
    ):
        parsed = await clients.openai.chat.completions.parse(
            model=GPT, messages=TURNS, response_format=Verdict
        )
        loose = await clients.openai.chat.completions.create(
            model=GPT, messages=TURNS, response_format={"type": "json_object"}
        )
        forced = await clients.openai.chat.completions.create(
            model=GPT,
            messages=TURNS,
            tools=[{"type": "function", "function": {"name": "judge", "parameters": schema}}],
            tool_choice={"type": "function", "function": {"name": "judge"}},
        )
    assert parsed.choices[0].message.parsed == Verdict(tool="tekton", adopt=False)
    assert json.loads(loose.choices[0].message.content or "") == verdict
    (call,) = forced.choices[0].message.tool_calls or ()
    assert call.type == "function"
    assert json.loads(call.function.arguments) == verdict


async def test_a5_anthropic_typed_output_by_schema_and_by_forced_tool() -> None:
    verdict = {"tool": "tekton", "adopt": False}
    async with (
        ScriptedModelServer([Reply(output=verdict)] * 2) as server,
        Clients(server) as clients,
    ):
        by_schema = await clients.anthropic.messages.parse(
            model=CLAUDE, max_tokens=100, messages=TURNS, output_format=Verdict
        )
        forced = await clients.anthropic.messages.create(
            model=CLAUDE,
            max_tokens=100,
            messages=TURNS,
            tools=[{"name": "judge", "input_schema": Verdict.model_json_schema()}],
            tool_choice={"type": "tool", "name": "judge"},
        )
    assert by_schema.parsed_output == Verdict(tool="tekton", adopt=False)
    call = forced.content[0]
    assert call.type == "tool_use"
    assert (call.name, call.input) == ("judge", verdict)


# Faults, as the vendors' clients see them

STATUSES: list[tuple[int, str]] = [
    (400, "BadRequestError"),
    (401, "AuthenticationError"),
    (403, "PermissionDeniedError"),
    (404, "NotFoundError"),
    (429, "RateLimitError"),
    (500, "InternalServerError"),
    (503, "InternalServerError"),
    (529, "InternalServerError"),
]


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("status", "error"), STATUSES)
async def test_a5_a_status_is_the_clients_own_error(
    status: int, error: str, stream: bool, name: Name
) -> None:
    vendor: Any = anthropic if name == "anthropic" else openai
    fault = Fault(kind="status", status=status, retry_after=timedelta(seconds=1.5))
    async with ScriptedModelServer([fault]) as server, Clients(server) as clients:
        with pytest.raises(getattr(vendor, error)) as raised:
            await clients.ask(name, stream=stream)
    assert raised.value.status_code == status
    assert raised.value.response.headers["retry-after"] == "1.5"
    assert "scripted" in str(raised.value)


@pytest.mark.parametrize("name", BOTH)
async def test_a5_a_page_of_a_proxy_is_a_status_error_without_a_protocol(name: Name) -> None:
    vendor: Any = anthropic if name == "anthropic" else openai
    fault = Fault(kind="status", status=502, body="<html>Bad Gateway</html>")
    async with ScriptedModelServer([fault]) as server, Clients(server) as clients:
        with pytest.raises(vendor.InternalServerError) as raised:
            await clients.ask(name, stream=False)
    assert raised.value.response.text == "<html>Bad Gateway</html>"


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("stream", [False, True])
async def test_a5_a_model_that_hangs_is_a_timeout(stream: bool, name: Name) -> None:
    vendor: Any = anthropic if name == "anthropic" else openai
    async with ScriptedModelServer([Fault(kind="hang")]) as server:
        async with Clients(server, timeout=SHORT_SECONDS) as clients:
            with pytest.raises(vendor.APITimeoutError):
                await clients.ask(name, stream=stream)
        await server.wait_for_hang_ups_async(1)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("stream", [False, True])
async def test_a5_a_connection_that_closes_at_once_is_a_connection_error(
    stream: bool, name: Name
) -> None:
    vendor: Any = anthropic if name == "anthropic" else openai
    async with ScriptedModelServer([Fault(kind="close")]) as server, Clients(server) as clients:
        with pytest.raises(vendor.APIConnectionError):
            await clients.ask(name, stream=stream)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("stream", [False, True])
async def test_a5_an_answer_that_is_cut_is_a_broken_transport(stream: bool, name: Name) -> None:
    vendor: Any = anthropic if name == "anthropic" else openai
    # Anthropic's client leaves the transport's own error as it is once a stream has begun.
    broken = (vendor.APIConnectionError, httpx2.RemoteProtocolError)
    async with ScriptedModelServer([Fault(kind="cut")]) as server, Clients(server) as clients:
        with pytest.raises(broken):
            await clients.ask(name, stream=stream)


async def test_a5_a_cut_stream_carries_what_came_before() -> None:
    fault = Fault(kind="cut", reply=Reply(text="a" * 100), after_chars=42)
    got: list[str] = []

    async def read(stream: anthropic.AsyncMessageStream) -> None:
        async for piece in stream.text_stream:
            got.append(piece)

    async with (
        ScriptedModelServer([fault]) as server,
        Clients(server) as clients,
        clients.anthropic.messages.stream(model=CLAUDE, max_tokens=100, messages=TURNS) as stream,
    ):
        with pytest.raises(httpx2.RemoteProtocolError):
            await read(stream)
    assert 0 < len("".join(got)) <= 42


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("stream", [False, True])
async def test_a5_malformed_json_is_a_decoding_error(stream: bool, name: Name) -> None:
    fault = Fault(kind="malformed")
    async with ScriptedModelServer([fault]) as server, Clients(server) as clients:
        with pytest.raises(json.JSONDecodeError):
            await clients.ask(name, stream=stream)


@pytest.mark.parametrize("name", BOTH)
async def test_a5_an_error_within_a_stream_is_told(name: Name) -> None:
    vendor: Any = anthropic if name == "anthropic" else openai
    fault = Fault(kind="stream_error", status=529, message="Overloaded just now")
    async with ScriptedModelServer([fault]) as server, Clients(server) as clients:
        with pytest.raises(vendor.APIError, match="Overloaded just now"):
            await clients.ask(name, stream=True)


async def test_a5_an_overlong_answer_is_all_there_and_says_that_it_was_stopped() -> None:
    fault = Fault(kind="overlong", characters=300_000)
    async with ScriptedModelServer([fault] * 2) as server, Clients(server) as clients:
        said = await clients.anthropic.messages.create(model=CLAUDE, max_tokens=10, messages=TURNS)
        spoken = await clients.openai.chat.completions.create(model=GPT, messages=TURNS)
    assert said.content[0].type == "text"
    assert len(said.content[0].text) == 300_000
    assert said.stop_reason == "max_tokens"
    assert spoken.choices[0].finish_reason == "length"


async def test_r6_a_stream_that_is_left_early_is_seen_as_a_hang_up() -> None:
    script = [Reply(text="slowly " * 50, pause=timedelta(seconds=5))]
    async with ScriptedModelServer(script) as server:
        async with Clients(server) as clients:
            stream = await clients.openai.chat.completions.create(
                model=GPT, messages=TURNS, stream=True
            )
            async for _ in stream:
                break
            await stream.close()
        await server.wait_for_hang_ups_async(1)


# pydantic-ai


@pytest.fixture(params=BOTH)
def name(request: pytest.FixtureRequest) -> Name:
    """The protocol that a model of pydantic-ai speaks."""
    chosen: Name = request.param
    return chosen


async def _run(
    script: ScriptLike, name: Name, prompt: str = "hello", **more: Any
) -> tuple[Any, RunUsage, tuple[ModelRequest, ...]]:
    """Let an agent run; return its output, what it used and what its model was asked."""
    async with ScriptedModelServer(script) as server, Clients(server) as clients:
        run = await Agent(clients.model(name), **more).run(prompt)
        assert server.problems == ()
        return run.output, run.usage, server.asked


async def test_a5_an_agent_gets_text(name: Name) -> None:
    output, _, asked = await _run([Reply(text="안녕하세요")], name, instructions="Be kind.")
    assert output == "안녕하세요"
    assert asked[0].system == "Be kind."
    assert asked[0].last.text == "hello"


async def test_a5_an_agent_streams_text(name: Name) -> None:
    text = "a rather long answer, in pieces " * 10
    async with ScriptedModelServer([Reply(text=text)]) as server, Clients(server) as clients:
        async with Agent(clients.model(name)).run_stream("hello") as run:
            pieces = [one async for one in run.stream_text(delta=True, debounce_by=None)]
        assert run.usage.output_tokens == 80
    assert "".join(pieces) == text
    assert len(pieces) > 10


async def test_a5_an_agent_calls_a_tool_and_goes_on_with_its_result(name: Name) -> None:
    def count_pods(namespace: str) -> str:
        return f"42 pods in {namespace}"

    script = [
        When(after_tool=True, contains="42 pods in shop", steps=(Reply(text="There are 42."),)),
        Reply(calls=(Call(name="count_pods", arguments={"namespace": "shop"}),)),
    ]
    output, usage, asked = await _run(script, name, tools=[count_pods])
    assert output == "There are 42."
    assert (usage.requests, usage.tool_calls) == (2, 1)
    assert [one.role for one in asked[1].messages] == ["user", "assistant", "tool"]


@pytest.mark.parametrize("way", [ToolOutput, NativeOutput, PromptedOutput])
async def test_a5_typed_output_fits_every_way_it_is_asked_for(way: Any, name: Name) -> None:
    script = [Reply(output={"tool": "tekton", "adopt": True})]
    output, _, _ = await _run(script, name, output_type=way(Verdict))
    assert output == Verdict(tool="tekton", adopt=True)


class Doubt(BaseModel):
    """What the model cannot decide without."""

    missing: str


@pytest.mark.parametrize(
    "output_type",
    [
        [Verdict, Doubt],
        [ToolOutput(Verdict), ToolOutput(Doubt)],
        NativeOutput([Verdict, Doubt]),
    ],
    ids=["default", "tools", "native"],
)
async def test_a5_typed_output_finds_its_type_among_others(output_type: Any, name: Name) -> None:
    def look(path: str) -> str:
        return path

    script = [Reply(output={"missing": "metrics"})]
    output, _, _ = await _run(script, name, output_type=output_type, tools=[look])
    assert output == Doubt(missing="metrics")


@pytest.mark.parametrize("way", [ToolOutput, NativeOutput])
async def test_a5_typed_output_may_be_no_object(way: Any, name: Name) -> None:
    output, _, _ = await _run([Reply(output=[1, 2])], name, output_type=way(list[int]))
    assert output == [1, 2]


async def test_r8_the_same_tokens_are_counted_in_both_protocols(name: Name) -> None:
    _, usage, _ = await _run([Reply(text="hi", usage=TOKENS)], name)
    assert (usage.input_tokens, usage.output_tokens) == (131, 7)
    assert usage.cache_read_tokens == 100
    assert usage.cache_write_tokens == 20


@pytest.mark.parametrize("way", [ToolOutput, NativeOutput])
async def test_a5_a_wrong_schema_is_shown_to_the_model_which_may_try_again(
    way: Any, name: Name
) -> None:
    script = [Fault(kind="wrong_schema"), Reply(output={"tool": "tekton", "adopt": True})]
    output, usage, _ = await _run(script, name, output_type=way(Verdict))
    assert output == Verdict(tool="tekton", adopt=True)
    assert usage.requests == 2
    with pytest.raises(UnexpectedModelBehavior):
        await _run([Fault(kind="wrong_schema")] * 5, name, output_type=way(Verdict))


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, ModelAuthenticationError), (429, ModelRateLimitError), (529, ModelHTTPError)],
)
async def test_a5_an_agent_sees_a_status_as_its_own_error(
    status: int, error: type[Exception], name: Name
) -> None:
    with pytest.raises(error):
        await _run([Fault(kind="status", status=status)], name)


@pytest.mark.parametrize("kind", ["close", "cut", "malformed"])
async def test_a5_an_agent_sees_a_broken_answer_as_its_own_error(
    kind: FaultKind, name: Name
) -> None:
    with pytest.raises(ModelAPIError):
        await _run([Fault(kind=kind)], name)
