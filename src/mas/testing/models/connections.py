"""Listening, one thread a connection, and an end that leaves nothing open."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from mas.core.values import JsonValue, decode_json
from mas.testing.models.log import Log

POLL_SECONDS = 0.05
JOIN_SECONDS = 5
WAITING_CONNECTIONS = 256

Serve = Callable[[BaseHTTPRequestHandler, threading.Event], None]


class Connections(ThreadingHTTPServer):
    """Hands every request to `serve`, in the thread of its connection."""

    request_queue_size = WAITING_CONNECTIONS
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, serve: Serve, log: Log) -> None:
        self._log = log
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._serving = threading.Thread(
            target=self.serve_forever, args=(POLL_SECONDS,), name="scripted-model", daemon=True
        )
        super().__init__((host, port), _to_handler(serve, self._closing))

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        self._serving.start()

    def close(self) -> None:
        """Take no new connection, end the open ones, join all threads. May be repeated."""
        if self._closing.is_set():
            return
        self._closing.set()
        self.shutdown()
        self.server_close()
        self._serving.join(JOIN_SECONDS)
        with self._lock:
            still_open = dict(self._open)
        for connection in still_open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in still_open.values():
            thread.join(JOIN_SECONDS)

    def server_bind(self) -> None:
        # HTTPServer would ask the name service who we are, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.port

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._lock:
            self._open[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._lock:
            self._open.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError):
            self._log.add_problem(f"The server failed: {error!r}")


def _to_handler(serve: Serve, closing: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            serve(self, closing)

        def do_POST(self) -> None:
            serve(self, closing)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: what happened is in the log."""

    return Handler


def read_json(handler: BaseHTTPRequestHandler) -> JsonValue:
    """The body of a request: decoded, as text where it is no JSON, None where there is none."""
    data = _read(handler)
    if not data:
        return None
    try:
        return decode_json(data)
    except ValueError:
        return data.decode(errors="replace")


def _read(handler: BaseHTTPRequestHandler) -> bytes:
    if "chunked" not in handler.headers.get("transfer-encoding", ""):
        return handler.rfile.read(int(handler.headers.get("content-length") or 0))
    data = b""
    while size := int(handler.rfile.readline().partition(b";")[0], 16):
        data += handler.rfile.read(size)
        handler.rfile.readline()
    while handler.rfile.readline().strip():
        pass
    return data
