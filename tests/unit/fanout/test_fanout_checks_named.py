"""Checks that are named, and those that are found in a repository (F5, Q1)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mas.core.errors import UserError
from mas.teams.fanout.checks.detecting import detect
from mas.teams.fanout.checks.model import Check
from mas.teams.fanout.checks.naming import given_checks, kind_of
from mas.teams.fanout.checks.reading import asked_for_report
from mas.teams.fanout.checks.wording import say


async def detected(files: Mapping[str, str]) -> tuple[Check, ...]:
    async def read(path: str) -> bytes | None:
        return files[path].encode() if path in files else None

    return await detect(files, read)


@pytest.mark.parametrize("command", ["", "   ", "''", 'pytest "a', "a\0b"])
def test_q1_a_check_that_is_no_command_line_is_refused(command: str) -> None:
    with pytest.raises(UserError) as caught:
        given_checks([command])
    assert caught.value.code == "bad_check"
    assert caught.value.hint


def test_f5_a_named_check_is_split_like_a_shell_does_and_kept_as_it_was_typed() -> None:
    (check,) = given_checks(["  grep -q 'a b' \"$HOME\" "])
    assert check.argv == ("grep", "-q", "a b", "$HOME")
    assert check.command == "grep -q 'a b' \"$HOME\""
    assert check.kind == "command"


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("pytest -q", "pytest"),
        ("/opt/bin/py.test", "pytest"),
        ("python3.12 -X dev -m pytest tests", "pytest"),
        ("uv run pytest", "pytest"),
        ("coverage run -m pytest", "pytest"),
        ("env A=b pytest", "pytest"),
        ("python -m unittest discover", "unittest"),
        ("go test ./...", "go"),
        ("go vet ./...", "command"),
        ("cargo +nightly test --workspace", "cargo"),
        ("cargo build", "command"),
        ("npm test", "npm"),
        ("node --test", "npm"),
        ("make test", "make"),
        ("sh -c 'pytest -q'", "command"),
    ],
)
def test_f5_the_runner_is_told_by_the_command_line(command: str, kind: str) -> None:
    (check,) = given_checks([command])
    assert kind_of(check.argv) == kind


def test_f5_runners_are_asked_for_a_report_wherever_they_may_be_hidden() -> None:
    pytest_, go, make, odd = given_checks(
        ["pytest -q --junitxml=own.xml", "go test ./...", "make test", "pytest -- a"]
    )
    assert asked_for_report(pytest_, "/r/x")[0][-1] == "--junitxml=/r/x"
    assert asked_for_report(go, "/r/x")[0] == ("go", "test", "-json", "./...")
    assert asked_for_report(make, "/r/x") == (make.argv, {"PYTEST_ADDOPTS": "--junitxml=/r/x"})
    assert asked_for_report(odd, "/r/x")[0] == odd.argv


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ({}, []),
        ({"README.md": ""}, []),
        ({"a/test_b.py": ""}, ["python3 -m pytest"]),
        ({"conftest.py": ""}, ["python3 -m pytest"]),
        ({"pyproject.toml": "[tool.pytest.ini_options]"}, ["python3 -m pytest"]),
        ({"pyproject.toml": "[project]"}, []),
        ({"setup.cfg": "[tool:pytest]"}, ["python3 -m pytest"]),
        ({"node_modules/a/test_b.py": "", "vendor/x/conftest.py": ""}, []),
        ({"go.mod": "", "a/b_test.go": ""}, ["go test ./..."]),
        ({"go.mod": "", "a/b.go": ""}, []),
        ({"Cargo.toml": ""}, ["cargo test"]),
        ({"package.json": '{"scripts": {"test": "jest"}}'}, ["npm test"]),
        ({"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\""}}'}, []),
        ({"package.json": "{broken"}, []),
        ({"package.json": "[1]"}, []),
        ({"Makefile": "all: x\ntest: all\n\ttrue\n"}, ["make test"]),
        ({"Makefile": "tests:\n\ttrue\n"}, []),
        ({"Makefile": "test = 1\n"}, []),
        ({"Makefile": "test:\n\tpytest", "test_a.py": ""}, ["python3 -m pytest"]),
        (
            {"test_a.py": "", "go.mod": "", "b_test.go": ""},
            ["python3 -m pytest", "go test ./..."],
        ),
    ],
)
async def test_f5_checks_are_found_by_the_files_of_the_base(
    files: Mapping[str, str], commands: list[str]
) -> None:
    found = await detected(files)
    assert [check.command for check in found] == commands
    assert [check.id for check in found] == [f"check-{n + 1}" for n in range(len(commands))]
    for check in found:
        assert any(name.split("/")[-1] in say(check.why, "en") for name in files)


async def test_f5_packages_are_installed_before_npm_test_where_a_lock_pins_them() -> None:
    package = '{"scripts": {"test": "jest"}, "devDependencies": {"jest": "1"}}'
    (locked,) = await detected({"package.json": package, "package-lock.json": "{}"})
    (loose,) = await detected({"package.json": package})
    assert locked.prepare == (("npm", "ci", "--no-audit", "--no-fund"),)
    assert loose.prepare == ()
