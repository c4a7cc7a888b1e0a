"""The tasks that check: the base once, then the work of each agent (F5)."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import cast

import msgspec

from mas.core.finishing import to_the_end
from mas.core.ports import Work
from mas.core.run import TaskOutcome
from mas.core.values import JsonObject, JsonValue
from mas.teams.fanout.checks.model import Checked, JudgingEdit
from mas.teams.fanout.checks.running import CheckPlace, run_checks
from mas.teams.fanout.checks.tampering import Change, find_edits
from mas.teams.fanout.results import AgentOutcome, Prepared
from mas.teams.fanout.wording import say
from mas.teams.fanout.workplace import Workplace


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What the checks say of one commit."""

    checked: Checked = Checked()
    edits: tuple[JudgingEdit, ...] = ()
    """Files that judge the work and that the agent has edited."""


async def do_checking(work: Work, place: Workplace) -> TaskOutcome:
    """Run the checks on clean checkouts: of the base, or of what an agent has made of it."""
    prepared = msgspec.convert(work.inputs["prepare"], Prepared)
    number = work.task.spec.inputs.get("agent")
    agent = None
    if number is not None:
        agent = msgspec.convert(work.inputs[f"agent-{number}"], AgentOutcome)
    idle = "checks.no_checks" if agent is None or agent.net_change else "checks.no_change"
    none = say(idle, work.run.language)
    where = checks_in(work, place)

    async def judge() -> Judged:
        if agent is None:
            return Judged(checked=await run_checks(where, prepared.checks, prepared.commit))
        if not agent.net_change:
            return Judged()
        base = msgspec.convert(work.inputs["check-base"], Judged).checked
        edits = await _edits(place, prepared, agent)
        checked = await run_checks(
            where,
            prepared.checks,
            agent.commit,
            base=base,
            edits=edits,
            base_commit=prepared.commit,
        )
        return Judged(checked=checked, edits=edits)

    async def judge_in_order() -> Judged:
        if work.task.attempt > 1:
            # A check whose MAS was killed may still run, and has left its checkout.
            await place.executor.sweep(where.labels)
        await _remove(where)
        try:
            return await judge()
        finally:
            await to_the_end(_remove(where))

    def line(value: JsonValue) -> str:
        return _line(value) or none

    done = await work.record("validate", "stage", judge_in_order, summary=line)
    return TaskOutcome(result=done, summary=line(done))


async def _remove(where: CheckPlace) -> None:
    """Remove what checks have left; none of them needs it gone, as each makes folders anew."""
    with contextlib.suppress(OSError):
        await where.remove(where.folder)


async def _edits(
    place: Workplace, prepared: Prepared, outcome: AgentOutcome
) -> tuple[JudgingEdit, ...]:
    repository = place.repository

    async def read(path: str) -> tuple[bytes | None, bytes | None]:
        return (
            await repository.read(prepared.commit, path),
            await repository.read(outcome.commit, path),
        )

    return await find_edits(
        [
            Change(path=one.path, change=one.change, before=one.before or "")
            for one in await repository.changes(prepared.commit, outcome.commit)
        ],
        files=await repository.files(prepared.commit),
        checks=prepared.checks,
        read=read,
    )


def checks_in(work: Work, place: Workplace) -> CheckPlace:
    """Where the checks of one task run: in folders of its own, with nothing of the run in sight."""
    order, folder = place.order, place.folder
    return CheckPlace(
        root=folder.root,
        folder=folder.checks / work.task.id,
        executor=place.executor,
        checkout=place.repository.clean_checkout,
        remove=place.repository.remove,
        deadline=timedelta(seconds=order.check_seconds),
        limits=order.limits,
        network="none" if order.network == "gateway" else order.network,
        labels={"mas.run": work.run.id, "mas.agent": work.task.id},
    )


def _line(value: JsonValue) -> str:
    """Which checks passed; empty: none was run."""
    judged = cast("JsonObject", value)
    runs = cast("list[JsonObject]", cast("JsonObject", judged["checked"])["runs"])
    if not runs:
        return ""
    passed = sum(run["passed"] is True for run in runs)
    return f"{passed}/{len(runs)}: " + ", ".join(
        f"{run['command']} {'✓' if run['passed'] else '✗'}" for run in runs
    )
