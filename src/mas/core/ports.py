"""Ports: what the engine asks of teams, agents and the clock. Wiring fills them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from mas.core.plan import Plan
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

        Raises:
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
