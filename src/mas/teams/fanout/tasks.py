"""Which task of a `fanout` run is done how."""

from __future__ import annotations

from mas.core.ports import Work
from mas.core.run import TaskOutcome
from mas.teams.fanout.checking import do_checking
from mas.teams.fanout.choosing import do_choosing
from mas.teams.fanout.preparing import do_preparing
from mas.teams.fanout.team import BASE, PREPARE, RANK, is_dry
from mas.teams.fanout.working import do_agent
from mas.teams.fanout.workplace import Workplace


async def do_task(work: Work, place: Workplace) -> TaskOutcome:
    """Do one task of the plan that `FanoutTeam` makes."""
    if is_dry(work.run):
        return TaskOutcome(result=None)
    name = work.task.id
    if name == PREPARE:
        return await do_preparing(work, place)
    if name == RANK:
        return await do_choosing(work, place)
    if name == BASE or name.startswith("check-"):
        return await do_checking(work, place)
    return await do_agent(work, place)
