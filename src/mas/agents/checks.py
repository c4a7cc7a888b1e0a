"""The check that decides whether a task has succeeded: it is planned, and code runs it (A2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec

from mas.agents.gate import COMMANDS
from mas.core.calls import Assessment, ToolOutput
from mas.core.models import ToolCall
from mas.core.values import JsonObject, JsonValue, encode_json

CheckKind = Literal["tool", "grounded"]

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ash", "ksh", "busybox"})
_WRAPPERS = frozenset({"env", "nice", "nohup", "time", "timeout", "stdbuf", "command"})
_ALWAYS_SUCCEED = frozenset({"true", ":", "echo", "printf", "sleep", "pwd", "date"})
_FILTERS = frozenset("tail head cat tee sed awk sort uniq wc cut tr less more column nl".split())
"""Programs that succeed whatever the one before them in a pipe has done."""

_ENDS = re.compile(r";|\n|\|\||(?<!&)&(?!&)")
_DURATION = re.compile(r"\d+(?:\.\d+)?[smhd]?")


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """How success is measured.

    `tool`: a call whose output must have `exit_code`, or hold `contains`, or both. `grounded`: the
    answer says nothing that was not read.
    """

    kind: CheckKind
    tool: str = ""
    arguments: JsonObject = msgspec.field(default_factory=dict)
    exit_code: int | None = None
    contains: str = ""

    @property
    def call(self) -> ToolCall:
        """The call to make, of a check by a tool."""
        return ToolCall(id="check", tool=self.tool, arguments=self.arguments)

    def __str__(self) -> str:
        if self.kind == "grounded":
            return "grounded"
        expected = [] if self.exit_code is None else [f"exit code {self.exit_code}"]
        expected += [f"output contains {self.contains!r}"] if self.contains else []
        arguments = encode_json(self.arguments).decode()[:300]
        return f"{self.tool} {arguments}: {', '.join(expected)}"


class CheckDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A check as a model writes it. Free-form objects do not go through every provider's typed
    output, so the arguments are JSON inside a text; an object is taken as well."""

    kind: CheckKind
    tool: str = ""
    arguments: Annotated[
        Any,
        msgspec.Meta(
            extra_json_schema={"type": "string", "description": "A JSON object, as text."}
        ),
    ] = "{}"
    exit_code: int | None = None
    contains: str = ""

    def to_check(self) -> Check:
        """The check itself.

        Raises:
            ValueError: The arguments are no JSON object.
        """
        arguments = self.arguments
        if isinstance(arguments, str):
            try:
                arguments = msgspec.json.decode(arguments or "{}")
            except msgspec.DecodeError as exc:
                raise ValueError(f"check.arguments is not JSON: {exc}.") from exc
        if arguments is not None and not isinstance(arguments, Mapping):
            raise ValueError("check.arguments must be a JSON object.")
        return Check(
            kind=self.kind,
            tool=self.tool.strip(),
            arguments=arguments or {},
            exit_code=self.exit_code,
            contains=self.contains.strip(),
        )


def fault_of(check: Check, assessed: Assessment | None, *, changes: bool) -> str:
    """What is wrong with a planned check, for the model that planned it; empty when it will do.

    Args:
        check: The check.
        assessed: What its call would do; None when there is no such tool.
        changes: The task may change things, or has; then words alone prove nothing.
    """
    if check.kind == "grounded":
        if changes:
            return 'This task may change things: its check must be of the kind "tool".'
        return ""
    if assessed is None:
        return f"check.tool: you have no tool {check.tool!r}."
    if assessed.risk == "destructive":
        return "check: a check must not destroy anything."
    if assessed.risk != "read" and check.tool not in COMMANDS:
        return f"check.tool: {check.tool} changes things; a check reads, or runs a command."
    if check.exit_code is None and not check.contains:
        return "check: state what is expected, `exit_code` or `contains`; else it cannot fail."
    if check.exit_code is not None and check.tool not in COMMANDS:
        return f"check.exit_code: {check.tool} has none; state `contains`."
    if check.contains and _stands_in(check.contains, check.arguments):
        return "check.contains: this text stands in the call itself, so it proves nothing."
    if check.exit_code is not None and _always_succeeds(check.arguments):
        return "check: this command has the same exit code whatever was done; it cannot fail."
    return ""


def outcome_of(check: Check, output: ToolOutput) -> tuple[bool, str]:
    """Whether the output of a check's call is what was expected, and what it was."""
    seen = f"exit code {output.exit_code}" if output.exit_code is not None else ""
    tail = " ".join(output.text.split())[-400:]
    said = ": ".join(part for part in (seen, tail) if part) or "no output"
    if check.exit_code is not None:
        reached = output.exit_code == check.exit_code
    else:
        reached = not output.failed
    return reached and check.contains in output.text, said


def _stands_in(text: str, arguments: JsonObject) -> bool:
    return any(text in one for one in _texts(arguments)) or text in " ".join(_texts(arguments))


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)


def _always_succeeds(arguments: JsonObject) -> bool:
    """Whether a command's exit code says nothing, as far as its words show."""
    argv = next(
        (list(map(str, value)) for value in arguments.values() if isinstance(value, list)), []
    )
    while argv and _is_prefix(argv[0]):
        argv = argv[1:]
    if not argv:
        return False
    program = argv[0].rpartition("/")[2]
    if program in _SHELLS:
        return _script_succeeds(_script_of(argv))
    return program in _ALWAYS_SUCCEED


def _is_prefix(word: str) -> bool:
    """Whether a word comes before the program that is run: `env A=1`, `timeout 60`."""
    return (
        word.rpartition("/")[2] in _WRAPPERS
        or "=" in word
        or word.startswith("-")
        or _DURATION.fullmatch(word) is not None
    )


def _script_of(argv: Sequence[str]) -> str:
    """What a shell is told to run: the text behind `-c`, or the file."""
    for option, word in pairwise(argv[1:]):
        if re.fullmatch(r"-[a-z]*c", option):
            return word
    return argv[-1]


def _script_succeeds(script: str) -> bool:
    """Whether what decides a script's exit code, its last list of commands, cannot fail."""
    last = _ENDS.split(script.strip().rstrip(";").strip())[-1]
    return all(_pipe_succeeds(pipe, script) for pipe in last.split("&&"))


def _pipe_succeeds(pipe: str, script: str) -> bool:
    words = pipe.rpartition("|")[2].split()
    if not words:
        return True
    if words[0] == "exit":
        return words[1:] in ([], ["0"])
    filters = "|" in pipe and "pipefail" not in script and words[0] in _FILTERS
    return filters or words[0] in _ALWAYS_SUCCEED
