"""Google's own protocol, against a server that knows three answers of it (A5)."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from mas.adapters.models.registry import ConfiguredModels
from mas.adapters.models.settings import ModelSettings
from mas.core.errors import UserError
from mas.core.models import ModelRequest, Said
from mas.testing.clock import ManualClock

CANARY = "canary-5f2d9c71"
KEY = "google-key-0123456789"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"tool": {"type": "string"}},
    "required": ["tool"],
    "additionalProperties": False,
}


def answer(text: str) -> dict[str, Any]:
    return {
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP"}
        ],
        "usageMetadata": {
            "promptTokenCount": 50,
            "candidatesTokenCount": 7,
            "cachedContentTokenCount": 20,
            "totalTokenCount": 57,
        },
    }


class Gemini:
    """Answers on loopback, and keeps what it was asked."""

    def __init__(self, *answers: tuple[int, dict[str, Any]]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        sizes = [line for line in head.lower().splitlines() if line.startswith("content-length:")]
        body = await reader.readexactly(int(sizes[0].partition(":")[2]))
        self.asked.append((head, json.loads(body)))
        status, content = self.answers.pop(0)
        sent = json.dumps(content).encode()
        kind = "application/json"
        if "streamGenerateContent" in head and status == 200:
            sent = b"data: " + sent + b"\r\n\r\n"
            kind = "text/event-stream"
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(sent)}\r\nConnection: close\r\n\r\n".encode()
            + sent
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()


async def test_a5_gemini_answers_with_text_stream_and_typed_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", f"http://{CANARY}.invalid")
    gemini = Gemini((200, answer("Hello")), (200, answer("Hi")), (200, answer('{"tool": "x"}')))
    server = await asyncio.start_server(gemini.serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    environment = {"GOOGLE_API_KEY": KEY, "GOOGLE_BASE_URL": address}
    said = (Said(author="user", text="Tekton?"),)
    plain = ModelRequest(instructions="Be brief.", conversation=said)
    typed = ModelRequest(instructions="Be brief.", conversation=said, output=SCHEMA)
    pieces: list[str] = []
    settings = ModelSettings(default="google:gemini-2.5-flash", timeout=timedelta(seconds=20))
    async with server, ConfiguredModels(settings, environment, clock=ManualClock()) as models:
        model = models.for_role("planner")
        assert model is not None
        reply = await model.ask(plain)
        assert (reply.text, reply.input_tokens, reply.output_tokens) == ("Hello", 50, 7)
        assert (reply.cache_read_tokens, reply.priced) == (20, True)
        assert (await model.ask(plain, on_text=pieces.append)).text == "Hi"
        assert pieces == ["Hi"]
        assert (await model.ask(typed)).output == {"tool": "x"}
    assert all(f"x-goog-api-key: {KEY}" in head for head, _ in gemini.asked)
    assert CANARY not in str(gemini.asked)


async def test_a5_gemini_says_in_its_own_way_that_a_key_is_wrong() -> None:
    wrong = {
        "error": {
            "code": 400,
            "message": "API key not valid. Please pass a valid API key.",
            "status": "INVALID_ARGUMENT",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
            ],
        }
    }
    gemini = Gemini((400, wrong))
    server = await asyncio.start_server(gemini.serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    environment = {"GOOGLE_API_KEY": KEY, "GOOGLE_BASE_URL": address}
    settings = ModelSettings(default="google:gemini-2.5-flash")
    async with server, ConfiguredModels(settings, environment, clock=ManualClock()) as models:
        model = models.for_role("planner")
        assert model is not None
        with pytest.raises(UserError) as caught:
            await model.ask(ModelRequest(instructions="", conversation=()))
    assert caught.value.code == "model_key"
    assert KEY not in str(caught.value)
