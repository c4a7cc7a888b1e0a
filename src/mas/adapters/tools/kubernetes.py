"""Tools that read the run's cluster: lists, single objects, events. Never Secrets (D1, Q3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from mas.adapters.tools import kubernetes_views as views
from mas.adapters.tools import schemas
from mas.adapters.tools.cluster_objects import ClusterObjects, Found, ObjectsOf, Wanted
from mas.adapters.tools.family import RawOutput, failed, matching
from mas.adapters.tools.given import Arguments, number_of, text_of
from mas.adapters.tools.kubernetes_kinds import is_secret, kind_of, known_names
from mas.core.calls import Assessment, CallContext, ToolSpec
from mas.core.values import JsonValue
from mas.kubernetes.kinds import Kind

_ROWS: Final = 100
_MOST_ROWS: Final = 500
_EVENTS: Final = 50
_MOST_EVENTS_READ: Final = 5000
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]{0,251}[A-Za-z0-9])?")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._/-]{0,315}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")

_KIND = schemas.text("Kind, such as pods, deployments, nodes, or plural.group for custom ones.")
_LIST = ToolSpec(
    name="kubernetes.list",
    description="List objects of one kind in the run's cluster, a line each, with the total.",
    schema=schemas.arguments(
        {
            "kind": _KIND,
            "namespace": schemas.text("Only in this namespace; all unless given."),
            "selector": schemas.text("Labels that they must have, such as app=web,tier=front."),
            "limit": schemas.number("How many; 100 unless given.", most=_MOST_ROWS),
        },
        needed=("kind",),
    ),
    risk="read",
    idempotent=True,
    target="kind",
)
_GET = ToolSpec(
    name="kubernetes.get",
    description=(
        "Show one object of the run's cluster as YAML. Values of environment variables and data "
        "of ConfigMaps are left out."
    ),
    schema=schemas.arguments(
        {
            "kind": _KIND,
            "name": schemas.text("Name of the object.", least=1),
            "namespace": schemas.text("Its namespace; leave it out for cluster-wide kinds."),
        },
        needed=("kind", "name"),
    ),
    risk="read",
    idempotent=True,
    target="name",
)
_LATEST = ToolSpec(
    name="kubernetes.events",
    description="Show the latest events of the run's cluster, the newest first.",
    schema=schemas.arguments(
        {
            "namespace": schemas.text("Only in this namespace; all unless given."),
            "name": schemas.text("Only about objects of this name."),
            "limit": schemas.number("How many; 50 unless given.", most=_MOST_ROWS),
        }
    ),
    risk="read",
    idempotent=True,
    target="namespace",
)
_EVENT_KIND: Final = Kind(group="", kind="Event", plural="events")
_NO_CLUSTER: Final = (
    "This run has no cluster: it was started without --cluster, and there is no current context."
)
_NO_SECRETS: Final = (
    "Secrets are never read. Which Secrets a pod uses stands in the pod; whether one is missing "
    "shows in the events."
)


class KubernetesTools:
    """`kubernetes.*` for the cluster that the run's options name; a `ToolFamily`."""

    def __init__(self, objects_of: ObjectsOf) -> None:
        self._objects_of = objects_of

    async def specs(self, patterns: Collection[str] | None) -> tuple[ToolSpec, ...]:
        """The tools that match."""
        return matching((_LIST, _GET, _LATEST), patterns)

    def assess(self, spec: ToolSpec, arguments: Arguments) -> Assessment | None:  # noqa: ARG002
        """All read; the target is what is looked at."""
        place = [text_of(arguments, name) for name in ("namespace", "kind", "name")]
        return Assessment(risk="read", target="/".join(part for part in place if part))

    def problems(self) -> tuple[str, ...]:
        """None."""
        return ()

    async def call(
        self, spec: ToolSpec, arguments: Mapping[str, JsonValue], context: CallContext
    ) -> RawOutput:
        """Read from the cluster of the run."""
        wrong = _wrong_name(arguments)
        if wrong:
            return failed(wrong)
        cluster = self._objects_of(context.cluster)
        if cluster is None:
            return failed(_NO_CLUSTER)
        if spec.name == _LATEST.name:
            return await _events(cluster, arguments)
        name = text_of(arguments, "kind")
        if is_secret(name):
            return failed(_NO_SECRETS)
        kind = kind_of(name)
        if kind is None:
            return failed(f"The kind {name} is not known. Known kinds: {known_names()}.")
        if spec.name == _GET.name:
            return await _get(cluster, kind, arguments)
        return await _list(cluster, kind, arguments)


async def _list(cluster: ClusterObjects, kind: Kind, arguments: Arguments) -> RawOutput:
    labels = _labels(text_of(arguments, "selector"))
    if labels is None:
        return failed("The selector is not understood: give labels as key=value,key=value.")
    namespace = text_of(arguments, "namespace")
    wanted = Wanted(
        kind=kind,
        namespace=namespace if kind.namespaced else "",
        labels=labels,
        most=number_of(arguments, "limit", _ROWS),
    )
    found = await cluster.find(wanted)
    where = f"in namespace {namespace}" if wanted.namespace else "in all namespaces"
    if not kind.namespaced:
        where = "in the cluster"
    if found.unreadable:
        return failed(f"{kind.plural} of {cluster.name} could not be read: {found.unreadable}.")
    if not found.total:
        with_labels = f" with labels {text_of(arguments, 'selector')}" if labels else ""
        return RawOutput(text=f"There are no {kind.plural}{with_labels} {where} of {cluster.name}.")
    rows = [
        views.row(content, kind.kind) for content in map(views.decode, found.objects) if content
    ]
    narrow = "; narrow by namespace or selector" if found.total > len(rows) else ""
    head = (
        f"{len(rows):,} of {found.total:,} {kind.plural} {where} of {cluster.name} shown{narrow}:"
    )
    return RawOutput(text="\n".join([head, *rows]))


async def _get(cluster: ClusterObjects, kind: Kind, arguments: Arguments) -> RawOutput:
    name, namespace = text_of(arguments, "name"), text_of(arguments, "namespace")
    if not kind.namespaced:
        namespace = ""
    found = await cluster.find(Wanted(kind=kind, namespace=namespace, name=name, most=2))
    what = f"{kind.kind} {namespace}/{name}" if namespace else f"{kind.kind} {name}"
    if found.unreadable:
        return failed(f"{what} of {cluster.name} could not be read: {found.unreadable}.")
    if not found.total:
        return failed(f"There is no {what} in {cluster.name}: look with kubernetes.list.")
    if found.total > 1:
        return failed(f"There are {found.total:,} of {what}: give the namespace. {_places(found)}")
    content = views.decode(found.objects[0])
    if content is None:
        return failed(_NO_SECRETS)
    return RawOutput(text=views.whole(content))


def _places(found: Found) -> str:
    rows = [views.row(content, "") for content in map(views.decode, found.objects) if content]
    return f"Such as: {'; '.join(rows)}"


async def _events(cluster: ClusterObjects, arguments: Arguments) -> RawOutput:
    namespace, name = text_of(arguments, "namespace"), text_of(arguments, "name")
    found = await cluster.find(
        Wanted(kind=_EVENT_KIND, namespace=namespace, most=_MOST_EVENTS_READ)
    )
    if found.unreadable:
        return failed(f"Events of {cluster.name} could not be read: {found.unreadable}.")
    lines = sorted(
        (
            views.event_line(content)
            for content in map(views.decode, found.objects)
            if content and (not name or views.about(content) == name)
        ),
        reverse=True,
    )
    shown = [line for _, line in lines[: number_of(arguments, "limit", _EVENTS)]]
    if not shown:
        return RawOutput(text=f"There are no such events in {cluster.name}; they are kept an hour.")
    total = len(lines) + found.total - len(found.objects)
    head = f"{len(shown):,} of {total:,} events of {cluster.name}, the newest first:"
    return RawOutput(text="\n".join([head, *shown]))


def _labels(selector: str) -> dict[str, str] | None:
    """Labels of a selector; None when it is more than equalities."""
    labels = {}
    for part in filter(None, (one.strip() for one in selector.split(","))):
        key, mark, value = part.replace("==", "=").partition("=")
        if not mark or key.endswith("!") or not _LABEL.fullmatch(key):
            return None
        if not _LABEL_VALUE.fullmatch(value):
            return None
        labels[key] = value
    return labels


def _wrong_name(arguments: Arguments) -> str:
    """Names go into paths of requests, so they may be nothing but names."""
    for key in ("namespace", "name"):
        value = text_of(arguments, key)
        if value and not _NAME.fullmatch(value):
            return f"{value[:80]} cannot be a {'name of an object' if key == 'name' else key}."
    return ""
