"""Finds the connection to a cluster: kubeconfig files as kubectl reads them, or the pod's account.

`KUBECONFIG` may name several files: of each name the first one counts, and relative paths are
relative to their own file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml
from lightkube.config.kubeconfig import SERVICE_ACCOUNT, KubeConfig, SingleConfig
from lightkube.config.models import Cluster, Context, User
from lightkube.core.exceptions import ConfigError

from mas.core.errors import UserError

_DEFAULT = Path("~/.kube/config")


def load_kubeconfig(environment: Mapping[str, str]) -> KubeConfig | None:
    """All contexts that kubectl would know; None when there is no file, or only empty ones.

    Raises:
        UserError: A file is there and is no kubeconfig.
    """
    merged: KubeConfig | None = None
    for path in _files(environment):
        loaded = _load(path)
        if loaded is None:
            continue
        if merged is None:
            merged = loaded
            continue
        merged.clusters = loaded.clusters | merged.clusters
        merged.users = loaded.users | merged.users
        merged.contexts = loaded.contexts | merged.contexts
        merged.current_context = merged.current_context or loaded.current_context
    return merged


def select_context(config: KubeConfig, name: str) -> SingleConfig:
    """The connection of one context.

    Raises:
        UserError: The context is unknown, or names a cluster or user that is not there.
    """
    context = config.contexts.get(name)
    if context is None:
        raise UserError(
            f"The kubeconfig has no context {name}.",
            hint=known_contexts(config),
            code="context_unknown",
        )
    cluster = config.clusters.get(context.cluster)
    if cluster is None:
        raise _incomplete(name, f"cluster {context.cluster or '(none)'}")
    user = User()
    if context.user:
        if context.user not in config.users:
            raise _incomplete(name, f"user {context.user}")
        user = config.users[context.user]
    return SingleConfig(
        context_name=name, context=context, cluster=cluster, user=user, fname=config.fname
    )


def service_account(environment: Mapping[str, str]) -> SingleConfig | None:
    """The connection of the pod that this process runs in; None outside of a cluster.

    Raises:
        UserError: The account is there but cannot be read.
    """
    if not (environment.get("KUBERNETES_SERVICE_HOST") and Path(SERVICE_ACCOUNT, "token").exists()):
        return None
    try:
        return KubeConfig.from_service_account().get()
    except (ConfigError, OSError, KeyError) as exc:
        raise UserError(
            f"The service account of this pod cannot be used: {exc}.",
            hint="Check automountServiceAccountToken, or name a cluster.",
            code="kubeconfig_invalid",
        ) from exc


def known_contexts(config: KubeConfig | None) -> str:
    """A hint that names the contexts to choose from."""
    names = sorted(config.contexts) if config else []
    if not names:
        return "The kubeconfig has no contexts; `kubectl config get-contexts` shows them."
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return f"Known contexts: {shown}."


def _files(environment: Mapping[str, str]) -> list[Path]:
    named = environment.get("KUBECONFIG", "")
    if named:
        return [Path(part).expanduser() for part in named.split(os.pathsep) if part]
    home = environment.get("HOME")
    return [Path(home, ".kube", "config") if home else _DEFAULT.expanduser()]


def _load(path: Path) -> KubeConfig | None:
    """One file; None when it does not exist or holds nothing."""
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.safe_load(text)
        if content is None:
            return None
        return _parse(content, path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise _invalid(path, exc.strerror or str(exc)) from exc
    except yaml.YAMLError as exc:
        raise _invalid(path, "it is no YAML") from exc
    except (UnicodeDecodeError, KeyError, TypeError, AttributeError, ValueError) as exc:
        # ValidationError of msgspec is a ValueError.
        raise _invalid(path, "its content has an unexpected shape") from exc


def _parse(content: Any, path: Path) -> KubeConfig:
    folder = path.parent
    config = KubeConfig(
        clusters=_named(content, "clusters", "cluster", Cluster),
        contexts=_named(content, "contexts", "context", Context),
        users=_named(content, "users", "user", User),
        current_context=content.get("current-context") or None,
        fname=path,
    )
    for cluster in config.clusters.values():
        cluster.certificate_auth = _absolute(cluster.certificate_auth, folder)
    for user in config.users.values():
        user.client_cert = _absolute(user.client_cert, folder)
        user.client_key = _absolute(user.client_key, folder)
        user.token_file = _absolute(user.token_file, folder)
        if user.exec is not None and os.sep in user.exec.command:
            user.exec.command = str(folder / user.exec.command)
    return config


def _named(content: Any, key: str, inner: str, type_: type[msgspec.Struct]) -> dict[str, Any]:
    """Entries by name; kubectl writes `null` for an empty list."""
    found: dict[str, Any] = {}
    for entry in content.get(key) or ():
        found.setdefault(entry["name"], msgspec.convert(entry.get(inner) or {}, type_))
    return found


def _absolute(file: str | None, folder: Path) -> str | None:
    return str(folder / file) if file else None


def _invalid(path: Path, reason: str) -> UserError:
    return UserError(
        f"The kubeconfig {path} cannot be used: {reason}.",
        hint="Check it with `kubectl config view`, or set KUBECONFIG.",
        code="kubeconfig_invalid",
    )


def _incomplete(context: str, missing: str) -> UserError:
    return UserError(
        f"The context {context} of the kubeconfig names the {missing}, which is not there.",
        hint="Mend the kubeconfig, or name another context as the cluster.",
        code="kubeconfig_invalid",
    )
