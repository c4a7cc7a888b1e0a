"""The use cases: what every face may ask for (R1). Faces parse and render, nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from mas.adapters.stores import audit as audit_rows
from mas.adapters.stores.idempotency import Key
from mas.adapters.stores.memories import Checkpoint
from mas.adapters.stores.sessions import StoredSessions
from mas.app.asking import Ask, check_comment, check_request, to_request
from mas.app.fanout import Winner
from mas.app.forking import branches_stay, copied
from mas.app.forking import remove as remove_copy
from mas.app.idempotency import to_key
from mas.app.listening import heard_by, listens, nobody_will_listen
from mas.app.looking import Looking, RunDetail
from mas.app.rollback import RollbackReport, effects_left, undo_merges
from mas.app.settings import Settings
from mas.app.wiring import open_parts
from mas.core.actors import Actor
from mas.core.approvals import Approval
from mas.core.audit import AuditAction, AuditNote
from mas.core.errors import MasError, UserError
from mas.core.memory import Memory
from mas.core.messages import EVERYBODY
from mas.core.run import Run
from mas.core.telemetry import NO_TELEMETRY, Telemetry
from mas.engine.journal.lifecycle import Accepted
from mas.teams.fanout.working import clear_up

__all__ = ["Ask", "RunDetail", "Service", "open_service"]


class Service(Looking):
    """All use cases over one engine, in somebody's name: what they change is in the audit log."""

    def acting_for(self, actor: Actor) -> Service:
        """The same service in somebody's name."""
        return Service(self._parts, actor)

    async def submit(self, ask: Ask, *, idempotency_key: str | None = None) -> Run:
        """Check a request, read the cluster it names, and make the run.

        When this returns the run is stored and nothing of it can be lost; when it raises there is
        no run. With a key that was used before for the same request, the run of then is returned.

        Raises:
            UserError: The key was used for another request (`idempotency_conflict`), or is none
                (`bad_idempotency_key`).
        """
        return (await self.accept(ask, idempotency_key=idempotency_key)).run

    async def accept(self, ask: Ask, *, idempotency_key: str | None = None) -> Accepted:
        """As `submit`, and tell whether this call has made the run: of several with the same key,
        however close together, one has."""
        key, before = await self._made_before(idempotency_key, ask)
        if before is not None:
            return before
        request = await to_request(ask, self._parts.workshop, self._earlier)
        return await self._engine.accept(
            request,
            key=key,
            note=lambda done: self._note_made("run.start", done, detail=done.run.request),
        )

    async def _made_before(
        self, idempotency_key: str | None, wish: object
    ) -> tuple[Key | None, Accepted | None]:
        """The key of a wish as it is stored, and the run that was made for it already."""
        if idempotency_key is None:
            return None, None
        key = to_key(idempotency_key, wish, self._notes.actor)
        run = await self._engine.submitted(key)
        return key, None if run is None else Accepted(run=run, made=False)

    def _note_made(
        self, action: AuditAction, done: Accepted, *, subject: str = "", detail: str = ""
    ) -> tuple[AuditNote, ...]:
        """What is noted of a run that was asked for: nothing where it was made before."""
        if not done.made:
            return ()
        return (self._note(action, done.run.id, subject=subject, detail=detail),)

    async def drive(self, run_id: str) -> Run:
        """Work on a run until it has ended."""
        return await self._engine.drive(run_id)

    async def resume(self, run_id: str) -> Run:
        """Take up a run that a dead process left, and work on it until it has ended."""
        await self.revive(run_id)
        return await self.drive(run_id)

    async def revive(self, run_id: str) -> Run:
        """Note that a person goes on with a run; `drive` it afterwards.

        Processes that died over its tasks before do not count against them any more. A run that
        has ended is returned as it is.
        """
        return await self._engine.resume(
            run_id, note=lambda run: () if run.status.ended else (self._note("run.resume", run.id),)
        )

    async def cancel(self, run_id: str) -> Run:
        """Ask a run to stop; whoever works on it stops within a second.

        What a dead process has left of it is ended here.
        """
        ended = (await self._engine.get(run_id)).status.ended
        run = await self._engine.cancel(
            run_id, note=lambda run: () if ended else (self._note("run.cancel", run.id),)
        )
        if run.team == "fanout" and run.status.ended and run.plan is not None:
            await clear_up(run.id, self._parts.workshop.places(run))
        return run

    async def decide(
        self, run_id: str, approval: str | None, *, approved: bool, comment: str = ""
    ) -> Approval:
        """Answer a call that waits; None means the only one that does.

        Raises:
            UserError: There is none, or there are several and none is named, or the comment
                cannot be used (`comment_too_long`, `comment_not_text`).
        """
        comment = check_comment(comment)
        return await self._engine.decide(
            run_id,
            approval or await self._only_waiting(run_id),
            approved=approved,
            comment=comment,
            note=lambda told: (
                self._note(
                    "call.approve" if approved else "call.reject",
                    run_id,
                    subject=told.id,
                    detail=f"{told.call.call.tool} {told.call.target}: {comment}".rstrip(": "),
                ),
            ),
        )

    async def _only_waiting(self, run_id: str) -> str:
        waiting = await self.approvals(run_id)
        if len(waiting) == 1:
            return waiting[0].id
        if not waiting:
            raise UserError(
                f"Nothing of run {run_id} waits for approval.",
                hint=f"See how it stands: mas runs show {run_id}",
                code="nothing_waits",
            )
        raise UserError(
            f"{len(waiting)} calls of run {run_id} wait for approval.",
            hint=f"Name one of: {', '.join(approval.id for approval in waiting)}.",
            code="several_wait",
        )

    async def tell(self, run_id: str, text: str, *, to: str | None = None) -> tuple[str, ...]:
        """Say something to the agents of a run; returns the tasks that will read it, none before
        the run is planned: then the message waits.

        Raises:
            UserError: The run has ended (`run_ended`), has no such agent at work, or none that
                reads messages (`unknown_agent`), or will never have one (`nobody_listens`).
        """
        run = await self._engine.get(run_id)
        refusal = None if run.status.ended else nobody_will_listen(run)
        if refusal is not None:
            raise refusal
        deaf = {one.id for one in await self._engine.tasks(run_id) if not listens(run, one.role)}

        def note(readers: tuple[str, ...]) -> tuple[AuditNote, ...]:
            heard_by(readers, deaf)  # in the transaction: what nobody reads is not sent
            return (self._note("agent.tell", run_id, subject=to or EVERYBODY, detail=text),)

        readers = await self._engine.tell(
            run_id,
            check_request(text),
            to=to or EVERYBODY,
            note=note,
        )
        return heard_by(readers, deaf)

    async def retry(self, run_id: str, task_id: str | None = None) -> Run:
        """Give a failed, skipped or cancelled task (None: all that failed or were cancelled) a new
        chance, with all that hung on it; `drive` the run afterwards.

        Raises:
            UserError: There is no such task (`unknown_task`), nothing of it has failed
                (`nothing_to_retry`), it is worked on (`still_working`), or the budget of the run
                is used up (`budget_used_up`).
        """
        return await self._engine.retry(
            run_id,
            task_id,
            note=lambda run: (self._note("run.retry", run.id, subject=task_id or ""),),
        )

    async def fork(
        self, run_id: str, *, after: str | None = None, idempotency_key: str | None = None
    ) -> Accepted:
        """Make a new run that keeps `after` (`TASK`, or `TASK/KEY` of a record) and all it depends
        on; None keeps every task that has succeeded. `drive` it afterwards, unless it was made
        before for the same key.

        Raises:
            UserError: There is no such step (`unknown_step`), it cannot be taken along
                (`cannot_fork`), or the key cannot be used, as for `submit`.
        """
        source = await self._engine.get(run_id)
        key, before = await self._made_before(idempotency_key, ("fork", source.id, after))
        if before is not None:
            return before
        new_id = self._engine.new_id()
        folder = self._parts.workshop.settings.workspaces_folder
        is_made = partial(self._is_there, new_id)
        async with copied(folder, source.id, new_id, is_made=is_made):
            done = await self._engine.fork(
                source.id,
                after=after,
                new_id=new_id,
                # What has ended since may lack its files in the copy.
                seen=source.last_event,
                refused=partial(branches_stay, source) if source.team == "fanout" else None,
                key=key,
                note=lambda done: self._note_made(
                    "run.fork", done, subject=source.id, detail=after or ""
                ),
            )
        if not done.made or done.run.plan is None:
            # Another call with the key was quicker, or the fork begins from nothing: then what
            # the other run has made is not its own.
            await asyncio.to_thread(remove_copy, folder / new_id)
        return done

    async def _is_there(self, run_id: str) -> bool:
        try:
            await self._engine.get(run_id)
        except UserError:
            return False
        return True

    async def rollback(self, run_id: str) -> RollbackReport:
        """Undo what the run has done, as far as that can be done. Again it does nothing more.

        Raises:
            UserError: It is still worked on (`still_working`), or its repository is not here.
        """
        run = await self._engine.get(run_id)
        if not run.status.ended:
            raise UserError(
                f"Run {run.id} has not ended, and may do more.",
                hint=f"Stop it first: mas runs cancel {run.id}",
                code="still_working",
            )
        results = self._branches(run) if run.team == "fanout" else None
        async with self._noted_first("run.rollback", run.id):
            if results is not None:
                return await undo_merges(results)
            return effects_left(await self._engine.effects(run.id), self._notes.mask)

    async def merge(
        self, run_id: str, agent: int | None, *, into: str | None, deliver: bool
    ) -> Winner:
        """Merge an agent's work (None: the best one's) in the run's repository.

        Raises:
            UserError: As `FanoutResults`, and as its `merge`.
        """
        results = self._branches(await self._engine.get(run_id))
        chosen = results.chosen(agent)
        where = f"into {into or 'the base'}" + (", delivered" if deliver else "")
        async with self._noted_first("run.merge", run_id, f"agent-{chosen}", where):
            return await results.merge(chosen, into=into, deliver=deliver)

    @asynccontextmanager
    async def _noted_first(
        self, action: AuditAction, run_id: str, subject: str = "", detail: str = ""
    ) -> AsyncIterator[None]:
        """Note what is done outside of the journal before it is: nothing happens of which nobody
        can read. What is refused then is noted once more."""
        await self.note(action, run_id=run_id, subject=subject, detail=detail)
        try:
            yield
        except MasError as error:
            told = f"not done ({error.code}) {detail}".strip()
            await self.note(action, run_id=run_id, subject=subject, detail=told)
            raise

    async def note(
        self, action: AuditAction, *, run_id: str | None = None, subject: str = "", detail: str = ""
    ) -> None:
        """Add one entry to the audit log, in the name of this service's actor."""
        note = self._note(action, run_id, subject=subject, detail=detail)
        await self._parts.store.run_durable(audit_rows.add, note)

    def _note(
        self, action: AuditAction, run_id: str | None, *, subject: str = "", detail: str = ""
    ) -> AuditNote:
        return self._notes.note(action, run_id=run_id, subject=subject, detail=detail)

    async def wipe(self, name: str | None) -> tuple[Memory, ...]:
        """Let an agent (None: each that remembers anything) forget all but knowledge."""
        return await self._agents().wipe(name)

    async def checkpoint(self, name: str | None) -> tuple[Checkpoint, ...]:
        """Save what an agent (None: each) remembers."""
        return await self._agents().checkpoint(name)

    async def restore(self, name: str | None) -> tuple[Checkpoint, ...]:
        """Bring back the last checkpoint of an agent (None: of each that has one).

        Raises:
            UserError: The agent has none (`no_checkpoint`).
        """
        return await self._agents().restore(name)

    async def remove_lesson(self, lesson_id: str) -> str:
        """Remove a lesson and return its id.

        Raises:
            UserError: There is none (`unknown_lesson`).
        """
        return await self._knowledge.remove(lesson_id)

    @property
    def sessions(self) -> StoredSessions:
        """Who has logged in to the page, and the server's secrets."""
        return StoredSessions(self._parts.store)


@asynccontextmanager
async def open_service(
    settings: Settings, *, telemetry: Telemetry = NO_TELEMETRY
) -> AsyncIterator[Service]:
    """The service on the state under `settings.home`; `telemetry` is told what happens here."""
    async with open_parts(settings, telemetry=telemetry) as parts:
        yield Service(parts)
