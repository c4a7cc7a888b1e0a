"""The server: its life, its paths, and who is allowed to ask.

It runs in threads of its own, so that it serves tests with and without an event loop alike. Closing
goes: take no new connection, end the open ones (which also ends every hanging answer), join their
threads. Nothing is left after `close`.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from mas.core.values import JsonObject, JsonValue, encode_json
from mas.testing.models.anthropic_wire import AnthropicWire
from mas.testing.models.connections import Connections, read_json
from mas.testing.models.exchange import Exchange, HungUp
from mas.testing.models.log import Log, Recorded, mask_keys, now
from mas.testing.models.openai_wire import CREATED, OpenAiWire
from mas.testing.models.request import (
    BadRequest,
    ModelRequest,
    Protocol,
    read_anthropic,
    read_openai,
)
from mas.testing.models.script import Player, ScriptEnded, ScriptLike
from mas.testing.models.wire import Wire

WIRES: Mapping[Protocol, Wire] = {"anthropic": AnthropicWire(), "openai": OpenAiWire()}
UNNAMED_MODEL = "scripted-model"
WAIT = timedelta(seconds=5)
# Whatever a client puts between the address and the path: nothing, /v1, or Groq's prefix.
PREFIX = re.compile(r"^(/openai)?(/v1)*(?=/)")


class ScriptedModelServer:
    """Answers like a model provider while it is entered, with `with` or `async with`.

    Lists of models and counts of tokens take no step of the script. A client that tries again sends
    a new request, which takes a new step. A script that is a function is called in a thread of the
    server, for one request at a time; it must not wait for another request.
    """

    def __init__(
        self,
        script: ScriptLike,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        models: Sequence[str] = (),
        key: str = "",
        record: Path | None = None,
    ) -> None:
        """Prepare a server; the port is taken when it is entered.

        Args:
            script: What to answer.
            host: Address to listen on.
            port: 0 for any free one.
            models: Names of the models there are; any other is answered with 404. Empty: all are.
            key: The key that clients have to send; any other is answered with 401. Empty: any is.
            record: File that each request is appended to as a line of JSON, keys masked.
        """
        self._player = Player(script)
        self._host = host
        self._port = port
        self._models = tuple(models)
        self._key = key
        self._record = record
        self._log = Log()
        self._connections: Connections | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.close)

    def start(self) -> None:
        """Take the port and serve. Once only."""
        self._connections = Connections(self._host, self._port, self._serve, self._log)
        self._connections.start()

    def close(self) -> None:
        """End all connections and give the port back; what was recorded stays. May be repeated."""
        if self._connections is not None:
            self._connections.close()

    @property
    def url(self) -> str:
        """Address without any path."""
        if self._connections is None:
            raise RuntimeError("The server has no address before it is entered.")
        return f"http://{self._host}:{self._connections.port}"

    @property
    def openai_url(self) -> str:
        """Base URL for OpenAI clients."""
        return f"{self.url}/v1"

    @property
    def anthropic_url(self) -> str:
        """Base URL for Anthropic clients, which add `/v1` themselves."""
        return self.url

    @property
    def requests(self) -> tuple[Recorded, ...]:
        """All HTTP requests so far, in the order of arrival."""
        return self._log.requests

    @property
    def asked(self) -> tuple[ModelRequest, ...]:
        """What models were asked so far, also with a wrong key or name: no lists, no counts."""
        return tuple(one.request for one in self.requests if one.request is not None)

    @property
    def problems(self) -> tuple[str, ...]:
        """What no test wants: the script ended or failed, a bad request, an unknown path."""
        return self._log.problems

    @property
    def hang_ups(self) -> int:
        """How many clients closed their connection before the answer was complete."""
        return self._log.hang_ups

    @property
    def left(self) -> int:
        """How many steps of the script no request has taken yet."""
        return self._player.left

    def wait_for(self, count: int, timeout: timedelta = WAIT) -> tuple[Recorded, ...]:
        """Return all requests as soon as there are `count`.

        Raises:
            TimeoutError: There are fewer after `timeout`.
        """
        return self._log.wait(lambda: self._at_least(count), timeout, f"Request {count}")

    async def wait_for_async(
        self,
        count: int,
        timeout: timedelta = WAIT,  # noqa: ASYNC109 - told in the error
    ) -> tuple[Recorded, ...]:
        """As `wait_for`, for a running event loop."""
        look = self._at_least
        return await self._log.wait_async(lambda: look(count), timeout, f"Request {count}")

    def wait_for_hang_ups(self, count: int, timeout: timedelta = WAIT) -> None:
        """Return when `count` clients have closed before their answer was complete.

        Raises:
            TimeoutError: There are fewer after `timeout`.
        """
        self._log.wait(lambda: self._hung_up(count), timeout, f"Hang-up {count}")

    async def wait_for_hang_ups_async(
        self,
        count: int,
        timeout: timedelta = WAIT,  # noqa: ASYNC109 - told in the error
    ) -> None:
        """As `wait_for_hang_ups`, for a running event loop."""
        look = self._hung_up
        await self._log.wait_async(lambda: look(count), timeout, f"Hang-up {count}")

    def _at_least(self, count: int) -> tuple[Recorded, ...] | None:
        requests = self._log.requests
        return requests if len(requests) >= count else None

    def _hung_up(self, count: int) -> bool | None:
        return self._log.hang_ups >= count or None

    def _serve(self, handler: BaseHTTPRequestHandler, closing: threading.Event) -> None:
        """Answer one request; called in the thread of its connection."""
        body = read_json(handler)
        path = PREFIX.sub("", unquote(urlsplit(handler.path).path))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        protocol = _to_protocol(path, headers)
        request, refusal = _to_request(path, body)
        recorded = self._log.add(
            lambda number: self._to_recorded(number, handler, headers, body, protocol, request)
        )
        exchange = Exchange(handler, wire=WIRES[protocol], number=recorded.number, closing=closing)
        try:
            if self._key and self._key not in _keys(headers):
                exchange.error(401, "invalid x-api-key")
            elif refusal:
                self._problem(exchange, 400, f"{handler.path}: {refusal}")
            elif request is not None:
                self._ask(exchange, request)
            else:
                self._other(exchange, handler, path, body, protocol)
        except HungUp:
            handler.close_connection = True
            if not closing.is_set():
                self._log.add_hang_up()

    def _ask(self, exchange: Exchange, request: ModelRequest) -> None:
        if self._models and request.model not in self._models:
            exchange.error(404, f"The model `{request.model}` does not exist")
            return
        try:
            step = self._player.next(request)
        except ScriptEnded as exc:
            self._problem(exchange, 500, str(exc))
        except Exception as exc:  # noqa: BLE001 - a test's own function; the test is told
            self._problem(exchange, 500, f"The script's function failed: {exc!r}")
        else:
            exchange.deliver(request, step)

    def _other(
        self,
        exchange: Exchange,
        handler: BaseHTTPRequestHandler,
        path: str,
        body: JsonValue,
        protocol: Protocol,
    ) -> None:
        """Everything that no model is needed for."""
        names = self._models or (UNNAMED_MODEL,)
        to_model = _anthropic_model if protocol == "anthropic" else _openai_model
        name = path.removeprefix("/models/")
        if handler.command == "POST" and path == "/messages/count_tokens":
            assert isinstance(body, Mapping)  # noqa: S101 - anything else was refused before
            exchange.json(200, {"input_tokens": read_anthropic(body).input_tokens})
        elif handler.command == "GET" and path == "/models":
            exchange.json(200, _page([to_model(one) for one in names]))
        elif handler.command == "GET" and name in names:
            exchange.json(200, to_model(name))
        elif handler.command == "GET" and name != path:
            exchange.error(404, f"The model `{name}` does not exist")
        else:
            self._problem(exchange, 404, f"{handler.command} {handler.path} is not served here")

    def _problem(self, exchange: Exchange, status: int, problem: str) -> None:
        self._log.add_problem(problem)
        exchange.error(status, problem)

    def _to_recorded(
        self,
        number: int,
        handler: BaseHTTPRequestHandler,
        headers: Mapping[str, str],
        body: JsonValue,
        protocol: Protocol,
        request: ModelRequest | None,
    ) -> Recorded:
        recorded = Recorded(
            number=number,
            method=handler.command,
            path=handler.path,
            headers=mask_keys(headers),
            body=body,
            at=now(),
            protocol=protocol,
            request=request,
        )
        if self._record is not None:
            with self._record.open("ab") as file:
                file.write(encode_json(recorded.to_json()) + b"\n")
        return recorded


def _to_request(path: str, body: JsonValue) -> tuple[ModelRequest | None, str]:
    """What the model is asked (None: something else is wanted), or why that cannot be read."""
    readers = {
        "/messages": read_anthropic,
        "/messages/count_tokens": read_anthropic,
        "/chat/completions": read_openai,
    }
    if path not in readers:
        return None, ""
    if not isinstance(body, Mapping):
        return None, "the body has to be a JSON object"
    try:
        request = readers[path](body)
    except BadRequest as exc:
        return None, str(exc)
    if path == "/messages" and request.max_tokens is None:
        return None, "max_tokens: a number is required"
    return (None if path.endswith("count_tokens") else request), ""


def _to_protocol(path: str, headers: Mapping[str, str]) -> Protocol:
    if path.startswith("/messages"):
        return "anthropic"
    shared = path.startswith("/models")
    return "anthropic" if shared and "anthropic-version" in headers else "openai"


def _keys(headers: Mapping[str, str]) -> tuple[str, str]:
    bearer = headers.get("authorization", "")
    return headers.get("x-api-key", ""), bearer.removeprefix("Bearer ")


def _page(models: list[JsonValue]) -> JsonObject:
    """A list that clients of both protocols can read."""
    ids = [one["id"] for one in models if isinstance(one, Mapping)]
    return {
        "object": "list",
        "data": models,
        "has_more": False,
        "first_id": ids[0],
        "last_id": ids[-1],
    }


def _openai_model(name: str) -> JsonObject:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "script"}


def _anthropic_model(name: str) -> JsonObject:
    return {
        "id": name,
        "type": "model",
        "display_name": name,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
    }
