"""What the model gateway reads off requests and answers (A8)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.adapters.models.estimate import tokens_of
from mas.adapters.models.gateway.asked import BadRequest, read_asked
from mas.adapters.models.gateway.events import EventCutter, mask_stream, object_of, spoken_tokens
from mas.adapters.models.gateway.headers import tokens_in
from mas.adapters.models.gateway.keeping import (
    MOST_BYTES,
    AnswerCopy,
    ExchangeFolder,
    KeptExchange,
    mask_json,
    read_exchanges,
)
from mas.adapters.models.gateway.usage import UsageReader
from mas.adapters.models.gateway.wires import CallRoute, ModelsRoute, route_of
from mas.core.masking import Masker
from mas.core.metering import Exchange
from mas.testing.clock import ManualClock

SECRET = "hunter2-canary-value"
MASKED = Masker([SECRET]).mask
TURN = {"role": "user", "content": "hello"}


def asked(body: dict[str, Any], kind: Any = "messages", **more: Any) -> Any:
    given = {"model": "the-model", "provider_tools": True} | more
    return read_asked(kind, json.dumps(body).encode(), **given)


def sse(*values: Any) -> str:
    return "".join(f"data: {json.dumps(one)}\n\n" for one in values)


# Requests


def test_a8_values_of_a_request_are_sent_as_they_were_written() -> None:
    large = b"123456789012345678901234567890"
    body = b'{ "t": 1.50, "n": ' + large + b', "model": "x",\n "a": [1,  2] }'
    sent = read_asked("messages", body, model="m", provider_tools=True).body
    assert sent == b'{"t":1.50,"n":' + large + b',"model":"m","a":[1,  2]}'


@pytest.mark.parametrize(
    ("kind", "body", "most"),
    [
        ("messages", {"max_tokens": 7}, 7),
        ("messages", {"max_tokens": "many"}, 32_000),
        ("messages", {"max_tokens": -5}, 32_000),
        ("chat", {"max_completion_tokens": 9, "max_tokens": 4}, 9),
        ("chat", {"max_tokens": 4, "n": 3}, 12),
        ("responses", {"max_output_tokens": 5}, 5),
        ("responses", {}, 32_000),
    ],
)
def test_a8_the_most_that_is_asked_for_is_promised(kind: str, body: Any, most: int) -> None:
    assert asked(body, kind).output_tokens == most


def test_a8_the_number_of_tokens_of_a_stream_is_asked_for_where_it_is_missing() -> None:
    options = {"stream": True, "stream_options": {"include_obfuscation": False}}
    read = asked(options, "chat")
    told = json.loads(read.body)["stream_options"]
    assert told == {"include_obfuscation": False, "include_usage": True}
    assert read.adds_usage
    assert not asked({"stream": True, "stream_options": {"include_usage": True}}, "chat").adds_usage
    assert "stream_options" not in json.loads(asked({"stream": False}, "chat").body)
    assert "stream_options" not in json.loads(asked({"stream": True}, "messages").body)


@given(st.text(max_size=300))
def test_a8_input_is_never_estimated_below_its_own_text(text: str) -> None:
    body = {"messages": [{"role": "user", "content": text}]}
    assert asked(body).input_tokens >= tokens_of(text)


def test_a8_an_image_counts_as_an_image_and_not_as_its_letters() -> None:
    data = "A" * 1_000_000
    source = {"type": "base64", "media_type": "image/png", "data": data}
    anthropic = {"messages": [{"role": "user", "content": [{"type": "image", "source": source}]}]}
    url = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    openai = {"messages": [{"role": "user", "content": [url]}]}
    assert 1_000 < asked(anthropic).input_tokens < 10_000
    assert 1_000 < asked(openai, "chat").input_tokens < 10_000


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b'"a"', b"\xff", b'{"a":' + b"[" * 300 + b"]" * 300 + b"}"]
)
def test_a8_what_is_no_request_is_told_in_a_sentence(body: bytes) -> None:
    with pytest.raises(BadRequest, match=r"^The body of the request is .*\.$"):
        read_asked("messages", body, model="m", provider_tools=True)


def test_a8_answers_that_cannot_be_metered_are_refused() -> None:
    with pytest.raises(BadRequest, match="background"):
        asked({"background": True}, "responses")


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"tools": [{"type": "web_fetch_20250910"}]},
        {"tools": [{"type": "code_execution_20250825"}]},
        {"tools": [{"type": "function"}, {"type": "mcp", "server_url": "x"}]},
        {"mcp_servers": [{"url": "x"}]},
        {"web_search_options": {"search_context_size": "low"}},
    ],
)
def test_a8_what_runs_at_the_provider_is_seen(more: Any) -> None:
    with pytest.raises(BadRequest, match="runs at the provider"):
        asked(more, provider_tools=False)
    assert asked(more).body


# Answers


@given(st.data())
def test_a8_a_stream_is_cut_into_the_same_events_however_it_arrives(data: st.DataObject) -> None:
    end = data.draw(st.sampled_from(["\n\n", "\r\n\r\n"]))
    texts = data.draw(st.lists(st.text(max_size=8), min_size=1, max_size=6))
    whole = "".join(f"event: e{end[: len(end) // 2]}data: {json.dumps(t)}{end}" for t in texts)
    raw = whole.encode()
    cutter, events, place = EventCutter(), [], 0
    while place < len(raw):
        size = data.draw(st.integers(min_value=1, max_value=9))
        events += cutter.feed(raw[place : place + size])
        place += size
    assert b"".join(events) + cutter.rest == raw
    assert len(events) == len(texts)
    assert cutter.rest == b""


def test_a8_the_usage_of_a_stream_is_put_together_from_its_events() -> None:
    first = {"input_tokens": 3, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 2}
    reader = UsageReader("messages", streams=True)
    reader.feed(
        sse({"type": "message_start", "message": {"usage": first | {"output_tokens": 1}}}).encode()
    )
    assert (reader.input, reader.counted.output, reader.counted.finished) == (10, 1, False)
    # Some servers say nothing of the input in the end, or nought.
    last = {"type": "message_delta", "usage": {"input_tokens": 0, "output_tokens": 42}}
    reader.feed(sse(last).encode())
    reader.end()
    assert (reader.input, reader.counted.output, reader.counted.finished) == (10, 42, True)


@pytest.mark.parametrize("usage", [None, 5, [], {"input_tokens": "many"}, {"input_tokens": -1}])
def test_a8_usage_that_makes_no_sense_is_no_usage(usage: Any) -> None:
    reader = UsageReader("messages", streams=False)
    reader.feed(json.dumps({"usage": usage}).encode())
    reader.end()
    assert (reader.input, reader.counted.output) == (None, None)


@given(st.binary(max_size=200), st.booleans())
def test_a8_no_answer_upsets_the_reader(data: bytes, streams: bool) -> None:
    reader = UsageReader("chat", streams=streams)
    reader.feed(b'data: {"usage"' + data + b"\n\n" + data)
    reader.end()
    assert mask_stream(data.decode("utf-8", "replace"), MASKED) is not None
    assert spoken_tokens(data.decode("utf-8", "replace")) >= 0


def test_a8_what_was_said_in_pieces_is_counted_as_one_text() -> None:
    events = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": one}}
        for one in "hello there, and so on"
    ]
    assert spoken_tokens(sse(*events)) == tokens_of("hello there, and so on")


# What is kept


def pieces_of(wire: str, text: str) -> list[Any]:
    if wire == "anthropic":
        return [
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": t}}
            for t in text
        ]
    if wire == "chat":
        return [{"id": "c", "choices": [{"index": 0, "delta": {"content": t}}]} for t in text]
    if wire == "calls":
        return [
            {
                "choices": [
                    {
                        "index": 0,
                        "delta": {"tool_calls": [{"index": 1, "function": {"arguments": t}}]},
                    }
                ]
            }
            for t in text
        ]
    return [{"type": "response.output_text.delta", "output_index": 0, "delta": t} for t in text]


@pytest.mark.parametrize("wire", ["anthropic", "chat", "calls", "responses"])
def test_a8_a_secret_in_many_pieces_is_not_kept(wire: str) -> None:
    kept = mask_stream(sse(*pieces_of(wire, f"the value is {SECRET}, isn't it")), MASKED)
    values = [object_of(one) for one in EventCutter().feed(kept.encode())]
    assert len(values) == len(f"the value is {SECRET}, isn't it")
    assert "the value is ***, isn't it" in kept
    assert not any(part in kept for part in (SECRET, "hunter2", "canary"))


@pytest.mark.parametrize("wire", ["anthropic", "chat", "calls", "responses"])
def test_a8_a_stream_without_secrets_is_kept_byte_for_byte(wire: str) -> None:
    stream = "event: x\n" + sse(*pieces_of(wire, "nothing to hide")) + ": ping\n\ndata: [DONE]\n\n"
    assert mask_stream(stream, MASKED) == stream


def test_a8_secrets_of_a_request_are_masked_also_where_json_escapes_them() -> None:
    secret = 'two\nlines "quoted" 9'
    mask = Masker([secret]).mask
    value = {"a": [f"x {secret} y", 1, None, {secret: True}], "b": "plain"}
    assert mask_json(value, mask) == {"a": ["x *** y", 1, None, {"***": True}], "b": "plain"}
    assert mask_json({"b": "plain"}, mask) == {"b": "plain"}


def exchange(folder: ExchangeFolder, **more: Any) -> KeptExchange:
    fields: dict[str, Any] = {
        "at": ManualClock().now(),
        "took_seconds": 0.1,
        "path": "/v1/messages",
        "streams": False,
        "request": {"messages": [TURN]},
        "request_bytes": 10,
        "status": 200,
        "answer": "{}",
        "answer_bytes": 2,
        "complete": True,
        "exchange": Exchange(model="a:b", status=200),
    }
    return KeptExchange(**{**fields, **more})


def test_a8_exchanges_are_numbered_on_and_leave_no_half_files(tmp_path: Path) -> None:
    for expected in ("00001.json", "00002.json"):
        folder = ExchangeFolder(tmp_path / "kept", MASKED)
        folder.open()
        name = folder.next_name()
        folder.keep(name, exchange(folder, note=f"note {SECRET}"))
        assert name == expected
    assert sorted(one.name for one in (tmp_path / "kept").iterdir()) == ["00001.json", "00002.json"]
    first, second = read_exchanges(tmp_path / "kept")
    assert (first.note, second.request) == ("note ***", {"messages": [TURN]})


def test_a8_what_is_too_long_is_cut_with_a_note_and_not_through_a_secret(tmp_path: Path) -> None:
    copy = AnswerCopy()
    copy.feed(b"x" * (MOST_BYTES - 5) + SECRET.encode() + b"y" * 1_000_000)
    folder = ExchangeFolder(tmp_path, MASKED)
    folder.open()
    long = {"messages": ["z" * (MOST_BYTES + 1)]}
    kept = exchange(folder, answer=copy.text, answer_bytes=copy.size, request=long)
    folder.keep("00001.json", kept)
    (read,) = read_exchanges(tmp_path)
    assert (read.answer_cut, read.request_cut) == (True, True)
    assert read.answer_bytes == MOST_BYTES - 5 + len(SECRET) + 1_000_000
    assert read.answer.endswith("xx***yy")
    assert isinstance(read.request, str)
    assert len(read.request) == len(read.answer) == MOST_BYTES


# Paths and tokens


def test_a8_paths_are_served_by_name_alone() -> None:
    assert route_of("POST", "/v1/messages") == CallRoute(
        wire="anthropic", kind="messages", upstream="/v1/messages"
    )
    assert route_of("GET", "/v1/models/a/b") == ModelsRoute(name="a/b")
    for method, path in (("GET", "/v1/messages"), ("POST", "/v1/models"), ("POST", "/V1/messages")):
        assert route_of(method, path) is None


def test_a8_a_token_is_read_in_the_way_of_either_protocol() -> None:
    assert tokens_in({"x-api-key": "a", "authorization": "bearer  b "}) == ("a", "b")
    assert tokens_in({"authorization": "Basic b"}) == ()
