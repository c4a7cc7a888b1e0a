"""Runs commands as processes of this machine (S1, S2).

Each command runs below a small supervising process, which ends its whole tree: when the command
ends, at the deadline, when the caller is cancelled, and when this process dies. Nothing is
isolated here: what a command may do, this user may do. `local_sandbox.py` isolates.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from mas.adapters.executors.supervised import Order, start
from mas.core.errors import UserError
from mas.core.executors import Command, CommandOutcome
from mas.core.finishing import to_the_end

_GRACE: Final = timedelta(seconds=2)


class LocalExecutor:
    """An `Executor` on this machine.

    A command that a signal has ended has the exit code of a shell, 128 and the signal's number.
    Of output beyond the limit, the beginning and the end are kept.
    """

    def __init__(self, *, grace: timedelta = _GRACE) -> None:
        """`grace` is the time between TERM and KILL."""
        self._grace = grace

    async def run(self, command: Command) -> CommandOutcome:
        """Run a command to its end or deadline; no process of it is left when this returns."""
        if command.sandbox is not None:
            raise UserError(
                f"{command.argv[0] if command.argv else 'The command'} has to be isolated, and "
                "here nothing isolates.",
                hint="Run it in an executor with sandboxes.",
                code="no_isolation",
            )
        order = Order(
            folder=command.folder, argv=command.argv, environment=command.environment
        ).encoded(self._grace)
        running = start(command, self._grace)
        try:
            return await running.outcome(order)
        finally:
            await to_the_end(running.close())
