"""Ports: what the engine asks of teams, agents and the clock. Wiring fills them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from mas.core.approvals import Approval
from mas.core.calls import StoredCall
from mas.core.lessons import Lesson, LessonKind
from mas.core.memory import Memory
from mas.core.messages import Intent, Message
from mas.core.plan import Plan, TaskSpec
from mas.core.records import RecordKind
from mas.core.run import Run, RunResult, Task, TaskOutcome
from mas.core.usage import Usage
from mas.core.values import JsonValue


class Clock(Protocol):
    """What time it is, and waiting for it to pass."""

    def now(self) -> datetime:
        """The present time, in UTC."""
        ...

    async def sleep(self, delay: timedelta) -> None:
        """Return when `delay` is over."""
        ...


class Team(Protocol):
    """Turns a request into a plan, and the results of its tasks into an answer.

    Both are pure: they may be called again after a crash, and by two processes at once, of
    which one is heard. What takes time or touches the outside is the work of a task.
    """

    @property
    def name(self) -> str:
        """The team's name, as in `--team`."""
        ...

    def plan(self, run: Run) -> Plan:
        """Return the tasks for this request. A `MasError` fails the run with its message."""
        ...

    def review(self, run: Run, tasks: Sequence[Task]) -> RunResult:
        """Write the answer, also when tasks have failed; `tasks` are in the plan's order."""
        ...


class Work(Protocol):
    """One attempt at a task, as the one who does it sees it."""

    @property
    def run(self) -> Run:
        """The run, as it stood when the attempt began."""
        ...

    @property
    def task(self) -> Task:
        """The task, as it stood when the attempt began."""
        ...

    @property
    def inputs(self) -> Mapping[str, JsonValue]:
        """Results of the tasks that this one depends on, by task id."""
        ...

    async def record(
        self,
        key: str,
        kind: RecordKind,
        body: Callable[[], Awaitable[object]],
        *,
        summary: Callable[[JsonValue], str] | None = None,
        usage: Callable[[JsonValue], Usage] | None = None,
        most: Usage | None = None,
    ) -> JsonValue:
        """Do a step once: run `body` and store its value, or return what is stored under `key`.

        The value and its event are stored in one transaction. A kill inside `body` repeats it;
        a kill after this has returned does not. `body` may return anything that msgspec encodes;
        what comes back is always the plain decoded JSON, so that a first run and a repeated one
        see the same. Keys are unique within the task and the same in every attempt; steps may
        run side by side under different keys.

        Args:
            key: Name of the step within its task, such as `observe` or `act/2`.
            kind: What the step is.
            body: Does the step. An error it raises is passed on and nothing is stored.
            summary: Makes the short text that the event shows; cut at 500 characters.
            usage: Reads tokens and cost out of the value; added to the run's usage.
            most: The most that the step can use. It is reserved in the budgets of run and task
                before `body` runs and replaced by `usage` after it; with None nothing is reserved.

        Raises:
            BudgetReached: `most` does not fit into what the budgets have left; `body` did not run.
            Bug: The value cannot be stored as JSON, or the same key is under way already.
            Transient, UserError: The journal cannot be written (disk full, read-only).
        """
        ...

    async def effect(
        self,
        key: str,
        act: Callable[[str], Awaitable[object]],
        *,
        probe: Callable[[str], Awaitable[object | None]],
        intent: JsonValue = None,
        summary: Callable[[JsonValue], str] | None = None,
    ) -> JsonValue:
        """Do an action on the outside world at most once, as far as the world can be asked.

        The intent is on disk before `act` runs, and the outcome is stored as an `action` record
        after it. Where an earlier attempt left an intent without an outcome, `probe` is asked
        first: what it returns is taken as the outcome, None means that nothing is there and
        `act` runs. Both get the same idempotency key, in every attempt.

        Args:
            key: Name of the step within its task; shares its name space with `record`.
            act: Does the action; an error is passed on, and the next attempt probes.
            probe: Looks whether the action was done, without changing anything.
            intent: What is about to be done, for people and for rolling back.
            summary: As for `record`.
        """
        ...

    async def approval(self, key: str, call: StoredCall) -> Approval:
        """Return once a person has approved a call; the approval holds the exact call to make.

        The first time the call is stored and this attempt ends without a failure: the task waits
        without a worker and starts again, with all its records, when the person has answered.
        `key` is the key of the step that needs the approval, and may be used for it afterwards.

        Raises:
            Refused: The person said no (`rejected`); the message has the comment.
        """
        ...

    async def inbox(self, key: str) -> tuple[Message, ...]:
        """The messages for this task that no other key has taken, in order.

        The same key gets the same messages again in a later attempt, and those that came since.
        """
        ...

    async def send(self, key: str, *, to: str, intent: Intent, content: str) -> None:
        """Send a message to a task, a role or `all`; once for each key."""
        ...

    async def delegate(self, key: str, tasks: Sequence[TaskSpec]) -> Mapping[str, JsonValue]:
        """Extend the plan by tasks that this one needs, and return their results by id.

        The first time the tasks are added and this attempt ends without a failure: the task waits
        without a worker until they have succeeded. When one of them fails, this task is skipped.

        Raises:
            BadPlan: The tasks do not fit into the plan.
        """
        ...

    def leave(self, result: JsonValue) -> None:
        """Say what shall stand as the task's result if this attempt is cut short for good, by a
        person's cancel or by the end of the run's time. The last word counts."""
        ...

    def live(self, text: str) -> None:
        """Show text to whoever follows the run just now; it is not stored with the run."""
        ...


class LiveOutput(Protocol):
    """Text of running tasks for whoever follows just now. Never durable, and never waited for."""

    def write(self, run_id: str, task_id: str, text: str) -> None:
        """Pass text on; what cannot be passed on is dropped."""
        ...

    def close(self, run_id: str) -> None:
        """The run has ended: its text may go."""
        ...


class Memories(Protocol):
    """The memories of all agents, one per role, kept beyond runs (A4)."""

    async def read(self, role: str) -> Memory:
        """What a role remembers; an empty memory when nothing is stored."""
        ...

    async def change(self, role: str, change: Callable[[Memory], Memory]) -> Memory:
        """Apply a pure change to what is stored, and return the outcome; safe beside others."""
        ...


class Lessons(Protocol):
    """The lessons of all runs (R13)."""

    async def fitting(self, text: str, *, kind: LessonKind, most: int = 3) -> tuple[Lesson, ...]:
        """The lessons whose request or error is most alike `text`."""
        ...


class Doer(Protocol):
    """Carries out tasks of one role."""

    async def do(self, work: Work) -> TaskOutcome:
        """Do the task and return its outcome.

        Called again, with the records kept, after a crash or a transient error. When cancelled,
        everything that it started is gone before it returns.

        Raises:
            Transient: Tried again by policy.
            MasError: Any other fails the task with its message.
        """
        ...
