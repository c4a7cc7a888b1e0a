"""A Kubernetes API server on loopback that plays the whole cluster for Jobs.

It keeps Jobs and their pods, serves lists, watches and logs, lets in what the project's own Role
allows and what pod security `restricted` admits, and really runs the container of each pod below
bubblewrap. It can be told to misbehave. All of it lives in threads, so processes that a test
starts can use it too.
"""

from __future__ import annotations

import contextlib
import copy
import json
import shutil
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import yaml

from support.job_admission import beyond_restricted, invalid, unknown_fields
from support.job_kubelet import PodLog
from support.job_pods import PodRun, condition, job_condition, now
from support.job_serving import (
    Asked,
    Faults,
    QuietServer,
    answer,
    begin_stream,
    chosen,
    name_of,
    owner_of,
    permissions,
    refuse,
    understood,
)

Json = dict[str, Any]
TOKEN = "token-of-mas"
HISTORY = 5000
FOREGROUND = "foregroundDeletion"


def missing_program() -> str | None:
    """Why no pods can run on this machine; None: they can."""
    return None if shutil.which("bwrap") else "bubblewrap is not installed"


class JobCluster:
    """Runs while it is entered; `claim_folder` is what the claim holds."""

    def __init__(
        self,
        claim_folder: Path,
        *,
        namespace: str = "mas-agents",
        claim: str = "mas-workspace",
        image: str = "mas-agent:test",
        programs: tuple[Path, ...] = (),
    ) -> None:
        """`programs` are folders of this machine that the image holds beside the system's."""
        self.claim_folder = claim_folder
        self.namespace, self.claim, self.image = namespace, claim, image
        self.programs = programs
        self.faults = Faults()
        self.asked: list[Asked] = []
        self.changed = threading.Condition(threading.RLock())
        self.jobs: dict[str, Json] = {}
        self.pods: dict[str, Json] = {}
        self.logs: dict[str, PodLog] = {}
        self.runs: dict[str, PodRun] = {}
        self.history: deque[tuple[int, str, Json]] = deque(maxlen=HISTORY)
        self.version = 100
        self.stopped = threading.Event()
        self.allowed = permissions()
        self._threads: list[threading.Thread] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                outer._serve(self)

            do_POST = do_DELETE = do_PATCH = do_PUT = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                """Keep the tests' output clean."""

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig that leads here."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": self.url}}],
            "users": [{"name": "mas", "user": {"token": TOKEN}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "mas"}}],
            "current-context": "test",
        }
        path.write_text(yaml.safe_dump(content))
        return path

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopped.set()
        with self.changed:
            runs = list(self.runs.values())
            self.changed.notify_all()
        for run in runs:
            run.shut_down()
        for thread in self._threads:
            thread.join(15)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    # --- what tests do and see ------------------------------------------------------------------

    def pod_of(self, job: str) -> Json | None:
        """The pod of a Job."""
        with self.changed:
            return next(
                (copy.deepcopy(one) for one in self.pods.values() if owner_of(one) == job), None
            )

    def wait(self, holds: Callable[[], Any], *, seconds: float = 90.0) -> Any:
        """Wait until something holds; returns what it gives."""
        end = time.monotonic() + seconds
        with self.changed:
            while not (value := holds()):
                left = end - time.monotonic()
                assert left > 0, "it did not happen in time"
                self.changed.wait(min(left, 0.05))
            return value

    def running(self, job: str) -> bool:
        """Whether the container of a Job runs."""
        pod = self.pod_of(job)
        states = (pod or {}).get("status", {}).get("containerStatuses") or [{"state": {}}]
        return "running" in states[0]["state"]

    def evict(self, job: str) -> None:
        """The kubelet takes the pod's memory back."""
        with self.changed:
            self._run_of(job).evict("The node was low on resource: memory.")

    def lose_node(self, job: str) -> None:
        """The node is gone, and with it the pod and its log."""
        with self.changed:
            run = self._run_of(job)
        run.shut_down()
        run.forget()

    def pass_time(self, seconds: int) -> None:
        """Let so many seconds pass for Jobs that have ended."""
        with self.changed:
            for job in list(self.jobs.values()):
                ended = job_condition(job, "Complete") or job_condition(job, "Failed")
                kept = job["spec"].get("ttlSecondsAfterFinished")
                if ended and kept is not None and kept < seconds:
                    for pod in [one for one in self.pods.values() if owner_of(one) == name_of(job)]:
                        self.drop_pod(pod)
                    del self.jobs[name_of(job)]
            self.changed.notify_all()

    def verbs(self) -> set[tuple[str, str, str]]:
        """API group, resource and verb of all requests but reviews of permissions."""
        return {
            (one.group, one.resource, one.verb)
            for one in self.asked
            if one.group != "authorization.k8s.io"
        }

    def _run_of(self, job: str) -> PodRun:
        return next(self.runs[name] for name, pod in self.pods.items() if owner_of(pod) == job)

    # --- the store, used with `changed` held -----------------------------------------------------

    def put_pod(self, pod: Json, event: str) -> None:
        """Keep a pod, and tell those who watch."""
        with self.changed:
            self.version += 1
            pod["metadata"]["resourceVersion"] = str(self.version)
            self.pods[name_of(pod)] = pod
            self.history.append((self.version, event, copy.deepcopy(pod)))
            self.changed.notify_all()

    def drop_pod(self, pod: Json) -> None:
        """A pod is gone."""
        with self.changed:
            if self.pods.pop(name_of(pod), None) is None:
                return
            self.version += 1
            pod["metadata"]["resourceVersion"] = str(self.version)
            self.history.append((self.version, "DELETED", copy.deepcopy(pod)))
            self.logs.pop(name_of(pod), None)
            self.changed.notify_all()

    def finish_job(self, job: Json, kind: str, reason: str, message: str) -> None:
        """The Job has ended so."""
        with self.changed:
            conditions = job["status"].setdefault("conditions", [])
            if any(one["type"] in ("Complete", "Failed") for one in conditions):
                return
            conditions.append(condition(kind, reason, message))
            self.changed.notify_all()

    # --- serving --------------------------------------------------------------------------------

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length) if length else b""
        split = urlsplit(handler.path)
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        if self.faults.outage:
            handler.close_connection = True
            return None
        asked, name = understood(handler.command, split.path, query)
        self.asked.append(asked)
        what = f"{asked.verb} {asked.resource}"
        if handler.headers.get("Authorization") != f"Bearer {TOKEN}":
            return refuse(handler, 401, "Unauthorized", "Unauthorized")
        if self.faults.statuses[what]:
            status = self.faults.statuses[what].popleft()
            return refuse(handler, status, "Fault", "the server is in trouble")
        if asked.group == "authorization.k8s.io":
            return self._review(handler, json.loads(body))
        if f"/namespaces/{self.namespace}/" not in f"{split.path}/" or (
            (asked.group, asked.resource, asked.verb) not in self.allowed
        ):
            return refuse(handler, 403, "Forbidden", f"User mas cannot {what}")
        if what == "create jobs":
            return self._create(handler, json.loads(body))
        if what == "delete jobs":
            return self._delete(handler, name, json.loads(body or b"{}"))
        if what == "get jobs":
            return self._get(handler, name)
        if what == "list jobs":
            return self._list(handler, self.jobs, "Job", query)
        if what == "list pods":
            return self._list(handler, self.pods, "Pod", query)
        if what == "watch pods":
            return self._watch(handler, query)
        if what == "get pods/log":
            return self._log(handler, name, query)
        return refuse(handler, 404, "NotFound", "the server could not find it")

    def _review(self, handler: BaseHTTPRequestHandler, body: Json) -> None:
        wish = body["spec"]["resourceAttributes"]
        part = wish.get("subresource")
        resource = wish["resource"] + (f"/{part}" if part else "")
        allowed = (wish["group"], resource, wish["verb"]) in self.allowed
        allowed = allowed and wish["namespace"] == self.namespace
        answer(handler, 201, body | {"status": {"allowed": allowed}})

    def _create(self, handler: BaseHTTPRequestHandler, body: Json) -> None:
        wrong = unknown_fields(body)
        if wrong:
            return refuse(handler, 400, "BadRequest", f"strict decoding error: unknown {wrong}")
        wrong = invalid(body)
        if wrong:
            return refuse(handler, 422, "Invalid", f"Job is invalid: {wrong}")
        wrong = beyond_restricted(body)
        if wrong:
            return refuse(handler, 403, "Forbidden", f'violates PodSecurity "restricted": {wrong}')
        name = body["metadata"]["name"]
        with self.changed:
            if name in self.jobs:
                return refuse(handler, 409, "AlreadyExists", f'jobs "{name}" already exists')
            body["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": now()}
            body["status"] = {}
            self.jobs[name] = body
            self.changed.notify_all()
            if not self.faults.no_pods:
                run = PodRun(self, body)
                thread = threading.Thread(target=run.run)
                self._threads.append(thread)
                thread.start()
        if self.faults.lose_answers["create jobs"]:
            self.faults.lose_answers["create jobs"] -= 1
            handler.close_connection = True
            return None
        return answer(handler, 201, body)

    def _get(self, handler: BaseHTTPRequestHandler, name: str) -> None:
        with self.changed:
            job = copy.deepcopy(self.jobs.get(name))
        if job is None:
            return refuse(handler, 404, "NotFound", f'jobs "{name}" not found')
        return answer(handler, 200, job)

    def _delete(self, handler: BaseHTTPRequestHandler, name: str, options: Json) -> None:
        with self.changed:
            job = self.jobs.get(name)
            if job is None:
                return refuse(handler, 404, "NotFound", f'jobs "{name}" not found')
            wanted = (options.get("preconditions") or {}).get("uid")
            if wanted and wanted != job["metadata"]["uid"]:
                return refuse(handler, 409, "Conflict", "the UID in the precondition differs")
            pods = [one for one in self.pods.values() if owner_of(one) == name]
            foreground = options.get("propagationPolicy") == "Foreground"
            if not (foreground and pods):
                del self.jobs[name]
            else:
                job["metadata"].setdefault("deletionTimestamp", now())
                job["metadata"]["finalizers"] = [FOREGROUND]
            if options.get("propagationPolicy") != "Orphan":
                for pod in pods:
                    self.runs[name_of(pod)].delete()
            self.changed.notify_all()
        return answer(handler, 200, job)

    def _list(
        self, handler: BaseHTTPRequestHandler, found: dict[str, Json], kind: str, query: Json
    ) -> None:
        with self.changed:
            items = [copy.deepcopy(one) for one in found.values() if chosen(one, query)]
            version = str(self.version)
        metadata = {"resourceVersion": version}
        return answer(handler, 200, {"kind": f"{kind}List", "metadata": metadata, "items": items})

    def _watch(self, handler: BaseHTTPRequestHandler, query: Json) -> None:
        begin = begin_stream(handler, "application/json")
        if self.faults.expired_watches:
            self.faults.expired_watches -= 1
            gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}
            begin(json.dumps(gone).encode() + b"\n")
            return begin(b"")
        if self.faults.cut_watches:
            self.faults.cut_watches -= 1
            handler.close_connection = True
            return None
        at = int(query.get("resourceVersion") or 0)
        end = time.monotonic() + int(query.get("timeoutSeconds") or 60)
        while not self.stopped.is_set() and not self.faults.outage:
            with self.changed:
                found = [one for one in self.history if one[0] > at and chosen(one[2], query)]
                at = self.version
                if not found:
                    left = end - time.monotonic()
                    if left <= 0:
                        break
                    self.changed.wait(min(left, 0.2))
            for _, kind, pod in found:
                begin(json.dumps({"type": kind, "object": pod}).encode() + b"\n")
        handler.close_connection = self.faults.outage
        return None if self.faults.outage else begin(b"")

    def _log(self, handler: BaseHTTPRequestHandler, name: str, query: Json) -> None:
        with self.changed:
            pod = self.pods.get(name)
            log = self.logs.get(name)
        if pod is None:
            return refuse(handler, 404, "NotFound", f'pods "{name}" not found')
        if log is None:
            return refuse(handler, 400, "BadRequest", "container is waiting to start")
        since = 0
        if "sinceTime" in query:
            moment = datetime.fromisoformat(query["sinceTime"].replace("Z", "+00:00"))
            since = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
        follow = query.get("follow") == "true"
        room = self.faults.cut_logs.popleft() if follow and self.faults.cut_logs else None
        send = begin_stream(handler, "text/plain")
        for text in log.read(since=since, follow=follow, stop=self.stopped):
            if room is not None and len(text) >= room:
                send(text[:room])
                handler.close_connection = True
                with contextlib.suppress(OSError):
                    handler.connection.shutdown(2)
                return None
            room = None if room is None else room - len(text)
            send(text)
        return send(b"")
