"""Running one agent: its set-up command and its coder, in the sandbox."""

from __future__ import annotations

import asyncio
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

from mas.adapters.coders.instructions import instructions
from mas.core.coding import AgentMessage, CoderReport, CoderStart, CoderTask, Seat
from mas.core.errors import BudgetReached, UserError
from mas.core.executors import Command, CommandOutcome
from mas.core.failure import Failure
from mas.core.language import plain
from mas.core.ports import Work
from mas.core.usage import MICROS_PER_USD, Usage
from mas.core.values import JsonObject
from mas.teams.fanout.ending import Ended, Ran, ending_of
from mas.teams.fanout.results import OUTPUT_LIMIT, AgentUsage
from mas.teams.fanout.wording import say
from mas.teams.fanout.workplace import OWN_CODER, Workplace

_LOG_LIMIT_BYTES = 20_000_000
_SHOWN_MESSAGES = 100
_SAID = 300


class AgentProcess:
    """What runs for one agent in one attempt at its task."""

    def __init__(self, work: Work, place: Workplace, seat: Seat, coder: str) -> None:
        self._work = work
        self._place = place
        self._seat = seat
        self._coder = coder

    async def set_up(self) -> None:
        """Run the set-up command, once.

        Raises:
            UserError: It failed (`setup_failed`).
        """
        line = self._place.order.setup
        if line is None:
            return

        async def run() -> object:
            command = self._command(tuple(shlex.split(line)), name="setup")
            outcome = await self._place.executor.run(command)
            said = self._place.mask(outcome.output[-2000:].decode("utf-8", "replace"))
            return {"exit_code": outcome.exit_code, "output": said, "ended": outcome.ended}

        done = cast("JsonObject", await self._work.record("setup", "action", run, summary=_setup))
        if done["exit_code"] != 0:
            late = done.get("ended") == "deadline"
            raise UserError(
                say(
                    "error.setup_timeout" if late else "error.setup",
                    self._work.run.language,
                    code=done["exit_code"],
                    seconds=self._place.order.task_seconds,
                ),
                hint=plain(str(done["output"]), limit=300),
                code="setup_failed",
            )

    async def run(self) -> Ran:
        """Run the coder to its end, or to the end of its time."""
        if self._coder == OWN_CODER:
            return await self._run_here()
        return await self._run_there()

    async def _run_there(self) -> Ran:
        """A coder with a process of its own."""
        place = self._place
        coder = place.coder_named(self._coder)
        async with place.admit(self._work, coder, self._private) as admitted:
            start = coder.start(
                CoderTask(
                    prompt=self._work.run.request,
                    instructions=self._told(),
                    seat=self._seat,
                    python=place.executor.python,
                    access=admitted.access,
                    restarted=self._work.task.attempt > 1,
                )
            )
            await asyncio.to_thread(_put, place.folder.control(self._seat.number), start.files)
            reader = coder.reader()

            def hear(piece: bytes) -> None:
                for message in reader.feed(piece):
                    self._show(message)

            command = self._command(start.argv, start=start, socket=admitted.socket)
            outcome = await place.executor.run(replace(command, on_output=hear))
            report = reader.report()
        # Only now are the calls settled that were under way at its end.
        failure, spent = admitted.failure, admitted.spent
        await asyncio.to_thread(self._keep_output, outcome)
        text = place.mask(outcome.output.decode("utf-8", "replace"))
        return Ran(
            ended=ending_of(outcome),
            report=self._masked(report),
            output=_end_of(text, outcome.total_bytes),
            output_bytes=outcome.total_bytes,
            usage=_usage(outcome.took, report, spent if coder.wire is not None else None),
            refused=None if failure is None else Failure.of(failure),
        )

    async def _run_here(self) -> Ran:
        """The coder that works in this process, its commands in the sandbox."""
        place = self._place
        loop = asyncio.get_running_loop()
        began = loop.time()
        ended, report, refused = Ended(kind="exit", exit_code=0), CoderReport(), None
        timer = asyncio.timeout(place.order.task_seconds)
        try:
            async with timer:
                report = await place.own_coder(
                    self._work,
                    self._seat,
                    place.sandbox(self._seat.number),
                    place.environment(self._seat),
                    goal=self._told(),
                )
        except BudgetReached as exc:
            refused = Failure.of(exc)
        except TimeoutError:
            if not timer.expired():
                raise
            ended = Ended(kind="deadline")
        return Ran(
            ended=ended,
            report=report,
            output=report.text[-OUTPUT_LIMIT:],
            usage=_usage(timedelta(seconds=loop.time() - began), report, None),
            refused=refused,
        )

    def _told(self) -> str:
        """The prompt with what an agent has to know of its seat."""
        return instructions(self._work.run.request, self._seat, self._work.run.language)

    @property
    def _private(self) -> Path:
        return self._place.folder.private(self._seat.number)

    def _command(
        self,
        argv: tuple[str, ...],
        *,
        name: str = "",
        start: CoderStart | None = None,
        socket: Path | None = None,
    ) -> Command:
        place, seat = self._place, self._seat
        start = start or CoderStart(argv=argv)
        run = self._work.run.id.replace("_", "-")
        return Command(
            argv=argv,
            folder=place.folder.worktree(seat.number),
            environment={**place.environment(seat), **start.environment},
            deadline=timedelta(seconds=place.order.task_seconds),
            stdin=start.stdin,
            sandbox=place.sandbox(seat.number, programs=start.programs, socket=socket),
            name="-".join(filter(None, ("mas", run, seat.name, name))),
            labels=place.labels(self._work.run.id, seat.number),
        )

    def _show(self, message: AgentMessage) -> None:
        text = plain(self._place.mask(message.text), limit=_SAID)
        self._work.live(f"{self._seat.name} {message.kind}: {text}\n")

    def _masked(self, report: CoderReport) -> CoderReport:
        """The report without secrets, and with as many messages as people read."""
        mask = self._place.mask
        shown = report.messages[-_SHOWN_MESSAGES:]
        return CoderReport(
            text=mask(report.text)[-OUTPUT_LIMIT:],
            failure=mask(report.failure),
            denied=report.denied,
            messages=tuple(
                AgentMessage(kind=one.kind, text=mask(one.text)[:2000]) for one in shown
            ),
            input_tokens=report.input_tokens,
            output_tokens=report.output_tokens,
            cost_usd=report.cost_usd,
        )

    def _keep_output(self, outcome: CommandOutcome) -> None:
        self._private.mkdir(parents=True, exist_ok=True)
        text = self._place.mask(outcome.output[-_LOG_LIMIT_BYTES:].decode("utf-8", "replace"))
        (self._private / "output.log").write_text(text, "utf-8")


def _put(control: Path, files: Mapping[str, bytes]) -> None:
    """Put a coder's own files where it finds them; those of an earlier start go."""
    if control.exists():
        shutil.rmtree(control)
    control.mkdir(parents=True)
    for name, data in files.items():
        file = control / name
        file.write_bytes(data)
        file.chmod(0o644)


def _end_of(text: str, total_bytes: int) -> str:
    """The end of an output, which says how much there was when it is not all."""
    if len(text) <= OUTPUT_LIMIT and total_bytes <= len(text.encode()):
        return text
    return f"... the end of {total_bytes:,} bytes ...\n{text[-OUTPUT_LIMIT:]}"


def _usage(took: timedelta, report: CoderReport, spent: Usage | None) -> AgentUsage:
    """What an agent has used: as the gateway has measured, else as its coder tells."""
    seconds = round(took.total_seconds(), 3)
    if spent is None:
        return AgentUsage(
            input_tokens=report.input_tokens,
            output_tokens=report.output_tokens,
            cost_usd=report.cost_usd,
            seconds=seconds,
            measured=False,
        )
    return AgentUsage(
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        cost_usd=spent.cost_micros / MICROS_PER_USD,
        seconds=seconds,
    )


def _setup(value: object) -> str:
    done = cast("JsonObject", value)
    return "deadline" if done.get("ended") == "deadline" else f"exit {done['exit_code']}"
