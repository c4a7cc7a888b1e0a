"""Kubernetes objects as short text: rows of a table, and single objects without their secrets.

Values of environment variables, data of ConfigMaps, what arguments say of passwords, and what
repeats a manifest are left out (Q3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import yaml

from mas.adapters.tools.shaping import plain_line
from mas.core.masking import mask_arguments

Object = dict[str, Any]
"""One decoded object; it goes no further than this module."""

_LONG_ANNOTATION: Final = 200
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_LEFT_OUT: Final = "(left out)"
_MESSAGE: Final = 300


def decode(raw: bytes) -> Object | None:
    """One object; None when it is none, or a Secret."""
    try:
        content = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or content.get("kind") == "Secret":
        return None
    return content


def row(content: Object, kind: str) -> str:
    """One line about an object: where and what it is, and how it is."""
    meta = _map(content.get("metadata"))
    place = "/".join(str(part) for part in (meta.get("namespace"), meta.get("name")) if part)
    told = _ROWS.get(kind, _plain_row)(content)
    return plain_line(": ".join(part for part in (place, told) if part), _MESSAGE)


def whole(content: Object) -> str:
    """The object as YAML, without secrets and what only machines read."""
    _prune(content)
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
    return text


def about(content: Object) -> str:
    """Name of the object that an event is about."""
    return str(_map(content.get("involvedObject") or content.get("regarding")).get("name", ""))


def event_line(content: Object) -> tuple[str, str]:
    """When an event was last seen, and a line about it."""
    target = _map(content.get("involvedObject") or content.get("regarding"))
    series = _map(content.get("series"))
    meta = _map(content.get("metadata"))
    last = next(
        (
            str(time)
            for time in (
                series.get("lastObservedTime"),
                content.get("lastTimestamp"),
                content.get("eventTime"),
                meta.get("creationTimestamp"),
            )
            if time
        ),
        "",
    )
    count = series.get("count") or content.get("count") or 1
    where = "/".join(
        str(part)
        for part in (target.get("kind"), target.get("namespace"), target.get("name"))
        if part
    )
    message = str(content.get("message") or content.get("note") or "")
    line = f"{last}; {content.get('type', '')}; {content.get('reason', '')}; {where}; x{count}"
    return last, plain_line(f"{line}; {message}", _MESSAGE)


def _pod(content: Object) -> str:
    status = _map(content.get("status"))
    containers = _list(status.get("containerStatuses"))
    ready = sum(1 for one in containers if one.get("ready") is True)
    total = len(_list(_map(content.get("spec")).get("containers")))
    restarts = sum(int(one.get("restartCount") or 0) for one in containers)
    reasons = [
        str(_map(_map(one.get("state")).get(state)).get("reason"))
        for one in [*_list(status.get("initContainerStatuses")), *containers]
        for state in ("waiting", "terminated")
        if _map(_map(one.get("state")).get(state)).get("reason") not in (None, "Completed")
    ]
    phase = ",".join(dict.fromkeys(reasons)) or status.get("reason") or status.get("phase") or "?"
    node = _map(content.get("spec")).get("nodeName") or "no node"
    return f"{phase}; ready {ready}/{total}; restarts {restarts}; on {node}"


def _workload(content: Object) -> str:
    spec, status = _map(content.get("spec")), _map(content.get("status"))
    if content.get("kind") == "DaemonSet" or "desiredNumberScheduled" in status:
        wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
    else:
        wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    template = _map(_map(spec.get("template")).get("spec"))
    images = [str(one.get("image", "")) for one in _list(template.get("containers"))]
    return f"ready {ready}/{wanted}; {', '.join(images)}"


def _node(content: Object) -> str:
    spec, status = _map(content.get("spec")), _map(content.get("status"))
    ready = next(
        (
            one.get("status")
            for one in _list(status.get("conditions"))
            if one.get("type") == "Ready"
        ),
        "?",
    )
    able = _map(status.get("allocatable"))
    state = "Ready" if ready == "True" else "NotReady"
    cordoned = ",SchedulingDisabled" if spec.get("unschedulable") else ""
    version = _map(status.get("nodeInfo")).get("kubeletVersion", "?")
    return f"{state}{cordoned}; {version}; cpu {able.get('cpu')}; memory {able.get('memory')}"


def _service(content: Object) -> str:
    spec = _map(content.get("spec"))
    ports = ",".join(str(one.get("port")) for one in _list(spec.get("ports")))
    given = _list(_map(_map(content.get("status")).get("loadBalancer")).get("ingress"))
    outside = ",".join(str(one.get("ip") or one.get("hostname")) for one in given)
    return f"{spec.get('type', 'ClusterIP')}; {spec.get('clusterIP', '')}; ports {ports}" + (
        f"; outside {outside}" if outside else ""
    )


def _claim(content: Object) -> str:
    spec, status = _map(content.get("spec")), _map(content.get("status"))
    asked = _map(_map(spec.get("resources")).get("requests")).get("storage")
    size = asked or _map(spec.get("capacity")).get("storage", "?")
    return f"{status.get('phase', '?')}; {size}; class {spec.get('storageClassName', '-')}"


def _job(content: Object) -> str:
    status = _map(content.get("status"))
    done = next(
        (
            str(one.get("type"))
            for one in _list(status.get("conditions"))
            if one.get("status") == "True"
        ),
        "running",
    )
    return f"{done}; succeeded {status.get('succeeded', 0)}; failed {status.get('failed', 0)}"


def _config(content: Object) -> str:
    keys = [str(key) for part in ("data", "binaryData") for key in _map(content.get(part))]
    return f"{len(keys)} keys: {', '.join(keys[:10])}"


def _plain_row(content: Object) -> str:
    conditions = [
        f"{one.get('type')}={one.get('status')}"
        for one in _list(_map(content.get("status")).get("conditions"))
    ][:4]
    made = _map(content.get("metadata")).get("creationTimestamp") or ""
    phase = _map(content.get("status")).get("phase") or ""
    return "; ".join(str(part) for part in (phase, ",".join(conditions), f"since {made}") if part)


_ROWS: Final[dict[str, Callable[[Object], str]]] = {
    "Pod": _pod,
    "Deployment": _workload,
    "StatefulSet": _workload,
    "DaemonSet": _workload,
    "ReplicaSet": _workload,
    "ReplicationController": _workload,
    "Node": _node,
    "Service": _service,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _claim,
    "Job": _job,
    "ConfigMap": _config,
}


def _prune(content: Object) -> None:
    """Take out values that may be secret, and what only machines read."""
    if content.get("kind") == "ConfigMap":
        for part in ("data", "binaryData"):
            values = _map(content.get(part))
            if values:
                content[part] = {key: f"({len(str(one))} bytes)" for key, one in values.items()}
    pending: list[Any] = [content]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            _prune_mapping(one)
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)


def _prune_mapping(one: Object) -> None:
    one.pop("managedFields", None)
    annotations = one.get("annotations")
    if isinstance(annotations, dict):
        annotations.pop(_LAST_APPLIED, None)
        for key, value in annotations.items():
            if len(str(value)) > _LONG_ANNOTATION:
                annotations[key] = f"({len(str(value))} characters)"
    for key in ("args", "command"):
        words = one.get(key)
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            one[key] = mask_arguments(words, _LEFT_OUT)
    variables = one.get("env")
    if isinstance(variables, list):
        for variable in variables:
            if isinstance(variable, dict) and "value" in variable:
                variable["value"] = _LEFT_OUT
    elif isinstance(variables, dict):
        one["env"] = dict.fromkeys(variables, _LEFT_OUT)
    if isinstance(one.get("stringData"), dict):
        one["stringData"] = dict.fromkeys(one["stringData"], _LEFT_OUT)


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
