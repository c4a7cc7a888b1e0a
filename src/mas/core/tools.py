"""What MAS knows about a tool: the vocabulary of the catalog (D2, D3). Pure data.

One YAML file per tool under `mas/catalog/tools/` is decoded straight into `Tool`; the field names
here are therefore the file format. Each part carries the `source` of its facts.
"""

from __future__ import annotations

from typing import Literal

import msgspec

ComponentRole = Literal["core", "required", "supporting", "optional"]
"""core: its workload proves that the tool is installed, and it must be ready.
required: must be there and ready for the tool to be healthy, and proves nothing by itself.
supporting: must be ready where it is there; packagings differ in what they split off, so that its
absence is no fault.
optional: counted when it is there, and a fault only when it crash-loops."""

WorkloadKind = Literal["Deployment", "StatefulSet", "DaemonSet"]


class _Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A piece of a catalog file; a misspelt field is an error, not a silence."""


class Text(_Fact, frozen=True, kw_only=True):
    """A sentence or phrase in both languages."""

    en: str
    ko: str


class Sourced(_Fact, frozen=True, kw_only=True):
    """A version or other single fact with its source."""

    value: str
    source: str


class Hosted(_Fact, frozen=True, kw_only=True):
    """A hosted service that gives the same without anything in the cluster."""

    name: str
    text: Text


class Lifecycle(_Fact, frozen=True, kw_only=True):
    """Whether the project is still cared for; anything but `active` is a reason against it.

    `maintenance` still gets security fixes but nothing new, and does not refuse by itself.
    """

    status: Literal["active", "maintenance", "retired", "archived"]
    source: str
    since: str | None = None
    """Month (`2026-03`) from which the status holds."""
    text: Text | None = None
    successors: tuple[str, ...] = ()
    """Ids of catalog tools to use instead, best first."""


class Capabilities(_Fact, frozen=True, kw_only=True):
    """What the tool gives, as ids of `mas/catalog/capabilities.yaml`."""

    primary: tuple[str, ...]
    secondary: tuple[str, ...] = ()
    depends: dict[str, str] = msgspec.field(default_factory=dict)
    """Capability id → name of the component that must run for it (Gitea: CI needs a runner)."""
    names: dict[str, str] = msgspec.field(default_factory=dict)
    """Capability id → what the tool calls it (`ci-pipelines` → `Gitea Actions`)."""


class CrdGroup(_Fact, frozen=True, kw_only=True):
    """Custom resource kinds of one API group. Group and kind together identify a tool."""

    group: str
    kinds: tuple[str, ...]
    source: str
    shared: bool = False
    """True when other tools install the same kinds too: then they hint at nothing."""


class Requests(_Fact, frozen=True, kw_only=True):
    """Resource requests of one pod of a component.

    `basis` is `declared` when the project's manifests or chart set them, `recommended` when they
    declare none and the catalog carries a sizing of its own.
    """

    cpu: str
    memory: str
    basis: Literal["declared", "recommended"]
    source: str


class Volume(_Fact, frozen=True, kw_only=True):
    """One persistent volume claim of each pod of a component."""

    name: str
    size: str


class Component(_Fact, frozen=True, kw_only=True):
    """One workload that the tool installs.

    Images are repository paths without registry host and tag (`argoproj/argocd`). A trailing `*`
    in a segment matches any suffix (`tektoncd/pipeline/controller-*`). `library/x` stands for
    Docker Hub's official image `x`. When several components share one image, `names`, `labels` or
    `commands` tell them apart.
    """

    name: str
    role: ComponentRole
    workload: WorkloadKind
    images: tuple[str, ...]
    basenames: tuple[str, ...] = ()
    """Last path segments that are unmistakably this component, for private mirrors that drop the
    organisation (`registry.corp/argocd`) and for repackagers (`bitnami/argo-cd`)."""
    names: tuple[str, ...] = ()
    """Tells components that share an image apart: a part of the workload's name."""
    commands: tuple[str, ...] = ()
    """Tells them apart by the program or first argument that the container runs."""
    not_commands: tuple[str, ...] = ()
    """Programs or first arguments of the same image that are *uses* of the tool, not the tool
    (`agent` for Vault, `argocd` for the CLI)."""
    installed: bool = True
    """False: not part of a default installation (shown when found, never simulated)."""
    replicas: int = 1
    requests: Requests | None = None
    volumes: tuple[Volume, ...] = ()


class Recognition(_Fact, frozen=True, kw_only=True):
    """Hints that point to a tool without proving it: resources that it owns or labels."""

    crds: tuple[CrdGroup, ...] = ()
    labels: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Label key → values that the tool's own workloads carry."""
    source: str = ""


class KubernetesSupport(_Fact, frozen=True, kw_only=True):
    """Which Kubernetes versions the latest release needs and was tested with."""

    min: str | None = None
    """`1.28`; None when the project names no number."""
    kind: str = "docs"
    """How the minimum is held: `chart-kubeVersion`, `enforced-at-start`, `docs`, ..."""
    tested: tuple[str, ...] = ()
    """Minor versions that the latest release was tested with; empty when not published."""
    source: str = ""


class Storage(_Fact, frozen=True, kw_only=True):
    """What the tool needs of persistent storage."""

    required: bool
    """True when a default installation needs persistent volumes, or the tool is of no use
    without them (a database operator)."""
    source: str
    text: Text | None = None


class Operations(_Fact, frozen=True, kw_only=True):
    """The burden of running the tool."""

    learning: Literal["low", "medium", "high"]
    text: Text
    """What an operator has to look after, in one sentence."""
    requires: tuple[str, ...] = ()
    """Capability ids that must exist first, such as `tls-certificates`."""
    source: str = ""


class GuideStep(_Fact, frozen=True, kw_only=True):
    """One step of the installation guide: a title and the exact command."""

    phase: Literal["prepare", "install", "verify", "rollback"]
    title: Text
    command: str


class Tool(_Fact, frozen=True, kw_only=True):
    """One tool of the catalog."""

    id: str
    name: str
    category: str
    summary: Text
    aliases: tuple[str, ...]
    """Names people use, English and Korean, matched as whole words without regard to case."""
    not_aliases: tuple[str, ...] = ()
    """Longer names that contain an alias and mean something else (`prometheus adapter`)."""
    latest: Sourced | None = None
    lifecycle: Lifecycle
    capabilities: Capabilities
    recognise: Recognition = Recognition()
    components: tuple[Component, ...]
    namespace: str
    """Where the guide installs it."""
    kubernetes: KubernetesSupport = KubernetesSupport()
    storage: Storage | None = None
    bundles: tuple[str, ...] = ()
    """Ids of catalog tools that come with it."""
    platform: str | None = None
    """Cloud to which the nodes must belong, as `spec.providerID` begins (`aws`); None: any."""
    operations: Operations
    pays_when: Text
    """When adopting it pays, said when no demand was seen."""
    guide: tuple[GuideStep, ...]
    guide_source: str
    hosted: tuple[Hosted, ...] = ()
    notes: tuple[Sourced, ...] = ()


class Capability(_Fact, frozen=True, kw_only=True):
    """One thing that a tool can give a cluster, fine enough to compare tools by."""

    id: str
    name: Text
    aliases: tuple[str, ...] = ()
    """Phrases by which a request names it ("service mesh", "서비스 메시")."""
    exclusive: bool = False
    """A second provider in the same cluster would collide with the first."""
    critical: bool = False
    """All traffic depends on it: CNI, ingress, load balancer, mesh."""
    preferred: tuple[str, ...] = ()
    """Tools to propose for it, best first."""
    demand: tuple[str, ...] = ()
    """Names of `Cluster.counts` that show demand for it."""
    hosted: tuple[Hosted, ...] = ()
    """What gives it without anything to install, told where nothing else can be named."""
    complements: tuple[str, ...] = ()
    """Capabilities that, with this one, make a whole (builds want delivery): whoever gives them
    here is named beside an alternative."""


class Catalog(_Fact, frozen=True, kw_only=True):
    """All tools and capabilities, by id."""

    tools: dict[str, Tool]
    capabilities: dict[str, Capability]
