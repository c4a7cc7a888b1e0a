"""What a scripted model answers, and in what order."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from mas.core.values import JsonObject, JsonValue
from mas.testing.models.request import ModelRequest

NO_TIME = timedelta()
Stop = Literal["end", "length", "calls"]
FaultKind = Literal[
    "status",
    "hang",
    "close",
    "cut",
    "malformed",
    "wrong_schema",
    "overlong",
    "stream_error",
]


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What an answer is charged with. `input` does not count the tokens of the cache."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0


@dataclass(frozen=True, kw_only=True)
class Call:
    """A tool that the model calls."""

    name: str
    arguments: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the model says."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    output: JsonValue = None
    """Typed output, given in the way the request asks for it: the forced tool, the offered tool
    that takes it, or JSON text. None: no typed output."""
    usage: Tokens | None = None
    """None: counted from the request and this reply, four characters a token."""
    stop: Stop | None = None
    """Why the model stopped. None: `calls` when it called a tool, `end` otherwise."""
    delay: timedelta = NO_TIME
    """Silence before the first byte, status line included."""
    pause: timedelta = NO_TIME
    """Silence between two pieces of a stream."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """How an answer goes wrong.

    - `status`: an error of this HTTP `status`, in the protocol's form or with a `body` of its own
    - `hang`: the request is taken and never answered, until the client or the server closes
    - `close`: the connection ends before a byte is answered
    - `cut`: the connection ends inside `reply`, after at most `after_chars` characters of it, or of
      the whole body when it is not streamed
    - `malformed`: status 200 with JSON that is none; in a stream, after the first events
    - `wrong_schema`: typed output, or a tool's arguments, that do not fit what was asked for
    - `overlong`: a text of `characters` characters whatever the limit was, stopped by length
    - `stream_error`: inside `reply`, as `cut`, an error event of `status`; as `status` when it is
      not streamed
    """

    kind: FaultKind
    status: int = 500
    message: str = "This failure was scripted."
    retry_after: timedelta | None = None
    body: JsonValue = None
    """Answered instead of the protocol's error; text is sent as an HTML page of a proxy."""
    reply: Reply = Reply(text="This answer does not come to its end. " * 8)
    after_chars: int = 20
    characters: int = 100_000


Step: TypeAlias = Reply | Fault


@dataclass(frozen=True, kw_only=True)
class When:
    """Steps for the requests that all given conditions hold for."""

    steps: tuple[Step, ...]
    contains: str = ""
    """Text anywhere in the system prompt, the turns or the tools' results."""
    last: str = ""
    """Text in the turn that is to be answered."""
    role: str = ""
    """An agent's role, as a whole word of the system prompt in any case."""
    model: str = ""
    """Name of the model; `*` stands for anything."""
    tool: str = ""
    """A tool that is offered."""
    after_tool: bool | None = None
    """Whether the turn that is to be answered holds the result of a tool."""
    repeat: bool = False
    """Give the last step again and again, instead of leaving later requests to what follows."""

    def fits(self, request: ModelRequest) -> bool:
        """Whether this request is meant."""
        role = rf"(?<!\w){re.escape(self.role)}(?!\w)"
        return (
            self.contains in request.text
            and self.last in request.last.text
            and (not self.role or re.search(role, request.system, re.IGNORECASE) is not None)
            and (not self.model or fnmatchcase(request.model, self.model))
            and (not self.tool or request.tool(self.tool) is not None)
            and self.after_tool in (None, request.last.role == "tool")
        )


@dataclass(frozen=True, kw_only=True)
class Script:
    """Rules come first, in their order; then the steps, one a request; then the default."""

    rules: tuple[When, ...] = ()
    steps: tuple[Step, ...] = ()
    default: Step | None = None
    """None: a request that nothing is left for is an error 500, and a problem of the server."""


ModelFunction: TypeAlias = Callable[[ModelRequest], Step]
ScriptLike: TypeAlias = Script | Sequence[Step | When] | ModelFunction


class ScriptEnded(Exception):
    """Nothing in the script is left for a request."""


class Player:
    """Goes through a script, one request at a time, whatever threads ask."""

    def __init__(self, script: ScriptLike) -> None:
        self._function = script if callable(script) else None
        self._script = Script() if callable(script) else _to_script(script)
        self._lock = threading.Lock()
        self._taken_of_rule = [0] * len(self._script.rules)
        self._taken = 0

    @property
    def left(self) -> int:
        """Number of steps that no request has taken yet."""
        with self._lock:
            scripted = sum(len(one.steps) for one in self._script.rules) + len(self._script.steps)
            return scripted - self._taken - sum(self._taken_of_rule)

    def next(self, request: ModelRequest) -> Step:
        """The answer to this request.

        Raises:
            ScriptEnded: No rule fits, all steps are taken and there is no default.
        """
        with self._lock:
            if self._function is not None:
                return self._function(request)
            return self._next_of_script(request)

    def _next_of_script(self, request: ModelRequest) -> Step:
        for place, rule in enumerate(self._script.rules):
            if not rule.fits(request):
                continue
            if self._taken_of_rule[place] < len(rule.steps):
                self._taken_of_rule[place] += 1
                return rule.steps[self._taken_of_rule[place] - 1]
            if rule.repeat and rule.steps:
                return rule.steps[-1]
        if self._taken < len(self._script.steps):
            self._taken += 1
            return self._script.steps[self._taken - 1]
        if self._script.default is not None:
            return self._script.default
        asked = request.last.text[:200]
        raise ScriptEnded(f"The script has ended, and {request.model} was asked: {asked!r}")


def _to_script(script: Script | Sequence[Step | When]) -> Script:
    if isinstance(script, Script):
        return script
    return Script(
        rules=tuple(one for one in script if isinstance(one, When)),
        steps=tuple(one for one in script if not isinstance(one, When)),
    )
