"""The tool that runs a command in the workspace (A3, S3)."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from mas.adapters.tools import repository, schemas
from mas.adapters.tools.family import RawOutput, failed, matching
from mas.adapters.tools.given import Arguments, text_of, texts_of
from mas.adapters.tools.workspace import PathRefused, Workspace
from mas.core.calls import Assessment, CallContext, ToolSpec
from mas.core.commands import classify
from mas.core.errors import UserError
from mas.core.executors import Command, CommandOutcome, Executor
from mas.core.values import JsonValue

OUTPUT_LIMIT_BYTES: Final = 64 * 1024 * 1024
_AGENTS_FAULT: Final = frozenset({"no_program", "no_folder", "bad_command"})
"""Codes of an executor's errors that another command mends."""
_FOLLOW_LINKS: Final = frozenset({"diff", "helm"})
"""Reading programs that follow links in the folders that they are given."""
_MOST_ENTRIES: Final = 50_000

_RUN = ToolSpec(
    name="command.run",
    description=(
        "Run a program with its arguments in the workspace, without a shell: no pipes, no "
        "redirections, no variables. Standard output and error come back together."
    ),
    schema=schemas.arguments(
        {
            "argv": schemas.texts('Program and arguments, such as ["ls", "-l"].', least=1),
            "folder": schemas.text("Folder of the workspace to run in; the workspace by default."),
            "input": schemas.text("Text for the program's standard input."),
        },
        needed=("argv",),
    ),
    risk="write",
    target="argv",
)


class CommandTools:
    """`command.run`; a `ToolFamily`.

    Args:
        executor: Where commands run.
        path: The `PATH` of commands.
        homes: Folder below which each run's commands have their `HOME`. It is no part of a
            workspace: what programs find at home may make them start others.
        passed: Further variables that a person wants commands to have.
    """

    def __init__(
        self,
        executor: Executor,
        *,
        path: str,
        homes: Path,
        passed: Mapping[str, str] | None = None,
    ) -> None:
        self._executor = executor
        self._path = absolute_folders(path)
        self._homes = homes
        self._passed = dict(passed or {})

    async def specs(self, patterns: Collection[str] | None) -> tuple[ToolSpec, ...]:
        """The tool, if it matches."""
        return matching((_RUN,), patterns)

    def assess(self, spec: ToolSpec, arguments: Arguments) -> Assessment | None:  # noqa: ARG002
        """Judge the command by its argument list."""
        argv = arguments.get("argv")
        if not isinstance(argv, list | tuple) or not all(isinstance(one, str) for one in argv):
            return Assessment(risk="write", effect="The command is no list of words.")
        return classify(texts_of(arguments, "argv"), stdin=text_of(arguments, "input"))

    def problems(self) -> tuple[str, ...]:
        """None."""
        return ()

    async def call(
        self,
        spec: ToolSpec,  # noqa: ARG002
        arguments: Mapping[str, JsonValue],
        context: CallContext,
    ) -> RawOutput:
        """Run the command; an exit code that is not 0 is a failed output."""
        argv = texts_of(arguments, "argv")
        folder = text_of(arguments, "folder") or "."
        try:
            place = await asyncio.to_thread(self._prepare, context, folder, argv)
            environment = await self._environment(context, place, argv)
        except PathRefused as exc:
            return failed(str(exc))
        command = Command(
            argv=argv,
            folder=place,
            environment=environment,
            deadline=context.deadline,
            output_limit_bytes=OUTPUT_LIMIT_BYTES,
            stdin=text_of(arguments, "input").encode("utf-8", "surrogateescape"),
        )
        try:
            outcome = await self._executor.run(command)
        except UserError as exc:
            if exc.code not in _AGENTS_FAULT:
                raise
            return failed(str(exc))
        return said(argv, outcome)

    def _prepare(self, context: CallContext, folder: str, argv: tuple[str, ...]) -> Path:
        """The folder to run in, without links; made, when it is the workspace itself."""
        context.workspace.mkdir(parents=True, exist_ok=True)
        (self._homes / context.run_id).mkdir(mode=0o700, parents=True, exist_ok=True)
        workspace = Workspace(context.workspace)
        inside = workspace.resolve(folder)
        if classify(argv).risk == "read":
            _refuse_links_outside(context.workspace / inside, context.workspace, argv)
        return context.workspace / inside

    async def _environment(
        self, context: CallContext, folder: Path, argv: tuple[str, ...]
    ) -> dict[str, str]:
        """The whole environment of a command: nothing of this process's own gets in.

        Raises:
            PathRefused: It is a git that only reads, in a repository that would start programs.
        """
        environment = {
            "PATH": self._path,
            "HOME": str(self._homes / context.run_id),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "PAGER": "cat",
            "GIT_PAGER": "cat",
            "GIT_TERMINAL_PROMPT": "0",
            **self._passed,
        }
        if argv[0] != "git":
            return environment
        environment |= repository.around(context.workspace)
        if classify(argv).risk != "read":
            return environment
        # Nobody was asked about this one.
        environment |= repository.reading_environment()
        settings = await repository.settings_of(self._executor, folder, environment)
        if wrong := repository.not_harmless(settings):
            raise PathRefused(
                f"The configuration of this repository sets {wrong}, with which git does more "
                "than read: use the git tools."
            )
        return environment


def absolute_folders(path: str) -> str:
    """A `PATH` without what is relative: no file of a workspace is taken for a program."""
    kept = [folder for folder in path.split(os.pathsep) if folder.startswith("/")]
    return os.pathsep.join(kept) or os.defpath


def said(argv: tuple[str, ...], outcome: CommandOutcome) -> RawOutput:
    """What a model gets of a command that has run: how it ended, then what it said."""
    line = shlex.join(argv)
    shown = line if len(line) <= 200 else f"{line[:199]}…"
    if outcome.exit_code is None:
        head = f"`{shown}` was stopped after {outcome.took.total_seconds():.0f} seconds.\n"
    elif outcome.exit_code:
        head = f"`{shown}` ended with exit code {outcome.exit_code}.\n"
    else:
        head = ""
    nothing = b"(It said nothing.)" if not outcome.output else b""
    return RawOutput(
        text=head.encode("utf-8", "replace") + nothing + outcome.output,
        failed=outcome.exit_code != 0,
        exit_code=outcome.exit_code,
        total_bytes=outcome.total_bytes,
    )


def _refuse_links_outside(folder: Path, workspace: Path, argv: tuple[str, ...]) -> None:
    """Refuse a reading command that would read elsewhere through a link in the workspace.

    The argument list alone could not tell, and nobody was asked.
    """
    root = workspace.resolve()
    words = argv[1:]
    if argv[0] == "helm":
        words += (".",)  # a chart that is not named is the one in the folder
    for word in words:
        for part in (word, word.partition("=")[2], word.partition(":")[2]):
            if not part or len(part) > 4096 or "\0" in part:
                continue
            try:
                leads = (folder / part).resolve()
                if not leads.is_relative_to(root) and (folder / part).exists():
                    raise PathRefused(f"{part} is a link that leads out of the workspace.")
                if argv[0] in _FOLLOW_LINKS and leads.is_dir():
                    _refuse_links_below(leads, root)
            except (OSError, RuntimeError):
                continue


def _refuse_links_below(folder: Path, root: Path) -> None:
    """Refuse a folder in which a link leads out of the workspace."""
    seen = 0
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            seen += 1
            entry = Path(place, name)
            if entry.is_symlink() and not entry.resolve().is_relative_to(root):
                shown = entry.relative_to(root)
                raise PathRefused(f"{shown} is a link that leads out of the workspace.")
        if seen > _MOST_ENTRIES:
            raise PathRefused(f"{folder.name} has too many files to be looked through for links.")
