"""A small Kubernetes API server on loopback: lists with paging, permissions and faults.

It serves the list protocol (`limit`, `continue`, 410 with or without a new token), `/version` and
discovery, so that kubectl reads from it as well. Every request is kept for the test to look at.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from mas.kubernetes.kinds import KINDS

Json = dict[str, Any]
HANG_LIMIT_SECONDS = 100


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request."""

    path: str
    query: dict[str, str]
    accept: str


@dataclass(kw_only=True)
class Faults:
    """What goes wrong, by path."""

    forbidden: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    hanging: set[str] = field(default_factory=set)
    statuses: dict[str, deque[int]] = field(default_factory=lambda: defaultdict(deque))
    """Statuses to answer with, one a request, before anything is served."""
    expire_after: dict[str, int] = field(default_factory=dict)
    """Number of pages after which the next token is answered with 410, once."""
    expire_with_token: bool = True
    garbage: set[str] = field(default_factory=set)


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, or shakes hands badly, is part of the tests."""


class KubernetesServer:
    """Serves these objects while it is entered; `url` is its address."""

    def __init__(
        self,
        items: Iterable[Json],
        *,
        version: str = "v1.33.6",
        token: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.lists: dict[str, list[Json]] = defaultdict(list)
        self.plurals: dict[str, str] = {}
        served = list(items)
        plurals = _plurals_of(served)
        for item in served:
            path, plural = _path_of(item, plurals)
            self.lists[path].append(item)
            self.plurals[path] = plural
        self.version = version
        self.token = token
        self.faults = Faults()
        self.asked: list[Asked] = []
        self._released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer._serve(self)

            def log_message(self, format: str, *args: object) -> None:
                """Keep the tests' output clean."""

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._scheme = "https" if tls else "http"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def paths(self) -> list[str]:
        """Paths of all requests, in order."""
        return [one.path for one in self.asked]

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        split = urlsplit(handler.path)
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        asked = Asked(path=split.path, query=query, accept=handler.headers.get("Accept", ""))
        self.asked.append(asked)
        if self.token and handler.headers.get("Authorization") != f"Bearer {self.token}":
            return _answer(handler, 401, _status(401, "Unauthorized"))
        if asked.path in self.faults.hanging:
            self._released.wait(HANG_LIMIT_SECONDS)
            return None
        if asked.path in self.faults.garbage:
            return _answer_raw(handler, 200, b"<html>Log in</html>", "text/html")
        if self.faults.statuses[asked.path]:
            status = self.faults.statuses[asked.path].popleft()
            return _answer(handler, status, _status(status, "Fault"))
        if asked.path == "/version":
            return _answer(handler, 200, {"gitVersion": self.version, "major": "1"})
        discovery = self._discovery(asked.path)
        if discovery is not None:
            return _answer(handler, 200, discovery)
        if asked.path in self.faults.forbidden:
            return _answer(handler, 403, _status(403, "Forbidden"))
        if asked.path in self.faults.absent or asked.path not in self.lists:
            return _answer(handler, 404, _status(404, "NotFound"))
        return self._list(handler, asked)

    def _list(self, handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        items = self.lists[asked.path]
        token = (
            json.loads(base64.b64decode(asked.query["continue"]))
            if ("continue" in asked.query)
            else {"start": 0, "page": 0}
        )
        start, page = token["start"], token["page"]
        if page and self.faults.expire_after.get(asked.path) == page:
            del self.faults.expire_after[asked.path]
            gone = _status(410, "Expired")
            if self.faults.expire_with_token:
                gone["metadata"]["continue"] = _token(start, page)
            return _answer(handler, 410, gone)
        limit = int(asked.query.get("limit", 0)) or len(items)
        metadata: Json = {"resourceVersion": "1"}
        if start + limit < len(items):
            metadata["continue"] = _token(start + limit, page + 1)
            metadata["remainingItemCount"] = len(items) - start - limit
        partial = "as=PartialObjectMetadataList" in asked.accept
        shown = [
            {
                "apiVersion": "meta.k8s.io/v1",
                "kind": "PartialObjectMetadata",
                "metadata": one["metadata"],
            }
            if partial
            else {key: value for key, value in one.items() if key not in ("kind", "apiVersion")}
            for one in items[start : start + limit]
        ]
        kind = "PartialObjectMetadata" if partial else items[0]["kind"] if items else ""
        api = "meta.k8s.io/v1" if partial else items[0]["apiVersion"] if items else "v1"
        return _answer(
            handler,
            200,
            {"kind": f"{kind}List", "apiVersion": api, "metadata": metadata, "items": shown},
        )

    def _discovery(self, path: str) -> Json | None:
        """What kubectl asks before it reads."""
        versions = {one.rpartition("/")[0] for one in self.lists}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            groups = []
            for root in sorted(one for one in versions if one.startswith("/apis/")):
                group, version = root.split("/")[2:4]
                entry = {"groupVersion": f"{group}/{version}", "version": version}
                groups.append({"name": group, "versions": [entry], "preferredVersion": entry})
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        if path not in versions:
            return None
        resources = [
            {
                "name": self.plurals[one],
                "singularName": self.lists[one][0]["kind"].lower(),
                "namespaced": "namespace" in self.lists[one][0]["metadata"],
                "kind": self.lists[one][0]["kind"],
                "verbs": ["get", "list"],
            }
            for one in self.lists
            if one.rpartition("/")[0] == path
        ]
        group_version = path.removeprefix("/apis/").removeprefix("/api/")
        return {"kind": "APIResourceList", "groupVersion": group_version, "resources": resources}


def _plurals_of(items: list[Json]) -> dict[tuple[str, str], str]:
    """Plural names by API group and kind: the usual ones, and those of definitions among these."""
    names = {(kind.group, kind.kind): kind.plural for kind in KINDS}
    for item in items:
        if item["kind"] == "CustomResourceDefinition":
            spec = item["spec"]
            names[spec["group"], spec["names"]["kind"]] = spec["names"]["plural"]
    return names


def _path_of(item: Json, plurals: dict[tuple[str, str], str]) -> tuple[str, str]:
    group, _, version = item["apiVersion"].rpartition("/")
    plural = plurals.get((group, item["kind"])) or f"{item['kind'].lower()}s"
    root = f"/apis/{group}" if group else "/api"
    return f"{root}/{version}/{plural}", plural


def _token(start: int, page: int) -> str:
    return base64.b64encode(json.dumps({"start": start, "page": page}).encode()).decode()


def _status(code: int, reason: str) -> Json:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": reason,
        "reason": reason,
        "code": code,
    }


def _answer(handler: BaseHTTPRequestHandler, status: int, body: Json) -> None:
    _answer_raw(handler, status, json.dumps(body).encode(), "application/json")


def _answer_raw(
    handler: BaseHTTPRequestHandler, status: int, content: bytes, content_type: str
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", content_type)
    handler.send_header("Content-Length", str(len(content)))
    if status in (429, 503):
        handler.send_header("Retry-After", "0")
    handler.end_headers()
    handler.wfile.write(content)
