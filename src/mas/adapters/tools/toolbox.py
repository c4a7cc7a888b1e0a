"""The one box with all tools: checks arguments, calls, masks, cuts and keeps (O2, Q2, Q3)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from mas.adapters.tools.family import BUILT_IN, RawOutput, ToolFamily, failed
from mas.adapters.tools.kept import KeptOutputs
from mas.adapters.tools.shaping import count_lines, cut_notice, plain, plain_line, shorten
from mas.core.calls import Assessment, CallContext, ToolOutput, ToolSpec
from mas.core.errors import Bug, MasError, UserError
from mas.core.masking import Masker
from mas.core.values import JsonValue, encode_json

_PAGING: Final = "outputs"
"""The family that shows what is kept; its own outputs are not kept once more."""
_SLACK: Final = timedelta(seconds=5)
"""For a tool that ends its own work at the deadline and still has to say so."""
_DATA_LIMIT_BYTES: Final = 16_384
_TARGET_LIMIT: Final = 300
_IN_THE_LOOP: Final = 100_000
"""Characters up to which an output is dealt with on the spot, without another thread."""


@dataclass(frozen=True, kw_only=True)
class ToolboxSettings:
    """How much of an output goes where."""

    shown_characters: int = 8_000
    """To a model, the notice about what is left out included."""
    kept_output_bytes: int = 64 * 1024 * 1024
    """To disk; what is beyond is cut off, and said so."""


class Toolbox:
    """All tools of one app; implements `core.calls.Tools`.

    Args:
        built_in: Families by the first part of their tools' names.
        servers: The tools of MCP servers.
        kept: Where whole outputs go.
        masker: Takes the secrets of this process out of every output.
        settings: Limits.
    """

    def __init__(
        self,
        built_in: Mapping[str, ToolFamily],
        *,
        kept: KeptOutputs,
        masker: Masker,
        servers: ToolFamily | None = None,
        settings: ToolboxSettings | None = None,
    ) -> None:
        self._built_in = dict(built_in)
        self._servers = servers
        self._kept = kept
        self._masker = masker
        self._settings = settings or ToolboxSettings()
        self._clashes: set[str] = set()

    async def list(self, *, only: Collection[str] | None = None) -> tuple[ToolSpec, ...]:
        """The tools whose names match one of the patterns, built-in ones first."""
        specs: list[ToolSpec] = []
        for family in self._built_in.values():
            specs += await family.specs(only)
        if self._servers is not None:
            for spec in await self._servers.specs(only):
                if spec.name.partition(".")[0] in self._built_in:
                    # A server that took a built-in name would get calls meant for us.
                    self._clashes.add(spec.origin)
                    continue
                specs.append(
                    msgspec.structs.replace(spec, description=plain_line(spec.description))
                )
        return tuple(specs)

    def problems(self) -> tuple[str, ...]:
        """What is wrong with families and servers, a sentence each."""
        found = [problem for family in self._built_in.values() for problem in family.problems()]
        if self._servers is not None:
            found += self._servers.problems()
        found += [
            f"The MCP server {name} has the name of built-in tools and is left out: rename it in "
            "the MCP configuration."
            for name in sorted(self._clashes)
        ]
        return tuple(found)

    def assess(self, spec: ToolSpec, arguments: Mapping[str, JsonValue]) -> Assessment:
        """Judge one call by its tool and arguments, without doing anything."""
        family = self._family(spec)
        judged = family.assess(spec, arguments) if family else None
        if judged is None:
            judged = Assessment(risk=spec.risk)
        target = judged.target or _target(spec, arguments)
        effect = judged.effect or _effect(spec)
        # A person reads both, and logs and events hold them.
        return _worded(judged, self._masker.mask(target), self._masker.mask(effect))

    def fault(self, spec: ToolSpec, arguments: Mapping[str, JsonValue]) -> str:
        """What is wrong with the arguments by the tool's schema; empty when nothing is."""
        # Late: a decision by rules must not pay for it, nor need its library.
        from mas.adapters.tools.arguments import problems_of

        wrong = problems_of(arguments, spec.schema)
        if not wrong:
            return ""
        return (
            f"{spec.name} was not called, because its arguments do not fit: "
            f"{' '.join(wrong)} Arguments that it takes: {_known_arguments(spec)}."
        )

    async def call(
        self, spec: ToolSpec, arguments: Mapping[str, JsonValue], context: CallContext
    ) -> ToolOutput:
        """Check, call, mask, cut and keep; see `core.calls.Tools`."""
        raw = await self._raw(spec, arguments, context)
        keep = spec.name.partition(".")[0] != _PAGING
        if len(raw.text) <= _IN_THE_LOOP:
            return self._finished(raw, context.run_id, keep=keep)
        return await asyncio.to_thread(self._finished, raw, context.run_id, keep=keep)

    def _family(self, spec: ToolSpec) -> ToolFamily | None:
        if spec.origin != BUILT_IN:
            return self._servers
        return self._built_in.get(spec.name.partition(".")[0])

    async def _raw(
        self, spec: ToolSpec, arguments: Mapping[str, JsonValue], context: CallContext
    ) -> RawOutput:
        family = self._family(spec)
        if family is None:
            return failed(f"There is no tool {spec.name}.")
        if wrong := self.fault(spec, arguments):
            return failed(wrong)
        limit = context.deadline + _SLACK
        try:
            async with asyncio.timeout(limit.total_seconds()):
                return await family.call(spec, arguments, context)
        except TimeoutError:
            return failed(
                f"{spec.name} did not end within {context.deadline.total_seconds():g} seconds and "
                "was stopped. Ask for less at once, or look first whether it had an effect."
            )
        except (UserError, Bug):
            raise
        except MasError as exc:
            return failed(f"{spec.name} failed: {exc}")

    def _finished(self, raw: RawOutput, run_id: str, *, keep: bool) -> ToolOutput:
        """What a model gets of an output."""
        data = raw.text if isinstance(raw.text, bytes) else raw.text.encode("utf-8", "replace")
        total = raw.total_bytes if raw.total_bytes is not None else len(data)
        most = self._settings.kept_output_bytes
        text = plain(data[:most].decode("utf-8", "replace"))
        if len(data) > most:
            text += f"\n... cut off after {most:,} of {total:,} bytes"
        text = self._masker.mask(text)
        lines = count_lines(text)
        output_id = ""
        if len(text) > self._settings.shown_characters:
            shown = shorten(text, self._settings.shown_characters)
            output_id = self._keep(run_id, text) if keep else ""
            notice = cut_notice(shown, lines=lines, characters=len(text), output_id=output_id)
            text = f"{shown.head}\n{notice}\n{shown.tail}"
        return ToolOutput(
            text=text,
            failed=raw.failed,
            exit_code=raw.exit_code,
            total_bytes=total,
            total_lines=lines,
            output_id=output_id,
            data=self._small(raw.data),
        )

    def _keep(self, run_id: str, text: str) -> str:
        try:
            return self._kept.keep(run_id, text)
        except OSError:
            # A full disk must not hide what the tool has said; the notice then offers no id.
            return ""

    def _small(self, data: JsonValue) -> JsonValue:
        """Structured content, masked; None where it is too large to keep."""
        if data is None or len(encode_json(data, what="A tool's result")) > _DATA_LIMIT_BYTES:
            return None
        return self._masker.mask_value(data)


def _worded(assessment: Assessment, target: str, effect: str) -> Assessment:
    """The assessment with these words, on one line each."""
    return msgspec.structs.replace(
        assessment,
        target=plain_line(target, _TARGET_LIMIT),
        effect=plain_line(effect, _TARGET_LIMIT),
    )


def _target(spec: ToolSpec, arguments: Mapping[str, JsonValue]) -> str:
    value = arguments.get(spec.target) if spec.target else None
    return "" if value is None else str(value)


def _effect(spec: ToolSpec) -> str:
    does = "Reads" if spec.risk == "read" else "Changes something"
    return f"{does} through {spec.name}: {spec.description.partition('. ')[0]}"


def _known_arguments(spec: ToolSpec) -> str:
    known = spec.schema.get("properties")
    needed = spec.schema.get("required")
    if not isinstance(known, Mapping) or not known:
        return "none"
    required = set(needed) if isinstance(needed, list | tuple) else set()
    return ", ".join(f"{name} (needed)" if name in required else str(name) for name in known)
