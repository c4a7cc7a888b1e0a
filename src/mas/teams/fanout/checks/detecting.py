"""Which checks a repository has, told by the files of its base (F5)."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Collection
from pathlib import PurePosixPath
from typing import Final

from mas.core.values import JsonValue
from mas.teams.fanout.checks.makefile import read_makefile
from mas.teams.fanout.checks.model import Check, CheckKind, Reason

Read = Callable[[str], Awaitable[bytes | None]]
"""Reads a file of the base by its path; None: it is not there, or not a file."""

PYTHON_TEST: Final = re.compile(r"(^|/)(test_[^/]*|[^/]*_test)\.py$")
_ELSEWHERE: Final = frozenset(
    {"node_modules", "vendor", "third_party", ".venv", "venv", "site-packages", "testdata", ".git"}
)
_NO_TEST: Final = re.compile(r"no test specified")
_MAKEFILES: Final = ("GNUmakefile", "makefile", "Makefile")
"""In the order in which make looks for them."""


async def detect(files: Collection[str], read: Read) -> tuple[Check, ...]:
    """The checks of a base with these files, one for each language that has tests.

    `make test` is taken only where no runner of a language is found, since it says less about
    single tests.
    """
    own = {path for path in files if not _ELSEWHERE & set(PurePosixPath(path).parts[:-1])}
    found = [
        one for look in (_pytest, _go, _cargo, _npm) if (one := await look(own, read)) is not None
    ] or [one for one in [await _make(own, read)] if one is not None]
    return tuple(
        Check(
            id=f"check-{number}",
            argv=argv,
            kind=kind,
            why=why,
            command=" ".join(argv),
            prepare=prepare,
        )
        for number, (kind, argv, why, prepare) in enumerate(found, start=1)
    )


_Found = tuple[CheckKind, tuple[str, ...], Reason, tuple[tuple[str, ...], ...]]


def _by(file: str) -> Reason:
    return Reason(key="why.detected", params={"file": file})


async def _pytest(files: Collection[str], read: Read) -> _Found | None:
    argv = ("python3", "-m", "pytest")
    for path, mark in (
        ("pytest.ini", b""),
        (".pytest.ini", b""),
        ("pyproject.toml", b"[tool.pytest"),
        ("tox.ini", b"[pytest]"),
        ("setup.cfg", b"[tool:pytest]"),
    ):
        if path in files and mark in (await read(path) or b""):
            return "pytest", argv, _by(path), ()
    names = sorted(path for path in files if PurePosixPath(path).name == "conftest.py")
    tests = sorted(path for path in files if PYTHON_TEST.search(path))
    for path in (*names, *tests):
        return "pytest", argv, _by(path), ()
    return None


async def _go(files: Collection[str], _read: Read) -> _Found | None:
    if "go.mod" not in files and "go.work" not in files:
        return None
    test = next((path for path in sorted(files) if path.endswith("_test.go")), None)
    return ("go", ("go", "test", "./..."), _by(test), ()) if test else None


async def _cargo(files: Collection[str], _read: Read) -> _Found | None:
    # Tests of Rust stand in ordinary source files: that it is a crate has to do.
    return ("cargo", ("cargo", "test"), _by("Cargo.toml"), ()) if "Cargo.toml" in files else None


async def _npm(files: Collection[str], read: Read) -> _Found | None:
    if "package.json" not in files:
        return None
    package = parse_package(await read("package.json"))
    script = mapping(package.get("scripts")).get("test")
    if not isinstance(script, str) or not script.strip() or _NO_TEST.search(script):
        return None
    needs = any(package.get(name) for name in ("dependencies", "devDependencies"))
    locked = "package-lock.json" in files or "npm-shrinkwrap.json" in files
    prepare = (("npm", "ci", "--no-audit", "--no-fund"),) if needs and locked else ()
    return "npm", ("npm", "test"), _by("package.json"), prepare


async def _make(files: Collection[str], read: Read) -> _Found | None:
    path = next((name for name in _MAKEFILES if name in files), None)
    if path is None:
        return None
    rules, _, _ = read_makefile((await read(path) or b"").decode("utf-8", "replace"))
    if "test" not in rules:
        return None
    return "make", ("make", "test"), _by(path), ()


def parse_package(text: bytes | None) -> dict[str, JsonValue]:
    """A package.json as far as it can be read; empty when it cannot."""
    try:
        value = json.loads(text or b"{}")
    except (ValueError, RecursionError):
        return {}
    return mapping(value)


def mapping(value: JsonValue) -> dict[str, JsonValue]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}
