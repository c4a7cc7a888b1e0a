"""Where programs are, and which folders they need to start (S1)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_SHEBANG_BYTES = 256


def program_on(path: str, name: str) -> Path | None:
    """The program that a `PATH` gives for a name, or that a path names; None: there is none."""
    found = shutil.which(name, path=path)
    return None if found is None else Path(os.path.abspath(found))  # noqa: PTH100 - keeps links


def folders_for(program: Path, path: str) -> tuple[Path, ...]:
    """Folders that have to be seen for a program to start: its own, and its interpreter's.

    A program that a package manager has put below a home is a link into the package's folder, or
    a script with an interpreter of its own; no more of the home is named than these.
    """
    folders: dict[Path, None] = {}
    current: Path | None = program
    for _ in range(4):  # a script, `env`, its interpreter, and what that links to
        if current is None:
            break
        folders[current.parent] = None
        for folder in _around(current.resolve()):
            folders[folder] = None
        current = _interpreter(current, path)
    return tuple(folders)


def _around(real: Path) -> tuple[Path, ...]:
    """The folders that belong to a program, links followed."""
    packages = [one for one in real.parents if one.name == "node_modules"]
    if packages:
        return (packages[-1],)
    if real.parent.name != "bin":
        return (real.parent,)
    prefix = real.parent.parent
    if (prefix / "pyvenv.cfg").is_file():
        return (prefix, *_base_of(prefix))
    return tuple(one for one in (real.parent, prefix / "lib") if one.is_dir())


def _base_of(environment: Path) -> tuple[Path, ...]:
    """The Python that a virtual environment was made from."""
    python = environment / "bin" / "python"
    real = python.resolve()
    if not real.is_file() or real.is_relative_to(environment):
        return ()
    return tuple(one for one in (real.parent, real.parent.parent / "lib") if one.is_dir())


def _interpreter(program: Path, path: str) -> Path | None:
    """What a script names in its first line."""
    try:
        with program.open("rb") as stream:
            first = stream.readline(_SHEBANG_BYTES)
    except OSError:
        return None
    if not first.startswith(b"#!"):
        return None
    words = first[2:].decode("utf-8", "replace").split()
    if words and words[0].endswith("/env"):
        words = [one for one in words[1:] if not one.startswith("-") and "=" not in one]
    return program_on(path, words[0]) if words else None
