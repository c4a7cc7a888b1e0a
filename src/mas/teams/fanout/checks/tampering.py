"""Which files that judge its work an agent has edited (F5).

New tests are welcome. An existing test that is changed, moved or removed, and settings that decide
how tests are run and counted, are not the agent's to edit: its checks are run again with those
files as they are on the base.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from mas.teams.fanout.checks.detecting import PYTHON_TEST
from mas.teams.fanout.checks.model import Check, CheckKind, JudgingEdit, Reason
from mas.teams.fanout.checks.scripts import judging_scripts
from mas.teams.fanout.checks.settings_files import PARTS, judging_part

ReadBoth = Callable[[str], Awaitable[tuple[bytes | None, bytes | None]]]
"""Reads a file by its path, on the base and in the agent's work; None: it is not there."""

_PYTHON, _JS, _GO, _RUST, _MAKE = "python", "js", "go", "rust", "make"
_ALWAYS: Final = frozenset({_JS, _RUST, _MAKE})
"""Whose tests need not stand in files of a certain name."""
_EVERY: Final = frozenset({_PYTHON, _JS, _GO, _RUST, _MAKE})
_OF_KIND: Final[dict[CheckKind, frozenset[str]]] = {
    "pytest": frozenset({_PYTHON}),
    "unittest": frozenset({_PYTHON}),
    "go": frozenset({_GO}),
    "cargo": frozenset({_RUST}),
    # What these start is not known from the command line.
    "npm": _EVERY - {_MAKE},
    "make": _EVERY,
    "command": _EVERY,
}
_TEST_FOLDERS: Final = frozenset(
    "test tests __tests__ spec specs testdata __snapshots__ __mocks__ snapshots".split()
)
_TEST_FILES: Final = {
    _PYTHON: PYTHON_TEST,
    _JS: re.compile(r"\.(test|spec)\.[cm]?[jt]sx?(\.snap)?$|(^|/)test\.[cm]?[jt]s$"),
    _GO: re.compile(r"_test\.go$"),
    _RUST: re.compile(r"(^|/)tests?\.rs$|_tests?\.rs$"),
}
_SETTINGS: Final = {
    _PYTHON: re.compile(
        r"(^|/)(conftest\.py|\.?pytest\.ini|\.coveragerc|(site|user)customize\.py|[^/]+\.pth)$"
    ),
    _JS: re.compile(
        r"(^|/)((jest|vitest|karma|playwright|cypress|ava|wallaby)\.(config|setup|workspace)\."
        r"[cm]?[jt]s(on)?|\.mocharc\.\w+|\.taprc)$|(^|/)node_modules/"
    ),
    _GO: re.compile(r"(^|/)go\.env$"),
    _RUST: re.compile(r"(^|/)\.cargo/config(\.toml)?$"),
}
"""Every change of these counts, and adding them as well."""
_SHADOWS: Final = re.compile(r"^(pytest|_pytest|unittest|pluggy|xdist|coverage)(\.py$|/)")
"""In the top folder these are imported in place of the runner itself."""
_TEST_MAIN: Final = re.compile(rb"^func\s+(TestMain|init)\s*\(", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Change:
    """A file that differs from the base; `change` is A, M, D, R or T."""

    path: str
    change: str
    before: str = ""
    """Where it was, when it was renamed."""


async def find_edits(
    changes: Iterable[Change],
    *,
    files: Collection[str],
    checks: Sequence[Check],
    read: ReadBoth,
) -> tuple[JudgingEdit, ...]:
    """The changes by which an agent has edited what judges it, in the order of their paths.

    `files` are the paths of the base. Files are read only where a part of them judges.
    """
    judge = _Judge.of(files, checks)
    found = []
    for change in sorted(changes, key=lambda one: one.path):
        key = judge.at_sight(change)
        if not key:
            key = await _changed_part(change, judge, read)
        if not key and change.change == "A" and judge.may_hold_main(change.path):
            _, after = await read(change.path)
            key = "edit.added_main" if _TEST_MAIN.search(after or b"") else ""
        if key:
            found.append(
                JudgingEdit(
                    path=change.path,
                    change=change.change,
                    before=change.before,
                    reason=Reason(key=key, params={"path": change.before or change.path}),
                )
            )
    return tuple(found)


async def _changed_part(change: Change, judge: _Judge, read: ReadBoth) -> str:
    # Of a file that was renamed, what it judged at either place counts.
    for path in filter(judge.has_judging_part, (change.path, change.before)):
        name = PurePosixPath(path).name
        before, after = await read(path)
        if judging_part(name, before, judge.targets) != judging_part(name, after, judge.targets):
            return "edit.settings"
    return ""


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """What is known of the files that judge, from the base and its checks."""

    files: frozenset[str]
    folders: frozenset[str]
    languages: frozenset[str]
    scripts: frozenset[str]
    targets: tuple[str, ...]
    """Of make."""
    tested: frozenset[str]
    """Languages that have a test on the base: settings added without any judge nothing."""
    go_packages: frozenset[str]

    @classmethod
    def of(cls, files: Collection[str], checks: Sequence[Check]) -> _Judge:
        languages = frozenset().union(*(_OF_KIND[check.kind] for check in checks))
        parents = {str(up) for path in files for up in PurePosixPath(path).parents}
        return cls(
            files=frozenset(files),
            folders=frozenset(parents - {"."}),
            languages=languages,
            scripts=judging_scripts(checks, files),
            targets=tuple(
                word
                for check in checks
                if check.kind == "make"
                for word in check.argv[1:]
                if not word.startswith("-") and "=" not in word
            )
            or ("test",),
            tested=_ALWAYS
            | frozenset(
                language
                for language, pattern in _TEST_FILES.items()
                if any(pattern.search(path) or _in_test_folder(path) for path in files)
            ),
            go_packages=frozenset(
                str(PurePosixPath(path).parent) for path in files if path.endswith("_test.go")
            ),
        )

    def at_sight(self, change: Change) -> str:
        """The key of the reason why this change counts whatever it says; empty: it does not."""
        if not self.languages:
            return ""
        existing = change.before or (change.path if change.change not in ("A", "C") else "")
        if existing in self.scripts:
            return "edit.script"
        if existing and self._is_test(existing):
            return "edit.test_removed" if change.change == "D" else "edit.test"
        if existing and self._is_setting(existing):
            return "edit.settings"
        if not existing or change.before:
            return self._added(change.path)
        return ""

    def has_judging_part(self, path: str) -> bool:
        """Whether only a part of this file judges, so that it has to be read."""
        language = PARTS.get(PurePosixPath(path).name, "")
        return language in self.languages & self.tested

    def may_hold_main(self, path: str) -> bool:
        """Whether it is a new Go test file beside tests that it could keep from running."""
        return (
            _GO in self.languages
            and path.endswith("_test.go")
            and str(PurePosixPath(path).parent) in self.go_packages
        )

    def _added(self, path: str) -> str:
        if self._is_setting(path) or (_PYTHON in self.languages and _SHADOWS.match(path)):
            return "edit.settings_added" if path not in self.files else ""
        # A file or link in the place of a folder, or the other way round.
        if path in self.folders and any(
            self._is_test(one) for one in self.files if one.startswith(f"{path}/")
        ):
            return "edit.test"
        parents = (str(up) for up in PurePosixPath(path).parents)
        return "edit.test" if any(up in self.files and self._is_test(up) for up in parents) else ""

    def _is_test(self, path: str) -> bool:
        return _in_test_folder(path) or any(
            pattern.search(path)
            for language, pattern in _TEST_FILES.items()
            if language in self.languages
        )

    def _is_setting(self, path: str) -> bool:
        return any(
            pattern.search(path)
            for language, pattern in _SETTINGS.items()
            if language in self.languages & self.tested
        )


def _in_test_folder(path: str) -> bool:
    return not _TEST_FOLDERS.isdisjoint(PurePosixPath(path).parts[:-1])
