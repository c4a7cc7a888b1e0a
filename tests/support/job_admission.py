"""What an API server refuses: unknown fields, wrong values, and pods beyond `restricted`."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from lightkube.models.batch_v1 import Job

Json = dict[str, Any]
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
KEY = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
QUANTITY = re.compile(r"\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?")
VOLUMES = {"emptyDir", "persistentVolumeClaim", "configMap", "secret", "projected", "downwardAPI"}


def unknown_fields(body: Json) -> list[str]:
    """Fields of a Job that the API does not have."""
    known = msgspec.to_builtins(msgspec.convert(body, Job))
    return list(_missing(body, known, ""))


def _missing(given: Any, known: Any, path: str) -> list[str]:
    if isinstance(given, dict):
        if not isinstance(known, dict):
            return [path]
        found = []
        for key, value in given.items():
            if key in known:
                found += _missing(value, known[key], f"{path}.{key}")
            elif value not in (None, [], {}):
                found.append(f"{path}.{key}")
        return found
    if isinstance(given, list) and isinstance(known, list):
        return [
            one
            for at, (left, right) in enumerate(zip(given, known, strict=True))
            for one in _missing(left, right, f"{path}[{at}]")
        ]
    return []


def invalid(body: Json) -> list[str]:
    """What is wrong with the values of a Job."""
    metadata, spec = body["metadata"], body["spec"]
    pod = spec["template"]["spec"]
    container = pod["containers"][0]
    labels = (metadata.get("labels") or {}) | (spec["template"]["metadata"].get("labels") or {})
    found = []
    if not NAME.fullmatch(metadata["name"]):
        found.append("metadata.name: Invalid value")
    found += [
        f"metadata.labels: Invalid value: {key}={value}"
        for key, value in labels.items()
        if not (KEY.fullmatch(key) and LABEL.fullmatch(value))
    ]
    if pod.get("restartPolicy") not in ("Never", "OnFailure"):
        found.append("spec.template.spec.restartPolicy: Required value")
    names = [one["name"] for one in container.get("env") or ()]
    if len(names) != len(set(names)) or any("=" in name or not name for name in names):
        found.append("env: Invalid value")
    volumes = {one["name"] for one in pod.get("volumes") or ()}
    places = [one["mountPath"] for one in container.get("volumeMounts") or ()]
    if len(places) != len(set(places)):
        found.append("volumeMounts: must be unique")
    for mount in container.get("volumeMounts") or ():
        part = mount.get("subPath", "")
        if mount["name"] not in volumes or part.startswith("/") or ".." in part.split("/"):
            found.append(f"volumeMounts: Invalid value: {mount}")
    quantities = [
        value
        for kind in ("requests", "limits")
        for value in (container["resources"].get(kind) or {}).values()
    ]
    found += [
        f"resources: Invalid value: {one}" for one in quantities if not QUANTITY.fullmatch(one)
    ]
    for holder in (spec, pod):
        if holder.get("activeDeadlineSeconds", 1) < 1:
            found.append("activeDeadlineSeconds: must be greater than 0")
    return found


def beyond_restricted(body: Json) -> list[str]:
    """Where a pod gets more than pod security `restricted` gives."""
    pod = body["spec"]["template"]["spec"]
    outer = pod.get("securityContext") or {}
    found = [f"{one}=true" for one in ("hostNetwork", "hostPID", "hostIPC") if pod.get(one)]
    for volume in pod.get("volumes") or ():
        kinds = set(volume) - {"name"}
        if not kinds <= VOLUMES:
            found.append(f"restricted volume types: {kinds}")
    for container in [*pod["containers"], *(pod.get("initContainers") or ())]:
        inner = container.get("securityContext") or {}
        capabilities = inner.get("capabilities") or {}
        if inner.get("privileged"):
            found.append("privileged")
        if inner.get("allowPrivilegeEscalation") is not False:
            found.append("allowPrivilegeEscalation != false")
        if "ALL" not in (capabilities.get("drop") or ()) or capabilities.get("add"):
            found.append("unrestricted capabilities")
        if (inner.get("runAsNonRoot", outer.get("runAsNonRoot"))) is not True:
            found.append("runAsNonRoot != true")
        if inner.get("runAsUser", outer.get("runAsUser")) == 0:
            found.append("runAsUser=0")
        profile = inner.get("seccompProfile") or outer.get("seccompProfile") or {}
        if profile.get("type") not in ("RuntimeDefault", "Localhost"):
            found.append("seccompProfile")
        if any(one.get("hostPort") for one in container.get("ports") or ()):
            found.append("hostPort")
    return found
