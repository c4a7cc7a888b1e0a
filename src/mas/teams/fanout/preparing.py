"""The first task: the run repository, and which checks will judge (F1, F5)."""

from __future__ import annotations

from typing import cast

from mas.core.ports import Work
from mas.core.run import TaskOutcome
from mas.core.values import JsonObject, JsonValue
from mas.repositories.source import look_at
from mas.teams.fanout.checks.detecting import detect
from mas.teams.fanout.checks.naming import given_checks
from mas.teams.fanout.results import Prepared
from mas.teams.fanout.wording import say
from mas.teams.fanout.workplace import Workplace


async def do_preparing(work: Work, place: Workplace) -> TaskOutcome:
    """Make the run repository and find the checks; after a crash, finish making it.

    Raises:
        UserError: The repository cannot be used any more, or a check is no command line.
        Transient: Its address is out of reach.
    """

    async def prepare() -> Prepared:
        order, repository = place.order, place.repository
        source = await look_at(
            repository.git,
            order.origin.named,
            ref=order.origin.ref,
            environment=place.source_environment,
        )
        base = await repository.create(source)
        files = await repository.files(base.commit)
        if order.checks:
            checks = given_checks(order.checks)
        else:

            async def read(path: str) -> bytes | None:
                return await repository.read(base.commit, path)

            checks = await detect(files, read)
        return Prepared(
            branch=base.branch,
            commit=base.commit,
            fresh=source.kind == "fresh",
            notes=base.notes,
            checks=checks,
            files=len(files),
            isolation=await place.executor.ready(),
        )

    language = work.run.language
    done = await work.record(
        "prepare",
        "action",
        prepare,
        summary=lambda value: _line(value, language),
    )
    return TaskOutcome(result=done, summary=_line(done, language))


def _line(value: JsonValue, language: object) -> str:
    prepared = cast("JsonObject", value)
    return say(
        "prepare.done",
        "ko" if language == "ko" else "en",
        branch=prepared["branch"],
        commit=str(prepared["commit"])[:10],
    )
