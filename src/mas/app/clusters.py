"""Reading the cluster that a request names, once a process (D1)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast

from mas.adapters.clusters.resolve import IN_CLUSTER, resolve_source
from mas.core.errors import UserError
from mas.core.tools import Catalog
from mas.core.values import JsonObject
from mas.kubernetes.cluster import Cluster
from mas.kubernetes.digest import read_cluster
from mas.kubernetes.images import Recogniser
from mas.kubernetes.source import ClusterSource

NO_CLUSTER = ":none"
"""Named in place of a cluster: the request is about none, whatever there is."""


@dataclass(frozen=True, kw_only=True)
class ClusterChoice:
    """Where a run reads its cluster; stored with the run, so that a resume reads the same."""

    kind: Literal["snapshot", "live", "none"]
    name: str
    """File name or context, for people."""
    locator: str
    """Absolute path or context; empty for none."""

    def to_options(self) -> JsonObject:
        """The form in which a run keeps it."""
        return {
            "cluster_kind": self.kind,
            "cluster_name": self.name,
            "cluster": self.locator,
        }


class ClusterReading:
    """Reads clusters, and remembers what this process has read.

    A request reads before its run is made, so that a source that cannot be used is an error and no
    run; the run's researcher then takes the same reading instead of a second one.
    """

    def __init__(self, catalog: Catalog, environment: Mapping[str, str]) -> None:
        self._catalog = catalog
        self._environment = environment
        self._recogniser: Recogniser | None = None
        self._read: dict[str, Cluster] = {}

    def find(self, named: str | None) -> ClusterSource | None:
        """The source that a name, or the lack of one, leads to; it is not contacted yet.

        Raises:
            UserError: What was named is neither a file nor a context.
        """
        if named == NO_CLUSTER:
            return None
        owned = {
            (group.group, kind)
            for tool in self._catalog.tools.values()
            for group in tool.recognise.crds
            for kind in group.kinds
        }
        return resolve_source(
            named,
            environment=self._environment,
            custom=lambda group, kind: (group, kind) in owned,
        )

    async def choose(self, named: str | None) -> ClusterChoice:
        """Find and read the source: the named one, else the current context, else none.

        Raises:
            UserError: What was named cannot be used.
            Transient: The server is out of reach.
        """
        source = self.find(named)
        choice = _choice(source, named)
        if source is not None:
            self._read[choice.locator] = await self._digest(source)
        return choice

    def point_at(self, named: str | None) -> ClusterChoice:
        """Find the source without reading it; nothing where none is named and none is current.

        Raises:
            UserError: What was named is neither a file nor a context.
        """
        try:
            return _choice(self.find(named), named)
        except UserError as error:
            if named is None and error.code == "context_missing":
                return _choice(None, None)
            raise

    async def read(self, options: JsonObject) -> Cluster | None:
        """The digest of the cluster that a run's options name."""
        if options.get("cluster_kind", "none") == "none":
            return None
        locator = cast("str", options["cluster"])
        if locator not in self._read:
            source = self.find(None if locator == IN_CLUSTER else locator)
            if source is None:
                return None
            self._read[locator] = await self._digest(source)
        return self._read[locator]

    async def _digest(self, source: ClusterSource) -> Cluster:
        if self._recogniser is None:
            self._recogniser = Recogniser(self._catalog.tools.values())
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return await read_cluster(source, interesting=self._recogniser.interesting, read_at=now)


def _choice(source: ClusterSource | None, named: str | None) -> ClusterChoice:
    if source is None:
        return ClusterChoice(kind="none", name="", locator="")
    return ClusterChoice(kind=source.kind, name=source.name, locator=_locator(source, named))


def _locator(source: ClusterSource, named: str | None) -> str:
    """How another process, started elsewhere, finds the same source again."""
    if source.kind == "snapshot" and named:
        return os.path.abspath(named)  # noqa: PTH100 - the disk is not touched
    return source.name
