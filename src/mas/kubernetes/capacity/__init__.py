"""What fits into a cluster: a scheduling simulation as pure functions (D4).

Lives here: node rules, packing of pods, quotas, loss of a node, and the smallest change that makes
a tool fit. Does not live here: reading clusters, knowledge of tools, wording and verdicts.
Called by the decide team and by `mas cluster capacity`.
"""

from mas.kubernetes.capacity.change import apply_change, smallest_change
from mas.kubernetes.capacity.loss import node_loss
from mas.kubernetes.capacity.model import (
    Cause,
    CauseKind,
    Change,
    Failure,
    Fit,
    Headroom,
    LossReport,
    NodeNames,
    Placement,
    PodDemand,
    QuotaFailure,
    QuotaRaise,
    Toleration,
)
from mas.kubernetes.capacity.simulation import headroom, simulate

__all__ = [
    "Cause",
    "CauseKind",
    "Change",
    "Failure",
    "Fit",
    "Headroom",
    "LossReport",
    "NodeNames",
    "Placement",
    "PodDemand",
    "QuotaFailure",
    "QuotaRaise",
    "Toleration",
    "apply_change",
    "headroom",
    "node_loss",
    "simulate",
    "smallest_change",
]
