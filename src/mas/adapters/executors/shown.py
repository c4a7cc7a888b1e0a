"""What of this machine an isolated command sees beside its own folders, all of it read-only (S3).

Programs and what they need to start; never a home, a configuration with secrets, or a socket.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import mas

SYSTEM: Final = tuple(
    Path(folder) for folder in "/usr /bin /sbin /lib /lib32 /lib64 /libx32 /opt /nix/store".split()
)
"""Where a system keeps programs and libraries."""

SETTINGS: Final = tuple(
    Path("/etc") / name
    for name in """
    alternatives ca-certificates ca-certificates.conf crypto-policies debian_version fonts gai.conf
    group host.conf hosts java-17-openjdk java-21-openjdk ld.so.cache ld.so.conf ld.so.conf.d
    locale.alias localtime lsb-release magic mime.types nsswitch.conf os-release passwd
    pki/ca-trust pki/tls/cert.pem pki/tls/certs protocols resolv.conf services ssl/cert.pem
    ssl/certs ssl/openssl.cnf terminfo timezone
    """.split()
)
"""What programs read of `/etc` and nobody keeps secret. Package managers' own settings are not
here: they may hold passwords of mirrors."""

_OF_A_PREFIX: Final = ("bin", "lib", "lib64", "libexec", "include")
_LINKS_FOLLOWED: Final = 500
"""Entries of one folder of programs that are looked at."""


def programs(path: str, more: Iterable[Path], hidden: Path) -> tuple[Path, ...]:
    """Folders to show beside `SYSTEM` and `SETTINGS` so that programs start.

    `path` is the PATH, `more` are folders that were named. A folder that holds `hidden` is shown
    without the entry in which `hidden` lies.
    """
    wanted: dict[Path, None] = {}
    for folder in _named(path, more):
        for needed in _closure(folder):
            wanted[needed] = None
    found: dict[Path, None] = {}
    for folder in sorted(wanted, key=lambda one: len(one.parts)):
        inside_another = any(folder.is_relative_to(other) for other in found)
        if not inside_another and not _of_system(folder):
            found[folder] = None
    return tuple(part for folder in found for part in without(folder, hidden))


def system(hidden: Path) -> tuple[Path, ...]:
    """`SYSTEM` as far as it exists, without the entry in which `hidden` lies."""
    real = [folder for folder in SYSTEM if folder.exists()]
    return tuple(part for folder in real for part in without(folder, hidden))


def without(folder: Path, hidden: Path) -> tuple[Path, ...]:
    """A folder, or all its entries but the one in which `hidden` lies."""
    if folder.is_symlink() or not hidden.is_relative_to(folder) or not folder.is_dir():
        return (folder,)
    left: list[Path] = []
    for entry in sorted(folder.iterdir()):
        # A workspace below /usr/local hides its own entry there, and not all of /usr/local.
        if entry in (Path("/usr/local"), Path("/usr/lib")):
            left += without(entry, hidden)
        elif not hidden.is_relative_to(entry):
            left.append(entry)
    return tuple(left)


def _named(path: str, more: Iterable[Path]) -> Iterator[Path]:
    """Folders of programs: of the PATH, of the interpreter, of this package, and the named."""
    for entry in path.split(os.pathsep):
        folder = Path(entry)
        if folder.is_absolute() and folder.is_dir() and not _holds_homes(folder):
            yield folder
    for prefix in {Path(sys.prefix), Path(sys.base_prefix)}:
        yield from _prefix(prefix)
    yield Path(mas.__file__).resolve().parent
    for folder in more:
        if folder.exists():
            yield folder


def _closure(folder: Path) -> Iterator[Path]:
    """A folder of programs, and the places that its links and environments lead to."""
    queue, seen = [folder], set[Path]()
    while queue:
        one = queue.pop()
        if one in seen or _of_system(one):
            continue
        seen.add(one)
        yield one
        queue += _leads_to(one)


def _leads_to(folder: Path) -> Iterator[Path]:
    real = folder.resolve()
    if real != folder:
        yield real
    if folder.name == "shims":
        # Each shim asks the version manager around it which program is meant.
        if not _holds_homes(folder.parent):
            yield folder.parent
        return
    if not folder.is_dir():
        return
    if _environment(folder) or _environment(folder.parent):
        root = folder if _environment(folder) else folder.parent
        yield root
        yield from _home_of(root)
    bins = [one for one in (folder, folder / "bin") if one.name in ("bin", "sbin")]
    for place in bins or [folder]:
        yield from _link_targets(place)
        if any(one.is_file() and not one.is_symlink() for one in place.glob("python3*")):
            yield from _prefix(place.parent)


def _link_targets(folder: Path) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))[:_LINKS_FOLLOWED]
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink():
            target = Path(os.path.realpath(entry.path))
            if target.is_file() and not target.is_relative_to(folder) and not _of_system(target):
                yield from _around(target)


def _around(program: Path) -> Iterator[Path]:
    """What a program that a link leads to needs: its folder, or the prefix that it is part of."""
    folder = program.parent
    if folder.name in ("bin", "sbin"):
        yield from _prefix(folder.parent)
    elif not _holds_homes(folder):
        yield folder


def _prefix(prefix: Path) -> Iterator[Path]:
    """A prefix as a whole where it is an environment or package, else its usual folders."""
    whole = _environment(prefix) or (prefix / "package.json").exists()
    if whole and not _holds_homes(prefix):
        yield prefix
        return
    for name in _OF_A_PREFIX:
        if (prefix / name).is_dir():
            yield prefix / name


def _environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").is_file()


def _home_of(environment: Path) -> Iterator[Path]:
    """The Python that a virtual environment was made from."""
    try:
        text = (environment / "pyvenv.cfg").read_text("utf-8", "replace")
    except OSError:
        return
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "home" and Path(value.strip()).is_absolute():
            yield from _prefix(Path(value.strip()).parent)


def _of_system(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in SYSTEM)


def _holds_homes(folder: Path) -> bool:
    """Whether homes lie in this folder, or it is one."""
    homes = {Path("/root"), Path("/home"), Path("/Users"), Path(os.path.expanduser("~"))}  # noqa: PTH111
    return folder.parent == Path("/home") or any(home.is_relative_to(folder) for home in homes)
