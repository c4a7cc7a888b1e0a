"""Approvals at the command line: shown, asked about on a terminal, answered from any shell (R7)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import termios

import msgspec

from mas.app.service import Service, open_service
from mas.app.settings import Settings
from mas.cli import exits
from mas.cli.output import print_json
from mas.core.approvals import Approval
from mas.core.errors import UserError
from mas.core.events import ApprovalDecided
from mas.core.language import plain

_LINES = 30
_LINE = 400
"""Characters of a line."""
_HIDDEN = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\U000e0000-\U000e0fff]"
)
"""What takes no room, or turns text around: a call with it is not what it looks like."""


async def answer_call(
    settings: Settings,
    named: str,
    approval: str | None,
    *,
    approved: bool,
    comment: str,
    as_json: bool,
) -> int:
    """`mas runs approve` and `mas runs reject`."""
    if approval is not None and not approval.strip():
        # An empty variable of a script must not answer for whatever happens to wait.
        raise UserError(
            "The name of the approval is empty.",
            hint=f"See what waits: mas runs show {named}",
            code="no_approval_named",
        )
    async with open_service(settings) as service:
        run_id = await service.find(named)
        decided = await service.decide(run_id, approval, approved=approved, comment=comment)
    if as_json:
        print_json(approval_object(decided))
    else:
        done = "approved" if approved else "rejected"
        print(f"{decided.id} of run {run_id} is {done}: {one_line(decided)}")
        print(f"If no process works on the run: mas runs resume {run_id}", file=sys.stderr)
    return exits.DONE


async def tell_run(settings: Settings, named: str, text: str, *, agent: str | None) -> int:
    """`mas runs tell`."""
    for what, given in (("message", text), ("name of the agent", agent)):
        if given is not None and not given.strip():
            raise UserError(
                f"The {what} is empty.",
                hint='Say it like this: mas runs tell RUN "Use port 8080" --agent backend',
                code="empty_message",
            )
    async with open_service(settings) as service:
        run_id = await service.find(named)
        readers = await service.tell(run_id, text, to=agent)
    who = ", ".join(readers) or "the tasks that will be planned"
    print(f"Run {run_id}: {who} will read it at the next stage.")
    return exits.DONE


def approval_object(approval: Approval) -> dict[str, object]:
    """An approval in JSON, with the exact call."""
    call = approval.call
    return {
        "run_id": approval.run_id,
        "approval": approval.id,
        "task": approval.task,
        "state": approval.state,
        "tool": call.call.tool,
        "arguments": call.call.arguments,
        "risk": call.risk,
        "target": call.target,
        "effect": call.effect,
        "reason": call.reason,
        "comment": approval.comment,
        "asked_at": approval.asked_at,
        "decided_at": approval.decided_at,
    }


def one_line(approval: Approval) -> str:
    """A call in a line, for lists."""
    call = approval.call
    return plain(f"{call.call.tool} ({call.risk}) {call.target}", limit=160)


class Approver:
    """Asks the person at the terminal about calls that wait; elsewhere says how to answer."""

    def __init__(self, service: Service, run_id: str) -> None:
        self._service = service
        self._run_id = run_id
        self._asks = sys.stdin.isatty() and sys.stderr.isatty()
        self._one_at_a_time = asyncio.Lock()

    async def handle(self, approval_id: str) -> None:
        """Deal with one call that waits. Somebody else may answer it meanwhile."""
        async with self._one_at_a_time:
            waiting = {one.id: one for one in await self._service.approvals(self._run_id)}
            approval = waiting.get(approval_id)
            if approval is None:
                return
            _show(approval)
            if self._asks and await self._ask(approval_id):
                return
        run = self._run_id
        print(f"      mas runs approve {run} {approval_id}", file=sys.stderr)
        print(
            f'      mas runs reject {run} {approval_id} --comment "why"',
            file=sys.stderr,
            flush=True,
        )

    async def _ask(self, approval_id: str) -> bool:
        """Ask the person; returns whether the call has its answer, from here or elsewhere."""
        # What was typed before the question is no answer to it.
        with contextlib.suppress(termios.error):
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        print("      Do it? [y]es, or [n]o and why: ", end="", file=sys.stderr, flush=True)
        line = asyncio.create_task(_line())
        answered = asyncio.create_task(self._answered(approval_id))
        try:
            await asyncio.wait((line, answered), return_when=asyncio.FIRST_COMPLETED)
            if not line.done():
                print("\n      It has been answered elsewhere.", file=sys.stderr, flush=True)
                return True
            words = line.result().strip()
        finally:
            for task in (line, answered):
                task.cancel()
            await asyncio.wait((line, answered))
        yes = words.lower() in ("y", "yes", "예", "네")
        comment = "" if yes else words.removeprefix("no").removeprefix("n").strip(" ,:")
        try:
            await self._service.decide(self._run_id, approval_id, approved=yes, comment=comment)
        except UserError as error:
            print(f"      {error}", file=sys.stderr)
            return not error.code.startswith("comment_")
        return True

    async def _answered(self, approval_id: str) -> None:
        """Return when somebody else has answered, or nobody can any more."""
        async for event in self._service.watch(self._run_id):
            if isinstance(event.body, ApprovalDecided) and event.body.approval == approval_id:
                return


def _show(approval: Approval) -> None:
    call = approval.call
    print(f"  ?  {approval.id}: {one_line(approval)}", file=sys.stderr)
    if call.effect:
        print(f"      {plain(call.effect, limit=400)}", file=sys.stderr)
    print(f"      {plain(call.reason, limit=400)}", file=sys.stderr)
    arguments = msgspec.json.format(msgspec.json.encode(call.call.arguments), indent=2).decode()
    lines = [_HIDDEN.sub(_escaped, line) for line in arguments.split("\n")]
    for line in lines[:_LINES]:
        print(f"      {plain(line, limit=_LINE)}", file=sys.stderr)
    longer = sum(len(line) > _LINE for line in lines[:_LINES])
    if longer or len(lines) > _LINES:
        left = "a line is longer" if longer else f"{len(lines) - _LINES} more lines"
        print(
            f"      Not all of it is shown ({left}): mas runs show {approval.run_id} --json",
            file=sys.stderr,
        )


def _escaped(found: re.Match[str]) -> str:
    """A sign that nobody would see, as JSON may write it too."""
    return json.dumps(found[0])[1:-1]


async def _line() -> str:
    """A line from the terminal, without a thread that nobody could stop. The end of it is no."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return sys.stdin.readline() or "no"
