"""Stable words and the pieces that objects are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Json = dict[str, Any]


SAFE = "bcdfghjklmnpqrstvwxz2456789"

_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def digest(text: str, length: int, alphabet: str = "0123456789abcdef") -> str:
    """A stable random-looking word of some length."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(alphabet))
        letters.append(alphabet[rest])
    return "".join(letters)


def share(text: str) -> float:
    """A stable number in [0, 1)."""
    return int(digest(text, 8), 16) / 16**8


def millicores(text: str) -> int:
    """CPU quantity in millicores."""
    return int(text[:-1]) if text.endswith("m") else int(float(text) * 1000)


def mebibytes(text: str) -> int:
    """Memory quantity in MiB."""
    for suffix, factor in _UNITS.items():
        if text.endswith(suffix):
            return int(float(text[: -len(suffix)]) * factor) // 2**20
    return int(text) // 2**20


def container(
    name: str,
    image: str,
    *,
    cpu: str = "",
    memory: str = "",
    limit: str = "",
    args: Iterable[str] = (),
    command: Iterable[str] = (),
    env: Mapping[str, str | Json] | None = None,
    port: int | None = None,
    **more: Any,
) -> Json:
    """A container spec; `limit` is a memory limit, `env` values may be `valueFrom` objects."""
    made: Json = {"name": name, "image": image, "imagePullPolicy": "IfNotPresent"}
    if command:
        made["command"] = list(command)
    if args:
        made["args"] = list(args)
    if env:
        made["env"] = [
            {"name": key, "value": value}
            if isinstance(value, str)
            else {"name": key, "valueFrom": value}
            for key, value in env.items()
        ]
    if port:
        made["ports"] = [{"containerPort": port, "name": "http", "protocol": "TCP"}]
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    made["resources"] = {"requests": requests} if requests else {}
    if limit:
        made["resources"]["limits"] = {"memory": limit}
    made |= {
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [
            {
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                "name": f"kube-api-access-{digest(name + image, 5, SAFE)}",
                "readOnly": True,
            }
        ],
    }
    return made | more


def secret_ref(name: str, key: str) -> Json:
    """An environment variable's `valueFrom` a Secret."""
    return {"secretKeyRef": {"key": key, "name": name}}


def stamp(when: datetime) -> str:
    """Time as the API writes it."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def pick(labels: Mapping[str, str], *keys: str) -> dict[str, str]:
    """The labels of these keys, as selectors of charts use them."""
    return {key: labels[key] for key in keys if key in labels}


def plural_of(kind: str) -> str:
    """Plural name of a kind by the usual rules."""
    name = kind.lower()
    if name.endswith("y") and name[-2] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "ch", "x")) else f"{name}s"


def helm(
    name: str, instance: str, version: str, chart: str, *, component: str = "", part_of: str = ""
) -> dict[str, str]:
    """The labels that most Helm charts set."""
    labels = {
        "app.kubernetes.io/instance": instance,
        "app.kubernetes.io/managed-by": "Helm",
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/version": version,
        "helm.sh/chart": chart,
    }
    if component:
        labels["app.kubernetes.io/component"] = component
    if part_of:
        labels["app.kubernetes.io/part-of"] = part_of
    return labels
