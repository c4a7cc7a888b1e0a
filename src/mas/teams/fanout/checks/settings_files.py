"""The parts of settings files that decide how work is judged (F5).

A project file holds much that is an agent's to change. Only what these functions return is
compared between the base and its work.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from mas.core.values import JsonValue
from mas.teams.fanout.checks.detecting import mapping, parse_package
from mas.teams.fanout.checks.makefile import read_makefile

PARTS: Final = {
    "pyproject.toml": "python",
    "setup.cfg": "python",
    "tox.ini": "python",
    "noxfile.py": "python",
    "package.json": "js",
    ".npmrc": "js",
    "vite.config.js": "js",
    "vite.config.ts": "js",
    "vite.config.mjs": "js",
    "Cargo.toml": "rust",
    "Makefile": "make",
    "makefile": "make",
    "GNUmakefile": "make",
}
"""Names of files of which a part judges, and the language whose checks it judges."""

_BROKEN: Final = "cannot be read"
_RUN: Final = re.compile(r"\b(?:npm|pnpm|yarn)\s+(?:run(?:-script)?\s+)?([\w:.-]+)")
_RUNNERS: Final = ("jest", "vitest", "mocha", "ava", "tap", "c8", "nyc", "karma")
_NPMRC: Final = re.compile(r"^\s*(script-shell|node-options|ignore-scripts|prefix)\s*=.*$", re.M)
_VARIABLE: Final = re.compile(r"\$[({]([\w.-]+)")
_ALWAYS: Final = ("SHELL", ".SHELLFLAGS", "MAKEFLAGS", "PATH", "PYTHONPATH", "GOFLAGS")


def judging_part(name: str, text: bytes | None, targets: Sequence[str] = ("test",)) -> object:
    """What judges in a file of this name, to be compared; the same for a file without any."""
    if text is None:
        text = b""
    return _READERS[name](text.decode("utf-8", "replace"), targets)


def _pyproject(text: str, _targets: Sequence[str]) -> object:
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return _BROKEN
    tool, project = tree.get("tool"), tree.get("project")
    tool = tool if isinstance(tool, dict) else {}
    points = project.get("entry-points") if isinstance(project, dict) else {}
    return _present(
        {
            **{name: tool.get(name) for name in ("pytest", "coverage", "tox", "nox")},
            "pytest11": points.get("pytest11") if isinstance(points, dict) else None,
        }
    )


def _ini(text: str, _targets: Sequence[str]) -> object:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return _BROKEN
    starts = ("pytest", "tool:pytest", "testenv", "tox", "coverage", "unittest")
    return {
        section: sorted(parser.items(section))
        for section in parser.sections()
        if section.startswith(starts)
    }


def _package(text: str, _targets: Sequence[str]) -> object:
    if text.strip() and not parse_package(text.encode()):
        return _BROKEN
    package = parse_package(text.encode())
    scripts = mapping(package.get("scripts"))
    return _present(
        {
            "scripts": _present(_reached(scripts, ("pretest", "test", "posttest"))),
            **{name: package.get(name) for name in _RUNNERS},
        }
    )


def _reached(scripts: Mapping[str, JsonValue], start: Iterable[str]) -> dict[str, JsonValue]:
    """The scripts that these run, and those that they run in turn."""
    reached: dict[str, JsonValue] = {}
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        script = reached[name] = scripts.get(name)
        for called in _RUN.findall(script) if isinstance(script, str) else ():
            waiting += [f"pre{called}", called, f"post{called}"]
    return reached


def _npmrc(text: str, _targets: Sequence[str]) -> object:
    return [found.group(0).strip() for found in _NPMRC.finditer(text)]


def _whole_if_testing(text: str, _targets: Sequence[str]) -> object:
    return text if re.search(r"\btest\b", text) else ""


def _whole(text: str, _targets: Sequence[str]) -> object:
    return text


def _cargo(text: str, _targets: Sequence[str]) -> object:
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return _BROKEN
    package, profile = tree.get("package"), tree.get("profile")
    library = tree.get("lib")
    keys = ("test", "doctest", "harness")
    return _present(
        {
            "test": tree.get("test"),
            "auto": package.get("autotests") if isinstance(package, dict) else None,
            "lib": _present({key: library.get(key) for key in keys})
            if isinstance(library, dict)
            else None,
            "profile": profile.get("test") if isinstance(profile, dict) else None,
        }
    )


def _makefile(text: str, targets: Sequence[str]) -> object:
    """Rules that the targets reach, and the variables that those use."""
    rules, variables, includes = read_makefile(text)
    waiting, reached = list(targets), {}
    while waiting:
        target = waiting.pop()
        if target not in reached and target in rules:
            needs, recipe = rules[target]
            reached[target] = (needs, recipe)
            waiting += needs.split()
            waiting += re.findall(r"\$\(MAKE\)\s+([\w.-]+)", recipe)
    used, text_used = {}, repr(reached) + repr(_ALWAYS)
    names = [*_VARIABLE.findall(text_used), *_ALWAYS]
    while names:
        name = names.pop()
        if name not in used and name in variables:
            used[name] = variables[name]
            names += _VARIABLE.findall(repr(variables[name]))
    return (sorted(reached.items()), sorted(used.items()), includes)


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {}, [])}


_READERS: Final[Mapping[str, Callable[[str, Sequence[str]], object]]] = {
    "pyproject.toml": _pyproject,
    "setup.cfg": _ini,
    "tox.ini": _ini,
    "noxfile.py": _whole,
    "package.json": _package,
    ".npmrc": _npmrc,
    "vite.config.js": _whole_if_testing,
    "vite.config.ts": _whole_if_testing,
    "vite.config.mjs": _whole_if_testing,
    "Cargo.toml": _cargo,
    "Makefile": _makefile,
    "makefile": _makefile,
    "GNUmakefile": _makefile,
}
