"""The planned check: it must be able to fail, and its outcome is read by code (A2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.agents.checks import Check, CheckDraft, fault_of, outcome_of
from mas.core.calls import Assessment, ToolOutput

READ = Assessment(risk="read")
WRITE = Assessment(risk="write")


def command(*argv: str, exit_code: int | None = 0, contains: str = "") -> Check:
    return Check(
        kind="tool",
        tool="command.run",
        arguments={"argv": list(argv)},
        exit_code=exit_code,
        contains=contains,
    )


@pytest.mark.parametrize(
    "check",
    [
        command("pytest", "-q"),
        command("python", "-m", "pytest"),
        command("sh", "-c", "cd app && pytest -q"),
        command("sh", "-c", "pytest -q && echo ok"),
        command("sh", "-c", "pytest -q || exit 1"),
        command("sh", "-c", "kubectl get pods | grep -q Running"),
        command("bash", "-o", "pipefail", "-c", "set -o pipefail; pytest -q | tail -1"),
        command("timeout", "60", "pytest"),
        command("bash", "check.sh"),
        command("kubectl", "rollout", "status", "deploy/web"),
        command("cat", "app.py", exit_code=None, contains="def main"),
        command("grep", "-q", "flask", "requirements.txt"),
    ],
    ids=str,
)
def test_a2_a_check_that_can_fail_is_taken(check: Check) -> None:
    assert fault_of(check, WRITE, changes=True) == ""


@pytest.mark.parametrize(
    "check",
    [
        command("true"),
        command("/bin/true"),
        command("echo", "all tests passed"),
        command("env", "A=1", "true"),
        command("timeout", "-k", "5", "60s", "true"),
        command("sh", "-ec", "echo a && true"),
        command("sh", "-c", "pytest & "),
        command("sh", "-c", "true"),
        command("sh", "-c", "pytest -q || true"),
        command("bash", "-c", "pytest -q; echo done"),
        command("bash", "-c", "pytest -q | tail -1"),
        command("bash", "-c", "exit 0"),
        command("sh", "-c", "pytest; :"),
    ],
    ids=str,
)
def test_a2_a_command_that_always_succeeds_is_no_check(check: Check) -> None:
    assert "cannot fail" in fault_of(check, WRITE, changes=True)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (command("pytest", exit_code=None), "state what is expected"),
        (command("echo", "done", exit_code=None, contains="done"), "stands in the call"),
        (command("echo", "al", "ok", exit_code=None, contains="al ok"), "stands in the call"),
        (Check(kind="tool", tool="files.read", exit_code=0), "has none"),
        (Check(kind="grounded"), "must be of the kind"),
    ],
    ids=str,
)
def test_a2_a_check_without_an_expectation_of_its_own_is_refused(check: Check, said: str) -> None:
    assert said in fault_of(check, READ, changes=True)


def test_a2_a_check_neither_changes_nor_destroys() -> None:
    write = Check(kind="tool", tool="files.write", contains="x")
    assert "changes things" in fault_of(write, WRITE, changes=True)
    destroys = Assessment(risk="destructive")
    assert "destroy" in fault_of(command("rm", "-rf", "x"), destroys, changes=True)
    assert "no tool" in fault_of(Check(kind="tool", tool="nope", contains="x"), None, changes=True)


def test_a2_words_alone_are_enough_where_nothing_changes() -> None:
    assert fault_of(Check(kind="grounded"), None, changes=False) == ""


@pytest.mark.parametrize(
    ("check", "output", "reached"),
    [
        (command("pytest"), ToolOutput(text="5 passed", exit_code=0), True),
        (command("pytest"), ToolOutput(text="1 failed", exit_code=1, failed=True), False),
        (command("pytest"), ToolOutput(text="timed out", exit_code=None, failed=True), False),
        (command("pytest", contains="5 passed"), ToolOutput(text="4 passed", exit_code=0), False),
        (
            command("grep", "x", "f", exit_code=1),
            ToolOutput(text="", exit_code=1, failed=True),
            True,
        ),
        (
            command("cat", "f", exit_code=None, contains="flask"),
            ToolOutput(text="no such file: flask", exit_code=1, failed=True),
            False,
        ),
    ],
)
def test_a2_the_outcome_is_what_the_call_has_shown(
    check: Check, output: ToolOutput, reached: bool
) -> None:
    assert outcome_of(check, output)[0] is reached


@pytest.mark.parametrize("arguments", ['{"argv": ["ls"]}', {"argv": ["ls"]}])
def test_a2_arguments_come_as_text_or_as_an_object(arguments: object) -> None:
    draft = CheckDraft(kind="tool", tool="command.run", arguments=arguments, exit_code=0)
    assert draft.to_check() == command("ls")


@pytest.mark.parametrize("arguments", ["{", "[1]", "7", [1]])
def test_a2_arguments_that_are_no_object_are_refused(arguments: object) -> None:
    with pytest.raises(ValueError, match="arguments"):
        CheckDraft(kind="tool", arguments=arguments).to_check()


@given(st.text(max_size=60), st.text(max_size=60), st.integers(), st.booleans())
def test_a2_a_failed_call_passes_only_by_the_exit_code_that_was_stated(
    text: str, contains: str, code: int, failed: bool
) -> None:
    output = ToolOutput(text=text, exit_code=code, failed=failed)
    by_text = Check(kind="tool", tool="t", contains=contains)
    assert outcome_of(by_text, output)[0] == (not failed and contains in text)
    by_code = Check(kind="tool", tool="t", exit_code=code)
    assert outcome_of(by_code, output)[0]
