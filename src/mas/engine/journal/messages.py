"""Transactions over messages: a task's, a person's, and a step's reading of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from mas.adapters.stores import events, messages, runs, tasks
from mas.adapters.stores.tasks import Fence
from mas.core.errors import UserError
from mas.core.events import MessageSent
from mas.core.messages import EVERYBODY, PERSON, Intent, Message
from mas.core.plan import TaskSpec
from mas.core.run import Task
from mas.engine.journal.fencing import check

_SHOWN = 500


def send(
    conn: Connection, fence: Fence, key: str, *, to: str, intent: Intent, content: str
) -> None:
    """Send a task's message, once for each of its steps."""
    runs.locked_head(conn, fence.run_id)
    check(conn, fence)
    if not messages.sent(conn, fence.run_id, fence.task_id, key):
        _send(
            conn,
            fence.run_id,
            sender=fence.task_id,
            key=key,
            recipient=to,
            intent=intent,
            content=content,
        )


def tell(conn: Connection, run_id: str, *, to: str, content: str) -> tuple[str, ...]:
    """Send a person's message to the agents at work; returns the tasks that will read it.

    Before the run is planned nobody is known: the message waits for whoever comes.

    Raises:
        UserError: The run has ended, or has no open task that `to` means.
    """
    head = runs.locked_head(conn, run_id)
    if head is None or head.status.ended:
        raise UserError(
            f"Run {run_id} has ended, and nobody reads messages to it any more.",
            hint=f'Ask on with: mas ask "..." --after {run_id}',
            code="run_ended",
        )
    planned = tasks.of_run(conn, run_id)
    meant = [task.id for task in planned if _means(to, task.spec) and not task.state.ended]
    if planned and not meant:
        at_work = sorted({task.role for task in planned if not task.state.ended})
        raise UserError(
            f"Run {run_id} has no agent {to!r} that still works.",
            hint=f"At work or to come: {', '.join(at_work)}.",
            code="unknown_agent",
        )
    return _send(
        conn, run_id, sender=PERSON, key=None, recipient=to, intent="tell", content=content
    )


def take(conn: Connection, fence: Fence, key: str) -> tuple[Message, ...]:
    """Give the unread messages of a task to one of its steps, with those it has taken before."""
    check(conn, fence)
    messages.take(conn, fence.run_id, fence.task_id, key)
    return messages.taken(conn, fence.run_id, fence.task_id, key)


def look(conn: Connection, fence: Fence, key: str) -> tuple[bool, tuple[Message, ...]]:
    """Whether there is anything new to take, and what the step has taken already; only reads."""
    new = messages.unread(conn, fence.run_id, fence.task_id)
    return new, messages.taken(conn, fence.run_id, fence.task_id, key)


def deliver_earlier(conn: Connection, run_id: str, new: Sequence[TaskSpec]) -> None:
    """Give tasks that have just been planned what was said to them, or to all, before."""
    for message in messages.of_run(conn, run_id):
        if message.sender == PERSON:
            meant = [spec.id for spec in new if _means(message.recipient, spec)]
            messages.deliver(conn, run_id, message.number, meant)


def _send(
    conn: Connection,
    run_id: str,
    *,
    sender: str,
    key: str | None,
    recipient: str,
    intent: Intent,
    content: str,
) -> tuple[str, ...]:
    number = messages.add(
        conn,
        run_id,
        sender=sender,
        key=key,
        recipient=recipient,
        intent=intent,
        content=content,
    )
    events.append(
        conn,
        run_id,
        MessageSent(
            message=number,
            sender=sender,
            recipient=recipient,
            intent=intent,
            content=content[:_SHOWN],
        ),
    )
    to = tuple(
        task.id for task in tasks.of_run(conn, run_id) if _reads(task, recipient, sender=sender)
    )
    messages.deliver(conn, run_id, number, to)
    return to


def _reads(task: Task, recipient: str, *, sender: str) -> bool:
    return not task.state.ended and task.id != sender and _means(recipient, task.spec)


def _means(recipient: str, spec: TaskSpec) -> bool:
    return recipient in (EVERYBODY, spec.id, spec.role)
