"""What works on this machine, what does not, and the command that mends it (U5)."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from mas import __version__
from mas.adapters.clock import SystemClock
from mas.adapters.executors.local_sandbox import LocalSandbox
from mas.adapters.models.registry import ConfiguredModels, usable_target
from mas.adapters.models.targets import Target, chosen_name
from mas.adapters.policy_file import load_policy
from mas.agents.roles.loader import load_roles
from mas.app.access_settings import refuse_former, tokens_of
from mas.app.clusters import ClusterReading
from mas.app.fanout import default_coder
from mas.app.settings import Settings
from mas.app.settings_file import DEFAULT
from mas.app.storage import open_store
from mas.app.workplaces import path_of
from mas.catalog.loader import load_catalog
from mas.core.actors import ACCESS_ROLES
from mas.core.errors import MasError, UserError
from mas.core.run import RunStatus, RunSummary
from mas.engine import Engine
from mas.repositories.git import find_git

_PYTHON = (3, 11)
_MANY = 1000


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at. `needed` False: MAS works without it."""

    name: str
    ok: bool
    found: str
    mend: str = ""
    needed: bool = True
    code: str = ""
    """Stable text for what was found, or that of the error; empty: `found` is a name or number."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What varies in `found` and `mend`."""


async def diagnose(settings: Settings) -> tuple[Check, ...]:
    """Look at everything that a decision needs. Reaches no network."""
    return (
        Check(name="mas", ok=True, found=f"{__version__}"),
        Check(
            name="python",
            ok=sys.version_info >= _PYTHON,
            found=f"{platform.python_version()} at {sys.executable}",
            mend="Install Python 3.11 or newer.",
            code="python",
            values={"version": platform.python_version(), "path": sys.executable},
        ),
        Check(name="sqlite", ok=True, found=sqlite3.sqlite_version),
        _home(settings),
        *await _journal(settings),
        _catalog(),
        _cluster(settings),
        *_models(settings),
        await _git(settings),
        await _sandbox(settings),
        _coder(settings),
        _policy(settings),
        _access(settings),
        *_roles(settings),
        *_set(settings),
    )


def _home(settings: Settings) -> Check:
    origin = "MAS_HOME" if settings.home_origin == "environment" else "default"
    home = settings.home
    parent = next(folder for folder in (home, *home.parents) if folder.exists())
    writable = parent.is_dir() and os.access(parent, os.W_OK | os.X_OK)
    return Check(
        name="home",
        ok=writable,
        found=f"{home} ({origin})" + ("" if writable else ", not writable"),
        mend="Set MAS_HOME to a folder that you may write to.",
        code=("home_default" if origin == "default" else "home_set") if writable else "home_closed",
        values={"home": str(home)},
    )


async def _journal(settings: Settings) -> tuple[Check, ...]:
    """The runs that nobody carries on, and the calls that wait for a person."""
    if settings.database_url:
        found = "in the database (not contacted)"
        return (Check(name="journal", ok=True, found=found, code="journal_elsewhere"),)
    if not settings.database.exists():
        found = "none yet; the first run makes it"
        return (Check(name="journal", ok=True, found=found, code="journal_none"),)
    try:
        async with open_store(settings) as store:
            # Only asked: without a team it could drive nothing.
            engine = Engine(store=store, teams={}, doers={}, clock=SystemClock())
            unfinished = await engine.unfinished()
            left = await engine.left()
            waiting = await engine.waiting(limit=_MANY)
    except MasError as error:
        return (_failed("journal", error, needed=True),)
    # Runs that wait for a person are resumed in vain; oldest first.
    alone = [run.id for run in reversed(unfinished) if run.id in left and not _asks(run)]
    more = f", and so for {len(alone) - 1} more" if len(alone) > 1 else ""
    journal = Check(
        name="journal",
        ok=not alone,
        found=f"{settings.database}, {len(unfinished)} unfinished runs"
        + (f", {len(alone)} of them without anybody who works on them" if alone else ""),
        mend=f"mas runs resume {alone[0]}{more}" if alone else "",
        needed=False,
        code=("journal_left" if len(alone) == 1 else "journal_left_more") if alone else "journal",
        values={
            "database": str(settings.database),
            "unfinished": str(len(unfinished)),
            "alone": str(len(alone)),
            "more": str(len(alone) - 1),
            "run": alone[0] if alone else "",
        },
    )
    if not waiting:
        return (journal,)
    return journal, Check(
        name="approvals",
        ok=True,
        found=f"{len(waiting)} calls wait for a person, the oldest for: "
        f"mas runs approve {waiting[0].run_id} {waiting[0].id}",
        code="approvals",
        values={
            "count": str(len(waiting)),
            "run": waiting[0].run_id,
            "approval": waiting[0].id,
        },
    )


def _asks(run: RunSummary) -> bool:
    """Whether a person's answer is all that a run lacks."""
    return run.status is RunStatus.AWAITING_APPROVAL


async def _git(settings: Settings) -> Check:
    try:
        git = await find_git(path_of(settings))
    except MasError as error:
        return _failed("git", error)
    return Check(name="git", ok=True, found=git.program)


async def _sandbox(settings: Settings) -> Check:
    """How coding agents would be isolated on this machine; containers are not looked at."""
    executor = LocalSandbox(path_of(settings), unsafe=settings.fanout.unsafe_local)
    try:
        found = await executor.ready()
    except MasError as error:
        return _failed("sandbox", error)
    return Check(name="sandbox", ok=True, found=found, code=f"sandbox_{executor.isolation}")


def _coder(settings: Settings) -> Check:
    """What `fanout` would work with where its request names nothing."""
    try:
        models = ConfiguredModels(settings.models, settings.environment, clock=SystemClock())
        named = default_coder(settings, models.for_role("coder"))
    except MasError as error:
        return _failed("coder", error)
    return Check(name="coder", ok=True, found=named)


def _policy(settings: Settings) -> Check:
    try:
        rules = len(load_policy(settings.policy_file).rules)
    except MasError as error:
        return _failed("policy", error, needed=True)
    return _counted(code="policy", count=rules, of_what="rules; reads run, the rest is asked for")


def _roles(settings: Settings) -> tuple[Check, ...]:
    loaded = load_roles(settings.agents_folder)
    return (
        _counted(code="agents", count=len(loaded.roles), of_what="roles"),
        *(
            Check(
                name="agents",
                ok=False,
                found=str(problem),
                mend="Correct the file, or move it out of the folder.",
                needed=False,
                code="bad_role",
            )
            for problem in loaded.problems
        ),
    )


def _access(settings: Settings) -> Check:
    """Who may use `mas serve`: how many of which role, and nothing of the tokens themselves."""
    try:
        refuse_former(settings.environment)
        tokens = tokens_of(settings.access)
    except MasError as error:
        return _failed("access", error)
    if not tokens:
        found = "no tokens; the server answers loopback only"
        return Check(name="access", ok=True, found=found, code="access_none")
    counts = ((role, sum(token.role == role for token in tokens)) for role in ACCESS_ROLES)
    roles = ", ".join(f"{count} {role}" for role, count in counts if count)
    return Check(
        name="access",
        ok=True,
        found=f"tokens for {roles}",
        code="access",
        values={"roles": roles},
    )


def _models(settings: Settings) -> tuple[Check, ...]:
    """The model of every role that has one, and what is asked in its place; none is contacted."""
    models = settings.models
    if models.default is None and not models.roles:
        return (
            Check(
                name="model",
                ok=False,
                found="none configured; decisions are made by rules alone",
                mend="Set MAS_MODEL, for example to anthropic:claude-sonnet-5-5, and its key.",
                needed=False,
                code="model_none",
            ),
        )
    uses = {"": models.default, **models.roles}
    later = dict.fromkeys(
        name for names in (models.fallbacks, *models.fallbacks_by_role.values()) for name in names
    )
    return (
        *(_model(settings, role) for role, name in uses.items() if name),
        *(_fallback(settings, name) for name in later),
    )


def _model(settings: Settings, role: str) -> Check:
    name = chosen_name(settings.models, settings.environment, role=role, wanted=None) or ""
    kind = f"model of {role}" if role else "model"
    try:
        target = usable_target(name, settings.models, settings.environment)
    except UserError as error:
        return _failed(kind, error, needed=True)
    return _usable(kind, target, needed=True)


def _fallback(settings: Settings, name: str) -> Check:
    try:
        target = usable_target(name, settings.models, settings.environment)
    except UserError as error:
        return _failed("fall-back", error)
    return _usable("fall-back", target, needed=False)


def _usable(kind: str, target: Target, *, needed: bool) -> Check:
    key = f"{target.key_name} is set" if target.key_name else "without a key"
    return Check(
        name=kind,
        ok=True,
        found=f"{target.name} at {target.base_url}, {key} (not contacted)",
        needed=needed,
        code="model_with_key" if target.key_name else "model_without_key",
        values={"name": target.name, "address": target.base_url, "key": target.key_name or ""},
    )


def _set(settings: Settings) -> tuple[Check, ...]:
    """What somebody has set, and where; the defaults are in docs/configuration.md."""
    return tuple(
        Check(name="setting", ok=True, found=f"{one.name} = {one.value} ({one.origin})")
        for one in settings.shown
        if one.origin != DEFAULT
    )


def _catalog() -> Check:
    try:
        count = len(load_catalog().tools)
    except MasError as error:
        return _failed("catalog", error, needed=True)
    return _counted(code="catalog", count=count, of_what="tools")


def _cluster(settings: Settings) -> Check:
    """Whether a cluster would be found; it is not contacted."""
    try:
        source = ClusterReading(load_catalog(), settings.environment).find(None)
    except MasError as error:
        return _failed("cluster", error)
    if source is None:
        return Check(
            name="cluster",
            ok=False,
            found="no kubeconfig context and no in-cluster account",
            mend="Give a snapshot: mas ask TEXT --cluster FILE",
            needed=False,
            code="cluster_none",
        )
    return Check(
        name="cluster",
        ok=True,
        found=f"{source.kind}: {source.name} (not contacted)",
        code=f"cluster_{source.kind}",
        values={"name": source.name},
    )


def _counted(*, code: str, count: int, of_what: str) -> Check:
    """A check, named as its code, that has found so many of something."""
    found = f"{count} {of_what}"
    return Check(name=code, ok=True, found=found, code=code, values={"count": str(count)})


def _failed(name: str, error: MasError, *, needed: bool = False) -> Check:
    return Check(
        name=name,
        ok=False,
        found=error.message,
        mend=error.hint,
        needed=needed,
        code=error.code,
    )
