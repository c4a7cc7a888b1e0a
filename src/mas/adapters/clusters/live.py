"""Reads a cluster from its API server, page by page (D1, D10).

Only lists are asked for, only of the kinds in `kinds.KINDS`, never Secrets or ConfigMaps. Answers
are cut into objects and handed on undecoded, so that memory does not grow with the cluster.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Literal

import httpx2
import msgspec
from lightkube.config.kubeconfig import SingleConfig

from mas.adapters.clusters.connection import CONNECT_LIMIT, READ_LIMIT, Connection
from mas.core.errors import MasError, Transient
from mas.kubernetes import objects, platform_objects
from mas.kubernetes.kinds import KINDS, METRICS_GROUP, Kind
from mas.kubernetes.source import Notes, Sink

PAGE_SIZE: Final = 500
_DEFINITIONS = "customresourcedefinitions"
_SMALL_PAGE: Final = 25
"""For definitions of custom resources, whose schemas are large."""
_CONCURRENCY: Final = 4
_MAX_RESTARTS: Final = 5
_JSON: Final = "application/json"
_NAMES: Final = f"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,{_JSON}"

_PAGE = msgspec.json.Decoder(objects.Page)
_NAMED = msgspec.json.Decoder(objects.Named)
_DEFINITION = msgspec.json.Decoder(platform_objects.CustomResourceDefinition)


class _Version(msgspec.Struct, rename="camel"):
    git_version: str = ""


class LiveCluster:
    """A cluster behind a kubeconfig context or a service account; a `ClusterSource`.

    `custom` says of which custom resources (API group, kind) names are read, besides the
    applications of Argo CD and Flux.
    """

    def __init__(
        self,
        config: SingleConfig,
        *,
        name: str,
        custom: Callable[[str, str], bool] | None = None,
        connect_limit: timedelta = CONNECT_LIMIT,
        read_limit: timedelta = READ_LIMIT,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self._config = config
        self._name = name
        self._custom = custom or (lambda _group, _kind: False)
        self._connect_limit = connect_limit
        self._read_limit = read_limit
        self._page_size = page_size

    @property
    def name(self) -> str:
        """Name of the context."""
        return self._name

    @property
    def kind(self) -> Literal["snapshot", "live"]:
        """Where the objects come from."""
        return "live"

    async def read(self, sink: Sink, *, everything: bool = False) -> Notes:
        """Give every object to `sink`; kinds that may not be listed are noted as forbidden.

        Raises:
            UserError: Credentials or certificates of the context cannot be used.
            Transient: The server is out of reach, or does not accept the credentials.
        """
        async with Connection(
            self._config, connect_limit=self._connect_limit, read_limit=self._read_limit
        ) as connection:
            # Asked alone and first: it fails fast when nothing is there.
            version = await _server_version(connection)
            reading = _Reading(connection, sink, page_size=self._page_size)
            await reading.read([kind for kind in KINDS if everything or kind.decides])
            await reading.read(
                [
                    kind
                    for kind in reading.defined
                    if self._custom(kind.group, kind.kind) and kind.name not in reading.seen
                ]
            )
        return Notes(
            version=version,
            forbidden=frozenset(reading.forbidden),
            kinds=frozenset(reading.read_kinds),
        )


class _Reading:
    """What is known so far while one cluster is read."""

    def __init__(self, connection: Connection, sink: Sink, *, page_size: int) -> None:
        self._connection = connection
        self._sink = sink
        self._page_size = page_size
        self._slots = asyncio.Semaphore(_CONCURRENCY)
        self.forbidden: set[str] = set()
        self.read_kinds: set[str] = set()
        self.defined: list[Kind] = []

    @property
    def seen(self) -> set[str]:
        """Names of kinds that were tried."""
        return self.read_kinds | self.forbidden

    async def read(self, kinds: list[Kind]) -> None:
        """Read several kinds, a few at a time; the first failure stops all."""
        try:
            async with asyncio.TaskGroup() as group:
                for kind in kinds:
                    group.create_task(self._read_kind(kind))
        except BaseExceptionGroup as failures:
            known = failures.subgroup(MasError)
            if known is None:
                raise
            raise _first(known) from failures

    async def _read_kind(self, kind: Kind) -> None:
        """Read one kind in the first of its versions that the server has."""
        async with self._slots:
            for version in kind.versions:
                status = await self._read_version(dataclasses.replace(kind, versions=(version,)))
                if status != httpx2.codes.NOT_FOUND:
                    break
            if status == httpx2.codes.FORBIDDEN:
                self.forbidden.add(kind.name)
            elif status in (httpx2.codes.OK, httpx2.codes.NOT_FOUND):
                self.read_kinds.add(kind.name)

    async def _read_version(self, kind: Kind) -> int:
        """Read all pages; the status that ended it, 200 when everything was read."""
        token = ""
        last = ""
        restarts = 0
        resumed = False
        while True:
            limit = _SMALL_PAGE if kind.name == _DEFINITIONS else self._page_size
            params: dict[str, str | int] = {"limit": limit}
            if token:
                params["continue"] = token
            response = await self._connection.get(
                kind.path(kind.versions[0]),
                params=params,
                accept=_NAMES if kind.names_only else _JSON,
            )
            if response.status_code == httpx2.codes.GONE and token:
                # The list is older than the server remembers. It may offer to go on from here
                # with newer objects; else begin again and leave out what was handed on.
                restarts += 1
                if restarts > _MAX_RESTARTS:
                    raise self._connection.no_list(kind.name, response.status_code)
                token = _continue_of(response)
                resumed = not token
                continue
            if response.status_code != httpx2.codes.OK:
                return self._ended(kind, response.status_code)
            page = self._page(response, kind)
            items = page.items or []
            if resumed:
                items = [raw for raw in items if _key(raw) > last]
            for raw in items:
                self._hand_on(raw, kind)
            if items:
                last = _key(items[-1])
            token = (page.metadata.continue_ if page.metadata else None) or ""
            if not token:
                return httpx2.codes.OK

    def _ended(self, kind: Kind, status: int) -> int:
        """Statuses that are an answer; all others are failures of the server."""
        if status in (httpx2.codes.NOT_FOUND, httpx2.codes.FORBIDDEN):
            return status
        optional = kind.group == METRICS_GROUP or kind.names_only
        if optional and status >= httpx2.codes.INTERNAL_SERVER_ERROR:
            # An extension that is down does not hide the cluster; its kinds stay unread.
            return status
        raise self._connection.no_list(kind.name, status)

    def _page(self, response: httpx2.Response, kind: Kind) -> objects.Page:
        try:
            page = _PAGE.decode(response.content)
        except (ValueError, RecursionError) as exc:
            raise self._connection.no_list(kind.name, response.status_code) from exc
        if not page.kind.endswith("List"):
            raise self._connection.no_list(kind.name, response.status_code)
        return page

    def _hand_on(self, raw: msgspec.Raw, kind: Kind) -> None:
        self._sink.add(raw, kind)
        if kind.name == _DEFINITIONS:
            try:
                spec = _DEFINITION.decode(raw).spec
            except (ValueError, RecursionError):
                return
            versions = sorted(
                (one for one in spec.versions or () if one.served), key=lambda one: not one.storage
            )
            if versions:
                self.defined.append(
                    Kind(
                        group=spec.group,
                        kind=spec.names.kind,
                        plural=spec.names.plural,
                        versions=tuple(one.name for one in versions),
                        names_only=True,
                    )
                )


async def _server_version(connection: Connection) -> str:
    """Version of the API server; empty when it may not be asked."""
    response = await connection.get("/version", accept=_JSON)
    if response.status_code == httpx2.codes.FORBIDDEN:
        return ""
    if response.status_code != httpx2.codes.OK:
        raise connection.no_list("its version", response.status_code)
    try:
        return msgspec.json.decode(response.content, type=_Version).git_version
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise connection.no_list("its version", response.status_code) from exc


def _continue_of(response: httpx2.Response) -> str:
    """The token with which an expired list can be gone on with; empty when there is none."""
    try:
        page = _PAGE.decode(response.content)
    except (ValueError, RecursionError):
        return ""
    return (page.metadata.continue_ if page.metadata else None) or ""


def _key(raw: msgspec.Raw) -> str:
    """Place of an object in the order in which lists are served."""
    try:
        metadata = _NAMED.decode(raw).metadata
    except (ValueError, RecursionError):
        return ""
    return f"{metadata.namespace or ''}/{metadata.name}"


def _first(group: BaseExceptionGroup[MasError]) -> MasError:
    """One failure that speaks for all: one that a person can mend comes first."""
    leaves = list(_leaves(group))
    return next((one for one in leaves if not isinstance(one, Transient)), leaves[0])


def _leaves(group: BaseExceptionGroup[MasError]) -> list[MasError]:
    return [
        leaf
        for one in group.exceptions
        for leaf in (_leaves(one) if isinstance(one, BaseExceptionGroup) else [one])
    ]
