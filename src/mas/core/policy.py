"""Whether an action may be done: its risk and the person's policy decide, not a model (R7, Q2)."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from mas.core.plan import Risk

Ruling = Literal["allow", "ask", "deny"]


@dataclass(frozen=True, kw_only=True)
class PolicyRule:
    """Decides for actions whose tool, target and risk it matches.

    `tool` and `target` are shell-style patterns (`kubernetes.*`, `staging/*`), compared with
    regard to case. `risk` None matches every risk.
    """

    ruling: Ruling
    tool: str = "*"
    target: str = "*"
    risk: Risk | None = None
    reason: str = ""

    def matches(self, *, tool: str, target: str, risk: Risk) -> bool:
        """Whether the rule speaks about this action."""
        return (
            self.risk in (None, risk)
            and fnmatchcase(tool, self.tool)
            and fnmatchcase(target, self.target)
        )


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What may be done without asking. The first rule that matches decides.

    Without a matching rule reads are allowed and everything else is asked for.
    """

    rules: tuple[PolicyRule, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A ruling with the reason that is shown to the person."""

    ruling: Ruling
    reason: str


def judge(policy: Policy, *, tool: str, target: str, risk: Risk) -> Judgement:
    """Say whether an action may be done, must be asked for, or is forbidden.

    A destructive action is asked for even where a rule would allow it.
    """
    rule = next((r for r in policy.rules if r.matches(tool=tool, target=target, risk=risk)), None)
    if rule is not None and rule.ruling == "deny":
        return Judgement(ruling="deny", reason=rule.reason or f"The policy forbids {tool}.")
    if risk == "destructive":
        return Judgement(ruling="ask", reason="Destructive actions are always asked for.")
    if rule is not None:
        return Judgement(
            ruling=rule.ruling, reason=rule.reason or f"A rule of the policy is about {tool}."
        )
    if risk == "read":
        return Judgement(ruling="allow", reason="Reading changes nothing.")
    return Judgement(ruling="ask", reason="Writes are asked for unless the policy allows them.")
