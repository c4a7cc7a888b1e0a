"""Runs git so that nothing of this machine or of a repository decides what it does (Q2, S3).

The environment is built from nothing, no configuration but a repository's own is read, and of that
what would start a program is overruled. Errors of git are `GitFailed`; callers say what they mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from mas.core.errors import Permanent, UserError
from mas.core.finishing import to_the_end

SHORT: Final = timedelta(seconds=60)
LONG: Final = timedelta(minutes=30)
"""For what grows with a repository: packing, checking out, fetching."""

_GRACE_SECONDS: Final = 2.0
_OLDEST: Final = (2, 38)
_ERROR_LIMIT: Final = 16_000
_OUTPUT_LIMIT: Final = 64_000_000
_PIECE: Final = 1 << 16
_OVERRIDES: Final = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("core.quotePath", "false"),
    ("core.longPaths", "true"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("protocol.ext.allow", "never"),
    ("safe.directory", "*"),
    ("diff.external", ""),
    ("diff.ignoreSubmodules", "dirty"),
    ("log.showSignature", "false"),
    ("commit.gpgSign", "false"),
    ("gpg.program", "/bin/false"),
    ("submodule.recurse", "false"),
    ("advice.detachedHead", "false"),
    ("init.defaultBranch", "main"),
)
_WRITER: Final = ("mas", "mas@mas.invalid")


class GitFailed(Permanent):
    """git could not do what it was told; `words` are its own last ones."""

    default_code = "git_failed"

    def __init__(self, told: Sequence[str], code: int | None, words: str) -> None:
        how = "did not end in time" if code is None else f"ended with {code}"
        last = " ".join(words.split())[-400:]
        super().__init__(
            f"git {_verb(told)} {how}: {last or 'it said nothing'}",
            hint="Look whether the disk is full, and try again.",
        )
        self.words = words


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one git command gave."""

    code: int
    out: bytes
    """Its output, up to the limit."""
    total_bytes: int
    words: str
    """What it wrote to its error output: the end of it."""

    @property
    def text(self) -> str:
        """The output without the line end, undecodable bytes replaced."""
        return self.out.decode("utf-8", "replace").rstrip("\n")

    @property
    def parts(self) -> list[bytes]:
        """The output of a command with `-z`, piece by piece."""
        return self.out.split(b"\0")[:-1] if self.out else []


@dataclass(frozen=True, kw_only=True)
class Git:
    """A git to run; bind it to a repository with `of`."""

    program: str = "git"
    path: str = os.defpath
    """The `PATH` on which git finds its own helpers."""
    variables: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    """Beside, and instead of, those that every git here has; None takes one away."""
    settings: tuple[tuple[str, str], ...] = ()
    """Configuration that overrules all other."""
    options: tuple[str, ...] = ()
    """Options before the verb."""
    folder: Path = Path("/")

    def of(
        self,
        git_dir: Path,
        *,
        worktree: Path | None = None,
        index: Path | None = None,
    ) -> Git:
        """The same git on one repository, which is not searched for."""
        variables: dict[str, str | None] = {**self.variables, "GIT_DIR": str(git_dir)}
        if worktree is not None:
            variables["GIT_WORK_TREE"] = str(worktree)
        if index is not None:
            variables["GIT_INDEX_FILE"] = str(index)
        return replace(self, variables=variables, folder=worktree or git_dir)

    def at(self, folder: Path) -> Git:
        """The same git in a folder."""
        return replace(self, folder=folder)

    def having(self, **variables: str | None) -> Git:
        """The same git with more variables."""
        return replace(self, variables={**self.variables, **variables})

    def setting(self, *settings: tuple[str, str]) -> Git:
        """The same git with more configuration."""
        return replace(self, settings=(*self.settings, *settings))

    def told(self, *options: str) -> Git:
        """The same git with more options before the verb."""
        return replace(self, options=(*self.options, *options))

    def environment(self) -> dict[str, str]:
        """The whole environment that git runs with."""
        settings = (*_OVERRIDES, *self.settings)
        name, email = _WRITER
        made: dict[str, str | None] = {
            "PATH": self.path,
            "HOME": "/nonexistent",
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_ADVICE": "0",
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": email,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": email,
            "GIT_CONFIG_COUNT": str(len(settings)),
        }
        for at, (key, value) in enumerate(settings):
            made |= {f"GIT_CONFIG_KEY_{at}": key, f"GIT_CONFIG_VALUE_{at}": value}
        made |= self.variables
        return {key: value for key, value in made.items() if value is not None}

    async def run(
        self,
        *told: str,
        stdin: bytes = b"",
        limit_bytes: int = _OUTPUT_LIMIT,
        deadline: timedelta = SHORT,
        fine: Sequence[int] = (0,),
    ) -> Answer:
        """Run git to its end. When the caller is cancelled, it and its helpers are gone.

        Raises:
            GitFailed: Its exit code is not among `fine`, or it did not end in time.
        """
        process = await self._start(told, stdin=PIPE if stdin else DEVNULL, stdout=PIPE)
        try:
            async with asyncio.timeout(deadline.total_seconds()):
                (out, total), words, _, code = await asyncio.gather(
                    _read(process.stdout, limit_bytes),
                    _last_words(process.stderr),
                    _feed(process, stdin),
                    process.wait(),
                )
        except TimeoutError as exc:
            raise GitFailed(told, None, "") from exc
        finally:
            await to_the_end(_end(process))
        if code not in fine:
            raise GitFailed(told, code, words)
        return Answer(code=code, out=out, total_bytes=total, words=words)

    async def line(self, *told: str, stdin: bytes = b"", deadline: timedelta = SHORT) -> str:
        """What git says in one line.

        Raises:
            GitFailed: It failed.
        """
        return (await self.run(*told, stdin=stdin, deadline=deadline)).text.strip()

    async def pipe(
        self,
        told: Sequence[str],
        other: Git,
        into: Sequence[str],
        *,
        stdin: bytes,
        deadline: timedelta = LONG,
    ) -> None:
        """Run one git into another, of another repository.

        Raises:
            GitFailed: One of them failed; what the other has left is garbage without a name.
        """
        async with contextlib.AsyncExitStack() as stack:
            read_end, write_end = os.pipe()
            ends = [read_end, write_end]
            stack.callback(_close_all, ends)
            first = await self._start(told, stdin=PIPE, stdout=write_end)
            stack.push_async_callback(lambda: to_the_end(_end(first)))
            second = await other._start(into, stdin=read_end, stdout=DEVNULL)
            stack.push_async_callback(lambda: to_the_end(_end(second)))
            _close_all(ends)
            try:
                async with asyncio.timeout(deadline.total_seconds()):
                    words, others, _, code, end = await asyncio.gather(
                        _last_words(first.stderr),
                        _last_words(second.stderr),
                        _feed(first, stdin),
                        first.wait(),
                        second.wait(),
                    )
            except TimeoutError as exc:
                raise GitFailed(told, None, "") from exc
        if code:
            raise GitFailed(told, code, words)
        if end:
            raise GitFailed(into, end, others)

    async def _start(self, told: Sequence[str], *, stdin: int, stdout: int) -> Process:
        try:
            return await _owned(
                asyncio.create_subprocess_exec(
                    self.program,
                    *self.options,
                    *told,
                    stdin=stdin,
                    stdout=stdout,
                    stderr=PIPE,
                    cwd=self.folder,
                    env=self.environment(),
                    start_new_session=True,
                )
            )
        except (FileNotFoundError, NotADirectoryError) as exc:
            if not self.folder.is_dir():
                raise GitFailed(told, 128, f"there is no folder {self.folder}") from exc
            raise _no_git() from exc
        except OSError as exc:
            raise GitFailed(told, 128, f"it cannot be started: {exc.strerror}") from exc


async def find_git(path: str) -> Git:
    """The git on this `PATH`, when it can do all that is needed here.

    Raises:
        UserError: There is none (`no_git`), or it is older than 2.38 (`git_too_old`).
    """
    program = shutil.which("git", path=path)
    if program is None:
        raise _no_git()
    git = Git(program=program, path=path)
    told = await git.line("version")
    found = re.search(r"(\d+)\.(\d+)", told)
    if found is None or (int(found[1]), int(found[2])) < _OLDEST:
        raise UserError(
            f"{program} is too old: it calls itself {told[:80]!r}.",
            hint="Install git 2.38 or newer, and have it first on the PATH.",
            code="git_too_old",
        )
    return git


def _no_git() -> UserError:
    return UserError(
        "There is no git on this machine.",
        hint="Install git 2.38 or newer, for example with apt-get install git.",
        code="no_git",
    )


def _close_all(ends: list[int]) -> None:
    while ends:
        os.close(ends.pop())


def _verb(told: Sequence[str]) -> str:
    return next((word for word in told if not word.startswith("-")), "")


async def _read(stream: asyncio.StreamReader | None, limit: int) -> tuple[bytes, int]:
    """All that comes, kept up to the limit, counted to the end."""
    if stream is None:
        return b"", 0
    kept = bytearray()
    total = 0
    while piece := await stream.read(_PIECE):
        total += len(piece)
        kept += piece[: max(limit - len(kept), 0)]
    return bytes(kept), total


async def _last_words(stream: asyncio.StreamReader | None) -> str:
    if stream is None:
        return ""
    kept = b""
    while piece := await stream.read(_PIECE):
        kept = (kept + piece)[-_ERROR_LIMIT:]
    return kept.decode("utf-8", "replace").strip()


async def _feed(process: Process, data: bytes) -> None:
    if process.stdin is None:
        return
    with contextlib.suppress(ConnectionError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()
    with contextlib.suppress(ConnectionError):
        await process.stdin.wait_closed()


async def _owned(starting: Coroutine[None, None, Process]) -> Process:
    """The process once it has started; when the caller is cancelled meanwhile, it is ended.

    By itself, asyncio would end the first process only, and leave its helpers.
    """
    task = asyncio.create_task(starting)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await to_the_end(_end_once_started(task))
        raise


async def _end_once_started(task: asyncio.Task[Process]) -> None:
    with contextlib.suppress(OSError):
        await _end(await task)


async def _end(process: Process) -> None:
    """End what still runs of it: a fetch has helpers, which are of its group."""
    if process.returncode is None:
        # So that it removes its lock files: the next git would stumble over them.
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await process.wait()
    _signal(process, signal.SIGKILL)
    await process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            await _drained(stream)


def _signal(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


async def _drained(stream: asyncio.StreamReader) -> None:
    """Read to the end, so that the pipe is closed; a helper that has left the group cannot hold
    it open for long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2):
            while await stream.read(_PIECE):
                pass
