"""Approvals at the command line: shown, asked about on a terminal, answered from any shell (R7)."""

from __future__ import annotations

import asyncio
import sys

import msgspec

from mas.app.service import Service, open_service
from mas.app.settings import Settings
from mas.cli import exits
from mas.cli.output import print_json
from mas.core.approvals import Approval
from mas.core.errors import UserError
from mas.core.language import plain

_LINES = 30


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

    async def handle(self, approval_id: str) -> None:
        """Deal with one call that waits. Somebody else may answer it meanwhile."""
        waiting = {one.id: one for one in await self._service.approvals(self._run_id)}
        approval = waiting.get(approval_id)
        if approval is None:
            return
        _show(approval)
        if not self._asks:
            run = self._run_id
            print(f"      mas runs approve {run} {approval_id}", file=sys.stderr)
            print(
                f'      mas runs reject {run} {approval_id} --comment "why"',
                file=sys.stderr,
                flush=True,
            )
            return
        print("      Do it? [y]es, or [n]o and why: ", end="", file=sys.stderr, flush=True)
        words = (await _line()).strip()
        yes = words.lower() in ("y", "yes", "예", "네")
        comment = "" if yes else words.removeprefix("no").removeprefix("n").strip(" ,:")
        try:
            await self._service.decide(self._run_id, approval_id, approved=yes, comment=comment)
        except UserError as error:
            print(f"      {error}", file=sys.stderr)


def _show(approval: Approval) -> None:
    call = approval.call
    print(f"  ?  {approval.id}: {one_line(approval)}", file=sys.stderr)
    if call.effect:
        print(f"      {plain(call.effect, limit=400)}", file=sys.stderr)
    print(f"      {plain(call.reason, limit=400)}", file=sys.stderr)
    arguments = msgspec.json.format(msgspec.json.encode(call.call.arguments), indent=2).decode()
    lines = arguments.splitlines()
    for line in lines[:_LINES]:
        print(f"      {plain(line, limit=400)}", file=sys.stderr)
    if len(lines) > _LINES:
        print(
            f"      ... {len(lines) - _LINES} more lines: mas runs show {approval.run_id} --json",
            file=sys.stderr,
        )


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
