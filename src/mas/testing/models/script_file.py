"""Scripts as JSON files, for servers in a process of their own.

    {
      "models": ["claude-test"],            names there are; without it, all are
      "key": "test-key",                    the key to be sent; without it, any will do
      "rules": [                            tried first, in this order
        {"role": "planner", "steps": [{"reply": {"output": {"tasks": []}}}], "repeat": true}
      ],
      "steps": [                            then one a request
        "Hello",                            short for {"reply": {"text": "Hello"}}
        {"reply": {"calls": [{"name": "read_file", "arguments": {"path": "a"}}]}},
        {"fault": {"kind": "status", "status": 429, "retry_after_seconds": 1}}
      ],
      "default": "Nothing more to say."     then this for ever; without it, an error 500
    }

A rule's conditions, a reply's fields and a fault's fields are those of `When`, `Reply` and `Fault`,
with durations in seconds: `delay_seconds`, `pause_seconds`, `retry_after_seconds`. An unknown field
is an error. A script in JSON cannot be a function.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mas.core.errors import UserError
from mas.testing.models.script import (
    NO_TIME,
    Call,
    Fault,
    FaultKind,
    Reply,
    Script,
    Step,
    Stop,
    Tokens,
    When,
)

Seconds = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]


@dataclass(frozen=True, kw_only=True)
class LoadedScript:
    """A file's script, and what it says about the server."""

    script: Script
    models: tuple[str, ...]
    key: str


class _Fields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the file."""


class _Call(_Fields, frozen=True, kw_only=True):
    name: str
    arguments: dict[str, Any] = {}


class _Usage(_Fields, frozen=True, kw_only=True):
    input: Count
    output: Count
    cache_read: Count = 0
    cache_write: Count = 0


class _Reply(_Fields, frozen=True, kw_only=True):
    text: str = ""
    calls: tuple[_Call, ...] = ()
    output: Any = None
    usage: _Usage | None = None
    stop: Stop | None = None
    delay_seconds: Seconds = 0
    pause_seconds: Seconds = 0


class _Fault(_Fields, frozen=True, kw_only=True):
    kind: FaultKind
    status: Annotated[int, Meta(ge=400, le=599)] = 500
    message: str = ""
    retry_after_seconds: Seconds | None = None
    body: Any = None
    reply: _Reply | None = None
    after_chars: Count = 20
    characters: Count = 100_000


class _Step(_Fields, frozen=True, kw_only=True):
    reply: _Reply | None = None
    fault: _Fault | None = None

    def __post_init__(self) -> None:
        if (self.reply is None) == (self.fault is None):
            raise ValueError("a step is either a reply or a fault")


class _Rule(_Fields, frozen=True, kw_only=True):
    steps: tuple[_Step | str, ...]
    contains: str = ""
    last: str = ""
    role: str = ""
    model: str = ""
    tool: str = ""
    after_tool: bool | None = None
    repeat: bool = False


class _File(_Fields, frozen=True, kw_only=True):
    models: tuple[str, ...] = ()
    key: str = ""
    rules: tuple[_Rule, ...] = ()
    steps: tuple[_Step | str, ...] = ()
    default: _Step | str | None = None


def load_script(path: Path) -> LoadedScript:
    """Read the script in a file.

    Raises:
        UserError: The file cannot be read or is no script; the error names the place.
    """
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except OSError as exc:
        raise UserError(
            f"The script {path} cannot be read: {exc.strerror}.",
            hint="Give the path of a JSON file.",
            code="script_unreadable",
        ) from exc
    except msgspec.MsgspecError as exc:
        raise UserError(
            f"{path} is no script: {exc}.",
            hint="The format is described in mas.testing.models.script_file.",
            code="script_invalid",
        ) from exc
    script = Script(
        rules=tuple(_to_rule(one) for one in file.rules),
        steps=tuple(_to_step(one) for one in file.steps),
        default=None if file.default is None else _to_step(file.default),
    )
    return LoadedScript(script=script, models=file.models, key=file.key)


def _to_rule(rule: _Rule) -> When:
    fields = msgspec.structs.asdict(rule)
    return When(**{**fields, "steps": tuple(_to_step(one) for one in rule.steps)})


def _to_step(step: _Step | str) -> Step:
    if isinstance(step, str):
        return Reply(text=step)
    if step.fault is not None:
        return _to_fault(step.fault)
    return _to_reply(step.reply or _Reply())


def _to_reply(reply: _Reply) -> Reply:
    return Reply(
        text=reply.text,
        calls=tuple(Call(name=one.name, arguments=one.arguments) for one in reply.calls),
        output=reply.output,
        usage=None if reply.usage is None else Tokens(**msgspec.structs.asdict(reply.usage)),
        stop=reply.stop,
        delay=_to_time(reply.delay_seconds) or NO_TIME,
        pause=_to_time(reply.pause_seconds) or NO_TIME,
    )


def _to_fault(fault: _Fault) -> Fault:
    made = Fault(
        kind=fault.kind,
        status=fault.status,
        retry_after=_to_time(fault.retry_after_seconds),
        body=fault.body,
        after_chars=fault.after_chars,
        characters=fault.characters,
    )
    given: dict[str, Any] = {}
    if fault.message:
        given["message"] = fault.message
    if fault.reply is not None:
        given["reply"] = _to_reply(fault.reply)
    return replace(made, **given)


def _to_time(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
