"""The answer of the decide team, in the shape that `--json` prints (contract of `mas ask`)."""

from __future__ import annotations

from typing import Literal

import msgspec

from mas.core.capacity import Capacity

Verdict = Literal["recommend", "do_not_recommend", "already_installed", "undetermined"]
Health = Literal["healthy", "degraded", "unknown"]
ReasonKind = Literal[
    "overlap",
    "capacity",
    "version",
    "conflict",
    "lifecycle",
    "storage",
    "permission",
    "health",
    "operations",
    "need",
    "gain",
]
Stance = Literal["for", "against"]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a decision."""


class Subject(_Part, frozen=True, kw_only=True):
    """The tool that was asked about; both are None when it is not known."""

    id: str | None
    name: str | None


class Reason(_Part, frozen=True, kw_only=True):
    """One reason with the ids of the evidence that carries it."""

    kind: ReasonKind
    stance: Stance
    text: str
    evidence: tuple[str, ...]


class Alternative(_Part, frozen=True, kw_only=True):
    """What to use instead; `tool` is None for a hosted service, which only has a name."""

    tool: str | None
    name: str
    text: str


class Step(_Part, frozen=True, kw_only=True):
    """One step of a guide: what it does and the exact command."""

    title: str
    command: str


class Existing(_Part, frozen=True, kw_only=True):
    """One installation of a catalog tool that was found."""

    tool: str
    namespace: str
    version: str | None
    health: Health


class NodeCounts(_Part, frozen=True, kw_only=True):
    """Nodes by role."""

    total: int
    control_plane: int
    workers: int


class ClusterState(_Part, frozen=True, kw_only=True):
    """What the cluster holds, in short; `version` is None when nothing tells it."""

    version: str | None
    nodes: NodeCounts
    existing: tuple[Existing, ...]
    applications: int
    read_at: str = ""
    """ISO 8601 in UTC; empty: there was no cluster to read."""
    unread: tuple[str, ...] = ()
    """Kinds that the account may not list, or that the snapshot does not hold."""


class EvidenceItem(_Part, frozen=True, kw_only=True):
    """One value that was read (see `core.evidence`)."""

    object: str
    field: str
    value: str
    read_at: str


class Decision(_Part, frozen=True, kw_only=True):
    """A verdict with all that carries it."""

    tool: Subject
    verdict: Verdict
    health: Health | None
    reasons: tuple[Reason, ...]
    alternatives: tuple[Alternative, ...]
    guide: tuple[Step, ...]
    counterfactual: str | None
    cluster: ClusterState
    evidence: dict[str, EvidenceItem]
    capacity: Capacity | None = None
    """The nodes with the tool's pods; None: what they hold is not known."""
