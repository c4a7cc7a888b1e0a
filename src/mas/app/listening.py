"""Who reads what is said to the agents of a run. That hangs on who does its tasks: `doers.py`."""

from __future__ import annotations

from collections.abc import Collection

from mas.core.errors import UserError
from mas.core.run import Run


def listens(run: Run, role: str) -> bool:
    """Whether whoever does the tasks of a role in this run reads messages."""
    if run.team == "fanout":
        return False
    return run.team != "decide" or role == "decider"


def nobody_will_listen(run: Run) -> UserError | None:
    """The error for words to a run in which nobody ever reads any; None: somebody may."""
    if run.team != "fanout":
        return None
    return UserError(
        f"Nobody would read it: the coding agents of run {run.id} are programs of their own, which "
        "take one prompt when they start and no words later.",
        hint="Let it go on, or cancel it; then ask again with a prompt that says it.",
        code="nobody_listens",
    )


def heard_by(readers: Collection[str], deaf: Collection[str]) -> tuple[str, ...]:
    """Those of the tasks to which a message goes that read it; `deaf` are the tasks that do not.

    Raises:
        UserError: It goes to tasks, and none of them reads it (`unknown_agent`).
    """
    heard = tuple(reader for reader in readers if reader not in deaf)
    if readers and not heard:
        raise UserError(
            f"Nobody would read it: {', '.join(readers)} is done without reading messages.",
            hint="Say it to all agents, or ask again with a request that says it.",
            code="unknown_agent",
        )
    return heard
