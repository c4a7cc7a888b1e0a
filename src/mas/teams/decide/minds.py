"""The three agents of a decision as doers: planner, researcher, decider (A2, A6, D7).

Each works through the five stages; what the next one needs is in its outcome, as plain JSON. With
a `reasoner` that asks a model, each asks it once at most; the verdict is the rules' all the same.
"""

from __future__ import annotations

from msgspec import UnsetType
from msgspec.structs import replace

from mas.agents.loop import work_through
from mas.agents.reasoner import Reasoner
from mas.core.ports import Work
from mas.core.run import TaskOutcome
from mas.core.tools import Catalog
from mas.teams.decide.agents.decider import Decider
from mas.teams.decide.agents.mind import result_with
from mas.teams.decide.agents.planner import Planner, aside_of_planning
from mas.teams.decide.agents.researcher import ReadCluster as ReadCluster
from mas.teams.decide.agents.researcher import Researcher


async def do_planning(
    work: Work, catalog: Catalog, reasoner: Reasoner | None = None
) -> TaskOutcome:
    """Understand the request; the outcome carries the question."""
    worked = await work_through(work, Planner(work, catalog, reasoner))
    aside = aside_of_planning(worked.seen, worked.thought)
    told = worked.thought if aside.understood_by else worked.seen
    return TaskOutcome(
        result=result_with(aside, question=worked.done.question), summary=told.summary
    )


async def do_research(
    work: Work, catalog: Catalog, read: ReadCluster, reasoner: Reasoner | None = None
) -> TaskOutcome:
    """Read the cluster; the outcome carries its digest and the question."""
    mind = Researcher(work, catalog, read, reasoner)
    worked = await work_through(work, mind)
    return TaskOutcome(
        result=result_with(
            mind.handed_on(worked.thought), cluster=worked.seen.cluster, question=mind.question
        ),
        summary=worked.seen.summary,
    )


async def do_deciding(
    work: Work, catalog: Catalog, reasoner: Reasoner | None = None
) -> TaskOutcome:
    """Judge and write; the outcome carries decision and report."""
    mind = Decider(work, catalog, reasoner)
    worked = await work_through(work, mind)
    failure = worked.done.failure
    aside = mind.aside if isinstance(failure, UnsetType) else replace(mind.aside, failure=failure)
    return TaskOutcome(
        result=result_with(aside, decision=worked.done.decision, report=worked.done.report),
        summary=worked.done.summary,
    )
