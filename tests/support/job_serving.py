"""How an API server reads requests and writes answers, and the faults that a test can ask for."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
MANIFESTS = Path(__file__).parents[2] / "deploy/kubernetes/agents"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request, and what it is in terms of permissions."""

    method: str
    path: str
    query: dict[str, str]
    group: str
    resource: str
    verb: str


@dataclass(kw_only=True)
class Faults:
    """What goes wrong; each list is used up from its front."""

    statuses: dict[str, deque[int]] = field(default_factory=lambda: defaultdict(deque))
    """Statuses to answer with, by verb and resource: `create jobs`, `get pods/log`."""
    lose_answers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How many requests are carried out and never answered, by verb and resource."""
    cut_logs: deque[int] = field(default_factory=deque)
    """After how many bytes a log that is followed breaks off."""
    expired_watches: int = 0
    cut_watches: int = 0
    """How many watches break off at once."""
    outage: bool = False
    """Every connection is closed without an answer."""
    unschedulable: str = ""
    image: str = ""
    """Words of the registry that refuses the image."""
    start: str = ""
    """Words of the runtime that cannot start the container."""
    no_pods: bool = False
    """The Job controller makes none."""


class QuietServer(ThreadingHTTPServer):
    """Serves each request in a thread."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of the tests."""


def permissions() -> set[tuple[str, str, str]]:
    """What the project's own Role allows."""
    documents = yaml.safe_load_all((MANIFESTS / "accounts.yaml").read_text())
    return {
        (group, resource, verb)
        for one in documents
        if one["kind"] == "Role"
        for rule in one["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def understood(method: str, path: str, query: dict[str, str]) -> tuple[Asked, str]:
    """A request as the API server reads it, and the name of the object."""
    parts = path.strip("/").split("/")
    group = parts[1] if parts[0] == "apis" else ""
    rest = parts[3:] if group else parts[2:]
    if rest[:1] == ["namespaces"]:
        rest = rest[2:]
    resource = rest[0] if rest else ""
    name = rest[1] if len(rest) > 1 else ""
    if len(rest) > 2:
        resource += f"/{rest[2]}"
    if method == "GET":
        verb = "get" if name else "watch" if query.get("watch") == "true" else "list"
    else:
        verb = {"POST": "create", "PATCH": "patch", "PUT": "update"}.get(method, "")
        verb = verb or ("delete" if name else "deletecollection")
    asked = Asked(method=method, path=path, query=query, group=group, resource=resource, verb=verb)
    return asked, name


def chosen(found: Json, query: Json) -> bool:
    """Whether an object has the labels that a request asks for."""
    labels = found["metadata"].get("labels") or {}
    wanted = [one.split("=", 1) for one in query.get("labelSelector", "").split(",") if one]
    return all(labels.get(key) == value for key, value in wanted)


def name_of(found: Json) -> str:
    """Name of an object."""
    return str(found["metadata"]["name"])


def owner_of(pod: Json) -> str:
    """The Job of a pod."""
    return str(pod.get("metadata", {}).get("labels", {}).get("job-name", ""))


def refuse(handler: BaseHTTPRequestHandler, status: int, reason: str, message: str) -> None:
    """Answer with a failure."""
    answer(
        handler,
        status,
        {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": status,
        },
    )


def answer(handler: BaseHTTPRequestHandler, status: int, body: Json) -> None:
    """Answer with an object."""
    content = json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    if status in (429, 503):
        handler.send_header("Retry-After", "0")
    handler.end_headers()
    handler.wfile.write(content)


def begin_stream(handler: BaseHTTPRequestHandler, kind: str) -> Callable[[bytes], None]:
    """Begin an answer in pieces; an empty piece ends it."""
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()

    def send(piece: bytes) -> None:
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        handler.wfile.flush()

    return send
