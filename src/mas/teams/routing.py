"""Which team a request is for (R2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mas.core.errors import UserError
from mas.core.tools import Catalog
from mas.teams.decide.question import read_question

TEAMS = ("decide", "operate", "build", "fanout")
AVAILABLE = ("decide",)

_OPERATE = re.compile(
    r"\b(?:deploy|provision|audit|roll\s?back|scale|restart|waste)\b|배포해|프로비저닝|점검해|감사해|롤백해"
)
_BUILD = re.compile(
    r"\b(?:build|implement|write|code|refactor|fix)\b.*\b(?:app|application|service|api|page|bug|test)s?\b"
    r"|(?:앱|애플리케이션|서비스|페이지|기능).{0,20}(?:만들|구현|개발)"
)
_ADOPTION = re.compile(
    r"\b(?:adopt|install|introduce|use|need|should|worth|choose|evaluate|recommend|instead)\b"
    r"|도입|설치|필요|써도|쓸까|써야|사용해|채택|적용|검토|결정|추천|괜찮"
)


@dataclass(frozen=True, kw_only=True)
class Route:
    """The team, and why."""

    team: str
    reason: str


def route(text: str, catalog: Catalog, *, wanted: str | None = None) -> Route:
    """Choose the team for a request; `wanted` overrides what the text says.

    Raises:
        UserError: The team is unknown, or this version does not have it.
    """
    if wanted is not None:
        team = wanted.strip().lower()
        if team not in TEAMS:
            raise UserError(
                f"There is no team called {wanted!r}.",
                hint=f"Teams are: {', '.join(TEAMS)}.",
                code="unknown_team",
            )
        return _available(Route(team=team, reason="--team"))
    question = read_question(text, catalog)
    if question.tool or question.capability or _ADOPTION.search(text.lower()):
        return Route(team="decide", reason="asks whether to adopt something")
    lowered = text.lower()
    if _BUILD.search(lowered):
        return _available(Route(team="build", reason="asks for software to be built"))
    if _OPERATE.search(lowered):
        return _available(Route(team="operate", reason="asks for work on infrastructure"))
    return Route(team="decide", reason="no other team fits")


def _available(chosen: Route) -> Route:
    if chosen.team not in AVAILABLE:
        raise UserError(
            f"This request is for the team {chosen.team!r}, which this version does not have yet.",
            hint="Ask whether to adopt a tool, or name the team with --team decide.",
            code="team_missing",
        )
    return chosen
