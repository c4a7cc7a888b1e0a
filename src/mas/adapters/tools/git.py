"""Tools for the git repository of a workspace (O2).

The argument lists are fixed, configuration of machine and user is not read, and nothing that a
repository could name as a hook, pager, differ or monitor is started.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from mas.adapters import file_lock
from mas.adapters.tools import repository, schemas
from mas.adapters.tools.command import OUTPUT_LIMIT_BYTES, absolute_folders, said
from mas.adapters.tools.family import RawOutput, failed, matching
from mas.adapters.tools.given import Arguments, number_of, switch_of, text_of, texts_of
from mas.adapters.tools.workspace import PathRefused, Workspace
from mas.core.calls import Assessment, CallContext, ToolSpec
from mas.core.errors import UserError
from mas.core.executors import Command, CommandOutcome, Executor
from mas.core.values import JsonValue

_SAFE: Final = (
    "git",
    "--no-pager",
    "--literal-pathspecs",
    "-c",
    "core.quotePath=true",
    "-c",
    "color.ui=false",
    "-c",
    "commit.gpgSign=false",
    "-c",
    "gc.auto=0",
)
_NO_HELPERS: Final = ("--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
_REVISION = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_./@{}^~+-]{0,250}")
_TRAILER: Final = "Mas-Step"
_LOOKED_BACK: Final = 200
"""Commits among which that of an earlier attempt is looked for: others may have come on top."""
_ELSEWHERE: Final = "core.worktree"

_PATH = schemas.text("File or folder, relative to the workspace.")
_REV = schemas.text("Revision or range, such as HEAD~1 or main..work.")
_STATUS = ToolSpec(
    name="git.status",
    description="Show the branch and the changed files of the workspace's repository.",
    schema=schemas.arguments({}),
    risk="read",
    idempotent=True,
)
_DIFF = ToolSpec(
    name="git.diff",
    description="Show changes: of the working tree, of what is staged, or between revisions.",
    schema=schemas.arguments(
        {
            "revision": _REV,
            "path": _PATH,
            "staged": schemas.switch("What is staged instead of the working tree."),
            "summary": schemas.switch("Only names of files and numbers of lines."),
        }
    ),
    risk="read",
    idempotent=True,
    target="revision",
)
_LOG = ToolSpec(
    name="git.log",
    description="Show commits, the latest first: id, time, author, subject.",
    schema=schemas.arguments(
        {
            "revision": _REV,
            "path": _PATH,
            "limit": schemas.number("How many commits; 20 unless given.", most=500),
        }
    ),
    risk="read",
    idempotent=True,
    target="revision",
)
_SHOW = ToolSpec(
    name="git.show",
    description="Show one commit with its changes, or a file as it was in it.",
    schema=schemas.arguments({"revision": _REV, "path": _PATH}, needed=("revision",)),
    risk="read",
    idempotent=True,
    target="revision",
)
_COMMIT = ToolSpec(
    name="git.commit",
    description="Commit changed files of the workspace: the named ones, or all of them.",
    schema=schemas.arguments(
        {
            "message": schemas.text("Message of the commit.", least=1),
            "paths": schemas.texts("Files and folders; everything unless given."),
        },
        needed=("message",),
    ),
    risk="write",
    idempotent=True,
)
_SPECS: Final = (_STATUS, _DIFF, _LOG, _SHOW, _COMMIT)


class GitTools:
    """`git.*` in the workspace of the call; a `ToolFamily`."""

    def __init__(self, executor: Executor, *, path: str) -> None:
        """`path` is where git is looked for, as in `PATH`."""
        self._executor = executor
        self._path = absolute_folders(path)

    async def specs(self, patterns: Collection[str] | None) -> tuple[ToolSpec, ...]:
        """The tools that match."""
        return matching(_SPECS, patterns)

    def assess(self, spec: ToolSpec, arguments: Arguments) -> Assessment | None:
        """Say what would be committed."""
        if spec.name != _COMMIT.name:
            return None
        paths = ", ".join(texts_of(arguments, "paths")) or "all changes"
        message = text_of(arguments, "message").partition("\n")[0]
        return Assessment(risk="write", target=paths, effect=f"Commits {paths}: {message}")

    def problems(self) -> tuple[str, ...]:
        """None."""
        return ()

    async def call(
        self, spec: ToolSpec, arguments: Mapping[str, JsonValue], context: CallContext
    ) -> RawOutput:
        """Run the git command that the tool stands for."""
        if not context.workspace.is_dir():
            return failed("The workspace is empty: there is no git repository in it.")
        try:
            if spec.name == _COMMIT.name:
                return await self._commit(arguments, context)
            args = _arguments(spec.name, arguments, Workspace(context.workspace))
            settings = await self._settings(context)
            if _ELSEWHERE in settings:
                return failed(f"This repository keeps its files elsewhere ({_ELSEWHERE}).")
            off = repository.without_filters(settings)
            return said(("git", *args), await self._git(args, context, off=off))
        except PathRefused as exc:
            return failed(str(exc))
        except UserError as exc:
            if exc.code == "no_program":
                return failed("git is not installed where commands run.")
            raise

    async def _commit(self, arguments: Arguments, context: CallContext) -> RawOutput:
        """Stage and commit, one call after the other: tasks of a run share their workspace."""
        try:
            async with _turn(context.workspace, context.deadline):
                return await self._commit_now(arguments, context)
        except TimeoutError:
            return failed("Another commit in this workspace has not ended: try again later.")

    async def _commit_now(self, arguments: Arguments, context: CallContext) -> RawOutput:
        """A commit that an earlier attempt has made is found by its trailer."""
        workspace = Workspace(context.workspace)
        key = re.sub(r"\s+", " ", context.idempotency_key).strip()
        if key:
            trailers = (f"--max-count={_LOOKED_BACK}", f"--format=%(trailers:key={_TRAILER})")
            latest = await self._git(("log", *trailers), context)
            if f"{_TRAILER}: {key}".encode() in latest.output.splitlines():
                return RawOutput(text="This commit was made already.", exit_code=0)
        settings = await self._settings(context)
        if _ELSEWHERE in settings:
            return failed(f"This repository keeps its files elsewhere ({_ELSEWHERE}).")
        if repository.without_filters(settings):
            return failed(
                "This repository passes files through programs of its own (filter.* in its "
                "configuration), which git.commit does not start: commit with command.run."
            )
        paths = tuple(workspace.clean(path) for path in texts_of(arguments, "paths"))
        staged = await self._git(("add", "--all", "--", *(paths or (".",))), context)
        if staged.exit_code != 0:
            return said(("git", "add"), staged)
        trailer = ("--trailer", f"{_TRAILER}: {key}") if key else ()
        message = text_of(arguments, "message")
        args = ("commit", "--no-verify", "--quiet", f"--message={message}", *trailer)
        # Named paths alone: what somebody else has staged stays staged.
        made = await self._git((*args, "--", *paths) if paths else args, context)
        if made.exit_code != 0:
            return said(("git", "commit"), made)
        shown = await self._git(("log", "-1", "--stat", "--format=%h %s", *_NO_HELPERS), context)
        return said(("git", "log"), shown)

    async def _settings(self, context: CallContext) -> tuple[str, ...]:
        environment = self._environment(context)
        return await repository.settings_of(self._executor, context.workspace, environment)

    async def _git(
        self, args: tuple[str, ...], context: CallContext, *, off: tuple[str, ...] = ()
    ) -> CommandOutcome:
        """Run git; `off` are options that switch off what the repository would start."""
        return await self._executor.run(
            Command(
                argv=(*_SAFE, *off, *args),
                folder=context.workspace,
                environment=self._environment(context),
                deadline=context.deadline,
                output_limit_bytes=OUTPUT_LIMIT_BYTES,
            )
        )

    def _environment(self, context: CallContext) -> dict[str, str]:
        name = f"MAS {context.role}"
        return {
            **repository.reading_environment(),
            **repository.around(context.workspace),
            "PATH": self._path,
            "HOME": "/nonexistent",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": "agent@mas.invalid",
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": "agent@mas.invalid",
        }


@contextlib.asynccontextmanager
async def _turn(workspace: Path, patience: timedelta) -> AsyncIterator[None]:
    """Have the workspace to oneself among all commits, also those of other processes.

    Raises:
        TimeoutError: Others had it for all of `patience`.
    """
    # The folder itself is locked: a file for it could be committed, or be somebody's link.
    folder = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        await file_lock.lock(folder, patience=patience)
        yield
    finally:
        os.close(folder)


def _arguments(name: str, arguments: Arguments, workspace: Workspace) -> tuple[str, ...]:
    """The fixed argument list of a reading tool with the call's revision and path."""
    revision = _revision(text_of(arguments, "revision"))
    given = text_of(arguments, "path")
    path = workspace.clean(given) if given else ""
    paths = ("--", path) if path else ("--",)
    if name == _STATUS.name:
        return (
            "status",
            "--ignore-submodules=dirty",
            "--short",
            "--branch",
            "--untracked-files=all",
        )
    if name == _DIFF.name:
        staged = ("--cached",) if switch_of(arguments, "staged") else ()
        summary = ("--stat=100",) if switch_of(arguments, "summary") else ()
        return ("diff", *_NO_HELPERS, *staged, *summary, *revision, *paths)
    if name == _LOG.name:
        limit = number_of(arguments, "limit", 20)
        return ("log", f"--max-count={limit}", "--format=%h %cI %an: %s", *revision, *paths)
    if path:
        return ("show", "--no-textconv", f"{revision[0]}:./{path}")
    return ("show", "--stat", "--patch", *_NO_HELPERS, *revision, "--")


def _revision(text: str) -> tuple[str, ...]:
    """The revision as an argument that can be nothing else.

    Raises:
        PathRefused: It could be an option or something stranger.
    """
    if not text:
        return ()
    if not _REVISION.fullmatch(text):
        raise PathRefused(f"{text} is no revision: give a name, an id or a range of two.")
    return (text,)
