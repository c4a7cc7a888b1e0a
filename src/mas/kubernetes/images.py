"""Tells by a container image which tool's component it is, through any registry or mirror (D2).

An image proves a component in one of these ways; everything else is a look-alike:

- its repository path *ends* with the component's path, segment by segment
  (`mirror.corp:5000/quay.io/argoproj/argocd` for `argoproj/argocd`);
- its last segment is that path flattened with dashes, in a private registry or from a known
  repackager (`rancher/mirrored-library-traefik`);
- its last segment is a known basename from a known repackager (`bitnami/argo-cd`);
- its last segment is a known basename in a private registry, *and* the workload's labels or name
  say the same (`registry.corp/platform/argocd` with `app.kubernetes.io/part-of: argocd`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mas.core.tools import Component, Tool

PUBLIC_REGISTRIES = frozenset(
    {
        "",
        "docker.io",
        "index.docker.io",
        "registry-1.docker.io",
        "registry.hub.docker.com",
        "quay.io",
        "ghcr.io",
        "gcr.io",
        "k8s.gcr.io",
        "registry.k8s.io",
        "public.ecr.aws",
        "mcr.microsoft.com",
        "registry.gitlab.com",
        "lscr.io",
    }
)
"""Anybody can publish here under an own name, so only the whole path proves a component."""

REPACKAGERS = frozenset(
    {
        "bitnami",
        "bitnamilegacy",
        "bitnamisecure",
        "bitnamicharts",
        "rancher",
        "chainguard",
        "rapidfort",
        "ubuntu",
        "openshift4",
        "opensuse",
        "suse",
    }
)
"""Organisations that publish well-known tools under their own name."""

VANITY_HOSTS = {"docker.gitea.com": "gitea"}
"""Hosts where a project publishes its own images without the organisation."""

_GENERIC_ORGANISATIONS = frozenset({"release", "testing", "stable"})
"""First segments that anybody's registry may have; alone they tell of no project."""

_HELPERS = frozenset(
    {
        "kube-rbac-proxy",
        "k8s-sidecar",
        "oauth2-proxy",
        "proxyv2",
        "proxy",
        "config-reload",
        "config-reloader",
        "prometheus-config-reloader",
        "configmap-reload",
        "vault-agent",
        "csi-provisioner",
        "csi-attacher",
        "csi-resizer",
        "csi-snapshotter",
        "csi-node-driver-registrar",
        "livenessprobe",
    }
)
"""Last segments of images that stand beside any main container, and before it in some charts."""

REPACKAGING_REGISTRIES = frozenset(
    {"registry.redhat.io", "registry.access.redhat.com", "registry.connect.redhat.com"}
)
"""Registries in which one vendor publishes well-known tools under their own names."""

_SEPARATORS = re.compile(r"[._-]+")
_MIRROR_PREFIX = re.compile(
    r"^(?:(?:mirrored|mirror|docker-io|quay-io|ghcr-io|gcr-io|registry-k8s-io|k8s-gcr-io"
    r"|public-ecr-aws)-)+"
)


@dataclass(frozen=True, kw_only=True)
class ImageName:
    """An image reference taken apart; `path` is the repository without registry host."""

    host: str
    path: tuple[str, ...]
    tag: str
    digest: str


def parse_image(text: str) -> ImageName:
    """Take an image reference apart, as a container runtime reads it. Never fails."""
    rest, _, digest = text.strip().partition("@")
    head, slash, last = rest.rpartition("/")
    last, _, tag = last.partition(":")
    segments = [part for part in f"{head}{slash}{last}".lower().split("/") if part]
    host = ""
    if len(segments) > 1 and (
        "." in segments[0] or ":" in segments[0] or segments[0] == "localhost"
    ):
        host = segments.pop(0)
    if host in VANITY_HOSTS and len(segments) == 1:
        segments.insert(0, VANITY_HOSTS[host])
    return ImageName(host=host, path=tuple(segments), tag=tag, digest=digest)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A component that an image may be. `certain` is False when labels or name must agree."""

    tool: Tool
    component: Component
    certain: bool


class Recogniser:
    """Looks images up among the components of all tools; remembers each image it has seen."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._paths: dict[str, list[tuple[tuple[str, ...], Tool, Component]]] = defaultdict(list)
        self._wild: list[tuple[tuple[str, ...], Tool, Component]] = []
        self._flat: dict[str, list[tuple[Tool, Component]]] = defaultdict(list)
        self._basenames: dict[str, list[tuple[Tool, Component]]] = defaultdict(list)
        self._seen: dict[str, tuple[Candidate, ...]] = {}
        for tool in tools:
            for component in tool.components:
                self._add(tool, component)

    def candidates(self, image: str) -> tuple[Candidate, ...]:
        """Components that this image may be, certain ones first."""
        found = self._seen.get(image)
        if found is None:
            found = self._seen[image] = self._look_up(parse_image(image))
        return found

    def interesting(self, image: str) -> bool:
        """Whether the image may belong to any tool at all."""
        return bool(self.candidates(image))

    def _add(self, tool: Tool, component: Component) -> None:
        for image in component.images:
            path = tuple(image.lower().split("/"))
            if any(segment.endswith("*") for segment in path):
                self._wild.append((path, tool, component))
                continue
            self._paths[path[-1]].append((path, tool, component))
            if len(path) > 1:
                self._flat[_flatten("-".join(path))].append((tool, component))
        for basename in component.basenames:
            self._basenames[basename.lower()].append((tool, component))

    def _look_up(self, image: ImageName) -> tuple[Candidate, ...]:
        if not image.path:
            return ()
        last = image.path[-1]
        private = image.host not in PUBLIC_REGISTRIES
        repackaged = image.host in REPACKAGING_REGISTRIES or any(
            segment in REPACKAGERS for segment in image.path[:-1]
        )
        found: dict[tuple[str, str], Candidate] = {}

        def add(tool: Tool, component: Component, *, certain: bool) -> None:
            key = (tool.id, component.name)
            if key not in found or (certain and not found[key].certain):
                found[key] = Candidate(tool=tool, component=component, certain=certain)

        for path, tool, component in (*self._paths.get(last, ()), *self._wild):
            if _ends_with(image.path, path) and (private or _is_whole(image.path, path)):
                add(tool, component, certain=not private or _is_telling(image.path, path))
        if private or repackaged:
            flat = _flatten(last)
            for tool, component in self._flat.get(flat, ()):
                add(tool, component, certain=True)
            for path, tool, component in self._wild:
                if len(path) > 1 and flat.startswith(_flatten("-".join(path)).removesuffix("*")):
                    add(tool, component, certain=True)
            for name in dict.fromkeys((last, flat)):
                for tool, component in self._basenames.get(name, ()):
                    add(tool, component, certain=repackaged)
        return tuple(sorted(found.values(), key=lambda candidate: not candidate.certain))


def _flatten(name: str) -> str:
    return _MIRROR_PREFIX.sub("", _SEPARATORS.sub("-", name))


def _ends_with(path: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether `wanted` is the end of `path`; `library/x` is also a lone `x`."""
    if len(wanted) == 2 and wanted[0] == "library" and path == wanted[1:]:
        return True
    if len(path) < len(wanted):
        return False
    return all(
        have.startswith(want[:-1]) if want.endswith("*") else have == want
        for have, want in zip(path[-len(wanted) :], wanted, strict=True)
    )


def _is_whole(path: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether a public image is no other organisation's `x` where only `x` was wanted."""
    return len(wanted) > 1 or len(path) == 1


def _is_telling(path: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether a path in a private registry says whose image it is."""
    generic = len(wanted) == 2 and wanted[0] in _GENERIC_ORGANISATIONS
    lone = len(path) == 1 and len(wanted) == 2
    return not generic and not lone


def is_helper(image: str) -> bool:
    """Whether an image is a helper that stands beside any main container."""
    path = parse_image(image).path
    return bool(path) and path[-1] in _HELPERS


def agrees(
    candidate: Candidate, *, name: str, labels: Mapping[str, str], command: tuple[str, ...] = ()
) -> bool:
    """Whether labels, name or program of a workload confirm what an uncertain image suggests."""
    tool, component = candidate.tool, candidate.component
    if any(labels.get(key) in values for key, values in tool.recognise.labels.items()):
        return True
    if set(_programs(command)) & set(component.commands):
        return True
    known = {tool.id, *component.basenames}
    identity = ("app.kubernetes.io/name", "app.kubernetes.io/part-of", "app", "k8s-app", "name")
    return any(labels.get(key) in known for key in identity) or any(
        f"-{word}-" in f"-{name}-" for word in known
    )


_SHELLS = frozenset({"sh", "bash", "ash", "dash", "busybox"})
_IDLE = frozenset({"sleep", "tail", "true"})
"""Programs that serve nothing: a container that only runs one is a tool box."""


def _programs(command: tuple[str, ...]) -> tuple[str, ...]:
    """The words that say what a container runs: the program and its first arguments."""
    words = [word.rsplit("/", 1)[-1] for word in command]
    if words and words[0] in _SHELLS:
        script = (part for word in command[1:] for part in word.split()[:200])
        return tuple(part.rsplit("/", 1)[-1] for part in script if not part.startswith("-"))
    wrappers = {"tini", "dumb-init", "--", "-s", "-g", "exec"}
    return tuple(word for word in words if word not in wrappers)[:3]


def _is_idle(programs: tuple[str, ...]) -> bool:
    return 0 < len(programs) <= 3 and programs[0] in _IDLE


def is_component(candidate: Candidate, *, name: str, command: tuple[str, ...]) -> bool:
    """Whether a container with this image truly is the component, not a use or a sibling of it.

    A component that shares its image with others is told apart by what the container runs, else
    by the workload's name; one whose image runs as a mere client (`not_commands`) is none.
    """
    component = candidate.component
    programs = _programs(command)
    if _is_idle(programs):
        return False
    siblings = [
        other
        for other in candidate.tool.components
        if other is not component and set(other.images) & set(component.images)
    ]
    theirs = {word for other in siblings for word in other.commands} | {*component.not_commands}
    for word in programs:
        if word in component.commands:
            return True
        if word in theirs:
            return False
    if not component.names and not component.commands:
        return True
    if any(part in name for part in component.names):
        return _most_specific(component, siblings, name)
    unnamed = not any(part in name for other in siblings for part in other.names)
    return component.role == "core" and not programs and unnamed


def _most_specific(component: Component, siblings: Iterable[Component], name: str) -> bool:
    """Among components whose name parts all occur in `name`, the longest part wins."""

    def best(one: Component) -> int:
        return max((len(part) for part in one.names if part in name), default=0)

    return all(best(component) >= best(other) for other in siblings)
