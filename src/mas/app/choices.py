"""What a request can be about, for faces that offer a choice: clusters, repositories, coders."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from mas.adapters.coders.choose import CLAUDE
from mas.adapters.coders.presets import PRESETS
from mas.core.errors import MasError
from mas.core.run import Run
from mas.repositories.address import without_secret
from mas.teams.fanout.order import OPTION

CODERS = (CLAUDE, "mas", *PRESETS)
"""Coders that need nothing but their name; `script:FILE` and `command:ARGV` name more."""


@dataclass(frozen=True, kw_only=True)
class ClusterChoices:
    """The contexts that a request can name. Nothing of them has been contacted."""

    contexts: tuple[str, ...] = ()
    current: str | None = None
    """The context that is taken where none is named."""
    in_cluster: bool = False
    """Whether the account of the pod is taken where there is no context."""
    problem: str = ""
    """Why the kubeconfig cannot be used, in a sentence."""


async def cluster_choices(environment: Mapping[str, str]) -> ClusterChoices:
    """Look into the kubeconfig; what is wrong with it is told and not raised."""
    try:
        return await asyncio.to_thread(_choices, environment)
    except MasError as error:
        return ClusterChoices(problem=str(error))


def _choices(environment: Mapping[str, str]) -> ClusterChoices:
    # Late, because it loads the client of clusters.
    from mas.adapters.clusters import kubeconfig

    config = kubeconfig.load_kubeconfig(environment)
    account = kubeconfig.service_account(environment) is not None
    if config is None:
        return ClusterChoices(in_cluster=account)
    return ClusterChoices(
        contexts=tuple(sorted(config.contexts)),
        current=config.current_context or None,
        in_cluster=account,
    )


def repository_of(run: Run) -> str | None:
    """The repository that a run was made for, as it was named, without a password in it."""
    order = run.options.get(OPTION)
    origin = order.get("origin") if isinstance(order, Mapping) else None
    named = origin.get("named") if isinstance(origin, Mapping) else None
    return without_secret(named) if isinstance(named, str) and named else None


def snapshot_of(run: Run) -> str | None:
    """The snapshot file that a run has read."""
    named = run.options.get("cluster")
    is_file = run.options.get("cluster_kind") == "snapshot"
    return named if is_file and isinstance(named, str) and named else None
