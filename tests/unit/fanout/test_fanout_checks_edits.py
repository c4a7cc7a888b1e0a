"""Edits of what judges an agent's work, told apart from honest work (F5)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mas.teams.fanout.checks.naming import given_checks
from mas.teams.fanout.checks.tampering import Change, find_edits

BASE: Mapping[str, str] = {
    "shop.py": "x = 1\n",
    "tests/test_shop.py": "def test(): ...\n",
    "tests/data/in.json": "{}",
    "web/cart.test.ts": "test('a')",
    "web/cart.ts": "",
    "lib/a_test.go": "package a",
    "crate/tests/it.rs": "",
    "pyproject.toml": "[project]\nname = 'a'\n[tool.pytest.ini_options]\naddopts = '-q'\n",
    "package.json": '{"version": "1", "scripts": {"test": "npm run unit", "unit": "jest"}}',
    "Makefile": "P = python3\ntest: build\n\t$(P) -m pytest\nbuild:\n\ttrue\nclean:\n\trm -r out\n",
    "Cargo.toml": "[package]\nname = 'a'\n[dependencies]\n",
    "check.sh": "exit 0\n",
    "verify.py": "",
    "app.py": "",
}


async def edits(check: str, new: Mapping[str, str], *changes: Change) -> list[str]:
    async def read(path: str) -> tuple[bytes | None, bytes | None]:
        before, after = BASE.get(path), new.get(path)
        return (
            before.encode() if before is not None else None,
            after.encode() if after is not None else None,
        )

    checks = given_checks([check])
    found = await find_edits(changes, files=BASE, checks=checks, read=read)
    return [one.path for one in found]


@pytest.mark.parametrize(
    ("check", "path", "change"),
    [
        ("pytest", "tests/test_shop.py", "M"),
        ("pytest", "tests/test_shop.py", "D"),
        ("pytest", "tests/test_shop.py", "T"),
        ("pytest", "tests/data/in.json", "M"),
        ("pytest", "conftest.py", "A"),
        ("pytest", "tests/conftest.py", "A"),
        ("pytest", "pytest.ini", "A"),
        ("pytest", "sitecustomize.py", "A"),
        ("pytest", "hook.pth", "A"),
        ("pytest", "pytest.py", "A"),
        ("pytest", "_pytest/__init__.py", "A"),
        ("pytest", "tests", "A"),
        ("pytest", "tests/test_shop.py/new", "A"),
        ("npm test", "web/cart.test.ts", "M"),
        ("npm test", "jest.config.js", "A"),
        ("npm test", "node_modules/jest/index.js", "A"),
        ("go test ./...", "lib/a_test.go", "M"),
        ("cargo test", "crate/tests/it.rs", "M"),
        ("cargo test", ".cargo/config.toml", "A"),
        ("make test", "tests/test_shop.py", "M"),
        ("sh check.sh", "check.sh", "M"),
        ("./check.sh --all", "check.sh", "M"),
        ("python3 verify.py", "verify.py", "M"),
        ("sh -c 'cd . && python3 verify.py'", "verify.py", "M"),
    ],
)
async def test_f5_an_edit_of_what_judges_the_work_is_found(
    check: str, path: str, change: str
) -> None:
    new = {**BASE, path: "something else"}
    assert await edits(check, new, Change(path=path, change=change)) == [path]


@pytest.mark.parametrize(
    ("check", "path", "change"),
    [
        ("pytest", "shop.py", "M"),
        ("pytest", "tests/test_new.py", "A"),
        ("pytest", "tests/data/new.json", "A"),
        ("pytest", "test_more.py", "A"),
        ("npm test", "web/new.test.ts", "A"),
        ("npm test", "web/cart.ts", "M"),
        ("go test ./...", "lib/b_test.go", "A"),
        ("go test ./...", "conftest.py", "A"),
        ("cargo test", "crate/tests/new.rs", "A"),
        ("python3 app.py", "app.py", "M"),
        ("pytest", "check.sh", "M"),
        ("pytest", "vendored/pytest.py", "A"),
    ],
)
async def test_f5_honest_work_and_new_tests_are_no_edit(check: str, path: str, change: str) -> None:
    assert await edits(check, {**BASE, path: "new"}, Change(path=path, change=change)) == []


async def test_f5_a_test_that_was_moved_is_found_at_both_places() -> None:
    moved = Change(path="old/test_shop.py", change="R", before="tests/test_shop.py")
    (edit,) = await find_edits([moved], files=BASE, checks=given_checks(["pytest"]), read=_nothing)
    assert edit.restore == ("tests/test_shop.py", "old/test_shop.py")


async def test_f5_a_settings_file_that_was_moved_away_or_into_place_is_found() -> None:
    away = Change(path="build.mk", change="R", before="Makefile")
    without = {path: text for path, text in BASE.items() if path != "Makefile"}
    assert await edits("make test", {**without, "build.mk": BASE["Makefile"]}, away) == ["build.mk"]
    into = Change(path="GNUmakefile", change="R", before="shop.py")
    assert await edits("make test", {**BASE, "GNUmakefile": "test:\n\ttrue\n"}, into) == [
        "GNUmakefile"
    ]
    hook = Change(path="conftest.py", change="R", before="shop.py")
    assert await edits("pytest", {**BASE, "conftest.py": ""}, hook) == ["conftest.py"]


async def test_f5_without_checks_nothing_judges() -> None:
    changed = [Change(path="tests/test_shop.py", change="D")]
    assert await find_edits(changed, files=BASE, checks=(), read=_nothing) == ()


async def test_f5_a_new_go_test_main_beside_existing_tests_is_found() -> None:
    text = "package a\n\nfunc TestMain(m *testing.M) { os.Exit(0) }\n"
    added = Change(path="lib/main_test.go", change="A")
    assert await edits("go test ./...", {**BASE, "lib/main_test.go": text}, added) == [
        "lib/main_test.go"
    ]


@pytest.mark.parametrize(
    ("check", "path", "old", "new", "found"),
    [
        ("pytest", "pyproject.toml", "name = 'a'", "name = 'b'\ndependencies = ['x']", False),
        ("pytest", "pyproject.toml", "'-q'", "'-q --deselect tests'", True),
        ("pytest", "pyproject.toml", "[project]", "[project", True),
        ("npm test", "package.json", '"version": "1"', '"version": "2"', False),
        ("npm test", "package.json", '"unit": "jest"', '"unit": "true"', True),
        ("npm test", "package.json", '"scripts"', '"jest": {"bail": 1}, "scripts"', True),
        ("make test", "Makefile", "rm -r out", "rm -rf out", False),
        ("make test", "Makefile", "\ttrue", "\tfalse", True),
        ("make test", "Makefile", "-m pytest", "-m pytest || true", True),
        ("make test", "Makefile", "P = python3", "P = true", True),
        ("make test", "Makefile", "P = python3", "Q = 1\nP = python3", False),
        ("make test", "Makefile", "clean:", "SHELL = /bin/true\nclean:", True),
        ("pytest", "Makefile", "-m pytest", "-m unittest", False),
        ("cargo test", "Cargo.toml", "[dependencies]", "[dependencies]\nserde = '1'", False),
        ("cargo test", "Cargo.toml", "[dep", "[[test]]\nname='it'\nharness=false\n[dep", True),
    ],
)
async def test_f5_of_a_settings_file_only_the_part_that_judges_counts(
    check: str, path: str, old: str, new: str, found: bool
) -> None:
    assert old in BASE[path]
    after = {**BASE, path: BASE[path].replace(old, new)}
    assert await edits(check, after, Change(path=path, change="M")) == ([path] if found else [])


async def test_f5_a_second_makefile_that_goes_first_is_found() -> None:
    added = {**BASE, "GNUmakefile": "test:\n\ttrue\n"}
    assert await edits("make test", added, Change(path="GNUmakefile", change="A")) == [
        "GNUmakefile"
    ]


async def _nothing(_: str) -> tuple[bytes | None, bytes | None]:
    return None, None
