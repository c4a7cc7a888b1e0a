"""Is the project still cared for?"""

from __future__ import annotations

from collections.abc import Iterable

from mas.core.tools import Text, Tool
from mas.teams.decide.findings import Finding, Param
from mas.teams.decide.situation import Situation

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def is_abandoned(tool: Tool) -> bool:
    """Whether a project gets no security updates any more."""
    return tool.lifecycle.status in ("retired", "archived")


def month(since: str | None) -> Param:
    """`2026-03` as people say it; empty for None."""
    if not since:
        return ""
    year, _, number = since.partition("-")
    return Text(en=f"{_MONTHS[int(number) - 1]} {year}", ko=f"{year}년 {int(number)}월")


def successors(situation: Situation, tool: Tool) -> tuple[Param, ...]:
    """Names of the tools that take its place."""
    return tuple(situation.catalog.tools[id_].name for id_ in tool.lifecycle.successors)


def project_is_cared_for(situation: Situation) -> Iterable[Finding]:
    """A retired or archived project is refused, and its successor named."""
    tool = situation.tool
    lifecycle = tool.lifecycle
    if lifecycle.status == "active":
        return
    evidence = (situation.cite_catalog("lifecycle.status", lifecycle.status),)
    what = lifecycle.text or Text(en="", ko="")
    if lifecycle.status == "maintenance":
        yield Finding(
            key="lifecycle.maintenance",
            params={"tool": tool.name, "what": what},
            kind="lifecycle",
            stance="against",
            evidence=evidence,
        )
        return
    yield Finding(
        key="lifecycle.abandoned",
        params={
            "tool": tool.name,
            "since": month(lifecycle.since),
            "what": what,
            "successors": successors(situation, tool),
        },
        kind="lifecycle",
        stance="against",
        evidence=evidence,
        blocks=True,
    )
