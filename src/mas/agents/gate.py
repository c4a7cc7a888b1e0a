"""The gate: the one place where tools are called (R7, Q2).

role → policy → approval → ledger → call. What is not allowed comes back as a failed output that
says so, for the agent to go on otherwise; only a person's no ends the task.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from mas.agents import sending
from mas.agents.context import first_line
from mas.core.calls import (
    Assessment,
    CallContext,
    StoredCall,
    ToolOutput,
    Tools,
    ToolSpec,
    offered_name,
)
from mas.core.errors import UserError
from mas.core.masking import Masker
from mas.core.models import ToolCall
from mas.core.plan import Risk
from mas.core.policy import Judgement, Policy, judge
from mas.core.ports import Work
from mas.core.roles import Role
from mas.core.values import JsonObject, JsonValue

Preapproved = Literal["none", "write", "sandbox"]
"""What a person has said yes to beforehand: nothing, writes, or anything at all inside a sandbox
of which nothing but the task's own work comes out."""

COMMANDS = frozenset({"command.run"})
"""Tools whose single calls may read although the tool itself may write."""

_NOT_MADE = "not_made"
_UNKNOWN_OUTCOME = (
    "This call was under way when MAS was interrupted, and it is not known whether it was done. "
    "Look at what is there before doing it again."
)


def was_made(output: ToolOutput) -> bool:
    """Whether the tool was reached: False where the gate has refused the call itself."""
    return not (isinstance(output.data, Mapping) and output.data.get(_NOT_MADE) is True)


class Gate:
    """Calls tools for one task of one role."""

    def __init__(
        self,
        *,
        tools: Tools,
        policy: Policy,
        role: Role,
        context: CallContext,
        preapproved: Preapproved = "none",
        masker: Masker | None = None,
    ) -> None:
        """
        Args:
            tools: All tools that there are; the role's patterns choose among them.
            policy: The person's rules.
            role: Whose tools may be called.
            context: Where calls happen; the gate adds the idempotency key.
            preapproved: `write` stands for a person who has said yes to writes beforehand;
                destructive calls are asked for all the same. `sandbox`: nothing is asked for,
                and what the policy denies stays denied.
            masker: Takes secrets out of what is written down about calls.
        """
        self._tools = tools
        self._policy = policy
        self._role = role
        self._context = context
        self._preapproved = preapproved
        self._masker = masker or Masker()
        self._specs: dict[str, ToolSpec] | None = None

    async def specs(self, *, reading: bool = False) -> tuple[ToolSpec, ...]:
        """The role's tools, by name; with `reading` those that a call may read with."""
        found = (await self._known()).values()
        return tuple(
            spec for spec in found if not reading or spec.risk == "read" or spec.name in COMMANDS
        )

    def named(self, call: ToolCall) -> ToolCall:
        """The call under the tool's own name, where a model has used the offered one."""
        spec = self._spec(call.tool)
        name = offered_name(call.tool) if spec is None else spec.name
        return msgspec.structs.replace(call, tool=name)

    def assess(self, call: ToolCall) -> Assessment | None:
        """What a call would do; None when the role has no such tool.

        `specs` has to be called before, because that looks the tools up.
        """
        spec = self._spec(call.tool)
        return None if spec is None else self._assess(spec, call.arguments)

    async def call(
        self, work: Work, key: str, call: ToolCall, *, reading: bool = False
    ) -> ToolOutput:
        """Make one call, once: it is recorded under `key` as an action.

        An unknown tool, one that is not the role's, a policy that forbids it and, with `reading`,
        anything that may change something all give a failed output.

        Raises:
            Refused: A person has rejected the call.
            UserError: As `Tools.call`.
        """
        await self._known()
        spec = self._spec(call.tool)
        call = self.named(call)
        if spec is None:
            return await self._refuse(work, key, call, self._unknown(call.tool))
        assessed = self._assess(spec, call.arguments)
        if reading and assessed.risk != "read":
            return await self._refuse(
                work, key, call, f"Only reading is allowed here, and {spec.name} may change things."
            )
        wrong = self._fault(spec, call.arguments)
        if wrong:
            return await self._refuse(work, key, call, wrong)
        judgement = self._judge(spec, call, assessed)
        if judgement.ruling == "deny":
            return await self._refuse(
                work,
                key,
                call,
                f"This call is forbidden: {judgement.reason} Find another way, or say that it "
                "cannot be done.",
            )
        if judgement.ruling == "ask" and not self._covered(assessed):
            stored = StoredCall(
                call=call,
                risk=assessed.risk,
                target=assessed.target,
                effect=assessed.effect,
                reason=judgement.reason,
            )
            # What the person has seen is what is done, whatever was worked out since.
            approved = (await work.approval(key, stored)).call
            call, assessed = approved.call, _assessment(approved)
        if spec.name == sending.SEND:
            return await self._said(work, key, call)
        return await self._make(work, key, spec, call, assessed)

    async def _make(
        self, work: Work, key: str, spec: ToolSpec, call: ToolCall, assessed: Assessment
    ) -> ToolOutput:
        async def act(idempotency_key: str) -> ToolOutput:
            context = dataclasses.replace(self._context, idempotency_key=idempotency_key)
            return self._clean(await self._tools.call(spec, call.arguments, context))

        async def probe(_: str) -> ToolOutput | None:
            return None if spec.idempotent else ToolOutput(text=_UNKNOWN_OUTCOME, failed=True)

        def summary(value: JsonValue) -> str:
            return self._summary(call.tool, assessed.target, value)

        if assessed.risk == "read":
            own_key = f"{work.run.id}/{work.task.id}/{key}"
            value = await work.record(key, "action", lambda: act(own_key), summary=summary)
        else:
            value = await work.effect(
                key, act, probe=probe, intent=self._intent(call, assessed), summary=summary
            )
        return msgspec.convert(value, ToolOutput)

    async def _said(self, work: Work, key: str, call: ToolCall) -> ToolOutput:
        try:
            output = await sending.send(work, key, call.arguments)
        except UserError as exc:
            output = ToolOutput(text=f"It was not sent: {exc.message}", failed=True)
        return await self._noted(work, key, call, self._clean(output))

    async def _refuse(self, work: Work, key: str, call: ToolCall, why: str) -> ToolOutput:
        output = ToolOutput(text=why, failed=True, data={_NOT_MADE: True})
        return await self._noted(work, key, call, output)

    async def _noted(self, work: Work, key: str, call: ToolCall, output: ToolOutput) -> ToolOutput:
        async def body() -> ToolOutput:
            return output

        value = await work.record(
            key, "action", body, summary=lambda value: self._summary(call.tool, "", value)
        )
        return msgspec.convert(value, ToolOutput)

    async def _known(self) -> dict[str, ToolSpec]:
        """The role's tools by name, looked up once for the task."""
        if self._specs is None:
            patterns = self._role.tools
            listed = await self._tools.list(only=patterns)
            found = {spec.name: spec for spec in listed if self._is_ours(spec.name)}
            if self._is_ours(sending.SEND):
                found[sending.SEND] = sending.SPEC
            self._specs = found
        return self._specs

    def _spec(self, name: str) -> ToolSpec | None:
        """The tool of this name, as it is called or as it was offered to a model."""
        known = self._specs or {}
        offered = {spec.offer().name: spec for spec in known.values()}
        return known.get(name) or offered.get(name) or known.get(offered_name(name))

    def _unknown(self, name: str) -> str:
        known = self._specs or {}
        plain = offered_name(name)
        near = get_close_matches(plain, known, n=3, cutoff=0.5)
        meant = f"Did you mean {' or '.join(near)}? " if near else ""
        listed = ", ".join(sorted(known)[:40]) or "none"
        if self._is_ours(plain):
            return f"There is no tool {plain[:100]}. {meant}Your tools: {listed}."
        return (
            f"The tool {plain[:100]} is not one of the role {self._role.name}. "
            f"{meant}Your tools: {listed}."
        )

    def _is_ours(self, name: str) -> bool:
        patterns = self._role.tools
        return patterns is None or any(fnmatchcase(name, pattern) for pattern in patterns)

    def _assess(self, spec: ToolSpec, arguments: JsonObject) -> Assessment:
        if spec.name == sending.SEND:
            return Assessment(risk="read", target=str(arguments.get("to", "")))
        return self._tools.assess(spec, arguments)

    def _fault(self, spec: ToolSpec, arguments: JsonObject) -> str:
        """What is wrong with the arguments. Nobody is asked to approve a call that cannot be."""
        return "" if spec.name == sending.SEND else self._tools.fault(spec, arguments)

    def _judge(self, spec: ToolSpec, call: ToolCall, assessed: Assessment) -> Judgement:
        judgement = self._ruled(spec, call, assessed, assessed.risk)
        if not assessed.sensitive or judgement.ruling == "deny":
            return judgement
        # No policy lets secrets be shown unasked, as none lets things be destroyed unasked; what
        # it forbids stays forbidden.
        strict = self._ruled(spec, call, assessed, "destructive")
        if strict.ruling == "deny":
            return strict
        return Judgement(ruling="ask", reason="What would show secrets is always asked for.")

    def _ruled(self, spec: ToolSpec, call: ToolCall, assessed: Assessment, risk: Risk) -> Judgement:
        return judge(
            self._policy,
            role=self._role.name,
            tool=spec.name,
            target=assessed.target,
            risk=risk,
            arguments=call.arguments,
        )

    def _covered(self, assessed: Assessment) -> bool:
        if self._preapproved == "sandbox":
            return True
        return self._preapproved == "write" and assessed.risk == "write" and not assessed.sensitive

    def _clean(self, output: ToolOutput) -> ToolOutput:
        return msgspec.structs.replace(
            output,
            text=self._masker.mask(output.text),
            data=self._masker.mask_value(output.data),
        )

    def _intent(self, call: ToolCall, assessed: Assessment) -> JsonValue:
        return self._masker.mask_value(
            {
                "tool": call.tool,
                "arguments": dict(call.arguments),
                "risk": assessed.risk,
                "target": assessed.target,
                "effect": assessed.effect,
            }
        )

    def _summary(self, tool: str, target: str, value: JsonValue) -> str:
        """`tool target: first line`, for watchers; also of an intent, which has no text."""
        text = value.get("text") if isinstance(value, Mapping) else None
        line = first_line(str(text)) if text else ""
        return self._masker.mask(f"{tool} {target}".strip() + (f": {line}" if line else ""))


def _assessment(stored: StoredCall) -> Assessment:
    return Assessment(risk=stored.risk, target=stored.target, effect=stored.effect)
