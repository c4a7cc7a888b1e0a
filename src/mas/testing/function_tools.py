"""Tools made of functions, and memories in memory; public."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from inspect import isawaitable

from mas.core.calls import Assessment, CallContext, ToolOutput, ToolSpec
from mas.core.memory import Memory
from mas.core.models import ToolCall
from mas.core.plan import Risk
from mas.core.values import JsonObject, JsonValue

Function = Callable[[Mapping[str, JsonValue]], "ToolOutput | str | Awaitable[ToolOutput | str]"]
Judge = Callable[[Mapping[str, JsonValue]], Assessment]


@dataclass(frozen=True, kw_only=True)
class FunctionTool:
    """One tool: what it is and the function that does it. `judge` assesses single calls."""

    spec: ToolSpec
    function: Function
    judge: Judge | None = None


def tool(
    name: str,
    function: Function,
    *,
    risk: Risk = "read",
    idempotent: bool = False,
    target: str = "",
    judge: Judge | None = None,
) -> FunctionTool:
    """A tool that takes any arguments; `target` names the one that is acted on."""
    schema: JsonObject = {"type": "object", "properties": {}, "additionalProperties": True}
    spec = ToolSpec(
        name=name,
        description=f"The tool {name}.",
        schema=schema,
        risk=risk,
        idempotent=idempotent,
        target=target,
    )
    return FunctionTool(spec=spec, function=function, judge=judge)


class FunctionTools:
    """A `mas.core.calls.Tools` of functions. `calls` are those that were really made."""

    def __init__(self, *tools: FunctionTool) -> None:
        self._tools = {one.spec.name: one for one in tools}
        self.calls: list[ToolCall] = []
        self.contexts: list[CallContext] = []

    async def list(self, *, only: Collection[str] | None = None) -> tuple[ToolSpec, ...]:
        """See `Tools.list`."""
        return tuple(
            one.spec
            for name, one in self._tools.items()
            if only is None or any(fnmatchcase(name, pattern) for pattern in only)
        )

    def problems(self) -> tuple[str, ...]:
        """See `Tools.problems`."""
        return ()

    def fault(self, spec: ToolSpec, arguments: Mapping[str, JsonValue]) -> str:
        """See `Tools.fault`: functions take any arguments."""
        del spec, arguments
        return ""

    def assess(self, spec: ToolSpec, arguments: Mapping[str, JsonValue]) -> Assessment:
        """See `Tools.assess`."""
        one = self._tools[spec.name]
        if one.judge is not None:
            return one.judge(arguments)
        return Assessment(
            risk=spec.risk,
            target=str(arguments.get(spec.target, "")),
            effect=f"Calls {spec.name}.",
        )

    async def call(
        self, spec: ToolSpec, arguments: Mapping[str, JsonValue], context: CallContext
    ) -> ToolOutput:
        """See `Tools.call`."""
        self.calls.append(ToolCall(id="", tool=spec.name, arguments=arguments))
        self.contexts.append(context)
        given = self._tools[spec.name].function(arguments)
        output = await given if isawaitable(given) else given
        return ToolOutput(text=output) if isinstance(output, str) else output

    def made(self, name: str) -> Sequence[ToolCall]:
        """The calls of one tool that were really made."""
        return [call for call in self.calls if call.tool == name]


class MemoriesInMemory:
    """`mas.core.ports.Memories` without a store."""

    def __init__(self) -> None:
        self._memories: dict[str, Memory] = {}

    async def read(self, role: str) -> Memory:
        """See `Memories.read`."""
        return self._memories.get(role, Memory(role=role))

    async def change(self, role: str, change: Callable[[Memory], Memory]) -> Memory:
        """See `Memories.change`."""
        self._memories[role] = change(await self.read(role))
        return self._memories[role]
