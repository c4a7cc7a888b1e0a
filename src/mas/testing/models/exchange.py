"""Says one answer over one connection, or goes wrong in the way that was scripted."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

from mas.core.values import JsonObject, encode_json
from mas.testing.models.request import ModelRequest
from mas.testing.models.script import NO_TIME, Fault, Reply, Step
from mas.testing.models.wire import Answer, Piece, Wire, misfit, to_answer


class HungUp(Exception):
    """The client has closed the connection, or the server is closing."""


class Exchange:
    """One request on one connection, which is still to be answered."""

    def __init__(
        self,
        handler: BaseHTTPRequestHandler,
        *,
        wire: Wire,
        number: int,
        closing: threading.Event,
    ) -> None:
        self._handler = handler
        self._wire = wire
        self._number = number
        self._closing = closing

    def deliver(self, request: ModelRequest, step: Step) -> None:
        """Answer as the script says.

        Raises:
            HungUp: The client did not wait for the end.
        """
        if isinstance(step, Reply):
            self._reply(request, step)
        elif step.kind == "status" or (step.kind == "stream_error" and not request.streaming):
            self._status(step)
        elif step.kind == "hang":
            self._wait(None)
        elif step.kind == "close":
            self._handler.close_connection = True
        elif step.kind == "wrong_schema":
            self._reply(request, misfit(request))
        elif step.kind == "overlong":
            self._reply(request, _overlong(step.characters))
        else:
            self._broken(request, step)

    def json(self, status: int, body: JsonObject, headers: Mapping[str, str] | None = None) -> None:
        """Answer with a body of JSON."""
        self._body(status, encode_json(body), "application/json", headers)

    def error(self, status: int, message: str) -> None:
        """Answer with an error in the protocol's form."""
        self.json(status, self._wire.error(status, message, self._number))

    def _reply(self, request: ModelRequest, reply: Reply) -> None:
        self._wait(reply.delay)
        answer = to_answer(request, reply, self._number)
        if request.streaming:
            self._stream(self._wire.stream(request, answer), reply.pause)
        else:
            self.json(200, self._wire.whole(request, answer))

    def _status(self, fault: Fault) -> None:
        headers = {}
        if fault.retry_after is not None:
            headers["retry-after"] = f"{fault.retry_after.total_seconds():g}"
        if isinstance(fault.body, str):
            self._body(fault.status, fault.body.encode(), "text/html; charset=utf-8", headers)
            return
        told = self._wire.error(fault.status, fault.message, self._number)
        body = fault.body if isinstance(fault.body, Mapping) else told
        self.json(fault.status, body, headers)

    def _broken(self, request: ModelRequest, fault: Fault) -> None:
        """`cut`, `malformed` and `stream_error`: an answer that starts well."""
        self._wait(fault.reply.delay)
        answer = to_answer(request, fault.reply, self._number)
        if request.streaming:
            self._broken_stream(request, fault, answer)
            return
        whole = encode_json(self._wire.whole(request, answer))
        if fault.kind == "malformed":
            self._body(200, whole[:-1], "application/json")
            return
        self._handler.close_connection = True
        self._start(200, {"content-type": "application/json", "content-length": str(len(whole))})
        self._write(whole[: min(fault.after_chars, len(whole) - 1)])

    def _broken_stream(self, request: ModelRequest, fault: Fault, answer: Answer) -> None:
        pieces = self._wire.stream(request, answer)
        if fault.kind == "malformed":
            first, second = next(pieces), next(pieces)
            self._stream([first, replace(second, data=second.data.replace(b"}\n\n", b"\n\n"))])
            return
        sent = _first(pieces, fault.after_chars)
        if fault.kind == "stream_error":
            told = self._wire.error_piece(fault.status, fault.message, self._number)
            self._stream([*sent, told], fault.reply.pause)
            return
        self._handler.close_connection = True
        self._stream(sent, fault.reply.pause, complete=False)

    def _stream(
        self, pieces: Iterable[Piece], pause: timedelta = NO_TIME, *, complete: bool = True
    ) -> None:
        self._start(
            200,
            {
                "content-type": "text/event-stream; charset=utf-8",
                "cache-control": "no-cache",
                "transfer-encoding": "chunked",
            },
        )
        for place, piece in enumerate(pieces):
            if place:
                self._wait(pause)
            self._write(b"%x\r\n%b\r\n" % (len(piece.data), piece.data))
        if complete:
            self._write(b"0\r\n\r\n")

    def _body(
        self,
        status: int,
        content: bytes,
        content_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        told = {"content-type": content_type, "content-length": str(len(content))}
        self._start(status, {**told, **(headers or {})})
        self._write(content)

    def _start(self, status: int, headers: Mapping[str, str]) -> None:
        identity = f"req_{self._number:06}"
        self._handler.send_response(status)
        for name, value in {**headers, "request-id": identity, "x-request-id": identity}.items():
            self._handler.send_header(name, value)
        if self._handler.close_connection:
            self._handler.send_header("connection", "close")
        try:
            self._handler.end_headers()
        except OSError as exc:
            raise HungUp from exc

    def _write(self, data: bytes) -> None:
        try:
            self._handler.wfile.write(data)
        except OSError as exc:
            raise HungUp from exc

    def _wait(self, limit: timedelta | None) -> None:
        """Be silent for so long (None: for ever), unless the client or the server closes first."""
        if limit is not None and limit <= NO_TIME:
            return
        connection = self._handler.connection
        connection.settimeout(None if limit is None else limit.total_seconds())
        try:
            # Nothing is to come before the answer is complete, so what wakes this is the end.
            connection.recv(1)
        except TimeoutError:
            if not self._closing.is_set():
                return
        except OSError as exc:
            raise HungUp from exc
        finally:
            connection.settimeout(None)
        raise HungUp


def _first(pieces: Iterable[Piece], characters: int) -> list[Piece]:
    """The pieces before the one that would carry more than so many characters in all."""
    taken: list[Piece] = []
    for piece in pieces:
        characters -= piece.characters
        if characters < 0:
            break
        taken.append(piece)
    # An answer that is shorter than that is broken all the same.
    return taken if characters < 0 else taken[:-1]


def _overlong(characters: int) -> Reply:
    words = "and so on "
    return Reply(text=(words * (characters // len(words) + 1))[:characters], stop="length")
