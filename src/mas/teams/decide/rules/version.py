"""Does the tool's latest release run on this Kubernetes version?"""

from __future__ import annotations

from collections.abc import Iterable

from mas.core.versions import below, minor, parse_version
from mas.teams.decide.findings import Finding
from mas.teams.decide.situation import Situation


def is_too_old(situation: Situation) -> bool:
    """Whether the control plane is below the minimum of the latest release."""
    minimum = situation.tool.kubernetes.min
    return bool(minimum and below(situation.cluster.version, minimum))


def runs_on_this_version(situation: Situation) -> Iterable[Finding]:
    """A control plane below the minimum is refused, and the minimum named."""
    tool, version = situation.tool, situation.cluster.version
    minimum = tool.kubernetes.min
    if not minimum or not parse_version(version):
        return
    too_old = is_too_old(situation)
    yield Finding(
        key="version.below" if too_old else "version.ok",
        params={
            "tool": tool.name,
            "release": tool.latest.value if tool.latest else "",
            "version": version,
            "minimum": minimum,
        },
        kind="version",
        stance="against" if too_old else "for",
        evidence=(
            *situation.cite_version(),
            situation.cite_catalog("kubernetes.min", minimum),
        ),
        blocks=too_old,
    )


def tested_with_this_version(situation: Situation) -> Iterable[Finding]:
    """A version outside the tested range is no refusal, but worth knowing."""
    tool, version = situation.tool, situation.cluster.version
    have = minor(version)
    tested = tuple(dict.fromkeys(minor(one) for one in tool.kubernetes.tested if minor(one)))
    if not have or not tested or have in tested or is_too_old(situation):
        return
    yield Finding(
        key="version.untested",
        params={"tool": tool.name, "version": version, "tested": tested},
        kind="version",
        stance="against",
        evidence=(
            *situation.cite_version(),
            situation.cite_catalog("kubernetes.tested", ", ".join(tool.kubernetes.tested)),
        ),
    )
