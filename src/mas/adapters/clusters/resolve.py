"""From what a person typed after `--cluster`, or nothing, to a source that can be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from mas.adapters.clusters.snapshot_file import SnapshotFile
from mas.core.errors import UserError
from mas.kubernetes.source import ClusterSource

IN_CLUSTER = "in-cluster"
"""Name of the cluster that we run in."""


def resolve_source(
    cluster: str | None,
    *,
    environment: Mapping[str, str],
    custom: Callable[[str, str], bool] | None = None,
) -> ClusterSource | None:
    """The cluster to read: an existing file, else a kubeconfig context.

    Without a name: the current context, else the account of the pod we run in, else None.

    Args:
        cluster: File or context; None when the person named none.
        environment: Variables of the process (`KUBECONFIG`, `HOME`, ...).
        custom: Custom resources (API group, kind) whose names a live reading includes.

    Raises:
        UserError: The name is neither a file nor a context, or the kubeconfig cannot be used.
    """
    path = Path(cluster).expanduser() if cluster else None
    if path is not None and _is_file(path):
        return SnapshotFile(path)
    # Only here, so that reading a file does not pay for an HTTP client.
    from mas.adapters.clusters import kubeconfig
    from mas.adapters.clusters.live import LiveCluster

    config = kubeconfig.load_kubeconfig(environment)
    if cluster and path is not None:
        if config is not None and cluster in config.contexts:
            chosen = kubeconfig.select_context(config, cluster)
            return LiveCluster(chosen, name=cluster, custom=custom)
        if _exists(path):
            return SnapshotFile(path)
        raise UserError(
            f"There is neither a snapshot file nor a kubeconfig context named {cluster}.",
            hint=kubeconfig.known_contexts(config),
            code="cluster_unknown",
        )
    if config is not None and config.current_context:
        name = config.current_context
        return LiveCluster(kubeconfig.select_context(config, name), name=name, custom=custom)
    account = kubeconfig.service_account(environment)
    if account is not None:
        return LiveCluster(account, name=IN_CLUSTER, custom=custom)
    if config is not None:
        raise UserError(
            "The kubeconfig has no current context.",
            hint="Name one as the cluster, or choose it with `kubectl config use-context`. "
            + kubeconfig.known_contexts(config),
            code="context_missing",
        )
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
