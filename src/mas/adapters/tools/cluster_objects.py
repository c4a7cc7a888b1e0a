"""Single objects of a run's cluster, from its API server or its snapshot file (D1).

The sources of `adapters.clusters` read everything for a digest; here only one kind is asked for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import msgspec

from mas.core.errors import MasError, Transient, UserError
from mas.core.values import JsonObject
from mas.kubernetes.kinds import Kind
from mas.kubernetes.objects import Head, Meta, Page, View
from mas.kubernetes.source import Raw

NO_SUCH_KIND: Final = "the cluster has no such kind"
NOT_ALLOWED: Final = "this account may not list it"
_PAGE_SIZE: Final = 500
_MOST_PAGES: Final = 400
_HEAD = msgspec.json.Decoder(Head)
_PAGE = msgspec.json.Decoder(Page)


class _Named(View, frozen=True, kw_only=True):
    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()


_NAMED = msgspec.json.Decoder(_Named)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which objects are asked for. Empty texts mean all."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    most: int = 100


@dataclass(frozen=True, kw_only=True)
class Found:
    """Objects as JSON, at most as many as were asked for; `total` counts all."""

    objects: tuple[bytes, ...]
    total: int
    unreadable: str = ""
    """Why the kind could not be read; empty when it was."""


class ClusterObjects(Protocol):
    """A cluster of which single objects can be read."""

    @property
    def name(self) -> str:
        """File or context, for people."""
        ...

    async def find(self, wanted: Wanted) -> Found:
        """Read the objects of one kind.

        Raises:
            UserError: The source cannot be used.
            Transient: The server is out of reach.
        """
        ...


ObjectsOf = Callable[[JsonObject], ClusterObjects | None]
"""From a run's options to its cluster; None when it has none."""


def objects_of(environment: Mapping[str, str]) -> ObjectsOf:
    """How a run's cluster is found: as `adapters.clusters.resolve` does it for the digest."""

    def find(options: JsonObject) -> ClusterObjects | None:
        kind = options.get("cluster_kind", "none")
        locator = str(options.get("cluster", ""))
        if kind == "snapshot":
            return SnapshotObjects(Path(locator))
        if kind != "live":
            return None
        # Only here, so that reading a file does not pay for an HTTP client.
        from mas.adapters.tools.live_objects import live_objects

        return live_objects(locator, environment)

    return find


class SnapshotObjects:
    """Objects of a snapshot file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """File name."""
        return self._path.name

    async def find(self, wanted: Wanted) -> Found:
        """Go through the file once, in bounded memory."""
        from mas.adapters.clusters.snapshot_file import SnapshotFile

        taken = _Taking(wanted)
        notes = await SnapshotFile(self._path).read(taken)
        missing = ""
        if wanted.kind.name in notes.forbidden:
            missing = "it could not be read when the snapshot was made"
        elif not taken.total and notes.kinds is not None and wanted.kind.name not in notes.kinds:
            missing = "the snapshot does not hold this kind"
        return Found(objects=tuple(taken.kept), total=taken.total, unreadable=missing)


class _Taking:
    """A `Sink` that keeps the wanted objects."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self.kept: list[bytes] = []
        self.total = 0

    def add(self, raw: Raw, kind: Kind | None = None) -> None:
        """Keep the object if it is wanted and there is room, count it anyway."""
        try:
            one = _NAMED.decode(raw)
        except (ValueError, RecursionError):
            return
        if kind is None and one.kind.endswith("List"):
            self._add_items(raw)
        elif _is_kind(one, kind, self._wanted.kind) and _matches(one.metadata, self._wanted):
            self.total += 1
            if len(self.kept) < self._wanted.most:
                self.kept.append(bytes(raw))

    def _add_items(self, raw: Raw) -> None:
        try:
            items = _HEAD.decode(raw).items or ()
        except (ValueError, RecursionError):
            return
        for item in items:
            self.add(item)


def _is_kind(one: _Named, told: Kind | None, wanted: Kind) -> bool:
    if told is not None:
        return (told.group, told.kind) == (wanted.group, wanted.kind)
    group = one.api_version.rpartition("/")[0]
    name = one.kind.lower()
    if group != wanted.group and not (wanted.kind == "Event" and name == "event"):
        return False
    return name in (wanted.kind.lower(), wanted.plural) or wanted.plural in (
        f"{name}s",
        f"{name}es",
    )


def _matches(metadata: Meta, wanted: Wanted) -> bool:
    labels = metadata.labels or {}
    return (
        wanted.namespace in ("", metadata.namespace)
        and wanted.name in ("", metadata.name)
        and all(labels.get(key) == value for key, value in wanted.labels.items())
    )


class Answer(Protocol):
    """An answer of an API server."""

    @property
    def status_code(self) -> int:
        """HTTP status."""
        ...

    @property
    def content(self) -> bytes:
        """The body."""
        ...


Ask = Callable[[str, Mapping[str, str | int]], Awaitable[Answer]]
"""Asks the server for a path with parameters."""


async def find_by_pages(wanted: Wanted, ask: Ask) -> Found:
    """Read one kind, in its first version, page by page.

    Raises:
        Transient: The server's answer cannot be read.
    """
    kept: list[bytes] = []
    total = 0
    params: dict[str, str | int] = {"limit": _PAGE_SIZE, **_selectors(wanted)}
    for _ in range(_MOST_PAGES):
        answer = await ask(_path(wanted), params)
        if answer.status_code in (403, 404):
            why = NOT_ALLOWED if answer.status_code == 403 else NO_SUCH_KIND
            return Found(objects=(), total=0, unreadable=why)
        page = _page(answer, wanted)
        items = page.items or []
        total += len(items)
        kept += [bytes(item) for item in items[: wanted.most - len(kept)]]
        token = (page.metadata.continue_ if page.metadata else None) or ""
        if not token:
            break
        params["continue"] = token
    return Found(objects=tuple(kept), total=total)


def _selectors(wanted: Wanted) -> dict[str, str]:
    made = {}
    if wanted.name:
        made["fieldSelector"] = f"metadata.name={wanted.name}"
    if wanted.labels:
        made["labelSelector"] = ",".join(f"{key}={value}" for key, value in wanted.labels.items())
    return made


def _path(wanted: Wanted) -> str:
    path = wanted.kind.path(wanted.kind.versions[0])
    if not wanted.namespace or not wanted.kind.namespaced:
        return path
    root, _, plural = path.rpartition("/")
    return f"{root}/namespaces/{wanted.namespace}/{plural}"


def _page(answer: Answer, wanted: Wanted) -> Page:
    try:
        if answer.status_code == 200:
            return _PAGE.decode(answer.content)
    except (ValueError, RecursionError) as exc:
        raise _unreadable(wanted, answer.status_code) from exc
    raise _unreadable(wanted, answer.status_code)


def _unreadable(wanted: Wanted, status: int) -> MasError:
    return Transient(
        f"The API server answered the question for {wanted.kind.name} with status {status}.",
        hint="Try again, or look with `kubectl`.",
        code="server_answer",
    )


def no_cluster() -> UserError:
    """The error for a locator that leads nowhere any more."""
    return UserError(
        "The cluster of this run cannot be found any more.",
        hint="Check the kubeconfig, or start the run again with --cluster.",
        code="cluster_unknown",
    )
