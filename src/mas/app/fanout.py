"""Use cases of `fanout`: the order of a run before it, differences and merging after it (F1-F5)."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import cast, get_args

import msgspec

from mas.adapters.models.targets import to_target
from mas.app.settings import Settings
from mas.app.workplaces import coder_for, executor_for, git_for, path_of
from mas.core.errors import UserError
from mas.core.executors import ExecutorKind
from mas.core.language import plain
from mas.core.models import Model
from mas.core.run import Run
from mas.core.values import JsonObject
from mas.repositories.changes import Diff, Merged
from mas.repositories.git import find_git
from mas.repositories.layout import RunFolder
from mas.repositories.run_repository import RunRepository
from mas.repositories.source import look_at
from mas.teams.fanout.answer import run_folder
from mas.teams.fanout.checks.naming import given_checks
from mas.teams.fanout.order import MOST_AGENTS, Order, Origin, order_of
from mas.teams.fanout.workplace import OWN_CODER

MAX_PROMPT = 100_000
"""Characters of a prompt."""
DEFAULT_AGENTS = 3
_CLAUDE = "claude"
_LONGEST_TASK = 7 * 86_400.0


@dataclass(frozen=True, kw_only=True)
class FanoutAsk:
    """What a person can wish for a run of `fanout`; None leaves it to the settings."""

    agents: int | None = None
    repo: str | None = None
    ref: str | None = None
    checks: tuple[str, ...] = ()
    coders: tuple[str, ...] = ()
    setup: str | None = None
    task_seconds: float | None = None
    executor: str | None = None
    unsafe_local: bool = False

    @property
    def asked_for(self) -> bool:
        """Whether anything of it was wished for."""
        return self != FanoutAsk()


async def order_from(ask: FanoutAsk, settings: Settings, model: Model | None) -> Order:
    """The order of a run, with everything looked at that can be wrong before there is one.

    Raises:
        UserError: A number, coder, check, repository or executor cannot be used.
        Transient: An address, the engine of the containers or the cluster is out of reach.
    """
    fanout = settings.fanout
    agents = DEFAULT_AGENTS if ask.agents is None else ask.agents
    if not 1 <= agents <= MOST_AGENTS:
        raise UserError(
            f"{agents} agents cannot be had.",
            hint=f"Give a number from 1 to {MOST_AGENTS}.",
            code="bad_agent_count",
        )
    limits = fanout.limits
    order = Order(
        agents=agents,
        coders=tuple(map(_found_again, ask.coders)) or (default_coder(settings, model),),
        origin=Origin(named=_absolute(ask.repo), ref=ask.ref),
        checks=ask.checks,
        setup=ask.setup if ask.setup is not None else fanout.setup,
        executor=_executor(ask.executor, fanout.executor),
        unsafe_local=ask.unsafe_local or fanout.unsafe_local,
        network=fanout.network,
        task_seconds=_seconds(ask.task_seconds, fanout.task_time.total_seconds()),
        check_seconds=fanout.check_time.total_seconds(),
        memory_bytes=limits.memory_bytes,
        processes=limits.processes,
        cpus=limits.cpus,
        file_bytes=limits.file_bytes,
    )
    given_checks(order.checks)
    _check_setup(order.setup)
    for coder in dict.fromkeys(order.coders):
        _check_coder(coder, order, settings, model)
    await look_at(
        await find_git(path_of(settings)),
        order.origin.named,
        ref=order.origin.ref,
        environment=settings.environment,
    )
    await executor_for(order, settings).ready()
    return order


def _check_coder(named: str, order: Order, settings: Settings, model: Model | None) -> None:
    if named == OWN_CODER:
        if order.executor != "local":
            raise UserError(
                f"The coder mas does not work with the executor {order.executor}.",
                hint="Take --executor local, or another coder.",
                code="bad_coder",
            )
        needed = True
    else:
        needed = coder_for(named, order, settings).wire is not None
    if needed and model is None:
        raise UserError(
            f"The coder {plain(named, limit=60)} needs a model, and none is configured.",
            hint="Set MAS_MODEL (or --model) and the key of its provider.",
            code="no_model",
        )


def _check_setup(line: str | None) -> None:
    """Refuse a set-up command that cannot be split into words, before there is a run."""
    if line is None:
        return
    try:
        words = shlex.split(line)
    except ValueError as exc:
        raise UserError(
            f"The set-up command {plain(line, limit=200)!r} cannot be split into words: {exc}.",
            hint="Close its quotes; the command is run without a shell.",
            code="bad_setup",
        ) from exc
    if not words or not words[0] or "\0" in line:
        raise UserError(
            "The set-up names no command.",
            hint='Give a command line, such as --setup "npm ci", or leave it out.',
            code="bad_setup",
        )


def default_coder(settings: Settings, model: Model | None) -> str:
    """The coder where none is named: the setting's, else what the model allows.

    Raises:
        UserError: There is no setting and no model (`no_coder`).
    """
    if settings.fanout.coder is not None:
        return settings.fanout.coder
    if model is None:
        raise UserError(
            "No coder is named, and no model is configured for one.",
            hint="Give --coder (claude, mas, codex, gemini, opencode, aider, mini-swe-agent, "
            "script:FILE or command:ARGV), or set MAS_CODER or MAS_MODEL.",
            code="no_coder",
        )
    target = to_target(model.name, settings.models, settings.environment)
    speaks = target.wire == "anthropic" and find_spec("claude_agent_sdk") is not None
    return _CLAUDE if speaks and settings.fanout.executor == "local" else OWN_CODER


def _executor(wanted: str | None, default: ExecutorKind) -> ExecutorKind:
    name = (wanted or default).strip().lower()
    if name not in get_args(ExecutorKind):
        raise UserError(
            f"There is no executor {name!r}.",
            hint=f"Executors are: {', '.join(get_args(ExecutorKind))}.",
            code="unknown_executor",
        )
    return cast("ExecutorKind", name)


def _seconds(wanted: float | None, default: float) -> float:
    if wanted is None:
        return default
    if not 0 < wanted <= _LONGEST_TASK:
        raise UserError(
            f"--task-seconds cannot be {wanted:g}.",
            hint="Give a number of seconds above 0, a week at most.",
            code="bad_task_seconds",
        )
    return wanted


def _found_again(coder: str) -> str:
    """A coder as another process finds it, which runs in another folder."""
    kind, colon, file = coder.partition(":")
    if kind != "script" or not file:
        return coder
    return f"{kind}{colon}{Path(file).expanduser().absolute()}"


def _absolute(repo: str | None) -> str | None:
    """A folder as other processes find it; an address stays as it is."""
    if not repo:
        return repo  # an empty name is refused later; as a path it would be this folder
    if any("\ud800" <= char <= "\udfff" for char in repo):
        raise UserError(
            f"The name of the repository is not valid text: {plain(repo, limit=200)}",
            hint="Name it by a path in UTF-8, through a link for example.",
            code="bad_repository",
        )
    path = Path(repo).expanduser()
    return str(path.absolute()) if path.exists() else repo


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two branches and what differs between them."""

    before: str
    after: str
    diff: Diff


@dataclass(frozen=True, kw_only=True)
class Winner:
    """What was merged, and how to go on with it."""

    agent: int
    merged: Merged
    run_dir: Path
    delivered: str = ""
    """The new branch in the person's own repository; empty: it was not asked for."""


@dataclass(frozen=True, kw_only=True)
class MergedWork:
    """An agent's work that a merge has brought to a branch."""

    agent: int
    branch: str
    commit: str
    """Where the merge has left the branch."""
    at: datetime | None = None
    """When it was asked for; None: nobody has noted it."""


class FanoutResults:
    """What can be done with the branches of a run that has ended, or is still under way."""

    def __init__(self, run: Run, settings: Settings) -> None:
        """
        Raises:
            UserError: It is no run of `fanout`, or its repository is not on this machine.
        """
        if run.team != "fanout":
            raise UserError(
                f"Run {run.id} is of the team {run.team}, which has no branches.",
                hint="Name a run of the team fanout: mas runs list",
                code="no_branches",
            )
        self._run = run
        self._order = order_of(run)
        self.folder = RunFolder(settings.fanout.workspace / run_folder(run.id))
        if not self.folder.git_dir.is_dir():
            raise _not_there(run, self.folder)
        self.repository = RunRepository(git_for(settings), self.folder)

    async def diff(self, agents: tuple[int, ...], *, stat_only: bool = False) -> Compared:
        """What an agent has changed against the base, or two agents against each other.

        Raises:
            UserError: An agent is not of this run, or more than two are named.
        """
        if len(agents) > 2:
            raise UserError(
                f"{len(agents)} agents cannot be compared at once.",
                hint="Name one, to see it against the base, or two.",
                code="bad_agents",
            )
        chosen = agents or (self._best(),)
        branches = [self._branch(one) for one in chosen]
        base = await self.repository.base()
        if base is None:
            raise _not_there(self._run, self.folder)
        first, second = (base.branch, branches[0]) if len(branches) == 1 else branches
        # The base branch moves when something is merged; what the agents started from does not.
        before = base.commit if len(branches) == 1 else first
        diff = await self.repository.diff(before, second, stat_only=stat_only)
        return Compared(before=first, after=second, diff=diff)

    async def merge(self, agent: int | None, *, into: str | None, deliver: bool) -> Winner:
        """Bring an agent's work (the best one's) to the base branch of the run, or to `into`.

        With `deliver`, the result becomes a new branch in the repository that the run came from;
        its checkout, HEAD and index stay as they are.

        Raises:
            UserError: There is nothing to merge, the branch is unknown, or it cannot be delivered.
        """
        chosen = self.chosen(agent)
        branch = self._branch(chosen)
        if deliver:
            self._own_repository()
        title = plain(self._run.request, limit=60)
        merged = await self.repository.merge(
            chosen, into=into, message=f"Merge {branch}: {title}\n\nRun {self._run.id}.\n"
        )
        if merged.conflicts or not deliver:
            return Winner(agent=chosen, merged=merged, run_dir=self.folder.root)
        name = f"mas/run_{self._run.id}"
        await self.repository.deliver(merged.commit, self._own_repository(), name)
        return Winner(agent=chosen, merged=merged, run_dir=self.folder.root, delivered=name)

    async def merges(self) -> tuple[MergedWork, ...]:
        """Whose work is where by merging, the latest first; what was rolled back is not there."""
        numbers = {self.folder.branch(one): one for one in range(1, self._order.agents + 1)}
        return tuple(
            MergedWork(agent=numbers[name], branch=one.branch, commit=one.after)
            for one, names in await self.repository.merges()
            for name in names
            if name in numbers
        )

    def chosen(self, agent: int | None) -> int:
        """The agent that is meant; None: the best one.

        Raises:
            UserError: There is no such agent, or no best one.
        """
        chosen = self._best() if agent is None else agent
        self._branch(chosen)
        return chosen

    @property
    def origin(self) -> str | None:
        """The repository that the run came from, as it was named."""
        return self._order.origin.named

    def _own_repository(self) -> Path:
        named = self._order.origin.named
        if named is None or not Path(named).exists():
            raise UserError(
                "This run has no repository of yours on this machine to deliver to.",
                hint=f"Fetch from {self.folder.root} wherever you need it.",
                code="nothing_to_deliver_to",
            )
        return Path(named)

    def _best(self) -> int:
        result = cast("JsonObject", self._run.result or {})
        ranking = msgspec.convert(result.get("ranking", ()), tuple[_Place, ...])
        for one in ranking:
            if one.place is not None:
                return one.agent_id
        raise UserError(
            f"Run {self._run.id} has no best agent.",
            hint=f"Name one by its number, 1 to {self._order.agents}.",
            code="no_ranking",
        )

    def _branch(self, agent: int) -> str:
        if not 1 <= agent <= self._order.agents:
            raise UserError(
                f"Run {self._run.id} has no agent {agent}.",
                hint=f"Its agents are 1 to {self._order.agents}.",
                code="unknown_agent",
            )
        return self.folder.branch(agent)


def _not_there(run: Run, folder: RunFolder) -> UserError:
    return UserError(
        f"The repository of run {run.id} is not there: {folder.root}.",
        hint="It was removed, not made yet, or is on another machine.",
        code="no_run_repository",
    )


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    agent_id: int
    place: int | None
