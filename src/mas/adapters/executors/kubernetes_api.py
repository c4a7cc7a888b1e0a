"""What is asked of the API server: Jobs, Pods and Pod logs of one namespace, nothing else (S1)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

import httpx2
import msgspec

from mas.adapters.clusters.connection import REQUEST_LIMIT, Connection
from mas.adapters.executors.kubernetes_job import CONTAINER
from mas.adapters.executors.kubernetes_status import Job, Metadata, Pod, short
from mas.core.errors import MasError, Permanent, Transient, UserError

NEEDED: Final = (
    ("batch", "jobs", "", "create"),
    ("batch", "jobs", "", "delete"),
    ("batch", "jobs", "", "get"),
    ("batch", "jobs", "", "list"),
    ("", "pods", "", "list"),
    ("", "pods", "", "watch"),
    ("", "pods", "log", "get"),
)
"""API group, resource, part of it and verb: all that MAS does in the cluster."""

_JSON: Final = "application/json"
_ATTEMPTS: Final = 4
_LONGEST_PAUSE: Final = 5.0
_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
_NOT_TAKEN: Final = frozenset({400, 413, 422})
_WATCH_SECONDS: Final = 45
"""After so long a watch is begun anew: one that the network has forgotten is noticed."""
_IDLE: Final = timedelta(seconds=60)
_PAGE: Final = 200
_JOB_LABEL: Final = "job-name"

Value = TypeVar("Value")


class Gone(Exception):
    """There is no such thing now, or it has nothing to say yet."""


class _List(msgspec.Struct, frozen=True):
    metadata: dict[str, object] = {}
    items: list[msgspec.Raw] = []


class _Status(msgspec.Struct, frozen=True):
    message: str = ""
    reason: str = ""
    code: int = 0


class _Event(msgspec.Struct, frozen=True):
    type: str = ""
    object: msgspec.Raw = msgspec.Raw(b"")


class _ReviewStatus(msgspec.Struct, frozen=True):
    allowed: bool = False


class _Review(msgspec.Struct, frozen=True):
    status: _ReviewStatus = _ReviewStatus()


class JobConnection(Connection):
    """A connection that writes and follows, beside reading."""

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: bytes | None = None,
    ) -> httpx2.Response:
        """The server's answer of any status but 401; a server in trouble is asked again.

        Only for requests that do no harm when they are made twice.

        Raises:
            Transient: The server is out of reach, or does not trust us.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with asyncio.timeout(REQUEST_LIMIT.total_seconds()):
                    response = await self._client.request(
                        method,
                        path,
                        params=dict(params or {}),
                        content=body,
                        headers={"Accept": _JSON, "Content-Type": _JSON},
                    )
            except (httpx2.HTTPError, TimeoutError, OSError) as exc:
                if attempt == _ATTEMPTS:
                    raise self._broken(exc) from exc
                await asyncio.sleep(0.2 * attempt)
                continue
            if response.status_code == httpx2.codes.UNAUTHORIZED:
                raise self._unauthorized()
            if response.status_code not in _AGAIN or attempt == _ATTEMPTS:
                return response
            await asyncio.sleep(_pause(response, attempt))
        raise AssertionError("unreachable")

    @contextlib.asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, str | int]
    ) -> AsyncIterator[httpx2.Response]:
        """An answer that is read as it comes.

        Raises:
            Transient: The server is out of reach or breaks off.
        """
        timeout = httpx2.Timeout(self._client.timeout)
        timeout.read = _IDLE.total_seconds()
        try:
            async with self._client.stream(
                "GET", path, params=dict(params), timeout=timeout
            ) as response:
                if response.status_code == httpx2.codes.UNAUTHORIZED:
                    raise self._unauthorized()
                if response.status_code != httpx2.codes.OK:
                    await response.aread()
                yield response
        except (httpx2.HTTPError, httpx2.StreamError, TimeoutError, OSError) as exc:
            raise self._broken(exc) from exc

    def _broken(self, exc: Exception) -> Transient:
        if isinstance(exc, httpx2.ConnectTimeout):
            return self._unreachable("no connection in time")
        if isinstance(exc, httpx2.TimeoutException | TimeoutError):
            return self._unreachable("it does not answer in time")
        return self._failed(exc)

    def _unauthorized(self) -> Transient:
        return Transient(
            f"The API server {self._server} does not accept the credentials of context "
            f"{self._context} (401).",
            hint="They may have expired: log in again, and try `kubectl get pods`.",
            code="unauthorized",
        )


class JobApi:
    """Jobs of one namespace, their pods and logs."""

    def __init__(self, connection: JobConnection, namespace: str) -> None:
        self._connection = connection
        self._namespace = namespace
        self._jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self._pods = f"/api/v1/namespaces/{namespace}/pods"
        self._clock_offset = timedelta(0)

    def now(self) -> datetime:
        """The time by the server's clock, to the second or so."""
        return datetime.now(UTC) + self._clock_offset

    async def create(self, body: bytes) -> bool:
        """Make a Job; False when there is one of this name."""
        response = await self._connection.send("POST", self._jobs, body=body)
        if response.status_code == httpx2.codes.CONFLICT:
            return False
        self._check(response, "make a Job")
        return True

    async def job(self, name: str) -> Job | None:
        """The Job of this name; None when there is none."""
        response = await self._connection.send("GET", f"{self._jobs}/{name}")
        if response.status_code == httpx2.codes.NOT_FOUND:
            return None
        self._check(response, f"read the Job {name}")
        return self._decode(response.content, Job)

    async def jobs(self, labels: Mapping[str, str]) -> list[Job]:
        """All Jobs with these labels."""
        found, _ = await self._list(self._jobs, labels, Job)
        return found

    async def pods(self, job: str) -> tuple[list[Pod], str]:
        """The pods of a Job, and the version from which a watch goes on."""
        return await self._list(self._pods, {_JOB_LABEL: job}, Pod)

    async def delete(self, job: Job) -> None:
        """Have this very Job and its pods ended; it goes when its pods are gone."""
        conditions = {"uid": job.metadata.uid} if job.metadata.uid else {}
        body = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Foreground",
            "preconditions": conditions,
        }
        response = await self._connection.send(
            "DELETE", f"{self._jobs}/{job.metadata.name}", body=msgspec.json.encode(body)
        )
        if response.status_code not in (httpx2.codes.NOT_FOUND, httpx2.codes.CONFLICT):
            self._check(response, f"delete the Job {job.metadata.name}")

    async def watch(self, job: str, version: str) -> AsyncIterator[tuple[str, Pod]]:
        """Changes of the pods of a Job; ends after a while, or where it has to be listed anew.

        Raises:
            Transient: The server is out of reach, or breaks off.
        """
        params: dict[str, str | int] = {
            "labelSelector": f"{_JOB_LABEL}={job}",
            "watch": "true",
            "resourceVersion": version,
            "timeoutSeconds": _WATCH_SECONDS,
        }
        async with self._connection.stream(self._pods, params) as response:
            if response.status_code == httpx2.codes.GONE:
                return
            self._check(response, "watch pods")
            async for line in response.aiter_lines():
                if not line.strip():
                    continue
                event = self._decode(line.encode(), _Event)
                if event.type in ("ERROR", "BOOKMARK", ""):
                    return
                yield event.type, self._decode(bytes(event.object), Pod)

    async def log(self, pod: str, *, since: str | None, follow: bool) -> AsyncIterator[bytes]:
        """The log of a pod with the time of each line, in pieces.

        Raises:
            Gone: It has none, or none yet.
            Transient: The server is out of reach, or breaks off.
        """
        params = {"container": CONTAINER, "timestamps": "true"}
        if follow:
            params["follow"] = "true"
        if since is not None:
            params["sinceTime"] = since
        async with self._connection.stream(f"{self._pods}/{pod}/log", params) as response:
            if response.status_code in (httpx2.codes.NOT_FOUND, httpx2.codes.BAD_REQUEST):
                raise Gone
            self._check(response, "read the log of a pod")
            async for piece in response.aiter_bytes():
                yield piece

    async def may(self, group: str, resource: str, part: str, verb: str) -> bool:
        """Whether we may do this in the namespace."""
        wish = {"namespace": self._namespace, "group": group, "resource": resource, "verb": verb}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": wish | ({"subresource": part} if part else {})},
        }
        response = await self._connection.send(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            body=msgspec.json.encode(body),
        )
        self._check(response, "ask for its permissions")
        return self._decode(response.content, _Review).status.allowed

    async def _list(
        self, path: str, labels: Mapping[str, str], kind: type[Value]
    ) -> tuple[list[Value], str]:
        params: dict[str, str | int] = {
            "labelSelector": ",".join(f"{key}={value}" for key, value in labels.items()),
            "limit": _PAGE,
        }
        found: list[Value] = []
        while True:
            response = await self._connection.send("GET", path, params=params)
            self._check(response, f"list {path.rpartition('/')[2]}")
            self._look_at_clock(response)
            page = self._decode(response.content, _List)
            found.extend(self._decode(bytes(raw), kind) for raw in page.items)
            more = page.metadata.get("continue")
            if not more:
                return found, str(page.metadata.get("resourceVersion") or "")
            params["continue"] = str(more)

    def _look_at_clock(self, response: httpx2.Response) -> None:
        with contextlib.suppress(ValueError, TypeError):
            date = parsedate_to_datetime(response.headers.get("Date", ""))
            self._clock_offset = date - datetime.now(UTC)

    def _decode(self, content: bytes, kind: type[Value]) -> Value:
        try:
            return msgspec.json.decode(content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise Transient(
                "The API server answered with something that is no Kubernetes object.",
                hint="Check that the context names a Kubernetes API server, and try again.",
                code="server_answer",
            ) from exc

    def _check(self, response: httpx2.Response, what: str) -> None:
        """Raise what an answer of failure means."""
        if response.is_success:
            return
        try:
            told = msgspec.json.decode(response.content, type=_Status)
        except (msgspec.DecodeError, UnicodeDecodeError):
            told = _Status()
        raise _refusal(response.status_code, short(told.message), what, self._namespace)


def labels_match(metadata: Metadata, labels: Mapping[str, str]) -> bool:
    """Whether an object has all of these labels."""
    found = metadata.labels or {}
    return all(found.get(key) == value for key, value in labels.items())


def _refusal(status: int, words: str, what: str, namespace: str) -> MasError:
    words = words or f"status {status}"
    if status == httpx2.codes.FORBIDDEN and "exceeded quota" in words:
        return UserError(
            f"The quota of the namespace {namespace} is used up: {words}.",
            hint="Raise the quota, or lower the number of agents or their limits.",
            code="no_room",
        )
    if status == httpx2.codes.FORBIDDEN:
        return UserError(
            f"MAS may not {what} in the namespace {namespace}: {words}.",
            hint="Apply deploy/kubernetes/agents to the cluster, and use its account.",
            code="forbidden",
        )
    if status == httpx2.codes.NOT_FOUND:
        return UserError(
            f"There is no namespace {namespace} in the cluster, or it has no Jobs: {words}.",
            hint="Apply deploy/kubernetes/agents to the cluster, or set another namespace.",
            code="no_cluster",
        )
    if status in _NOT_TAKEN:
        return Permanent(
            f"The cluster does not take the Job of the command: {words}.",
            hint="Check the settings of the kubernetes executor.",
            code="bad_job",
        )
    return Transient(
        f"The API server could not {what}: {words}.",
        hint="Try again; `kubectl get --raw /readyz` shows how the server is.",
        code="server_answer",
    )


def _pause(response: httpx2.Response, attempt: int) -> float:
    """Seconds to wait: as the server wishes, within bounds."""
    try:
        wished = float(int(response.headers.get("Retry-After", "")))
    except ValueError:
        wished = 0.1 * 2**attempt
    return max(0.0, min(wished, _LONGEST_PAUSE))
