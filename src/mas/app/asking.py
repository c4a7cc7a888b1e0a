"""From what a person asks to the request of a run: checked, routed, with its cluster and budget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from mas.agents.rule_reasoner import no_model
from mas.app.bounds import LONGEST_COMMENT
from mas.app.clusters import ClusterChoice
from mas.app.doers import Workshop
from mas.app.fanout import MAX_PROMPT, FanoutAsk, order_from
from mas.core.budget import NO_BUDGET, Account, Budget
from mas.core.errors import MasError, UserError
from mas.core.language import Language, detect_language, plain
from mas.core.models import Model
from mas.core.run import Run, RunRequest
from mas.core.usage import MICROS_PER_USD, NOTHING, Usage
from mas.core.values import JsonObject, JsonValue
from mas.teams.routing import TEAMS, Route, route, route_by_model

MAX_REQUEST = 20_000
"""Characters that a request may have."""

_EARLIER_REPORT = 6_000
"""Characters of an earlier report that a follow-up run takes along."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request as a face received it; None leaves the choice to MAS."""

    text: str
    team: str | None = None
    language: Language | None = None
    cluster: str | None = None
    model: str | None = None
    """`provider:name` for every role; None takes the settings."""
    no_model: bool = False
    """Rules alone, whatever is configured."""
    dry_run: bool = False
    """Stop after the plan."""
    budget: Budget = NO_BUDGET
    """Goes before the settings, limit by limit."""
    approve_writes: bool = False
    """Writes need no approval; what is destructive still does."""
    after: str | None = None
    """Id of a run whose context this one takes along."""
    role: str | None = None
    """One agent alone, instead of a team."""
    fanout: FanoutAsk = field(default_factory=FanoutAsk)
    """Wishes for the team `fanout`; any of them chooses that team where none is named."""


def check_request(text: str, *, limit: int = MAX_REQUEST) -> str:
    """A request that can be worked on; `limit` is in characters.

    Raises:
        UserError: It is empty, too long, or no text.
    """
    if not text.strip():
        raise UserError(
            "The request is empty.",
            hint='Say what to decide, for example: mas ask "Should we adopt Tekton?"',
            code="empty_request",
        )
    return _text(text, "request", limit=limit, hint="Say it in fewer words.")


def check_comment(comment: str) -> str:
    """What a person says with an answer to a call, with the ends of its lines as they are kept.

    Raises:
        UserError: It is too long (`comment_too_long`), or no text (`comment_not_text`).
    """
    # Browsers send lines as CR LF and count each end as one character.
    comment = comment.replace("\r\n", "\n")
    hint = "Say it in fewer words; the call still waits."
    return _text(comment, "comment", limit=LONGEST_COMMENT, hint=hint)


def _text(text: str, what: str, *, limit: int, hint: str) -> str:
    if len(text) > limit:
        raise UserError(
            f"The {what} has {len(text):,} characters, and {limit:,} is the limit.",
            hint=hint,
            code=f"{what}_too_long",
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise UserError(
            f"The {what} is not valid text.", hint="Send it as UTF-8.", code=f"{what}_not_text"
        ) from exc
    return text


def budget_of(*, tokens: int | None, usd: float | None, seconds: float | None) -> Budget:
    """Limits in the units of people; what is more than nothing stays more than nothing."""
    return Budget(
        tokens=tokens,
        cost_micros=None if usd is None else max(round(usd * MICROS_PER_USD), 1),
        time=None if seconds is None else max(timedelta(seconds=seconds), timedelta.resolution),
    )


def check_wishes(ask: Ask) -> None:
    """Refuse wishes of which only one can be met, rather than drop one of them.

    Raises:
        UserError: Two wishes do not go together (`wishes_clash`).
    """
    team = None if ask.team is None else ask.team.strip().lower()
    if ask.model is not None and ask.no_model:
        raise _clash(
            "A model and rules alone (no model) cannot both be asked for.",
            hint="Leave one of the two out.",
        )
    if ask.role is not None and (team is not None or ask.fanout.asked_for):
        other = f"the team {plain(team, limit=60)}" if team else "coding agents side by side"
        raise _clash(
            f"One agent alone ({plain(ask.role, limit=60)}) and {other} cannot both be asked for.",
            hint="Name either the role or a team.",
        )
    if ask.fanout.asked_for and team in TEAMS:
        check_fanout_team(team)


def check_fanout_team(team: str | None) -> None:
    """Refuse wishes for coding agents where another team is named; None leaves it to them.

    Raises:
        UserError: It is another team (`wishes_clash`).
    """
    if team not in (None, "fanout"):
        raise _clash(
            f"Wishes for coding agents (how many, repository, checks and the like) do not fit the "
            f"team {team}.",
            hint="Leave them out, or name the team fanout or none.",
        )


def _clash(message: str, *, hint: str) -> UserError:
    return UserError(message, hint=hint, code="wishes_clash")


async def to_request(ask: Ask, shop: Workshop, find: Callable[[str], Awaitable[Run]]) -> RunRequest:
    """The request of the run that `ask` wants; nothing is stored yet. `find` loads an earlier run.

    Raises:
        UserError: Text, team, role, model, cluster or earlier run cannot be used, or two wishes
            do not go together.
        Transient: The cluster is out of reach.
        BudgetReached: The budget does not even allow choosing the team.
    """
    check_wishes(ask)
    text = check_request(ask.text, limit=_most(ask))
    earlier = None if ask.after is None else await find(ask.after)
    budget = _within(ask.budget, shop.settings.budget)
    model = None if ask.no_model else shop.models.for_role("orchestrator", wanted=ask.model)
    chosen, spent = await _routed(ask, shop, earlier, model, budget)
    options: dict[str, JsonValue] = {
        **(await _cluster(ask, shop, chosen.team, earlier)).to_options(),
        "route": chosen.reason,
    }
    if earlier is not None:
        options["context"] = _context(earlier)
    if chosen.team == "fanout":
        coder = None if ask.no_model else shop.models.for_role("coder", wanted=ask.model)
        options |= (await order_from(ask.fanout, shop.settings, coder)).to_options()
    if chosen.team == "agent":
        options["role"] = ask.role or (earlier.options.get("role") if earlier else None)
    wishes: dict[str, JsonValue] = {
        "model": ask.model,
        "no_model": ask.no_model,
        "dry_run": ask.dry_run,
        "preapproved": "write" if ask.approve_writes else None,
    }
    return RunRequest(
        text=text,
        team=chosen.team,
        language=ask.language or detect_language(text),
        options={**options, **{name: value for name, value in wishes.items() if value}},
        budget=budget,
        spent=spent,
    )


async def _routed(
    ask: Ask, shop: Workshop, earlier: Run | None, model: Model | None, budget: Budget
) -> tuple[Route, Usage]:
    """The team by the rules; where they are not sure, by the model (R2)."""
    if ask.role is not None:
        return _to_one_agent(ask.role, shop), NOTHING
    wanted = ask.team or ("fanout" if ask.fanout.asked_for else None)
    chosen = route(ask.text, shop.catalog, wanted=wanted, with_model=model is not None)
    if chosen.sure or wanted is not None:
        return chosen, NOTHING
    if earlier is not None:
        if model is None and earlier.team != "decide":
            raise no_model(f"To go on after {earlier.id}, the team {earlier.team}")
        return Route(team=earlier.team, reason=f"goes on after {earlier.id}"), NOTHING
    if model is None:
        return chosen, NOTHING
    account = Account(budget=budget)
    try:
        return await route_by_model(
            ask.text, model, allow=lambda most, spent: _allow(account, most, spent)
        )
    except UserError:
        raise
    except MasError as exc:
        reason = f"{chosen.reason}; the model could not be asked: {exc.message}"
        return Route(team=chosen.team, reason=reason), NOTHING


def _most(ask: Ask) -> int:
    """Characters that the request may have: a prompt for coding agents may be a long one."""
    return MAX_PROMPT if ask.team == "fanout" or ask.fanout.asked_for else MAX_REQUEST


def _allow(account: Account, most: Usage, spent: Usage) -> None:
    account.settle(NOTHING, spent).reserve(most)


def _to_one_agent(role: str, shop: Workshop) -> Route:
    if role not in shop.roles:
        raise UserError(
            f"There is no agent {role!r}.",
            hint=f"Agents are: {', '.join(shop.roles)}.",
            code="unknown_role",
        )
    return Route(team="agent", reason=f"the agent {role} was asked for by name")


async def _cluster(ask: Ask, shop: Workshop, team: str, earlier: Run | None) -> ClusterChoice:
    """The cluster of the run: the one named, else that of the run before, else what is there.

    A decision reads it now, so that a source that cannot be used is an error and no run. Agents
    of other teams look at it when they need to.
    """
    named = ask.cluster
    if named is None and earlier is not None and earlier.options.get("cluster"):
        named = str(earlier.options["cluster"])
    if team == "decide" and not ask.dry_run:
        return await shop.reading.choose(named)
    return shop.reading.point_at(named)


def _context(earlier: Run) -> JsonObject:
    report = earlier.report or ""
    context: dict[str, JsonValue] = {
        "run_id": earlier.id,
        "request": earlier.request,
        "report": report[:_EARLIER_REPORT],
    }
    before = earlier.options.get("context")
    if isinstance(before, dict) and isinstance(before.get("request"), str):
        context["earlier_request"] = before["request"]
    return context


def _within(wanted: Budget, settings: Budget) -> Budget:
    """The limits of a request, each else that of the settings."""
    return Budget(
        tokens=settings.tokens if wanted.tokens is None else wanted.tokens,
        cost_micros=settings.cost_micros if wanted.cost_micros is None else wanted.cost_micros,
        time=settings.time if wanted.time is None else wanted.time,
    )
