"""Objects of a cluster behind an API server, asked for kind by kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import msgspec
from lightkube.config.kubeconfig import SingleConfig

from mas.adapters.clusters import kubeconfig
from mas.adapters.clusters.connection import Connection
from mas.adapters.clusters.resolve import IN_CLUSTER
from mas.adapters.tools.cluster_objects import (
    NO_SUCH_KIND,
    Answer,
    Ask,
    Found,
    Wanted,
    find_by_pages,
    no_cluster,
)

_JSON: Final = "application/json"


class _Version(msgspec.Struct, frozen=True, kw_only=True):
    version: str = ""


class _Group(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    versions: tuple[_Version, ...] = ()
    preferred_version: _Version = _Version()


_GROUP = msgspec.json.Decoder(_Group)


class LiveObjects:
    """Reads with the credentials of one context; each reading has a connection of its own."""

    def __init__(self, config: SingleConfig, *, name: str) -> None:
        self._config = config
        self._name = name

    @property
    def name(self) -> str:
        """Name of the context."""
        return self._name

    async def find(self, wanted: Wanted) -> Found:
        """Read the objects of one kind, in the first of its versions that the server has."""
        async with Connection(self._config) as connection:

            async def ask(path: str, params: Mapping[str, str | int]) -> Answer:
                return await connection.get(path, params=params, accept=_JSON)

            versions = wanted.kind.versions or await _versions(ask, wanted.kind.group)
            found = Found(objects=(), total=0, unreadable=NO_SUCH_KIND)
            for version in versions:
                kind = dataclasses.replace(wanted.kind, versions=(version,))
                found = await find_by_pages(dataclasses.replace(wanted, kind=kind), ask)
                if found.unreadable != NO_SUCH_KIND:
                    break
            return found


async def _versions(ask: Ask, group: str) -> tuple[str, ...]:
    """The versions of an API group, the preferred one first; none where there is no such group."""
    answer = await ask(f"/apis/{group}", {})
    try:
        found = _GROUP.decode(answer.content) if answer.status_code == 200 else _Group()
    except (ValueError, RecursionError):
        return ()
    preferred = found.preferred_version.version
    return tuple(sorted((one.version for one in found.versions), key=lambda one: one != preferred))


def live_objects(locator: str, environment: Mapping[str, str]) -> LiveObjects:
    """The cluster of a context, or the one that this process runs in.

    Raises:
        UserError: There is no such context any more.
    """
    if locator == IN_CLUSTER:
        config = kubeconfig.service_account(environment)
    else:
        known = kubeconfig.load_kubeconfig(environment)
        config = kubeconfig.select_context(known, locator) if known is not None else None
    if config is None:
        raise no_cluster()
    return LiveObjects(config, name=locator)
