"""What works on this machine, what does not, and the command that mends it (U5)."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from dataclasses import dataclass

from mas import __version__
from mas.app.clusters import ClusterReading
from mas.app.settings import Settings
from mas.app.wiring import open_engine
from mas.catalog.loader import load_catalog
from mas.core.errors import MasError

_PYTHON = (3, 11)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at. `needed` False: MAS works without it."""

    name: str
    ok: bool
    found: str
    mend: str = ""
    needed: bool = True


async def diagnose(settings: Settings) -> tuple[Check, ...]:
    """Look at everything that a decision needs. Reaches no network."""
    return (
        Check(name="mas", ok=True, found=f"{__version__}"),
        Check(
            name="python",
            ok=sys.version_info >= _PYTHON,
            found=f"{platform.python_version()} at {sys.executable}",
            mend="Install Python 3.11 or newer.",
        ),
        Check(name="sqlite", ok=True, found=sqlite3.sqlite_version),
        _home(settings),
        await _journal(settings),
        _catalog(),
        _cluster(settings),
        Check(
            name="model",
            ok=False,
            found="none configured; decisions are made by rules alone",
            needed=False,
        ),
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
    )


async def _journal(settings: Settings) -> Check:
    if not settings.database.exists():
        return Check(name="journal", ok=True, found="none yet; the first run makes it")
    catalog = load_catalog()
    try:
        async with open_engine(
            settings, catalog, ClusterReading(catalog, settings.environment)
        ) as engine:
            unfinished = len(await engine.unfinished())
    except MasError as error:
        return Check(name="journal", ok=False, found=error.message, mend=error.hint)
    mend = "mas runs resume" if unfinished else ""
    return Check(
        name="journal",
        ok=not unfinished,
        found=f"{settings.database}, {unfinished} unfinished runs",
        mend=mend,
        needed=False,
    )


def _catalog() -> Check:
    try:
        count = len(load_catalog().tools)
    except MasError as error:
        return Check(name="catalog", ok=False, found=error.message, mend=error.hint)
    return Check(name="catalog", ok=True, found=f"{count} tools")


def _cluster(settings: Settings) -> Check:
    """Whether a cluster would be found; it is not contacted."""
    try:
        source = ClusterReading(load_catalog(), settings.environment).find(None)
    except MasError as error:
        return Check(name="cluster", ok=False, found=error.message, mend=error.hint, needed=False)
    if source is None:
        return Check(
            name="cluster",
            ok=False,
            found="no kubeconfig context and no in-cluster account",
            mend="Give a snapshot: mas ask TEXT --cluster FILE",
            needed=False,
        )
    return Check(name="cluster", ok=True, found=f"{source.kind}: {source.name} (not contacted)")
